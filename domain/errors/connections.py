"""Connections, their credentials, accounts, and webhooks."""

from domain.errors.refusal import ConflictingState, Gone, Invalid, Unauthenticated, Unavailable, Unreadable


class BadSignature(Unauthenticated):
    title = "The signature doesn't match"
    says = "The webhook's signature can't be verified: {detail!e} Check the secret in the connection's settings."


class MalformedWebhook(Unreadable):
    title = "The webhook can't be read"
    says = "The webhook doesn't have this vendor's format at {where}: {what}"


class UnknownIntegrationKind(Invalid):
    title = "Unknown kind of integration"
    says = "There is no integration of kind '{kind}'. Choose one of: {known}."


class InvalidIntegrationConfig(Invalid):
    title = "The connection's settings aren't valid"
    says = "The connection's settings aren't valid. Fix the listed problems and save them again."


class AmbiguousConnection(ConflictingState):
    title = "Several connections of this kind"
    says = "There are several connections of kind '{kind}'. Use the webhookUrl of the one you mean."


class CredentialsRejected(ConflictingState):
    title = "The credentials were rejected"
    says = "{tracker} rejected this connection's credentials. Enter new ones in the connection's settings."


class CredentialsLocked(Unavailable):
    """The fault of the process that tried, not of the connection: another process may have the key."""

    title = "The credentials can't be decrypted"
    says = (
        "This process can't decrypt the connection's credentials: its AFTERWORD_SECRET_KEY isn't the key that they were"
        " encrypted with. Ask an administrator to set the right key, or enter the credentials again."
    )


class Disconnected(ConflictingState):
    title = "The connection is disconnected"
    says = "The connection '{id}' is disconnected. Its links stay readable. Create a new connection to sync again."


class WebhookNotWanted(Gone):
    title = "The connection is disconnected"
    says = "The connection '{id}' is disconnected. Stop sending to this address."


class AccountTaken(ConflictingState):
    title = "The account is taken"
    says = "The account '{account}' is already linked to {name} in this connection. Unlink it from them first."


class AccountsNotTaken(Invalid):
    title = "Some accounts can't be linked"
    says = "Some accounts can't be linked ({count}). Fix the listed problems, or send skipProblems: true to skip them."


class NothingToReplay(ConflictingState):
    title = "Nothing to replay"
    says = "You can't replay attempt {number}: {why}"
