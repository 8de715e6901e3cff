"""Which workers are alive, as each reports in the database every few seconds by its clock, and which does each job."""

from datetime import timedelta

from sqlalchemy import delete, func, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from models.worker import BackgroundJob, WorkerPresence

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


async def hold_job(session: AsyncSession, name: str, worker_id: str, seconds: float) -> bool:
    """Takes the job for that long, by the database's clock; whoever has it keeps it. False if another worker has it."""
    until = func.now() + timedelta(seconds=seconds)
    statement = insert(BackgroundJob).values(name=name, worker_id=worker_id, held_until=until)
    free = or_(BackgroundJob.worker_id == worker_id, BackgroundJob.held_until < func.now())
    held = statement.on_conflict_do_update(
        index_elements=["name"], set_={"worker_id": worker_id, "held_until": until}, where=free
    )
    return (await session.execute(held.returning(BackgroundJob.name))).scalar_one_or_none() is not None


async def leave_jobs(session: AsyncSession, worker_id: str) -> None:
    await session.execute(delete(BackgroundJob).where(BackgroundJob.worker_id == worker_id))
