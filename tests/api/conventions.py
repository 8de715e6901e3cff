"""Helpers for the tests of the API's conventions."""

from typing import Any
from uuid import uuid4

import httpx

from tests.api.writing import ok
from tests.stack import Person


def problem(response: httpx.Response, status: int, code: str | None = None) -> dict[str, Any]:
    """The problem document, which is whole."""
    assert response.status_code == status, f"{response.status_code}: {response.text[:500]}"
    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers["x-request-id"]
    body: dict[str, Any] = response.json()
    assert body["status"] == status
    assert body["instance"] == response.request.url.path
    assert body["type"] == f"urn:afterword:problem:{body['code']}"
    assert body["title"]
    assert body["detail"]
    if code is not None:
        assert body["code"] == code
    if status == 401:
        assert response.headers["www-authenticate"] == "Bearer"
    return body


def key() -> dict[str, str]:
    return {"Idempotency-Key": uuid4().hex}


def title() -> str:
    return f"Conventions {uuid4().hex[:8]}"


def titled(author: Person, name: str) -> list[Any]:
    return list(ok(author.get("/api/postmortems", params={"q": name}))["items"])
