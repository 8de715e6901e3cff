"""Tickets, and what a tracker refuses."""

from domain.errors.refusal import ConflictingState, Invalid, Unavailable


class TrackerRefused(ConflictingState):
    title = "The tracker refused the request"
    says = "{tracker} refused the request: {detail}"


class TicketGone(ConflictingState):
    title = "The ticket no longer exists"
    says = "The ticket {key} no longer exists in {tracker}. Link another ticket or create a new one."


class TicketForbidden(ConflictingState):
    title = "The ticket isn't accessible"
    says = (
        "{tracker} doesn't let this connection see or change {key}: {detail!e} Give it access, or link another ticket."
    )


class StatusUnreachable(ConflictingState):
    title = "The ticket can't get that status"
    says = "{tracker} can't change {key} to {status!w}: {detail!e} Change its status in {tracker}."


class TextNotKept(ConflictingState):
    title = "The ticket's text can't be changed"
    says = (
        "Changing the description of {key} would remove something that only {tracker} can show, such as an image, a"
        " panel, or a mention. Afterword wrote the new text as a comment. Edit the description in {tracker}."
    )


class NoTracker(Invalid):
    title = "Not a tracker"
    says = (
        "A connection of kind '{kind}' only sends messages: it has no tickets, accounts, or field mapping."
        " Choose a tracker."
    )


class TrackerAway(Unavailable):
    title = "The tracker can't be reached"
    says = "The tracker can't be reached: {detail!e} Try again later."


class TicketExists(ConflictingState):
    title = "There is already a ticket"
    says = "The action item already has a ticket in this connection: {key}. Unlink it to create another one."
