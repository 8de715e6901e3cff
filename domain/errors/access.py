"""Who asks, and what they may do."""

from domain.errors.refusal import ConflictingState, Forbidden, Throttled, Unauthenticated, Unavailable, Unreadable


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
    says = "A sign-in link works once and only for a limited time. Ask for a new one, or sign in another way."


class TooManyAttempts(Throttled):
    title = "Too many wrong attempts"
    says = "Too many wrong codes or tokens came from your address. Try again in five minutes."


class TooManyLinks(Throttled):
    title = "Too many sign-in links"
    says = "Too many sign-in links were requested from your address. Try again in 15 minutes."


class ProviderUnavailable(Unavailable):
    title = "The identity provider is unavailable"
    says = "{provider} can't be reached: {detail!e} Try again in a moment, or sign in another way."


class SignInFailed(Forbidden):
    title = "The sign-in failed"
    says = "{provider} couldn't sign you in: {detail!e} Start again from this page."


class SignInNotConfirmed(Forbidden):
    title = "An administrator must let you in"
    says = (
        "{provider} knows you, but Afterword doesn't know yet that this account is yours. Ask an administrator to add"
        " you, or to confirm your account under Settings, Sign-in."
    )


class LogoutTokenRejected(Unreadable):
    title = "The logout token is rejected"
    says = "The logout token {detail!e} No session was ended. Check the settings of the provider."


class PersonDeactivated(Forbidden):
    title = "Your account is deactivated"
    says = "Your account in Afterword is deactivated. Ask an administrator to activate it again."


class AlreadySetUp(ConflictingState):
    title = "Afterword is set up already"
    says = "Afterword has an administrator already. Ask them for a sign-in link."


class WrongSetUpCode(Forbidden):
    title = "The setup code is wrong"
    says = (
        "This isn't the setup code. Enter the one in the log of the API, or the one that 'afterword setup-code' prints."
    )


class EditingClosed(Forbidden):
    title = "Editing is closed"
    says = "You can't edit this postmortem while it is {status!w}. Ask {who}."
