"""Timing targets of a postmortem: what is due when, and whether it is late.

A target's state is never stored: it follows from instants, so that no timer has to fire for it to be right.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from domain.errors import DueDateNotLater, ReasonRequired, TargetSettled


class TargetName(StrEnum):
    DRAFT_STARTED = "draft_started"
    DRAFT_COMPLETED = "draft_completed"
    REVIEW_COMPLETED = "review_completed"
    PUBLISHED = "published"


class TargetState(StrEnum):
    PENDING = "PENDING"
    MET = "MET"
    LATE = "LATE"
    MISSED = "MISSED"
    WAIVED = "WAIVED"


DEFAULT_HOURS: dict[TargetName, int] = {
    TargetName.DRAFT_STARTED: 24,
    TargetName.DRAFT_COMPLETED: 48,
    TargetName.REVIEW_COMPLETED: 7 * 24,
    TargetName.PUBLISHED: 14 * 24,
}


@dataclass(frozen=True, slots=True)
class Target:
    """One target. ``due_at`` is the first due instant, ``extended_to`` the one that replaced it."""

    name: TargetName
    due_at: datetime
    extended_to: datetime | None = None
    met_at: datetime | None = None
    waived_at: datetime | None = None

    @property
    def effective_due_at(self) -> datetime:
        return self.extended_to or self.due_at

    @property
    def is_settled(self) -> bool:
        return self.met_at is not None or self.waived_at is not None

    def state(self, now: datetime) -> TargetState:
        if self.waived_at is not None:
            return TargetState.WAIVED
        if self.met_at is not None:
            return TargetState.MET if self.met_at <= self.effective_due_at else TargetState.LATE
        return TargetState.MISSED if now >= self.effective_due_at else TargetState.PENDING

    def state_if(self, now: datetime, *, is_resting: bool) -> TargetState:
        """Nothing is missed while the incident is open again and nobody has begun the draft."""
        return TargetState.PENDING if is_resting and not self.is_settled else self.state(now)


def check_waive(target: Target, reason: str | None, now: datetime) -> None:
    """Raises :class:`ReasonRequired` or :class:`TargetSettled`."""
    if not (reason or "").strip():
        raise ReasonRequired(field="reason")
    if target.is_settled:
        raise TargetSettled(target=target.name, state=target.state(now))


def check_extend(target: Target, until: datetime, reason: str | None, now: datetime) -> None:
    """Raises :class:`ReasonRequired`, :class:`TargetSettled` or :class:`DueDateNotLater`."""
    check_waive(target, reason, now)
    if until <= max(now, target.effective_due_at):
        raise DueDateNotLater(field="until", due_at=max(now, target.effective_due_at).isoformat())
