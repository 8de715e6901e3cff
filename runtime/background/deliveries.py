"""Webhooks that were received but not handled are handled again."""

from datetime import UTC, datetime, timedelta

from application.connections.deliveries import conclude_delivery
from application.incidents.deliveries import apply_recorded_reports
from application.notifications.bounces import apply_recorded_bounce
from application.tickets.deliveries import apply_if_pull_request, find_item_of_delivery
from integrations import registry
from integrations.bounce import MAIL
from integrations.slack.settings import KIND as CHAT
from models.integration import WebhookDelivery
from models.keyring import Keyring
from models.queries.chat import deliveries as chat_deliveries
from models.queries.connections import deliveries
from models.session import Sessions
from runtime.dispatch import Dispatch

BATCH_SIZE = 500
PENDING_AFTER = timedelta(seconds=3)
"""How long the first attempt has before a webhook is handled again."""
STALE_CHAT_AFTER = timedelta(hours=1)
"""A request in a chat is not answered later than this."""


class PendingDeliveries:
    def __init__(self, sessions: Sessions, dispatch: Dispatch, keyring: Keyring) -> None:
        self._sessions = sessions
        self._dispatch = dispatch
        self._keyring = keyring

    async def handle(self) -> None:
        """Signals the workflow that a tracker's webhook is about; applies incident reports and bounces."""
        async with self._sessions.begin() as session:
            before = datetime.now(UTC) - PENDING_AFTER
            pending = await deliveries.list_pending_unscoped(session, before, BATCH_SIZE)
        for delivery in pending:
            if delivery.kind == CHAT:
                continue
            async with self._sessions.begin() as session:
                is_free = await deliveries.count_attempt(session, delivery.id)
            if not is_free:
                continue
            if delivery.kind in registry.tracker_kinds():
                await self._handle_ticket(delivery)
            elif delivery.kind == MAIL:
                await self._handle_bounce(delivery)
            else:
                await self._handle_report(delivery)

    async def _handle_ticket(self, delivery: WebhookDelivery) -> None:
        now = datetime.now(UTC)
        async with self._sessions.begin() as session:
            if await apply_if_pull_request(session, self._keyring, delivery, now):
                return
            item_id = await find_item_of_delivery(session, self._keyring, delivery)
            if item_id is None:
                await deliveries.settle_delivery(session, delivery.id, "unlinked", now)
                return
        await self._dispatch.signal_ticket_event(item_id, delivery.id)

    async def _handle_bounce(self, delivery: WebhookDelivery) -> None:
        async with self._sessions.begin() as session:
            locked = await deliveries.lock_delivery_unscoped(session, delivery.id)
            if locked is not None:
                await apply_recorded_bounce(session, locked, datetime.now(UTC))

    async def _handle_report(self, delivery: WebhookDelivery) -> None:
        async with self._sessions.begin() as session:
            locked = await deliveries.lock_delivery_unscoped(session, delivery.id)
            if locked is None:
                return
            applied = await apply_recorded_reports(session, locked)
            await conclude_delivery(
                session,
                locked.integration_id,
                locked.id,
                applied.result,
                datetime.now(UTC),
                delivery_id=locked.delivery_id,
                detail=applied.detail,
            )
        for postmortem_id in applied.postmortem_ids:
            await self._dispatch.start_postmortem(postmortem_id)

    async def start_chats(self) -> None:
        """Starts the workflow of requests in chats that have none, while an answer is still useful."""
        now = datetime.now(UTC)
        async with self._sessions.begin() as session:
            await chat_deliveries.settle_stale(session, CHAT, now - STALE_CHAT_AFTER, now)
            pending = await chat_deliveries.list_pending_unscoped(session, CHAT, now - PENDING_AFTER, BATCH_SIZE)
        for delivery in pending:
            if not await self._dispatch.start_chat(delivery):
                return
