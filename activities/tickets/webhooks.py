"""Applying a tracker's webhook to the action item that it is about. May run twice."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog
from temporalio import activity

from activities.refusals import transaction
from activities.tickets import merging
from application.action_items.snapshots import read_snapshot
from application.connections.deliveries import conclude_delivery, read_event
from domain.action_items.snapshots import ActionItemSnapshot
from domain.errors import DomainError
from domain.tickets.merge import is_as_agreed
from domain.tickets.stored_values import AgreedValues
from integrations import registry
from integrations.ticket import News, Ticket, TicketAction, TicketEvent
from integrations.tracker import Tracker
from models.integration import WebhookDelivery
from models.keyring import Keyring
from models.queries import action_items
from models.queries.connections import deliveries
from models.queries.connections.connections import get_integration
from models.queries.tickets import tickets
from models.session import Session, Sessions

log = structlog.get_logger()


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
        """Lets the item follow its ticket, once for each delivery; news older than what was applied is dropped, and of
        several states the newest counts. What is refused among others is left to the drain, which tells of it again."""
        async with transaction(self._sessions) as session:
            await action_items.lock_item_unscoped(session, given.action_item_id)
            held = await deliveries.lock_deliveries_unscoped(session, [given.delivery, *given.more])
            for integration_id in dict.fromkeys(one.integration_id for one in held if one.integration_id):
                theirs = [one for one in held if one.integration_id == integration_id]
                try:
                    await self._apply_to_connection(session, given, integration_id, theirs)
                except DomainError as refusal:
                    _leave_to_worker(given, refusal)
        async with transaction(self._sessions) as session:
            return await read_snapshot(session, given.action_item_id)

    async def _apply_to_connection(
        self, session: Session, given: ApplyDelivery, integration_id: str, received: Sequence[WebhookDelivery]
    ) -> None:
        """Applies the deliveries of one connection."""
        integration = await get_integration(session, integration_id)
        secrets = self._keyring.open(integration.secrets)
        with registry.connect(integration.kind, integration.config, secrets, integration.kept_host) as tracker:
            events = [(one, read_event(tracker, one)) for one in received]
            newest = _newest([event for _, event in events])
            results = []
            for delivery, event in events:
                ticket = _state_in(event)
                if ticket is not None and ticket.updated_at < newest[ticket.external_id]:
                    results.append((delivery, event, "stale"))
                    continue
                try:
                    async with session.begin_nested():
                        result = await _apply(session, event, integration_id, tracker, given.at)
                    results.append((delivery, event, result))
                except DomainError as refusal:
                    _leave_to_worker(given, refusal)
        for delivery, event, result in results:  # last: whoever sends one again waits for these rows
            await _settle(session, given, delivery, event, result)


def _leave_to_worker(given: ApplyDelivery, refusal: DomainError) -> None:
    """To the drain, where others came with it."""
    if not given.more:
        raise refusal
    log.warning("webhook not applied; the drain will try", action_item_id=given.action_item_id, code=refusal.code)


async def _settle(
    session: Session, given: ApplyDelivery, delivery: WebhookDelivery, event: News | None, result: str
) -> None:
    await conclude_delivery(
        session,
        delivery.integration_id,
        delivery.id,
        result,
        given.at,
        delivery_id=delivery.delivery_id,
        operation=f"webhook {event.action.value.lower()}" if isinstance(event, TicketEvent) else "webhook",
        action_item_id=given.action_item_id,
    )
    log.info("webhook applied", action_item_id=given.action_item_id, delivery_id=delivery.delivery_id, result=result)


def _state_in(event: News | None) -> Ticket | None:
    """The ticket as it is after the event, where that is to be taken over."""
    asks = {TicketAction.DELETED, TicketAction.TRANSFERRED}
    return event.ticket if isinstance(event, TicketEvent) and event.action not in asks else None


def _newest(news: Iterable[News | None]) -> dict[str, datetime]:
    """Of each ticket, by its external id, the time of its newest state."""
    found: dict[str, datetime] = {}
    for ticket in filter(None, map(_state_in, news)):
        found[ticket.external_id] = max(found.get(ticket.external_id, ticket.updated_at), ticket.updated_at)
    return found


async def _apply(session: Session, event: News | None, integration_id: str, tracker: Tracker, now: datetime) -> str:
    """Writes what the event changes; the words for the sync log."""
    if not isinstance(event, TicketEvent):
        return "ignored"
    ours = await tickets.find_ticket_unscoped(session, integration_id, event.ref.external_id)
    held = await tickets.find_ticket_work_unscoped(session, ours.id, lock=True) if ours else None
    if held is None:
        return "unlinked"
    state = _state_in(event)
    if state is None:
        return merging.request_look(held, "asked the tracker")
    if event.actor is not None and event.actor == held.integration.account:
        same = is_as_agreed(AgreedValues.read(held.ticket.base).fields, merging.values_of(state))
        return "our own" if same else merging.request_look(held, "our own, to be compared")
    return await merging.apply_ticket_state(session, held, state, type(tracker), now)
