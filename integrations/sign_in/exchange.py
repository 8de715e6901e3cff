"""Requests to an identity provider: under the policy for outbound connections, each answer up to a size and a time."""

import json
from typing import Any
from urllib.parse import urlsplit

import httpx

from domain.errors import ProviderUnavailable, SignInFailed
from integrations.outbound.client import HttpClient


class Requests:
    """One provider's requests. It is the session that Authlib's client sends its own with.

    Raises ProviderUnavailable for a stumble, and SignInFailed for what the policy refuses.
    """

    kept_host: str | None = None
    calls = 0
    request_id: str | None = None

    def __init__(self, label: str, secret: str = "") -> None:
        self._label = label
        self._secret = secret

    def unavailable(self, detail: str, retry_after: float | None = None) -> Exception:
        del retry_after
        return ProviderUnavailable(provider=self._label, detail=detail)

    def refused(self, detail: str) -> Exception:
        return SignInFailed(provider=self._label, detail=detail)

    def get_json(self, address: str, access_token: str = "") -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {access_token}"} if access_token else {}
        answer = self._send("GET", address, headers)
        if answer.status_code != 200:
            raise self.unavailable(f"status {answer.status_code}")
        try:
            found = json.loads(answer.content)
        except (ValueError, RecursionError):
            raise self.unavailable("it sent an unexpected answer") from None
        if not isinstance(found, dict):
            raise self.unavailable("it sent an unexpected answer")
        return found

    def post(self, url: str, *, data: Any, headers: dict[str, str], auth: Any, **_more: Any) -> httpx.Response:
        """As Authlib calls it, for the token endpoint."""
        body = httpx.QueryParams(data)
        url, headers, content = auth.prepare("POST", url, dict(headers), str(body))
        return self._send("POST", url, headers, content.encode() if isinstance(content, str) else content)

    def _send(self, method: str, address: str, headers: dict[str, str], content: bytes | None = None) -> httpx.Response:
        parts = urlsplit(address)
        client = HttpClient(self, f"{parts.scheme}://{parts.netloc}", {}, hidden=[self._secret])
        path = parts.path + (f"?{parts.query}" if parts.query else "")
        try:
            return client.send(method, path, headers=headers, content=content)
        finally:
            client.close()
