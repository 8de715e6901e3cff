"""Tickets for many action items of a postmortem at once: asked for in one transaction, released a few at a time.

The tickets' rows are there at once, so that each item says that its ticket is on its way; how far a batch is stands in
them alone. What paces it is how many of its items' workflows are told to look (``workflows.ticket_batch``).
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain import access
from domain.access import Verb, Viewer
from domain.action_items.action_item import ActionItemStatus, LinkState
from domain.errors import NoActionItems, UnknownReference
from domain.postmortems.lifecycle import Status
from domain.tickets.batches import BatchLook
from models.action_item import ActionItem, Ticket
from models.base import derived_id
from models.integration import Integration
from models.queries.audit.records import audit
from models.queries.postmortems.postmortems import VisiblePostmortem
from models.ticket_batch import TicketBatch

AT_ONCE = 5
"""Tickets of one batch that wait for their tracker at the same time: whoever asks for one meanwhile waits for these."""
DONE = frozenset({LinkState.OK.value, LinkState.MOVED.value})


@dataclass(frozen=True, slots=True)
class Refused:
    """A ticket that did not come to be, or is dead; ``detail`` are the tracker's words."""

    action_item_id: str
    description: str
    link_state: str
    detail: str | None


@dataclass(frozen=True, slots=True)
class Progress:
    """How far one batch is. Items that were deleted or unlinked since are not counted. ``connection`` is its name."""

    batch: TicketBatch
    connection: str
    total: int
    done: int
    pending: int
    refused: Sequence[Refused]


def check_may_ask(seen: VisiblePostmortem) -> None:
    access.check(Verb.CHANGE_ITEM, Status(seen.postmortem.status), seen.relations, "create tickets for this postmortem")


def may_ask(seen: VisiblePostmortem) -> bool:
    return access.may(Verb.CHANGE_ITEM, Status(seen.postmortem.status), seen.relations)


async def ask_for_tickets(
    session: AsyncSession,
    viewer: Viewer,
    seen: VisiblePostmortem,
    integration: Integration,
    item_ids: Collection[str] | None,
    now: datetime,
) -> TicketBatch:
    """A ticket in that connection for each open item, or for these; what is there already is left alone, and what was
    refused is tried again. Raises NotAllowed, UnknownReference or NoActionItems."""
    check_may_ask(seen)
    items = await _items(session, seen.postmortem.id, item_ids)
    there = await _tickets(session, integration.id, [one.id for one in items])
    for item in items:
        if _ask(session, item, there.get(item.id), integration, now):
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
    return await _put(session, viewer, seen, integration, [one.id for one in items], now)


async def _items(session: AsyncSession, postmortem_id: str, item_ids: Collection[str] | None) -> list[ActionItem]:
    """Locked, in one order."""
    statement = select(ActionItem).where(ActionItem.postmortem_id == postmortem_id).order_by(ActionItem.id)
    found = list((await session.execute(statement.with_for_update())).scalars())
    if item_ids is not None:
        known = {one.id for one in found}
        for one in item_ids:
            if one not in known:
                raise UnknownReference(field="itemIds", kind="action item of this postmortem", id=one)
        found = [one for one in found if one.id in item_ids]
    else:
        found = [one for one in found if not ActionItemStatus(one.status).is_settled]
    if not found:
        raise NoActionItems()
    return sorted(found, key=lambda one: (one.created_at, one.id))


async def _tickets(session: AsyncSession, integration_id: str, item_ids: Collection[str]) -> dict[str, Ticket]:
    statement = select(Ticket).where(Ticket.integration_id == integration_id, Ticket.action_item_id.in_(item_ids))
    rows = (await session.execute(statement.order_by(Ticket.id).with_for_update())).scalars()
    return {one.action_item_id: one for one in rows}


def _ask(
    session: AsyncSession, item: ActionItem, ticket: Ticket | None, integration: Integration, now: datetime
) -> bool:
    """False where it was asked for already."""
    if ticket is None:
        asked = Ticket(
            id=derived_id("tkt", item.id, integration.id, now.isoformat()),
            action_item_id=item.id,
            integration_id=integration.id,
            tracker=integration.kind,
            link_state=LinkState.PENDING.value,
            created_at=now,
        )
        session.add(asked)
    elif ticket.link_state == LinkState.REFUSED and ticket.external_id is None:
        ticket.link_state, ticket.detail, ticket.pushed = LinkState.PENDING.value, None, None
    else:
        return False
    item.version += 1
    item.updated_at = now
    return True


