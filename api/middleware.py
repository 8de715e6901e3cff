"""Around every request: its id, one log line, metrics, and a limit on the size of its body."""

import re
import time

import structlog
from prometheus_client import Counter, Histogram
from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import problem
from domain.errors import BodyTooLarge
from models.base import new_id

log = structlog.get_logger()

BODY_LIMIT = 4 * 1024 * 1024
WEBHOOK_LIMIT = 2 * 1024 * 1024
REQUESTS = Counter("afterword_http_requests_total", "Requests answered.", ["method", "route", "status"])
SECONDS = Histogram("afterword_http_request_seconds", "Time to the last byte of the answer.", ["method", "route"])
GIVEN_ID = re.compile(r"^[\x21-\x7e]{1,128}$")
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
            await send(message)

        try:
            await self._app(scope, receive, send_with_id)
        finally:
            seconds = time.perf_counter() - started
            route = getattr(scope.get("route"), "path", "unmatched")
            REQUESTS.labels(scope["method"], route, str(status)).inc()
            SECONDS.labels(scope["method"], route).observe(seconds)
            if scope["path"] not in QUIET:
                ids = {name: value for name, value in scope.get("path_params", {}).items() if isinstance(value, str)}
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


class BodyLimit:
    """Refuses a body that is too long, with or without a Content-Length header."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limit = WEBHOOK_LIMIT if scope["path"].startswith("/api/webhooks/") else BODY_LIMIT
        declared = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
        if declared.isdigit() and int(declared) > limit:
            await problem(Request(scope), BodyTooLarge(limit=limit))(scope, receive, send)
            return
        read = 0

        async def limited() -> Message:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > limit:
                raise BodyTooLarge(limit=limit)
            return message

        await self._app(scope, limited, send)


HEADERS = [
    (
        b"content-security-policy",
        (
            b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
            b"form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
        ),
    ),
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"cross-origin-opener-policy", b"same-origin"),
]


class SecurityHeaders:
    """Sets security headers on every answer except the API reference, which loads its viewer from another site.

    A header that the handler has set stays.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"].startswith("/docs"):
            await self._app(scope, receive, send)
            return

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                present = {name.lower() for name, _ in message["headers"]}
                more = [(name, value) for name, value in HEADERS if name not in present]
                message["headers"] = [*message["headers"], *more]
            await send(message)

        await self._app(scope, receive, send_guarded)
