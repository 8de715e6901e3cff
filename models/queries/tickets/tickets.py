"""Statements about tickets: everything a push needs, what waits to be pushed, what to reconcile.

Rows are locked in this order: action item, ticket, connection.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, and_, delete, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from domain.action_items.action_item import LinkState
from domain.tickets.projection import Projection, TicketField, read_projection
from domain.tickets.stored_values import our_values
from models.action_item import ActionItem, Ticket
from models.integration import Integration, PersonAccount
from models.person import Person
from models.postmortem import PostmortemService, PostmortemTeam
from models.queries.prebuilt import Prebuilt, instant_of, number_of, text_of
from models.queries.rows import columns_of, read_row

# One ticket


@dataclass(frozen=True, slots=True)
class TicketWork:
    """What a push of one ticket needs, read in one transaction. ``account`` is the owner's in the tracker."""

    ticket: Ticket
    item: ActionItem
    integration: Integration
    account: str | None
    owner_name: str | None
    projection: Projection

    @property
    def ours(self) -> dict[TicketField, str | None]:
        item = self.item
        return our_values(item.description, item.details, item.status, item.owner_id, self.account, item.due_on)

    @property
    def may_contact(self) -> bool:
        return may_contact(self.integration)


def may_contact(integration: Integration) -> bool:
    """Whether we may send the vendor requests now."""
    well = integration.needs_attention is None and integration.disconnected_at is None
    return well and integration.is_enabled


_ACCOUNT = and_(PersonAccount.integration_id == Ticket.integration_id, PersonAccount.person_id == ActionItem.owner_id)


def _joined(statement: Select[*tuple[Any, ...]]) -> Select[*tuple[Any, ...]]:
    """A statement about tickets with what :class:`TicketWork` holds beside each."""
    return (
        statement.join(ActionItem, ActionItem.id == Ticket.action_item_id)
        .join(Integration, Integration.id == Ticket.integration_id)
        .outerjoin(PersonAccount, _ACCOUNT)
        .outerjoin(Person, Person.id == ActionItem.owner_id)
    )


async def find_ticket_work_unscoped(session: AsyncSession, ticket_id: str, *, lock: bool = False) -> TicketWork | None:
    """None if the ticket is gone. With ``lock``, the item and the ticket are locked."""
    if lock:  # always in this order, as a join does not promise one
        item_id = select(Ticket.action_item_id).where(Ticket.id == ticket_id).scalar_subquery()
        await session.execute(select(ActionItem.id).where(ActionItem.id == item_id).with_for_update(key_share=True))
        await session.execute(select(Ticket.id).where(Ticket.id == ticket_id).with_for_update())
    statement = _joined(select(Ticket, ActionItem, Integration, PersonAccount.account, Person.name))
    statement = statement.where(Ticket.id == ticket_id)
    row = (await session.execute(statement.execution_options(populate_existing=True))).one_or_none()
    return _work_of(*row) if row is not None else None


_WORK_OF_ITEM = Prebuilt(
    _joined(
        select(
            *columns_of(Ticket),
            *columns_of(ActionItem),
            *columns_of(Integration),
            PersonAccount.account.label("account"),
            Person.name.label("name"),
        )
    )
    .where(Ticket.action_item_id == text_of("item_id"))
    .with_for_update(of=Ticket)
)


async def list_work_of_item_unscoped(session: AsyncSession, item_id: str) -> list[TicketWork]:
    """That of each ticket of an item which is locked already. Locks the tickets."""
    return [
        _work_of(
            read_row(session, Ticket, one),
            read_row(session, ActionItem, one),
            read_row(session, Integration, one),
            one["account"],
            one["name"],
        )
        for one in await _WORK_OF_ITEM.rows(session, item_id=item_id)
    ]


def _work_of(
    ticket: Ticket, item: ActionItem, integration: Integration, account: str | None, name: str | None
) -> TicketWork:
    return TicketWork(ticket, item, integration, account, name, read_projection(integration.projection or {}))


async def find_ticket_unscoped(session: AsyncSession, integration_id: str, external_id: str) -> Ticket | None:
    statement = select(Ticket).where(Ticket.integration_id == integration_id, Ticket.external_id == external_id)
    return (await session.execute(statement)).scalar_one_or_none()


async def destination_of(session: AsyncSession, item: ActionItem) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Teams and services of the item's postmortem, which say where its ticket goes."""
    teams = select(PostmortemTeam.team_id).where(PostmortemTeam.postmortem_id == item.postmortem_id)
    services = select(PostmortemService.service_id).where(PostmortemService.postmortem_id == item.postmortem_id)
    return tuple((await session.execute(teams)).scalars()), tuple((await session.execute(services)).scalars())


async def find_person_by_account(session: AsyncSession, integration_id: str, account: str) -> str | None:
    """The active person who has that account there."""
    statement = (
        select(Person.id)
        .join(PersonAccount, PersonAccount.person_id == Person.id)
        .where(PersonAccount.integration_id == integration_id, PersonAccount.account == account, Person.is_active)
    )
    return (await session.execute(statement)).scalar_one_or_none()


