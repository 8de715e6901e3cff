"""Refusals: a person must act before the same request can succeed.

Every refusal is a :class:`DomainError`; its class name is the ``code`` on the wire; it is never retried
(``REFUSALS`` goes into each retry policy). A refusal takes facts, not sentences: ``says`` is its one sentence
and is filled in from the facts, which must be JSON values and never hold a secret.
"""

from collections.abc import Mapping, Sequence
from typing import ClassVar

Fact = str | int | float | bool | None | Sequence["Fact"] | Mapping[str, "Fact"]


class DomainError(Exception):
    """A refusal. ``facts`` are JSON values; ``reasons``, where there are several, is a list of code and words."""

    title: ClassVar[str] = "Refused"
    says: ClassVar[str] = "This cannot be done."

    def __init__(self, **facts: Fact) -> None:
        self.facts: dict[str, Fact] = facts
        super().__init__(self.says.format_map(_Blank(facts)))

    @property
    def code(self) -> str:
        return type(self).__name__


class _Blank(dict[str, Fact]):
    def __missing__(self, key: str) -> str:
        return "?"


# Who is asking


class NotSignedIn(DomainError):
    title = "Not signed in"
    says = "Send a valid API token as 'Authorization: Bearer <token>'."


class NotAllowed(DomainError):
    title = "Not allowed"
    says = "You may see this, but not {action} it: {who} may."


class ScopeMissing(DomainError):
    title = "The token lacks a scope"
    says = "This token lacks the scope '{scope}'. Make one that has it."


class NotFound(DomainError):
    title = "Not found"
    says = "There is no {kind} '{id}' that you may see."


class ForgedForm(DomainError):
    title = "This form did not come from here"
    says = "The form was not sent from a page of Afterword, or that page is too old. Open the page again and resend it."


class SignInLinkUsed(DomainError):
    title = "This sign-in link does not work any more"
    says = "A sign-in link works once, and for a day. Ask for another one, or use an API token."


class RouteNotFound(DomainError):
    title = "Not found"
    says = "There is nothing at {path}. The API is described at /openapi.json."


class MethodNotAllowed(DomainError):
    title = "Method not allowed"
    says = "{method} is not possible at {path}."


# Malformed input


class Malformed(DomainError):
    title = "The request is malformed"
    says = "The request is malformed; see 'reasons'."


class BadCursor(DomainError):
    title = "The cursor is not one of ours"
    says = "The cursor '{cursor}' did not come from this list. Start again without it."


class UnknownReference(DomainError):
    title = "Something named in the request does not exist"
    says = "'{field}' names {kind} '{id}', which does not exist."


class InvalidTemplate(DomainError):
    title = "The template cannot be used"
    says = "The template cannot be used as it is; see 'reasons'."


class InvalidPolicy(DomainError):
    title = "The policy cannot be used"
    says = "The policy cannot be used as it is; see 'reasons'."


class InvalidCustomFields(DomainError):
    title = "Custom fields do not fit the template"
    says = "The custom fields do not fit the postmortem's template; see 'reasons'."


class SectionNotInTemplate(DomainError):
    title = "The template has no such section"
    says = "In the postmortem's template there is no place for a text in: {section}. There is in: {known}."


class WordsNotFound(DomainError):
    title = "The words are not in the section"
    says = "The words to comment on are not in the section's text: '{quote}'."


class AnchorTooLong(DomainError):
    title = "Too many words"
    says = "A comment is about at most {limit} characters. Mark fewer, or comment on the section."


class PersonNotActive(DomainError):
    title = "The person is not active"
    says = "'{person_id}' is deactivated and cannot be asked to review."


class UnreadableValue(DomainError):
    title = "A value cannot be stored"
    says = "The request holds a value that cannot be stored, such as a number or a date out of range."


class BodyTooLarge(DomainError):
    title = "The request is too large"
    says = "The body may hold at most {limit} bytes."


class TimelineNotRead(DomainError):
    title = "Not every line was understood"
    says = "{count} lines were not understood; see 'reasons'. Mend them, or send skipProblems: true to leave them out."


# Conflicts


class IllegalTransition(DomainError):
    title = "Not possible from this state"
    says = "'{move}' is not possible while the {entity} is {status}. {hint}"


class NotReadyToSubmit(DomainError):
    title = "Not ready for review"
    says = "The postmortem is not ready for review; see 'reasons'."


