"""Postmortems as the API shows them: one prebuilt statement for one of them, and one for a page of a list.

Rows that belong to a postmortem (its editors, its timeline) come as JSON, with the names of the wire. What ``domain``
decides, such as which sections are missing, is left to the caller.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any

from sqlalchemy import CTE, ColumnElement, Text, cast, func, literal_column, select
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.ext.asyncio import AsyncSession

from domain.access import Viewer
from domain.errors import NotFound
from models.action_item import ActionItem
from models.content import Section
from models.postmortem import (
    Comment,
    Postmortem,
    PostmortemEditor,
    PostmortemIncident,
    PostmortemParticipant,
    PostmortemReviewer,
    PostmortemService,
    PostmortemTeam,
    TimelineEvent,
)
from models.queries.access.visibility import BoundViewer, effective_visibility, viewer_values, visible_to
from models.queries.audit.audit_log import rows_with_audit, with_audit_of
from models.queries.postmortems.counts import unresolved_threads
from models.queries.prebuilt import Prebuilt, day_of, instant_json, json_list, json_object, row_mark, state_of, text_of
from models.team import Service


@dataclass(frozen=True, slots=True)
class ShownPostmortem:
    """``state`` is a number that changes with anything that is shown; what ends in ``_json`` is JSON text."""

    id: str
    version: int
    content_revision: int
    number: int
    title: str
    status: str
    author_id: str | None
    template_id: str | None
    template_version: int | None
    tags: list[str]
    root_cause_category: str | None
    duration_minutes: int | None
    publish_on_approval: bool
    incident_resolved_at: datetime | None
    draft_started_at: datetime | None
    submitted_at: datetime | None
    reviewed_at: datetime | None
    published_at: datetime | None
    archived_at: datetime | None
    created_at: datetime
    updated_at: datetime
    impact_metrics_json: str
    custom_fields_json: str
    visibility: str
    state: int
    incident_ids: list[str]
    team_ids: list[str]
    participant_ids: list[str]
    sections_json: str
    services_json: str
    editors_json: str
    reviewers_json: str
    timeline_json: str
    item_counts_json: str
    unresolved_comments: int


_OWN: list[Any] = [
    Postmortem.id,
    Postmortem.version,
    Postmortem.content_revision,
    Postmortem.number,
    Postmortem.title,
    Postmortem.status,
    Postmortem.author_id,
    Postmortem.template_id,
    Postmortem.template_version,
    Postmortem.tags,
    Postmortem.root_cause_category,
    Postmortem.duration_minutes,
    Postmortem.publish_on_approval,
    Postmortem.incident_resolved_at,
    Postmortem.draft_started_at,
    Postmortem.submitted_at,
    Postmortem.reviewed_at,
    Postmortem.published_at,
    Postmortem.archived_at,
    Postmortem.created_at,
    Postmortem.updated_at,
]
_OPEN = ActionItem.status.in_(("OPEN", "IN_PROGRESS"))
OPEN_ITEMS = func.count().filter(_OPEN)
OVERDUE = func.count().filter(ActionItem.due_on < day_of("today"), _OPEN)


def seen_columns() -> list[Any]:
    """The postmortem's own, for a common table from which the others are selected."""
    return [
        *_OWN,
        cast(Postmortem.impact_metrics, Text).label("impact_metrics_json"),
        cast(Postmortem.custom_fields, Text).label("custom_fields_json"),
        effective_visibility().label("visibility"),
        row_mark(Postmortem, Postmortem.id).label("mark"),
    ]


def state_column(seen: CTE) -> ColumnElement[int]:
    """Changes with each row that is shown: one that is added, changed or removed, and one that becomes overdue."""
    own = PostmortemService.postmortem_id == seen.c.id
    service = select(func.sum(row_mark(Service, Service.id))).join(PostmortemService).where(own)
    items = select(func.sum(row_mark(ActionItem, ActionItem.id)) + OVERDUE).where(ActionItem.postmortem_id == seen.c.id)
    threads = select(func.sum(row_mark(Comment, Comment.id))).where(Comment.postmortem_id == seen.c.id)
    parts = [service, items, threads.where(*unresolved_threads())]
    keys: dict[Any, Any] = {
        Section: Section.name,
        PostmortemIncident: PostmortemIncident.incident_id,
        PostmortemTeam: PostmortemTeam.team_id,
        PostmortemParticipant: PostmortemParticipant.person_id,
        PostmortemEditor: PostmortemEditor.person_id,
        PostmortemReviewer: PostmortemReviewer.person_id,
        TimelineEvent: TimelineEvent.id,
    }
    for table, key in keys.items():
        parts.append(select(func.sum(row_mark(table, key))).where(table.postmortem_id == seen.c.id))
    return state_of(seen.c.mark, *parts)


