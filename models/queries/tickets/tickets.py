"""Tickets: what both sides say, what waits to be written, and what was taken in. Locks: item, ticket, connection."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import and_, delete, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.action_items.action_item import LinkState
from domain.errors import NotFound, TicketExists
from domain.postmortems.snapshots import TicketToPush
from domain.tickets.merge import Agreed
from domain.tickets.projection import Projection, TicketField, read_projection
from models.account import PersonAccount
from models.action_item import ActionItem, PullRequest, Ticket
from models.base import derived_id
from models.integration import Integration
from models.person import Person
from models.postmortem import PostmortemService, PostmortemTeam
from models.queries.connections.connections import get_integration
from models.queries.sync_state import ours_of, read_base, read_told, told_of

ALIVE = frozenset({LinkState.OK.value, LinkState.MOVED.value, LinkState.REFUSED.value})
"""Links whose ticket we may write to."""
REPLACEABLE = frozenset({LinkState.DELETED.value, LinkState.FORBIDDEN.value})
"""Links whose owner may ask for another ticket."""


# One ticket


@dataclass(frozen=True, slots=True)
class TicketWork:
    """Everything that writing one ticket needs, read in one transaction. ``account`` is the owner's there."""

    ticket: Ticket
    item: ActionItem
    integration: Integration
    account: str | None
    owner_name: str | None
    projection: Projection

    @property
    def ours(self) -> dict[TicketField, str | None]:
        return ours_of(self.item, self.account)

    @property
    def may_speak(self) -> bool:
        return may_speak(self.integration)


def may_speak(integration: Integration) -> bool:
    """Whether the vendor is to be asked for anything now."""
    well = integration.needs_attention is None and integration.disconnected_at is None
    return well and integration.is_enabled


_ACCOUNT = and_(PersonAccount.integration_id == Ticket.integration_id, PersonAccount.person_id == ActionItem.owner_id)


async def get_ticket_work_unscoped(session: AsyncSession, ticket_id: str, *, lock: bool = False) -> TicketWork | None:
    """None where the ticket, and so its work, is gone. With ``lock`` the item and the ticket are held."""
    if lock:  # always in this order, as a join does not promise one
        item_id = select(Ticket.action_item_id).where(Ticket.id == ticket_id).scalar_subquery()
        await session.execute(select(ActionItem.id).where(ActionItem.id == item_id).with_for_update())
        await session.execute(select(Ticket.id).where(Ticket.id == ticket_id).with_for_update())
    statement = (
        select(Ticket, ActionItem, Integration, PersonAccount.account, Person.name)
        .join(ActionItem, ActionItem.id == Ticket.action_item_id)
        .join(Integration, Integration.id == Ticket.integration_id)
        .outerjoin(PersonAccount, _ACCOUNT)
        .outerjoin(Person, Person.id == ActionItem.owner_id)
        .where(Ticket.id == ticket_id)
    )
    row = (await session.execute(statement.execution_options(populate_existing=True))).one_or_none()
    if row is None:
        return None
    ticket, item, integration, account, name = row
    return TicketWork(ticket, item, integration, account, name, read_projection(integration.projection or {}))


async def find_ticket_unscoped(session: AsyncSession, integration_id: str, external_id: str) -> Ticket | None:
    statement = select(Ticket).where(Ticket.integration_id == integration_id, Ticket.external_id == external_id)
    return (await session.execute(statement)).scalar_one_or_none()


async def find_named_unscoped(session: AsyncSession, integration_id: str, names: Collection[str]) -> list[Ticket]:
    """Tickets with one of these keys or external ids."""
    named = or_(Ticket.key.in_(names), Ticket.external_id.in_(names))
    statement = select(Ticket).where(Ticket.integration_id == integration_id, named).order_by(Ticket.id)
    return list((await session.execute(statement)).scalars())


