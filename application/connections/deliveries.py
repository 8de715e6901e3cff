"""Webhook deliveries: which event a recorded one stands for, and how it is concluded."""

from datetime import datetime

from domain.errors import MalformedWebhook
from integrations import registry
from integrations.ticket import News
from integrations.tracker import Tracker
from models.integration import WebhookDelivery
from models.keyring import Keyring
from models.queries.connections.connections import get_integration
from models.queries.connections.deliveries import settle_delivery
from models.queries.connections.sync_log import insert_attempt
from models.session import Session


def read_event(tracker: Tracker, delivery: WebhookDelivery) -> News | None:
    """The event that this row stands for; one delivery of a vendor may hold several, each with a row of its own."""
    try:
        news = tracker.parse_webhook(delivery.headers, delivery.body)
    except MalformedWebhook:
        return None
    return next((one for one in news if one.delivery_id == delivery.delivery_id), None)


async def find_event(session: Session, keyring: Keyring, delivery: WebhookDelivery) -> News | None:
    """Like :func:`read_event`, with the delivery's own connection."""
    if delivery.integration_id is None:
        return None
    integration = await get_integration(session, delivery.integration_id)
    with registry.connect(integration.kind, integration.config, keyring.open(integration.secrets)) as tracker:
        return read_event(tracker, delivery)


async def conclude_delivery(
    session: Session,
    integration_id: str | None,
    delivery: int,
    result: str,
    now: datetime,
    *,
    delivery_id: str,
    operation: str = "webhook",
    detail: str | None = None,
    action_item_id: str | None = None,
) -> None:
    """Marks the delivery as handled, and writes its result to the sync log."""
    await settle_delivery(session, delivery, result, now)
    insert_attempt(
        session,
        integration_id,
        "IN",
        operation,
        result,
        detail=detail,
        action_item_id=action_item_id,
        delivery_id=delivery_id,
    )
