"""What an action item's workflow keeps of its row: ids, states and instants; never a text, never a credential."""

from dataclasses import dataclass
from datetime import date, datetime

from domain.action_items.action_item import ActionItemStatus, reminded_from
from domain.escalation.deadlines import Alarm, Deadline

OVERDUE = "overdue"


@dataclass(frozen=True, slots=True)
class TicketToPush:
    """A ticket with changes to send to its tracker, or to read from it. ``revision`` changes with what is to be done;
    ``creates`` says that the ticket does not exist yet, as far as we know."""

    id: str
    tracker: str
    revision: str
    creates: bool = False


@dataclass(frozen=True, slots=True)
class ActionItemSnapshot:
    """``deadlines``: when it is overdue, while it is open. ``alarm`` as in a postmortem's snapshot."""

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


def deadlines_of(status: ActionItemStatus, due_on: date | None, snoozed_until: datetime | None) -> tuple[Deadline, ...]:
    """The instant from which an open item is overdue; nothing for a settled one or one without a due date."""
    if due_on is None or status.is_settled:
        return ()
    return (Deadline(OVERDUE, reminded_from(due_on, snoozed_until)),)
