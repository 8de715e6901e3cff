"""Kinds of notices: what each says, where a digest lists it, what its receiver can do about it, and what settles it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum
from types import MappingProxyType

from domain.notifications.due import clock_words


class NoticeKind(StrEnum):
    """What a notice is about. The values are stored and public: they never change."""

    REVIEW_REQUESTED = "review_requested"
    REVIEW_PENDING = "review_pending"
    REVIEW_AWAITED = "review_awaited"
    REVIEW_STALE = "review_stale"
    REVIEW_COMPLETED = "review_completed"
    CHANGES_REQUESTED = "changes_requested"
    TARGET_DUE = "target_due"
    DRAFT_STALE = "draft_stale"
    ACTION_ITEM_DUE = "action_item_due"
    ACTION_ITEM_OVERDUE = "action_item_overdue"
    ACTION_ITEM_ASSIGNED = "action_item_assigned"
    ACTION_ITEM_FOLLOWED_TICKET = "action_item_followed_ticket"
    TICKET_CONFLICT = "ticket_conflict"
    TICKET_DELETED = "ticket_deleted"
    TICKET_FORBIDDEN = "ticket_forbidden"
    MENTIONED = "mentioned"
    COMMENT_ADDED = "comment_added"
    COMMENT_REPLIED = "comment_replied"
    THREADS_UNRESOLVED = "threads_unresolved"
    EDITOR_ADDED = "editor_added"
    AUTHOR_ASSIGNED = "author_assigned"
    TARGET_SLIPPED = "target_slipped"
    OWNER_LEFT = "owner_left"
    AUTHOR_LEFT = "author_left"
    REVIEWER_LEFT = "reviewer_left"
    TEAM_WITHOUT_LEAD = "team_without_lead"
    PUBLISHED = "published"
    INCIDENT_CHANGED = "incident_changed"
    AWAY_WAITS = "away_waits"
    AWAY_DELEGATED = "away_delegated"
    CONNECTION_NEEDS_ATTENTION = "connection_needs_attention"
    CONNECTION_WELL_AGAIN = "connection_well_again"
    MEETING_SCHEDULED = "meeting_scheduled"
    MEETING_TOMORROW = "meeting_tomorrow"
    MEETING_BEGINS = "meeting_begins"
    MEETING_ENDED = "meeting_ended"
    MEETING_DECLINED = "meeting_declined"
    MEETING_EVENT_DELETED = "meeting_event_deleted"


class SettledBy(StrEnum):
    """What makes a notice obsolete before it is sent, besides an archived postmortem or a resolved thread."""

    REVIEW = "the review was given, or the postmortem is no longer in review"
    END_OF_REVIEW = "the postmortem is no longer in review"
    RESUBMISSION = "the postmortem is no longer a draft"
    TARGET = "the target was met, waived, or extended"
    EDIT = "someone edited the draft, or it is no longer a draft"
    ITEM = "the action item is settled, snoozed, rescheduled, or has another owner"
    NEW_OWNER = "the action item is settled or has an active owner"
    NEW_AUTHOR = "the postmortem has an active author"
    NEW_REVIEWER = "all reviewers are active"
    NEW_LEAD = "the team has an active lead"
    RETURN = "the person is back"
    RECOVERY = "the connection works again"
    TICKET = "the ticket was created again, linked to another one, unlinked, or is accessible again"
    THREAD = "the comment's thread is resolved"
    BEGIN_OF_MEETING = "the meeting has begun, moved, or was canceled"
    WORD_ON_MEETING = "someone said whether the meeting was held"
    CHANGE_OF_MEETING = "the meeting was changed or canceled, or is over"
    INCIDENT_TIMES = "the postmortem says what its incidents report"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Kind:
    """``label`` names the kind in a list, ``says`` is a sentence that the facts fill in. ``group`` and ``acts`` are
    those of ``integrations.notifier``."""

    label: str
    says: str
    settled_by: SettledBy = SettledBy.NOTHING
    group: str = "NEEDS_YOU"
    acts: tuple[str, ...] = ()
    told_of: str | None = None
    """The sentence where it is known who did it."""
    is_prompt: bool = False
    """It is sent at once, at any hour: it is of no use later."""


_REVIEW = ("APPROVE", "REQUEST_CHANGES")
_ITEM = ("START", "MARK_DONE", "SNOOZE", "WONT_DO")

_KINDS: Mapping[NoticeKind, Kind] = {
    NoticeKind.REVIEW_REQUESTED: Kind(
        "Review requested",
        "Please review “{title}”",
        SettledBy.REVIEW,
        acts=_REVIEW,
        told_of="{actor} asked for your review of “{title}”",
    ),
    NoticeKind.REVIEW_PENDING: Kind(
        "Review reminder",
        "“{title}” is still waiting for your review",
        SettledBy.REVIEW,
        acts=_REVIEW,
        told_of="{actor} reminded you that “{title}” is still waiting for your review",
    ),
    NoticeKind.REVIEW_AWAITED: Kind(
        "Waiting for a review", "“{title}” is still waiting for a review", SettledBy.REVIEW
    ),
    NoticeKind.REVIEW_STALE: Kind(
        "Approval outdated",
        "“{title}” changed after you approved it: please review it again",
        SettledBy.REVIEW,
        acts=_REVIEW,
        told_of="{actor} changed “{title}” after you approved it: please review it again",
    ),
    NoticeKind.REVIEW_COMPLETED: Kind(
        "Everyone approved",
        "Everyone approved “{title}”: you can publish it now",
        SettledBy.END_OF_REVIEW,
        told_of="{actor} gave the last approval for “{title}”: you can publish it now",
    ),
    NoticeKind.CHANGES_REQUESTED: Kind(
        "Changes requested",
        "Changes were requested on “{title}”",
        SettledBy.RESUBMISSION,
        told_of="{actor} requested changes on “{title}”",
    ),
    NoticeKind.TARGET_DUE: Kind("Target due", "{target} of “{title}” {is_due}", SettledBy.TARGET),
    NoticeKind.DRAFT_STALE: Kind(
        "Inactive draft", "The draft “{title}” hasn't been edited for a while", SettledBy.EDIT
    ),
    NoticeKind.ACTION_ITEM_DUE: Kind("Action item due", "“{title}” {is_due}", SettledBy.ITEM, acts=_ITEM),
    NoticeKind.ACTION_ITEM_OVERDUE: Kind(
        "Action item overdue", "“{title}” {was_due}", SettledBy.ITEM, "OVERDUE", _ITEM
    ),
    NoticeKind.ACTION_ITEM_ASSIGNED: Kind(
        "Action item assigned",
        "You now own “{title}”{due_if_any}",
        SettledBy.ITEM,
        acts=_ITEM,
        told_of="{actor} assigned “{title}” to you{due_if_any}",
    ),
    NoticeKind.ACTION_ITEM_FOLLOWED_TICKET: Kind(
        "Action item updated from its ticket", "“{title}” was updated from its ticket", group="NEWS"
    ),
    NoticeKind.TICKET_CONFLICT: Kind(
        "Ticket conflict", "“{title}” and its ticket changed at the same time: check that both are right"
    ),
    NoticeKind.TICKET_DELETED: Kind(
        "Ticket deleted",
        "The ticket of “{title}” was deleted in the tracker: create a new one, link another one, or remove the link",
        SettledBy.TICKET,
    ),
    NoticeKind.TICKET_FORBIDDEN: Kind(
        "Ticket inaccessible",
        "The connection can no longer access the ticket of “{title}”: restore its access, or link another ticket",
        SettledBy.TICKET,
    ),
    NoticeKind.MENTIONED: Kind(
        "Mention",
        "You were mentioned in “{title}”",
        SettledBy.THREAD,
        told_of="{actor} mentioned you in “{title}”",
    ),
    NoticeKind.COMMENT_ADDED: Kind(
        "New comment",
        "New comment on “{title}”",
        SettledBy.THREAD,
        "NEWS",
        told_of="{actor} commented on “{title}”",
    ),
    NoticeKind.COMMENT_REPLIED: Kind(
        "New reply",
        "New reply in a thread on “{title}”",
        SettledBy.THREAD,
        "NEWS",
        told_of="{actor} replied in a thread on “{title}”",
    ),
    NoticeKind.THREADS_UNRESOLVED: Kind(
        "Open comment thread", "A comment thread on “{title}” is still open", SettledBy.THREAD
    ),
    NoticeKind.EDITOR_ADDED: Kind(
        "Added as an editor",
        "You can now edit “{title}”",
        group="NEWS",
        told_of="{actor} made you an editor of “{title}”",
    ),
    NoticeKind.AUTHOR_ASSIGNED: Kind(
        "Made author",
        "You are now the author of “{title}”",
        told_of="{actor} made you the author of “{title}”",
    ),
    NoticeKind.TARGET_SLIPPED: Kind(
        "Target extended again",
        "{target} of “{title}” was extended again",
        group="NEWS",
        told_of="{actor} extended {the_target} of “{title}” again",
    ),
    NoticeKind.OWNER_LEFT: Kind(
        "Owner left",
        "The owner of “{title}” has left: assign a new owner",
        SettledBy.NEW_OWNER,
        told_of="{actor} deactivated the owner of “{title}”: assign a new owner",
    ),
    NoticeKind.AUTHOR_LEFT: Kind(
        "Author left",
        "The author of “{title}” has left: choose a new author",
        SettledBy.NEW_AUTHOR,
        told_of="{actor} deactivated the author of “{title}”: choose a new author",
    ),
    NoticeKind.REVIEWER_LEFT: Kind(
        "Reviewer left",
        "A reviewer of “{title}” has left: replace them",
        SettledBy.NEW_REVIEWER,
        told_of="{actor} deactivated a reviewer of “{title}”: replace them",
    ),
    NoticeKind.TEAM_WITHOUT_LEAD: Kind(
        "Team without a lead",
        "The team {title} has no lead: its escalations go to administrators until you choose one",
        SettledBy.NEW_LEAD,
        told_of="{actor} deactivated the lead of the team “{title}”: its escalations go to administrators until you"
        " choose a new one",
    ),
    NoticeKind.PUBLISHED: Kind(
        "Published", "“{title}” was published", group="NEWS", told_of="{actor} published “{title}”"
    ),
    NoticeKind.INCIDENT_CHANGED: Kind(
        "Incident changed",
        "An incident of “{title}” {detail}",
        SettledBy.INCIDENT_TIMES,
        told_of="{actor} changed an incident of “{title}”, which {detail}",
    ),
    NoticeKind.AWAY_WAITS: Kind(
        "Waiting for someone who is away", "“{title}” is waiting for {person}, who is away", SettledBy.RETURN, "WAITING"
    ),
    NoticeKind.AWAY_DELEGATED: Kind(
        "Covered by a delegate", "{delegate} is covering “{title}” for {person}, who is away", group="WAITING"
    ),
    NoticeKind.CONNECTION_NEEDS_ATTENTION: Kind(
        "Connection needs attention", "The connection {title} needs attention: {detail}", SettledBy.RECOVERY
    ),
    NoticeKind.CONNECTION_WELL_AGAIN: Kind(
        "Connection recovered", "The connection {title} has recovered", group="NEWS"
    ),
    NoticeKind.MEETING_SCHEDULED: Kind(
        "Review meeting scheduled",
        "You are invited to the review meeting of “{title}”, {due}",
        SettledBy.BEGIN_OF_MEETING,
        told_of="{actor} invited you to the review meeting of “{title}”, {due}",
    ),
    NoticeKind.MEETING_TOMORROW: Kind(
        "Review meeting tomorrow", "The review meeting of “{title}” is {due}", SettledBy.BEGIN_OF_MEETING
    ),
    NoticeKind.MEETING_BEGINS: Kind(
        "Review meeting begins",
        "The review meeting of “{title}” begins {due}",
        SettledBy.BEGIN_OF_MEETING,
        is_prompt=True,
    ),
    NoticeKind.MEETING_ENDED: Kind(
        "Review meeting over",
        "Was the review meeting of “{title}” held? Enter what was decided, or schedule another one",
        SettledBy.WORD_ON_MEETING,
    ),
    NoticeKind.MEETING_DECLINED: Kind(
        "Invitation declined",
        "Someone who is needed can't come to the review meeting of “{title}”, {due}",
        SettledBy.BEGIN_OF_MEETING,
        told_of="{actor} can't come to the review meeting of “{title}”, {due}",
    ),
    NoticeKind.MEETING_EVENT_DELETED: Kind(
        "Meeting deleted from the calendar",
        "The review meeting of “{title}”, {due}, was deleted from the calendar: save it to create it again, or cancel"
        " it",
        SettledBy.CHANGE_OF_MEETING,
    ),
}

KINDS: Mapping[str, Kind] = MappingProxyType({kind.value: what for kind, what in _KINDS.items()})

TARGETS: Mapping[str, str] = MappingProxyType(
    {
        "draft_started": "The first draft",
        "draft_completed": "The completed draft",
        "review_completed": "The review",
        "published": "The publication",
        "stale_draft": "The draft",
    }
)


def kind_of(name: str) -> Kind:
    """A kind that an earlier version stored, and that is none anymore, is sent in words made of its name."""
    label = name.replace("_", " ").capitalize()
    return KINDS.get(name) or Kind(label, f"{label}: {{title}}")


def sentence(
    name: str, *, title: str, target: str | None = None, due: str = "", is_past: bool = False, **more: str
) -> str:
    """One line of plain text. ``due`` is an instant or a date in words, empty if nothing is due; ``is_past``: it is
    over. ``actor`` is who did it, if that is known.
    """
    facts = {"title": title, "target": TARGETS.get(target or "", "A target"), "due": due, **more}
    facts["the_target"] = facts["target"][0].lower() + facts["target"][1:]
    undated = "no longer has a due date"
    facts["was_due"] = f"was due {due}" if due else undated
    facts["is_due"] = facts["was_due"] if is_past or not due else f"is due {due}"
    facts["due_if_any"] = f", due {due}" if due else ""
    kind = kind_of(name)
    words = (kind.told_of if more.get("actor") and kind.told_of else kind.says).format_map(_Blank(facts))
    return " ".join(words.split())


class _Blank(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return "…"


def instant_words(at: datetime, zone: str) -> str:
    """``Tue, Nov 24, 2026, 9:00 AM (Europe/Berlin)``; ``at`` is in that zone."""
    return f"{date_words(at.date())}, {clock_words(at)} ({zone})"


def date_words(on: date) -> str:
    """``Tue, Dec 1, 2026``"""
    return f"{on:%a, %b} {on.day}, {on:%Y}"
