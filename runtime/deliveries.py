"""What a recorded webhook leads to: the same steps for the door that received it and for the drain that retries."""

from collections.abc import Sequence
from datetime import datetime

import structlog

from domain.errors import MalformedWebhook
from domain.incidents import IncidentReport
from integrations import incident_source, shelf
from integrations.tracker import TicketEvent
from models.integration import WebhookDelivery
from models.queries import action_items, incidents, integrations
from models.session import Session
from models.vault import Vault

log = structlog.get_logger()


async def find_item_of(session: Session, vault: Vault, delivery: WebhookDelivery) -> str | None:
    """The action item whose ticket a tracker's delivery is about."""
    if delivery.integration_id is None:
        return None
    integration = await integrations.get_integration(session, delivery.integration_id)
    with shelf.connect(integration.kind, integration.config, vault.open(integration.secrets)) as tracker:
        try:
            news = tracker.parse_webhook(delivery.headers, delivery.body)
        except MalformedWebhook:
            return None
    event = next((one for one in news if isinstance(one, TicketEvent)), None)
    if event is None:
        return None
    ticket = await action_items.find_ticket_unscoped(session, integration.id, event.ref.external_id)
    return ticket.action_item_id if ticket else None


async def apply_delivery(session: Session, delivery: WebhookDelivery) -> list[str]:
    """As :func:`apply_reports`, from what was recorded."""
    source = incident_source.incident_source(delivery.kind)
    parsed = source.parse(delivery.headers, delivery.body, delivery.received_at)
    return await apply_reports(session, delivery.kind, parsed.reports, delivery.received_at)


async def apply_reports(
    session: Session, kind: str, reports: Sequence[IncidentReport], received_at: datetime
) -> list[str]:
    """Takes an incident source's reports in; the postmortems that this opened or refreshed.

    Locks are taken in one order by everybody, so that two deliveries never wait for each other.
    """
    touched: list[str] = []
    if len(reports) > 1:
        await incidents.lock_all(session, reports, received_at)
    for report in sorted(reports, key=lambda one: (one.source, one.external_id, one.occurred_at)):
        received = await incidents.receive(session, None, report, received_at, origin=kind)
        if received.postmortem_id:
            touched.append(received.postmortem_id)
            log.info(
                "incident requires a postmortem",
                incident_id=received.incident.id,
                postmortem_id=received.postmortem_id,
                opened=received.opened,
            )
    return touched
