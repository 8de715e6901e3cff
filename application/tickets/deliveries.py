"""What a tracker's delivery is about: a ticket, whose action item's workflow applies it, or a pull request."""

from datetime import datetime

from application.connections.deliveries import conclude_delivery, find_event
from integrations.ticket import PullRequestEvent, TicketEvent
from models.integration import WebhookDelivery
from models.keyring import Keyring
from models.queries.tickets import tickets
from models.queries.tickets.pull_requests import upsert_pull_request
from models.session import Session


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
