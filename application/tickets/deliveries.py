"""What a tracker's delivery is about: a ticket, whose action item's workflow applies it, or a pull request."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from application.connections.deliveries import DeliveryReceipt, ReceivedWebhook, find_event, stored_headers
from integrations.stored_news import news_as_json
from integrations.ticket import News, PullRequestEvent, TicketEvent
from models.integration import WebhookDelivery
from models.keyring import Keyring
from models.queries.tickets import tickets, webhooks
from models.queries.tickets.webhooks import NewEvent, NewPullRequest, Outcome, RecordedEvent
from models.session import Session

WEBHOOK_TIME_PRECISION = timedelta(seconds=5)
"""When a connection's last webhook came is written no more often than this."""


async def receive_events(
    session: Session, webhook: ReceivedWebhook, delivery_id: str, events: Sequence[News]
) -> DeliveryReceipt:
    """Records a tracker's webhook, one row for each event. The action items' workflows apply what is about tickets."""
    integration = webhook.connection()
    outdated = webhook.now - WEBHOOK_TIME_PRECISION
    is_heard = integration.last_webhook_at is None or integration.last_webhook_at < outdated
    recorded = await webhooks.record_events(
        session,
        kind=webhook.kind,
        integration_id=integration.id,
        headers=stored_headers(webhook.headers),
        body=webhook.body,
        events=[_new_event(webhook, one) for one in events] or [NewEvent(delivery_id, result="ignored")],
        now=webhook.now,
        outdated=outdated if is_heard else None,
    )
    results = {one.number: one.result for one in recorded}
    results |= await _apply_pull_requests(session, integration.id, events, recorded, webhook.now)
    own_id = events[0].delivery_id if len(events) == 1 else delivery_id
    if not recorded:
        return DeliveryReceipt("duplicate", own_id)
    if set(results.values()) <= {"ignored", "paused", "unlinked"}:
        return DeliveryReceipt("ignored", own_id)
    items = [(one.action_item_id, one.number) for one in recorded if one.action_item_id and one.result is None]
    return DeliveryReceipt("accepted", own_id, item_deliveries=items)


def _new_event(webhook: ReceivedWebhook, event: News) -> NewEvent:
    ticket = event.ref.external_id if isinstance(event, TicketEvent) else None
    return NewEvent(event.delivery_id, news_as_json(event), ticket, "paused" if webhook.is_paused else None)


async def _apply_pull_requests(
    session: Session, integration_id: str, events: Sequence[News], recorded: Sequence[RecordedEvent], now: datetime
) -> dict[int, str]:
    told = {one.delivery_id: one for one in events if isinstance(one, PullRequestEvent)}
    found = [(one.number, told[one.delivery_id]) for one in recorded if one.result is None and one.delivery_id in told]
    return await _write_pull_requests(session, integration_id, found, now) if found else {}


async def _write_pull_requests(
    session: Session, integration_id: str, found: Sequence[tuple[int, PullRequestEvent]], now: datetime
) -> dict[int, str]:
    """On each ticket that it closes or mentions. It completes no action item: closing the ticket does."""
    told = [
        NewPullRequest(
            number, one.tickets, one.pull_request.url, one.pull_request.title, one.pull_request.state.value, one.at
        )
        for number, one in found
    ]
    return await webhooks.apply_pull_requests(session, integration_id, told, now)


# Recorded ones


async def find_item_of_delivery(session: Session, keyring: Keyring, delivery: WebhookDelivery) -> str | None:
    """The id of the action item whose ticket the delivery is about."""
    return await _find_item(session, delivery, await find_event(session, keyring, delivery))


async def apply_recorded_event(
    session: Session, keyring: Keyring, delivery: WebhookDelivery, now: datetime
) -> str | None:
    """Applies a recorded delivery that is not about the ticket of an item; else returns the id of that item."""
    event = await find_event(session, keyring, delivery)
    if isinstance(event, PullRequestEvent) and delivery.integration_id is not None:
        await _write_pull_requests(session, delivery.integration_id, [(delivery.id, event)], now)
        return None
    item_id = await _find_item(session, delivery, event)
    if item_id is None:
        await webhooks.settle_deliveries(session, [Outcome(delivery.id, "unlinked")], now)
    return item_id


async def _find_item(session: Session, delivery: WebhookDelivery, event: News | None) -> str | None:
    if not isinstance(event, TicketEvent) or delivery.integration_id is None:
        return None
    ticket = await tickets.find_ticket_unscoped(session, delivery.integration_id, event.ref.external_id)
    return ticket.action_item_id if ticket else None
