"""The context of a request: the signed-in person, the session of its one transaction, and what runs after the commit.

``ContextRoute`` opens the transaction before the handler runs and commits it before the answer is sent. A write with an
``Idempotency-Key`` stores its answer in the same transaction, so a repeat gets the same answer even after a crash.

A request that waits for something outside (a workflow, a vendor) ends its transaction before and has another one
after: nobody waits with a connection of the database.
"""

import hashlib
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Request, Response
from fastapi.routing import APIRoute

from api.attempts import browser_of
from api.command_queue import CommandQueue
from api.formatting import Formatter
from api.live.streams import Streams
from api.repeats import check_may_repeat
from api.request_queue import RequestQueue
from application.access.sign_in import SESSION_PREFIX, Browser
from application.access.tokens import SignedIn, SignedInPerson, check_token
from application.audit import command_log, kept_answers
from application.commands import Commands
from application.sharing.public import ViewCounter
from domain import access
from domain.access import Viewer
from domain.errors import Malformed, NotSignedIn, ScopeMissing, reason
from integrations.object_store import ObjectStore
from integrations.sign_in.provider import IdentityProvider
from models.base import derived_id, new_id
from models.keyring import Keyring
from models.queries.access import tokens
from models.queries.rows import write_rows
from models.session import Session, Sessions, StoreError, is_read_only
from runtime.dispatch import Dispatch
from runtime.settings import Settings
from runtime.ticket_signals import TicketSignals

SAFE = {"GET", "HEAD", "OPTIONS"}
KEPT_HEADERS = {"content-type", "etag", "location", "preference-applied"}
ONLY_READS = re.compile(r"/api/postmortems/[^/]+/public-summary/check")
"""POST because of what is sent: it changes nothing, so that the scope ``read`` is enough."""
ONLY_FOR_WRITERS = re.compile(r"/api/postmortems/[^/]+/meetings/suggestion")
"""It changes nothing, but shows other people's hours to whoever may plan a meeting: the scope ``write`` is needed."""


@dataclass(frozen=True, slots=True)
class ReadHeader:
    """A header that the context reads, and what the API document says about it."""

    name: str
    description: str
    schema: Mapping[str, Any]
    example: str

    def documented(self) -> dict[str, Any]:
        """As a parameter of OpenAPI."""
        return {
            "name": self.name,
            "in": "header",
            "required": False,
            "description": self.description,
            "schema": dict(self.schema),
            "example": self.example,
        }


IDEMPOTENCY_KEY = ReadHeader(
    "Idempotency-Key",
    "A key of your choice. The same request with the same key is carried out once, and gets the same answer again.",
    {"type": "string", "minLength": 1, "maxLength": 255},
    "0b9c4f4e-6a55-4a5e-9f5e-2f0f6f6f0b5a",
)
PREFER = ReadHeader(
    "Prefer",
    "`return=minimal` asks for 204 with `ETag` and `Location` in place of a body.",
    {"type": "string"},
    "return=minimal",
)
READ_BY_WRITES = (IDEMPOTENCY_KEY, PREFER)
Handler = Callable[[Request], Coroutine[Any, Any, Response]]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Parts:
    """The parts that every request needs; built once, in ``api.app``."""

    settings: Settings
    sessions: Sessions
    keyring: Keyring
    dispatch: Dispatch
    ticket_signals: TicketSignals
    objects: ObjectStore
    deliveries: RequestQueue
    """Webhooks use few connections of the pool, because ten repeats of one delivery wait for the same row."""
    chats: RequestQueue
    """Requests of chat users, who wait three seconds at most, do not queue behind webhooks."""
    views: ViewCounter
    live: Streams
    providers: Mapping[str, IdentityProvider] = field(default_factory=dict)
    """With which people sign in, by name."""
    formatter: Formatter = field(default_factory=Formatter)

    command_queue: CommandQueue = field(default_factory=lambda: CommandQueue(at_once=10, places=command_log.PLACES))
    """One person's commands."""

    @property
    def commands(self) -> Commands:
        return Commands(self.sessions, self.dispatch)


@dataclass(frozen=True, slots=True)
class Credential:
    """The token or session that signed this request in, and when it ends."""

    token_id: str
    expires_at: datetime | None


