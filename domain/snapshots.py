"""What a workflow keeps of its row: ids, states and instants; never a text, never a credential."""

from dataclasses import dataclass
from datetime import datetime

from domain.action_items import ActionItemStatus
from domain.lifecycle import Status

OVERDUE = "overdue"


@dataclass(frozen=True, slots=True)
class Deadline:
    """Something to look at, once, when its time has come. ``name`` is a timing target's, or ``overdue``."""

    name: str
    at: datetime


@dataclass(frozen=True, slots=True)
class PostmortemSnapshot:
    """``deadlines`` are the targets that are neither settled nor nudged for, earliest first."""

    id: str
    number: int
    version: int
    status: Status
    team_ids: tuple[str, ...] = ()
    deadlines: tuple[Deadline, ...] = ()
    exists: bool = True

    @property
    def is_over(self) -> bool:
        return not self.exists or self.status is Status.ARCHIVED

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
    id: str
    postmortem_id: str
    version: int
    status: ActionItemStatus
    team_ids: tuple[str, ...] = ()
    deadlines: tuple[Deadline, ...] = ()
    pushes: tuple[TicketToPush, ...] = ()
    exists: bool = True

    @property
    def is_over(self) -> bool:
        """Nothing to wait for. A change, or news of a ticket, starts its workflow again from the row."""
        return not self.exists or (self.status.is_settled and not self.pushes)

    @property
    def next_deadline(self) -> Deadline | None:
        return self.deadlines[0] if self.deadlines and self.exists else None
