"""What a worker does beside its task queues: says that it lives, starts what was not started, resends what was not
handled. Everything here may run in many workers at once and may be killed at any point.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, date, datetime, timedelta

import structlog

from integrations import public_holidays, shelf
from integrations.bounces import KIND as MAIL
from integrations.slack import KIND as CHAT
from models.base import new_id
from models.integration import WebhookDelivery
from models.keyring import Keyring
from models.queries import action_items, workers
from models.queries.audit import records
from models.queries.chat import chat
from models.queries.connections import connections
from models.queries.escalation import reminders
from models.queries.notifications import receivers
from models.queries.people import calendars
from models.queries.postmortems import postmortems
from models.queries.tickets import batches as ticket_batches
from models.queries.tickets import tickets
from models.session import Session, Sessions
from runtime.deliveries import apply_delivery, apply_returned, find_item_of, keep_pull_request
from runtime.dispatch import BULK, Dispatch

log = structlog.get_logger()

SWEEP_LIMIT = 500
PRESENCE_EVERY = 2.0
SWEEP_EVERY = 2.0
SCHEDULES_EVERY, LOOK_EVERY, WAKE_EVERY = 5.0, 0.5, 0.5
"""In sweeps."""
WAKE_AGAIN = 5.0
"""A voice that was woken is given this long to look: signals would pile up in its history."""
TIDY_EVERY = 600.0
LATE = timedelta(seconds=3)
"""A webhook is resent when its first signal had this long."""
LOST = timedelta(minutes=2)
"""A deadline that nobody looked at for this long means that its workflow is gone."""
STUCK = timedelta(minutes=10)
"""Not more often than that is the workflow of a ticket that is not there yet asked about it."""
KEEP_ANSWERS = timedelta(days=2)
KEEP_ATTEMPTS = timedelta(days=90)
KEEP_DELIVERIES = timedelta(days=30)
"""After that a delivery that is sent once more would count as new, and say what is known."""
TIDY_BATCH, TIDY_BATCHES = 1000, 20
"""Rows to one statement, and statements to a round."""
STALE_CHAT = timedelta(hours=1)
KEEP_WORDS = timedelta(days=1)
"""What people wrote in a chat, for the dialogs that may still come back; then it is dropped."""
HOLIDAYS_AHEAD = 2
"""Years for which the public holidays of everybody's country are known at least."""


