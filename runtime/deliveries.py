"""What a recorded webhook leads to: the same steps for the door that received it and for the drain that retries."""

import structlog

from domain.errors import MalformedWebhook
from integrations import incident_source, shelf
from integrations.tracker import TicketEvent
from models.integration import Integration, WebhookDelivery
from models.queries import action_items, incidents, integrations
from models.session import Session
from models.vault import Vault

log = structlog.get_logger()


def ticket_event(vault: Vault, integration: Integration, headers: dict[str, str], body: bytes) -> TicketEvent | None:
    """The news of a tracker's webhook, None for an event that we do not use. Raises MalformedWebhook."""
    with shelf.connect(integration.kind, integration.config, vault.open(integration.secrets)) as tracker:
        return tracker.parse_webhook(headers, body)


async def find_item_of(session: Session, vault: Vault, delivery: WebhookDelivery) -> str | None:
    """The action item whose ticket a tracker's delivery is about."""
    if delivery.integration_id is None:
        return None
    integration = await integrations.get_integration(session, delivery.integration_id)
    try:
        event = ticket_event(vault, integration, delivery.headers, delivery.body)
    except MalformedWebhook:
        return None
    if event is None:
        return None
    ticket = await action_items.find_ticket_unscoped(session, integration.id, event.ticket.external_id)
    return ticket.action_item_id if ticket else None


async def apply_reports(session: Session, delivery: WebhookDelivery) -> list[str]:
    """Takes an incident source's reports in; the postmortems that this opened or refreshed.

    Locks are taken in one order by everybody, so that two deliveries never wait for each other.
    """
    source = incident_source.incident_source(delivery.kind)
    parsed = source.parse(delivery.headers, delivery.body, delivery.received_at)
    touched: list[str] = []
    if len(parsed.reports) > 1:
        await incidents.lock_all(session, parsed.reports, delivery.received_at)
    for report in sorted(parsed.reports, key=lambda one: (one.source, one.external_id, one.occurred_at)):
        received = await incidents.receive(session, None, report, delivery.received_at, origin=delivery.kind)
        if received.postmortem_id:
            touched.append(received.postmortem_id)
            log.info(
                "incident requires a postmortem",
                incident_id=received.incident.id,
                postmortem_id=received.postmortem_id,
                opened=received.opened,
            )
    return touched
