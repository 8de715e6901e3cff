"""What a message says of each kind of notice, next to the title of what it is about: "Jane mentioned you"."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from domain.notifications.notices import TARGETS, NoticeKind


class Reason(StrEnum):
    """Why somebody gets a notice, where the record of the postmortem doesn't say it better."""

    RECORD = "RECORD"
    MENTIONED = "MENTIONED"
    IN_THREAD = "IN_THREAD"
    ATTENDS = "ATTENDS"
    EDITS = "EDITS"


class Spot(StrEnum):
    """Where the button leads."""

    SUBJECT = "SUBJECT"
    """The postmortem, item, meeting, connection or team itself."""
    COMMENT = "COMMENT"
    NEXT_STEP = "NEXT_STEP"
    REVIEWERS = "REVIEWERS"
    PEOPLE = "PEOPLE"
    TARGETS = "TARGETS"
    TICKETS = "TICKETS"


@dataclass(frozen=True, slots=True)
class Headline:
    """``says`` is a clause in lower case without the title, ``told`` the same where it is known who did it. ``action``
    labels the button."""

    says: str
    action: str
    told: str | None = None
    spot: Spot = Spot.SUBJECT
    reason: Reason = Reason.RECORD


_HEADLINES: Mapping[NoticeKind, Headline] = {
    NoticeKind.REVIEW_REQUESTED: Headline(
        "your review was requested", "Review", "{actor} asked for your review", Spot.NEXT_STEP
    ),
    NoticeKind.REVIEW_PENDING: Headline(
        "still waiting for your review", "Review", "{actor} reminded you to review it", Spot.NEXT_STEP
    ),
    NoticeKind.REVIEW_AWAITED: Headline("still waiting for {reviewers}", "See reviewers", spot=Spot.REVIEWERS),
    NoticeKind.REVIEW_STALE: Headline(
        "changed after you approved it", "Review again", "{actor} changed it after you approved it", Spot.NEXT_STEP
    ),
    NoticeKind.REVIEW_COMPLETED: Headline(
        "everyone approved it, so you can publish it now",
        "Publish",
        "{actor} gave the last approval, so you can publish it now",
        Spot.NEXT_STEP,
    ),
    NoticeKind.CHANGES_REQUESTED: Headline(
        "changes were requested", "See what to change", "{actor} requested changes", Spot.COMMENT
    ),
    NoticeKind.TARGET_DUE: Headline("{the_target} is {due}", "Open postmortem", spot=Spot.NEXT_STEP),
    NoticeKind.DRAFT_STALE: Headline("the draft hasn't been edited for {idle}", "Continue draft", spot=Spot.NEXT_STEP),
    NoticeKind.ACTION_ITEM_DUE: Headline("{due}", "Open action item"),
    NoticeKind.ACTION_ITEM_OVERDUE: Headline("{due}", "Open action item"),
    NoticeKind.ACTION_ITEM_ASSIGNED: Headline(
        "you now own this action item{due_if_any}",
        "Open action item",
        "{actor} assigned this action item to you{due_if_any}",
    ),
    NoticeKind.ACTION_ITEM_FOLLOWED_TICKET: Headline("updated from its ticket, now {status}", "Open action item"),
    NoticeKind.TICKET_CONFLICT: Headline(
        "changed here and in its ticket at the same time", "Check both", spot=Spot.TICKETS
    ),
    NoticeKind.TICKET_DELETED: Headline("its ticket was deleted in the tracker", "Replace ticket", spot=Spot.TICKETS),
    NoticeKind.TICKET_FORBIDDEN: Headline(
        "the connection can no longer access its ticket", "Check ticket", spot=Spot.TICKETS
    ),
    NoticeKind.MENTIONED: Headline(
        "you were mentioned", "View comment", "{actor} mentioned you", Spot.COMMENT, Reason.MENTIONED
    ),
    NoticeKind.COMMENT_ADDED: Headline("new comment", "View comment", "{actor} commented", Spot.COMMENT),
    NoticeKind.COMMENT_REPLIED: Headline(
        "new reply in your thread", "View reply", "{actor} replied in your thread", Spot.COMMENT, Reason.IN_THREAD
    ),
    NoticeKind.THREADS_UNRESOLVED: Headline("a comment thread is still open", "View thread", spot=Spot.COMMENT),
    NoticeKind.EDITOR_ADDED: Headline(
        "you can edit it now", "Open postmortem", "{actor} made you an editor", reason=Reason.EDITS
    ),
    NoticeKind.AUTHOR_ASSIGNED: Headline("you are now the author", "Open draft", "{actor} made you the author"),
    NoticeKind.TARGET_SLIPPED: Headline(
        "{the_target} was extended again", "See targets", "{actor} extended {the_target} again", Spot.TARGETS
    ),
    NoticeKind.OWNER_LEFT: Headline(
        "its owner has left", "Assign new owner", "{actor} deactivated its owner", Spot.SUBJECT
    ),
    NoticeKind.AUTHOR_LEFT: Headline(
        "its author has left", "Choose new author", "{actor} deactivated its author", Spot.PEOPLE
    ),
    NoticeKind.REVIEWER_LEFT: Headline(
        "a reviewer has left", "Replace reviewer", "{actor} deactivated a reviewer", Spot.REVIEWERS
    ),
    NoticeKind.TEAM_WITHOUT_LEAD: Headline(
        "the team has no lead, so its escalations go to administrators",
        "Choose lead",
        "{actor} deactivated the team's lead, so its escalations go to administrators",
    ),
    NoticeKind.PUBLISHED: Headline("published", "Read postmortem", "{actor} published it"),
    NoticeKind.INCIDENT_CHANGED: Headline(
        "an incident {detail}", "Check postmortem", "{actor} changed an incident, which {detail}"
    ),
    NoticeKind.AWAY_WAITS: Headline("waiting for {person}, who is away", "Open postmortem"),
    NoticeKind.AWAY_DELEGATED: Headline("{delegate} is covering for {person}, who is away", "Open postmortem"),
    NoticeKind.CONNECTION_NEEDS_ATTENTION: Headline("the connection needs attention", "Fix connection"),
    NoticeKind.CONNECTION_WELL_AGAIN: Headline("the connection has recovered", "Open connection"),
    NoticeKind.MEETING_SCHEDULED: Headline(
        "you are invited to the review meeting",
        "See meeting",
        "{actor} invited you to the review meeting",
        reason=Reason.ATTENDS,
    ),
    NoticeKind.MEETING_TOMORROW: Headline("the review meeting is {when}", "See meeting", reason=Reason.ATTENDS),
    NoticeKind.MEETING_BEGINS: Headline("the review meeting begins {when}", "See meeting", reason=Reason.ATTENDS),
    NoticeKind.MEETING_ENDED: Headline("was the review meeting held?", "Enter what was decided"),
    NoticeKind.MEETING_DECLINED: Headline(
        "someone who is needed can't come to the review meeting",
        "See meeting",
        "{actor} can't come to the review meeting",
    ),
    NoticeKind.MEETING_EVENT_DELETED: Headline(
        "the review meeting was deleted from the calendar", "Restore or cancel meeting"
    ),
}
HEADLINES: Mapping[str, Headline] = MappingProxyType({kind.value: one for kind, one in _HEADLINES.items()})


def headline_of(kind: str) -> Headline:
    """A kind that an earlier version stored, and that is none anymore, is told by its name."""
    return HEADLINES.get(kind) or Headline(kind.replace("_", " "), "Open")


_UNKNOWN = {"due": "no longer due", "idle": "a while", "status": "changed", "detail": "", "reviewers": "a review"}


def headline(kind: str, *, target: str | None = None, **facts: str) -> str:
    """A clause about the title. ``actor`` is who did it, if that is known; ``due`` is as
    :func:`domain.notifications.due.due_words` says it."""
    found = headline_of(kind)
    name = TARGETS.get(target or "", "A target")
    filled = _UNKNOWN | {fact: words for fact, words in facts.items() if words}
    filled["due_if_any"] = f", {facts['due']}" if facts.get("due") else ""
    filled["the_target"] = name[0].lower() + name[1:]
    words = (found.told if facts.get("actor") and found.told else found.says).format_map(_Blank(filled))
    return " ".join(words.split())


def begin(clause: str, *names: str) -> str:
    """The clause as a line of its own: with a capital letter, unless it begins with one of the names."""
    return clause if any(one and clause.startswith(one) for one in names) else clause[:1].upper() + clause[1:]


class _Blank(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return "…"
