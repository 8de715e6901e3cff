"""A whole postmortem as one reader may see it, in three statements: as it is shown, what belongs to it, its people."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from functools import cache
from typing import Any

from sqlalchemy import BigInteger, Text, cast, func, select, union_all
from sqlalchemy.ext.asyncio import AsyncSession

from domain.access import EditorLevel, Viewer, Visibility
from domain.action_items.action_item import ActionItemStatus, ActionItemType, LinkState, Priority
from domain.comments.comment import CommentKind
from domain.content.templates import LISTS, Template
from domain.documents.document import (
    Document,
    DocumentComment,
    DocumentEditor,
    DocumentEvent,
    DocumentIncident,
    DocumentItem,
    DocumentPerson,
    DocumentPullRequest,
    DocumentReview,
    DocumentReviewer,
    DocumentSection,
    DocumentTarget,
    DocumentTemplate,
    DocumentTicket,
    Named,
    document_fields,
)
from domain.errors import NotFound
from domain.escalation.targets import Target, TargetName
from domain.postmortems.lifecycle import Status
from domain.review.reviewers import Decision, reviewer_state
from domain.timeline.moments import Precision
from models.action_item import ActionItem
from models.content import Section
from models.incident import Incident
from models.person import Person
from models.postmortem import (
    Comment,
    Postmortem,
    PostmortemIncident,
    PostmortemTarget,
    PostmortemTeam,
    Review,
    TimelineEvent,
)
from models.queries.access.visibility import BoundViewer, viewer_values, visible_to
from models.queries.action_items_shown import ITEM_COLUMNS, item_json
from models.queries.content.templates import get_content
from models.queries.postmortems.resting import rests
from models.queries.postmortems.shown import ShownPostmortem, get_shown
from models.queries.prebuilt import Prebuilt, instant_json, json_list, json_object, text_of, texts_of
from models.team import Team

NUMBER = "#([1-9][0-9]{0,9})"
"""How a text may refer to another postmortem. What is found too much is never shown: see the writers."""


async def get_document(
    session: AsyncSession, viewer: Viewer, postmortem_id: str, now: datetime, base_url: str, *, with_comments: bool
) -> Document:
    """Everything of it that the viewer may see. An administrator's read of a private one is audited.

    Whether they may have its comments is not checked here. Raises NotFound.
    """
    row = await get_shown(session, viewer, postmortem_id, now)
    template = await get_content(session, row.template_id, row.template_version)
    values = {**viewer_values(viewer), "id": postmortem_id, "today": now.astimezone(UTC).date()}
    belonging = await _belonging(is_admin=viewer.is_admin, with_comments=with_comments).row(session, **values)
    if belonging is None:
        raise NotFound(kind="postmortem", id=postmortem_id)
    found = _document(row, template, belonging, now, base_url, with_comments=with_comments)
    people = await _PEOPLE.rows(session, ids=sorted(found.person_ids()))
    return replace(found, people=tuple(DocumentPerson(*row) for row in people))


@cache
def _belonging(*, is_admin: bool, with_comments: bool) -> Prebuilt:
    """What :func:`get_shown` doesn't read, each part as JSON text."""
    viewer = BoundViewer(is_admin)
    seen = select(Postmortem.id, rests().label("rests")).where(visible_to(viewer), Postmortem.id == text_of("id"))
    mine = seen.cte("seen")
    items = select(*ITEM_COLUMNS).where(ActionItem.postmortem_id == text_of("id")).cte("items")
    columns: dict[str, Any] = {
        "incidents": _incidents(mine),
        "teams": _teams(mine),
        "items": select(json_list(item_json(items), items.c.created_at, items.c.id)),
        "reviews": _reviews(mine),
        "targets": _targets(mine),
        "links": _links(viewer, with_comments=with_comments),
    }
    if with_comments:
        columns["comments"] = _comments(mine)
    shown = [cast(one.scalar_subquery(), Text).label(name) for name, one in columns.items()]
    return Prebuilt(select(mine.c.rests, *shown))


def _incidents(mine: Any) -> Any:
    incident = json_object(
        id=Incident.id,
        source=Incident.source,
        externalId=Incident.external_id,
        title=Incident.title,
        status=Incident.status,
        urgency=Incident.urgency,
        startedAt=instant_json(Incident.started_at),
        resolvedAt=instant_json(Incident.resolved_at),
    )
    listed = select(json_list(incident, PostmortemIncident.ordinal, Incident.id))
    joined = listed.select_from(Incident).join(PostmortemIncident, PostmortemIncident.incident_id == Incident.id)
    return joined.where(PostmortemIncident.postmortem_id == mine.c.id)


def _teams(mine: Any) -> Any:
    listed = select(json_list(json_object(id=Team.id, name=Team.name), Team.name, Team.id))
    joined = listed.select_from(Team).join(PostmortemTeam, PostmortemTeam.team_id == Team.id)
    return joined.where(PostmortemTeam.postmortem_id == mine.c.id)


