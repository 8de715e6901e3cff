"""Which workers are alive, as each reports in the database every few seconds by its clock, and which does each job."""

from datetime import timedelta

from sqlalchemy import delete, func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from models.queries.prebuilt import Prebuilt
from models.worker import BackgroundJob, WorkerPresence

ALIVE_WITHIN = timedelta(seconds=10)


_PRESENT = Prebuilt(
    text(
        """
        with forgotten as (
            delete from worker_presence where seen_at < now() - interval '1 hour' and id <> :id
        )
        insert into worker_presence (id, seen_at) values (:id, now())
        on conflict (id) do update set seen_at = excluded.seen_at
        """
    )
)


async def upsert_presence(session: AsyncSession, worker_id: str) -> None:
    """Forgets those that were not seen for long."""
    await _PRESENT.row(session, id=worker_id)


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
