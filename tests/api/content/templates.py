"""Helpers for the tests of templates."""

from typing import Any
from uuid import uuid4

import httpx

from tests.api.writing import ok

CORE = ["summary", "timeline", "impact", "rootCause", "resolution", "actionItems"]


def refused(response: httpx.Response, status: int, code: str) -> dict[str, Any]:
    assert response.status_code == status, f"{response.status_code}: {response.text[:500]}"
    body: dict[str, Any] = response.json()
    assert body["code"] == code, body
    return body


def name() -> str:
    return f"Template {uuid4().hex[:8]}"


def sections(
    *custom: dict[str, Any], required: tuple[str, ...] = (), **changes: dict[str, Any]
) -> list[dict[str, Any]]:
    """The six core sections, optional unless named, each with its changes; then the custom ones."""
    return [*({"key": one, "required": one in required, **changes.get(one, {})} for one in CORE), *custom]


def made(by: Any, **fields: Any) -> Any:
    return ok(by.post("/api/templates", json={"name": name(), **fields}), 201)


def every(client: Any, **params: Any) -> list[Any]:
    """The whole list, page by page."""
    found: list[Any] = []
    cursor = None
    while True:
        page = ok(client.get("/api/templates", params={**params, "limit": 7, **({"cursor": cursor} if cursor else {})}))
        found += page["items"]
        if (cursor := page["nextCursor"]) is None:
            return found


def opened(by: Any, **fields: Any) -> Any:
    return ok(by.post("/api/postmortems", json={"title": f"Opened {uuid4().hex[:6]}", **fields}), 201)
