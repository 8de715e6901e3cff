"""SQL about the events of a postmortem's timeline."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import TIMESTAMP, Text, func, literal, select
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.errors import NotFound
from domain.timeline.duplicates import KnownEvent
from domain.timeline.moments import Precision
from models.base import new_id
from models.postmortem import TimelineEvent
from models.queries.pagination import Ask, Order, Page, fetch_page
from models.queries.postmortems.postmortems import VisiblePostmortem


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


async def list_timeline(session: AsyncSession, visible: VisiblePostmortem, ask: Ask) -> Page[TimelineEvent]:
    """By time; events of one instant in the order in which they were given."""
    statement = select(TimelineEvent).where(TimelineEvent.postmortem_id == visible.postmortem.id)
    order = Order("timeline", TimelineEvent.at, TimelineEvent.ordinal, False)
    rows, cursor = await fetch_page(session, statement, order, ask, tie_type=int)
    return Page([row[0] for row in rows], cursor)


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
    ids = [new_id("evt") for _ in events]
    if not events:
        return ids
    columns: dict[str, tuple[Any, list[Any]]] = {
        "id": (Text, ids),
        "at": (TIMESTAMP(timezone=True), [one.at for one in events]),
        "precision": (Text, [one.precision for one in events]),
        "event": (Text, [one.event for one in events]),
        "type": (Text, [one.type for one in events]),
        "actor": (Text, [one.actor for one in events]),
        "source": (Text, [one.source for one in events]),
        "incident_id": (Text, [one.incident_id for one in events]),
        "external_id": (Text, [one.external_id for one in events]),
    }
    given = (
        func.unnest(*(literal(values, ARRAY(kind)) for kind, values in columns.values()))
        .table_valued(*columns, with_ordinality="place", name="given")
        .render_derived()
    )
    rows = select(literal(postmortem_id), *(given.c[name] for name in columns)).order_by(given.c.place)
    await session.execute(insert(TimelineEvent).from_select(["postmortem_id", *columns], rows))
    return ids


async def delete_event(session: AsyncSession, event: TimelineEvent) -> None:
    await session.delete(event)
