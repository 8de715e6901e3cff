"""Rows of ``own_calendar``: when people say that they are busy."""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from domain.errors import NotFound
from domain.meetings.suggestion import Span
from models.meeting import OwnCalendar


async def list_of_person(session: AsyncSession, person_id: str) -> Sequence[OwnCalendar]:
    """Oldest first."""
    statement = select(OwnCalendar).where(OwnCalendar.person_id == person_id)
    return list((await session.execute(statement.order_by(OwnCalendar.created_at, OwnCalendar.id))).scalars())


async def get_of_person(session: AsyncSession, person_id: str, calendar_id: str) -> OwnCalendar:
    """Raises NotFound."""
    statement = select(OwnCalendar).where(OwnCalendar.id == calendar_id, OwnCalendar.person_id == person_id)
    found = (await session.execute(statement)).scalar_one_or_none()
    if found is None:
        raise NotFound(kind="calendar", id=calendar_id)
    return found


async def list_of_people(session: AsyncSession, person_ids: Collection[str]) -> Sequence[OwnCalendar]:
    statement = select(OwnCalendar).where(OwnCalendar.person_id.in_(sorted(person_ids)))
    return list((await session.execute(statement.order_by(OwnCalendar.id))).scalars())


async def keep_busy(
    session: AsyncSession,
    calendar_id: str,
    busy: Sequence[Span] | None,
    problem: str | None,
    covers: Span,
    now: datetime,
) -> None:
    """``busy`` None: it couldn't be read, and ``problem`` says why."""
    spans = None if busy is None else [[begin.isoformat(), end.isoformat()] for begin, end in busy]
    statement = update(OwnCalendar).where(OwnCalendar.id == calendar_id)
    values = {"busy": spans, "problem": problem, "busy_at": now, "busy_from": covers[0], "busy_until": covers[1]}
    await session.execute(statement.values(values))


async def forget_busy_unscoped(session: AsyncSession, before: datetime) -> int:
    """Removes what was read before then; of how many calendars."""
    statement = update(OwnCalendar).where(OwnCalendar.busy_at < before)
    nothing = {"busy": None, "busy_at": None, "busy_from": None, "busy_until": None}
    return len((await session.execute(statement.values(nothing).returning(OwnCalendar.id))).all())


async def list_sealed_unscoped(session: AsyncSession, after: str, limit: int) -> list[OwnCalendar]:
    """Those with credentials, by id, locked."""
    statement = select(OwnCalendar).where(OwnCalendar.secrets.is_not(None), OwnCalendar.id > after)
    found = await session.execute(statement.order_by(OwnCalendar.id).limit(limit).with_for_update())
    return list(found.scalars())
