"""Statements about the health of connections: links by state, what is pending, how many attempts failed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.action_items.action_item import LinkState
from domain.connections.health import ERRORS, WINDOWS, Budget, Window
from models.action_item import Ticket
from models.integration import Integration, SyncAttempt, WebhookDelivery

HOURS = 48
"""How far the picture of attempts looks back."""


@dataclass(frozen=True, slots=True)
class Hour:
    """Attempts in the hour that begins at ``at``, and how many of them were errors."""

    at: datetime
    attempts: int
    errors: int


@dataclass(frozen=True, slots=True)
class Figures:
    """``links`` by state. ``pending_since`` is when the oldest pending link was requested, ``waiting_since`` when the
    oldest unhandled delivery was received."""

    links: Mapping[str, int] = field(default_factory=dict)
    pending_since: datetime | None = None
    waiting: int = 0
    waiting_since: datetime | None = None
    budget: Budget = field(default_factory=lambda: Budget(()))


async def figures_of(session: AsyncSession, integration_ids: Sequence[str], now: datetime) -> dict[str, Figures]:
    """Three statements, however many connections."""
    links = await _links(session, integration_ids)
    waiting = await _waiting(session, integration_ids)
    budgets = await _budgets(session, integration_ids, now)
    found = {}
    for one in integration_ids:
        states, pending_since = links.get(one, ({}, None))
        count, since = waiting.get(one, (0, None))
        found[one] = Figures(states, pending_since, count, since, budgets[one])
    return found


async def _links(
    session: AsyncSession, integration_ids: Sequence[str]
) -> dict[str, tuple[dict[str, int], datetime | None]]:
    statement = (
        select(Ticket.integration_id, Ticket.link_state, func.count(), func.min(Ticket.created_at))
        .where(Ticket.integration_id.in_(integration_ids))
        .group_by(Ticket.integration_id, Ticket.link_state)
    )
    found: dict[str, tuple[dict[str, int], datetime | None]] = {}
    for integration_id, state, count, oldest in (await session.execute(statement)).all():
        states, since = found.get(integration_id, ({}, None))
        states[state] = count
        found[integration_id] = (states, oldest if state == LinkState.PENDING.value else since)
    return found


async def _waiting(session: AsyncSession, integration_ids: Sequence[str]) -> dict[str, tuple[int, datetime]]:
    statement = (
        select(WebhookDelivery.integration_id, func.count(), func.min(WebhookDelivery.received_at))
        .where(WebhookDelivery.integration_id.in_(integration_ids), WebhookDelivery.handled_at.is_(None))
        .group_by(WebhookDelivery.integration_id)
    )
    return {str(row[0]): (row[1], row[2]) for row in (await session.execute(statement)).all()}


async def _budgets(session: AsyncSession, integration_ids: Sequence[str], now: datetime) -> dict[str, Budget]:
    bad = SyncAttempt.result.in_(sorted(ERRORS))
    columns = []
    for length in WINDOWS:
        recent = SyncAttempt.at > now - length
        columns += [func.count().filter(recent), func.count().filter(recent, bad)]
    statement = (
        select(SyncAttempt.integration_id, *columns)
        .where(SyncAttempt.integration_id.in_(integration_ids), SyncAttempt.at > now - WINDOWS[-1])
        .group_by(SyncAttempt.integration_id)
    )
    counted = {row[0]: row[1:] for row in (await session.execute(statement)).all()}
    nothing = (0,) * len(columns)
    return {
        one: Budget(
            [
                Window(int(length / timedelta(hours=1)), *counted.get(one, nothing)[2 * at : 2 * at + 2])
                for at, length in enumerate(WINDOWS)
            ]
        )
        for one in integration_ids
    }


async def hours_of(session: AsyncSession, integration_id: str, now: datetime) -> list[Hour]:
    """The last ``HOURS`` hours, oldest first, each one also where nothing was tried; the last is the one we are in."""
    last = now.replace(minute=0, second=0, microsecond=0)
    first = last - timedelta(hours=HOURS - 1)
    begins = func.date_trunc("hour", SyncAttempt.at, "UTC").label("begins")
    statement = (
        select(begins, func.count(), func.count().filter(SyncAttempt.result.in_(sorted(ERRORS))))
        .where(SyncAttempt.integration_id == integration_id, SyncAttempt.at >= first)
        .group_by(begins)
    )
    counted = {row[0]: (row[1], row[2]) for row in (await session.execute(statement)).all()}
    hours = [first + timedelta(hours=one) for one in range(HOURS)]
    return [Hour(one, *counted.get(one, (0, 0))) for one in hours]


async def list_connected_unscoped(session: AsyncSession, limit: int) -> list[Integration]:
    """Connections in use, paused ones too."""
    statement = select(Integration).where(Integration.disconnected_at.is_(None))
    return list((await session.execute(statement.order_by(Integration.id).limit(limit))).scalars())