def _reviews(mine: Any) -> Any:
    review = json_object(
        id=Review.id,
        userId=Review.person_id,
        decision=Review.decision,
        comment=Review.comment,
        revision=Review.revision,
        createdAt=instant_json(Review.created_at),
    )
    return select(json_list(review, Review.id)).where(Review.postmortem_id == mine.c.id)


def _targets(mine: Any) -> Any:
    target = json_object(
        name=PostmortemTarget.name,
        dueAt=instant_json(PostmortemTarget.due_at),
        extendedTo=instant_json(PostmortemTarget.extended_to),
        metAt=instant_json(PostmortemTarget.met_at),
        waivedAt=instant_json(PostmortemTarget.waived_at),
        reason=PostmortemTarget.reason,
    )
    listed = select(json_list(target, PostmortemTarget.due_at, PostmortemTarget.name))
    return listed.where(PostmortemTarget.postmortem_id == mine.c.id)


def _comments(mine: Any) -> Any:
    comment = json_object(
        id=Comment.id,
        parentId=Comment.parent_id,
        section=Comment.section,
        actionItemId=Comment.action_item_id,
        kind=Comment.kind,
        quote=Comment.anchor["quote"].astext,
        authorId=Comment.author_id,
        body=Comment.body,
        resolvedAt=instant_json(Comment.resolved_at),
        resolvedById=Comment.resolved_by_id,
        createdAt=instant_json(Comment.created_at),
        updatedAt=instant_json(Comment.updated_at),
    )
    return select(json_list(comment, Comment.created_at, Comment.id)).where(Comment.postmortem_id == mine.c.id)


def _links(viewer: BoundViewer, *, with_comments: bool) -> Any:
    """The postmortems that the texts refer to, of those that the viewer may see: their numbers and ids only."""
    texts = [
        select(Section.body.label("words")).where(Section.postmortem_id == text_of("id")),
        select(func.concat_ws(" ", ActionItem.description, ActionItem.details, ActionItem.justification)).where(
            ActionItem.postmortem_id == text_of("id")
        ),
        select(TimelineEvent.event).where(TimelineEvent.postmortem_id == text_of("id")),
    ]
    if with_comments:
        texts.append(select(Comment.body).where(Comment.postmortem_id == text_of("id")))
    words = union_all(*texts).cte("words")
    matched = func.unnest(func.regexp_matches(words.c.words, NUMBER, "g"))
    numbers = select(cast(matched, BigInteger)).select_from(words)
    found = select(Postmortem.id, Postmortem.number).where(visible_to(viewer), Postmortem.number.in_(numbers))
    referred = found.cte("referred")
    return select(json_list(json_object(number=referred.c.number, id=referred.c.id), referred.c.number))


for _is_admin in (True, False):
    for _with_comments in (True, False):
        _belonging(is_admin=_is_admin, with_comments=_with_comments)

_PEOPLE = Prebuilt(
    select(Person.id, Person.name, Person.handle, Person.email)
    .where(Person.id == func.any(texts_of("ids")))
    .order_by(Person.id)
)


# Rows to facts


def _document(
    row: ShownPostmortem, template: Template, belonging: Any, now: datetime, base_url: str, *, with_comments: bool
) -> Document:
    return Document(
        id=row.id,
        version=row.version,
        number=row.number,
        title=row.title,
        url=f"{base_url}/postmortems/{row.id}",
        status=Status(row.status),
        visibility=Visibility(row.visibility),
        exported_at=now,
        template=DocumentTemplate(row.template_id, row.template_version, template.name, template.description),
        sections=tuple(_sections(template, json.loads(row.sections_json))),
        custom_fields=document_fields(template, json.loads(row.custom_fields_json)),
        impact_metrics=json.loads(row.impact_metrics_json),
        tags=tuple(row.tags),
        root_cause_category=row.root_cause_category,
        duration_minutes=row.duration_minutes,
        services=tuple(Named(one["id"], one["name"]) for one in json.loads(row.services_json)),
        teams=tuple(Named(one["id"], one["name"]) for one in json.loads(belonging["teams"])),
        incidents=tuple(_incident(one) for one in json.loads(belonging["incidents"])),
        author_id=row.author_id,
        editors=tuple(DocumentEditor(one["userId"], EditorLevel(one["level"])) for one in json.loads(row.editors_json)),
        reviewers=tuple(_reviewer(one, row.content_revision) for one in json.loads(row.reviewers_json)),
        participants=tuple(row.participant_ids),
        reviews=tuple(_review(one, with_comments=with_comments) for one in json.loads(belonging["reviews"])),
        targets=tuple(_target(one, now, is_resting=belonging["rests"]) for one in json.loads(belonging["targets"])),
        timeline=tuple(_event(one) for one in json.loads(row.timeline_json)),
        action_items=tuple(_item(one) for one in json.loads(belonging["items"])),
        comments=tuple(_comment(one) for one in json.loads(belonging["comments"])) if with_comments else None,
        incident_resolved_at=row.incident_resolved_at,
        draft_started_at=row.draft_started_at,
        submitted_at=row.submitted_at,
        reviewed_at=row.reviewed_at,
        published_at=row.published_at,
        archived_at=row.archived_at,
        created_at=row.created_at,
        updated_at=row.updated_at,
        links={one["number"]: f"{base_url}/postmortems/{one['id']}" for one in json.loads(belonging["links"])},
    )


