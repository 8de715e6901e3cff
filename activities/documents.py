"""Archives and imports: work that takes long, told in heartbeats, with its progress in the database.

An attempt that was interrupted is made again, and goes on where the row says that it ended.
"""

import tempfile
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from temporalio import activity

from activities.heartbeat import beating
from activities.refusals import as_failure
from application.documents import archives, imports
from application.documents.jobs import fail
from domain.errors import DomainError
from integrations.object_store import ObjectStore
from models.keyring import Keyring
from models.session import Sessions


@dataclass(frozen=True, slots=True)
class FailedJob:
    """Why a job can't be finished: the code of a refusal, and its words."""

    job_id: str
    code: str
    detail: str
    at: datetime


class DocumentActivities:
    def __init__(self, sessions: Sessions, store: ObjectStore, keyring: Keyring, base_url: str) -> None:
        self._sessions = sessions
        self._keyring = keyring
        self._store = store
        self._base_url = base_url

    @activity.defn
    async def carry_out_export(self, job_id: str) -> None:
        await _carried_out(
            lambda folder, now: archives.carry_out(self._sessions, self._store, folder, job_id, now, self._base_url)
        )

    @activity.defn
    async def carry_out_import(self, job_id: str) -> None:
        await _carried_out(
            lambda folder, now: imports.carry_out(self._sessions, self._store, self._keyring, folder, job_id, now)
        )

    @activity.defn
    async def fail_job(self, given: FailedJob) -> None:
        await fail(self._sessions, given.job_id, given.code, given.detail, given.at)


async def _carried_out(work: Callable[[Path, datetime], Awaitable[None]]) -> None:
    """In a folder of its own, which goes with the attempt."""
    with tempfile.TemporaryDirectory(prefix="afterword-job-") as folder:
        try:
            await beating(work(Path(folder), activity.info().started_time))
        except DomainError as refusal:
            raise as_failure(refusal) from None
