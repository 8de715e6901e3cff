"""The jobs that a worker runs beside its task queues, and how often."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta

import structlog

from models.keyring import Keyring
from models.session import Sessions
from runtime.background.deliveries import PendingDeliveries
from runtime.background.outbox import Outbox
from runtime.background.presence import Presence
from runtime.background.retention import Retention
from runtime.background.schedules import ReconciliationSchedules
from runtime.dispatch import Dispatch

log = structlog.get_logger()


async def run_jobs(
    sessions: Sessions, dispatch: Dispatch, keyring: Keyring, reconcile_every: timedelta, sweep: float
) -> None:
    """Runs until cancelled. A round that fails is logged, and the next one follows.

    ``sweep`` is how often, in seconds, it looks for what was not started or not handled.
    """
    presence, outbox = Presence(sessions), Outbox(sessions, dispatch)
    schedules = ReconciliationSchedules(sessions, dispatch, reconcile_every)
    deliveries, retention = PendingDeliveries(sessions, dispatch, keyring), Retention(sessions)
    jobs: list[tuple[float, Callable[[], Awaitable[None]]]] = [
        (2.0, presence.report),
        (sweep, outbox.start_workflows),
        (sweep / 2, outbox.wake_receivers),
        (sweep, deliveries.handle),
        (sweep, deliveries.start_chats),
        (sweep * 5, schedules.update_schedules),
        (sweep / 2, schedules.reconcile_requested),
        (600.0, retention.delete_old),
        (600.0, retention.add_holidays),
    ]
    try:
        async with asyncio.TaskGroup() as group:
            for seconds, job in jobs:
                group.create_task(_repeat(seconds, job))
    finally:
        await presence.leave()


async def _repeat(seconds: float, job: Callable[[], Awaitable[None]]) -> None:
    while True:
        try:
            await job()
        except Exception as error:  # noqa: BLE001 - a failed round must not end the worker
            name = getattr(job, "__qualname__", repr(job))
            log.warning("background job failed", job=name, reason=type(error).__name__, detail=str(error)[:300])
        await asyncio.sleep(seconds)