@dataclass(slots=True)
class RequestContext:
    parts: Parts
    session: Session
    person: SignedInPerson
    viewer: Viewer
    now: datetime
    credential: Credential
    key: str | None = None
    fingerprint: bytes = b""
    answer_is_secret: bool = False
    """The answer contains a credential, so it is not stored, and a repeat is a new request."""
    after_commit: list[Callable[[], Awaitable[Any]]] = field(default_factory=list)
    prefers_minimal: bool = False
    """The caller wants no representation of what a write has made or changed: RFC 7240."""
    is_claimed: bool = False
    """The key is claimed while no transaction of this request holds it: see ``application.audit.command_log``."""
    holds_claim: bool = False
    """This request has to give the claim back; that of a command ends with the command."""
    version_after: int | None = None
    """The version of what a command was about, after it."""

    @property
    def request_id(self) -> str:
        """Identifies this request among commands: a repeat with the same key has the same id."""
        return derived_id("req", self.viewer.person_id, self.key) if self.key else new_id("req")

    async def outside(self, work: Callable[[], Awaitable[T]]) -> T:
        """Awaits what needs no database, such as a vendor, and holds no connection meanwhile. Commits before it.

        A repeat with the same key is refused until this request has ended. Raises IdempotencyKeyInUse.
        """
        if self.key is not None and not self.is_claimed:
            await command_log.claim_request(self.session, self.viewer.person_id, self.request_id, {})
            self.is_claimed = self.holds_claim = True
        return await self.between_transactions(work)

    async def between_transactions(self, work: Callable[[], Awaitable[T]]) -> T:
        """Commits, gives the connection back, and awaits ``work``. The session's next statement begins another
        transaction, which reads every row anew."""
        await write_rows(self.session)
        await self.session.commit()
        self.session.expunge_all()
        return await work()

    def without_answer(self, location: str) -> Response | None:
        """The answer of a command whose caller prefers no representation: nothing is read for it."""
        if not self.prefers_minimal or self.version_after is None:
            return None
        return minimal_answer(f'"{self.version_after}"', location)

    async def undo(self) -> None:
        """Drops what the transaction has written."""
        self.session.expunge_all()
        await self.session.rollback()

    def start_workflow_after_commit(self, postmortem_id: str) -> None:
        """Start the postmortem's workflow, or have a running one read its row again, once the row is committed."""
        self.after_commit.append(lambda: self.parts.dispatch.start_postmortem(postmortem_id))

    def start_workflow_if(self, started: bool, postmortem_id: str) -> None:
        """The same, if a use case says that it started the postmortem's draft."""
        if started:
            self.start_workflow_after_commit(postmortem_id)

    def require_admin(self, action: str) -> None:
        access.check_administers(self.viewer, action)

    def require_admin_scope(self) -> None:
        """Of an administrator's token; what others may do is checked where it is done. Raises ScopeMissing."""
        if self.viewer.is_admin and "admin" not in self.viewer.scopes:
            raise ScopeMissing(scope="admin")


class ContextRoute(APIRoute):
    """Signs the person in, opens the context, runs the handler, stores the answer, commits, and runs what waits for the
    commit."""

    @staticmethod
    def reads(method: str) -> tuple[ReadHeader, ...]:
        """The headers that the context of such a request reads: see :func:`open_context`."""
        return () if method in SAFE else READ_BY_WRITES

    def get_route_handler(self) -> Handler:
        handle = super().get_route_handler()

        async def in_context(request: Request) -> Response:
            async with self.received(request) as body:
                return await in_transaction(request, handle, body)

        return in_context

    @asynccontextmanager
    async def received(self, request: Request) -> AsyncIterator[bytes]:
        """What was sent, or what stands for it when repeats are compared."""
        yield await request.body()


async def in_transaction(request: Request, handle: Handler, body: bytes) -> Response:
    parts: Parts = request.app.state.parts
    async with parts.sessions() as session:
        context = await open_context(request, parts, session, body)
        request.state.context = context
        response = await answer_once(context, request, handle)
        await write_rows(session)
        await session.commit()
    for work in context.after_commit:
        await work()
    return response


async def open_context(request: Request, parts: Parts, session: Session, body: bytes) -> RequestContext:
    """Raises NotSignedIn, ScopeMissing, Malformed."""
    now = datetime.now(UTC)
    signed_in = await check_token(session, bearer(request.headers.get("Authorization", "")), now, "api")
    if signed_in is None:
        raise NotSignedIn()
    context = context_of(request, parts, session, signed_in, now)
    if request.method not in SAFE:
        context.key = idempotency_key(request)
        context.prefers_minimal = prefers_minimal(request)
        context.fingerprint = fingerprint(request, body)
    return context


