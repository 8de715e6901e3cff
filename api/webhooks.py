"""Webhooks in: verify, record once, and hand on. Answers in milliseconds; nothing is applied twice.

200 what we know and do not use, or had before; 202 recorded; 400 not the vendor's shape; 401 a signature that is
missing or wrong; 404 no such source or connection; 413 too long. An incident is applied in the transaction that
records its delivery; news of a ticket is signalled to its action item. Whatever fails after that is repeated by the
worker's drain.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import structlog
from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from pydantic import BaseModel

from api import slack
from api.errors import documented
from api.unit import Parts, bearer, token_hash
from domain import access
from domain.access import Deed
from domain.errors import BadSignature, DomainError, NotAllowed, NotFound, NotSignedIn, ScopeMissing
from integrations import incident_source, shelf
from integrations.slack import KIND as SLACK
from integrations.tracker import News, TicketEvent
from models.integration import Integration
from models.queries import action_items, integrations, people
from models.session import Session
from runtime.deliveries import apply_reports

log = structlog.get_logger()

router = APIRouter(prefix="/api/webhooks", tags=["webhooks"])

KEPT_HEADERS = ("content-type", "idempotency-key")
"""Beside the vendor's own ``X-`` ones: what parsing looks at again. Never a signature, never an Authorization."""


class Receipt(BaseModel):
    """``status`` is accepted, duplicate or ignored."""

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


ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {"model": Receipt, "description": "Known and not used, or received before"},
    **documented(400, 401, 403, 404, 405, 409, 413, 422, 503),
}
BODY = {
    "requestBody": {
        "description": "As the vendor sends it; its signature is checked over these bytes.",
        "content": {"application/json": {"schema": {}}},
    }
}


@router.post("/{source}", status_code=202, response_model=Receipt, responses=ANSWERS, openapi_extra=BODY)
async def receive(request: Request, source: str) -> Response:
    """Where there is only one connection of that kind."""
    return await _receive(request, source, None)


@router.post(
    "/{source}/{integration_id}", status_code=202, response_model=Receipt, responses=ANSWERS, openapi_extra=BODY
)
async def receive_for(request: Request, source: str, integration_id: str) -> Response:
    """A connection's own ``webhookUrl``."""
    return await _receive(request, source, integration_id)


async def _receive(request: Request, source: str, integration_id: str | None) -> Response:
    if source == SLACK:
        return await slack.receive(request, integration_id)
    parts: Parts = request.app.state.parts
    is_tracker = source in shelf.tracker_kinds()
    if not is_tracker and source not in incident_source.incident_source_kinds():
        raise NotFound(kind="webhook source", id=source[:60])
    body = await request.body()
    headers = {name.lower(): value for name, value in request.headers.items()}
    touched: list[str] = []
    async with parts.deliveries.turn(), parts.sessions.begin() as session:
        arrival = Arrival(parts, session, source, None, headers, body, datetime.now(UTC))
        try:
            arrival.integration = await _authentic(arrival, integration_id)
        except BadSignature as refusal:
            log.warning("webhook refused", source=source, reason=str(refusal), delivery_id=_told_id(headers))
            raise
        receipt, item = await (_from_tracker(arrival) if is_tracker else _from_source(arrival, touched))
    for postmortem_id in touched:
        await parts.dispatch.start_postmortem(postmortem_id)
    if item is not None:
        await parts.dispatch.tell_of_ticket(*item)
    return JSONResponse(receipt.model_dump(), 202 if receipt.status == "accepted" else 200)


async def _authentic(arrival: Arrival, integration_id: str | None) -> Integration | None:
    """The connection whose secret signed this; None for a generic report that came with an API token."""
    if arrival.kind == "generic" and integration_id is None and "authorization" in arrival.headers:
        await _check_token(arrival)
        return None
    integration = await integrations.get_connection(arrival.session, arrival.kind, integration_id)
    secrets = arrival.parts.vault.open(integration.secrets)
    if arrival.kind in shelf.tracker_kinds():
        with shelf.connect(arrival.kind, integration.config, secrets) as tracker:
            tracker.verify_webhook(arrival.headers, arrival.body, arrival.now)
            arrival.delivery_id = tracker.delivery_id(arrival.headers, arrival.body)
            arrival.news = tracker.parse_webhook(arrival.headers, arrival.body)
    else:
        keys = [one.strip() for one in str(secrets.get("webhookSecret") or "").split(",")]
        incident_source.incident_source(arrival.kind).verify(arrival.headers, arrival.body, keys)
    return integration


