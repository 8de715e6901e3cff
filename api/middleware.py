"""Around every request: its id, one log line, metrics, and a limit on the size of its body."""

import asyncio
import re
import time
from urllib.parse import quote

import structlog
from fastapi import APIRouter
from prometheus_client import Counter, Histogram
from starlette.requests import Request
from starlette.responses import RedirectResponse
from starlette.routing import BaseRoute, Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import problem
from api.server import draining
from domain.documents.attachments import SIZE_LIMIT
from domain.documents.jobs import ARCHIVE_LIMIT
from domain.errors import BodyTooLarge, BodyTooSlow
from models.base import new_id

log = structlog.get_logger()

BODY_LIMIT = 4 * 1024 * 1024
WEBHOOK_LIMIT = 2 * 1024 * 1024
UPLOAD_LIMIT = SIZE_LIMIT + 64 * 1024
"""A file with the form around it."""
REQUESTS = Counter("afterword_http_requests_total", "Requests answered.", ["method", "route", "status"])
SECONDS = Histogram("afterword_http_request_seconds", "Time to the last byte of the answer.", ["method", "route"])
GIVEN_ID = re.compile(r"^[\x21-\x7e]{1,128}$")
OUR_ID = re.compile(r"[a-z]{2,10}_[A-Za-z0-9]{1,40}")
"""What of a path goes into the log: neither the token of an unsubscribe link nor what a caller made up."""
STREAMS = {"/events", "/api/events"}
"""Open as long as somebody waits: no measure of how long an answer takes."""
QUIET = {"/healthz", "/readyz", "/metrics"}


class RequestLog:
    """``X-Request-Id`` in and out; the id is on every log line of the request."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = _request_id(scope)
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=request_id)
        started = time.perf_counter()
        status = 500

        async def send_with_id(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], (b"x-request-id", request_id.encode())]
                if draining.is_set():  # whoever keeps connections opens the next one elsewhere
                    message["headers"].append((b"connection", b"close"))
            await send(message)

        try:
            await self._app(scope, receive, send_with_id)
        finally:
            seconds = time.perf_counter() - started
            route = getattr(scope.get("route"), "path", "unmatched")
            REQUESTS.labels(scope["method"], route, str(status)).inc()
            if route not in STREAMS:
                SECONDS.labels(scope["method"], route).observe(seconds)
            if scope["path"] not in QUIET:
                parameters = scope.get("path_params", {}).items()
                ids = {name: value for name, value in parameters if name != "token" and OUR_ID.fullmatch(str(value))}
                log.info(
                    "request",
                    method=scope["method"],
                    route=route,
                    status=status,
                    milliseconds=round(seconds * 1000, 1),
                    **ids,
                )


def _request_id(scope: Scope) -> str:
    for name, value in scope["headers"]:
        text = str(value, "latin-1")
        if name == b"x-request-id" and GIVEN_ID.match(text):
            return text
    return new_id("rq")


BODY_SECONDS = 60.0
"""How long a body may take from its first byte to its last."""
UPLOAD_SECONDS = 600.0
_UPLOAD = re.compile(r"(/api)?/postmortems/[^/]+/attachments/?")
_IMPORT = re.compile(r"(/api|/settings)/imports/?")
IMPORT_LIMIT = ARCHIVE_LIMIT + 1024 * 1024
IMPORT_SECONDS = 3600.0


def _limits(path: str) -> tuple[int, float]:
    """Bytes of a body, and seconds that it may take."""
    if path.startswith("/api/webhooks/"):
        return WEBHOOK_LIMIT, BODY_SECONDS
    if _IMPORT.fullmatch(path):
        return IMPORT_LIMIT, IMPORT_SECONDS
    return (UPLOAD_LIMIT, UPLOAD_SECONDS) if _UPLOAD.fullmatch(path) else (BODY_LIMIT, BODY_SECONDS)


class BodyLimit:
    """Refuses a body that is too long, with or without a Content-Length header, and one that takes too long."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limit, seconds = _limits(scope["path"])
        declared = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
        if declared.isdigit() and int(declared) > limit:
            await problem(Request(scope), BodyTooLarge(limit=limit))(scope, receive, send)
            return
        read = 0
        is_complete = False
        loop = asyncio.get_running_loop()
        deadline = loop.time() + seconds

        async def limited() -> Message:
            nonlocal read, is_complete
            if is_complete:  # what comes now is that the client left, however late
                return await receive()
            try:
                async with asyncio.timeout_at(deadline):
                    message = await receive()
            except TimeoutError:
                raise BodyTooSlow(seconds=round(seconds)) from None
            is_complete = message["type"] != "http.request" or not message.get("more_body", False)
            read += len(message.get("body", b""))
            if read > limit:
                raise BodyTooLarge(limit=limit)
            return message

        await self._app(scope, limited, send)


