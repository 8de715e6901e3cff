"""GitLab's errors: their words, and how long it asks us to wait."""

from datetime import UTC, datetime

import httpx
from pydantic import JsonValue, ValidationError

from integrations.outbound.client import retry_after
from integrations.trackers.gitlab.answers import Problem


def seconds_to_wait(answer: httpx.Response) -> float | None:
    """``Retry-After``, else ``RateLimit-Reset`` (seconds since 1970)."""
    told = retry_after(answer)
    reset = answer.headers.get("RateLimit-Reset", "")
    if told is None and answer.status_code == 429 and reset.isdigit():
        return max(float(reset) - datetime.now(UTC).timestamp(), 0.0)
    return told


def words_of(answer: httpx.Response) -> str:
    """What GitLab says of it: ``title can't be blank``."""
    try:
        told = Problem.model_validate_json(answer.content)
    except ValidationError:
        told = Problem()
    if isinstance(told.message, dict):
        return "; ".join(f"{name} {_spoken(what)}" for name, what in told.message.items())
    return _spoken(told.message) or told.error_description or told.error or f"status {answer.status_code}"


def _spoken(what: JsonValue) -> str:
    if isinstance(what, list):
        return ", ".join(str(one) for one in what)
    return "" if what is None else str(what)
