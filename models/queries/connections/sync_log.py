"""The sync log: reading it, and making an attempt again."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.access import Viewer
from domain.action_items.action_item import LinkState
from domain.connections import ERRORS
from domain.errors import NotFound, NothingToReplay
from models.action_item import ActionItem, Ticket
from models.integration import SyncAttempt, WebhookDelivery
from models.queries.audit.records import audit
from models.queries.connections.connections import log_attempt, reopen_delivery
from models.queries.pagination import Ask, Order, Page, fetch_page


@dataclass(frozen=True, slots=True)
class LogFilters:
    """Each None asks for everything. ``errors`` asks for what counts as one, or for all else."""

    direction: str | None = None
    operation: str | None = None
    result: str | None = None
    errors: bool | None = None
    action_item_id: str | None = None
    delivery_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None


async def list_attempts(session: AsyncSession, integration_id: str, filters: LogFilters, ask: Ask) -> Page[SyncAttempt]:
    """Newest first."""
    statement = select(SyncAttempt).where(SyncAttempt.integration_id == integration_id, *_asked(filters))
    order = Order("attempts", SyncAttempt.id, SyncAttempt.id)
    rows, cursor = await fetch_page(session, statement, order, ask, tie_type=int)
    return Page([row[0] for row in rows], cursor)


def _asked(filters: LogFilters) -> list[ColumnElement[bool]]:
    same = {
        SyncAttempt.direction: filters.direction,
        SyncAttempt.operation: filters.operation,
        SyncAttempt.result: filters.result,
        SyncAttempt.action_item_id: filters.action_item_id,
        SyncAttempt.delivery_id: filters.delivery_id,
    }
    asked = [column == value for column, value in same.items() if value is not None]
    if filters.errors is not None:
        bad = SyncAttempt.result.in_(sorted(ERRORS))
        asked.append(bad if filters.errors else ~bad)
    if filters.since is not None:
        asked.append(SyncAttempt.at >= filters.since)
    if filters.until is not None:
        asked.append(SyncAttempt.at < filters.until)
    return asked


async def get_attempt(session: AsyncSession, integration_id: str, number: int) -> SyncAttempt:
    attempt = await session.get(SyncAttempt, number)
    if attempt is None or attempt.integration_id != integration_id:
        raise NotFound(kind="attempt", id=str(number))
    return attempt


async def replay_in(session: AsyncSession, viewer: Viewer, attempt: SyncAttempt, now: datetime) -> WebhookDelivery:
    """The recorded delivery is open again; whoever drains deliveries handles it as if it had just come.

    Raises NothingToReplay.
    """
    statement = select(WebhookDelivery).where(
        WebhookDelivery.integration_id == attempt.integration_id, WebhookDelivery.delivery_id == attempt.delivery_id
    )
    delivery = (await session.execute(statement.with_for_update())).scalar_one_or_none()
    if delivery is None:
        raise NothingToReplay(number=attempt.id, why="its delivery is no longer stored.")
    await reopen_delivery(session, delivery.id)
    _note(session, viewer, attempt, now)
    return delivery


async def replay_out(session: AsyncSession, viewer: Viewer, attempt: SyncAttempt, now: datetime) -> str:
    """The item's ticket in this connection is to be written again; the item's id. Raises NothingToReplay."""
    statement = (
        select(ActionItem, Ticket)
        .join(Ticket, Ticket.action_item_id == ActionItem.id)
        .where(Ticket.integration_id == attempt.integration_id, ActionItem.id == attempt.action_item_id)
        .with_for_update()
    )
    row = (await session.execute(statement)).one_or_none()
    if row is None:
        raise NothingToReplay(number=attempt.id, why="the action item no longer has a ticket in this connection.")
    item, ticket = row
    if ticket.link_state == LinkState.REFUSED and ticket.external_id is None:
        ticket.link_state, ticket.detail = LinkState.PENDING.value, None
    ticket.looks_wanted += 1
    ticket.pushed = None  # as if it had been told nothing
    _note(session, viewer, attempt, now)
    return str(item.id)


def _note(session: AsyncSession, viewer: Viewer, attempt: SyncAttempt, now: datetime) -> None:
    told = {"attempt": attempt.id, "direction": attempt.direction, "operation": attempt.operation}
    audit(session, viewer, "sync.replayed", "integration", attempt.integration_id or "", after=told)
    log_attempt(
        session,
        attempt.integration_id,
        attempt.direction,
        "replay",
        "asked",
        detail=f"of attempt {attempt.id}",
        action_item_id=attempt.action_item_id,
        delivery_id=attempt.delivery_id,
        at=now,
    )
