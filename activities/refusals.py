"""How a refusal leaves an activity: its code as the failure's type, its facts as details, never retried."""

from collections.abc import Iterator
from contextlib import contextmanager

from temporalio.exceptions import ApplicationError

from domain.errors import DomainError


@contextmanager
def refusals() -> Iterator[None]:
    """Turns a DomainError into an ApplicationError that carries its code and facts."""
    try:
        yield
    except DomainError as refusal:
        raise as_failure(refusal) from None


def as_failure(refusal: DomainError) -> ApplicationError:
    return ApplicationError(str(refusal), refusal.facts, type=refusal.code, non_retryable=True)
