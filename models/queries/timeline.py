"""The timeline of a postmortem: listing, adding one or thousands, changing, removing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from domain import access
from domain.access import Viewer
from domain.errors import NotFound, StaleVersion
from domain.postmortems.lifecycle import Status
from models.postmortem import TimelineEvent
from models.queries.audit.records import plain
from models.queries.pagination import Ask, Order, Page, fetch_page
from models.queries.postmortems.postmortems import (
    NewTimelineEvent,
    VisiblePostmortem,
    add_events,
    audit_seen,
    content_changed,
)

AUDITED_IDS = 100
"""Ids that an audit row of many events names; their words are in the timeline itself."""


@dataclass(frozen=True, slots=True)
class Sorted:
    """Events that are not there yet, and the places of those that are: in the timeline, or earlier among the given."""

    new: Sequence[NewTimelineEvent]
    doubles: frozenset[int]


async def list_timeline(session: AsyncSession, seen: VisiblePostmortem, ask: Ask) -> Page[TimelineEvent]:
    """By time; events of one instant in the order in which they were given."""
    statement = select(TimelineEvent).where(TimelineEvent.postmortem_id == seen.postmortem.id)
    order = Order("timeline", TimelineEvent.at, TimelineEvent.ordinal, False)
    rows, cursor = await fetch_page(session, statement, order, ask, tie_type=int)
    return Page([row[0] for row in rows], cursor)


async def sort_out_doubles(
    session: AsyncSession, seen: VisiblePostmortem, events: Sequence[NewTimelineEvent]
) -> Sorted:
    """A double has the same instant and words as another, or is the same chat message, whatever became of its words."""
    statement = select(TimelineEvent.at, TimelineEvent.event, TimelineEvent.external_id)
    statement = statement.where(TimelineEvent.postmortem_id == seen.postmortem.id)
    known: set[object] = set()
    for at, event, external_id in (await session.execute(statement)).all():
        known |= {_sameness(at, event), external_id}
    known.discard(None)
    new: list[NewTimelineEvent] = []
    doubles: set[int] = set()
    for place, one in enumerate(events):
        keys = {_sameness(one.at, one.event), one.external_id} - {None}
        if keys & known:
            doubles.add(place)
        else:
            new.append(one)
        known |= keys
    return Sorted(new, frozenset(doubles))


def _sameness(at: datetime, event: str) -> tuple[datetime, str]:
    return at, " ".join(event.split())


async def add_to_timeline(
    session: AsyncSession, viewer: Viewer, seen: VisiblePostmortem, events: Sequence[NewTimelineEvent], now: datetime
) -> tuple[list[TimelineEvent], bool]:
    """The new events in the order given, and whether this started the draft. The row must be locked."""
    access.check_edit(Status(seen.postmortem.status), seen.relations)
    if not events:
        return [], False
    ids = await add_events(session, seen.postmortem.id, events)
    times = [one.at for one in events]
    told = {"count": len(ids), "ids": ids[:AUDITED_IDS], "from": min(times), "to": max(times)}
    audit_seen(session, viewer, seen, "timeline.added", None, plain(told))
    started = await content_changed(session, seen, now)
    statement = select(TimelineEvent).where(TimelineEvent.id.in_(ids)).order_by(TimelineEvent.ordinal)
    return list((await session.execute(statement)).scalars()), started


async def change_timeline(
    session: AsyncSession,
    viewer: Viewer,
    seen: VisiblePostmortem,
    event_id: str,
    changes: Mapping[str, Any],
    expected: int | None,
    now: datetime,
) -> tuple[TimelineEvent, bool]:
    """What is not among the changes stays: also who did it and where it came from."""
    access.check_edit(Status(seen.postmortem.status), seen.relations)
    event = await _event(session, seen, event_id)
    if expected is not None and expected != event.version:
        raise StaleVersion(expected=str(expected), current=event.version)
    before = {name: getattr(event, name) for name, value in changes.items() if getattr(event, name) != value}
    if not before:
        return event, False
    for name in before:
        setattr(event, name, changes[name])
    event.version += 1
    after = {name: changes[name] for name in before}
    audit_seen(session, viewer, seen, "timeline.changed", plain(before), {"eventId": event_id, **plain(after)})
    return event, await content_changed(session, seen, now)


async def remove_from_timeline(
    session: AsyncSession, viewer: Viewer, seen: VisiblePostmortem, event_id: str, now: datetime
) -> bool:
    access.check_edit(Status(seen.postmortem.status), seen.relations)
    event = await _event(session, seen, event_id)
    told = {"at": event.at.isoformat(), "event": event.event}
    audit_seen(session, viewer, seen, "timeline.removed", told, None)
    await session.delete(event)
    return await content_changed(session, seen, now)


async def _event(session: AsyncSession, seen: VisiblePostmortem, event_id: str) -> TimelineEvent:
    event = await session.get(TimelineEvent, event_id, populate_existing=True)
    if event is None or event.postmortem_id != seen.postmortem.id:
        raise NotFound(kind="timeline event", id=event_id)
    return event
