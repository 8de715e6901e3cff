"""The only place where an error becomes an HTTP status and an RFC 9457 problem document."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse, Response
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from api.rendering import error_page, spoken
from domain import errors
from domain.errors import DomainError, refusal
from models.session import (
    Sessions,
    StoreError,
    is_away,
    is_bad_value,
    is_busy,
    is_conflict,
    is_contended,
    is_unmigrated,
)
from runtime.database_checks import SchemaBehind, require_migrated

log = structlog.get_logger()

RETRY_AFTER = {"Retry-After": "2"}

STATUS: dict[type[DomainError], int] = {
    refusal.Unreadable: 400,
    refusal.Unauthenticated: 401,
    refusal.Forbidden: 403,
    refusal.Missing: 404,
    refusal.WrongMethod: 405,
    refusal.TooSlow: 408,
    refusal.ConflictingState: 409,
    refusal.Gone: 410,
    refusal.Stale: 412,
    refusal.TooLarge: 413,
    refusal.Invalid: 422,
    refusal.Throttled: 429,
    refusal.Unavailable: 503,
    refusal.Unanswered: 504,
}
"""By base class; ``domain.errors`` has no refusal without one of these."""


class Problem(BaseModel):
    """An error, as ``application/problem+json`` (RFC 9457). ``code`` is a stable name; ``reasons`` lists details."""

    type: str
    title: str
    status: int
    detail: str
    instance: str
    code: str
    reasons: list[dict[str, Any]] | None = None


def status_of(refusal: DomainError | type[DomainError]) -> int:
    """Of a refusal, or of each refusal of that class."""
    one = refusal if isinstance(refusal, type) else type(refusal)
    return next(status for kind, status in STATUS.items() if issubclass(one, kind))


def problem_body(refusal: DomainError, path: str) -> dict[str, Any]:
    body: dict[str, Any] = {
        "type": f"urn:afterword:problem:{refusal.code}",
        "title": refusal.title,
        "status": status_of(refusal),
        "detail": str(refusal),
        "instance": path,
        "code": refusal.code,
    }
    return body | {name: value for name, value in refusal.facts.items() if name not in body and value is not None}


def problem(request: Request, refusal: DomainError) -> Response:
    status, body = status_of(refusal), problem_body(refusal, request.url.path)
    headers = dict(RETRY_AFTER) if status in {429, 503, 504} else {}
    if wants_page(request):
        return error_page(status, body | {"detail": spoken(refusal)}, headers, _frame(request), _kept_text(request))
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return JSONResponse(body, status, headers, media_type="application/problem+json")


def wants_page(request: Request) -> bool:
    """Whether to answer with a page: a browser asks for something outside of the API."""
    return not request.url.path.startswith("/api/") and "text/html" in request.headers.get("Accept", "")


def _frame(request: Request) -> Mapping[str, Any] | None:
    return getattr(request.state, "frame", None)


def _kept_text(request: Request) -> Sequence[tuple[str, str]]:
    return getattr(request.state, "kept_text", ())


def malformed(found: Sequence[Mapping[str, Any]]) -> errors.Malformed:
    """The errors that pydantic found, without the values that were sent."""
    reasons = [
        errors.reason(one["type"], one["msg"], where=".".join(str(part) for part in one["loc"])) for one in found
    ]
    return errors.Malformed(reasons=reasons[:50])


def install(app: FastAPI) -> None:
    app.add_exception_handler(DomainError, _refused)
    app.add_exception_handler(RequestValidationError, _malformed)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(StoreError, _store)
    app.add_exception_handler(OSError, _store)
    app.add_exception_handler(Exception, _defect)


async def _refused(request: Request, error: Exception) -> Response:
    if not isinstance(error, DomainError):
        raise error
    return problem(request, error)


async def _malformed(request: Request, error: Exception) -> Response:
    if not isinstance(error, RequestValidationError):
        raise error
    return problem(request, malformed(error.errors()))


async def _http(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    if error.status_code == 404:
        return problem(request, errors.RouteNotFound(path=request.url.path))
    if error.status_code == 405:
        answer = problem(request, errors.MethodNotAllowed(method=request.method, path=request.url.path))
        answer.headers.update(error.headers or {})
        return answer
    return problem(request, errors.Malformed(reasons=[errors.reason("request", str(error.detail))]))


async def _store(request: Request, error: Exception) -> Response:
    """An error of the database: busy, unreachable, a conflict, a value that it cannot store. Others are defects."""
    refused = next((refusal() for happened, refusal in STORE_REFUSALS if happened(error)), None)
    if refused is None and is_unmigrated(error) and await _is_behind(request):
        refused = errors.DatabaseNotMigrated()
    if refused is None:
        return await _defect(request, error)
    is_about_schema = isinstance(refused, errors.Conflict | errors.DatabaseNotMigrated)
    reason = str(getattr(error, "orig", error))[:300] if is_about_schema else type(error).__name__
    log.warning("refused by the database", code=refused.code, reason=reason)
    return problem(request, refused)


def _cannot_be_reached(error: Exception) -> bool:
    return isinstance(error, OSError) or is_away(error)


STORE_REFUSALS: Sequence[tuple[Callable[[Exception], bool], type[DomainError]]] = (
    (is_busy, errors.DatabaseBusy),
    (is_contended, errors.RecordLocked),
    (_cannot_be_reached, errors.StoreUnavailable),
    (is_conflict, errors.Conflict),
    (is_bad_value, errors.UnreadableValue),
)
"""What an error of the database means for the caller: the first that happened."""


async def _is_behind(request: Request) -> bool:
    sessions: Sessions = request.app.state.parts.sessions
    try:
        async with sessions.begin() as session:
            await require_migrated(session)
    except SchemaBehind:
        return True
    return False


async def _defect(request: Request, error: Exception) -> Response:
    log.error("defect", route=getattr(request.scope.get("route"), "path", "unmatched"), exc_info=error)
    body = {
        "type": "about:blank",
        "title": "Something went wrong",
        "status": 500,
        "detail": (
            "Something went wrong in Afterword. We logged it under this request id. Try again, or"
            " give the id to your administrator."
        ),
        "instance": request.url.path,
        "code": "Defect",
    }
    headers = {"X-Request-Id": structlog.contextvars.get_contextvars().get("request_id", "")}
    if wants_page(request):
        return error_page(500, body, headers, _frame(request), _kept_text(request))
    return JSONResponse(body, 500, headers, media_type="application/problem+json")
