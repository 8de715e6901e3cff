"""Statements about batches: tickets that are opened for many action items of a postmortem at once."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.action_items.action_item import LinkState
from models.action_item import ActionItem, Ticket, TicketBatch
from models.base import derived_id
from models.integration import Integration
from models.queries.prebuilt import without_workflow


@dataclass(frozen=True, slots=True)
class BatchTicket:
    """A ticket of a batch with its action item. ``detail`` is what the tracker said."""

    action_item_id: str
    description: str
    link_state: str
    detail: str | None


async def list_items_for_update(session: AsyncSession, postmortem_id: str) -> list[ActionItem]:
    """All action items of the postmortem, locked in the order of their ids."""
    statement = select(ActionItem).where(ActionItem.postmortem_id == postmortem_id).order_by(ActionItem.id)
    return list((await session.execute(statement.with_for_update(key_share=True))).scalars())


async def tickets_by_item_for_update(
    session: AsyncSession, integration_id: str, item_ids: Collection[str]
) -> dict[str, Ticket]:
    """Locked in the order of their ids."""
    statement = select(Ticket).where(Ticket.integration_id == integration_id, Ticket.action_item_id.in_(item_ids))
    rows = (await session.execute(statement.order_by(Ticket.id).with_for_update())).scalars()
    return {one.action_item_id: one for one in rows}


async def get_or_insert_batch(
    session: AsyncSession, postmortem_id: str, integration_id: str, person_id: str, now: datetime
) -> TicketBatch:
    """The postmortem's batch in that connection, locked."""
    key = {"postmortem_id": postmortem_id, "integration_id": integration_id}
    fresh = insert(TicketBatch).values(
        id=derived_id("tkb", *key.values()),
        **key,
        item_ids=[],
        asked_by_id=person_id,
        workflow_started=False,
        created_at=now,
    )
    await session.execute(fresh.on_conflict_do_nothing())
    statement = select(TicketBatch).filter_by(**key).with_for_update()
    return (await session.execute(statement.execution_options(populate_existing=True))).scalar_one()


async def list_batches(session: AsyncSession, postmortem_id: str) -> list[tuple[TicketBatch, str]]:
    """Each with the name of its connection, oldest first. Ask only for viewers who may see the postmortem."""
    statement = (
        select(TicketBatch, Integration.name)
        .join(Integration, Integration.id == TicketBatch.integration_id)
        .where(TicketBatch.postmortem_id == postmortem_id)
        .order_by(TicketBatch.created_at, TicketBatch.id)
    )
    return [(batch, name) for batch, name in (await session.execute(statement)).all()]


async def list_tickets(session: AsyncSession, batch: TicketBatch) -> list[BatchTicket]:
    statement = (
        select(ActionItem.id, ActionItem.description, Ticket.link_state, Ticket.detail)
        .join(ActionItem, ActionItem.id == Ticket.action_item_id)
        .where(Ticket.integration_id == batch.integration_id, ActionItem.id.in_(batch.item_ids))
        .order_by(ActionItem.created_at, ActionItem.id)
    )
    rows = (await session.execute(statement)).all()
    return [BatchTicket(*row) for row in rows]


async def find_batch_for_update(session: AsyncSession, batch_id: str) -> TicketBatch | None:
    return await session.get(TicketBatch, batch_id, with_for_update=True, populate_existing=True)


async def list_pending_items(session: AsyncSession, batch: TicketBatch) -> set[str]:
    """Ids of the batch's action items whose ticket does not exist yet."""
    statement = select(Ticket.action_item_id).where(
        Ticket.integration_id == batch.integration_id,
        Ticket.action_item_id.in_(batch.item_ids),
        Ticket.link_state == LinkState.PENDING.value,
    )
    return set((await session.execute(statement)).scalars())


async def list_unstarted_unscoped(session: AsyncSession, limit: int) -> list[str]:
    return [one["id"] for one in await _UNSTARTED.rows(session, limit=limit)]


_UNSTARTED = without_workflow(TicketBatch, TicketBatch.created_at)
