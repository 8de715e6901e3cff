"""A state of a Linear team as ours, and the state that a change wants."""

from collections.abc import Sequence

from domain.tickets.status import CloseReason, Standing, TicketState
from integrations.ticket import TicketChange
from integrations.trackers.linear.wire import Node

_STATES_OF_TYPE = {
    "triage": TicketState.OPEN,
    "backlog": TicketState.OPEN,
    "unstarted": TicketState.OPEN,
    "started": TicketState.STARTED,
    "completed": TicketState.DONE,
    "canceled": TicketState.CANCELLED,
    "duplicate": TicketState.CANCELLED,
}
_TYPES_TO_TRY = {
    TicketState.OPEN: ("unstarted", "backlog", "triage"),
    TicketState.STARTED: ("started",),
    TicketState.DONE: ("completed",),
    TicketState.CANCELLED: ("canceled",),
}


class State(Node):
    name: str
    type: str
    position: float = 0.0


def standing_of(state: State) -> Standing:
    kind = _STATES_OF_TYPE.get(state.type, TicketState.OPEN)
    if kind is TicketState.DONE:
        return Standing(kind, CloseReason.COMPLETED)
    if kind is TicketState.CANCELLED:
        return Standing(kind, CloseReason.DUPLICATE if is_duplicate(state) else CloseReason.NOT_PLANNED)
    return Standing(kind)


def is_duplicate(state: State) -> bool:
    """Linear's own "Duplicate" had the type ``canceled`` before it got one of its own."""
    return state.type == "duplicate" or (state.type == "canceled" and state.name.lower() == "duplicate")


def holds(state: State, change: TicketChange) -> bool:
    if change.status and change.status.lower() == state.name.lower():
        return True
    now = standing_of(state)
    return now.state is change.state and (change.reason is None or now.reason in {change.reason, None})


def wanted_state(states: Sequence[State], change: TicketChange) -> State | None:
    """The state of the configured name, else the first of the wanted category in the team's own order."""
    named = [one for one in states if change.status and one.name.lower() == change.status.lower()]
    if named or change.state is None:
        return named[0] if named else None
    duplicates = [one for one in states if is_duplicate(one)]
    if change.reason is CloseReason.DUPLICATE and change.state is TicketState.CANCELLED and duplicates:
        return duplicates[0]
    for kind in _TYPES_TO_TRY[change.state]:
        for one in states:
            if one.type == kind and not is_duplicate(one):
                return one
    return None
