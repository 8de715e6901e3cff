"""What visitors write: how often links were viewed, and who wants no more e-mail."""

from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import bindparam, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from models.sharing import CustomerEmailRecipient, CustomerUnsubscribe, ShareLink


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


async def insert_unsubscribe(session: AsyncSession, email_id: str, ordinal: int) -> bool:
    """Of the customer who got that letter. False if there is none."""
    recipient = CustomerEmailRecipient
    known = select(recipient.address_hash).where(recipient.email_id == email_id, recipient.ordinal == ordinal)
    found = (await session.execute(known)).scalar_one_or_none()
    if found is None:
        return False
    await session.execute(insert(CustomerUnsubscribe).values(address_hash=found).on_conflict_do_nothing())
    return True
