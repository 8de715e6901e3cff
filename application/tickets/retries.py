"""Sending an action item to its ticket again, for whoever may change the item."""

from application.action_items.items import check_may_change
from application.audit.audit_log import audit
from domain.access import Viewer
from domain.action_items.action_item import LinkState
from domain.errors import NotFound
from domain.tickets.links import was_never_created
from models.queries import action_items
from models.queries.connections.sync_log import find_ticket_for_update
from models.session import Session


async def retry_ticket(session: Session, viewer: Viewer, item_id: str, ticket_id: str) -> None:
    """Has the ticket be created, or read and written, anew. Start the item's workflow after the commit.

    Raises NotFound, NotAllowed.
    """
    seen = await action_items.get_visible_item(session, viewer, item_id)
    check_may_change(seen, "sync the ticket of this action item")
    wanted = next((one for one in seen.item.tickets if one.id == ticket_id), None)
    found = await find_ticket_for_update(session, wanted.integration_id, item_id) if wanted else None
    if found is None:
        raise NotFound(kind="ticket", id=ticket_id)
    item, ticket = found
    if was_never_created(ticket.link_state, ticket.external_id):
        ticket.link_state, ticket.detail = LinkState.PENDING.value, None
    ticket.looks_wanted += 1
    ticket.pushed = None  # as if nothing had been sent
    item.workflow_started = False
    key = {"key": ticket.key, "url": ticket.url}
    audit(session, viewer, "ticket.retried", "action_item", item.id, postmortem_id=item.postmortem_id, after=key)
