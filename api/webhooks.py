"""Webhooks in: verify, record once, and hand on. Answers in milliseconds; nothing is applied twice.

200 what we know and do not use, or had before; 202 recorded; 400 not the vendor's shape; 401 a signature that is
missing or wrong; 404 no such source or connection; 410 a connection that was given up; 413 too long. What a paused
connection is sent is verified, kept and not used (200). An incident is applied in the transaction that
records its delivery, and so is mail that came back; news of a ticket is signalled to its action item. Whatever fails
after that is repeated by the worker's drain.
"""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from api.chat import slack
from api.errors import documented
from api.request_context import Parts, bearer
from application.access.tokens import check_token
from application.connections.deliveries import conclude_delivery
from application.incidents.deliveries import apply_reports
from application.notifications.bounces import apply_bounce
from application.tickets.deliveries import apply_pull_request
from domain import access
from domain.access import OrganizationVerb
from domain.errors import BadSignature, DomainError, MalformedWebhook, NotAllowed, NotFound, NotSignedIn, ScopeMissing
from integrations import registry
from integrations.bounce import MAIL
from integrations.slack.settings import KIND as SLACK
from integrations.ticket import News, PullRequestEvent
from integrations.tracker import Handshake, Tracker
from models.integration import Integration
from models.queries.connections import connections, registrations
from models.queries.connections.deliveries import insert_delivery, settle_delivery
from models.queries.tickets import tickets
from models.session import Session

log = structlog.get_logger()

router = APIRouter(prefix="/api/webhooks", tags=["webhooks"])

HEARD_LATELY = timedelta(seconds=5)
"""When a connection was last heard is noted no more often."""
SECRETIVE = ("signature", "token", "secret", "auth", "cookie")
"""Headers whose names hold one of these are never kept: who has one may speak for the vendor."""
KEPT_LIMIT = 60


class Receipt(BaseModel):
    """``status`` is accepted, duplicate, or ignored."""

    status: str
    deliveryId: str  # noqa: N815 - the wire's name


@dataclass(slots=True)
class Arrival:
    parts: Parts
    session: Session
    kind: str
    integration: Integration | None
    headers: dict[str, str]
    body: bytes
    now: datetime
    delivery_id: str = ""
    news: Sequence[News] = ()
    """Of a tracker's webhook; none for an event that we do not use."""
    handshake: Handshake | None = None


ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {"model": Receipt, "description": "The event isn't used, or was received before"},
    **documented(400, 401, 403, 404, 405, 409, 410, 413, 422, 503),
}
BODY = {
    "requestBody": {
        "description": "As the vendor sends it; its signature is checked over these bytes.",
        "content": {"application/json": {"schema": {}}, "message/rfc822": {"schema": {}}},
    }
}


@router.post("/{source}", status_code=202, response_model=Receipt, responses=ANSWERS, openapi_extra=BODY)
async def receive(request: Request, source: str) -> Response:
    """Receives a webhook if there is only one connection of this kind."""
    return await _receive(request, source, None)


@router.post(
    "/{source}/{integration_id}", status_code=202, response_model=Receipt, responses=ANSWERS, openapi_extra=BODY
)
async def receive_for(request: Request, source: str, integration_id: str) -> Response:
    """Receives a webhook at a connection's own ``webhookUrl``."""
    return await _receive(request, source, integration_id)


async def _receive(request: Request, source: str, integration_id: str | None) -> Response:
    if source == SLACK:
        return await slack.receive(request, integration_id)
    parts: Parts = request.app.state.parts
    is_tracker = source in registry.tracker_kinds()
    if not is_tracker and source != MAIL and source not in registry.incident_source_kinds():
        raise NotFound(kind="webhook source", id=source[:60])
    body = await request.body()
    headers = {name.lower(): value for name, value in request.headers.items()}
    touched: list[str] = []
    told: list[tuple[str, int]] = []
    async with parts.deliveries.turn(), parts.sessions.begin() as session:
        arrival = Arrival(parts, session, source, None, headers, body, datetime.now(UTC))
        try:
            arrival.integration = await _authentic(arrival, integration_id)
        except (BadSignature, MalformedWebhook) as refusal:
            log.warning("webhook refused", source=source, reason=str(refusal), delivery_id=_told_id(arrival))
            raise
        if arrival.handshake is not None:
            return JSONResponse({"status": "accepted", "deliveryId": ""}, 200, dict(arrival.handshake.headers))
        if source == MAIL:
            receipt = await _from_mail(arrival)
        else:
            receipt = await (_from_tracker(arrival, told) if is_tracker else _from_source(arrival, touched))
    for postmortem_id in touched:
        await parts.dispatch.start_postmortem(postmortem_id)
    for item_id, delivery in told:
        await parts.dispatch.signal_ticket_event(item_id, delivery)
    return JSONResponse(receipt.model_dump(), 202 if receipt.status == "accepted" else 200)