async def destination_of(session: AsyncSession, item: ActionItem) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Teams and services of the item's postmortem, which say where its ticket goes."""
    teams = select(PostmortemTeam.team_id).where(PostmortemTeam.postmortem_id == item.postmortem_id)
    services = select(PostmortemService.service_id).where(PostmortemService.postmortem_id == item.postmortem_id)
    return tuple((await session.execute(teams)).scalars()), tuple((await session.execute(services)).scalars())


async def find_person_of(session: AsyncSession, integration_id: str, account: str) -> str | None:
    """The active person who has that account there."""
    statement = (
        select(Person.id)
        .join(PersonAccount, PersonAccount.person_id == Person.id)
        .where(PersonAccount.integration_id == integration_id, PersonAccount.account == account, Person.is_active)
    )
    return (await session.execute(statement)).scalar_one_or_none()


# What waits to be written


async def list_pushes(session: AsyncSession, item: ActionItem) -> list[TicketToPush]:
    """What the item's workflow has to see to. What has to wait for its connection is marked, and left out."""
    if not item.tickets:
        return []
    statement = (
        select(Ticket, Integration, PersonAccount.account)
        .join(ActionItem, ActionItem.id == Ticket.action_item_id)
        .join(Integration, Integration.id == Ticket.integration_id)
        .outerjoin(PersonAccount, _ACCOUNT)
        .where(Ticket.action_item_id == item.id)
        .order_by(Ticket.created_at, Ticket.id)
    )
    found: list[TicketToPush] = []
    for ticket, integration, account in (await session.execute(statement)).all():
        if not _is_due(ticket, item, account):
            continue
        if not may_speak(integration):
            ticket.waits = True
            continue
        revision = f"{item.version}.{ticket.looks_wanted}.{ticket.tries}"
        found.append(TicketToPush(ticket.id, ticket.tracker, revision, creates=ticket.external_id is None))
    return found


def _is_due(ticket: Ticket, item: ActionItem, account: str | None) -> bool:
    if ticket.link_state == LinkState.PENDING or ticket.looks_wanted > ticket.looks_done:
        return True
    return ticket.link_state in ALIVE and read_told(ticket) != told_of(item, account)


async def put_off(session: AsyncSession, ticket_id: str) -> None:
    """Its connection is paused or in trouble: the write waits until it is well."""
    await session.execute(update(Ticket).where(Ticket.id == ticket_id).values(waits=True, tries=Ticket.tries + 1))


async def list_resumable_unscoped(session: AsyncSession, limit: int) -> list[tuple[str, str]]:
    """Tickets (id, item's id) that waited for a connection which is well now."""
    well = and_(Integration.needs_attention.is_(None), Integration.is_enabled, Integration.disconnected_at.is_(None))
    statement = (
        select(Ticket.id, Ticket.action_item_id)
        .join(Integration, Integration.id == Ticket.integration_id)
        .where(Ticket.waits, well)
        .order_by(Ticket.created_at)
        .limit(limit)
    )
    return [(ticket, item) for ticket, item in (await session.execute(statement)).all()]


async def note_resumed(session: AsyncSession, ticket_ids: Sequence[str]) -> None:
    await session.execute(update(Ticket).where(Ticket.id.in_(ticket_ids)).values(waits=False))


async def nudge_stuck_unscoped(session: AsyncSession, made: datetime, nudged: datetime, limit: int) -> list[str]:
    """Items whose ticket was asked for before ``made`` and is not there: their workflow may be lost. Marks them, so
    that the same one is told again only once that was before ``nudged``."""
    late = or_(Ticket.checked_at.is_(None), Ticket.checked_at < nudged)
    stuck = (
        select(Ticket.id)
        .where(Ticket.link_state == LinkState.PENDING.value, Ticket.created_at < made, ~Ticket.waits, late)
        .limit(limit)
    )
    marked = update(Ticket).where(Ticket.id.in_(stuck)).values(checked_at=func.now()).returning(Ticket.action_item_id)
    return list((await session.execute(marked)).scalars())


# Asked for and dropped


