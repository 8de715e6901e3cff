"""Mail that comes to the mailbox that we read: answers to invitations, and what bounced.

An answer is believed by the UID of its meeting and the address of its attendee, and by nothing else that it says.
"""

from datetime import datetime

import structlog

from application.connections.deliveries import (
    DeliveryReceipt,
    ReceivedWebhook,
    conclude_delivery,
    record_delivery,
)
from application.meetings.events import meeting_of_uid
from application.meetings.keeping import apply_response
from application.notifications.bounces import apply_recorded_bounce, receive_bounce
from domain.meetings.meeting import MeetingStatus
from integrations import registry
from integrations.bounce import MAIL, Bounce
from models.integration import WebhookDelivery
from models.queries.meetings import meetings
from models.session import Session

log = structlog.get_logger()


async def receive_mail(session: Session, webhook: ReceivedWebhook, mail: Bounce) -> DeliveryReceipt:
    """Records and applies it."""
    if not mail.answers:
        return await receive_bounce(session, webhook, mail)
    delivery = await record_delivery(session, webhook, mail.delivery_id, "paused" if webhook.is_paused else None)
    if delivery is None:
        return DeliveryReceipt("duplicate", mail.delivery_id)
    if webhook.is_paused:
        return DeliveryReceipt("ignored", mail.delivery_id)
    known = await _apply(session, mail, webhook.now)
    result = "answered" if known else "unknown"
    await conclude_delivery(
        session, webhook.connection().id, delivery, result, webhook.now, delivery_id=mail.delivery_id, detail=None
    )
    return DeliveryReceipt("accepted" if known else "ignored", mail.delivery_id)


async def apply_recorded_mail(session: Session, delivery: WebhookDelivery, now: datetime) -> None:
    """Like :func:`receive_mail`, from the recorded delivery."""
    mail = registry.bounce_reader(MAIL).parse(delivery.body, delivery.received_at)
    if mail.answers and delivery.integration_id is not None:
        result = "answered" if await _apply(session, mail, now) else "unknown"
        await conclude_delivery(
            session, delivery.integration_id, delivery.id, result, now, delivery_id=mail.delivery_id, detail=None
        )
        return
    await apply_recorded_bounce(session, delivery, now)


async def _apply(session: Session, mail: Bounce, now: datetime) -> bool:
    """Whether any of the answers is one to a meeting of ours that is still to come."""
    is_known = False
    for answer in mail.answers:
        meeting_id = meeting_of_uid(answer.uid)
        row = await meetings.lock_meeting_unscoped(session, meeting_id) if meeting_id else None
        if row is None or row.status != MeetingStatus.SCHEDULED.value:
            continue
        for one in (await meetings.list_attendees(session, [row.id]))[row.id]:
            if one.address == answer.address and one.removed_at is None:
                is_known = True
                await apply_response(session, row, one, answer.response, now)
    log.info("answer to an invitation", known=is_known)
    return is_known
