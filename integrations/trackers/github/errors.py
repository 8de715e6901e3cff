"""GitHub's errors: their words, and how long it asks us to wait."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from github import GithubException, RateLimitExceededException

from integrations.trackers.github.issues import NotGithub

LIMITED_FOR = 60.0
"""Seconds to wait where GitHub limits the rate without saying for how long (its documentation: a minute)."""


def graphql_error(data: object, headers: Mapping[str, Any]) -> Exception:
    """GraphQL says with 200 what REST says with a status."""
    errors = data.get("errors") if isinstance(data, dict) else None
    first = errors[0] if isinstance(errors, list) and errors and isinstance(errors[0], dict) else {}
    if not first:
        return NotGithub("an answer without data")
    status = 429 if first.get("type") in {"RATE_LIMITED", "RATE_LIMIT"} else 403
    return GithubException(status, {"message": str(first.get("message"))}, dict(headers))


def seconds_to_wait(error: GithubException, now: datetime) -> float | None:
    """Seconds until GitHub wants to hear from us again; None where it does not limit us."""
    headers = error.headers or {}
    if error.status < 500 and error.status not in {403, 429}:
        return None
    if (told := headers.get("retry-after", "")).isdigit():
        return float(told)
    if error.status >= 500:
        return None
    reset = headers.get("x-ratelimit-reset", "")
    if headers.get("x-ratelimit-remaining") == "0" and reset.isdigit():
        return max(float(reset) - now.timestamp(), 0.0) + 1.0
    limited = error.status == 429 or isinstance(error, RateLimitExceededException)
    return LIMITED_FOR if limited else None


def words_of(error: GithubException) -> str:
    """What GitHub says of it: ``Validation Failed: title missing_field``."""
    data = error.data if isinstance(error.data, dict) else {}
    message = str(data.get("message") or f"status {error.status}")
    errors = data.get("errors")
    details = [_detail(one) for one in errors] if isinstance(errors, list) else []
    return ": ".join([message, "; ".join(details)] if details else [message])


def _detail(one: object) -> str:
    if not isinstance(one, dict):
        return str(one)
    return str(one.get("message") or f"{one.get('field', '')} {one.get('code', '')}".strip())