def check_no_ticket(tickets: Iterable[Ticket], integration_id: str | None) -> None:
    """Raises TicketExists, unless the one that is there is dead or never came to be."""
    for ticket in tickets:
        if ticket.integration_id == integration_id and not _is_replaceable(ticket):
            raise TicketExists(key=ticket.key or ticket.id)


def _is_replaceable(ticket: Ticket) -> bool:
    failed = ticket.link_state == LinkState.REFUSED and ticket.external_id is None
    return failed or ticket.link_state in REPLACEABLE


async def add_ticket(
    session: AsyncSession, item: ActionItem, integration_id: str, pointer: str | None, request_id: str, now: datetime
) -> Ticket:
    """A ticket to be made, or found by ``pointer``, instead of one that is dead. Its id, and so its marker, is new."""
    integration = await get_integration(session, integration_id)
    if integration.disconnected_at is not None:
        raise NotFound(kind="tracker connection", id=integration_id)
    await session.execute(
        delete(Ticket).where(Ticket.action_item_id == item.id, Ticket.integration_id == integration.id)
    )
    ticket = Ticket(
        id=derived_id("tkt", item.id, integration.id, request_id),
        action_item_id=item.id,
        integration_id=integration.id,
        tracker=integration.kind,
        pointer=pointer,
        link_state=LinkState.PENDING.value,
        created_at=now,
    )
    session.add(ticket)
    return ticket


async def drop_ticket(session: AsyncSession, ticket: Ticket) -> None:
    await session.execute(delete(Ticket).where(Ticket.id == ticket.id))


# Reconciliation


@dataclass(frozen=True, slots=True)
class Linked:
    """What reconciliation compares: ids, and whether our own side is still to be written."""

    id: str
    action_item_id: str
    external_id: str
    key: str
    link_state: str
    seen_at: datetime | None
    checked_at: datetime | None
    base: Mapping[TicketField, Agreed]
    is_due: bool


async def list_linked_unscoped(session: AsyncSession, integration_id: str, after: str, limit: int) -> list[Linked]:
    """Linked tickets of a connection by id, in pages: those after the id ``after``."""
    statement = (
        select(Ticket, ActionItem, PersonAccount.account)
        .join(ActionItem, ActionItem.id == Ticket.action_item_id)
        .outerjoin(PersonAccount, _ACCOUNT)
        .where(Ticket.integration_id == integration_id, Ticket.external_id.is_not(None), Ticket.id > after)
        .order_by(Ticket.id)
        .limit(limit)
    )
    return [
        Linked(
            ticket.id,
            ticket.action_item_id,
            ticket.external_id or "",
            ticket.key or "",
            ticket.link_state,
            ticket.seen_at,
            ticket.checked_at,
            read_base(ticket).fields,
            _is_due(ticket, item, account),
        )
        for ticket, item, account in (await session.execute(statement)).all()
    ]


async def tell_items(session: AsyncSession, item_ids: Collection[str]) -> None:
    """Their workflows are to look at their rows: the outbox, which a sweep empties every few seconds."""
    await session.execute(update(ActionItem).where(ActionItem.id.in_(item_ids)).values(workflow_started=False))


async def note_checked(session: AsyncSession, ticket_id: str, now: datetime) -> None:
    await session.execute(update(Ticket).where(Ticket.id == ticket_id).values(checked_at=now))


# Pull requests


async def keep_pull_request(
    session: AsyncSession, ticket_id: str, url: str, title: str, state: str, at: datetime | None, now: datetime
) -> None:
    """As the newest news of it says."""
    values = {"title": title, "state": state, "seen_at": at}
    made = derived_id("pr", ticket_id, url)
    statement = insert(PullRequest).values(id=made, ticket_id=ticket_id, url=url, created_at=now, **values)
    older = or_(PullRequest.seen_at.is_(None), statement.excluded.seen_at.is_(None))
    newer = or_(older, PullRequest.seen_at <= statement.excluded.seen_at)
    await session.execute(
        statement.on_conflict_do_update(index_elements=["ticket_id", "url"], set_=values, where=newer)
    )


