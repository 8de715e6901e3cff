"""A Jira Cloud site: one request at a time, by the session of the package ``jira``, and what its errors mean.

https://developer.atlassian.com/cloud/jira/platform/rest/v3/intro/ (status codes, ``errorMessages`` and ``errors``)
https://developer.atlassian.com/cloud/jira/platform/basic-auth-for-rest-apis/ (``X-Seraph-LoginReason``)
https://developer.atlassian.com/cloud/jira/platform/rate-limiting/

Of the package (3.10.5) only session and authentication keep to today's contract of Jira Cloud: its client sends
transition ids as numbers, calls the search that was taken away, and assigns over ``/rest/api/latest``. Its retries are
off: Temporal retries.
"""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TypeVar

from jira.resilientsession import ResilientSession
from pydantic import BaseModel, JsonValue, ValidationError
from requests import Response
from requests.auth import HTTPBasicAuth

from domain.errors import CredentialsRejected, DomainError, TrackerRefused
from integrations.outbound.bounded import Adapter, trouble_in_words
from integrations.outbound.policy import AddressRefused, guarded
from integrations.tracker import TrackerUnavailable

M = TypeVar("M", bound=BaseModel)

SECONDS = 10.0
"""How long an answer may take."""
WORDS_LIMIT = 500
LIMITED_FOR = 30.0
"""Seconds to wait where Jira limits the rate and does not say for how long."""
_STUMBLES = {408, 409, 423, 425}
"""Somebody else was changing the issue, or Jira was too slow: the same request may well succeed."""


class Unseen(Exception):
    """404: it is not there, or our account may not see it. Its text is Jira's."""


class Forbidden(Exception):
    """403. Its text is Jira's."""


class JiraSite:
    """``calls`` are the requests so far; ``request_id`` is Jira's own id of the last one."""

    def __init__(self, label: str, address: str, email: str, token: str, kept_host: str | None = None) -> None:
        self._label = label
        self._kept_host = kept_host
        self._address = address
        self._token = token
        self._session = ResilientSession(timeout=SECONDS, max_retries=0)
        self._session.auth = HTTPBasicAuth(email.encode(), token.encode())
        for scheme in ("https://", "http://"):
            self._session.mount(scheme, Adapter())
        self._session.hooks["response"].append(self._refuse)  # before the package reads the error, and stumbles over it
        self._session.headers.update({"User-Agent": "afterword", "X-Atlassian-Token": "no-check"})
        self.calls = 0
        self.request_id: str | None = None

    def close(self) -> None:
        self._session.close()

    def ask(
        self, model: type[M], method: str, path: str, query: Mapping[str, str] | None = None, body: JsonValue = None
    ) -> M:
        """The answer as ``model``; raises as :meth:`send`."""
        return self.read(model, self.send(method, path, query, body))

    def read(self, model: type[M], answer: object) -> M:
        try:
            return model.model_validate(answer)
        except ValidationError:
            raise self._not_jira() from None

    def send(self, method: str, path: str, query: Mapping[str, str] | None = None, body: JsonValue = None) -> JsonValue:
        """The JSON that Jira answers, None where it answers without a body.

        Raises :class:`Unseen`, :class:`Forbidden`, ``CredentialsRejected``, ``TrackerRefused`` with Jira's words, and
        ``TrackerUnavailable``. Their causes are cut off, since they carry what was sent.
        """
        self.calls += 1
        self.request_id = None
        try:
            with guarded(self._address, self._kept_host):
                response = self._session.request(
                    method,
                    f"{self._address}{path}",
                    params=query,
                    data=None if body is None else json.dumps(body).encode(),
                    headers={"Content-Type": "application/json"} if body is not None else {},
                    allow_redirects=False,
                )
        except (DomainError, TrackerUnavailable, Unseen, Forbidden):
            raise
        except AddressRefused as refused:
            raise TrackerRefused(tracker=self._label, detail=str(refused)) from None
        except Exception as error:  # the network, and whatever the libraries make of an answer
            raise TrackerUnavailable(self._label, trouble_in_words(error)) from None
        return self._content(response)

    def _refuse(self, response: Response, **_: object) -> None:
        if not response.ok:
            raise self._meaning(response)

    def _content(self, response: Response) -> JsonValue:
        self._note(response)
        if _is_stranger(response):
            raise CredentialsRejected(tracker=self._label)
        if response.status_code >= 300:
            detail = "it redirects to another address. Correct the address of this connection."
            raise TrackerRefused(tracker=self._label, detail=detail)
        if not response.content:
            return None
        try:
            answer: JsonValue = response.json()
        except (ValueError, RecursionError):
            raise self._not_jira() from None
        return answer

    def _note(self, response: Response) -> None:
        self.request_id = response.headers.get("Atl-Traceid") or response.headers.get("X-Arequestid")

    def _not_jira(self) -> TrackerUnavailable:
        return TrackerUnavailable(self._label, "it sent an unexpected answer. Check the address of this connection.")

    def _meaning(self, response: Response) -> Exception:
        self._note(response)
        status = response.status_code
        words = _words(response).replace(self._token, "***")[:WORDS_LIMIT]
        if status == 401 or _is_stranger(response):
            return CredentialsRejected(tracker=self._label)
        if status == 429 or status >= 500 or status in _STUMBLES:
            return TrackerUnavailable(self._label, words, _wait(response, datetime.now(UTC)))
        if status == 403:
            return Forbidden(words)
        if status == 404:
            return Unseen(words)
        if status == 410:
            words = f"it has removed this part of its API ({words})."
        return TrackerRefused(tracker=self._label, detail=words)


def _is_stranger(response: Response) -> bool:
    """Jira answers a wrong token with what anybody may see, 404 for an issue, 200 and an empty list for a search, and
    says so here only."""
    reason = response.headers.get("X-Seraph-LoginReason", "")
    return "AUTHENTICATED_FAILED" in reason or "AUTHENTICATION_DENIED" in reason


def _wait(response: Response, now: datetime) -> float | None:
    """Seconds until Jira wants to hear from us again; None where it does not limit us and does not say."""
    headers = response.headers
    told = headers.get("Retry-After", "")
    if told.isdigit():
        return float(told)
    try:
        reset = datetime.fromisoformat(headers.get("X-RateLimit-Reset", ""))
    except ValueError:
        reset = None
    if reset is not None and reset.tzinfo is not None:
        return max((reset - now).total_seconds(), 0.0) + 1.0
    window = re.search(r";\s*t=(\d+)", headers.get("RateLimit", "") or headers.get("Beta-RateLimit", ""))
    if window is not None:
        return float(window[1])
    return LIMITED_FOR if response.status_code == 429 else None


def _words(response: Response) -> str:
    """What Jira says of it: ``summary: You must specify a summary of the issue.``"""
    try:
        said = response.json()
    except (ValueError, RecursionError):
        said = None
    if not isinstance(said, dict):
        return f"status {response.status_code}"
    messages = said.get("errorMessages")
    words = [str(one) for one in messages] if isinstance(messages, list) else []
    fields = said.get("errors")
    words += [f"{name}: {what}" for name, what in fields.items()] if isinstance(fields, dict) else []
    words += [str(said[name]) for name in ("message", "errorMessage") if said.get(name)]
    return " ".join(words) or f"status {response.status_code}"
