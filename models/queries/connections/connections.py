"""Connections, webhook deliveries, and the sync log."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import delete, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.errors import AmbiguousConnection, Disconnected, NotFound, WebhookNotWanted
from models.integration import Integration, SyncAttempt, WebhookDelivery
from models.queries.notifications.notices import notify
from models.queries.pagination import Ask, Order, Page, fetch_page
from models.queries.people.people import list_administrators


async def get_integration(session: AsyncSession, integration_id: str, *, lock: bool = False) -> Integration:
    integration = await session.get(Integration, integration_id, with_for_update=lock, populate_existing=lock)
    if integration is None:
        raise NotFound(kind="integration", id=integration_id)
    return integration


async def get_connected(session: AsyncSession, integration_id: str, *, lock: bool = False) -> Integration:
    """As :func:`get_integration`, also a paused one. Raises Disconnected where it was given up."""
    integration = await get_integration(session, integration_id, lock=lock)
    if integration.disconnected_at is not None:
        raise Disconnected(id=integration_id)
    return integration


async def find_integration(session: AsyncSession, integration_id: str) -> Integration | None:
    return await session.get(Integration, integration_id)


async def list_integrations(session: AsyncSession, ask: Ask, *, disconnected: bool = False) -> Page[Integration]:
    """Oldest first: those in use, or those that were given up."""
    order = Order("integrations", Integration.created_at, Integration.id, False)
    given_up = Integration.disconnected_at.is_not(None)
    rows, cursor = await fetch_page(
        session, select(Integration).where(given_up if disconnected else ~given_up), order, ask
    )
    return Page([row[0] for row in rows], cursor)


async def list_sealed_unscoped(session: AsyncSession, after: str, limit: int) -> list[Integration]:
    """Connections with credentials, by id, locked."""
    statement = select(Integration).where(Integration.secrets.is_not(None), Integration.id > after)
    return list((await session.execute(statement.order_by(Integration.id).limit(limit).with_for_update())).scalars())


async def find_by_kind(session: AsyncSession, kinds: Sequence[str]) -> list[Integration]:
    statement = select(Integration).where(Integration.kind.in_(kinds), Integration.is_enabled)
    return list((await session.execute(statement.order_by(Integration.created_at, Integration.id))).scalars())


async def get_one_of(session: AsyncSession, kinds: Sequence[str], integration_id: str | None) -> Integration:
    """The named connection, or the only one of these kinds. Raises NotFound or AmbiguousConnection."""
    found = await find_by_kind(session, kinds)
    if integration_id is not None:
        found = [one for one in found if one.id == integration_id]
    if not found:
        raise NotFound(kind="tracker connection", id=integration_id or "(none yet)")
    if len(found) > 1:
        raise AmbiguousConnection(kind=" or ".join(sorted({one.kind for one in found})))
    return found[0]


async def get_connection(session: AsyncSession, kind: str, integration_id: str | None) -> Integration:
    """The named connection of that kind, also a paused one, or the only one that is not paused.

    Raises NotFound, AmbiguousConnection or WebhookNotWanted.
    """
    if integration_id is not None:
        integration = await session.get(Integration, integration_id)
        if integration is None or integration.kind != kind:
            raise NotFound(kind=f"{kind} connection", id=integration_id)
        if integration.disconnected_at is not None:
            raise WebhookNotWanted(id=integration_id)
        return integration
    found = await find_by_kind(session, [kind])
    if not found:
        raise NotFound(kind="connection", id=kind)
    if len(found) > 1:
        raise AmbiguousConnection(kind=kind)
    return found[0]


# Trouble


async def note_trouble(
    session: AsyncSession, integration_id: str, why: str, now: datetime, *, team_id: str | None = None
) -> bool:
    """Marks the connection as needing attention, and tells an administrator once: until it is well again, or its
    credentials are renewed. True where it was not marked before. ``why`` is words for people, without credentials.
    ``team_id``: only that team's channel is shut; the whole connection's trouble goes before it.

    Locks the connection's row: call it last in a transaction that holds others.
    """
    row = await session.get(Integration, integration_id, with_for_update=True, populate_existing=True)
    if row is None or row.disconnected_at is not None:
        return False
    was_marked = row.needs_attention is not None
    is_worse = was_marked and row.attention_of is not None and team_id is None
    if was_marked and not is_worse:
        if row.attention_of == team_id:
            row.needs_attention = why[:1000]
        return False
    row.needs_attention, row.attention_of, row.troubled_at = why[:1000], team_id, now
    await _tell_administrator(session, row, "connection_needs_attention", now)
    return True


async def note_recovery(
    session: AsyncSession, integration_id: str, now: datetime, *, team_id: str | None = None
) -> bool:
    """After anything that the vendor let us do: the connection is well. Tells whoever was told of the trouble, where
    it was not well before. Cheap, and without a lock, where it was."""
    theirs = or_(Integration.attention_of.is_(None), Integration.attention_of == team_id)
    troubled = select(Integration).where(Integration.id == integration_id, Integration.troubled_at.is_not(None), theirs)
    if (await session.execute(select(troubled.exists()))).scalar_one() is False:
        return False
    held = troubled.with_for_update().execution_options(populate_existing=True)
    row = (await session.execute(held)).scalar_one_or_none()
    if row is None or row.troubled_at is None:
        return False
    await _tell_administrator(session, row, "connection_well_again", now)
    row.needs_attention = row.attention_of = row.troubled_at = None
    return True


async def _tell_administrator(session: AsyncSession, row: Integration, kind: str, now: datetime) -> None:
    """Whoever made the connection, if they are one still; else the longest-serving one."""
    known = await list_administrators(session)
    receivers = [row.created_by_id] if row.created_by_id in known else known[:1]
    since = row.troubled_at.isoformat() if row.troubled_at else ""
    await notify(session, receivers, kind, f"{row.id}:{kind}:{since}", at=now, integration_id=row.id)


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
    return next(iter(await lock_deliveries_unscoped(session, [delivery])), None)


async def lock_deliveries_unscoped(session: AsyncSession, deliveries: Sequence[int]) -> list[WebhookDelivery]:
    """Those that nobody has handled, locked, in the order in which they came."""
    statement = (
        select(WebhookDelivery)
        .where(WebhookDelivery.id.in_(deliveries), WebhookDelivery.handled_at.is_(None))
        .order_by(WebhookDelivery.id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return list((await session.execute(statement)).scalars())


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


async def count_attempt(session: AsyncSession, delivery: int) -> bool:
    """False where somebody handles it in this moment, or has."""
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


async def conclude_delivery(
    session: AsyncSession,
    integration_id: str | None,
    delivery: int,
    result: str,
    now: datetime,
    *,
    delivery_id: str,
    operation: str = "webhook",
    detail: str | None = None,
    action_item_id: str | None = None,
) -> None:
    """As :func:`settle_delivery`, and says so in the sync log."""
    await settle_delivery(session, delivery, result, now)
    log_attempt(
        session,
        integration_id,
        "IN",
        operation,
        result,
        detail=detail,
        action_item_id=action_item_id,
        delivery_id=delivery_id,
    )


async def reopen_delivery(session: AsyncSession, delivery: int) -> None:
    await session.execute(
        update(WebhookDelivery).where(WebhookDelivery.id == delivery).values(handled_at=None, result=None, attempts=0)
    )


async def forget_deliveries(session: AsyncSession, before: datetime, limit: int) -> int:
    """Drops deliveries that were settled before that instant, the oldest first; how many. Those not settled stay."""
    old = select(WebhookDelivery.id).where(WebhookDelivery.handled_at.is_not(None), WebhookDelivery.handled_at < before)
    batch = old.order_by(WebhookDelivery.handled_at).limit(limit).with_for_update(skip_locked=True)
    dropping = delete(WebhookDelivery).where(WebhookDelivery.id.in_(batch))
    return len((await session.execute(dropping.returning(WebhookDelivery.id))).all())


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
    request_id: str | None = None,
    at: datetime | None = None,
) -> None:
    """Adds a row in the caller's transaction. ``direction`` is IN or OUT; ``request_id`` the vendor's own.

    A ``result`` of ``domain.connections.ERRORS`` counts against the connection's error budget.
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


async def forget_attempts(session: AsyncSession, before: datetime, limit: int) -> int:
    """Drops rows of the log from before that instant, the first ones first; how many. Looks at ``limit`` rows only:
    they are numbered as they come."""
    first = select(SyncAttempt.id).order_by(SyncAttempt.id).limit(limit).with_for_update(skip_locked=True)
    dropping = delete(SyncAttempt).where(SyncAttempt.id.in_(first), SyncAttempt.at < before)
    return len((await session.execute(dropping.returning(SyncAttempt.id))).all())
