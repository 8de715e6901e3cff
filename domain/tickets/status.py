"""Rules between an action item and its ticket in somebody else's tracker: status in and status out.

Trackers name their states as they like; these rules know four categories and, for a closed ticket, why it was
closed. Each tracker in ``integrations/trackers/`` translates its own words into them.
"""

from dataclasses import dataclass
from enum import StrEnum

from domain.action_items.action_item import ActionItemStatus


class TicketState(StrEnum):
    """Category of a ticket's state, whatever its tracker calls it."""

    OPEN = "OPEN"
    STARTED = "STARTED"
    DONE = "DONE"
    CANCELLED = "CANCELLED"

    @property
    def is_closed(self) -> bool:
        return self in {TicketState.DONE, TicketState.CANCELLED}


class CloseReason(StrEnum):
    """Why a ticket was closed. COMPLETED goes with DONE; the others go with CANCELLED."""

    COMPLETED = "COMPLETED"
    NOT_PLANNED = "NOT_PLANNED"
    DUPLICATE = "DUPLICATE"


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a ticket stands; ``reason`` is None while it is open, or where its tracker does not tell."""

    state: TicketState
    reason: CloseReason | None = None


_STATUS = {
    TicketState.OPEN: ActionItemStatus.OPEN,
    TicketState.STARTED: ActionItemStatus.IN_PROGRESS,
    TicketState.DONE: ActionItemStatus.COMPLETED,
    TicketState.CANCELLED: ActionItemStatus.WONT_DO,
}
_STANDING = {
    ActionItemStatus.OPEN: Standing(TicketState.OPEN),
    ActionItemStatus.IN_PROGRESS: Standing(TicketState.STARTED),
    ActionItemStatus.COMPLETED: Standing(TicketState.DONE, CloseReason.COMPLETED),
    ActionItemStatus.WONT_DO: Standing(TicketState.CANCELLED, CloseReason.NOT_PLANNED),
}
_WORDS = {CloseReason.NOT_PLANNED: "as not planned", CloseReason.DUPLICATE: "as a duplicate"}


def status_of(standing: Standing) -> ActionItemStatus:
    """The item status that a ticket's standing means."""
    return _STATUS[standing.state]


def wanted_standing(status: ActionItemStatus) -> Standing:
    """Where the ticket of an item with this status should stand."""
    return _STANDING[status]


def agrees(status: ActionItemStatus, standing: Standing, *, knows_started: bool) -> bool:
    """Whether item and ticket say the same.

    A tracker that does not know "started" (``knows_started`` False: GitHub) says nothing against IN_PROGRESS by
    calling the ticket open.
    """
    if not knows_started and standing.state is TicketState.OPEN:
        return not status.is_settled
    return status_of(standing) is status


def status_in(status: ActionItemStatus, standing: Standing, *, knows_started: bool) -> ActionItemStatus:
    """What a ticket's standing means for an item with this status: the same, where it says nothing against it."""
    return status if agrees(status, standing, knows_started=knows_started) else status_of(standing)


def justification(standing: Standing, tracker: str) -> str | None:
    """Words for an item that will not be done because its ticket says so; None for any other standing. ``tracker`` is
    the tracker's name for people."""
    if standing.state is not TicketState.CANCELLED:
        return None
    words = _WORDS.get(standing.reason) if standing.reason else None
    return f"Closed in {tracker} {words}." if words else f"Canceled in {tracker}."