async def keep_pull_requests(
    session: AsyncSession, ticket_id: str, found: Sequence[tuple[str, str, str]], now: datetime
) -> None:
    """All that the vendor tells of (url, title, state); what it tells no more is forgotten."""
    known = [url for url, _, _ in found]
    await session.execute(delete(PullRequest).where(PullRequest.ticket_id == ticket_id, PullRequest.url.not_in(known)))
    for url, title, state in found:
        await keep_pull_request(session, ticket_id, url, title, state, None, now)


# A connection's account and webhook


async def open_registration(
    session: AsyncSession, integration_id: str, until: datetime | None, secrets: bytes | None = None
) -> None:
    """Handshakes are answered until then; None ends it. ``secrets``, sealed, where the webhook needs a new one."""
    values: dict[str, Any] = {"registering_until": until} | ({"secrets": secrets} if secrets is not None else {})
    await session.execute(update(Integration).where(Integration.id == integration_id).values(**values))


async def keep_registration(
    session: AsyncSession, integration_id: str, registration: Mapping[str, str | None] | None
) -> None:
    """Our webhook at the vendor (``id``, ``expiresAt``), or that there is none."""
    kept = dict(registration) if registration else None
    statement = update(Integration).where(Integration.id == integration_id)
    await session.execute(statement.values(registration=kept, registering_until=None))


async def keep_account(session: AsyncSession, integration_id: str, account: str) -> None:
    """Whom we act as there."""
    other = or_(Integration.account.is_(None), Integration.account != account)
    await session.execute(update(Integration).where(Integration.id == integration_id, other).values(account=account))


async def note_webhook(session: AsyncSession, integration_id: str, now: datetime, before: datetime) -> None:
    """That the vendor spoke to us; not for each webhook of many: only where the last was before ``before``."""
    late = or_(Integration.last_webhook_at.is_(None), Integration.last_webhook_at < before)
    found = select(Integration.id).where(Integration.id == integration_id, late).with_for_update(skip_locked=True)
    statement = update(Integration).where(Integration.id == found.scalar_subquery())
    await session.execute(statement.values(last_webhook_at=now))


async def count_healed(session: AsyncSession, integration_id: str, times: int) -> None:
    statement = update(Integration).where(Integration.id == integration_id)
    await session.execute(statement.values(healed=Integration.healed + times))


async def note_reconciled(session: AsyncSession, integration_id: str, now: datetime) -> None:
    await session.execute(update(Integration).where(Integration.id == integration_id).values(last_reconciled_at=now))


async def list_connections_unscoped(session: AsyncSession, kinds: Collection[str]) -> list[tuple[str, str, bool]]:
    """Connections to trackers that were not given up: id, kind, and whether they are to be reconciled."""
    statement = select(Integration.id, Integration.kind, Integration.is_enabled).where(
        Integration.kind.in_(kinds), Integration.disconnected_at.is_(None)
    )
    return [(one, kind, enabled) for one, kind, enabled in (await session.execute(statement)).all()]


async def list_wanting_look_unscoped(session: AsyncSession, kinds: Collection[str]) -> list[tuple[str, str, datetime]]:
    """Connections to trackers that are to be reconciled at once, those that wait longest first: id, kind, and since
    when. A paused one waits until it goes on."""
    statement = select(Integration.id, Integration.kind, Integration.look_wanted_at).where(
        Integration.look_wanted_at.is_not(None),
        Integration.kind.in_(kinds),
        Integration.is_enabled,
        Integration.disconnected_at.is_(None),
    )
    found = await session.execute(statement.order_by(Integration.look_wanted_at))
    return [(one, kind, since) for one, kind, since in found.all() if since is not None]


async def note_looked(session: AsyncSession, integration_id: str, since: datetime) -> None:
    """Unless it was wanted once more meanwhile."""
    row = update(Integration).where(Integration.id == integration_id, Integration.look_wanted_at == since)
    await session.execute(row.values(look_wanted_at=None))
