"""Refusals: a person must act before the same request can succeed.

Every refusal is a :class:`DomainError`; its class name is the ``code`` on the wire; it is never retried
(``REFUSALS`` goes into each retry policy). A refusal takes facts: ``says`` is a whole sentence, or two, that the facts
fill in. Facts are JSON values and never hold a secret.
"""

from collections.abc import Mapping, Sequence
from string import Formatter
from typing import Any, ClassVar

Fact = str | int | float | bool | None | Sequence["Fact"] | Mapping[str, "Fact"]


class DomainError(Exception):
    """A refusal. ``facts`` are JSON values; ``reasons``, where there are several, is a list of code and words."""

    title: ClassVar[str] = "Refused"
    says: ClassVar[str] = "This can't be done."

    def __init__(self, **facts: Fact) -> None:
        self.facts: dict[str, Fact] = facts
        super().__init__(_finished(_PROSE.vformat(self.says, (), _Blank(facts))))

    @property
    def code(self) -> str:
        return type(self).__name__


class _Blank(dict[str, Fact]):
    def __missing__(self, key: str) -> str:
        return "?"


class _Prose(Formatter):
    """``{status!w}`` writes a code as people read it: ``IN_REVIEW`` becomes ``in review``.

    ``{detail!e}`` ends it with a period, which a vendor's own words often lack.
    """

    def convert_field(self, value: Any, conversion: Any) -> Any:
        if conversion == "w":
            text = str(value).replace("_", " ").replace("WONT", "WON'T")
            return text.lower() if text.isupper() else text
        if conversion == "e":
            return _finished(str(value))
        return super().convert_field(value, conversion)


_PROSE = _Prose()


def _finished(sentence: str) -> str:
    """With a period at its end."""
    text = sentence.rstrip()
    return text if text.endswith((".", "!", "?")) else f"{text.rstrip(':;,')}."


# Who is asking


class NotSignedIn(DomainError):
    title = "Not signed in"
    says = "Send a valid API token in the header 'Authorization: Bearer <token>'."


class NotAllowed(DomainError):
    title = "Not allowed"
    says = "You can't {action}. Ask {who}."


class ScopeMissing(DomainError):
    title = "The token lacks a scope"
    says = "This token lacks the scope '{scope}'. Create a token that has it."


class NotFound(DomainError):
    title = "Not found"
    says = "There is no {kind} '{id}', or you don't have access to it. Check the id."


class ForgedForm(DomainError):
    title = "This form didn't come from Afterword"
    says = (
        "This form wasn't sent from a page of Afterword, or the page is too old. Reload the page and send"
        " the form again."
    )


class SignInLinkUsed(DomainError):
    title = "This sign-in link no longer works"
    says = "A sign-in link works once and expires after a day. Ask for a new one, or use an API token."


class RouteNotFound(DomainError):
    title = "Not found"
    says = "There is nothing at {path}. See the API's description at /openapi.json."


class MethodNotAllowed(DomainError):
    title = "Method not allowed"
    says = "You can't use {method} at {path}. See the API's description at /openapi.json."


# Malformed input


class Malformed(DomainError):
    title = "The request is malformed"
    says = "The request is malformed. Fix the listed problems and send it again."


class BadCursor(DomainError):
    title = "Unknown cursor"
    says = "The cursor '{cursor}' doesn't belong to this list. Start again without a cursor."


class UnknownReference(DomainError):
    title = "Unknown reference"
    says = "'{field}' refers to the {kind} '{id}', which doesn't exist. Check the id."


class InvalidTemplate(DomainError):
    title = "The template isn't valid"
    says = "The template isn't valid. Fix the listed problems and save it again."


class InvalidPolicy(DomainError):
    title = "The policy isn't valid"
    says = "The policy isn't valid. Fix the listed problems and save it again."


class InvalidCustomFields(DomainError):
    title = "Custom fields don't match the template"
    says = "The custom fields don't match the postmortem's template. Fix the listed problems and save again."


class SectionNotInTemplate(DomainError):
    title = "The template has no such section"
    says = "The postmortem's template has no text for '{section}'. Choose one of: {known}."


class WordsNotFound(DomainError):
    title = "The text isn't in the section"
    says = (
        "The section doesn't contain the text you commented on: '{quote}'. Reload the section and select the"
        " text again."
    )


class AnchorTooLong(DomainError):
    title = "Too much text selected"
    says = "A comment can refer to at most {limit} characters. Select less, or comment on the whole section."


class PersonNotActive(DomainError):
    title = "The person is deactivated"
    says = "'{person_id}' is deactivated and can't review. Choose someone else."


class UnreadableValue(DomainError):
    title = "A value can't be stored"
    says = (
        "The request holds a value that can't be stored, such as a number or a date that is out of range."
        " Correct it and send the request again."
    )


