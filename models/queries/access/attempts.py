"""Rows of ``wrong_attempts``."""

from datetime import datetime

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from models.person import WrongAttempts


async def add_attempt(session: AsyncSession, address: str, began_at: datetime) -> int:
    """How many there are in this window, with this one."""
    statement = insert(WrongAttempts).values(address=address, began_at=began_at, count=1)
    statement = statement.on_conflict_do_update(
        index_elements=["address", "began_at"], set_={"count": WrongAttempts.count + 1}
    )
    return (await session.execute(statement.returning(WrongAttempts.count))).scalar_one()


async def count_attempts(session: AsyncSession, address: str, began_at: datetime) -> int:
    statement = select(WrongAttempts.count).where(WrongAttempts.address == address, WrongAttempts.began_at == began_at)
    return (await session.execute(statement)).scalar_one_or_none() or 0


async def delete_attempts(session: AsyncSession, before: datetime) -> None:
    await session.execute(delete(WrongAttempts).where(WrongAttempts.began_at < before))


async def count_since(session: AsyncSession, address: str, since: datetime) -> int:
    """Those that began after that. Others that count for the same address wait until this transaction ends."""
    await session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(address, 0))))
    counted = select(func.coalesce(func.sum(WrongAttempts.count), 0))
    found = await session.execute(counted.where(WrongAttempts.address == address, WrongAttempts.began_at > since))
    return int(found.scalar_one())