class SlashRedirects:
    """A page that was asked for with slashes at its end is where it is without them.

    The address is a path of this site: the Host header, which the caller chooses, is no part of it.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope.get("path", "")
        if scope["type"] != "http" or scope["method"] not in {"GET", "HEAD"} or not path.strip("/") or path[-1] != "/":
            await self._app(scope, receive, send)
            return
        target = "/" + quote(path.strip("/\\"))
        if query := scope["query_string"].decode("latin-1"):
            target += f"?{query}"
        await RedirectResponse(target, 307)(scope, receive, send)


class RoutesByPath:
    """Hands a request to a router of those routes alone that can match its path, in their own order.

    A router compares a path with the pattern of one route after the other. There are 450, which took a tenth of the
    time of a small answer.
    """

    def __init__(self, router: APIRouter) -> None:
        self._router = router
        self._shapes = [(_shape_of(one), one) for one in router.routes]
        known = [shape for shape, _ in self._shapes if shape]
        self._seconds = {shape[:3] for shape in known}
        self._lasts = {(count, first, last) for count, first, _, last in known}
        self._groups: dict[Shape, APIRouter] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        router = self.group(scope["path"]) if scope["type"] == "http" else self._router
        await router.app(scope, receive, send)

    def group(self, path: str) -> APIRouter:
        count, first, second, last = _shape(path)
        # A part that no such route has tells nothing apart, so that callers can't make up groups.
        second = second if (count, first, second) in self._seconds else ""
        last = last if (count, first, last) in self._lasts else ""
        shape = (count, first, second, last) if second or last or (count, first, "") in self._seconds else NOWHERE
        if shape not in self._groups:
            routes = [one for pattern, one in self._shapes if pattern is None or _fits(pattern, shape)]
            self._groups[shape] = APIRouter(
                routes=routes, redirect_slashes=self._router.redirect_slashes, default=self._router.default
            )
        return self._groups[shape]


Shape = tuple[int, str, str, str]
"""How many parts a path has; its first, second, and last, where these are no parameters."""
NOWHERE: Shape = (0, "", "", "")


def _shape(path: str) -> Shape:
    parts = path.split("/")
    return len(parts), parts[min(1, len(parts) - 1)], parts[2] if len(parts) > 2 else "", parts[-1]


def _shape_of(route: BaseRoute) -> Shape | None:
    """None: it matches paths of any shape."""
    if not isinstance(route, Route) or ":path}" in route.path:
        return None
    count, *words = _shape(route.path)
    first, second, last = ("" if "{" in one else one for one in words)
    return count, first, second, last


def _fits(pattern: Shape, path: Shape) -> bool:
    return pattern[:2] == path[:2] and pattern[2] in {"", path[2]} and pattern[3] in {"", path[3]}


def policy(*, images: str = "'self'") -> str:
    """The Content-Security-Policy of a page: only files of our own, and no frame around it."""
    return (
        f"default-src 'none'; script-src 'self'; style-src 'self'; img-src {images}; connect-src 'self'; "
        "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    )


HEADERS = [
    (b"content-security-policy", policy().encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
]


PUBLIC_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
PUBLIC_HEADERS = [
    (b"content-security-policy", PUBLIC_POLICY.encode()),
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"x-robots-tag", b"noindex, nofollow"),
    (b"cache-control", b"no-store"),
]
"""Of everything that outsiders reach by a link: no scripts, no trace of the address elsewhere, nothing kept."""


class SecurityHeaders:
    """Sets security headers on every answer. A header that the handler has set stays."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                present = {name.lower() for name, _ in message["headers"]}
                wanted = PUBLIC_HEADERS if scope["path"].startswith("/p/") else HEADERS
                more = [(name, value) for name, value in wanted if name not in present]
                message["headers"] = [*message["headers"], *more]
            await send(message)

        await self._app(scope, receive, send_guarded)
