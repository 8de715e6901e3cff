"""Statements about the sync log: every attempt in either direction."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.connections.health import ERRORS
from domain.errors import NotFound
from models.action_item import ActionItem, Ticket
from models.integration import SyncAttempt
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
    statement = select(SyncAttempt).where(SyncAttempt.integration_id == integration_id, *_conditions(filters))
    order = Order("attempts", SyncAttempt.id, SyncAttempt.id)
    rows, cursor = await fetch_page(session, statement, order, ask, tie_type=int)
    return Page([row[0] for row in rows], cursor)


def _conditions(filters: LogFilters) -> list[ColumnElement[bool]]:
    same = {
        SyncAttempt.direction: filters.direction,
        SyncAttempt.operation: filters.operation,
        SyncAttempt.result: filters.result,
        SyncAttempt.action_item_id: filters.action_item_id,
        SyncAttempt.delivery_id: filters.delivery_id,
    }
    conditions = [column == value for column, value in same.items() if value is not None]
    if filters.errors is not None:
        bad = SyncAttempt.result.in_(sorted(ERRORS))
        conditions.append(bad if filters.errors else ~bad)
    if filters.since is not None:
        conditions.append(SyncAttempt.at >= filters.since)
    if filters.until is not None:
        conditions.append(SyncAttempt.at < filters.until)
    return conditions


async def get_attempt(session: AsyncSession, integration_id: str, number: int) -> SyncAttempt:
    attempt = await session.get(SyncAttempt, number)
    if attempt is None or attempt.integration_id != integration_id:
        raise NotFound(kind="attempt", id=str(number))
    return attempt


async def find_ticket_for_update(
    session: AsyncSession, integration_id: str | None, item_id: str | None
) -> tuple[ActionItem, Ticket] | None:
    """The item's ticket in this connection; both are locked."""
    statement = (
        select(ActionItem, Ticket)
        .join(Ticket, Ticket.action_item_id == ActionItem.id)
        .where(Ticket.integration_id == integration_id, ActionItem.id == item_id)
        .with_for_update(key_share=True)
    )
    row = (await session.execute(statement)).one_or_none()
    return (row[0], row[1]) if row else None


def insert_attempt(
    session: AsyncSession,
    integration_id: str | None,
    direction: str,
    operation: str,
    result: str,
    *,
    detail: str | None = None,
    action_item_id: str | None = None,
    delivery_id: str | None = None,
    request_id: str | None = None,
    at: datetime | None = None,
) -> None:
    """Adds a row in the caller's transaction. ``direction`` is IN or OUT; ``request_id`` the vendor's own.

    A ``result`` of ``domain.connections.health.ERRORS`` counts against the connection's error budget.
    """
    values: dict[str, Any] = {"at": at} if at else {}
    session.add(
        SyncAttempt(
            integration_id=integration_id,
            direction=direction,
            operation=operation,
            result=result,
            detail=detail[:1000] if detail else None,
            action_item_id=action_item_id,
            delivery_id=delivery_id,
            request_id=request_id[:200] if request_id else None,
            **values,
        )
    )


async def delete_attempts(session: AsyncSession, before: datetime, limit: int) -> int:
    """Drops rows of the log from before that instant, the first ones first; how many. Looks at ``limit`` rows only:
    they are numbered as they come."""
    first = select(SyncAttempt.id).order_by(SyncAttempt.id).limit(limit).with_for_update(skip_locked=True)
    dropping = delete(SyncAttempt).where(SyncAttempt.id.in_(first), SyncAttempt.at < before)
    return len((await session.execute(dropping.returning(SyncAttempt.id))).all())
