"""Event streams."""

from domain.errors.refusal import Throttled, Unavailable


class TooManyStreams(Unavailable):
    title = "Too many event streams are open"
    says = "This process has {limit} open event streams, as many as it serves. Try again later."


class TooManyOwnStreams(Throttled):
    title = "Too many of your event streams are open"
    says = "You have {limit} open event streams, as many as one person may. Stop one of them, then try again."
