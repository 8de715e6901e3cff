"""SQL about the recorded requests of a chat."""

from datetime import datetime

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from models.integration import WebhookDelivery
from models.queries.prebuilt import Prebuilt, instant_of, number_of, text_of


async def find_delivery(session: AsyncSession, delivery: int) -> WebhookDelivery | None:
    return await session.get(WebhookDelivery, delivery, populate_existing=True)


async def list_pending_unscoped(session: AsyncSession, kind: str, before: datetime, limit: int) -> list[int]:
    """Unanswered requests received before that instant, oldest first."""
    return [one["id"] for one in await _PENDING.rows(session, kind=kind, before=before, limit=limit)]


_PENDING = Prebuilt(
    select(WebhookDelivery.id)
    .where(
        WebhookDelivery.kind == text_of("kind"),
        WebhookDelivery.handled_at.is_(None),
        WebhookDelivery.received_at < instant_of("before"),
    )
    .order_by(WebhookDelivery.received_at)
    .limit(number_of("limit"))
)


async def settle_stale(session: AsyncSession, kind: str, before: datetime, now: datetime) -> None:
    """Give up requests that were not answered in time."""
    statement = update(WebhookDelivery).where(
        WebhookDelivery.kind == kind, WebhookDelivery.handled_at.is_(None), WebhookDelivery.received_at < before
    )
    await session.execute(statement.values(handled_at=now, result="too late"))


async def forget_old(session: AsyncSession, kind: str, before: datetime) -> None:
    """Drop the text of answered requests; that they were received stays on record."""
    statement = update(WebhookDelivery).where(
        WebhookDelivery.kind == kind,
        WebhookDelivery.handled_at.is_not(None),
        WebhookDelivery.received_at < before,
        func.length(WebhookDelivery.body) > 0,
    )
    await session.execute(statement.values(body=b""))
