"""Which workers are alive: each one reports it in the database every few seconds, by the database's clock."""

from datetime import timedelta

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from models.worker import WorkerPresence

ALIVE_WITHIN = timedelta(seconds=10)
FORGOTTEN_AFTER = timedelta(hours=1)


async def upsert_presence(session: AsyncSession, worker_id: str) -> None:
    statement = insert(WorkerPresence).values(id=worker_id, seen_at=func.now())
    await session.execute(statement.on_conflict_do_update(index_elements=["id"], set_={"seen_at": func.now()}))
    await session.execute(delete(WorkerPresence).where(WorkerPresence.seen_at < func.now() - FORGOTTEN_AFTER))


async def delete_presence(session: AsyncSession, worker_id: str) -> None:
    await session.execute(delete(WorkerPresence).where(WorkerPresence.id == worker_id))


async def is_any_alive(session: AsyncSession) -> bool:
    statement = select(WorkerPresence.id).where(WorkerPresence.seen_at > func.now() - ALIVE_WITHIN).limit(1)
    return (await session.execute(statement)).scalar_one_or_none() is not None
