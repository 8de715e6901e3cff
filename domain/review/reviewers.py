"""What a reviewer decided, and whether that decision still counts."""

from enum import StrEnum


class Decision(StrEnum):
    APPROVE = "APPROVE"
    REQUEST_CHANGES = "REQUEST_CHANGES"


class ReviewerState(StrEnum):
    PENDING = "PENDING"
    APPROVED = "APPROVED"
    CHANGES_REQUESTED = "CHANGES_REQUESTED"
    STALE = "STALE"


def reviewer_state(decision: Decision | None, decided_revision: int | None, current_revision: int) -> ReviewerState:
    """A decision counts for the content revision that it was made on."""
    if decision is None:
        return ReviewerState.PENDING
    if decision is Decision.REQUEST_CHANGES:
        return ReviewerState.CHANGES_REQUESTED
    return ReviewerState.APPROVED if decided_revision == current_revision else ReviewerState.STALE