class Upkeep:
    """``reconcile_every`` is how often the tickets of each connection are compared with their tracker, ``sweep_every``
    (seconds) how often what was not started or not handled is looked for."""

    def __init__(
        self,
        sessions: Sessions,
        dispatch: Dispatch,
        keyring: Keyring,
        reconcile_every: timedelta,
        sweep_every: float = SWEEP_EVERY,
    ) -> None:
        self._sessions = sessions
        self._dispatch = dispatch
        self._keyring = keyring
        self._reconcile_every = reconcile_every
        self._sweep_every = sweep_every
        self._id = new_id("wrk")
        self._woken: dict[str, float] = {}

    async def run(self) -> None:
        """Until cancelled. A round that fails is logged, and the next one comes."""
        sweep = self._sweep_every
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(_every(PRESENCE_EVERY, self.note_presence))
                group.create_task(_every(sweep, self.sweep))
                group.create_task(_every(sweep, self.drain))
                group.create_task(_every(SCHEDULES_EVERY * sweep, self.keep_schedules))
                group.create_task(_every(LOOK_EVERY * sweep, self.look_at_once))
                group.create_task(_every(sweep, self.drain_chats))
                group.create_task(_every(WAKE_EVERY * sweep, self.wake_voices))
                group.create_task(_every(TIDY_EVERY, self.tidy))
        finally:
            await self._leave()

    async def note_presence(self) -> None:
        async with self._sessions.begin() as session:
            await workers.note_presence(session, self._id, _now())

    async def _leave(self) -> None:
        try:
            async with asyncio.timeout(2), self._sessions.begin() as session:
                await workers.drop_presence(session, self._id)
        except (TimeoutError, OSError):
            log.warning("could not sign off")

    async def sweep(self) -> None:
        """Starts the workflow of every row that has none, and of those whose workflow must have been lost."""
        before = _now() - LOST
        async with self._sessions.begin() as session:
            waiting = await postmortems.list_unstarted_unscoped(session, SWEEP_LIMIT)
            overlooked, overlooked_items = await reminders.list_overlooked_unscoped(session, before, SWEEP_LIMIT)
            waiting += overlooked
            items = await action_items.list_unstarted_unscoped(session, SWEEP_LIMIT)
            items += await tickets.nudge_stuck_unscoped(session, before, before - STUCK, SWEEP_LIMIT)
            resumable = await tickets.list_resumable_unscoped(session, SWEEP_LIMIT)
            batches = await ticket_batches.list_unstarted_unscoped(session, SWEEP_LIMIT)
            items += overlooked_items
        for postmortem_id in waiting:
            if not await self._dispatch.start_postmortem(postmortem_id, BULK):
                return
        for item_id in items:
            if not await self._dispatch.start_action_item(item_id, BULK):
                return
        for ticket_id, item_id in resumable:
            async with self._sessions.begin() as session:
                await tickets.note_resumed(session, [ticket_id])
            if not await self._dispatch.start_action_item(item_id, BULK):
                return
        for batch_id in batches:
            if not await self._dispatch.start_ticket_batch(batch_id):
                return

    async def keep_schedules(self) -> None:
        """Each connection to a tracker has its reconciliation, a paused one a paused one, one that is gone none."""
        async with self._sessions.begin() as session:
            wanted = await tickets.list_connections_unscoped(session, shelf.tracker_kinds())
        known = await self._dispatch.list_schedules()
        for integration_id, kind, enabled in wanted:
            if known.get(integration_id) != (not enabled, self._reconcile_every):
                await self._dispatch.keep_schedule(
                    integration_id, kind, paused=not enabled, every=self._reconcile_every
                )
        for integration_id in known.keys() - {one for one, _, _ in wanted}:
            await self._dispatch.drop_schedule(integration_id)

    async def look_at_once(self) -> None:
        """Reconciles what was just connected, enabled or given other credentials: our webhook is to be there."""
        async with self._sessions.begin() as session:
            wanting = await tickets.list_wanting_look_unscoped(session, shelf.tracker_kinds())
        for integration_id, kind, since in wanting:
            kept = await self._dispatch.keep_schedule(integration_id, kind, paused=False, every=self._reconcile_every)
            if not kept or not await self._dispatch.reconcile_now(integration_id):
                return
            async with self._sessions.begin() as session:
                await tickets.note_looked(session, integration_id, since)

    async def wake_voices(self) -> None:
        """Tells whoever has a new notice, once its row is committed; and those whose workflow must have been lost.

        The only way by which a voice is woken: what wrote the notice, a door or an activity, may die right after.
        """
        async with self._sessions.begin() as session:
            waiting = await receivers.list_unheard_unscoped(session, SWEEP_LIMIT)
            waiting += await receivers.list_overlooked_unscoped(session, _now() - LOST, SWEEP_LIMIT)
        now = time.monotonic()
        self._woken = {one: at for one, at in self._woken.items() if at > now - WAKE_AGAIN}
        for receiver_id in dict.fromkeys(waiting):
            if receiver_id in self._woken:
                continue
            if not await self._dispatch.wake_voice(receiver_id):
                return
            self._woken[receiver_id] = now

    async def drain(self) -> None:
        """Handles again what was received and not handled: signals trackers' news, applies incidents' reports."""
        async with self._sessions.begin() as session:
            pending = await connections.list_pending_unscoped(session, _now() - LATE, SWEEP_LIMIT)
        for delivery in pending:
            if delivery.kind == CHAT:
                continue
            async with self._sessions.begin() as session:
                is_free = await connections.count_attempt(session, delivery.id)
            if not is_free:
                continue
            if delivery.kind in shelf.tracker_kinds():
                await self._resend(delivery)
            elif delivery.kind == MAIL:
                await self._apply_returned(delivery)
            else:
                await self._apply_reports(delivery)

    async def _resend(self, delivery: WebhookDelivery) -> None:
        async with self._sessions.begin() as session:
            if await keep_pull_request(session, self._keyring, delivery, _now()):
                return
            item_id = await find_item_of(session, self._keyring, delivery)
            if item_id is None:
                await connections.settle_delivery(session, delivery.id, "unlinked", _now())
                return
        await self._dispatch.tell_of_ticket(item_id, delivery.id)

    async def _apply_returned(self, delivery: WebhookDelivery) -> None:
        async with self._sessions.begin() as session:
            held = await connections.lock_delivery_unscoped(session, delivery.id)
            if held is not None:
                await apply_returned(session, held, _now())

    async def _apply_reports(self, delivery: WebhookDelivery) -> None:
        async with self._sessions.begin() as session:
            held = await connections.lock_delivery_unscoped(session, delivery.id)
            if held is None:
                return
            touched = await apply_delivery(session, held)
            await connections.settle_delivery(session, delivery.id, "applied", _now())
        for postmortem_id in touched:
            await self._dispatch.start_postmortem(postmortem_id)

    async def drain_chats(self) -> None:
        """Has requests from chats answered whose workflow was not started, while an answer still makes sense."""
        now = _now()
        async with self._sessions.begin() as session:
            await chat.settle_stale(session, CHAT, now - STALE_CHAT, now)
            pending = await chat.list_pending_unscoped(session, CHAT, now - LATE, SWEEP_LIMIT)
        for delivery in pending:
            if not await self._dispatch.start_chat(delivery):
                return

    async def tidy(self) -> None:
        now = _now()
        async with self._sessions.begin() as session:
            await chat.forget_old(session, CHAT, now - KEEP_WORDS)
            await records.forget_old(session, now - KEEP_ANSWERS)
        await self._forget(connections.forget_attempts, now - KEEP_ATTEMPTS)
        await self._forget(connections.forget_deliveries, now - KEEP_DELIVERIES)
        async with self._sessions.begin() as session:
            for region in await calendars.list_wanting(session, date(now.year + HOLIDAYS_AHEAD, 1, 1)):
                await calendars.keep_holidays(session, region, _holidays(region, now.year))

    async def _forget(self, forget: Callable[[Session, datetime, int], Awaitable[int]], before: datetime) -> None:
        """Batch by batch, each in its own transaction; what is left over has its turn in the next round."""
        for _ in range(TIDY_BATCHES):
            async with self._sessions.begin() as session:
                if await forget(session, before, TIDY_BATCH) < TIDY_BATCH:
                    return


async def _every(seconds: float, work: Callable[[], Awaitable[None]]) -> None:
    while True:
        try:
            await work()
        except Exception as error:  # noqa: BLE001 - a round must not end the worker
            log.warning("upkeep round failed", work=work.__name__, reason=type(error).__name__, detail=str(error)[:300])
        await asyncio.sleep(seconds)


def _now() -> datetime:
    return datetime.now(UTC)


def _holidays(region: calendars.Region, year: int) -> frozenset[date]:
    return public_holidays.dates(region[0], region[1] or None, year)
