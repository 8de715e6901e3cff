"""E-mails that bounced after the mail server had accepted them, and what follows."""

from datetime import datetime

import structlog

from application.connections.deliveries import (
    DeliveryReceipt,
    ReceivedWebhook,
    conclude_delivery,
    record_delivery,
)
from application.notifications.connection_trouble import record_trouble
from domain.errors import AddressGone
from integrations import registry
from integrations.bounce import MAIL, Bounce
from models.integration import WebhookDelivery
from models.notification import Message
from models.queries.notifications import addresses, messages, notices, receivers
from models.queries.people import people, teams
from models.queries.sharing import customer_emails
from models.session import Session

log = structlog.get_logger()


async def receive_bounce(session: Session, webhook: ReceivedWebhook, bounce: Bounce) -> DeliveryReceipt:
    """Records and applies mail that came back to the connection's return address."""
    integration = webhook.connection()
    delivery = await record_delivery(session, webhook, bounce.delivery_id, "paused" if webhook.is_paused else None)
    if delivery is None:
        return DeliveryReceipt("duplicate", bounce.delivery_id)
    if webhook.is_paused:
        return DeliveryReceipt("ignored", bounce.delivery_id)
    result = await apply_bounce(session, integration.id, bounce, delivery, webhook.now)
    return DeliveryReceipt("accepted" if result in {"bounced", "early"} else "ignored", bounce.delivery_id)


async def apply_bounce(session: Session, integration_id: str, bounce: Bounce, delivery: int, now: datetime) -> str:
    """Applies mail that came back, and returns the result.

    ``bounced``; ``delayed`` or ``ignored`` if the server did not give up; ``unknown`` if it was not this connection's
    mail; ``late`` if they have another address by now; ``early`` if it is not recorded as sent yet: then the worker
    applies the delivery later.
    """
    result, message = "delayed" if bounce.is_delayed else "ignored", None
    if bounce.failed:
        message = await messages.find_bounced_unscoped(
            session, integration_id, bounce.message_ids, bounce.failed, bounce.at
        )
        result = "unknown"
    if message is not None and _is_being_sent(message):
        return "early"
    if bounce.failed and await _bounced_at_customer(session, integration_id, bounce, now):
        result = "bounced"
    if message is not None and message.state == "SENT":
        words = bounce.words or "the e-mail was returned."
        why = AddressGone(channel=registry.notifier(MAIL).label, address=message.address or "", detail=words)
        result = "bounced" if await _record(session, message, str(why), now) else "late"
    detail = f"message {message.id}: {bounce.words}" if message else None
    await conclude_delivery(
        session, integration_id, delivery, result, now, delivery_id=bounce.delivery_id, detail=detail
    )
    log.info("mail came back", result=result, message_id=message.id if message else None)
    return result


async def _bounced_at_customer(session: Session, integration_id: str, bounce: Bounce, now: datetime) -> bool:
    """Whether it is an e-mail to a customer that came back, by the id of the letter."""
    for one in bounce.message_ids:
        email_id, dot, ordinal = one.partition(".")
        if dot and ordinal.isdigit():
            words = bounce.words or "The e-mail was returned."
            if await customer_emails.mark_bounced(session, integration_id, email_id, int(ordinal), words, now):
                return True
    return False


async def apply_recorded_bounce(session: Session, delivery: WebhookDelivery, now: datetime) -> None:
    """Like :func:`apply_bounce`, from the recorded delivery."""
    if delivery.integration_id is not None:
        bounce = registry.bounce_reader(MAIL).parse(delivery.body, delivery.received_at)
        await apply_bounce(session, delivery.integration_id, bounce, delivery.id, now)


async def _record(session: Session, message: Message, why: str, now: datetime) -> bool:
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
        await record_trouble(session, integration_id, why, now, team_id=team.id)
    return True


async def _send_again(session: Session, message: Message, why: str) -> None:
    """The message and its notices are pending again, as before it was sent."""
    message.state, message.sent_at, message.channel, message.detail = "WAITING", None, None, why
    message.integration_id = message.address = message.external_id = None
    await notices.unsettle_sent(session, message.id)


def _is_being_sent(message: Message) -> bool:
    """The bounce arrived before the sending was recorded. A message that already came back does not count."""
    return message.state == "WAITING" and message.detail is None
