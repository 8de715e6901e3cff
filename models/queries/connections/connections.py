"""Statements about connections to other systems."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import any_, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.errors import AmbiguousConnection, Disconnected, NotFound, WebhookNotWanted
from models.integration import Integration
from models.queries.pagination import Ask, Order, Page, fetch_page
from models.queries.prebuilt import Prebuilt, text_of, texts_of
from models.queries.rows import columns_of, read_row


async def get_integration(session: AsyncSession, integration_id: str, *, lock: bool = False) -> Integration:
    find = find_integration_for_update if lock else find_integration
    integration = await find(session, integration_id)
    if integration is None:
        raise NotFound(kind="integration", id=integration_id)
    return integration


async def is_in_use(session: AsyncSession, integration_id: str) -> bool:
    """Neither paused nor disconnected, as it is now."""
    statement = select(Integration.is_enabled & Integration.disconnected_at.is_(None))
    return bool((await session.execute(statement.where(Integration.id == integration_id))).scalar_one_or_none())


async def get_connected(session: AsyncSession, integration_id: str, *, lock: bool = False) -> Integration:
    """Like :func:`get_integration`, but raises Disconnected if it was disconnected. It may be paused."""
    integration = await get_integration(session, integration_id, lock=lock)
    if integration.disconnected_at is not None:
        raise Disconnected(id=integration_id)
    return integration


async def find_integration(session: AsyncSession, integration_id: str) -> Integration | None:
    return await session.get(Integration, integration_id)


async def connections_by_id(session: AsyncSession, integration_ids: Sequence[str]) -> dict[str, Integration]:
    if not integration_ids:
        return {}
    statement = select(Integration).where(Integration.id.in_(integration_ids))
    return {one.id: one for one in (await session.execute(statement)).scalars()}


async def list_integrations(session: AsyncSession, ask: Ask, *, disconnected: bool = False) -> Page[Integration]:
    """Oldest first: those in use, or those that were disconnected."""
    order = Order("integrations", Integration.created_at, Integration.id, False)
    is_disconnected = Integration.disconnected_at.is_not(None)
    rows, cursor = await fetch_page(
        session, select(Integration).where(is_disconnected if disconnected else ~is_disconnected), order, ask
    )
    return Page([row[0] for row in rows], cursor)


async def list_sealed_unscoped(session: AsyncSession, after: str, limit: int) -> list[Integration]:
    """Connections with credentials, by id, locked."""
    statement = select(Integration).where(Integration.secrets.is_not(None), Integration.id > after)
    statement = statement.order_by(Integration.id).limit(limit).with_for_update(key_share=True)
    return list((await session.execute(statement)).scalars())


async def list_by_kind(session: AsyncSession, kinds: Sequence[str]) -> list[Integration]:
    statement = select(Integration).where(Integration.kind.in_(kinds), Integration.is_enabled)
    return list((await session.execute(statement.order_by(Integration.created_at, Integration.id))).scalars())


async def names_by_kind(session: AsyncSession, kinds: Sequence[str]) -> dict[str, str]:
    """The names of :func:`list_by_kind`, by id."""
    return {row[0]: row[1] for row in await _NAMES.rows(session, kinds=list(kinds))}


_NAMES = Prebuilt(
    select(Integration.id, Integration.name)
    .where(Integration.kind == any_(texts_of("kinds")), Integration.is_enabled)
    .order_by(Integration.created_at, Integration.id)
)


async def names_of(session: AsyncSession, ids: Sequence[str]) -> dict[str, str]:
    statement = select(Integration.id, Integration.name).where(Integration.id.in_(ids))
    return {row[0]: row[1] for row in await session.execute(statement)}


async def get_only_tracker(session: AsyncSession, kinds: Sequence[str], integration_id: str | None) -> Integration:
    """The named connection, or the only one of these kinds. Raises NotFound or AmbiguousConnection."""
    found = await list_by_kind(session, kinds)
    if integration_id is not None:
        found = [one for one in found if one.id == integration_id]
    if not found:
        raise NotFound(kind="tracker connection", id=integration_id or "(none yet)")
    if len(found) > 1:
        raise AmbiguousConnection(kind=" or ".join(sorted({one.kind for one in found})))
    return found[0]


_BY_ID = Prebuilt(select(*columns_of(Integration)).where(Integration.id == text_of("id")))


async def get_connection(session: AsyncSession, kind: str, integration_id: str | None) -> Integration:
    """The named connection of that kind, also a paused one, or the only one that is not paused.

    Raises NotFound, AmbiguousConnection or WebhookNotWanted.
    """
    if integration_id is not None:
        record = await _BY_ID.row(session, id=integration_id)
        integration = None if record is None else read_row(session, Integration, record)
        if integration is None or integration.kind != kind:
            raise NotFound(kind=f"{kind} connection", id=integration_id)
        if integration.disconnected_at is not None:
            raise WebhookNotWanted(id=integration_id)
        return integration
    found = await list_by_kind(session, [kind])
    if not found:
        raise NotFound(kind="connection", id=kind)
    if len(found) > 1:
        raise AmbiguousConnection(kind=kind)
    return found[0]


async def find_not_known_to_work(
    session: AsyncSession, integration_id: str, team_id: str | None, *, lock: bool = False
) -> Integration | None:
    """The connection if it was never shown to work, or is in trouble: as a whole, or with this team's channel."""
    concerned = or_(Integration.attention_of.is_(None), Integration.attention_of == team_id)
    statement = select(Integration).where(
        Integration.id == integration_id,
        or_(Integration.troubled_at.is_not(None) & concerned, Integration.verified_at.is_(None)),
    )
    if lock:
        statement = statement.with_for_update(key_share=True).execution_options(populate_existing=True)
    return (await session.execute(statement)).scalar_one_or_none()


async def find_integration_for_update(session: AsyncSession, integration_id: str) -> Integration | None:
    """Rows that refer to it may be written meanwhile, here and wherever else a connection is locked. Otherwise, two
    transactions that have each written one, and then lock the connection, would wait for each other."""
    return await session.get(Integration, integration_id, with_for_update={"key_share": True}, populate_existing=True)


def insert_integration(session: AsyncSession, **values: Any) -> Integration:
    row = Integration(**values)
    session.add(row)
    return row
