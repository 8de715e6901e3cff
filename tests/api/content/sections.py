"""Helpers for the tests of sections."""

from typing import Any

import httpx

from tests.api.writing import ok
from tests.stack import Person


def refused(response: httpx.Response, status: int, code: str) -> dict[str, Any]:
    assert response.status_code == status, f"{response.status_code}: {response.text[:500]}"
    body: dict[str, Any] = response.json()
    assert body["code"] == code, body
    return body


def put(who: Person, path: str, name: str, text: str, base: int | None = None, **more: Any) -> httpx.Response:
    body = {"body": text} | ({} if base is None else {"baseRevision": base})
    answer: httpx.Response = who.put(f"{path}/sections/{name}", json=body, **more)
    return answer


def history(who: Person, path: str, name: str, **params: Any) -> list[dict[str, Any]]:
    return list(ok(who.get(f"{path}/sections/{name}/revisions", params=params))["items"])
