"""Linear's errors: what they are about, their words, and how long it asks us to wait."""

from datetime import UTC, datetime

import httpx
from pydantic import ValidationError

from integrations.outbound.client import retry_after
from integrations.trackers.linear.answers import Problem, Problems


class LinearRefused(Exception):
    """What Linear says against a request; never leaves this file."""

    def __init__(self, status: int, problem: Problem, words: str, wait: float | None) -> None:
        super().__init__(words)
        self.status = status
        self.code = problem.extensions.code.upper()
        self.type = problem.extensions.type.lower()
        self.message = problem.message
        self.words = words
        self.wait = wait

    @property
    def is_limit(self) -> bool:
        return self.code == "RATELIMITED" or self.type == "ratelimited"

    @property
    def is_stumble(self) -> bool:
        kinds = {"internal error", "lock timeout", "network error", "bootstrap error"}
        return self.is_limit or self.code == "INTERNAL_SERVER_ERROR" or self.type in kinds

    @property
    def is_about_credentials(self) -> bool:
        return self.status == 401 or self.code == "AUTHENTICATION_ERROR" or self.type == "authentication error"

    @property
    def is_about_rights(self) -> bool:
        return self.status == 403 or self.code == "FORBIDDEN" or self.type in {"forbidden", "feature not accessible"}

    @property
    def is_final(self) -> bool:
        """Whether the same request, with other values, would be refused as well."""
        return self.is_stumble or self.is_about_credentials or self.is_about_rights

    def is_absent(self, entity: str) -> bool:
        """Whether it says that there is no such thing, or none that we may see: Linear does not tell which."""
        return self.message.startswith(f"Entity not found: {entity}")


def problem_in(answer: httpx.Response) -> Problem | None:
    """What is wrong with the answer; None where nothing is, as far as its status and ``errors`` tell."""
    try:
        errors = Problems.model_validate_json(answer.content).errors
    except ValidationError:
        errors = []
    if errors:
        return errors[0]
    return None if answer.is_success else Problem()


def seconds_to_wait(answer: httpx.Response) -> float | None:
    """``Retry-After``, else until the latest reset of those limits that are used up (milliseconds since 1970)."""
    told = retry_after(answer)
    if told is not None:
        return told
    resets = []
    for limit in ("Requests", "Complexity", "Endpoint-Requests"):
        reset = answer.headers.get(f"X-RateLimit-{limit}-Reset", "")
        if reset.isdigit() and answer.headers.get(f"X-RateLimit-{limit}-Remaining", "0") == "0":
            resets.append(int(reset) / 1000)
    return max(max(resets) - datetime.now(UTC).timestamp(), 0.0) if resets else None
