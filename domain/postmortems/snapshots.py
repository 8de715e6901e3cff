"""What a workflow keeps of its row: ids, states and instants; never a text, never a credential."""

from dataclasses import dataclass
from datetime import datetime

from domain.action_items.action_item import ActionItemStatus
from domain.postmortems.lifecycle import Status

OVERDUE = "overdue"


@dataclass(frozen=True, slots=True)
class Deadline:
    """Something to look at, once, when its time has come. ``name`` is a timing target's, or ``overdue``."""

    name: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Alarm:
    """When its workflow looks again, because somebody is to be asked for ``name``; ``at`` is None where nobody is."""

    at: datetime | None = None
    name: str = "nothing"

    @property
    def deadline(self) -> Deadline | None:
        return Deadline(self.name, self.at) if self.at else None


@dataclass(frozen=True, slots=True)
class PostmortemSnapshot:
    """``deadlines`` are the targets that are not settled, earliest first. ``alarm`` is None in what was recorded before
    there was a ladder: a workflow then waited for its next deadline, each of which was nudged for once."""

    id: str
    number: int
    version: int
    status: Status
    team_ids: tuple[str, ...] = ()
    deadlines: tuple[Deadline, ...] = ()
    exists: bool = True
    alarm: Alarm | None = None

    @property
    def is_over(self) -> bool:
        return not self.exists or self.status is Status.ARCHIVED

    @property
    def next_look(self) -> Deadline | None:
        """What the one timer of the workflow is for."""
        if self.alarm is None:
            return self.next_deadline
        return None if self.is_over else self.alarm.deadline

    @property
    def next_deadline(self) -> Deadline | None:
        return self.deadlines[0] if self.deadlines and not self.is_over else None


@dataclass(frozen=True, slots=True)
class TicketToPush:
    """A ticket whose tracker has not been told our side yet, or is to be asked for its own. ``revision`` moves with
    what is to be done; ``creates``: there is no ticket yet that we know of."""

    id: str
    tracker: str
    revision: str
    creates: bool = False


@dataclass(frozen=True, slots=True)
class BatchLook:
    """How far a batch of tickets is: the items to ``tell`` now, how many were told with these, and how many tickets
    ``pending`` are."""

    tell: tuple[str, ...] = ()
    released: int = 0
    pending: int = 0
    is_over: bool = False


@dataclass(frozen=True, slots=True)
class ActionItemSnapshot:
    """``deadlines``: when it is overdue, while it is open. ``alarm`` as there."""

    id: str
    postmortem_id: str
    version: int
    status: ActionItemStatus
    team_ids: tuple[str, ...] = ()
    deadlines: tuple[Deadline, ...] = ()
    pushes: tuple[TicketToPush, ...] = ()
    exists: bool = True
    alarm: Alarm | None = None

    @property
    def is_over(self) -> bool:
        """Nothing to wait for. A change, or news of a ticket, starts its workflow again from the row."""
        return not self.exists or (self.status.is_settled and not self.pushes)

    @property
    def next_deadline(self) -> Deadline | None:
        return self.deadlines[0] if self.deadlines and self.exists else None

    @property
    def next_look(self) -> Deadline | None:
        if self.alarm is None:
            return self.next_deadline
        return self.alarm.deadline if self.exists and not self.status.is_settled else None
