"""Everything that decides about a command to a postmortem: one statement, with what the viewer may see in it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

import orjson
from sqlalchemy import Boolean, ColumnElement, Select, Text, bindparam, case, cast, exists, func, or_, select, union_all
from sqlalchemy.ext.asyncio import AsyncSession

from domain import access
from domain.access import Viewer, Visibility
from domain.content.templates import Template
from domain.errors import NotFound
from domain.escalation.targets import Target
from domain.people.absence import Absence, absence
from domain.review.reviewers import Decision
from models.action_item import ActionItem
from models.audit import CommandLog
from models.content import Section, TemplateVersion
from models.escalation import Policy
from models.person import Person
from models.postmortem import (
    Comment,
    Postmortem,
    PostmortemParticipant,
    PostmortemReviewer,
    PostmortemTarget,
    PostmortemTeam,
    TimelineEvent,
)
from models.queries.access.visibility import (
    BoundViewer,
    effective_visibility,
    relation_columns,
    relations,
    viewer_parameters,
    visible_to,
)
from models.queries.audit.audit_log import note_reads
from models.queries.content.templates import template_of
from models.queries.escalation.pending import read_target
from models.queries.postmortems.counts import unresolved_threads
from models.queries.postmortems.postmortems import VisiblePostmortem
from models.queries.prebuilt import Prebuilt, json_list, json_object, text_of, texts_of
from models.queries.rows import columns_of, read_row
from models.team import Team


@dataclass(frozen=True, slots=True)
class ReviewerFacts:
    """A reviewer's latest decision, and whether they left or are away."""

    person_id: str
    decision: str | None
    decided_revision: int | None
    reminded_at: datetime | None
    waived_at: datetime | None
    is_active: bool
    away_from: datetime | None
    away_until: datetime | None

    def absence(self, now: datetime) -> Absence | None:
        return absence(self.is_active, self.away_from, self.away_until, now)


@dataclass(frozen=True, slots=True)
class TargetFacts:
    target: Target
    slips: int


@dataclass(frozen=True, slots=True)
class ReviewFacts:
    """``carried_out`` is the fingerprint of the request if it was carried out before.

    ``texts`` and ``revisions`` are of the sections, if they were asked for. ``incomplete_items`` are the ids of action
    items without an owner or a due date. ``reviewers`` are in the order in which they were added; ``named`` says of the
    people whom the command names, by id, whether they are active. ``channel_team_ids`` are the teams with a channel.
    ``involved_ids`` are the active participants and owners of action items.
    """

    visible: VisiblePostmortem
    carried_out: str | None
    template: Template
    texts: Mapping[str, str]
    revisions: Mapping[str, int]
    has_timeline: bool
    has_items: bool
    unresolved_comments: int
    incomplete_items: Sequence[str]
    min_reviewers: int
    reviewers: Sequence[ReviewerFacts]
    named: Mapping[str, bool]
    targets: Mapping[str, TargetFacts]
    channel_team_ids: Sequence[str]
    involved_ids: Sequence[str]

    @property
    def has_change_request(self) -> bool:
        return any(one.decision == Decision.REQUEST_CHANGES for one in self.reviewers)

    @property
    def has_waiver(self) -> bool:
        return any(one.waived_at is not None for one in self.reviewers)


def _json(statement: Select[Any], name: str) -> ColumnElement[Any]:
    return cast(statement.scalar_subquery(), Text).label(name)


def _contents(key: ColumnElement[str]) -> list[ColumnElement[Any]]:
    """What the postmortem contains, for the decision whether it is ready."""
    template = json_object(
        name=TemplateVersion.name,
        description=TemplateVersion.description,
        sections=TemplateVersion.sections,
        fields=TemplateVersion.fields,
    )
    is_begun_with = (
        TemplateVersion.template_id == Postmortem.template_id,
        TemplateVersion.version == Postmortem.template_version,
    )
    texts = select(func.json_object_agg(Section.name, Section.body)).where(Section.postmortem_id == key)
    revisions = select(func.json_object_agg(Section.name, Section.revision)).where(Section.postmortem_id == key)
    items = select(ActionItem.id).where(ActionItem.postmortem_id == key)
    incomplete = items.where(or_(ActionItem.owner_id.is_(None), ActionItem.due_on.is_(None)))
    threads = select(func.count()).where(Comment.postmortem_id == key, *unresolved_threads())
    policy = Policy.id == Postmortem.policy_id, Policy.version == Postmortem.policy_version
    wants_texts = bindparam("wants_texts", type_=Boolean)
    return [
        _json(select(template).where(*is_begun_with).correlate(Postmortem), "template"),
        cast(case((wants_texts, texts.scalar_subquery())), Text).label("texts"),
        cast(case((wants_texts, revisions.scalar_subquery())), Text).label("revisions"),
        exists().where(TimelineEvent.postmortem_id == key).label("has_timeline"),
        items.exists().label("has_items"),
        threads.scalar_subquery().label("unresolved_comments"),
        func.array(incomplete.scalar_subquery()).label("incomplete_items"),
        select(Policy.min_reviewers).where(*policy).correlate(Postmortem).scalar_subquery().label("min_reviewers"),
    ]


