"""What an operation reads and answers beside its body: headers, and each error that it can give.

Which refusals its code reaches, and which headers it sets, is in ``outcomes.json``, which
``python -m tests.outcomes.outcomes`` finds by following the code. What every request meets before its handler is
listed here.
"""

import json
from collections.abc import Iterable
from functools import cache
from http import HTTPStatus
from pathlib import Path
from typing import Any

from fastapi.routing import APIRoute

from api.errors import STORE_REFUSALS, status_of
from api.request_context import PREFER, SAFE, ContextRoute
from domain import errors
from domain.errors import DomainError

SIGNING_IN: tuple[type[DomainError], ...] = (errors.NotSignedIn, errors.ScopeMissing, errors.TooManyAttempts)
SENDING: tuple[type[DomainError], ...] = (errors.Malformed, errors.BodyTooLarge, errors.BodyTooSlow)
REPEATING: tuple[type[DomainError], ...] = (errors.IdempotencyKeyReused, errors.IdempotencyKeyInUse)
READING = frozenset({errors.DatabaseBusy, errors.StoreUnavailable, errors.UnreadableValue})
"""Of the database's refusals, those that a read can meet."""
HEADERS: dict[str, tuple[str, str]] = {
    "ETag": ("The version of what is answered. Send it as If-Match or If-None-Match.", '"3.184467440737"'),
    "Location": ("The path of what was made or changed.", "/api/postmortems/pm_01hx"),
    "Preference-Applied": ("The preference that this answer follows.", "return=minimal"),
    "Retry-After": ("Seconds to wait before you send the request again.", "2"),
    "WWW-Authenticate": ("How to sign in: with a bearer token.", "Bearer"),
    "Cache-Control": ("Nothing may store this answer.", "no-store"),
    "X-Request-Id": ("Names this request in the logs. Give it to your administrator if something fails.", "rq_01hx"),
}


@cache
def outcomes() -> dict[str, dict[str, list[str]]]:
    """By operation: ``codes`` of refusals, and ``headers`` of answers."""
    found: dict[str, dict[str, list[str]]] = json.loads(Path(__file__).with_name("outcomes.json").read_bytes())
    return found


def complete_answers(operation: dict[str, Any], route: APIRoute, method: str) -> None:
    answers: dict[str, Any] = operation["responses"]
    sets = set(outcomes().get(route.name, {}).get("headers", ()))
    if isinstance(route, ContextRoute):
        _declare_headers(operation, route, method, sets)
    for status, answer in answers.items():
        _set_headers(answer, _carried(status, sets, route.status_code or 200))
    refusals = _refusals(operation, route, method)
    if refusals and "422" in answers:
        del answers["422"]
    for refused, group in _by_status(refusals).items():
        answers.setdefault(str(refused), _problem(refused, group))
    operation["responses"] = dict(sorted(answers.items()))


def _declare_headers(operation: dict[str, Any], route: ContextRoute, method: str, sets: set[str]) -> None:
    """What the request's context reads. A preference has a meaning only where an entity with an ETag is answered."""
    answers: dict[str, Any] = operation["responses"]
    is_preferable = "ETag" in sets and bool({"200", "201"} & answers.keys())
    for one in route.reads(method):
        if one is not PREFER or is_preferable:
            operation.setdefault("parameters", []).append(one.documented())
    if method not in SAFE and is_preferable and "204" not in answers:
        answers["204"] = {"description": "Done, without a body, because the request prefers none"}


def _carried(status: str, sets: set[str], usual: int) -> set[str]:
    carried = {"X-Request-Id"}
    if status in {"200", "201", "202", "304"}:
        carried |= sets & {"ETag", "Cache-Control"}
    if (status in {"201", "202"} or status == str(usual) == "202") and "Location" in sets:
        carried.add("Location")
    if status == "204" and "ETag" in sets:
        carried |= {"ETag", "Location", "Preference-Applied"}
    return carried


def _set_headers(answer: dict[str, Any], names: Iterable[str]) -> None:
    headers = answer.setdefault("headers", {})
    for name in sorted(names):
        headers.setdefault(name, {"$ref": f"#/components/headers/{name}"})


def headers() -> dict[str, Any]:
    """The components that every answer refers to."""
    return {
        name: {"description": words, "schema": {"type": "string"}, "example": example}
        for name, (words, example) in HEADERS.items()
    }


# Errors


def _refusals(operation: dict[str, Any], route: APIRoute, method: str) -> list[type[DomainError]]:
    found = {errors.BY_CODE[code] for code in outcomes().get(route.name, {}).get("codes", ())}
    if isinstance(route, ContextRoute):
        found |= {*SIGNING_IN, *(one for _, one in STORE_REFUSALS if method not in SAFE or one in READING)}
        found.add(errors.DatabaseNotMigrated)
        if method not in SAFE:
            found |= set(REPEATING)
    if operation.get("requestBody"):
        found |= set(SENDING)
    elif operation.get("parameters"):
        found.add(errors.Malformed)
    return sorted(found, key=lambda one: one.__name__)


def _by_status(refusals: Iterable[type[DomainError]]) -> dict[int, list[type[DomainError]]]:
    groups: dict[int, list[type[DomainError]]] = {}
    for one in refusals:
        groups.setdefault(status_of(one), []).append(one)
    return groups


def _problem(status: int, group: list[type[DomainError]]) -> dict[str, Any]:
    """The problem document, with the ``code`` values that this operation can give at that status."""
    codes = [one.__name__ for one in group]
    content = {
        "schema": {"$ref": "#/components/schemas/Problem"},
        "examples": {code: {"$ref": f"#/components/examples/{code}"} for code in codes},
    }
    answer: dict[str, Any] = {
        "description": f"{HTTPStatus(status).phrase}: {', '.join(f'`{code}`' for code in codes)}",
        "content": {"application/problem+json": content},
        "x-codes": codes,
    }
    more = {401: {"WWW-Authenticate"}, 429: {"Retry-After"}, 503: {"Retry-After"}, 504: {"Retry-After"}}
    _set_headers(answer, {"X-Request-Id"} | more.get(status, set()))
    return answer
