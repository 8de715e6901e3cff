"""Who asks, and what they may do."""

from domain.errors.refusal import Forbidden, Throttled, Unauthenticated


class NotSignedIn(Unauthenticated):
    title = "Not signed in"
    says = "Send a valid API token in the header 'Authorization: Bearer <token>'."


class NotAllowed(Forbidden):
    title = "Not allowed"
    says = "You can't {action}. Ask {who}."


class ScopeMissing(Forbidden):
    title = "The token lacks a scope"
    says = "This token lacks the scope '{scope}'. Create a token that has it."


class ForgedForm(Forbidden):
    title = "This form didn't come from Afterword"
    says = (
        "This form wasn't sent from a page of Afterword, or the page is too old. Reload the page and send"
        " the form again."
    )


class SignInLinkUsed(Forbidden):
    title = "This sign-in link no longer works"
    says = "A sign-in link works once and expires after a day. Ask for a new one, or use an API token."


class TooManyAttempts(Throttled):
    title = "Too many wrong attempts"
    says = "Too many wrong codes or tokens came from your address. Try again in five minutes."


class EditingClosed(Forbidden):
    title = "Editing is closed"
    says = "You can't edit this postmortem while it is {status!w}. Ask {who}."
