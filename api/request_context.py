"""One request, one transaction: who asks, the session, and what is to happen once it is committed.

``ContextRoute`` opens it before the handler and commits it before the answer leaves. A write with an
``Idempotency-Key`` keeps its answer in the same transaction, so that a repeat gets the same answer, also after a crash.
"""

import hashlib
import re
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Annotated, Any

from fastapi import Depends, Request, Response
from fastapi.routing import APIRoute

from api.request_queue import RequestQueue
from domain import access
from domain.access import Deed, Viewer
from domain.errors import Malformed, NotAllowed, NotSignedIn, ScopeMissing, reason
from models.base import derived_id, new_id
from models.keyring import Keyring
from models.person import Person
from models.queries import action_items
from models.queries.audit import records
from models.queries.people import people
from models.queries.people.people import SignedIn
from models.queries.postmortems import postmortems
from models.record import IdempotencyRecord
from models.session import Session, Sessions, StoreError, is_read_only
from runtime.commands import Commands
from runtime.dispatch import Dispatch
from runtime.settings import Settings

SAFE = {"GET", "HEAD", "OPTIONS"}
Handler = Callable[[Request], Coroutine[Any, Any, Response]]


@dataclass(frozen=True, slots=True)
class Parts:
    """What the application is made of; built once, in ``api.app``."""

    settings: Settings
    sessions: Sessions
    keyring: Keyring
    dispatch: Dispatch
    deliveries: RequestQueue = field(default_factory=lambda: RequestQueue(at_once=8, waiting=5000))
    """Webhooks take few of the pool's connections: ten repeats of one delivery wait for the same row."""
    chats: RequestQueue = field(default_factory=lambda: RequestQueue(at_once=4, waiting=200))
    """People wait for these, three seconds at most: never behind a flood of webhooks."""

    @property
    def commands(self) -> Commands:
        return Commands(self.sessions, self.dispatch)


@dataclass(slots=True)
class RequestContext:
    parts: Parts
    session: Session
    person: Person
    viewer: Viewer
    now: datetime
    key: str | None = None
    fingerprint: bytes = b""
    answer_is_secret: bool = False
    """The answer holds a credential: it is not kept, and a repeat is another request."""
    after_commit: list[Callable[[], Awaitable[Any]]] = field(default_factory=list)

    @property
    def request_id(self) -> str:
        """Names this request among commands: the same for a repeat with the same key."""
        return derived_id("req", self.viewer.person_id, self.key) if self.key else new_id("req")

    def require_admin(self, action: str) -> None:
        if not access.may_do(Deed.ADMINISTER, access.standings(self.viewer)):
            raise NotAllowed(action=action, who="an administrator")
        if "admin" not in self.viewer.scopes:
            raise ScopeMissing(scope="admin")


class ContextRoute(APIRoute):
    """Authorises, opens the unit, runs the handler, keeps the answer, commits, then does what waits for the commit."""

    def get_route_handler(self) -> Handler:
        handle = super().get_route_handler()

        async def in_context(request: Request) -> Response:
            parts: Parts = request.app.state.parts
            body = await request.body()
            async with parts.sessions.begin() as session:
                context = await open_context(request, parts, session, body)
                request.state.context = context
                response = await answer_once(context, request, handle)
            for work in context.after_commit:
                await work()
            return response

        return in_context


async def open_context(request: Request, parts: Parts, session: Session, body: bytes) -> RequestContext:
    """Raises NotSignedIn, ScopeMissing, Malformed."""
    now = datetime.now(UTC)
    signed_in = await people.find_signed_in(
        session, token_hash(bearer(request.headers.get("Authorization", ""))), now, "api"
    )
    if signed_in is None:
        raise NotSignedIn()
    context = context_of(request, parts, session, signed_in, now)
    if request.method not in SAFE:
        context.key = idempotency_key(request)
        context.fingerprint = fingerprint(request, body)
    return context


def context_of(request: Request, parts: Parts, session: Session, signed_in: SignedIn, now: datetime) -> RequestContext:
    """The unit of whoever signed in, by token or by cookie. Raises ScopeMissing."""
    scope = "read" if request.method in SAFE else "write"
    if not {scope, "admin"} & signed_in.viewer.scopes:
        raise ScopeMissing(scope=scope)
    context = RequestContext(parts, session, signed_in.person, signed_in.viewer, now)
    if signed_in.stale:
        context.after_commit.append(lambda: _touch(parts.sessions, signed_in.token_id, now))
    return context


def bearer(header: str) -> str:
    """The token in an ``Authorization`` header. Raises NotSignedIn."""
    kind, _, token = header.partition(" ")
    if kind.lower() != "bearer" or not token.strip():
        raise NotSignedIn()
    return token.strip()


def token_hash(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).digest()


def idempotency_key(request: Request) -> str | None:
    key = request.headers.get("Idempotency-Key")
    if key is not None and not (0 < len(key) <= 255 and key.isascii() and key.isprintable()):
        words = "Use 1 to 255 printable ASCII characters."
        raise Malformed(reasons=[reason("idempotency_key", words, where="header.Idempotency-Key")])
    return key


def fingerprint(request: Request, body: bytes) -> bytes:
    asked = f"{request.method} {request.url.path}?{request.url.query}\n".encode()
    return hashlib.sha256(asked + body).digest()


async def answer_once(context: RequestContext, request: Request, handle: Handler) -> Response:
    """The handler's answer; for a repeat of a request with the same key, the answer that was kept."""
    if context.key is None:
        return await handle(request)
    person_id = context.viewer.person_id
    kept = await records.claim_idempotency_key(context.session, person_id, context.key, context.fingerprint)
    if kept is not None:
        await _check_seen_still(context, request, kept)
        return Response(kept.body, kept.status_code, kept.headers)
    response = await handle(request)
    if response.status_code < 400 and not context.answer_is_secret:
        headers = {
            name: value for name, value in response.headers.items() if name in {"content-type", "etag", "location"}
        }
        records.keep_answer(
            context.session,
            person_id,
            context.key,
            context.fingerprint,
            status_code=response.status_code,
            headers=headers,
            body=bytes(response.body),
        )
    return response


_TOLD = re.compile(r"/api/(postmortems|action-items)/([A-Za-z0-9_-]+)")


async def _check_seen_still(context: RequestContext, request: Request, kept: IdempotencyRecord) -> None:
    """A kept answer about a postmortem or action item is only for whom that would be told now. Raises NotFound."""
    told = _TOLD.match(kept.headers.get("location", "")) or _TOLD.match(request.url.path)
    if told is None or not kept.body:
        return
    if told[1] == "postmortems":
        await postmortems.get_visible(context.session, context.viewer, told[2])
    else:
        await action_items.get_visible_item(context.session, context.viewer, told[2])


async def _touch(sessions: Sessions, token_id: str, now: datetime) -> None:
    """Does without it where the database only reads."""
    try:
        async with sessions.begin() as session:
            await people.touch_token(session, token_id, now)
    except StoreError as error:
        if not is_read_only(error):
            raise


def _context(request: Request) -> RequestContext:
    context: RequestContext = request.state.context
    return context


Context = Annotated[RequestContext, Depends(_context)]
"""The request's unit, as a handler's parameter."""
