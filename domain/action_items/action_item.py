"""Rules of action items: one owner, a due date, and how their status may change."""

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


class ActionItemType(StrEnum):
    """What the item improves."""

    PREVENT = "PREVENT"
    DETECT = "DETECT"
    MITIGATE = "MITIGATE"
    RESPOND = "RESPOND"
    PROCESS = "PROCESS"
    OTHER = "OTHER"


@dataclass(frozen=True, slots=True)
class StatusChange:
    """What a person wants to change about an item; None leaves a value as it is."""

    status: ActionItemStatus | None = None
    due_on: date | None = None
    justification: str | None = None
    reason: str | None = None


def check_change(
    status: ActionItemStatus, due_on: date | None, justification: str | None, change: StatusChange
) -> None:
    """Raises :class:`JustificationRequired` or :class:`ReasonRequired`; every status can reach every other."""
    wanted = change.status or status
    if wanted is ActionItemStatus.WONT_DO and not (change.justification or justification or "").strip():
        raise JustificationRequired(field="justification")
    is_moved = change.due_on is not None and due_on is not None and change.due_on != due_on
    if is_moved and not (change.reason or "").strip():
        raise ReasonRequired(field="reason")


def overdue_at(due_on: date) -> datetime:
    """The instant at which an item due on that day is overdue: the end of the day, UTC."""
    return datetime.combine(due_on + timedelta(days=1), time.min, tzinfo=UTC)


def reminded_from(due_on: date, snoozed_until: datetime | None) -> datetime:
    """The instant of the first reminder: when it is overdue, or when its snooze ends, whichever is later."""
    at = overdue_at(due_on)
    return max(at, snoozed_until or at)


def is_overdue(status: ActionItemStatus, due_on: date | None, now: datetime) -> bool:
    return due_on is not None and not status.is_settled and now >= overdue_at(due_on)


SOON_DAYS = 3
"""So many days before it is due, an item is due soon."""


def urgency(status: ActionItemStatus, due_on: date | None, now: datetime) -> str:
    """``overdue``, ``soon``, or nothing."""
    if due_on is None or status.is_settled:
        return ""
    if is_overdue(status, due_on, now):
        return "overdue"
    return "soon" if (due_on - now.astimezone(UTC).date()).days <= SOON_DAYS else ""


class LinkState(StrEnum):
    """The state of the link between an action item and one of its tickets."""

    PENDING = "pending"
    OK = "ok"
    REFUSED = "refused"
    MOVED = "moved"
    DELETED = "deleted"
    FORBIDDEN = "forbidden"
