"""Tickets for many action items of a postmortem at once: requested in one transaction, created a few at a time.

The tickets' rows are inserted at once, so that each item shows that its ticket is being created. The progress of a
batch is read from these rows alone. The workflow ``workflows.ticket_batch`` paces it.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from application.audit.audit_log import audit
from domain import access
from domain.access import Verb, Viewer
from domain.action_items.action_item import ActionItemStatus, LinkState
from domain.errors import NoActionItems, UnknownReference
from domain.postmortems.lifecycle import Status
from domain.tickets.batches import BatchLook, next_items
from domain.tickets.links import CREATED, was_never_created
from models.action_item import ActionItem, Ticket, TicketBatch
from models.base import derived_id
from models.integration import Integration
from models.queries.connections.connections import get_only_tracker
from models.queries.postmortems.postmortems import VisiblePostmortem, get_visible
from models.queries.tickets import batches
from models.queries.tickets.batches import BatchTicket
from models.queries.tickets.tickets import insert_ticket
from models.session import Session


@dataclass(frozen=True, slots=True)
class BatchProgress:
    """How far one batch is; ``connection`` is the connection's name. Items that were deleted or unlinked since are not
    counted. ``refused`` are tickets that were not created, or are dead."""

    batch: TicketBatch
    connection: str
    total: int
    done: int
    pending: int
    refused: Sequence[BatchTicket]


def may_open_tickets(seen: VisiblePostmortem) -> bool:
    return access.may(Verb.CHANGE_ITEM, Status(seen.postmortem.status), seen.relations)


async def open_tickets(
    session: Session,
    viewer: Viewer,
    postmortem_id: str,
    kinds: Sequence[str],
    integration_id: str | None,
    item_ids: Collection[str] | None,
    now: datetime,
) -> str:
    """Requests a ticket for each open item, or for ``item_ids``, in the named connection or the only one of ``kinds``.

    A ticket that exists is left alone, and one that was refused is tried again. Returns the batch's id.
    Raises NotFound, NotAllowed, AmbiguousConnection, UnknownReference or NoActionItems.
    """
    seen = await get_visible(session, viewer, postmortem_id, lock=True)
    access.check(Verb.CHANGE_ITEM, Status(seen.postmortem.status), seen.relations, "create tickets for this postmortem")
    integration = await get_only_tracker(session, kinds, integration_id)
    items = _chosen(await batches.list_items_for_update(session, postmortem_id), item_ids)
    existing = await batches.tickets_by_item_for_update(session, integration.id, [one.id for one in items])
    for item in items:
        if not _request(session, item, existing.get(item.id), integration, now):
            continue
        audit(
            session,
            viewer,
            "ticket.requested",
            "action_item",
            item.id,
            postmortem_id=item.postmortem_id,
            after={"integrationId": integration.id, "pointer": None},
            at=now,
        )
    await session.flush()
    batch = await batches.get_or_insert_batch(session, postmortem_id, integration.id, viewer.person_id, now)
    added = [one.id for one in items if one.id not in set(batch.item_ids)]
    batch.item_ids = [*batch.item_ids, *added]
    batch.workflow_started, batch.finished_at = False, None
    await session.flush()
    return batch.id


def _chosen(items: Sequence[ActionItem], item_ids: Collection[str] | None) -> list[ActionItem]:
    """The open items, or those with ``item_ids``; oldest first. Raises UnknownReference or NoActionItems."""
    if item_ids is None:
        found = [one for one in items if not ActionItemStatus(one.status).is_settled]
    else:
        known = {one.id for one in items}
        for one in item_ids:
            if one not in known:
                raise UnknownReference(field="itemIds", kind="action item of this postmortem", id=one)
        found = [one for one in items if one.id in item_ids]
    if not found:
        raise NoActionItems()
    return sorted(found, key=lambda one: (one.created_at, one.id))


def _request(
    session: Session, item: ActionItem, ticket: Ticket | None, integration: Integration, now: datetime
) -> bool:
    """False if it was requested before."""
    if ticket is None:
        insert_ticket(session, derived_id("tkt", item.id, integration.id, now.isoformat()), item, integration, now)
    elif was_never_created(ticket.link_state, ticket.external_id):
        ticket.link_state, ticket.detail, ticket.pushed = LinkState.PENDING.value, None, None
    else:
        return False
    item.version += 1
    item.updated_at = now
    return True


async def list_progress(session: Session, postmortem_id: str) -> list[BatchProgress]:
    """Of every connection in which tickets were requested, oldest first. Ask only for viewers who may see the
    postmortem."""
    return [await _progress(session, batch, name) for batch, name in await batches.list_batches(session, postmortem_id)]


async def _progress(session: Session, batch: TicketBatch, connection: str) -> BatchProgress:
    found = await batches.list_tickets(session, batch)
    done = sum(one.link_state in CREATED for one in found)
    refused = [one for one in found if one.link_state not in {*CREATED, LinkState.PENDING}]
    return BatchProgress(batch, connection, len(found), done, len(found) - done - len(refused), refused)


async def release_next(session: Session, batch_id: str, released: int, now: datetime) -> BatchLook:
    """The items whose workflows to signal now; see :func:`domain.tickets.batches.next_items`.

    Marks the batch as started, and as finished once no ticket is pending.
    """
    batch = await batches.find_batch_for_update(session, batch_id)
    if batch is None:
        return BatchLook(is_over=True)
    batch.workflow_started = True
    look = next_items(batch.item_ids, await batches.list_pending_items(session, batch), released)
    if look.is_over:
        batch.finished_at = batch.finished_at or now
    return look
