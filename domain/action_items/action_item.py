"""Rules of action items: one owner, a due date, and how their status may move."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum

from domain.errors import JustificationRequired, ReasonRequired


class ActionItemStatus(StrEnum):
    OPEN = "OPEN"
    IN_PROGRESS = "IN_PROGRESS"
    COMPLETED = "COMPLETED"
    WONT_DO = "WONT_DO"

    @property
    def is_settled(self) -> bool:
        return self in {ActionItemStatus.COMPLETED, ActionItemStatus.WONT_DO}


class Priority(StrEnum):
    HIGH = "HIGH"
    MEDIUM = "MEDIUM"
    LOW = "LOW"


@dataclass(frozen=True, slots=True)
class Move:
    """What somebody wants to change about an item; None means left alone."""

    status: ActionItemStatus | None = None
    due_on: date | None = None
    justification: str | None = None
    reason: str | None = None


def check_move(status: ActionItemStatus, due_on: date | None, justification: str | None, move: Move) -> None:
    """Raises :class:`JustificationRequired` or :class:`ReasonRequired`; every status can reach every other."""
    wanted = move.status or status
    if wanted is ActionItemStatus.WONT_DO and not (move.justification or justification or "").strip():
        raise JustificationRequired(field="justification")
    if move.due_on is not None and due_on is not None and move.due_on != due_on and not (move.reason or "").strip():
        raise ReasonRequired(field="reason")


def overdue_at(due_on: date) -> datetime:
    """The instant at which an item due on that day is overdue: the end of the day, UTC."""
    return datetime.combine(due_on + timedelta(days=1), time.min, tzinfo=UTC)


def asked_from(due_on: date, snoozed_until: datetime | None) -> datetime:
    """The instant from which on it is asked for: when it is overdue, or when its snooze ends, whichever is later."""
    at = overdue_at(due_on)
    return max(at, snoozed_until or at)


def is_overdue(status: ActionItemStatus, due_on: date | None, now: datetime) -> bool:
    return due_on is not None and not status.is_settled and now >= overdue_at(due_on)


class LinkState(StrEnum):
    """The state of the link between an action item and a ticket."""

    PENDING = "pending"
    OK = "ok"
    REFUSED = "refused"
    MOVED = "moved"
    DELETED = "deleted"
    FORBIDDEN = "forbidden"
