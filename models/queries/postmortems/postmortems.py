"""Reading a postmortem that the viewer may see: its row, or with everything that its page shows."""

import json
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, Protocol

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm.attributes import set_committed_value

from domain import access
from domain.access import Relation, Viewer, Visibility
from domain.errors import NotFound
from domain.review.reviewers import Decision as ReviewDecision
from domain.review.reviewers import ReviewerState, reviewer_state
from models.content import Section, TemplateVersion
from models.postmortem import (
    Postmortem,
    PostmortemEditor,
    PostmortemIncident,
    PostmortemParticipant,
    PostmortemReviewer,
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
from models.queries.content.templates import get_content, template_columns
from models.queries.postmortems.counts import PostmortemCounts
from models.queries.postmortems.shown import ShownPostmortem, get_shown
from models.queries.prebuilt import Prebuilt, text_of, without_workflow
from models.queries.rows import columns_of, read_row
from models.team import Service


@dataclass(frozen=True, slots=True)
class VisiblePostmortem:
    """A postmortem that the viewer may see, and what the viewer is to it."""

    postmortem: Postmortem
    relations: frozenset[Relation]
    visibility: Visibility


@dataclass(frozen=True, slots=True)
class FullPostmortem:
    """A postmortem with everything that its page shows, loaded in two statements."""

    postmortem: Postmortem
    visibility: Visibility
    counts: PostmortemCounts
    relations: frozenset[Relation] = frozenset()


async def get_visible(
    session: AsyncSession, viewer: Viewer, postmortem_id: str, *, lock: bool = False
) -> VisiblePostmortem:
    """The row, if the viewer may know of it: one statement. Raises :class:`NotFound` otherwise."""
    found = await _get(session, viewer, postmortem_id, lock=lock)
    if not lock:
        await _note_read(session, viewer, found)
    return found


@cache
def _visible_row(*, is_admin: bool, lock: bool) -> Prebuilt:
    viewer = BoundViewer(is_admin)
    told = [column.label(f"told_{at}") for at, column in enumerate(relation_columns(viewer).columns())]
    statement = select(*columns_of(Postmortem), effective_visibility().label("visibility"), *told)
    statement = statement.where(Postmortem.id == text_of("postmortem_id"), visible_to(viewer))
    return Prebuilt(statement.with_for_update(of=Postmortem, key_share=True) if lock else statement)


async def _get(session: AsyncSession, viewer: Viewer, postmortem_id: str, *, lock: bool = False) -> VisiblePostmortem:
    statement = _visible_row(is_admin=viewer.is_admin, lock=lock)
    values = {"postmortem_id": postmortem_id, **viewer_parameters(viewer)}
    found = await (statement.write if lock else statement.rows)(session, **values)
    if not found:
        raise NotFound(kind="postmortem", id=postmortem_id)
    postmortem = read_row(session, Postmortem, found[0])
    *_, visibility, level, reviewer, participant, team = found[0]
    held = relations(viewer, postmortem, level, reviewer, participant, team)
    return VisiblePostmortem(postmortem, held, Visibility(visibility))


async def _note_read(session: AsyncSession, viewer: Viewer, found: VisiblePostmortem) -> None:
    if access.sees_only_as_administrator(found.visibility, found.relations):
        await note_reads(session, viewer, [found.postmortem.id])


async def get_full(session: AsyncSession, viewer: Viewer, postmortem_id: str, now: datetime) -> FullPostmortem:
    """To be read, not changed: the row no longer belongs to the session, which would load it anew when another
    statement finds it, without what belongs to it. Raises :class:`NotFound`."""
    found = await _get(session, viewer, postmortem_id)
    session.expunge(found.postmortem)
    shown = await get_shown(session, viewer, postmortem_id, now)
    content = await get_content(session, shown.template_id, shown.template_version)
    for name, value in _belongings(shown).items():
        set_committed_value(found.postmortem, name, value)
    template = TemplateVersion(**template_columns(content)) if shown.template_id else None
    set_committed_value(found.postmortem, "template", template)
    return FullPostmortem(found.postmortem, found.visibility, _counts(shown), found.relations)


def _belongings(shown: ShownPostmortem) -> dict[str, list[Any]]:
    """What belongs to a postmortem, as rows that no session knows: one statement read all of it."""
    key = {"postmortem_id": shown.id}
    reviewers = [
        PostmortemReviewer(
            **key,
            person_id=one["userId"],
            decision=one["decision"],
            decided_revision=one["revision"],
            decided_at=_instant(one["decidedAt"]),
            reminded_at=_instant(one["remindedAt"]),
            waived_at=_instant(one["waivedAt"]),
            waived_by_id=one["waivedBy"],
            waived_reason=one["waivedReason"],
        )
        for one in json.loads(shown.reviewers_json)
    ]
    events = [
        TimelineEvent(
            **key,
            id=one["id"],
            at=_instant(one["at"]),
            precision=one["precision"],
            event=one["event"],
            type=one["type"],
            actor=one["actor"],
            source=one["source"],
        )
        for one in json.loads(shown.timeline_json)
    ]
    return {
        "sections": [
            Section(**key, name=one["name"], body=one["body"], revision=one["revision"], updated_by=one["updatedBy"])
            for one in json.loads(shown.sections_json)
        ],
        "incidents": [PostmortemIncident(**key, incident_id=one) for one in shown.incident_ids],
        "services": [Service(id=one["id"], name=one["name"]) for one in json.loads(shown.services_json)],
        "teams": [PostmortemTeam(**key, team_id=one) for one in shown.team_ids],
        "participants": [PostmortemParticipant(**key, person_id=one) for one in shown.participant_ids],
        "editors": [
            PostmortemEditor(**key, person_id=one["userId"], level=one["level"])
            for one in json.loads(shown.editors_json)
        ],
        "reviewers": reviewers,
        "timeline": events,
    }


def _instant(written: str | None) -> datetime | None:
    return datetime.fromisoformat(written) if written else None


_STATUSES = {"OPEN": "open", "IN_PROGRESS": "inProgress", "COMPLETED": "completed", "WONT_DO": "wontDo"}


def _counts(shown: ShownPostmortem) -> PostmortemCounts:
    counted = json.loads(shown.item_counts_json)
    items = {status: counted[name] for status, name in _STATUSES.items()}
    has_timeline = shown.timeline_json != "[]"
    return PostmortemCounts(items, counted["overdue"], shown.unresolved_comments, has_timeline)


class Reviewing(Protocol):
    """A reviewer's latest decision: a row of :class:`PostmortemReviewer`, or what a statement read of it."""

    @property
    def decision(self) -> str | None: ...
    @property
    def decided_revision(self) -> int | None: ...
    @property
    def waived_at(self) -> datetime | None: ...


def state_of_reviewer(reviewer: Reviewing, postmortem: Postmortem) -> ReviewerState:
    decision = ReviewDecision(reviewer.decision) if reviewer.decision else None
    is_waived = reviewer.waived_at is not None
    return reviewer_state(decision, reviewer.decided_revision, postmortem.content_revision, is_waived=is_waived)


async def list_approvers(session: AsyncSession, postmortem: Postmortem) -> list[str]:
    """Reviewers whose approval is of the current content."""
    statement = select(PostmortemReviewer.person_id).where(
        PostmortemReviewer.postmortem_id == postmortem.id,
        PostmortemReviewer.decision == ReviewDecision.APPROVE.value,
        PostmortemReviewer.decided_revision == postmortem.content_revision,
    )
    return list((await session.execute(statement)).scalars())


# The outbox


async def list_unstarted_unscoped(session: AsyncSession, limit: int) -> list[str]:
    return [one["id"] for one in await _UNSTARTED.rows(session, limit=limit)]


_UNSTARTED = without_workflow(Postmortem, Postmortem.created_at)
