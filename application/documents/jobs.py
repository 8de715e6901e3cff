"""How a job in the background moves on: begun, counted, finished or failed. Each may run twice."""

from dataclasses import dataclass
from datetime import UTC, datetime

from domain.documents.jobs import JobState
from models.queries.documents import jobs
from models.session import Sessions


@dataclass(frozen=True, slots=True)
class Begun:
    """What a job is to do, and how far it has come."""

    is_undo: bool
    dry_run: bool
    done: int


async def begin(sessions: Sessions, job_id: str) -> Begun | None:
    """None if there is nothing to do any more."""
    async with sessions.begin() as session:
        job = await jobs.lock_job_unscoped(session, job_id)
        if job is None:
            return None
        job.workflow_started = True
        if JobState(job.state).is_over:
            return None
        job.state = JobState.RUNNING.value
        return Begun(job.wants_undo, job.dry_run, job.done)


async def move(sessions: Sessions, job_id: str, *, done: int, problems: int) -> None:
    async with sessions.begin() as session:
        job = await jobs.lock_job_unscoped(session, job_id)
        if job is not None and not JobState(job.state).is_over:
            job.done, job.problems = done, problems


async def finish(sessions: Sessions, job_id: str) -> None:
    async with sessions.begin() as session:
        job = await jobs.lock_job_unscoped(session, job_id)
        if job is not None and not JobState(job.state).is_over:
            job.state, job.finished_at = JobState.DONE.value, datetime.now(UTC)


async def fail(sessions: Sessions, job_id: str, code: str, detail: str, now: datetime) -> None:
    async with sessions.begin() as session:
        job = await jobs.lock_job_unscoped(session, job_id)
        if job is not None and not JobState(job.state).is_over:
            job.state, job.finished_at = JobState.FAILED.value, now
            job.error, job.secrets = {"code": code, "detail": detail}, None
            job.workflow_started = True