class BodyTooLarge(DomainError):
    title = "The request is too large"
    says = "The request can't be larger than {limit} bytes. Send less at once."


class TimelineNotRead(DomainError):
    title = "Some lines couldn't be read"
    says = "Some lines couldn't be read ({count}). Fix the listed problems, or send skipProblems: true to skip them."


# Conflicts


class IllegalTransition(DomainError):
    title = "Not possible in this status"
    says = "You can't {move} while it is {status!w}. {hint}"


class NotReadyToSubmit(DomainError):
    title = "Not ready for review"
    says = "The postmortem isn't ready for review. Complete the listed items and submit it again."


class NotReadyToPublish(DomainError):
    title = "Not ready to publish"
    says = "You can't publish the postmortem yet. Complete the listed items and publish it again."


class AuthorCannotReview(DomainError):
    title = "The author can't review"
    says = "The author of a postmortem can't review it. Choose someone else."


class CommentRequired(DomainError):
    title = "A comment is required"
    says = "Describe in 'comment' what should change."


class ReasonRequired(DomainError):
    title = "A reason is required"
    says = "Give the reason in '{field}'."


class AlreadyReviewer(DomainError):
    title = "Already a reviewer"
    says = "'{person_id}' is already a reviewer. Choose someone else."


class NobodyToAdd(DomainError):
    title = "No one to add"
    says = (
        "The team has no one to add: each active member is the author or already on the list. Choose another"
        " team or a person."
    )


class NotAThread(DomainError):
    title = "A reply can't be resolved"
    says = "'{comment_id}' is a reply. Resolve or reopen its thread '{thread_id}' instead."


class ThreadAnswered(DomainError):
    title = "Others have replied"
    says = "You can't delete this thread because others have replied. Resolve it, or ask {who} to delete it."


class AlreadyExists(DomainError):
    title = "Already exists"
    says = "There is already a {kind} with the {field} '{value}'. Choose another {field}."


class Conflict(DomainError):
    title = "Someone else made a change first"
    says = "Someone else made a change first. Fetch the current state and send the request again."


class EditingClosed(DomainError):
    title = "Editing is closed"
    says = "You can't edit this postmortem while it is {status!w}. Ask {who}."


class StaleVersion(DomainError):
    title = "Someone else saved first"
    says = (
        "You sent If-Match '{expected}', but the current version is {current}. Fetch it, merge your changes,"
        " and send them again."
    )


class SectionConflict(DomainError):
    title = "Someone else edited the same lines"
    says = (
        "You edited revision {baseRevision} of the section '{section}', but it is now at revision {currentRevision},"
        " and someone else edited the same lines. Nothing was saved: combine 'yours' and 'current', and send the result"
        " with the current revision."
    )


class IncidentNotResolved(DomainError):
    title = "The incident isn't resolved"
    says = "The incident is {status!w}. Resolve it before you start its postmortem."


class PostmortemExists(DomainError):
    title = "This incident already has a postmortem"
    says = "The incident '{incident_id}' already has a postmortem. Edit that one instead of starting another."


class TargetSettled(DomainError):
    title = "The target is settled"
    says = "You can't waive or extend the target '{target!w}': it is already {state!w}."


class TemplateArchived(DomainError):
    title = "The template is archived"
    says = (
        "The template '{id}' is archived. Postmortems that use it keep it, but you can't change it or use it"
        " for new ones. Choose another template."
    )


class DefaultTemplateNeeded(DomainError):
    title = "A default template is required"
    says = "The template '{id}' is the default. {hint}"


class PolicyArchived(DomainError):
    title = "The policy is archived"
    says = (
        "The policy '{id}' is archived. Postmortems that use it keep it, but you can't change it or apply"
        " it. Choose another policy."
    )


class DefaultPolicyNeeded(DomainError):
    title = "A default policy is required"
    says = "The policy '{id}' is the default for everything that no other policy covers. {hint}"


class NeverWorking(DomainError):
    title = "No working time"
    says = "The calendar in {zone} has no working time in the next three years. Add working days or remove holidays."


class DueDateNotLater(DomainError):
    title = "The new due date isn't later"
    says = "'{field}' must be later than {due_at}. Choose a later time."


class JustificationRequired(DomainError):
    title = "A justification is required"
    says = "Explain in 'justification' why this won't be done."


class OwnerNotActive(DomainError):
    title = "The owner is deactivated"
    says = "'{person_id}' is deactivated and can't own an action item. Choose someone else."


# Idempotency


class IdempotencyKeyReused(DomainError):
    title = "The Idempotency-Key belongs to another request"
    says = "You have already sent this Idempotency-Key with a different request. Use a new key."


