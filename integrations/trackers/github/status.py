"""GitHub's state of an issue, and its reason, as ours, and ours as theirs."""

from domain.tickets.status import CloseReason, Standing, TicketState
from integrations.ticket import TicketChange


def wanted_standing(change: TicketChange) -> Standing | None:
    if change.state is None:
        return None
    if not change.state.is_closed:
        return Standing(TicketState.OPEN)
    if change.state is TicketState.DONE:
        return STANDINGS["completed"]
    duplicate = change.reason is CloseReason.DUPLICATE
    return STANDINGS["duplicate" if duplicate else "not_planned"]


STANDINGS = {
    "completed": Standing(TicketState.DONE, CloseReason.COMPLETED),
    "not_planned": Standing(TicketState.CANCELLED, CloseReason.NOT_PLANNED),
    "duplicate": Standing(TicketState.CANCELLED, CloseReason.DUPLICATE),
}


def standing_of(state: str, reason: str | None) -> Standing:
    if state == "open":
        return Standing(TicketState.OPEN)
    return STANDINGS.get(reason or "completed", STANDINGS["completed"])