async def _check_token(arrival: Arrival) -> None:
    hashed = token_hash(bearer(arrival.headers.get("authorization", "")))
    signed_in = await people.find_signed_in(arrival.session, hashed, arrival.now, "api")
    if signed_in is None:
        raise NotSignedIn()
    if not {"write", "admin"} & signed_in.viewer.scopes:
        raise ScopeMissing(scope="write")
    if not access.may_do(Deed.REPORT, access.standings(signed_in.viewer)):
        raise NotAllowed(action="report incidents", who="a responder or an administrator")


async def _from_tracker(arrival: Arrival) -> tuple[Receipt, tuple[str, int] | None]:
    """News of a ticket: recorded here, applied by its action item's workflow."""
    integration = arrival.integration
    if integration is None:
        raise NotFound(kind="connection", id=arrival.kind)
    event = next((one for one in arrival.news if isinstance(one, TicketEvent)), None)
    delivery_id = event.delivery_id if event else arrival.delivery_id
    delivery = await _record(arrival, delivery_id)
    if delivery is None:
        return Receipt(status="duplicate", deliveryId=delivery_id), None
    ticket = (
        await action_items.find_ticket_unscoped(arrival.session, integration.id, event.ref.external_id)
        if event
        else None
    )
    if ticket is None:
        await _settle(arrival, delivery, "ignored" if event is None else "unlinked", delivery_id)
        return Receipt(status="ignored", deliveryId=delivery_id), None
    return Receipt(status="accepted", deliveryId=delivery_id), (ticket.action_item_id, delivery)


async def _from_source(arrival: Arrival, touched: list[str]) -> tuple[Receipt, None]:
    """A report of an incident: recorded and applied together; where applying fails, it stays for the drain."""
    parsed = incident_source.incident_source(arrival.kind).parse(arrival.headers, arrival.body, arrival.now)
    delivery = await _record(arrival, parsed.delivery_id)
    if delivery is None:
        return Receipt(status="duplicate", deliveryId=parsed.delivery_id), None
    if not parsed.reports:
        await _settle(arrival, delivery, "ignored", parsed.delivery_id)
        return Receipt(status="ignored", deliveryId=parsed.delivery_id), None
    try:
        async with arrival.session.begin_nested():
            touched += await apply_reports(arrival.session, arrival.kind, parsed.reports, arrival.now)
        await _settle(arrival, delivery, "applied", parsed.delivery_id)
    except DomainError as refusal:
        log.warning("report not applied; the drain will try", delivery_id=parsed.delivery_id, code=refusal.code)
    return Receipt(status="accepted", deliveryId=parsed.delivery_id), None


async def _record(arrival: Arrival, delivery_id: str) -> int | None:
    return await integrations.record_delivery(
        arrival.session,
        kind=arrival.kind,
        integration_id=arrival.integration.id if arrival.integration else None,
        delivery_id=f"{arrival.kind}:{delivery_id}" if arrival.integration is None else delivery_id,
        headers=_kept(arrival.headers),
        body=arrival.body,
        now=arrival.now,
    )


async def _settle(arrival: Arrival, delivery: int, result: str, delivery_id: str) -> None:
    await integrations.settle_delivery(arrival.session, delivery, result, arrival.now)
    if arrival.integration is not None:
        integrations.log_attempt(
            arrival.session, arrival.integration.id, "IN", "webhook", result, delivery_id=delivery_id
        )


def _kept(headers: Mapping[str, str]) -> dict[str, str]:
    return {
        name: value.replace("\0", "")[:500]
        for name, value in headers.items()
        if name in KEPT_HEADERS or (name.startswith("x-") and "signature" not in name)
    }


def _told_id(headers: Mapping[str, str]) -> str | None:
    return next((headers[name][:200] for name in ("x-github-delivery", "x-delivery-id") if name in headers), None)
