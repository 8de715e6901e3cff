"""Webhooks that were received but not handled are handled again."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from application.connections.deliveries import conclude_delivery
from application.incidents.deliveries import apply_recorded_reports
from application.meetings.mailbox import apply_recorded_mail
from application.tickets.deliveries import apply_recorded_event
from integrations import registry
from integrations.bounce import MAIL
from integrations.slack.settings import KIND as CHAT
from models.keyring import Keyring
from models.queries.chat import deliveries as chat_deliveries
from models.queries.connections import deliveries
from models.queries.connections.deliveries import PendingDelivery
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
        """Signals the workflows of items that trackers' webhooks are about, once each; applies everything else."""
        async with self._sessions.begin() as session:
            before = datetime.now(UTC) - PENDING_AFTER
            pending = await deliveries.claim_pending_unscoped(session, before, BATCH_SIZE, other_than=CHAT)
        for one in pending:
            if one.action_item_id is None:
                await self._apply(one)
        signals = {one.action_item_id: one.number for one in reversed(pending) if one.action_item_id}
        for item_id, delivery in signals.items():
            if not await self._dispatch.signal_ticket_event(item_id, delivery):
                return

    async def _apply(self, pending: PendingDelivery) -> None:
        now = datetime.now(UTC)
        item_id: str | None = None
        touched: Sequence[str] = ()
        async with self._sessions.begin() as session:
            delivery = await deliveries.lock_delivery_unscoped(session, pending.number)
            if delivery is None:
                return
            if delivery.kind in registry.tracker_kinds():
                item_id = await apply_recorded_event(session, self._keyring, delivery, now)
            elif delivery.kind == MAIL:
                await apply_recorded_mail(session, delivery, now)
            else:
                applied = await apply_recorded_reports(session, delivery)
                touched = applied.postmortem_ids
                await conclude_delivery(
                    session,
                    delivery.integration_id,
                    delivery.id,
                    applied.result,
                    now,
                    delivery_id=delivery.delivery_id,
                    detail=applied.detail,
                )
        if item_id is not None:
            await self._dispatch.signal_ticket_event(item_id, pending.number)
        for postmortem_id in touched:
            await self._dispatch.start_postmortem(postmortem_id)

    async def start_chats(self) -> None:
        """Starts the workflow of requests in chats that have none, while an answer is still useful."""
        now = datetime.now(UTC)
        async with self._sessions.begin() as session:
            pending = await chat_deliveries.list_pending_unscoped(session, CHAT, now - PENDING_AFTER, BATCH_SIZE)
            if pending:
                await chat_deliveries.settle_stale(session, CHAT, now - STALE_CHAT_AFTER, now)
                pending = await chat_deliveries.list_pending_unscoped(session, CHAT, now - PENDING_AFTER, BATCH_SIZE)
        for delivery in pending:
            if not await self._dispatch.start_chat(delivery):
                return
