"""Statements about our account and webhook at a vendor, and about when a connection is reconciled."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import any_, or_, select, type_coerce, update
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.ext.asyncio import AsyncSession

from models.integration import Integration
from models.queries.prebuilt import Prebuilt, texts_of


async def update_handshake_deadline(
    session: AsyncSession, integration_id: str, until: datetime | None, secrets: bytes | None = None
) -> None:
    """Answers the vendor's handshakes until then; None ends that. ``secrets`` replaces the sealed credentials."""
    values: dict[str, Any] = {"registering_until": until} | ({"secrets": secrets} if secrets is not None else {})
    await session.execute(update(Integration).where(Integration.id == integration_id).values(**values))


async def update_registration(
    session: AsyncSession, integration_id: str, registration: Mapping[str, str | None] | None
) -> None:
    """Our webhook at the vendor, as stored (``id``, ``expiresAt``), or None if there is none."""
    kept = dict(registration) if registration else None
    statement = update(Integration).where(Integration.id == integration_id)
    await session.execute(statement.values(registration=kept, registering_until=None))


async def update_config(session: AsyncSession, integration_id: str, settled: Mapping[str, Any]) -> None:
    """Settings that the vendor completed or corrected; the others stay."""
    if settled:
        config = Integration.config.op("||")(type_coerce(dict(settled), JSONB))
        statement = update(Integration).where(Integration.id == integration_id, Integration.config != config)
        await session.execute(statement.values(config=config))


async def update_account(session: AsyncSession, integration_id: str, account: str) -> None:
    """The account that we act as."""
    other = or_(Integration.account.is_(None), Integration.account != account)
    await session.execute(update(Integration).where(Integration.id == integration_id, other).values(account=account))


async def add_healed(session: AsyncSession, integration_id: str, times: int) -> None:
    statement = update(Integration).where(Integration.id == integration_id)
    await session.execute(statement.values(healed=Integration.healed + times))


async def update_last_reconciled_at(session: AsyncSession, integration_id: str, now: datetime) -> None:
    await session.execute(update(Integration).where(Integration.id == integration_id).values(last_reconciled_at=now))


async def list_trackers_unscoped(session: AsyncSession, kinds: Collection[str]) -> list[tuple[str, str, bool]]:
    """Connected trackers: id, kind, and whether they are enabled."""
    return [(one, kind, enabled) for one, kind, enabled in await _TRACKERS.rows(session, kinds=list(kinds))]


_TRACKERS = Prebuilt(
    select(Integration.id, Integration.kind, Integration.is_enabled).where(
        Integration.kind == any_(texts_of("kinds")), Integration.disconnected_at.is_(None)
    )
)


async def list_reconciliation_requests_unscoped(
    session: AsyncSession, kinds: Collection[str]
) -> list[tuple[str, str, datetime]]:
    """Connections to trackers that are to be reconciled at once, those that wait longest first: id, kind, and since
    when. A paused one waits until it is enabled."""
    return [(one, kind, since) for one, kind, since in await _REQUESTS.rows(session, kinds=list(kinds))]


_REQUESTS = Prebuilt(
    select(Integration.id, Integration.kind, Integration.look_wanted_at)
    .where(
        Integration.look_wanted_at.is_not(None),
        Integration.kind == any_(texts_of("kinds")),
        Integration.is_enabled,
        Integration.disconnected_at.is_(None),
    )
    .order_by(Integration.look_wanted_at)
)


async def clear_reconciliation_request(session: AsyncSession, integration_id: str, since: datetime) -> None:
    """Unless another one was requested in the meantime."""
    row = update(Integration).where(Integration.id == integration_id, Integration.look_wanted_at == since)
    await session.execute(row.values(look_wanted_at=None))


async def update_verified_at(session: AsyncSession, integration_id: str, now: datetime) -> None:
    """The first time that the vendor accepted a request."""
    unknown = (Integration.id == integration_id) & Integration.verified_at.is_(None)
    await session.execute(update(Integration).where(unknown).values(verified_at=now))
