"""SQL about the events of a postmortem's timeline."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.errors import NotFound
from domain.timeline.duplicates import KnownEvent
from models.postmortem import TimelineEvent
from models.queries.pagination import Ask, Order, Page, fetch_page
from models.queries.postmortems.postmortems import VisiblePostmortem


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


async def delete_event(session: AsyncSession, event: TimelineEvent) -> None:
    await session.delete(event)