class NotReadyToPublish(DomainError):
    title = "Not ready to publish"
    says = "The postmortem is not ready to be published; see 'reasons'."


class AuthorCannotReview(DomainError):
    title = "The author does not review"
    says = "The author of a postmortem cannot be its reviewer. Ask somebody else."


class CommentRequired(DomainError):
    title = "A comment is required"
    says = "Say in 'comment' what should change."


class ReasonRequired(DomainError):
    title = "A reason is required"
    says = "Say in '{field}' why."


class AlreadyReviewer(DomainError):
    title = "Already a reviewer"
    says = "'{person_id}' is a reviewer already."


class NobodyToAdd(DomainError):
    title = "Nobody to add"
    says = "Nobody of the team can be added: its active members are the author, or here already."


class NotAThread(DomainError):
    title = "An answer is not resolved by itself"
    says = "'{comment_id}' is an answer; resolve or reopen its thread '{thread_id}'."


class ThreadAnswered(DomainError):
    title = "Others have answered"
    says = "Others have answered in this thread. Resolve it; {who} may delete it."


class AlreadyExists(DomainError):
    title = "Already exists"
    says = "A {kind} with {field} '{value}' exists already."


class Conflict(DomainError):
    title = "Somebody else was faster"
    says = "Another change came first. Fetch the current state and send the request again."


class EditingClosed(DomainError):
    title = "Editing is closed"
    says = "The content is closed for you while the postmortem is {status}: {who} may edit it."


class StaleVersion(DomainError):
    title = "Somebody else saved first"
    says = "You sent If-Match '{expected}', but the current version is {current}. Fetch it, merge, and send again."


class SectionConflict(DomainError):
    title = "Somebody else changed the same lines"
    says = (
        "The section '{section}' was written upon revision {baseRevision}, but is at {currentRevision}, and the two"
        " cannot be merged. Nothing was saved: make one text of 'yours' and 'current', and send it with the latter."
    )


class IncidentNotResolved(DomainError):
    title = "The incident is not resolved"
    says = "A postmortem is opened from a resolved incident; this one is {status}."


class PostmortemExists(DomainError):
    title = "This incident has a postmortem already"
    says = "Incident '{incident_id}' has a postmortem already."


class TargetSettled(DomainError):
    title = "The target is settled"
    says = "The target '{target}' is {state} and can be neither waived nor extended."


class TemplateArchived(DomainError):
    title = "The template is archived"
    says = "The template '{id}' is archived. Those who keep it keep it, but it can be neither used nor changed."


class DefaultTemplateNeeded(DomainError):
    title = "There must be a default template"
    says = "The template '{id}' is the default. {hint}"


class PolicyArchived(DomainError):
    title = "The policy is archived"
    says = "The policy '{id}' is archived. Those who keep it keep it, but it can be neither changed nor applied."


class DefaultPolicyNeeded(DomainError):
    title = "There must be a default policy"
    says = "The policy '{id}' is the one for everything that no other policy fits: {hint}"


class NeverWorking(DomainError):
    title = "Nobody ever works"
    says = "The calendar in {zone} has no working time in the next three years."


class DueDateNotLater(DomainError):
    title = "The new due time is not later"
    says = "'{field}' must lie after {due_at}."


class JustificationRequired(DomainError):
    title = "A justification is required"
    says = "Say in 'justification' why this will not be done."


class OwnerNotActive(DomainError):
    title = "The owner is not active"
    says = "'{person_id}' is deactivated and cannot own an action item."


# Idempotency


class IdempotencyKeyReused(DomainError):
    title = "The Idempotency-Key was used for another request"
    says = "This Idempotency-Key came with a different request before. Use a new key."


class IdempotencyKeyInUse(DomainError):
    title = "The first request is still running"
    says = "A request with this Idempotency-Key is still running. Repeat it in a moment."


# Webhooks and integrations


class BadSignature(DomainError):
    title = "The signature does not match"
    says = "The webhook's signature is missing or does not match: {detail}"


class MalformedWebhook(DomainError):
    title = "Not this vendor's shape"
    says = "The webhook is not of this vendor's shape at {where}: {what}"


class UnknownIntegrationKind(DomainError):
    title = "Unknown kind of integration"
    says = "There is no integration of kind '{kind}'. Known: {known}."


class InvalidIntegrationConfig(DomainError):
    title = "The connection's settings are not valid"
    says = "The connection's settings are not valid; see 'reasons'."


