"""The tickets of an action item: asking for one, unlinking one, and which of them have something to push."""

from collections.abc import Iterable
from datetime import datetime

from domain.action_items.action_item import LinkState
from domain.action_items.snapshots import TicketToPush
from domain.errors import NotFound, TicketExists
from domain.tickets.links import is_replaceable, may_write_to
from domain.tickets.stored_values import SentValues, our_values
from models.action_item import ActionItem, Ticket
from models.base import derived_id
from models.queries.action_items import TicketFacts
from models.queries.connections.connections import get_integration
from models.queries.tickets import tickets
from models.queries.tickets.tickets import may_contact
from models.session import Session


def check_no_ticket(existing: Iterable[TicketFacts], integration_id: str | None) -> None:
    """Raises TicketExists, unless the ticket in that connection is dead or was never created."""
    for ticket in existing:
        if ticket.integration_id == integration_id and not is_replaceable(ticket.link_state, ticket.external_id):
            raise TicketExists(key=ticket.key or ticket.id)


async def add_ticket(
    session: Session, item: ActionItem, integration_id: str, pointer: str | None, request_id: str, now: datetime
) -> Ticket:
    """Asks for a ticket to be created, or found by ``pointer``. It replaces a dead one; its id, and so its marker, is
    new."""
    integration = await get_integration(session, integration_id)
    if integration.disconnected_at is not None:
        raise NotFound(kind="tracker connection", id=integration_id)
    await tickets.delete_tickets(session, item.id, integration.id)
    ticket_id = derived_id("tkt", item.id, integration.id, request_id)
    return tickets.insert_ticket(session, ticket_id, item, integration, now, pointer=pointer)


async def list_tickets_to_push(session: Session, item: ActionItem) -> list[TicketToPush]:
    """What the item's workflow has to push. A ticket whose connection cannot be used now is marked and left out."""
    found: list[TicketToPush] = []
    for ticket, integration, account in await tickets.list_tickets_of_item(session, item.id):
        if not needs_push(ticket, item, account):
            continue
        if not may_contact(integration):
            ticket.waits = True
            continue
        revision = f"{item.version}.{ticket.looks_wanted}.{ticket.tries}"
        found.append(TicketToPush(ticket.id, ticket.tracker, revision, creates=ticket.external_id is None))
    return found


def needs_push(ticket: Ticket, item: ActionItem, account: str | None) -> bool:
    """Whether there is something to write to the tracker, or to read from it."""
    if ticket.link_state == LinkState.PENDING or ticket.looks_wanted > ticket.looks_done:
        return True
    return may_write_to(ticket.link_state) and SentValues.read(ticket.pushed) != wanted_values(item, account)


def wanted_values(item: ActionItem, account: str | None) -> SentValues:
    """What the tracker has been sent once it has been sent everything."""
    values = our_values(item.description, item.details, item.status, item.owner_id, account, item.due_on)
    return SentValues(values, item.priority)