def _people(key: ColumnElement[str]) -> list[ColumnElement[Any]]:
    """Reviewers, targets, and whom the command names."""
    reviewer = json_object(
        person_id=PostmortemReviewer.person_id,
        decision=PostmortemReviewer.decision,
        decided_revision=PostmortemReviewer.decided_revision,
        reminded_at=PostmortemReviewer.reminded_at,
        waived_at=PostmortemReviewer.waived_at,
        is_active=Person.is_active,
        away_from=Person.away_from,
        away_until=Person.away_until,
    )
    order = PostmortemReviewer.added_at, PostmortemReviewer.person_id
    reviewers = select(json_list(reviewer, *order)).join_from(
        PostmortemReviewer, Person, Person.id == PostmortemReviewer.person_id
    )
    names = ("name", "due_at", "extended_to", "met_at", "waived_at", "slips")
    target = json_object(**{name: getattr(PostmortemTarget, name) for name in names})
    targets = select(json_list(target, PostmortemTarget.name)).where(PostmortemTarget.postmortem_id == key)
    named = select(func.json_object_agg(Person.id, Person.is_active)).where(Person.id == func.any(texts_of("named")))
    channels = select(Team.id).join(PostmortemTeam, PostmortemTeam.team_id == Team.id)
    channels = channels.where(PostmortemTeam.postmortem_id == key, Team.channel_id.is_not(None)).order_by(Team.id)
    participants = select(PostmortemParticipant.person_id).where(PostmortemParticipant.postmortem_id == key)
    owners = select(ActionItem.owner_id).where(ActionItem.postmortem_id == key)
    either = Person.id.in_(union_all(participants, owners))  # "or" would read everyone
    involved = select(Person.id).where(Person.is_active, either).order_by(Person.id)
    carried_out = select(CommandLog.fingerprint).where(
        CommandLog.entity_id == key, CommandLog.request_id == text_of("request_id")
    )
    return [
        _json(reviewers.where(PostmortemReviewer.postmortem_id == key), "reviewers"),
        _json(targets, "targets"),
        _json(named, "named"),
        func.array(channels.scalar_subquery()).label("channel_team_ids"),
        func.array(involved.scalar_subquery()).label("involved_ids"),
        carried_out.scalar_subquery().label("carried_out"),
    ]


@cache
def _statement(*, is_admin: bool) -> Prebuilt:
    viewer, key = BoundViewer(is_admin), text_of("id")
    held = relation_columns(viewer)
    statement = select(
        *columns_of(Postmortem),
        effective_visibility().label("visibility"),
        held.editor_level.label("editor_level"),
        held.reviewer.label("is_reviewer"),
        held.participant.label("is_participant"),
        held.team.label("is_in_team"),
        *_contents(key),
        *_people(key),
    )
    return Prebuilt(statement.where(Postmortem.id == key, visible_to(viewer)))


for _is_admin in (True, False):
    _statement(is_admin=_is_admin)


async def get_facts(
    session: AsyncSession,
    viewer: Viewer,
    postmortem_id: str,
    *,
    request_id: str,
    named: Sequence[str] = (),
    wants_texts: bool = False,
    is_read: bool = True,
) -> ReviewFacts:
    """Facts for a command of that request. ``is_read`` audits it as a read if an administrator alone may see it.

    Raises NotFound.
    """
    values = {"id": postmortem_id, "request_id": request_id, "named": list(named), "wants_texts": wants_texts}
    row = await _statement(is_admin=viewer.is_admin).row(session, **values, **viewer_parameters(viewer))
    if row is None:
        raise NotFound(kind="postmortem", id=postmortem_id)
    postmortem = read_row(session, Postmortem, row)
    who = (row["editor_level"], row["is_reviewer"], row["is_participant"], row["is_in_team"])
    held = relations(viewer, postmortem, *who)
    visible = VisiblePostmortem(postmortem, held, Visibility(row["visibility"]))
    template = orjson.loads(row["template"] or "null")
    if is_read and access.sees_only_as_administrator(visible.visibility, held):
        await note_reads(session, viewer, [postmortem_id])
    return ReviewFacts(
        visible=visible,
        carried_out=row["carried_out"],
        template=template_of(TemplateVersion(**template) if template else None),
        texts=orjson.loads(row["texts"] or "{}"),
        revisions=orjson.loads(row["revisions"] or "{}"),
        has_timeline=row["has_timeline"],
        has_items=row["has_items"],
        unresolved_comments=row["unresolved_comments"],
        incomplete_items=row["incomplete_items"],
        min_reviewers=row["min_reviewers"],
        reviewers=[_reviewer(one) for one in orjson.loads(row["reviewers"])],
        named=orjson.loads(row["named"] or "{}"),
        targets={one["name"]: TargetFacts(read_target(one), one["slips"]) for one in orjson.loads(row["targets"])},
        channel_team_ids=row["channel_team_ids"],
        involved_ids=row["involved_ids"],
    )


def _reviewer(one: Mapping[str, Any]) -> ReviewerFacts:
    instants = ("away_from", "away_until", "reminded_at", "waived_at")
    return ReviewerFacts(**{**one, **{name: _instant(one[name]) for name in instants}})


def _instant(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
