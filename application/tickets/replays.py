"""Replaying an attempt of the sync log: applying a recorded delivery again, or pushing a ticket again."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from application.audit.audit_log import audit
from application.tickets.deliveries import find_item_of_delivery
from domain.access import Viewer
from domain.action_items.action_item import LinkState
from domain.connections.sync_log import is_replayable
from domain.errors import NothingToReplay
from domain.tickets.links import was_never_created
from integrations import registry
from models.integration import SyncAttempt
from models.keyring import Keyring
from models.queries.connections import connections, deliveries, sync_log
from models.session import Session


class ActionItemSignals(Protocol):
    """Signals to the workflows of action items."""

    async def start_action_item(self, action_item_id: str) -> bool: ...

    async def signal_ticket_event(self, action_item_id: str, delivery: int) -> bool: ...


@dataclass(frozen=True, slots=True)
class Replay:
    """An action item whose workflow is to apply ``delivery``, or to push its tickets if there is none."""

    item_id: str | None
    delivery: int | None = None

    async def signal(self, signals: ActionItemSignals) -> None:
        """Call after the commit. The worker applies a delivery without an item later."""
        if self.item_id is None:
            return
        if self.delivery is None:
            await signals.start_action_item(self.item_id)
        else:
            await signals.signal_ticket_event(self.item_id, self.delivery)


async def replay_attempt(
    session: Session, viewer: Viewer, keyring: Keyring, integration_id: str, number: int, now: datetime
) -> Replay:
    """Raises NotFound, Disconnected or NothingToReplay."""
    await connections.get_connected(session, integration_id)
    attempt = await sync_log.get_attempt(session, integration_id, number)
    if not is_replayable(attempt.direction, attempt.operation, attempt.delivery_id, attempt.action_item_id):
        raise NothingToReplay(number=number, why="it doesn't belong to a single delivery or ticket.")
    if attempt.direction == "OUT":
        return Replay(await _replay_push(session, viewer, attempt, now))
    return await _replay_delivery(session, viewer, keyring, attempt, now)


async def _replay_delivery(
    session: Session, viewer: Viewer, keyring: Keyring, attempt: SyncAttempt, now: datetime
) -> Replay:
    """The recorded delivery counts as not handled again."""
    delivery = await deliveries.find_delivery_for_update(session, attempt.integration_id, attempt.delivery_id)
    if delivery is None:
        raise NothingToReplay(number=attempt.id, why="its delivery is no longer stored.")
    await deliveries.reopen_delivery(session, delivery.id)
    _record_replay(session, viewer, attempt, now)
    is_tracker = delivery.kind in registry.tracker_kinds()
    item_id = await find_item_of_delivery(session, keyring, delivery) if is_tracker else None
    return Replay(item_id, delivery.id)


async def _replay_push(session: Session, viewer: Viewer, attempt: SyncAttempt, now: datetime) -> str:
    """The item's ticket in this connection is to be pushed again. Returns the item's id."""
    found = await sync_log.find_ticket_for_update(session, attempt.integration_id, attempt.action_item_id)
    if found is None:
        raise NothingToReplay(number=attempt.id, why="the action item no longer has a ticket in this connection.")
    item, ticket = found
    if was_never_created(ticket.link_state, ticket.external_id):
        ticket.link_state, ticket.detail = LinkState.PENDING.value, None
    ticket.looks_wanted += 1
    ticket.pushed = None  # as if nothing had been sent
    _record_replay(session, viewer, attempt, now)
    return item.id


def _record_replay(session: Session, viewer: Viewer, attempt: SyncAttempt, now: datetime) -> None:
    replayed = {"attempt": attempt.id, "direction": attempt.direction, "operation": attempt.operation}
    audit(session, viewer, "sync.replayed", "integration", attempt.integration_id or "", after=replayed)
    sync_log.insert_attempt(
        session,
        attempt.integration_id,
        attempt.direction,
        "replay",
        "asked",
        detail=f"of attempt {attempt.id}",
        action_item_id=attempt.action_item_id,
        delivery_id=attempt.delivery_id,
        at=now,
    )
