"""What a recorded webhook leads to: the same steps for the door that received it and for the drain that retries."""

from collections.abc import Sequence
from datetime import datetime

import structlog

from domain.errors import AddressGone, MalformedWebhook
from domain.incidents.incident import IncidentReport
from integrations import registry
from integrations.bounce import MAIL, Bounce
from integrations.ticket import News, PullRequestEvent, TicketEvent
from models.integration import WebhookDelivery
from models.keyring import Keyring
from models.queries.connections import connections
from models.queries.incidents import incidents
from models.queries.notifications import bounces
from models.queries.tickets import tickets
from models.session import Session

log = structlog.get_logger()


async def find_item_of(session: Session, keyring: Keyring, delivery: WebhookDelivery) -> str | None:
    """The action item whose ticket a tracker's delivery is about."""
    event = await _event(session, keyring, delivery)
    if not isinstance(event, TicketEvent) or delivery.integration_id is None:
        return None
    ticket = await tickets.find_ticket_unscoped(session, delivery.integration_id, event.ref.external_id)
    return ticket.action_item_id if ticket else None


async def keep_pull_request(session: Session, keyring: Keyring, delivery: WebhookDelivery, now: datetime) -> bool:
    """Whether the delivery was about a pull request; then it is handled now."""
    event = await _event(session, keyring, delivery)
    if not isinstance(event, PullRequestEvent) or delivery.integration_id is None:
        return False
    await apply_pull_request(session, delivery.integration_id, event, delivery.id, now)
    return True


async def _event(session: Session, keyring: Keyring, delivery: WebhookDelivery) -> News | None:
    """The one event that this row stands for."""
    if delivery.integration_id is None:
        return None
    integration = await connections.get_integration(session, delivery.integration_id)
    with registry.connect(integration.kind, integration.config, keyring.open(integration.secrets)) as tracker:
        try:
            news = tracker.parse_webhook(delivery.headers, delivery.body)
        except MalformedWebhook:
            return None
    return next((one for one in news if one.delivery_id == delivery.delivery_id), None)


async def apply_pull_request(
    session: Session, integration_id: str, event: PullRequestEvent, delivery: int, now: datetime
) -> str:
    """On each ticket that it closes or mentions. It completes nothing: the ticket's own closing does."""
    found = await tickets.find_named_unscoped(session, integration_id, event.tickets)
    request = event.pull_request
    for ticket in found:
        await tickets.keep_pull_request(
            session, ticket.id, request.url, request.title, request.state.value, event.at, now
        )
    result = f"pull request {request.state.value}" if found else "unlinked"
    item_id = found[0].action_item_id if found else None
    await connections.conclude_delivery(
        session, integration_id, delivery, result, now, delivery_id=event.delivery_id, action_item_id=item_id
    )
    return result


async def apply_delivery(session: Session, delivery: WebhookDelivery) -> list[str]:
    """As :func:`apply_reports`, from what was recorded."""
    source = registry.incident_source(delivery.kind)
    parsed = source.parse(delivery.headers, delivery.body, delivery.received_at)
    return await apply_reports(session, delivery.kind, parsed.reports, delivery.received_at)


async def apply_reports(
    session: Session, kind: str, reports: Sequence[IncidentReport], received_at: datetime
) -> list[str]:
    """Takes an incident source's reports in; the postmortems that this opened or refreshed.

    Locks are taken in one order by everybody, so that two deliveries never wait for each other.
    """
    touched: list[str] = []
    if len(reports) > 1:
        await incidents.lock_all(session, reports, received_at)
    for report in sorted(reports, key=lambda one: (one.source, one.external_id, one.occurred_at)):
        received = await incidents.receive(session, None, report, received_at, origin=kind)
        if received.postmortem_id:
            touched.append(received.postmortem_id)
            log.info(
                "incident requires a postmortem",
                incident_id=received.incident.id,
                postmortem_id=received.postmortem_id,
                opened=received.opened,
            )
    return touched


async def apply_bounce(session: Session, integration_id: str, bounce: Bounce, delivery: int, now: datetime) -> str:
    """What came of a mail that came back: ``bounced``; ``delayed`` and ``ignored``, which say that nothing was given
    up; ``unknown``, no letter of this connection's; ``late``, they are reached elsewhere by now; ``early``, where the
    letter is not recorded as sent yet, and the drain looks again."""
    result, message = "delayed" if bounce.is_delayed else "ignored", None
    if bounce.failed:
        message = await bounces.find_bounced_unscoped(
            session, integration_id, bounce.message_ids, bounce.failed, bounce.at
        )
        result = "unknown"
    if message is not None and bounces.is_being_sent(message):
        return "early"
    if message is not None and message.state == "SENT":
        words = bounce.words or "the letter came back."
        why = AddressGone(channel=registry.notifier(MAIL).label, address=message.address or "", detail=words)
        result = "bounced" if await bounces.note_bounce(session, message, str(why), now) else "late"
    detail = f"message {message.id}: {bounce.words}" if message else None
    await connections.conclude_delivery(
        session, integration_id, delivery, result, now, delivery_id=bounce.delivery_id, detail=detail
    )
    log.info("mail came back", result=result, message_id=message.id if message else None)
    return result


async def apply_returned(session: Session, delivery: WebhookDelivery, now: datetime) -> None:
    """As :func:`apply_bounce`, from what was recorded."""
    if delivery.integration_id is not None:
        bounce = registry.bounce_reader(MAIL).parse(delivery.body, delivery.received_at)
        await apply_bounce(session, delivery.integration_id, bounce, delivery.id, now)
