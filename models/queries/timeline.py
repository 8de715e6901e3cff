"""SQL about the events of a postmortem's timeline."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Select, Text, cast, select, true
from sqlalchemy.ext.asyncio import AsyncSession

from domain.access import Viewer
from domain.errors import NotFound
from domain.timeline.duplicates import KnownEvent
from domain.timeline.moments import Precision
from models.audit import AuditEntry
from models.base import new_id
from models.postmortem import Postmortem, PostmortemIncident, TimelineEvent
from models.queries.access.visibility import BoundViewer, viewer_values, visible_to
from models.queries.audit.audit_log import rows_with_audit, with_audit_of
from models.queries.pagination import Ask, Order, Page, page_of, page_values
from models.queries.postmortems.postmortems import VisiblePostmortem
from models.queries.prebuilt import Prebuilt, instant_json, json_object, number_of, text_of
from models.queries.together import insert_together


@dataclass(frozen=True, slots=True)
class NewTimelineEvent:
    at: datetime
    event: str
    type: str = "OTHER"
    actor: str | None = None
    source: str = "manual"
    incident_id: str | None = None
    precision: str = Precision.MINUTE.value
    external_id: str | None = None


_ORDER = Order("timeline", TimelineEvent.at, TimelineEvent.ordinal, False)


async def list_timeline(session: AsyncSession, viewer: Viewer, postmortem_id: str, ask: Ask) -> Page[Any]:
    """Records of ``json``, by time; events of one instant in the order in which they were given. One statement, which
    also audits an administrator's read. Raises NotFound."""
    values = {**viewer_values(viewer), **page_values(_ORDER, ask, tie_type=int), "postmortem_id": postmortem_id}
    plain = _page("after" in values, is_admin=viewer.is_admin, is_audited=False)
    audited = _page("after" in values, is_admin=True, is_audited=True) if viewer.is_admin else plain
    rows = await rows_with_audit(session, viewer, audited, plain, values)
    if not rows:
        raise NotFound(kind="postmortem", id=postmortem_id)
    return page_of([one for one in rows if one["json"] is not None], _ORDER, ask)


@cache
def _page(is_after: bool, *, is_admin: bool, is_audited: bool) -> Prebuilt:
    viewer = BoundViewer(is_admin)
    seen = select(Postmortem.id).where(visible_to(viewer), Postmortem.id == text_of("postmortem_id")).cte("seen")
    events = select(cast(event_json(), Text).label("json"), TimelineEvent.at, TimelineEvent.ordinal)
    events = events.where(TimelineEvent.postmortem_id == seen.c.id, *([_ORDER.after_parameters()] if is_after else []))
    page = events.order_by(*_ORDER.clauses()).limit(number_of("limit")).lateral("page")
    statement: Select[Any] = select(page).select_from(seen.outerjoin(page, true()))
    statement = statement.order_by(*_ORDER.of(page.c).clauses())
    return Prebuilt(with_audit_of(select(seen.c.id), statement, viewer) if is_audited else statement)


def event_json() -> ColumnElement[Any]:
    return json_object(
        id=TimelineEvent.id,
        at=instant_json(TimelineEvent.at),
        precision=TimelineEvent.precision,
        event=TimelineEvent.event,
        type=TimelineEvent.type,
        actor=TimelineEvent.actor,
        source=TimelineEvent.source,
    )


async def list_events(session: AsyncSession, ids: Sequence[str]) -> list[TimelineEvent]:
    """Those events, in the order in which they were given."""
    statement = select(TimelineEvent).where(TimelineEvent.id.in_(ids)).order_by(TimelineEvent.ordinal)
    return list((await session.execute(statement)).scalars())


async def list_event_keys(session: AsyncSession, visible: VisiblePostmortem) -> list[KnownEvent]:
    """What makes each event of the timeline the same as another one."""
    statement = select(TimelineEvent.at, TimelineEvent.event, TimelineEvent.external_id)
    rows = await session.execute(statement.where(TimelineEvent.postmortem_id == visible.postmortem.id))
    return [KnownEvent(*row) for row in rows.all()]


async def get_event(session: AsyncSession, visible: VisiblePostmortem, event_id: str) -> TimelineEvent:
    event = await session.get(TimelineEvent, event_id, populate_existing=True)
    if event is None or event.postmortem_id != visible.postmortem.id:
        raise NotFound(kind="timeline event", id=event_id)
    return event


async def insert_events(session: AsyncSession, postmortem_id: str, events: Sequence[NewTimelineEvent]) -> list[str]:
    """One statement for any number of events; those of one instant keep the order given."""
    rows = event_rows(postmortem_id, events)
    await insert_together(session, {TimelineEvent: rows})
    return [one["id"] for one in rows]


def event_rows(postmortem_id: str, events: Sequence[NewTimelineEvent]) -> list[dict[str, Any]]:
    return [
        {
            "id": new_id("evt"),
            "postmortem_id": postmortem_id,
            "version": 1,
            "at": one.at,
            "precision": one.precision,
            "event": one.event,
            "type": one.type,
            "actor": one.actor,
            "source": one.source,
            "incident_id": one.incident_id,
            "external_id": one.external_id,
        }
        for one in events
    ]


KEPT = ("id", "version", "at", "precision", "event", "type", "actor", "source", "incident_id", "external_id")
"""The columns of an event that the audit entry of its removal keeps, so that it can come back."""


def values_of(event: TimelineEvent) -> dict[str, Any]:
    return {name: getattr(event, name) for name in KEPT}


async def exists(session: AsyncSession, event_id: str) -> bool:
    return await session.get(TimelineEvent, event_id) is not None


async def find_removed(session: AsyncSession, visible: VisiblePostmortem, event_id: str) -> dict[str, Any] | None:
    """The event as it was when it was removed last, as JSON; None if it wasn't, or was before removals were kept."""
    statement = (
        select(AuditEntry.before)
        .where(
            AuditEntry.postmortem_id == visible.postmortem.id,
            AuditEntry.action == "timeline.removed",
            AuditEntry.before["id"].astext == event_id,
        )
        .order_by(AuditEntry.id.desc())
        .limit(1)
    )
    return (await session.execute(statement)).scalar_one_or_none()


async def insert_removed(session: AsyncSession, visible: VisiblePostmortem, removed: Mapping[str, Any]) -> datetime:
    """Insert an event of :func:`find_removed` again; return its time. Its incident may be unlinked by now."""
    at = datetime.fromisoformat(removed["at"])
    linked = select(PostmortemIncident.incident_id).where(
        PostmortemIncident.postmortem_id == visible.postmortem.id,
        PostmortemIncident.incident_id == removed["incident_id"],
    )
    incident_id = (await session.execute(linked)).scalar_one_or_none()
    again = {**removed, "at": at, "version": removed["version"] + 1, "incident_id": incident_id}
    session.add(TimelineEvent(postmortem_id=visible.postmortem.id, **again))
    await session.flush()
    return at


async def delete_event(session: AsyncSession, event: TimelineEvent) -> None:
    await session.delete(event)