# Waiting to be pushed


_TICKETS_OF_ITEM = Prebuilt(
    select(*columns_of(Ticket), *columns_of(Integration), PersonAccount.account.label("account"))
    .join(ActionItem, ActionItem.id == Ticket.action_item_id)
    .join(Integration, Integration.id == Ticket.integration_id)
    .outerjoin(PersonAccount, _ACCOUNT)
    .where(Ticket.action_item_id == text_of("item_id"))
    .order_by(Ticket.created_at, Ticket.id)
)


async def list_tickets_of_item(session: AsyncSession, item_id: str) -> list[tuple[Ticket, Integration, str | None]]:
    """Each with its connection and the account that the item's owner has there."""
    return [
        (read_row(session, Ticket, one), read_row(session, Integration, one), one["account"])
        for one in await _TICKETS_OF_ITEM.rows(session, item_id=item_id)
    ]


async def postpone_push(session: AsyncSession, ticket_id: str) -> None:
    """Its connection is paused or in trouble: the push waits until it has recovered."""
    await session.execute(update(Ticket).where(Ticket.id == ticket_id).values(waits=True, tries=Ticket.tries + 1))


async def list_resumable_unscoped(session: AsyncSession, limit: int) -> list[tuple[str, str]]:
    """Tickets (id, item's id) that waited for a connection which is well now."""
    return [(ticket, item) for ticket, item in await _RESUMABLE.rows(session, limit=limit)]


_RESUMABLE = Prebuilt(
    select(Ticket.id, Ticket.action_item_id)
    .join(Integration, Integration.id == Ticket.integration_id)
    .where(
        Ticket.waits,
        Integration.needs_attention.is_(None),
        Integration.is_enabled,
        Integration.disconnected_at.is_(None),
    )
    .order_by(Ticket.created_at)
    .limit(number_of("limit"))
)


async def clear_waiting(session: AsyncSession, ticket_ids: Sequence[str]) -> None:
    await session.execute(update(Ticket).where(Ticket.id.in_(ticket_ids)).values(waits=False))


async def claim_stuck_unscoped(session: AsyncSession, created: datetime, checked: datetime, limit: int) -> list[str]:
    """Items whose ticket was requested before ``created`` and does not exist: their workflow may be lost.

    Marks them: the same one is returned again only once its mark is from before ``checked``."""
    stuck = [one["id"] for one in await _STUCK.rows(session, created=created, checked=checked, limit=limit)]
    if not stuck:
        return []
    marked = update(Ticket).where(Ticket.id.in_(stuck)).values(checked_at=func.now()).returning(Ticket.action_item_id)
    return list((await session.execute(marked)).scalars())


_STUCK = Prebuilt(
    select(Ticket.id)
    .where(
        Ticket.link_state == LinkState.PENDING.value,
        Ticket.created_at < instant_of("created"),
        ~Ticket.waits,
        or_(Ticket.checked_at.is_(None), Ticket.checked_at < instant_of("checked")),
    )
    .limit(number_of("limit"))
)


# Created and unlinked


def insert_ticket(
    session: AsyncSession,
    ticket_id: str,
    item: ActionItem,
    integration: Integration,
    now: datetime,
    *,
    pointer: str | None = None,
) -> Ticket:
    """One that is to be created in the tracker, or found there by ``pointer``."""
    ticket = Ticket(
        id=ticket_id,
        action_item_id=item.id,
        integration_id=integration.id,
        tracker=integration.kind,
        pointer=pointer,
        link_state=LinkState.PENDING.value,
        created_at=now,
    )
    session.add(ticket)
    return ticket


async def delete_tickets(session: AsyncSession, item_id: str, integration_id: str) -> None:
    mine = delete(Ticket).where(Ticket.action_item_id == item_id, Ticket.integration_id == integration_id)
    await session.execute(mine)


async def delete_ticket(session: AsyncSession, ticket_id: str) -> None:
    await session.execute(delete(Ticket).where(Ticket.id == ticket_id))


# Reconciliation


async def list_linked_unscoped(
    session: AsyncSession, integration_id: str, after: str, limit: int
) -> list[tuple[Ticket, ActionItem, str | None]]:
    """Linked tickets of a connection by id, in pages (those after the id ``after``), each with its action item and the
    account that the item's owner has there."""
    statement = (
        select(Ticket, ActionItem, PersonAccount.account)
        .join(ActionItem, ActionItem.id == Ticket.action_item_id)
        .outerjoin(PersonAccount, _ACCOUNT)
        .where(Ticket.integration_id == integration_id, Ticket.external_id.is_not(None), Ticket.id > after)
        .order_by(Ticket.id)
        .limit(limit)
    )
    return [(ticket, item, account) for ticket, item, account in (await session.execute(statement)).all()]


async def update_checked_at(session: AsyncSession, ticket_id: str, now: datetime) -> None:
    await session.execute(update(Ticket).where(Ticket.id == ticket_id).values(checked_at=now))
