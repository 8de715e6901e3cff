"""Vendors' own documents as judges of what publishers send: GitHub's (npm ``@octokit/openapi``) and Notion's (npm
``@notionhq/notion-mcp-server``).

Stricter than Notion's document in this: a body may hold no field that it does not name. What is newer there than its
examples, children as strings, concerns nothing that we send.
"""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any
from urllib.parse import quote, unquote

from openapi_core import Config, OpenAPI
from openapi_core.testing import MockRequest

from tests.peers.github_openapi import GithubRequests, github_document, github_schema
from tests.peers.npm import packed_file
from tests.peers.tracker_peer import Request

NOTION = ("@notionhq/notion-mcp-server", "2.5.2", "scripts/notion-openapi.json")


@cache
def judge_of(kind: str) -> Callable[[Request], None] | None:
    """Raises where the vendor does not know the request; None where no document is on a registry."""
    match kind:
        case "github_repository":
            return _github()
        case "notion":
            return _notion()
    return None


def _github() -> Callable[[Request], None]:
    """A file's path and a branch's name are one part of an address for the document, slashes and all."""
    judge = GithubRequests(github_document(), github_schema)

    def check(request: Request) -> None:
        before, kind, rest = re.split(r"(/contents/|/git/refs?/|$)", request.path, maxsplit=1)
        judge.check_received(replace(request, path=f"{before}{kind}{quote(unquote(rest), safe='')}"))

    return check


def _notion() -> Callable[[Request], None]:
    document: Any = json.loads(packed_file(*NOTION).read_bytes())
    document["servers"] = [{"url": "https://api.notion.com"}]
    for operations in document["paths"].values():
        for operation in operations.values():
            operation.pop("security", None)
            content = operation.get("requestBody", {}).get("content", {})
            for media in content.values():
                _close(media["schema"])
    document.pop("security", None)
    known = OpenAPI.from_dict(document, config=Config(spec_validator_cls=None))

    def check(request: Request) -> None:
        body = request.body if request.method != "GET" else None
        known.validate_request(
            MockRequest(
                "https://api.notion.com",
                request.method.lower(),
                request.path,
                args=dict(request.query),
                headers=dict(request.headers),
                data=body,
                content_type="application/json",
            )
        )

    return check


def _close(schema: Any) -> None:
    if schema.get("type") == "object" and "properties" in schema:
        schema.setdefault("additionalProperties", False)
        for one in schema["properties"].values():
            _close(one)
