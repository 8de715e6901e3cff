"""Webhooks: verified, recorded once, and applied or handed to a workflow. Nothing is applied twice.

200 what we know and do not use, or had before; 202 recorded; 400 not the vendor's shape; 401 a signature that is
missing or wrong; 404 no such source or connection; 410 a connection that was given up; 413 too long. What a paused
connection is sent is verified, kept and not used (200). An incident is applied in the transaction that
records its delivery, and so is mail that came back; news of a ticket is signalled to its action item. Whatever fails
after that is repeated by the worker's drain.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import structlog
from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from api.chat import slack
from api.request_context import Parts, bearer
from application.access.tokens import check_token
from application.connections.deliveries import DeliveryReceipt, ReceivedWebhook
from application.connections.handshakes import answer_handshake
from application.connections.secrets import webhook_secrets
from application.incidents.deliveries import keep_reports, receive_reports
from application.meetings.mailbox import receive_mail
from application.tickets.deliveries import receive_events
from domain import access
from domain.access import OrganizationVerb
from domain.errors import BadSignature, DomainError, MalformedWebhook, NotAllowed, NotFound, NotSignedIn, ScopeMissing
from integrations import registry
from integrations.bounce import MAIL
from integrations.slack.settings import KIND as SLACK
from integrations.ticket import News
from integrations.tracker import Handshake
from integrations.webhook import Body
from models.integration import Integration
from models.queries.connections import connections
from models.session import Session

log = structlog.get_logger()

router = APIRouter(prefix="/api/webhooks", tags=["webhooks"])


class Receipt(BaseModel):
    """``status`` is accepted, duplicate, or ignored. ``warnings`` say what of a report wasn't used, or is doubtful;
    they are left out if there are none."""

    status: str
    deliveryId: str  # noqa: N815 - the wire's name
    warnings: list[str] = []


@dataclass(slots=True)
class Arrival:
    parts: Parts
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
}
BODY = {
    "requestBody": {
        "description": "As the vendor sends it; its signature is checked over these bytes.",
        "content": {
            kind: {"schema": {}} for kind in ("application/json", "application/x-www-form-urlencoded", "message/rfc822")
        },
    }
}


@router.post("/{source}", status_code=202, response_model=Receipt, responses=ANSWERS, openapi_extra=BODY)
async def receive_webhook(request: Request, source: str) -> Response:
    """Receives a webhook if there is only one connection of this kind."""
    return await _receive(request, source, None)


@router.post(
    "/{source}/{integration_id}", status_code=202, response_model=Receipt, responses=ANSWERS, openapi_extra=BODY
)
async def receive_connection_webhook(request: Request, source: str, integration_id: str) -> Response:
    """Receives a webhook at a connection's own ``webhookUrl``."""
    return await _receive(request, source, integration_id)


async def _receive(request: Request, source: str, integration_id: str | None) -> Response:
    if source == SLACK:
        return await slack.receive(request, integration_id)
    parts: Parts = request.app.state.parts
    is_tracker = source in registry.tracker_kinds()
    if not is_tracker and source != MAIL and source not in registry.incident_source_kinds():
        raise NotFound(kind="webhook source", id=source[:60])
    body = Body(await request.body())
    headers = {name.lower(): value for name, value in request.headers.items()}
    async with parts.deliveries.turn():
        async with parts.sessions.begin() as session:
            arrival = Arrival(parts, source, None, headers, body, datetime.now(UTC))
            try:
                arrival.integration = await _authentic(session, arrival, integration_id)
            except (BadSignature, MalformedWebhook) as refusal:
                log.warning("webhook refused", source=source, reason=str(refusal), delivery_id=_delivery_id(arrival))
                raise
        if arrival.handshake is not None:
            return JSONResponse({"status": "accepted", "deliveryId": ""}, 200, dict(arrival.handshake.headers))
        receipt = await _apply(arrival)
    for postmortem_id in receipt.postmortem_ids:
        await parts.dispatch.start_postmortem(postmortem_id)
    for item_id, delivery in receipt.item_deliveries:
        parts.ticket_signals.send(item_id, delivery)
    answer = Receipt(status=receipt.status, deliveryId=receipt.delivery_id, warnings=list(receipt.warnings))
    return JSONResponse(answer.model_dump(exclude_defaults=True), 202 if receipt.status == "accepted" else 200)


async def _apply(arrival: Arrival) -> DeliveryReceipt:
    sessions = arrival.parts.sessions
    webhook = ReceivedWebhook(arrival.kind, arrival.integration, arrival.headers, arrival.body, arrival.now)
    if arrival.kind == MAIL:
        bounce = await asyncio.to_thread(registry.bounce_reader(MAIL).parse, arrival.body, arrival.now)
        async with sessions.begin() as session:
            return await receive_mail(session, webhook, bounce)
    if arrival.kind in registry.tracker_kinds():
        async with sessions.begin() as session:
            return await receive_events(session, webhook, arrival.delivery_id, arrival.news)
    parsed = registry.incident_source(arrival.kind).parse(arrival.headers, arrival.body, arrival.now)
    try:
        async with sessions.begin() as session:
            return await receive_reports(session, webhook, parsed.delivery_id, parsed.reports)
    except DomainError as refusal:
        async with sessions.begin() as session:
            return await keep_reports(session, webhook, parsed.delivery_id, refusal)


async def _authentic(session: Session, arrival: Arrival, integration_id: str | None) -> Integration | None:
    """The connection whose secret signed this; None for a generic report that came with an API token."""
    if arrival.kind == "generic" and integration_id is None and "authorization" in arrival.headers:
        await _check_token(session, arrival)
        return None
    integration = await connections.get_connection(session, arrival.kind, integration_id)
    secrets = arrival.parts.keyring.open(integration.secrets)
    if arrival.kind in registry.tracker_kinds():
        with registry.connect(arrival.kind, integration.config, secrets, integration.kept_host) as tracker:
            keyring = arrival.parts.keyring
            arrival.handshake = await answer_handshake(
                session, keyring, integration, tracker, arrival.headers, arrival.body, arrival.now
            )
            if arrival.handshake is not None:
                return integration
            tracker.verify_webhook(arrival.headers, arrival.body, arrival.now)
            arrival.delivery_id = tracker.delivery_id(arrival.headers, arrival.body)
            arrival.news = tracker.parse_webhook(arrival.headers, arrival.body)
    else:
        keys = webhook_secrets(secrets)
        source = registry.bounce_reader(MAIL) if arrival.kind == MAIL else registry.incident_source(arrival.kind)
        source.verify(arrival.headers, arrival.body, keys)
    return integration


async def _check_token(session: Session, arrival: Arrival) -> None:
    token = bearer(arrival.headers.get("authorization", ""))
    signed_in = await check_token(session, token, arrival.now, "api")
    if signed_in is None:
        raise NotSignedIn()
    if not {"write", "admin"} & signed_in.viewer.scopes:
        raise ScopeMissing(scope="write")
    if not access.may_in_organization(OrganizationVerb.REPORT, access.organization_relations(signed_in.viewer)):
        raise NotAllowed(action="report incidents", who="a responder or an administrator")


def _delivery_id(arrival: Arrival) -> str | None:
    names = [name for name in arrival.headers if name.endswith(("-delivery", "-delivery-id", "-identifier"))]
    return next((arrival.headers[name][:200] for name in sorted(names)), None)
