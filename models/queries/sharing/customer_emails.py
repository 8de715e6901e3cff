"""Rows of e-mails to customers. The callers check who may read or write."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import case, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from domain.errors import NotFound
from domain.sharing.mailing import MailState, RecipientState
from models.queries.pagination import Ask, Order, Page, fetch_page
from models.queries.prebuilt import without_workflow
from models.sharing import CustomerEmail, CustomerEmailRecipient, CustomerUnsubscribe

_ORDER = Order("customer-emails", CustomerEmail.created_at, CustomerEmail.id)
Recipient = CustomerEmailRecipient
QUEUED = Recipient.state == RecipientState.QUEUED.value


async def list_emails(session: AsyncSession, postmortem_id: str, ask: Ask) -> Page[CustomerEmail]:
    """Newest first."""
    statement = select(CustomerEmail).where(CustomerEmail.postmortem_id == postmortem_id)
    rows, cursor = await fetch_page(session, statement, _ORDER, ask)
    return Page([row[0] for row in rows], cursor)


async def get_email(session: AsyncSession, postmortem_id: str, email_id: str) -> CustomerEmail:
    """Raises NotFound."""
    statement = select(CustomerEmail).where(CustomerEmail.postmortem_id == postmortem_id, CustomerEmail.id == email_id)
    found = (await session.execute(statement)).scalar_one_or_none()
    if found is None:
        raise NotFound(kind="e-mail", id=email_id)
    return found


async def has_running(session: AsyncSession, postmortem_id: str) -> bool:
    running = CustomerEmail.state.in_([MailState.QUEUED.value, MailState.SENDING.value])
    statement = select(CustomerEmail.id).where(CustomerEmail.postmortem_id == postmortem_id, running)
    return (await session.execute(statement)).first() is not None


async def insert_email(session: AsyncSession, row: CustomerEmail, recipients: Sequence[Mapping[str, Any]]) -> None:
    session.add(row)
    await session.flush()
    await session.execute(insert(Recipient), [{"email_id": row.id, **one} for one in recipients])


async def list_recipients(session: AsyncSession, email_id: str) -> Sequence[CustomerEmailRecipient]:
    statement = select(Recipient).where(Recipient.email_id == email_id).order_by(Recipient.ordinal)
    return list((await session.execute(statement)).scalars())


async def count_states(session: AsyncSession, email_ids: Sequence[str]) -> dict[str, dict[str, int]]:
    """By e-mail and state."""
    statement = select(Recipient.email_id, Recipient.state, func.count()).where(Recipient.email_id.in_(email_ids))
    found: dict[str, dict[str, int]] = {}
    for email_id, state, count in await session.execute(statement.group_by(Recipient.email_id, Recipient.state)):
        found.setdefault(email_id, {})[state] = count
    return found


async def list_unsubscribed(session: AsyncSession, hashes: Sequence[bytes]) -> set[bytes]:
    statement = select(CustomerUnsubscribe.address_hash).where(CustomerUnsubscribe.address_hash.in_(hashes))
    return set((await session.execute(statement)).scalars())


# In the background


async def list_unstarted_unscoped(session: AsyncSession, limit: int) -> list[str]:
    return [one["id"] for one in await _UNSTARTED.rows(session, limit=limit)]


_UNSTARTED = without_workflow(CustomerEmail, CustomerEmail.created_at)


async def lock_email_unscoped(session: AsyncSession, email_id: str) -> CustomerEmail | None:
    statement = select(CustomerEmail).where(CustomerEmail.id == email_id).with_for_update()
    return (await session.execute(statement.execution_options(populate_existing=True))).scalar_one_or_none()


async def fail_unknown(session: AsyncSession, email_id: str, why: str, now: datetime) -> None:
    """Those that were being handed over when a process ended."""
    values = {"state": RecipientState.FAILED.value, "reason": why, "at": now}
    claimed = (Recipient.email_id == email_id, QUEUED, Recipient.claimed_at.is_not(None))
    await session.execute(update(Recipient).where(*claimed).values(**values))


async def list_queued(session: AsyncSession, email_id: str, limit: int) -> Sequence[CustomerEmailRecipient]:
    """Those that were put off least often first."""
    statement = select(Recipient).where(Recipient.email_id == email_id, QUEUED)
    ordered = statement.order_by(Recipient.tries, Recipient.ordinal).limit(limit)
    return list((await session.execute(ordered)).scalars())


async def update_recipient(session: AsyncSession, email_id: str, ordinal: int, **values: Any) -> bool:
    """False if it was settled meanwhile."""
    statement = update(Recipient).where(Recipient.email_id == email_id, Recipient.ordinal == ordinal, QUEUED)
    return bool((await session.execute(statement.values(**values).returning(Recipient.ordinal))).first())


async def settle_recipient(
    session: AsyncSession, email_id: str, ordinal: int, now: datetime, tries: int, values: Mapping[str, Any]
) -> None:
    """Without a state, the letter was put off; after so many ``tries`` it has failed."""
    if "state" not in values:
        is_last = Recipient.tries + 1 >= tries
        state = case((is_last, RecipientState.FAILED.value), else_=RecipientState.QUEUED.value)
        values = {**values, "tries": Recipient.tries + 1, "state": state}
    await update_recipient(session, email_id, ordinal, at=now, **values)


async def mark_bounced(
    session: AsyncSession, integration_id: str, email_id: str, ordinal: int, why: str, now: datetime
) -> bool:
    """False for a letter that this connection did not send, or that isn't known to be sent."""
    statement = update(Recipient).where(
        Recipient.email_id == email_id,
        Recipient.ordinal == ordinal,
        Recipient.integration_id == integration_id,
        Recipient.state == RecipientState.SENT.value,
    )
    values = {"state": RecipientState.BOUNCED.value, "reason": why, "at": now}
    return bool((await session.execute(statement.values(**values).returning(Recipient.ordinal))).first())


async def forget_addresses(session: AsyncSession, before: datetime, limit: int) -> int:
    """How many were removed."""
    old = select(Recipient.email_id, Recipient.ordinal).where(
        Recipient.address.is_not(None), Recipient.at < before, ~QUEUED
    )
    key = select(old.limit(limit).subquery())
    statement = update(Recipient).where(func.row(Recipient.email_id, Recipient.ordinal).in_(key))
    gone = await session.execute(
        statement.values(address=None).returning(Recipient.ordinal), execution_options={"synchronize_session": False}
    )
    return len(gone.all())


async def list_sealed_unscoped(
    session: AsyncSession, after: tuple[str, int], limit: int
) -> Sequence[CustomerEmailRecipient]:
    """Recipients with an address, in the order of their keys, locked."""
    key = func.row(Recipient.email_id, Recipient.ordinal)
    statement = select(Recipient).where(Recipient.address.is_not(None), key > func.row(*after))
    ordered = statement.order_by(Recipient.email_id, Recipient.ordinal).limit(limit)
    return list((await session.execute(ordered.with_for_update())).scalars())
