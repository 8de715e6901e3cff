"""What a reviewer decided, and whether that decision still counts."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum

from domain.errors import LastReview, NoReviewDue, ReasonRequired, RemindedRecently

BETWEEN_REMINDERS = timedelta(days=1)
"""A person reminds a reviewer at most once in this time."""


class Decision(StrEnum):
    APPROVE = "APPROVE"
    REQUEST_CHANGES = "REQUEST_CHANGES"


class ReviewerState(StrEnum):
    PENDING = "PENDING"
    APPROVED = "APPROVED"
    CHANGES_REQUESTED = "CHANGES_REQUESTED"
    STALE = "STALE"
    WAIVED = "WAIVED"

    @property
    def is_outstanding(self) -> bool:
        """Publishing waits for this reviewer."""
        return self not in {ReviewerState.APPROVED, ReviewerState.WAIVED}


def reviewer_state(
    decision: Decision | None, decided_revision: int | None, current_revision: int, *, is_waived: bool = False
) -> ReviewerState:
    """A decision counts for the content revision that it was made on. A waiver holds until the reviewer decides, or
    the postmortem is submitted again."""
    if is_waived:
        return ReviewerState.WAIVED
    if decision is None:
        return ReviewerState.PENDING
    if decision is Decision.REQUEST_CHANGES:
        return ReviewerState.CHANGES_REQUESTED
    return ReviewerState.APPROVED if decided_revision == current_revision else ReviewerState.STALE


def check_remind(person_id: str, state: ReviewerState, reminded_at: datetime | None, now: datetime) -> None:
    """Raises :class:`NoReviewDue` or :class:`RemindedRecently`."""
    if not state.is_outstanding:
        raise NoReviewDue(person_id=person_id, state=state)
    if not may_remind_again(reminded_at, now):
        again = (reminded_at or now) + BETWEEN_REMINDERS
        raise RemindedRecently(person_id=person_id, at=again.isoformat())


def may_remind_again(reminded_at: datetime | None, now: datetime) -> bool:
    return reminded_at is None or now >= reminded_at + BETWEEN_REMINDERS


def check_waive(
    person_id: str, states: Mapping[str, ReviewerState], reason: str | None, *, may_waive_last: bool
) -> None:
    """``states`` are of all reviewers. Raises :class:`ReasonRequired`, :class:`NoReviewDue` or :class:`LastReview`."""
    if not (reason or "").strip():
        raise ReasonRequired(field="reason")
    if not states[person_id].is_outstanding:
        raise NoReviewDue(person_id=person_id, state=states[person_id])
    others = [one for other, one in states.items() if other != person_id]
    if not may_waive_last and all(one is ReviewerState.WAIVED for one in others):
        raise LastReview()
