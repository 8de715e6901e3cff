"""Letters that came back after the mail server had taken them: which message it was, and what follows."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from domain.notifications.timing import Outcome
from models.notification import ChannelAddress, Message, Voice
from models.person import Person
from models.queries.connections.connections import note_trouble
from models.queries.notifications.messages import keep_address
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


async def note_bounce(session: AsyncSession, message: Message, why: str, now: datetime) -> bool:
    """As a refusal by the server: a person is told by another way until it is tried again, beginning with this
    message; a team has no other way, and its channel is in trouble. False where they are reached elsewhere by now."""
    integration_id, address = message.integration_id, message.address
    if integration_id is None or address is None or message.sent_at is None:
        return False
    person = await session.get(Person, message.receiver_id)
    team = await session.get(Team, message.receiver_id)
    voice = await session.get(Voice, message.receiver_id, with_for_update=True, populate_existing=True)
    if person is not None:
        known = await session.get(ChannelAddress, (integration_id, person.id), populate_existing=True)
        if known is not None and known.refused_at is None and known.found_at > message.sent_at:
            return False
        await keep_address(session, integration_id, person.id, address, now, refused=why)
        await _tell_again(session, message, why)
    elif team is None or (team.channel_id, (team.channel_address or "").lower()) != (integration_id, address.lower()):
        return False
    if voice is not None:
        voice.unreachable_since, voice.unreachable_why = voice.unreachable_since or now, why[:500]
    if team is not None:
        await note_trouble(session, integration_id, why, now, team_id=team.id)
    return True


async def _tell_again(session: AsyncSession, message: Message, why: str) -> None:
    """It waits as it did before it was sent, and so do its notices."""
    message.state, message.sent_at, message.channel, message.detail = "WAITING", None, None, why
    message.integration_id = message.address = message.external_id = None
    told = update(Notice).where(Notice.message_id == message.id, Notice.outcome == Outcome.TOLD.value)
    await session.execute(told.values(settled_at=None, outcome=None, channel="inbox", is_heard=False))


def is_being_sent(message: Message) -> bool:
    """The letter came back before our record of its sending: not one that waits to be told again."""
    return message.state == "WAITING" and message.detail is None