async def _authentic(arrival: Arrival, integration_id: str | None) -> Integration | None:
    """The connection whose secret signed this; None for a generic report that came with an API token."""
    if arrival.kind == "generic" and integration_id is None and "authorization" in arrival.headers:
        await _check_token(arrival)
        return None
    integration = await connections.get_connection(arrival.session, arrival.kind, integration_id)
    secrets = arrival.parts.keyring.open(integration.secrets)
    if arrival.kind in registry.tracker_kinds():
        with registry.connect(arrival.kind, integration.config, secrets) as tracker:
            if await _is_handshake(arrival, integration, tracker):
                return integration
            tracker.verify_webhook(arrival.headers, arrival.body, arrival.now)
            arrival.delivery_id = tracker.delivery_id(arrival.headers, arrival.body)
            arrival.news = tracker.parse_webhook(arrival.headers, arrival.body)
    else:
        keys = [one.strip() for one in str(secrets.get("webhookSecret") or "").split(",")]
        source = registry.bounce_reader(MAIL) if arrival.kind == MAIL else registry.incident_source(arrival.kind)
        source.verify(arrival.headers, arrival.body, keys)
    return integration


async def _is_handshake(arrival: Arrival, integration: Integration, tracker: Tracker) -> bool:
    """The vendor's question whether we want its webhooks, answered only while a registration of ours is open. Its
    secret is kept; while an older webhook of ours lives, that one's too."""
    if integration.registering_until is None or integration.registering_until < arrival.now:
        return False
    arrival.handshake = tracker.handshake(arrival.headers, arrival.body)
    if arrival.handshake is None:
        return False
    keyring = arrival.parts.keyring
    held = await connections.get_integration(arrival.session, integration.id, lock=True)
    secrets = keyring.open(held.secrets)
    older = str(secrets.get("webhookSecret") or "").split(",")[:1] if held.registration else []
    kept = [arrival.handshake.secret, *(one.strip() for one in older if one.strip())]
    held.secrets = keyring.seal({**secrets, "webhookSecret": ",".join(dict.fromkeys(kept))})
    log.info("webhook handshake answered", source=arrival.kind, integration_id=integration.id)
    return True


async def _check_token(arrival: Arrival) -> None:
    token = bearer(arrival.headers.get("authorization", ""))
    signed_in = await check_token(arrival.session, token, arrival.now, "api")
    if signed_in is None:
        raise NotSignedIn()
    if not {"write", "admin"} & signed_in.viewer.scopes:
        raise ScopeMissing(scope="write")
    if not access.may_in_organization(OrganizationVerb.REPORT, access.organization_relations(signed_in.viewer)):
        raise NotAllowed(action="report incidents", who="a responder or an administrator")


async def _from_tracker(arrival: Arrival, told: list[tuple[str, int]]) -> Receipt:
    """News of tickets: each is recorded here, and applied by its action item's workflow."""
    integration = arrival.integration
    if integration is None:
        raise NotFound(kind="connection", id=arrival.kind)
    lately = arrival.now - HEARD_LATELY
    if integration.last_webhook_at is None or integration.last_webhook_at < lately:
        await registrations.update_last_webhook_at(arrival.session, integration.id, arrival.now, lately)
    if not arrival.news:
        delivery = await _record(arrival, arrival.delivery_id)
        if delivery is None:
            return Receipt(status="duplicate", deliveryId=arrival.delivery_id)
        await _settle(arrival, delivery, "ignored", arrival.delivery_id)
        return Receipt(status="ignored", deliveryId=arrival.delivery_id)
    statuses = {await _take(arrival, integration.id, one, told) for one in arrival.news}
    status = next(one for one in ("accepted", "ignored", "duplicate") if one in statuses)
    only = arrival.news[0].delivery_id if len(arrival.news) == 1 else arrival.delivery_id
    return Receipt(status=status, deliveryId=only)


