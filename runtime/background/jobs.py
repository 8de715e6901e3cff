"""The jobs that workers do beside their task queues, and how often.

However many workers there are, one of them does each job: it holds the job in the database, and another one takes it
over when it ends, or when it hasn't renewed its hold in time.
"""

import asyncio
import time
from contextlib import suppress
from datetime import timedelta
from typing import Protocol

import structlog

from integrations.object_store import ObjectStore
from models.keyring import Keyring
from models.queries import workers
from models.session import Sessions, StoreError
from runtime.background.deliveries import PendingDeliveries
from runtime.background.outbox import Outbox
from runtime.background.presence import Presence
from runtime.background.retention import Retention
from runtime.background.schedules import ReconciliationSchedules
from runtime.dispatch import Dispatch

log = structlog.get_logger()

HOLD = 3.0
"""Seconds after the next round is due until another worker takes a job over."""
RENEW_EVERY = 1.0
MARGIN = 1.5
"""Seconds before its end from which on a hold is asked for again: more than its answer takes."""


class Job(Protocol):
    """One round."""

    __qualname__: str

    async def __call__(self) -> None: ...


async def run_jobs(
    sessions: Sessions,
    dispatch: Dispatch,
    keyring: Keyring,
    store: ObjectStore,
    reconcile_every: timedelta,
    sweep: float,
) -> None:
    """Runs until cancelled. A round that fails is logged, and the next one follows.

    ``sweep`` is how often, in seconds, it looks for what was not started or not handled.
    """
    presence, outbox = Presence(sessions), Outbox(sessions, dispatch)
    schedules = ReconciliationSchedules(sessions, dispatch, reconcile_every)
    deliveries, retention = PendingDeliveries(sessions, dispatch, keyring), Retention(sessions, store)
    jobs: list[tuple[float, Job]] = [
        (sweep, outbox.start_workflows),
        (sweep / 2, outbox.wake_receivers),
        (sweep, deliveries.handle),
        (sweep, deliveries.start_chats),
        (sweep * 5, schedules.update_schedules),
        (sweep / 2, schedules.reconcile_requested),
        (600.0, retention.delete_old),
        (600.0, retention.sweep_attachments),
        (600.0, retention.delete_expired_archives),
        (600.0, retention.add_holidays),
    ]
    try:
        async with asyncio.TaskGroup() as group:
            group.create_task(_repeat(2.0, presence.report))
            for seconds, job in jobs:
                group.create_task(_repeat(seconds, OnceOverAllWorkers(sessions, presence.id, seconds, job)))
    finally:
        await presence.leave()


class OnceOverAllWorkers:
    """A round of a job, done only if this worker holds it. Keeps the hold while the round takes, and until the next."""

    def __init__(self, sessions: Sessions, worker_id: str, every: float, job: Job) -> None:
        self._sessions = sessions
        self._worker_id = worker_id
        self._every = every
        self._job = job
        self._held_until = 0.0
        self.__qualname__ = job.__qualname__

    async def __call__(self) -> None:
        if time.monotonic() > self._held_until - MARGIN and not await self._hold():
            return
        renewing = asyncio.create_task(self._renew())
        try:
            await self._job()
        finally:
            renewing.cancel()

    async def _renew(self) -> None:
        while True:
            await asyncio.sleep(RENEW_EVERY)
            with suppress(StoreError, OSError):  # the job itself says that the database is away
                await self._hold()

    async def _hold(self) -> bool:
        asked, seconds = time.monotonic(), self._every + HOLD
        async with self._sessions.begin() as session:
            is_ours = await workers.hold_job(session, self.__qualname__, self._worker_id, seconds)
        self._held_until = asked + seconds if is_ours else 0.0
        return is_ours


async def _repeat(seconds: float, job: Job) -> None:
    while True:
        try:
            await job()
        except Exception as error:  # noqa: BLE001 - a failed round must not end the worker
            reason, detail = type(error).__name__, str(error)[:300]
            log.warning("background job failed", job=job.__qualname__, reason=reason, detail=detail)
        await asyncio.sleep(seconds)
