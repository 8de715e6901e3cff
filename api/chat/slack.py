"""Receives Slack's requests: each is checked, recorded once and acknowledged within three seconds.

The workflow of each request does what it asks, and replies where it was asked. The response is 200 with an empty body,
except for what Slack has to know at once: the challenge of a new address, and what is wrong with the fields of a
dialog. 400: not of Slack's shape; 401: not signed by Slack within five minutes; 404: no such connection; 410: the
connection was removed; 503: not recorded, and Slack sends events again. Requests to a paused connection are checked and
recorded, and not done.
"""

import asyncio
from datetime import UTC, datetime

import structlog
from fastapi import Request, Response
from fastapi.responses import JSONResponse
from starlette.background import BackgroundTask

from api.chat import dialogs
from api.chat.dialogs import DialogRequest
from api.request_context import Parts
from application.connections.deliveries import conclude_delivery
from domain.errors import BadSignature, StoreUnavailable
from integrations.slack import request as slack_request
from integrations.slack.actions import Asked, Challenge, LinksShared, Read, Submitted, Unused
from integrations.slack.connection import SlackConnection
from integrations.slack.settings import KIND
from integrations.webhook import header
from models.queries.connections import connections
from models.queries.connections.deliveries import NewDelivery, insert_delivery, settle_delivery
from models.session import Session

log = structlog.get_logger()

BUDGET = 2.5
"""Seconds, of Slack's three."""
KEPT_HEADERS = ("content-type", "x-slack-retry-num", "x-slack-retry-reason")


async def receive(request: Request, integration_id: str | None) -> Response:
    """Raises BadSignature, MalformedWebhook, NotFound, WebhookNotWanted, AmbiguousConnection, TooManyWaiting or
    StoreUnavailable."""
    try:
        async with asyncio.timeout(BUDGET):
            return await _receive(request.app.state.parts, request, integration_id)
    except TimeoutError:
        raise StoreUnavailable() from None


async def _receive(parts: Parts, request: Request, integration_id: str | None) -> Response:
    body = await request.body()
    headers = {name.lower(): value for name, value in request.headers.items()}
    now = datetime.now(UTC)
    async with parts.chats.turn(), parts.sessions.begin() as session:
        row = await connections.get_connection(session, KIND, integration_id)
        connection = SlackConnection.read(row.id, row.config, parts.keyring.open(row.secrets), row.kept_host)
        try:
            slack_request.verify(headers, body, connection.signing_secrets, now)
        except BadSignature as refusal:
            log.warning("webhook refused", source=KIND, reason=str(refusal), integration_id=row.id)
            raise
        asked = slack_request.read(headers, body)
        if isinstance(asked, Challenge):
            return JSONResponse({"challenge": asked.words})
        if isinstance(asked, Unused) or not _is_from(connection, asked):
            log.info("slack request not used", delivery_id=asked.id, what=type(asked).__name__)
            return Response(status_code=200)
        if not row.is_enabled:
            await _leave(session, row.id, asked, headers, body, now)
            return Response(status_code=200)
        if isinstance(asked, Submitted) and (wrong := dialogs.problems(asked, now)):
            return JSONResponse({"response_action": "errors", "errors": wrong})
        delivery = await _record(session, row.id, asked, headers, body, now)
    if delivery is None:
        log.info("slack request came before", delivery_id=asked.id, retry=header(headers, "X-Slack-Retry-Num"))
        return Response(status_code=200)
    log.info("slack request recorded", delivery=delivery, delivery_id=asked.id, what=type(asked).__name__)
    dialog = DialogRequest(parts.sessions, parts.settings.base_url, connection, delivery, now)
    is_opened = await _open_dialog(parts, dialog, asked)
    rest = None if is_opened else BackgroundTask(parts.dispatch.start_chat, delivery)
    return Response(status_code=200, background=rest)


def _is_from(connection: SlackConnection, asked: Asked) -> bool:
    """One app may be in several workspaces; a connection that names its own takes nothing from another one."""
    ours = connection.config.workspace_id
    workspace = asked.workspace if isinstance(asked, LinksShared) else asked.asker.workspace
    return not ours or workspace == ours


async def _record(
    session: Session, integration_id: str, asked: Read, headers: dict[str, str], body: bytes, now: datetime
) -> int | None:
    kept = {name: headers[name][:200] for name in KEPT_HEADERS if name in headers}
    return await insert_delivery(session, NewDelivery(KIND, integration_id, getattr(asked, "id", ""), kept, body), now)


async def _leave(
    session: Session, integration_id: str, asked: Asked, headers: dict[str, str], body: bytes, now: datetime
) -> None:
    """Of a paused connection: kept as every request is, and nobody does it."""
    delivery = await _record(session, integration_id, asked, headers, body, now)
    if delivery is not None:
        await conclude_delivery(session, integration_id, delivery, "paused", now, delivery_id=asked.id, operation=KIND)
    log.info("slack request of a paused connection", delivery_id=asked.id, what=type(asked).__name__)


async def _open_dialog(parts: Parts, request: DialogRequest, asked: Asked) -> bool:
    """A dialog is opened here, while its trigger is valid. Everything else is the workflow's, and so is a dialog that
    did not open."""
    if not (dialogs.wants_dialog(asked) and await dialogs.open_dialog(request, asked)):
        return False
    async with parts.sessions.begin() as session:
        await settle_delivery(session, request.delivery, "dialog opened", datetime.now(UTC))
    return True