def _sections(template: Template, written: Iterable[dict[str, Any]]) -> Iterator[DocumentSection]:
    texts = {one["name"]: one for one in written}
    for one in template.sections:
        of_template = (one.key, one.title, one.required, one.default_text, one.prompt)
        text = texts.get(one.key)
        if one.key in LISTS or text is None:
            yield DocumentSection(*of_template, text=None if one.key in LISTS else "")
            continue
        at = _instant(text["updatedAt"])
        yield DocumentSection(*of_template, text["body"], text["revision"], at, text["updatedBy"])


def _instant(written: str) -> datetime:
    return datetime.fromisoformat(written)


def _instant_or_none(written: str | None) -> datetime | None:
    return _instant(written) if written else None


def _incident(one: dict[str, Any]) -> DocumentIncident:
    return DocumentIncident(
        one["id"],
        one["source"],
        one["externalId"],
        one["title"],
        one["status"],
        one["urgency"],
        _instant_or_none(one["startedAt"]),
        _instant_or_none(one["resolvedAt"]),
    )


def _reviewer(one: dict[str, Any], content_revision: int) -> DocumentReviewer:
    decision = Decision(one["decision"]) if one["decision"] else None
    is_waived = one["waivedAt"] is not None
    state = reviewer_state(decision, one["revision"], content_revision, is_waived=is_waived)
    return DocumentReviewer(one["userId"], state, _instant_or_none(one["decidedAt"]))


def _review(one: dict[str, Any], *, with_comments: bool) -> DocumentReview:
    comment = one["comment"] if with_comments else None
    at = _instant(one["createdAt"])
    return DocumentReview(one["id"], one["userId"], Decision(one["decision"]), comment, one["revision"], at)


def _target(one: dict[str, Any], now: datetime, *, is_resting: bool) -> DocumentTarget:
    target = Target(
        TargetName(one["name"]),
        _instant(one["dueAt"]),
        _instant_or_none(one["extendedTo"]),
        _instant_or_none(one["metAt"]),
        _instant_or_none(one["waivedAt"]),
    )
    state = target.state_if(now, is_resting=is_resting)
    at = (target.due_at, target.extended_to, target.met_at, target.waived_at)
    return DocumentTarget(target.name, *at, state, one["reason"])


def _event(one: dict[str, Any]) -> DocumentEvent:
    precision = Precision(one["precision"])
    at = _instant(one["at"])
    return DocumentEvent(one["id"], at, precision, one["event"], one["type"], one["actor"], one["source"])


def _item(one: dict[str, Any]) -> DocumentItem:
    return DocumentItem(
        id=one["id"],
        description=one["description"],
        details=one["details"],
        owner_id=one["ownerId"],
        due_date=date.fromisoformat(one["dueDate"]) if one["dueDate"] else None,
        priority=Priority(one["priority"]),
        status=ActionItemStatus(one["status"]),
        overdue=one["overdue"],
        justification=one["justification"],
        due_date_moves=one["dueDateMoves"],
        snoozed_until=_instant_or_none(one["snoozedUntil"]),
        completed_at=_instant_or_none(one["completedAt"]),
        created_at=_instant(one["createdAt"]),
        updated_at=_instant(one["updatedAt"]),
        tickets=tuple(_ticket(ticket) for ticket in one["tickets"]),
        type=ActionItemType(one["type"]) if one["type"] else None,
    )


def _ticket(one: dict[str, Any]) -> DocumentTicket:
    return DocumentTicket(
        id=one["id"],
        integration_id=one["integrationId"],
        tracker=one["tracker"],
        key=one["key"],
        url=one["url"],
        status=one["status"],
        assignee=one["assignee"],
        link_state=LinkState(one["linkState"]),
        last_synced_at=_instant_or_none(one["lastSyncedAt"]),
        pull_requests=tuple(DocumentPullRequest(it["url"], it["title"], it["state"]) for it in one["pullRequests"]),
    )


def _comment(one: dict[str, Any]) -> DocumentComment:
    return DocumentComment(
        id=one["id"],
        parent_id=one["parentId"],
        section=one["section"],
        action_item_id=one["actionItemId"],
        kind=CommentKind(one["kind"]),
        quote=one["quote"],
        author_id=one["authorId"],
        body=one["body"],
        resolved_at=_instant_or_none(one["resolvedAt"]),
        resolved_by_id=one["resolvedById"],
        created_at=_instant(one["createdAt"]),
        updated_at=_instant(one["updatedAt"]),
    )