def context_of(request: Request, parts: Parts, session: Session, signed_in: SignedIn, now: datetime) -> RequestContext:
    """The context of the person who signed in, by token or by cookie. Raises ScopeMissing."""
    path = request.url.path
    only_reads = (request.method in SAFE and not ONLY_FOR_WRITERS.fullmatch(path)) or ONLY_READS.fullmatch(path)
    scope = "read" if only_reads else "write"
    if not {scope, "admin"} & signed_in.viewer.scopes:
        raise ScopeMissing(scope=scope)
    credential = Credential(signed_in.token_id, signed_in.expires_at)
    context = RequestContext(parts, session, signed_in.person, signed_in.viewer, now, credential)
    if signed_in.is_use_due:
        browser = browser_of(request) if signed_in.token_id.startswith(SESSION_PREFIX) else None
        context.after_commit.append(lambda: _record_use(parts.sessions, signed_in.token_id, now, browser))
    return context


def bearer(header: str) -> str:
    """The token in an ``Authorization`` header. Raises NotSignedIn."""
    kind, _, token = header.partition(" ")
    if kind.lower() != "bearer" or not token.strip():
        raise NotSignedIn()
    return token.strip()


def idempotency_key(request: Request) -> str | None:
    key = request.headers.get(IDEMPOTENCY_KEY.name)
    if key is not None and not (0 < len(key) <= 255 and key.isascii() and key.isprintable()):
        words = "Use 1 to 255 printable ASCII characters."
        raise Malformed(reasons=[reason("idempotency_key", words, where=f"header.{IDEMPOTENCY_KEY.name}")])
    return key


def fingerprint(request: Request, body: bytes) -> bytes:
    """Tells requests with the same key apart if they do not ask for the same thing."""
    line = f"{request.method} {request.url.path}?{request.url.query}\n".encode()
    return hashlib.sha256(line + body).digest()


async def answer_once(context: RequestContext, request: Request, handle: Handler) -> Response:
    """The handler's answer or, for a repeat of a request with the same key, the answer that was stored."""
    if context.key is None:
        return preferred(context, request, await handle(request))
    person_id = context.viewer.person_id
    kept = await kept_answers.claim_idempotency_key(context.session, person_id, context.key, context.fingerprint)
    if kept is not None:
        await check_may_repeat(context.session, context.viewer, request, kept)
        return Response(kept.body, kept.status_code, kept.headers)
    try:
        response = preferred(context, request, await handle(request))
    except BaseException:
        if context.holds_claim:
            async with context.parts.sessions.begin() as session:
                await command_log.drop_claim(session, context.request_id)
        raise
    if context.holds_claim:
        await command_log.drop_claim(context.session, context.request_id)
    if response.status_code >= 400 or context.answer_is_secret:
        return response
    headers = {name: value for name, value in response.headers.items() if name in KEPT_HEADERS}
    kept = await kept_answers.keep_answer(
        context.session,
        person_id,
        context.key,
        context.fingerprint,
        status_code=response.status_code,
        headers=headers,
        body=bytes(response.body),
    )
    if kept is None:
        return response
    await context.undo()  # another request with this key has done the same, and was answered first
    context.after_commit.clear()
    return Response(kept.body, kept.status_code, kept.headers)


_ENTITY_PATH = re.compile(r"/api/(postmortems|action-items)/([A-Za-z0-9_-]+)")


def prefers_minimal(request: Request) -> bool:
    """``Prefer: return=minimal``, among other preferences; the first ``return`` counts."""
    given = ",".join(request.headers.getlist(PREFER.name)).lower().split(",")
    wanted = [one.partition(";")[0].replace(" ", "").replace('"', "") for one in given]
    return next((one for one in wanted if one.startswith("return=")), "") == "return=minimal"


def preferred(context: RequestContext, request: Request, response: Response) -> Response:
    """Without its body, if that is a representation of an entity and the caller prefers to have none."""
    if not context.prefers_minimal or response.status_code not in {200, 201} or "etag" not in response.headers:
        return response
    if context.answer_is_secret:
        return response
    entity = _ENTITY_PATH.match(request.url.path)
    location = response.headers.get("location") or (entity[0] if entity else request.url.path)
    return minimal_answer(response.headers["etag"], location)


def minimal_answer(etag: str, location: str) -> Response:
    headers = {"ETag": etag, "Location": location, "Preference-Applied": "return=minimal"}
    return Response(status_code=204, headers=headers)


async def _record_use(sessions: Sessions, token_id: str, now: datetime, browser: Browser | None) -> None:
    """Writes nothing if the database is read-only."""
    used_by = {"address": browser.address, "user_agent": browser.user_agent} if browser else {}
    try:
        async with sessions.begin() as session:
            await tokens.update_last_use(session, token_id, now, **used_by)
    except StoreError as error:
        if not is_read_only(error):
            raise


async def _context(request: Request) -> RequestContext:
    context: RequestContext = request.state.context
    return context


Context = Annotated[RequestContext, Depends(_context)]
"""The request's context, as a handler's parameter."""