def shown_columns(seen: CTE) -> list[Any]:
    """Columns as :class:`ShownPostmortem` has them."""
    sections = json_object(
        name=Section.name,
        body=Section.body,
        revision=Section.revision,
        updatedAt=instant_json(Section.updated_at),
        updatedBy=Section.updated_by,
    )
    reviewer = json_object(
        userId=PostmortemReviewer.person_id,
        decision=PostmortemReviewer.decision,
        revision=PostmortemReviewer.decided_revision,
        decidedAt=instant_json(PostmortemReviewer.decided_at),
    )
    event = json_object(
        id=TimelineEvent.id,
        at=instant_json(TimelineEvent.at),
        precision=TimelineEvent.precision,
        event=TimelineEvent.event,
        type=TimelineEvent.type,
        actor=TimelineEvent.actor,
        source=TimelineEvent.source,
    )
    counts = json_object(
        open=func.count().filter(ActionItem.status == "OPEN"),
        inProgress=func.count().filter(ActionItem.status == "IN_PROGRESS"),
        completed=func.count().filter(ActionItem.status == "COMPLETED"),
        wontDo=func.count().filter(ActionItem.status == "WONT_DO"),
        overdue=OVERDUE,
    )
    editor = json_object(userId=PostmortemEditor.person_id, level=PostmortemEditor.level)
    service = json_list(json_object(id=Service.id, name=Service.name), Service.name, Service.id)
    services = select(service).join(PostmortemService).where(PostmortemService.postmortem_id == seen.c.id)
    threads = select(func.count()).where(Comment.postmortem_id == seen.c.id, *unresolved_threads())

    def belonging(table: Any, value: ColumnElement[Any], *order: Any) -> ColumnElement[str]:
        rows = select(json_list(value, *order)).where(table.postmortem_id == seen.c.id)
        return cast(rows.scalar_subquery(), Text)

    def ids(table: Any, column: Any, order: Any) -> ColumnElement[Any]:
        listed = func.coalesce(func.array_agg(aggregate_order_by(column, order)), literal_column("'{}'::text[]"))
        return select(listed).where(table.postmortem_id == seen.c.id).scalar_subquery()

    return [
        *(seen.c[name.key] for name in _OWN),
        seen.c.impact_metrics_json,
        seen.c.custom_fields_json,
        seen.c.visibility,
        state_column(seen),
        ids(PostmortemIncident, PostmortemIncident.incident_id, PostmortemIncident.ordinal),
        ids(PostmortemTeam, PostmortemTeam.team_id, PostmortemTeam.team_id),
        ids(PostmortemParticipant, PostmortemParticipant.person_id, PostmortemParticipant.ordinal),
        belonging(Section, sections, Section.name),
        cast(services.scalar_subquery(), Text),
        belonging(PostmortemEditor, editor, PostmortemEditor.person_id),
        belonging(PostmortemReviewer, reviewer, PostmortemReviewer.added_at, PostmortemReviewer.person_id),
        belonging(TimelineEvent, event, TimelineEvent.at, TimelineEvent.ordinal),
        cast(select(counts).where(ActionItem.postmortem_id == seen.c.id).scalar_subquery(), Text),
        threads.scalar_subquery(),
    ]


# One


@cache
def _one(*, is_admin: bool, is_audited: bool, is_whole: bool) -> Prebuilt:
    viewer = BoundViewer(is_admin)
    seen = select(*seen_columns()).where(visible_to(viewer), Postmortem.id == text_of("id")).cte("seen")
    statement = select(*shown_columns(seen)) if is_whole else select(seen.c.version, state_column(seen))
    return Prebuilt(with_audit_of(select(seen.c.id), statement, viewer) if is_audited else statement)


for _is_admin in (True, False):
    for _is_whole in (True, False):
        _one(is_admin=_is_admin, is_audited=_is_admin, is_whole=_is_whole)


async def get_shown(session: AsyncSession, viewer: Viewer, postmortem_id: str, now: datetime) -> ShownPostmortem:
    """One statement. An administrator's read of a private postmortem is audited in it. Raises NotFound."""
    row = await _read_one(session, viewer, postmortem_id, now, is_whole=True)
    return ShownPostmortem(*row)


async def get_state(session: AsyncSession, viewer: Viewer, postmortem_id: str, now: datetime) -> tuple[int, int]:
    """The version and the state of :func:`get_shown`, without what is shown. Raises NotFound."""
    version, state = await _read_one(session, viewer, postmortem_id, now, is_whole=False)
    return version, state


async def _read_one(session: AsyncSession, viewer: Viewer, postmortem_id: str, now: datetime, *, is_whole: bool) -> Any:
    plain = _one(is_admin=viewer.is_admin, is_audited=False, is_whole=is_whole)
    audited = _one(is_admin=True, is_audited=True, is_whole=is_whole) if viewer.is_admin else plain
    values = {**viewer_values(viewer), "id": postmortem_id, "today": now.astimezone(UTC).date()}
    rows = await rows_with_audit(session, viewer, audited, plain, values)
    if not rows:
        raise NotFound(kind="postmortem", id=postmortem_id)
    return rows[0]
