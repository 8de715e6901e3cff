"""What a tracker's delivery is about: a ticket, whose action item's workflow applies it, or a pull request."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from application.connections.deliveries import (
    DeliveryReceipt,
    ReceivedWebhook,
    conclude_delivery,
    find_event,
    finish_delivery,
    record_delivery,
)
from integrations.ticket import News, PullRequestEvent, TicketEvent
from models.integration import WebhookDelivery
from models.keyring import Keyring
from models.queries.connections.registrations import update_last_webhook_at
from models.queries.tickets import tickets
from models.queries.tickets.pull_requests import upsert_pull_request
from models.session import Session

WEBHOOK_TIME_PRECISION = timedelta(seconds=5)
"""When a connection's last webhook came is written no more often than this."""


async def find_item_of_delivery(session: Session, keyring: Keyring, delivery: WebhookDelivery) -> str | None:
    """The id of the action item whose ticket the delivery is about."""
    event = await find_event(session, keyring, delivery)
    if not isinstance(event, TicketEvent) or delivery.integration_id is None:
        return None
    ticket = await tickets.find_ticket_unscoped(session, delivery.integration_id, event.ref.external_id)
    return ticket.action_item_id if ticket else None


async def apply_if_pull_request(session: Session, keyring: Keyring, delivery: WebhookDelivery, now: datetime) -> bool:
    """Applies the delivery if it is about a pull request; False if it is not."""
    event = await find_event(session, keyring, delivery)
    if not isinstance(event, PullRequestEvent) or delivery.integration_id is None:
        return False
    await apply_pull_request(session, delivery.integration_id, event, delivery.id, now)
    return True


async def apply_pull_request(
    session: Session, integration_id: str, event: PullRequestEvent, delivery: int, now: datetime
) -> str:
    """Writes it to each ticket that it closes or mentions. It completes no action item: closing the ticket does."""
    found = await tickets.find_named_unscoped(session, integration_id, event.tickets)
    request = event.pull_request
    for ticket in found:
        await upsert_pull_request(session, ticket.id, request.url, request.title, request.state.value, event.at, now)
    result = f"pull request {request.state.value}" if found else "unlinked"
    item_id = found[0].action_item_id if found else None
    await conclude_delivery(
        session, integration_id, delivery, result, now, delivery_id=event.delivery_id, action_item_id=item_id
    )
    return result


async def receive_events(
    session: Session, webhook: ReceivedWebhook, delivery_id: str, events: Sequence[News]
) -> DeliveryReceipt:
    """Records a tracker's webhook, one row for each event. The action items' workflows apply what is about tickets."""
    integration = webhook.connection()
    outdated = webhook.now - WEBHOOK_TIME_PRECISION
    if integration.last_webhook_at is None or integration.last_webhook_at < outdated:
        await update_last_webhook_at(session, integration.id, webhook.now, outdated)
    if not events:
        delivery = await record_delivery(session, webhook, delivery_id)
        if delivery is None:
            return DeliveryReceipt("duplicate", delivery_id)
        await finish_delivery(session, webhook, delivery, "ignored", delivery_id)
        return DeliveryReceipt("ignored", delivery_id)
    receipts = [await _receive_event(session, webhook, one) for one in events]
    statuses = {one.status for one in receipts}
    items = [one for receipt in receipts for one in receipt.item_deliveries]
    own_id = events[0].delivery_id if len(events) == 1 else delivery_id
    if "accepted" in statuses:
        return DeliveryReceipt("accepted", own_id, item_deliveries=items)
    return DeliveryReceipt("ignored" if "ignored" in statuses else "duplicate", own_id)


async def _receive_event(session: Session, webhook: ReceivedWebhook, event: News) -> DeliveryReceipt:
    delivery = await record_delivery(session, webhook, event.delivery_id)
    if delivery is None:
        return DeliveryReceipt("duplicate", event.delivery_id)
    if webhook.is_paused:
        await finish_delivery(session, webhook, delivery, "paused", event.delivery_id)
        return DeliveryReceipt("ignored", event.delivery_id)
    integration_id = webhook.connection().id
    if isinstance(event, PullRequestEvent):
        result = await apply_pull_request(session, integration_id, event, delivery, webhook.now)
        return DeliveryReceipt("ignored" if result == "unlinked" else "accepted", event.delivery_id)
    ticket = await tickets.find_ticket_unscoped(session, integration_id, event.ref.external_id)
    if ticket is None:
        await finish_delivery(session, webhook, delivery, "unlinked", event.delivery_id)
        return DeliveryReceipt("ignored", event.delivery_id)
    return DeliveryReceipt("accepted", event.delivery_id, item_deliveries=[(ticket.action_item_id, delivery)])
