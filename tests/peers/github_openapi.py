"""GitHub's own OpenAPI document as a judge of the requests that we send (npm ``@octokit/openapi``).

Stricter than the document in one thing: a body may hold no field that the document does not name, since GitHub
ignores a misspelt one silently.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import pytest
import requests
from graphql import GraphQLError, GraphQLSchema, build_schema, parse, validate
from openapi_core import Config, OpenAPI
from openapi_core.contrib.requests import RequestsOpenAPIRequest, RequestsOpenAPIResponse
from requests.adapters import HTTPAdapter

from integrations.outbound.bounded import Adapter
from tests.peers.npm import packed_file
from tests.peers.tracker_peer import Request

PACKAGE = "@octokit/openapi"
VERSION = "23.0.2"


class _AtGithub(RequestsOpenAPIRequest):
    """The request as if it were sent to GitHub rather than to a peer."""

    @property
    def host_url(self) -> str:
        return "https://api.github.com"


@dataclass(slots=True)
class GithubRequests:
    """Judges requests; ``seen`` is what passed, such as ``PATCH /repos/acme/api/issues/1``."""

    document: OpenAPI
    schema: Callable[[], GraphQLSchema]
    seen: list[str] = field(default_factory=list)

    def check(self, request: requests.PreparedRequest) -> None:
        """Raises ``openapi_core.exceptions.OpenAPIError`` or ``WrongQuery`` where GitHub does not know the request."""
        judged = _AtGithub(request)
        if judged.path.startswith("/repositories/"):
            return  # where GitHub redirects to from an old name, outside of its document
        if judged.path == "/graphql":
            self._check_query(json.loads(request.body or b"{}")["query"])
            self.seen.append("POST /graphql")
            return
        self.document.validate_request(judged)
        self.seen.append(f"{request.method} {judged.path}")

    def check_received(self, request: Request) -> None:
        """As :meth:`check`, of a request as a peer got it."""
        sent = requests.Request(
            request.method,
            f"https://api.github.com{request.path}",
            params=dict(request.query),
            headers=dict(request.headers),
            data=request.body or None,
        )
        self.check(sent.prepare())

    def _check_query(self, query: str) -> None:
        try:
            problems: Sequence[Exception] = validate(self.schema(), parse(query))
        except GraphQLError as error:
            problems = [error]
        if problems:
            raise WrongQuery(str(problems[0]))


class WrongQuery(Exception):
    """A GraphQL document that GitHub's schema does not allow."""


@cache
def github_schema() -> GraphQLSchema:
    """GitHub's GraphQL schema (npm ``@octokit/graphql-schema``); seconds to build, so only where it is asked for."""
    text = packed_file("@octokit/graphql-schema", "15.26.1", "schema.graphql").read_text()
    return build_schema(text, assume_valid=True, assume_valid_sdl=True)  # graphql-js is laxer


@cache
def github_document() -> OpenAPI:
    document = json.loads(packed_file(PACKAGE, VERSION, "generated/api.github.com.json").read_bytes())
    for operations in document["paths"].values():
        for method in operations.keys() & {"post", "patch", "put"}:
            content = operations[method].get("requestBody", {}).get("content", {})
            _forbid_other_fields(content.get("application/json", {}).get("schema", {}))
    return OpenAPI.from_dict(document, config=Config(spec_validator_cls=None))  # type: ignore[arg-type]


def _forbid_other_fields(schema: dict[str, object]) -> None:
    if schema.get("type") == "object" and "properties" in schema:
        schema.setdefault("additionalProperties", False)


@pytest.fixture
def github_requests(monkeypatch: pytest.MonkeyPatch) -> GithubRequests:
    """While it is there, every request that ``requests`` sends must be one that GitHub documents."""
    judge = GithubRequests(github_document(), github_schema)
    send = HTTPAdapter.send

    def judged(
        adapter: HTTPAdapter, request: requests.PreparedRequest, *rest: Any, **options: Any
    ) -> requests.Response:
        judge.check(request)
        return send(adapter, request, *rest, **options)

    monkeypatch.setattr(HTTPAdapter, "send", judged)
    return judge


@dataclass(slots=True)
class GithubAnswers:
    """Judges answers, of which a part may be missing."""

    document: OpenAPI
    seen: list[str] = field(default_factory=list)

    def check(self, request: requests.PreparedRequest, answer: requests.Response) -> None:
        """Raises ``openapi_core.exceptions.OpenAPIError`` where GitHub does not answer so."""
        judged = _AtGithub(request)
        self.document.validate_response(judged, RequestsOpenAPIResponse(answer))
        self.seen.append(f"{request.method} {judged.path} {answer.status_code}")


@pytest.fixture(scope="session")
def github_answer_document() -> OpenAPI:
    document = json.loads(packed_file(PACKAGE, VERSION, "generated/api.github.com.json").read_bytes())
    return OpenAPI.from_dict(_without_required(document), config=Config(spec_validator_cls=None))  # type: ignore[arg-type]


def _without_required(part: Any) -> Any:
    if isinstance(part, list):
        return [_without_required(one) for one in part]
    if not isinstance(part, dict):
        return part
    kept = {name: _without_required(one) for name, one in part.items() if name != "required" or one is True}
    if kept.get("nullable") is True and isinstance(kept.get("enum"), list):
        kept["enum"] = [*kept["enum"], None]  # GitHub means it so
    return kept


@pytest.fixture
def github_answers(github_answer_document: OpenAPI, monkeypatch: pytest.MonkeyPatch) -> GithubAnswers:
    """While it is there, every answer that our adapter of ``requests`` gets must be one that GitHub documents."""
    judge = GithubAnswers(github_answer_document)
    send = Adapter.send

    def judged(adapter: Adapter, request: requests.PreparedRequest, *rest: Any, **options: Any) -> requests.Response:
        answer = send(adapter, request, *rest, **options)
        judge.check(request, answer)
        return answer

    monkeypatch.setattr(Adapter, "send", judged)
    return judge
