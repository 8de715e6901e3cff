"""Public summaries and links for outsiders."""

from domain.errors.refusal import ConflictingState, Missing, Throttled, Unauthenticated, Unavailable


class NotShareable(ConflictingState):
    title = "Can't be shared yet"
    says = "This can't be shared with outsiders yet. Fix the listed problems and try again."


class FindingsNotAcknowledged(ConflictingState):
    title = "The text still names things that outsiders shouldn't see"
    says = (
        "The text contains names, hosts, addresses, or secrets. Remove them, or acknowledge each listed finding, and"
        " approve it again."
    )


class SummaryEmpty(ConflictingState):
    title = "There is no summary to approve"
    says = "The public summary isn't saved or has no text. Enter a text and save it before you approve it."


class LinkNotFound(Missing):
    """The same for a link that is unknown, revoked, expired, or suspended."""

    title = "This page isn't available"
    says = "This link doesn't work, or no longer works. Ask the person who sent it to you for a new one."


class WrongPassword(Unauthenticated):
    title = "Wrong password"
    says = "That isn't the password of this link. Check it and try again."


class TooManyPasswords(Throttled):
    title = "Too many passwords"
    says = "Too many passwords were tried from your address. Try again in 15 minutes."


class TooManyUnknownLinks(Throttled):
    title = "Too many wrong links"
    says = "Too many links that don't work were opened from your address. Try again in five minutes."


class TooManyHashes(Unavailable):
    title = "Too many passwords are being checked"
    says = "Too many passwords are being checked right now. Try again in a moment."


class NoMailConnection(ConflictingState):
    title = "There is no e-mail connection"
    says = "There is no e-mail connection that is in use. Ask an administrator to connect a mail server."


class MailRunning(ConflictingState):
    title = "Another e-mail is being sent"
    says = "Another e-mail about this postmortem is still being sent. Try again when it is done."
