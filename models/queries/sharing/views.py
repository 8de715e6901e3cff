"""How often links for outsiders were viewed."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import bindparam, func, update
from sqlalchemy.ext.asyncio import AsyncSession

from models.sharing import ShareLink


async def add_views(session: AsyncSession, views: Mapping[str, tuple[int, datetime]]) -> None:
    """How many more views each link had, and when the last of them was."""
    table = ShareLink.__table__
    statement = (
        update(table)  # type: ignore[arg-type]
        .where(table.c.id == bindparam("link"))
        .values(
            views=table.c.views + bindparam("more"),
            last_viewed_at=func.greatest(table.c.last_viewed_at, bindparam("at")),
        )
    )
    rows = [{"link": link, "more": count, "at": at} for link, (count, at) in sorted(views.items())]
    await (await session.connection()).execute(statement, rows)
