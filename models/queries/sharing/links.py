"""Rows of ``share_link``. The callers check who may read or write."""

from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from domain.errors import NotFound
from models.queries.pagination import Ask, Order, Page, fetch_page
from models.sharing import PublicSummary, ShareLink


async def list_links(session: AsyncSession, postmortem_id: str, ask: Ask) -> Page[ShareLink]:
    """Newest first, also those that no longer work."""
    statement = select(ShareLink).where(ShareLink.postmortem_id == postmortem_id)
    rows, cursor = await fetch_page(session, statement, Order("links", ShareLink.created_at, ShareLink.id), ask)
    return Page([row[0] for row in rows], cursor)


async def get_link(session: AsyncSession, postmortem_id: str, link_id: str) -> ShareLink:
    """Locked. Raises NotFound."""
    found = await session.get(ShareLink, link_id, with_for_update=True, populate_existing=True)
    if found is None or found.postmortem_id != postmortem_id:
        raise NotFound(kind="share link", id=link_id)
    return found


async def find_link(session: AsyncSession, link_id: str) -> ShareLink | None:
    return await session.get(ShareLink, link_id)


async def revoke_links(session: AsyncSession, postmortem_id: str, now: datetime) -> list[str]:
    """All that work, and takes the summary out of the feed; the ids of the links."""
    links = update(ShareLink).where(ShareLink.postmortem_id == postmortem_id, ShareLink.revoked_at.is_(None))
    summary = update(PublicSummary).where(PublicSummary.postmortem_id == postmortem_id, PublicSummary.listed)
    await session.execute(summary.values(listed=False, version=PublicSummary.version + 1))
    return list((await session.execute(links.values(revoked_at=now).returning(ShareLink.id))).scalars())


async def list_sealed_unscoped(session: AsyncSession, after: str, limit: int) -> list[ShareLink]:
    """Links whose address can be shown again, by id, locked."""
    statement = select(ShareLink).where(ShareLink.token_sealed.is_not(None), ShareLink.id > after)
    return list((await session.execute(statement.order_by(ShareLink.id).limit(limit).with_for_update())).scalars())
