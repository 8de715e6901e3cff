"""Passes refusals from an activity or a validator to the sender of the update."""

from collections.abc import Iterator
from contextlib import contextmanager

from temporalio import workflow
from temporalio.exceptions import ActivityError, ApplicationError, FailureError

with workflow.unsafe.imports_passed_through():
    from domain.errors import REFUSALS, DomainError


def refusal_in(error: FailureError) -> ApplicationError | None:
    """The refusal with which an activity failed; None if it failed for another reason.

    A local activity's own failure arrives bare, without an ActivityError around it (temporalio 1.35).
    """
    cause = error.cause if isinstance(error, ActivityError) else error
    return cause if isinstance(cause, ApplicationError) and cause.type in REFUSALS else None


@contextmanager
def refusals() -> Iterator[None]:
    """For validators: a DomainError rejects the update with its code and facts, and writes no history."""
    try:
        yield
    except DomainError as refusal:
        raise ApplicationError(str(refusal), refusal.facts, type=refusal.code, non_retryable=True) from None


def failure_of(error: FailureError) -> tuple[str, str]:
    """A code and words for people, for a row that says why something failed."""
    if refusal := refusal_in(error):
        return str(refusal.type), refusal.message
    return "Failed", "It failed several times. Check the worker's log, then start it again."