async def _put(
    session: AsyncSession,
    viewer: Viewer,
    seen: VisiblePostmortem,
    integration: Integration,
    item_ids: list[str],
    now: datetime,
) -> TicketBatch:
    key = {"postmortem_id": seen.postmortem.id, "integration_id": integration.id}
    fresh = insert(TicketBatch).values(
        id=derived_id("tkb", *key.values()),
        **key,
        item_ids=[],
        asked_by_id=viewer.person_id,
        workflow_started=False,
        created_at=now,
    )
    await session.execute(fresh.on_conflict_do_nothing())
    statement = select(TicketBatch).filter_by(**key).with_for_update()
    batch = (await session.execute(statement.execution_options(populate_existing=True))).scalar_one()
    batch.item_ids = [*batch.item_ids, *(one for one in item_ids if one not in set(batch.item_ids))]
    batch.workflow_started, batch.finished_at = False, None
    await session.flush()
    return batch


async def list_progress(session: AsyncSession, postmortem_id: str) -> list[Progress]:
    """Of every connection that was asked, oldest first. Ask only for whoever may see the postmortem."""
    statement = (
        select(TicketBatch, Integration.name)
        .join(Integration, Integration.id == TicketBatch.integration_id)
        .where(TicketBatch.postmortem_id == postmortem_id)
        .order_by(TicketBatch.created_at, TicketBatch.id)
    )
    return [await _progress(session, batch, name) for batch, name in (await session.execute(statement)).all()]


async def _progress(session: AsyncSession, batch: TicketBatch, connection: str) -> Progress:
    statement = (
        select(Ticket.link_state, Ticket.detail, ActionItem.id, ActionItem.description)
        .join(ActionItem, ActionItem.id == Ticket.action_item_id)
        .where(Ticket.integration_id == batch.integration_id, ActionItem.id.in_(batch.item_ids))
        .order_by(ActionItem.created_at, ActionItem.id)
    )
    rows = (await session.execute(statement)).all()
    refused = [
        Refused(row.id, row.description, row.link_state, row.detail)
        for row in rows
        if row.link_state not in {*DONE, LinkState.PENDING.value}
    ]
    done = sum(row.link_state in DONE for row in rows)
    return Progress(batch, connection, len(rows), done, len(rows) - done - len(refused), refused)


# For the workflow


async def look_at(session: AsyncSession, batch_id: str, released: int, now: datetime) -> BatchLook:
    """Which items' workflows to tell now, so that at most ``AT_ONCE`` tickets wait; ``released`` items were told, or
    had nothing to be told. Marks the batch as started, and as finished once nothing waits."""
    batch = await session.get(TicketBatch, batch_id, with_for_update=True, populate_existing=True)
    if batch is None:
        return BatchLook(is_over=True)
    batch.workflow_started = True
    statement = select(Ticket.action_item_id).where(
        Ticket.integration_id == batch.integration_id,
        Ticket.action_item_id.in_(batch.item_ids),
        Ticket.link_state == LinkState.PENDING.value,
    )
    pending = set((await session.execute(statement)).scalars())
    waiting = sum(one in pending for one in batch.item_ids[:released])
    tell: list[str] = []
    for one in batch.item_ids[released:]:
        if one in pending:
            if waiting + len(tell) >= AT_ONCE:
                break
            tell.append(one)
        released += 1
    is_over = not pending
    if is_over:
        batch.finished_at = batch.finished_at or now
    return BatchLook(tuple(tell), released, len(pending), is_over)


async def put_into_outbox(session: AsyncSession, item_id: str) -> None:
    """The item's workflow is not there to be told: the sweep starts it."""
    await session.execute(update(ActionItem).where(ActionItem.id == item_id).values(workflow_started=False))


async def list_unstarted_unscoped(session: AsyncSession, limit: int) -> list[str]:
    statement = select(TicketBatch.id).where(~TicketBatch.workflow_started).order_by(TicketBatch.created_at)
    return list((await session.execute(statement.limit(limit))).scalars())
