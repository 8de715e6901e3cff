"""Webhook deliveries: recording one, which event a recorded one stands for, and concluding it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from domain.errors import MalformedWebhook, NotFound
from integrations import registry
from integrations.stored_news import news_of_json
from integrations.ticket import News
from integrations.tracker import Tracker
from models.integration import Integration, WebhookDelivery
from models.keyring import Keyring
from models.queries.connections.connections import get_integration
from models.queries.connections.deliveries import NewDelivery, insert_delivery, settle_delivery
from models.queries.connections.sync_log import insert_attempt
from models.session import Session

_SECRET_HEADERS = ("signature", "token", "secret", "auth", "cookie")
"""Headers whose names contain one of these are never stored: who has them could speak for the vendor."""
_HEADER_LIMIT = 60


@dataclass(frozen=True, slots=True)
class ReceivedWebhook:
    """A webhook that is authentic. ``integration`` is None for a report that came with an API token."""

    kind: str
    integration: Integration | None
    headers: Mapping[str, str]
    body: bytes
    now: datetime

    @property
    def is_paused(self) -> bool:
        return self.integration is not None and not self.integration.is_enabled

    def connection(self) -> Integration:
        """Raises NotFound."""
        if self.integration is None:
            raise NotFound(kind="connection", id=self.kind)
        return self.integration


@dataclass(frozen=True, slots=True)
class DeliveryReceipt:
    """What became of a webhook; ``warnings`` say what was not used.

    After the commit, the workflows of these postmortems are to be started, and those of these action items to be
    signaled, each with the number of a delivery.
    """

    status: Literal["accepted", "duplicate", "ignored"]
    delivery_id: str
    postmortem_ids: Sequence[str] = ()
    item_deliveries: Sequence[tuple[str, int]] = ()
    warnings: Sequence[str] = ()


async def record_delivery(
    session: Session, webhook: ReceivedWebhook, delivery_id: str, result: str | None = None
) -> int | None:
    """Stores the delivery as it came, and what became of it if there is nothing to apply. None if it was received
    before."""
    number = await insert_delivery(session, new_delivery(webhook, delivery_id), webhook.now, result)
    if number is not None and result is not None:
        log_delivery(session, webhook, delivery_id, result)
    return number


def new_delivery(webhook: ReceivedWebhook, delivery_id: str) -> NewDelivery:
    integration = webhook.integration
    own_id = f"{webhook.kind}:{delivery_id}" if integration is None else delivery_id
    headers = stored_headers(webhook.headers)
    return NewDelivery(webhook.kind, integration.id if integration else None, own_id, headers, webhook.body)


def stored_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """What parsing may read again."""
    plain = [name for name in headers if not any(one in name for one in _SECRET_HEADERS)]
    return {name[:100]: headers[name].replace("\0", "")[:500] for name in plain[:_HEADER_LIMIT]}


def log_delivery(
    session: Session, webhook: ReceivedWebhook, delivery_id: str, result: str, detail: str | None = None
) -> None:
    """Writes what became of it to the sync log. A report that came with an API token has none."""
    if webhook.integration is not None:
        own = webhook.integration.id
        insert_attempt(session, own, "IN", "webhook", result, detail=detail, delivery_id=delivery_id)


def read_event(tracker: Tracker, delivery: WebhookDelivery) -> News | None:
    """The event that this row stands for, from its body; one delivery of a vendor may hold several, each with a row of
    its own."""
    try:
        news = tracker.parse_webhook(delivery.headers, delivery.body)
    except MalformedWebhook:
        return None
    return next((one for one in news if one.delivery_id == delivery.delivery_id), None)


async def find_event(session: Session, keyring: Keyring, delivery: WebhookDelivery) -> News | None:
    """The event that this row stands for: as it was stored, or like :func:`read_event`."""
    if delivery.news is not None:
        return news_of_json(delivery.news)
    if delivery.integration_id is None:
        return None
    integration = await get_integration(session, delivery.integration_id)
    secrets = keyring.open(integration.secrets)
    with registry.connect(integration.kind, integration.config, secrets, integration.kept_host) as tracker:
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
