"""Statements about the pull requests that close or mention a ticket."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, or_
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from models.action_item import PullRequest
from models.base import derived_id


async def upsert_pull_request(
    session: AsyncSession, ticket_id: str, url: str, title: str, state: str, at: datetime | None, now: datetime
) -> None:
    """Writes what the vendor last said of it; older news is dropped."""
    values = {"title": title, "state": state, "seen_at": at}
    made = derived_id("pr", ticket_id, url)
    statement = insert(PullRequest).values(id=made, ticket_id=ticket_id, url=url, created_at=now, **values)
    older = or_(PullRequest.seen_at.is_(None), statement.excluded.seen_at.is_(None))
    newer = or_(older, PullRequest.seen_at <= statement.excluded.seen_at)
    await session.execute(
        statement.on_conflict_do_update(index_elements=["ticket_id", "url"], set_=values, where=newer)
    )


async def replace_pull_requests(
    session: AsyncSession, ticket_id: str, found: Sequence[tuple[str, str, str]], now: datetime
) -> None:
    """Replaces them by all that the vendor knows: (url, title, state)."""
    urls = [url for url, _, _ in found]
    await session.execute(delete(PullRequest).where(PullRequest.ticket_id == ticket_id, PullRequest.url.not_in(urls)))
    for url, title, state in found:
        await upsert_pull_request(session, ticket_id, url, title, state, None, now)