class AmbiguousConnection(DomainError):
    title = "Several connections of this kind"
    says = "There are several '{kind}' connections: use the connection's own webhookUrl."


class TrackerRefused(DomainError):
    title = "The tracker refused"
    says = "{tracker} refused: {detail}"


class TicketGone(DomainError):
    title = "The ticket is gone"
    says = "The ticket {key} no longer exists in {tracker}."


class TicketForbidden(DomainError):
    title = "The ticket is not visible"
    says = "{tracker} does not let this connection see or change {key}: {detail}"


class StatusUnreachable(DomainError):
    title = "The ticket's status cannot be reached"
    says = "{tracker} has no way from its state to {status} for {key}: {detail}"


class CredentialsRejected(DomainError):
    title = "The credentials were rejected"
    says = "{tracker} rejected this connection's credentials. Renew them in the integration's settings."


class CredentialsLocked(DomainError):
    title = "The credentials cannot be opened"
    says = (
        "No key in AFTERWORD_SECRET_KEY opens this connection's credentials: it changed without keeping the old one."
        " Enter them anew."
    )


class Disconnected(DomainError):
    title = "The connection was given up"
    says = "The connection '{id}' was disconnected. Its links can be read; make a new connection to go on."


class WebhookNotWanted(DomainError):
    title = "Nobody listens here any more"
    says = "The connection '{id}' was disconnected: send nothing more to this address."


class NoTracker(DomainError):
    title = "Not a tracker"
    says = "A connection of kind '{kind}' only sends: it has no tickets, accounts or projection."


class TrackerAway(DomainError):
    title = "The tracker is away"
    says = "{detail}. Try again later."


class AccountTaken(DomainError):
    title = "The account is somebody else's"
    says = "In this connection the account '{account}' is {person_id}'s. Take it from them first."


class AccountsNotTaken(DomainError):
    title = "Not every pair can be taken"
    says = "{count} pairs cannot be taken; see 'reasons'. Mend them, or send skipProblems: true to leave them out."


class NothingToReplay(DomainError):
    title = "There is nothing to replay"
    says = "The attempt {number} cannot be made again: {why}"


class NoActionItems(DomainError):
    title = "No action items"
    says = "The postmortem has no open action item that could have a ticket."


class AddressGone(DomainError):
    title = "Nobody is there"
    says = "{channel} reaches nobody at {address}: {detail}"


class ChannelArchived(DomainError):
    title = "The channel is closed"
    says = "{channel} takes no messages for {address}: {detail}"


class NotifierRefused(DomainError):
    title = "The channel refused"
    says = "{channel} refused: {detail}"


class TicketExists(DomainError):
    title = "A ticket exists already"
    says = "The action item has a ticket in this connection already: {key}."


# Not now (the door answers 503, 504 or 429; nothing was changed, or it is not known)


class TooManyWaiting(DomainError):
    title = "Too many deliveries are waiting"
    says = "More webhooks wait to be taken than can be. Send this one again."


class StoreUnavailable(DomainError):
    title = "The database is away"
    says = "The database cannot be reached. Repeat the request with the same Idempotency-Key."


class WorkflowsUnavailable(DomainError):
    title = "Temporal is away"
    says = "Temporal cannot be reached. Repeat the request with the same Idempotency-Key."


class WorkersUnavailable(DomainError):
    title = "No worker is alive"
    says = "No worker has been seen lately. Repeat the request with the same Idempotency-Key."


class Pending(DomainError):
    title = "Not answered in time"
    says = "The command was taken but not answered in time. Repeat it with the same Idempotency-Key."


def _subclasses(cls: type[DomainError]) -> list[type[DomainError]]:
    return [one for sub in cls.__subclasses__() for one in (sub, *_subclasses(sub))]


BY_CODE: dict[str, type[DomainError]] = {cls.__name__: cls for cls in _subclasses(DomainError)}
PASSING = frozenset({"StoreUnavailable", "WorkflowsUnavailable", "WorkersUnavailable", "Pending"})
REFUSALS: list[str] = sorted(BY_CODE.keys() - PASSING)


def rebuild(code: str, facts: Mapping[str, Fact]) -> DomainError | None:
    """The refusal that crossed a wire as its code and facts; None where the code is not one of ours."""
    cls = BY_CODE.get(code)
    return cls(**facts) if cls else None


def reason(code: str, message: str, **facts: Fact) -> dict[str, Fact]:
    """One of several reasons: machine-readable and in words."""
    return {"code": code, "message": message, **facts}