class IdempotencyKeyInUse(DomainError):
    title = "The first request is still running"
    says = "A request with this Idempotency-Key is still running. Try again in a moment."


# Webhooks and integrations


class BadSignature(DomainError):
    title = "The signature doesn't match"
    says = "The webhook's signature can't be verified: {detail!e} Check the secret in the connection's settings."


class MalformedWebhook(DomainError):
    title = "The webhook can't be read"
    says = "The webhook doesn't have this vendor's format at {where}: {what}"


class UnknownIntegrationKind(DomainError):
    title = "Unknown kind of integration"
    says = "There is no integration of kind '{kind}'. Choose one of: {known}."


class InvalidIntegrationConfig(DomainError):
    title = "The connection's settings aren't valid"
    says = "The connection's settings aren't valid. Fix the listed problems and save them again."


class AmbiguousConnection(DomainError):
    title = "Several connections of this kind"
    says = "There are several connections of kind '{kind}'. Use the webhookUrl of the one you mean."


class TrackerRefused(DomainError):
    title = "The tracker refused the request"
    says = "{tracker} refused the request: {detail}"


class TicketGone(DomainError):
    title = "The ticket no longer exists"
    says = "The ticket {key} no longer exists in {tracker}. Link another ticket or create a new one."


class TicketForbidden(DomainError):
    title = "The ticket isn't accessible"
    says = (
        "{tracker} doesn't let this connection see or change {key}: {detail!e} Give it access, or link another ticket."
    )


class StatusUnreachable(DomainError):
    title = "The ticket can't get that status"
    says = "{tracker} can't change {key} to {status!w}: {detail!e} Change its status in {tracker}."


class CredentialsRejected(DomainError):
    title = "The credentials were rejected"
    says = "{tracker} rejected this connection's credentials. Enter new ones in the connection's settings."


class CredentialsLocked(DomainError):
    title = "The credentials can't be decrypted"
    says = (
        "This connection's credentials can't be decrypted: AFTERWORD_SECRET_KEY changed and the old key wasn't kept."
        " Enter the credentials again."
    )


class Disconnected(DomainError):
    title = "The connection is disconnected"
    says = "The connection '{id}' is disconnected. Its links stay readable. Create a new connection to sync again."


class WebhookNotWanted(DomainError):
    title = "The connection is disconnected"
    says = "The connection '{id}' is disconnected. Stop sending to this address."


class NoTracker(DomainError):
    title = "Not a tracker"
    says = (
        "A connection of kind '{kind}' only sends messages: it has no tickets, accounts, or field mapping."
        " Choose a tracker."
    )


class TrackerAway(DomainError):
    title = "The tracker can't be reached"
    says = "The tracker can't be reached: {detail!e} Try again later."


class AccountTaken(DomainError):
    title = "The account is taken"
    says = "The account '{account}' is already linked to {person_id} in this connection. Unlink it from them first."


class AccountsNotTaken(DomainError):
    title = "Some accounts can't be linked"
    says = "Some accounts can't be linked ({count}). Fix the listed problems, or send skipProblems: true to skip them."


class NothingToReplay(DomainError):
    title = "Nothing to replay"
    says = "You can't replay attempt {number}: {why}"


class NoActionItems(DomainError):
    title = "No action items"
    says = "The postmortem has no open action item without a ticket. Add an action item first."


class AddressGone(DomainError):
    title = "The address doesn't exist"
    says = "{channel} can't deliver to {address}: {detail!e} Correct the address."


class ChannelArchived(DomainError):
    title = "The channel is closed"
    says = "{channel} can't post to {address}: {detail!e} Choose another channel."


class NotifierRefused(DomainError):
    title = "The channel refused the message"
    says = "{channel} refused the message: {detail}"


class TicketExists(DomainError):
    title = "There is already a ticket"
    says = "The action item already has a ticket in this connection: {key}. Unlink it to create another one."


# Not now (the door answers 503, 504 or 429; nothing was changed, or it is not known)


class TooManyWaiting(DomainError):
    title = "Too many webhooks are waiting"
    says = "Too many webhooks are waiting to be processed. Send this one again later."


class StoreUnavailable(DomainError):
    title = "The database can't be reached"
    says = "The database can't be reached. Send the request again with the same Idempotency-Key."


class WorkflowsUnavailable(DomainError):
    title = "Temporal can't be reached"
    says = "Temporal can't be reached. Send the request again with the same Idempotency-Key."


class WorkersUnavailable(DomainError):
    title = "No worker is running"
    says = "No worker has reported lately. Send the request again with the same Idempotency-Key."


class Pending(DomainError):
    title = "No answer in time"
    says = "The command was accepted but hasn't finished yet. Send the request again with the same Idempotency-Key."


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
