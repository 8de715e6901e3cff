"""Which workers are alive, as each reports in the database every few seconds by its clock, and which does each job."""

from datetime import timedelta

from sqlalchemy import delete, func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from models.queries.prebuilt import Prebuilt
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


_HOLD = Prebuilt(
    text(
        """
        insert into background_job (name, worker_id, held_until)
        values (:name, :worker_id, now() + make_interval(secs => :seconds))
        on conflict (name) do update set worker_id = excluded.worker_id, held_until = excluded.held_until
        where background_job.worker_id = excluded.worker_id or background_job.held_until < now()
        returning name
        """
    )
)


async def hold_job(session: AsyncSession, name: str, worker_id: str, seconds: float) -> bool:
    """Takes the job for that long, by the database's clock; whoever has it keeps it. False if another worker has it."""
    values = {"name": name, "worker_id": worker_id, "seconds": seconds}
    return await _HOLD.row(session, **values) is not None


async def leave_jobs(session: AsyncSession, worker_id: str) -> None:
    await session.execute(delete(BackgroundJob).where(BackgroundJob.worker_id == worker_id))
