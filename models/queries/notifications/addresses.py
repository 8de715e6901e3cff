"""Where people and teams are reached: connections that deliver messages, and each person's address in them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import and_, exists, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.notifications.timing import Outcome
from models.integration import Integration, PersonAccount
from models.notification import ChannelAddress, Message, Notice


async def find_connection(session: AsyncSession, integration_id: str) -> Integration | None:
    return await session.get(Integration, integration_id)


async def list_connections_of_person(
    session: AsyncSession, person_id: str, kinds: Sequence[str]
) -> list[tuple[Integration, ChannelAddress | None, str | None]]:
    """Enabled connections of these kinds, with the person's address and linked account in each, oldest first."""
    known = and_(ChannelAddress.integration_id == Integration.id, ChannelAddress.person_id == person_id)
    account = and_(PersonAccount.integration_id == Integration.id, PersonAccount.person_id == person_id)
    statement = select(Integration, ChannelAddress, PersonAccount.account).outerjoin(ChannelAddress, known)
    statement = statement.outerjoin(PersonAccount, account).where(Integration.kind.in_(kinds), Integration.is_enabled)
    rows = (await session.execute(statement.order_by(Integration.created_at, Integration.id))).all()
    return [(row[0], row[1], row[2]) for row in rows]


async def has_connection(session: AsyncSession, kinds: Sequence[str]) -> bool:
    """Whether any enabled connection of these kinds exists."""
    statement = select(Integration.id).where(Integration.kind.in_(kinds), Integration.is_enabled).limit(1)
    return (await session.execute(statement)).scalar() is not None


async def find_thread(
    session: AsyncSession, integration_id: str, address: str | None, postmortem_id: str
) -> str | None:
    """The last message at that address that was only about this postmortem and started a thread.

    Weekly summaries do not count.
    """
    sent = (Notice.message_id == Message.id, Notice.outcome == Outcome.TOLD.value)
    about_others = exists().where(*sent, Notice.postmortem_id.is_distinct_from(postmortem_id))
    statement = (
        select(Message.external_id)
        .where(Message.integration_id == integration_id, Message.address == address)
        .where(Message.state == "SENT", Message.external_id.is_not(None), Message.thread.is_(None))
        .where(Message.id.in_(select(Notice.message_id).where(*sent[1:], Notice.postmortem_id == postmortem_id)))
        .where(~about_others)
        .order_by(Message.sent_at.desc(), Message.id)
        .limit(1)
    )
    return (await session.execute(statement)).scalar_one_or_none()


async def find_address(session: AsyncSession, integration_id: str, person_id: str) -> ChannelAddress | None:
    return await session.get(ChannelAddress, (integration_id, person_id), populate_existing=True)


async def upsert_address(
    session: AsyncSession, integration_id: str, person_id: str, address: str, now: datetime, refused: str | None = None
) -> None:
    """Stores the person's address; ``refused`` says why it does not work, and then a known address stays as it is."""
    values: dict[str, Any] = {
        "address": address,
        "found_at": now,
        "refused_at": now if refused else None,
        "detail": refused[:500] if refused else None,
    }
    statement = insert(ChannelAddress).values(
        integration_id=integration_id, person_id=person_id, is_chosen=False, **values
    )
    keys = ["integration_id", "person_id"]
    if refused:
        values.pop("address")
    await session.execute(statement.on_conflict_do_update(index_elements=keys, set_=values))


async def list_refusals(session: AsyncSession, person_id: str, since: datetime) -> list[str]:
    """Why the person's addresses in enabled connections have not worked since then."""
    statement = select(ChannelAddress.detail).join(Integration, Integration.id == ChannelAddress.integration_id)
    statement = statement.where(ChannelAddress.person_id == person_id, Integration.is_enabled)
    statement = statement.where(ChannelAddress.refused_at > since, ChannelAddress.detail.is_not(None))
    return [one for one in (await session.execute(statement.order_by(ChannelAddress.refused_at))).scalars() if one]


async def clear_refusals(session: AsyncSession, person_id: str) -> None:
    """Every address of the person is tried again."""
    statement = update(ChannelAddress).where(ChannelAddress.person_id == person_id)
    await session.execute(statement.values(refused_at=None, detail=None))
