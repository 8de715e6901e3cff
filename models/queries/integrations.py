"""Connections, webhook deliveries, and the sync log."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.errors import AmbiguousConnection, NotFound
from models.integration import Integration, SyncAttempt, WebhookDelivery
from models.queries.pages import Ask, Order, Page, fetch_page


async def get_integration(session: AsyncSession, integration_id: str, *, lock: bool = False) -> Integration:
    integration = await session.get(Integration, integration_id, with_for_update=lock, populate_existing=lock)
    if integration is None:
        raise NotFound(kind="integration", id=integration_id)
    return integration


async def find_integration(session: AsyncSession, integration_id: str) -> Integration | None:
    return await session.get(Integration, integration_id)


async def list_integrations(session: AsyncSession, ask: Ask) -> Page[Integration]:
    order = Order("integrations", Integration.created_at, Integration.id, False)
    rows, cursor = await fetch_page(session, select(Integration), order, ask)
    return Page([row[0] for row in rows], cursor)


async def find_by_kind(session: AsyncSession, kinds: Sequence[str]) -> list[Integration]:
    statement = select(Integration).where(Integration.kind.in_(kinds), Integration.is_enabled)
    return list((await session.execute(statement.order_by(Integration.created_at, Integration.id))).scalars())


async def get_one_of(session: AsyncSession, kinds: Sequence[str], integration_id: str | None) -> Integration:
    """The named connection, or the only one of these kinds. Raises NotFound or AmbiguousConnection."""
    found = await find_by_kind(session, kinds)
    if integration_id is not None:
        found = [one for one in found if one.id == integration_id]
    if not found:
        raise NotFound(kind="tracker connection", id=integration_id or "(none is set up)")
    if len(found) > 1:
        raise AmbiguousConnection(kind=" or ".join(sorted({one.kind for one in found})))
    return found[0]


async def get_connection(session: AsyncSession, kind: str, integration_id: str | None) -> Integration:
    """The named connection of that kind, or the only one. Raises NotFound or AmbiguousConnection."""
    if integration_id is not None:
        integration = await session.get(Integration, integration_id)
        if integration is None or integration.kind != kind or not integration.is_enabled:
            raise NotFound(kind=f"{kind} connection", id=integration_id)
        return integration
    found = await find_by_kind(session, [kind])
    if not found:
        raise NotFound(kind="connection", id=kind)
    if len(found) > 1:
        raise AmbiguousConnection(kind=kind)
    return found[0]


# Deliveries


async def record_delivery(
    session: AsyncSession,
    *,
    kind: str,
    integration_id: str | None,
    delivery_id: str,
    headers: Mapping[str, str],
    body: bytes,
    now: datetime,
) -> int | None:
    """Keeps a delivery; None where it came before."""
    statement = insert(WebhookDelivery).values(
        kind=kind,
        integration_id=integration_id,
        delivery_id=delivery_id,
        headers=dict(headers),
        body=body,
        received_at=now,
        attempts=0,
    )
    added = await session.execute(statement.on_conflict_do_nothing().returning(WebhookDelivery.id))
    return added.scalar_one_or_none()


async def lock_delivery_unscoped(session: AsyncSession, delivery: int) -> WebhookDelivery | None:
    """The delivery, locked; None where it is unknown or was handled."""
    statement = select(WebhookDelivery).where(WebhookDelivery.id == delivery, WebhookDelivery.handled_at.is_(None))
    return (await session.execute(statement.with_for_update().execution_options(populate_existing=True))).scalar()


async def list_pending_unscoped(session: AsyncSession, before: datetime, limit: int) -> list[WebhookDelivery]:
    """Deliveries received before that instant that nobody has handled, oldest first."""
    statement = (
        select(WebhookDelivery)
        .where(
            WebhookDelivery.handled_at.is_(None), WebhookDelivery.received_at < before, WebhookDelivery.attempts < 50
        )
        .order_by(WebhookDelivery.received_at)
        .limit(limit)
    )
    return list((await session.execute(statement)).scalars())


async def count_attempt(session: AsyncSession, delivery: int) -> None:
    await session.execute(
        update(WebhookDelivery).where(WebhookDelivery.id == delivery).values(attempts=WebhookDelivery.attempts + 1)
    )


async def settle_delivery(session: AsyncSession, delivery: int, result: str, now: datetime) -> None:
    await session.execute(
        update(WebhookDelivery)
        .where(WebhookDelivery.id == delivery, WebhookDelivery.handled_at.is_(None))
        .values(handled_at=now, result=result)
    )


# The sync log


def log_attempt(
    session: AsyncSession,
    integration_id: str | None,
    direction: str,
    operation: str,
    result: str,
    *,
    detail: str | None = None,
    action_item_id: str | None = None,
    delivery_id: str | None = None,
    at: datetime | None = None,
) -> None:
    """Adds a row in the caller's transaction. ``direction`` is IN or OUT."""
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
            **values,
        )
    )


async def list_attempts(session: AsyncSession, integration_id: str, ask: Ask) -> Page[SyncAttempt]:
    statement = select(SyncAttempt).where(SyncAttempt.integration_id == integration_id)
    rows, cursor = await fetch_page(
        session, statement, Order("attempts", SyncAttempt.id, SyncAttempt.id), ask, tie_type=int
    )
    return Page([row[0] for row in rows], cursor)
