"""GitHub's own OpenAPI document as a judge of the requests that we send (npm ``@octokit/openapi``).

Stricter than the document in one thing: a body may hold no field that the document does not name, since GitHub
ignores a misspelt one silently.
"""

import json
from dataclasses import dataclass, field

import pytest
import requests
from openapi_core import Config, OpenAPI
from openapi_core.contrib.requests import RequestsOpenAPIRequest
from requests.adapters import HTTPAdapter

from tests.peers.npm import packed_file

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
    seen: list[str] = field(default_factory=list)

    def check(self, request: requests.PreparedRequest) -> None:
        """Raises ``openapi_core.exceptions.OpenAPIError`` where GitHub does not know the request."""
        judged = _AtGithub(request)
        self.document.validate_request(judged)
        self.seen.append(f"{request.method} {judged.path}")


@pytest.fixture(scope="session")
def github_openapi() -> OpenAPI:
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
def github_requests(github_openapi: OpenAPI, monkeypatch: pytest.MonkeyPatch) -> GithubRequests:
    """While it is there, every request that ``requests`` sends must be one that GitHub documents."""
    judge = GithubRequests(github_openapi)
    send = HTTPAdapter.send

    def judged(adapter: HTTPAdapter, request: requests.PreparedRequest, **options: object) -> requests.Response:
        judge.check(request)
        return send(adapter, request, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(HTTPAdapter, "send", judged)
    return judge
