"""Asana's own OpenAPI document as a judge of what we send and of what our peer answers (PyPI ``arcade-asana-api``).

Stricter than the document in two things: a body must have the envelope ``data`` (the document does not require it), and
in it no field that the document does not name, since Asana's document lets any pass.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from openapi_core import Config, OpenAPI
from openapi_core.testing import MockRequest, MockResponse

from tests.peers.pypi import wheel_file
from tests.peers.tracker_peer import Answer, Request

PACKAGE = "arcade-asana-api"
VERSION = "0.2.3"
BASE = "/api/1.0"
SELF_EXPLAINING = {200, 201, 400, 401, 403, 404, 500}
"""The document says nothing of limits (429) and plans (402)."""


class OutsideTheDocument(Exception):
    """What the document would let pass, and Asana does not."""


@cache
def asana_document() -> "AsanaDocument":
    document = json.loads(wheel_file(PACKAGE, VERSION, "arcade_asana_api/moar/openapi.json").read_bytes())
    document["security"] = [{"personalAccessToken": []}]  # the checker knows no oauth2, and lets it pass
    for operations in document["paths"].values():
        for operation in operations.values():
            if isinstance(operation, dict):
                operation.pop("security", None)
    return AsanaDocument(document)


class AsanaDocument:
    def __init__(self, document: dict[str, Any]) -> None:
        self._paths = document["paths"]
        self._openapi = OpenAPI.from_dict(_with_nulls(document), config=Config(spec_validator_cls=None))  # type: ignore[arg-type]

    def check(self, request: Request) -> None:
        """Raises ``OpenAPIError`` or :class:`OutsideTheDocument` where Asana does not know the request."""
        self._openapi.validate_request(_asked(request))
        known = self._known_fields(request)
        if known is not None:
            self._check_body(request, known)

    def check_answer(self, request: Request, answer: Answer) -> None:
        """Raises the same where Asana does not answer so."""
        if answer.status not in SELF_EXPLAINING:
            return
        body = answer.body
        if answer.status < 400 and not (isinstance(body, dict) and "data" in body):
            raise OutsideTheDocument("an answer without data")
        told = MockResponse(json.dumps(body).encode(), status_code=answer.status)
        self._openapi.validate_response(_asked(request), told)

    def _check_body(self, request: Request, known: set[str]) -> None:
        body = request.json()
        if not isinstance(body, dict) or body.keys() != {"data"} or not isinstance(body["data"], dict):
            raise OutsideTheDocument(f"{request.method} {request.path} without the envelope")
        if unknown := body["data"].keys() - known:
            raise OutsideTheDocument(f"{request.method} {request.path} with {sorted(unknown)}")

    def _known_fields(self, request: Request) -> set[str] | None:
        """What may stand in ``data``; None where the operation takes no body."""
        path = request.path.removeprefix(BASE)
        for shape in sorted(self._paths, key=lambda one: one.count("{")):
            if re.fullmatch(re.sub(r"\{[^}]+\}", "[^/]+", shape), path):
                operation = self._paths[shape].get(request.method.lower(), {})
                schema = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema")
                return set(_fields(schema["properties"]["data"])) if schema else None
        return None


@dataclass(slots=True)
class AsanaJudge:
    """Kept beside a peer: ``seen`` is what passed, such as ``POST /api/1.0/tasks``."""

    document: AsanaDocument = field(default_factory=asana_document)
    seen: list[str] = field(default_factory=list)

    def __call__(self, request: Request) -> None:
        self.document.check(request)
        self.seen.append(f"{request.method} {request.path}")


def _fields(schema: dict[str, Any]) -> Iterator[str]:
    yield from schema.get("properties", {})
    for one in schema.get("allOf", ()):
        yield from _fields(one)


def _with_nulls(part: Any) -> Any:
    """``nullable`` beside ``allOf`` means that the whole may be null, which a validator does not take from it."""
    if isinstance(part, list):
        return [_with_nulls(one) for one in part]
    if not isinstance(part, dict):
        return part
    kept = {
        name: _with_nulls(one) for name, one in part.items() if name != "allowEmptyValue"
    }  # the checker warns of it
    members = kept.get("allOf")
    if isinstance(members, list) and any(isinstance(one, dict) and one.get("nullable") for one in members):
        bare = [{name: value for name, value in one.items() if name != "nullable"} for one in members]
        return {"anyOf": [{"allOf": bare}, {"type": "string", "nullable": True, "enum": [None]}]}
    return kept


def _asked(request: Request) -> MockRequest:
    """The request as if it were sent to Asana rather than to a peer."""
    headers = {name.title(): value for name, value in request.headers.items()}
    return MockRequest(
        "https://app.asana.com",
        request.method.lower(),
        request.path,
        args=dict(request.query),
        headers=headers,
        data=request.body or None,
        content_type=request.headers.get("content-type", "application/json"),
    )
