"""Statements about webhook deliveries: each is stored as it came until it is handled."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from models.integration import WebhookDelivery


async def insert_delivery(
    session: AsyncSession,
    *,
    kind: str,
    integration_id: str | None,
    delivery_id: str,
    headers: Mapping[str, str],
    body: bytes,
    now: datetime,
) -> int | None:
    """The number of its row; None if it was received before."""
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
    return next(iter(await lock_deliveries_unscoped(session, [delivery])), None)


async def lock_deliveries_unscoped(session: AsyncSession, deliveries: Sequence[int]) -> list[WebhookDelivery]:
    """Those that are not handled yet, locked, in the order in which they came."""
    statement = (
        select(WebhookDelivery)
        .where(WebhookDelivery.id.in_(deliveries), WebhookDelivery.handled_at.is_(None))
        .order_by(WebhookDelivery.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return list((await session.execute(statement)).scalars())


async def list_pending_unscoped(session: AsyncSession, before: datetime, limit: int) -> list[WebhookDelivery]:
    """Deliveries received before that instant that are not handled yet, oldest first."""
    statement = (
        select(WebhookDelivery)
        .where(
            WebhookDelivery.handled_at.is_(None), WebhookDelivery.received_at < before, WebhookDelivery.attempts < 50
        )
        .order_by(WebhookDelivery.received_at)
        .limit(limit)
    )
    return list((await session.execute(statement)).scalars())


async def count_attempt(session: AsyncSession, delivery: int) -> bool:
    """False if it is being handled now, or has been."""
    free = select(WebhookDelivery.id).where(WebhookDelivery.id == delivery, WebhookDelivery.handled_at.is_(None))
    statement = update(WebhookDelivery).where(
        WebhookDelivery.id == free.with_for_update(skip_locked=True).scalar_subquery()
    )
    counted = await session.execute(
        statement.values(attempts=WebhookDelivery.attempts + 1).returning(WebhookDelivery.id)
    )
    return counted.scalar() is not None


async def settle_delivery(session: AsyncSession, delivery: int, result: str, now: datetime) -> None:
    await session.execute(
        update(WebhookDelivery)
        .where(WebhookDelivery.id == delivery, WebhookDelivery.handled_at.is_(None))
        .values(handled_at=now, result=result)
    )


async def reopen_delivery(session: AsyncSession, delivery: int) -> None:
    await session.execute(
        update(WebhookDelivery).where(WebhookDelivery.id == delivery).values(handled_at=None, result=None, attempts=0)
    )


async def delete_deliveries(session: AsyncSession, before: datetime, limit: int) -> int:
    """Drops deliveries that were settled before that instant, the oldest first; how many. Those not settled stay."""
    old = select(WebhookDelivery.id).where(WebhookDelivery.handled_at.is_not(None), WebhookDelivery.handled_at < before)
    batch = old.order_by(WebhookDelivery.handled_at).limit(limit).with_for_update(skip_locked=True)
    dropping = delete(WebhookDelivery).where(WebhookDelivery.id.in_(batch))
    return len((await session.execute(dropping.returning(WebhookDelivery.id))).all())


async def find_delivery_for_update(
    session: AsyncSession, integration_id: str | None, delivery_id: str | None
) -> WebhookDelivery | None:
    statement = select(WebhookDelivery).where(
        WebhookDelivery.integration_id == integration_id, WebhookDelivery.delivery_id == delivery_id
    )
    return (await session.execute(statement.with_for_update())).scalar_one_or_none()