async def _take(arrival: Arrival, integration_id: str, event: News, told: list[tuple[str, int]]) -> str:
    """One event of a delivery: accepted, ignored, or a duplicate."""
    delivery = await _record(arrival, event.delivery_id)
    if delivery is None:
        return "duplicate"
    if arrival.integration is None or not arrival.integration.is_enabled:
        await _settle(arrival, delivery, "paused", event.delivery_id)
        return "ignored"
    if isinstance(event, PullRequestEvent):
        result = await apply_pull_request(arrival.session, integration_id, event, delivery, arrival.now)
        return "ignored" if result == "unlinked" else "accepted"
    ticket = await tickets.find_ticket_unscoped(arrival.session, integration_id, event.ref.external_id)
    if ticket is None:
        await _settle(arrival, delivery, "unlinked", event.delivery_id)
        return "ignored"
    told.append((ticket.action_item_id, delivery))
    return "accepted"


async def _from_source(arrival: Arrival, touched: list[str]) -> Receipt:
    """A report of an incident: recorded and applied together; where applying fails, it stays for the drain."""
    parsed = registry.incident_source(arrival.kind).parse(arrival.headers, arrival.body, arrival.now)
    delivery = await _record(arrival, parsed.delivery_id)
    if delivery is None:
        return Receipt(status="duplicate", deliveryId=parsed.delivery_id)
    paused = arrival.integration is not None and not arrival.integration.is_enabled
    if paused or not parsed.reports:
        await _settle(arrival, delivery, "paused" if paused else "ignored", parsed.delivery_id)
        return Receipt(status="ignored", deliveryId=parsed.delivery_id)
    try:
        async with arrival.session.begin_nested():
            touched += await apply_reports(arrival.session, arrival.kind, parsed.reports, arrival.now)
        await _settle(arrival, delivery, "applied", parsed.delivery_id)
    except DomainError as refusal:
        log.warning("report not applied; the drain will try", delivery_id=parsed.delivery_id, code=refusal.code)
    return Receipt(status="accepted", deliveryId=parsed.delivery_id)


async def _from_mail(arrival: Arrival) -> Receipt:
    """Mail that came back to the connection's return address; most of what else comes there is of no use."""
    integration = arrival.integration
    if integration is None:
        raise NotFound(kind="connection", id=arrival.kind)
    bounce = await asyncio.to_thread(registry.bounce_reader(MAIL).parse, arrival.body, arrival.now)
    delivery = await _record(arrival, bounce.delivery_id)
    if delivery is None:
        return Receipt(status="duplicate", deliveryId=bounce.delivery_id)
    if not integration.is_enabled:
        await _settle(arrival, delivery, "paused", bounce.delivery_id)
        return Receipt(status="ignored", deliveryId=bounce.delivery_id)
    result = await apply_bounce(arrival.session, integration.id, bounce, delivery, arrival.now)
    return Receipt(status="accepted" if result in {"bounced", "early"} else "ignored", deliveryId=bounce.delivery_id)


async def _record(arrival: Arrival, delivery_id: str) -> int | None:
    return await insert_delivery(
        arrival.session,
        kind=arrival.kind,
        integration_id=arrival.integration.id if arrival.integration else None,
        delivery_id=f"{arrival.kind}:{delivery_id}" if arrival.integration is None else delivery_id,
        headers=_kept(arrival.headers),
        body=arrival.body,
        now=arrival.now,
    )


async def _settle(arrival: Arrival, delivery: int, result: str, delivery_id: str) -> None:
    if arrival.integration is None:  # a report that came with an API token: there is no log for it
        await settle_delivery(arrival.session, delivery, result, arrival.now)
        return
    await conclude_delivery(
        arrival.session, arrival.integration.id, delivery, result, arrival.now, delivery_id=delivery_id
    )


def _kept(headers: Mapping[str, str]) -> dict[str, str]:
    """What parsing looks at again."""
    plain = [name for name in headers if not any(one in name for one in SECRETIVE)]
    return {name[:100]: headers[name].replace("\0", "")[:500] for name in plain[:KEPT_LIMIT]}


def _told_id(arrival: Arrival) -> str | None:
    names = [name for name in arrival.headers if name.endswith(("-delivery", "-delivery-id", "-identifier"))]
    return next((arrival.headers[name][:200] for name in sorted(names)), None)
