"""E-mails that bounced after the mail server had accepted them, and what follows."""

from datetime import datetime

from models.notification import Message
from models.queries.connections.connections import note_trouble
from models.queries.notifications import addresses, notices, receivers
from models.queries.people import people, teams
from models.session import Session


async def record_bounce(session: Session, message: Message, why: str, now: datetime) -> bool:
    """Treats the bounce as a refusal by the server. False if the receiver is reached elsewhere by now.

    A person gets the message in another way until the address is tried again, beginning with this message. A team has
    no other way, so its channel needs attention.
    """
    integration_id, address = message.integration_id, message.address
    if integration_id is None or address is None or message.sent_at is None:
        return False
    person = await people.find_person(session, message.receiver_id)
    team = await teams.find_team(session, message.receiver_id)
    state = await receivers.find_state(session, message.receiver_id, for_update=True)
    if person is not None:
        known = await addresses.find_address(session, integration_id, person.id)
        if known is not None and known.refused_at is None and known.found_at > message.sent_at:
            return False
        await addresses.upsert_address(session, integration_id, person.id, address, now, refused=why)
        await _send_again(session, message, why)
    elif team is None or (team.channel_id, (team.channel_address or "").lower()) != (integration_id, address.lower()):
        return False
    if state is not None:
        state.unreachable_since, state.unreachable_why = state.unreachable_since or now, why[:500]
    if team is not None:
        await note_trouble(session, integration_id, why, now, team_id=team.id)
    return True


async def _send_again(session: Session, message: Message, why: str) -> None:
    """The message and its notices are pending again, as before it was sent."""
    message.state, message.sent_at, message.channel, message.detail = "WAITING", None, None, why
    message.integration_id = message.address = message.external_id = None
    await notices.unsettle_sent(session, message.id)


def is_being_sent(message: Message) -> bool:
    """The bounce arrived before the sending was recorded. A message that already came back does not count."""
    return message.state == "WAITING" and message.detail is None
