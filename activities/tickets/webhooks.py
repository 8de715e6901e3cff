"""Applying what trackers' webhooks tell of an action item's tickets. May run twice."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog
from temporalio import activity

from activities.refusals import transaction
from activities.tickets import merging
from application.action_items.snapshots import read_snapshot
from application.connections.deliveries import find_event
from domain.action_items.snapshots import ActionItemSnapshot
from domain.errors import DomainError
from domain.tickets.merge import is_as_agreed
from domain.tickets.stored_values import AgreedValues
from integrations import registry
from integrations.ticket import News, Ticket, TicketAction, TicketEvent
from models.integration import WebhookDelivery
from models.keyring import Keyring
from models.queries import action_items
from models.queries.rows import write_rows
from models.queries.tickets import tickets, webhooks
from models.queries.tickets.tickets import TicketWork
from models.queries.tickets.webhooks import Outcome
from models.session import Session, Sessions

log = structlog.get_logger()

TOGETHER_AT_MOST = 500
"""Deliveries that one transaction applies."""


@dataclass(frozen=True, slots=True)
class ApplyDelivery:
    """``delivery`` is the row's number in ``webhook_delivery``; ``more`` came behind it."""

    action_item_id: str
    delivery: int
    at: datetime
    more: tuple[int, ...] = ()


class TicketWebhookActivities:
    def __init__(self, sessions: Sessions, keyring: Keyring) -> None:
        self._sessions = sessions
        self._keyring = keyring

    @activity.defn
    async def apply_delivery(self, given: ApplyDelivery) -> ActionItemSnapshot:
        """Lets the item follow its tickets, in one transaction for all that waits for it, also what it was not given.

        Each delivery counts once; of several states of a ticket the newest counts. One that cannot be read now is left
        to the drain, which tells of it again.
        """
        async with transaction(self._sessions) as session:
            item = await action_items.lock_item_unscoped(session, given.action_item_id)
            numbers = [given.delivery, *given.more]
            waiting = await webhooks.lock_waiting_unscoped(session, given.action_item_id, numbers, TOGETHER_AT_MOST)
            events = await self._read(session, given, waiting)
            held = await tickets.list_work_of_item_unscoped(session, item.id) if item and events else []
            outcomes = await _apply_all(session, given, events, held)
            await write_rows(session)
            await webhooks.settle_deliveries(session, outcomes, given.at)
            for one in outcomes:
                log.info("webhook applied", action_item_id=given.action_item_id, delivery=one.number, result=one.result)
            return await read_snapshot(session, given.action_item_id)

    async def _read(
        self, session: Session, given: ApplyDelivery, waiting: Sequence[WebhookDelivery]
    ) -> list[tuple[WebhookDelivery, News | None]]:
        found = []
        for one in waiting:
            try:
                found.append((one, await find_event(session, self._keyring, one)))
            except DomainError as refusal:
                if len(waiting) == 1:
                    raise
                log.warning(
                    "webhook not applied; the drain will try", action_item_id=given.action_item_id, code=refusal.code
                )
        return found


async def _apply_all(
    session: Session,
    given: ApplyDelivery,
    events: Sequence[tuple[WebhookDelivery, News | None]],
    held: Sequence[TicketWork],
) -> list[Outcome]:
    """Applies each event to the ticket that it is about."""
    named = {(one.ticket.integration_id, one.ticket.external_id): one for one in held}
    newest = _newest(events)
    outcomes = []
    for delivery, event in events:
        if not isinstance(event, TicketEvent):
            outcomes.append(Outcome(delivery.id, "ignored"))
            continue
        key = (delivery.integration_id, event.ref.external_id)
        state = _state_in(event)
        if key not in named:
            result = "unlinked"
        elif state is not None and state.updated_at < newest[key]:
            result = "stale"
        else:
            result = await _apply(session, event, named[key], given.at)
        operation = f"webhook {event.action.value.lower()}"
        outcomes.append(Outcome(delivery.id, result, operation, given.action_item_id))
    return outcomes


def _state_in(event: News | None) -> Ticket | None:
    """The ticket as it is after the event, where that is to be taken over."""
    asks = {TicketAction.DELETED, TicketAction.TRANSFERRED}
    return event.ticket if isinstance(event, TicketEvent) and event.action not in asks else None


def _newest(events: Iterable[tuple[WebhookDelivery, News | None]]) -> Mapping[tuple[str | None, str], datetime]:
    """Of each ticket, by its connection and external id, the time of its newest state."""
    found: dict[tuple[str | None, str], datetime] = {}
    for delivery, event in events:
        if (ticket := _state_in(event)) is not None:
            key = (delivery.integration_id, ticket.external_id)
            found[key] = max(found.get(key, ticket.updated_at), ticket.updated_at)
    return found


async def _apply(session: Session, event: TicketEvent, held: TicketWork, now: datetime) -> str:
    """Writes what the event changes; the words for the sync log."""
    state = _state_in(event)
    if state is None:
        return merging.request_look(held, "asked the tracker")
    if event.actor is not None and event.actor == held.integration.account:
        same = is_as_agreed(AgreedValues.read(held.ticket.base).fields, merging.values_of(state))
        return "our own" if same else merging.request_look(held, "our own, to be compared")
    return await merging.apply_ticket_state(session, held, state, registry.tracker(held.integration.kind), now)
