"""Statements about webhook deliveries: each is stored as it came until it is handled."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, delete, exists, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from models.integration import WebhookDelivery
from models.queries.prebuilt import Prebuilt, instant_of, text_of
from models.queries.together import ChangedRow

ATTEMPTS_LIMIT = 50


_INSERT = Prebuilt(
    text(
        """
        insert into webhook_delivery
            (kind, integration_id, delivery_id, headers, body, received_at, attempts, result, handled_at)
        values (:kind, :integration_id, :delivery_id, cast(:headers as jsonb), :body, cast(:now as timestamptz), 0,
            cast(:result as text), case when cast(:result as text) is not null then cast(:now as timestamptz) end)
        on conflict do nothing
        returning id
        """
    )
)
_SETTLE = Prebuilt(
    text("update webhook_delivery set handled_at = :now, result = :result where id = :id and handled_at is null")
)


@dataclass(frozen=True, slots=True)
class NewDelivery:
    """A webhook as it came."""

    kind: str
    integration_id: str | None
    delivery_id: str
    headers: Mapping[str, str]
    body: bytes

    def values(self) -> dict[str, Any]:
        """By the names of its columns, JSON as text."""
        return {
            "kind": self.kind,
            "integration_id": self.integration_id,
            "delivery_id": self.delivery_id,
            "headers": json.dumps(dict(self.headers)),
            "body": bytes(self.body),
        }


async def insert_delivery(
    session: AsyncSession, new: NewDelivery, now: datetime, result: str | None = None
) -> int | None:
    """The number of its row; None if it was received before. With a result, it counts as handled."""
    added = await _INSERT.write(session, **new.values(), now=now, result=result)
    return added[0][0] if added else None


def settled_row(delivery: int, result: str) -> ChangedRow:
    """Another result for a delivery that was recorded as handled."""
    return ChangedRow(WebhookDelivery, {"id": delivery}, {"result": result})


async def lock_delivery_unscoped(session: AsyncSession, delivery: int) -> WebhookDelivery | None:
    """The delivery, locked; None if it is unknown, was handled, or is being handled now."""
    statement = select(WebhookDelivery).where(WebhookDelivery.id == delivery, WebhookDelivery.handled_at.is_(None))
    locked = statement.with_for_update(skip_locked=True).execution_options(populate_existing=True)
    return (await session.execute(locked)).scalar_one_or_none()


@dataclass(frozen=True, slots=True)
class PendingDelivery:
    """One that was received and is not handled. ``action_item_id`` is the item that it is about, if that is known."""

    number: int
    kind: str
    action_item_id: str | None


def _is_pending(before: Any, other_than: Any) -> tuple[ColumnElement[bool], ...]:
    return (
        WebhookDelivery.handled_at.is_(None),
        WebhookDelivery.received_at < before,
        WebhookDelivery.attempts < ATTEMPTS_LIMIT,
        WebhookDelivery.kind != other_than,
    )


async def claim_pending_unscoped(
    session: AsyncSession, before: datetime, limit: int, *, other_than: str
) -> list[PendingDelivery]:
    """Deliveries received before that instant that are not handled yet, oldest first, of any kind but that one. Each
    counts an attempt, and after fifty it is left alone. Skips what is being handled now."""
    if not (await _IS_ANY_PENDING.row(session, before=before, other_than=other_than))[0]:
        return []
    waiting = (
        select(WebhookDelivery.id)
        .where(*_is_pending(before, other_than))
        .order_by(WebhookDelivery.received_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    claiming = (
        update(WebhookDelivery)
        .where(WebhookDelivery.id.in_(waiting))
        .values(attempts=WebhookDelivery.attempts + 1)
        .returning(WebhookDelivery.id, WebhookDelivery.kind, WebhookDelivery.action_item_id)
        .execution_options(synchronize_session=False)
    )
    return sorted(
        (PendingDelivery(*row) for row in (await session.execute(claiming)).all()), key=lambda one: one.number
    )


_IS_ANY_PENDING = Prebuilt(select(exists().where(*_is_pending(instant_of("before"), text_of("other_than")))))


async def settle_delivery(session: AsyncSession, delivery: int, result: str, now: datetime) -> None:
    await _SETTLE.write(session, id=delivery, result=result, now=now)


async def reopen_delivery(session: AsyncSession, delivery: int) -> None:
    """It counts as not handled, and is read from its body again."""
    await session.execute(
        update(WebhookDelivery)
        .where(WebhookDelivery.id == delivery)
        .values(handled_at=None, result=None, attempts=0, action_item_id=None, news=None)
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
