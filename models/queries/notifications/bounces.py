"""Statements about mail that came back after the mail server had accepted it."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from domain.notifications.timing import Outcome
from models.notification import ChannelAddress, Message, Voice
from models.record import Notice
from models.team import Team

RETURNS_WITHIN = timedelta(days=14)
"""Servers try for five days, most of them; what is older is no answer to a letter of ours."""
CLOCKS_DIFFER = timedelta(minutes=10)
"""By which a mail server's clock may be behind ours."""


async def find_bounced_unscoped(
    session: AsyncSession, integration_id: str, message_ids: Sequence[str], addresses: Sequence[str], at: datetime
) -> Message | None:
    """The message whose letter came back to this connection: by its id, also one whose sending is not recorded yet;
    else, where none is told, the last one that was sent to one of these addresses before ``at``. Locked."""
    if message_ids:
        statement = select(Message).where(Message.id.in_(message_ids))
        ours = (Message.integration_id == integration_id) | (Message.state == "WAITING")
        statement = statement.where(ours).order_by(Message.id)
    else:
        statement = select(Message).where(
            Message.integration_id == integration_id,
            func.lower(Message.address).in_(addresses),
            Message.state == "SENT",
            Message.sent_at.between(at - RETURNS_WITHIN, at + CLOCKS_DIFFER),
        )
        statement = statement.order_by(Message.sent_at.desc(), Message.id)
    held = statement.limit(1).with_for_update().execution_options(populate_existing=True)
    return (await session.execute(held)).scalar()


async def find_team(session: AsyncSession, receiver_id: str) -> Team | None:
    return await session.get(Team, receiver_id)


async def find_voice_for_update(session: AsyncSession, receiver_id: str) -> Voice | None:
    return await session.get(Voice, receiver_id, with_for_update=True, populate_existing=True)


async def find_address(session: AsyncSession, integration_id: str, person_id: str) -> ChannelAddress | None:
    return await session.get(ChannelAddress, (integration_id, person_id), populate_existing=True)


async def reopen_notices(session: AsyncSession, message_id: str) -> None:
    """The notices that this message delivered are to be delivered again."""
    delivered = update(Notice).where(Notice.message_id == message_id, Notice.outcome == Outcome.TOLD.value)
    await session.execute(delivered.values(settled_at=None, outcome=None, channel="inbox", is_heard=False))
