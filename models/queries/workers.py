"""Which workers are alive: each one reports it in the database every few seconds."""

from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from models.worker import WorkerPresence

ALIVE_WITHIN = timedelta(seconds=10)


async def upsert_presence(session: AsyncSession, worker_id: str, now: datetime) -> None:
    statement = insert(WorkerPresence).values(id=worker_id, seen_at=now)
    await session.execute(statement.on_conflict_do_update(index_elements=["id"], set_={"seen_at": now}))
    await session.execute(delete(WorkerPresence).where(WorkerPresence.seen_at < now - timedelta(hours=1)))


async def delete_presence(session: AsyncSession, worker_id: str) -> None:
    await session.execute(delete(WorkerPresence).where(WorkerPresence.id == worker_id))


async def is_any_alive(session: AsyncSession, now: datetime) -> bool:
    statement = select(WorkerPresence.id).where(WorkerPresence.seen_at > now - ALIVE_WITHIN).limit(1)
    return (await session.execute(statement)).scalar_one_or_none() is not None
