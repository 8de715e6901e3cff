"""What notices mean to the people who get them: a few groups, and when each is sent in which channel.

Everything is in the inbox. Each notice is sent once: by the first of the person's channels that they want its group in,
at the time that they chose for it there; the others stand in where that channel doesn't take it.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType

from domain.notifications.notices import NoticeKind


class Meaning(StrEnum):
    REVIEWS = "reviews"
    COMMENTS = "comments"
    ASSIGNMENTS = "assignments"
    REMINDERS = "reminders"
    MEETINGS = "meetings"
    ADMINISTRATION = "administration"


class When(StrEnum):
    """``AT_ONCE``: what a person does is told within two minutes, a reminder in the next working hour.
    ``DAILY``: in the digest."""

    AT_ONCE = "at_once"
    DAILY = "daily"
    NEVER = "never"


CHANNELS = ("slack", "email")
"""Kinds of connections that reach people, in the order in which they are tried."""


@dataclass(frozen=True, slots=True)
class Group:
    label: str
    says: str
    kinds: frozenset[NoticeKind]
    usual: When = When.AT_ONCE
    """Of people who chose nothing."""


_GROUPS: Mapping[Meaning, Group] = {
    Meaning.REVIEWS: Group(
        "Reviews",
        "Someone asks for your review, approves, or requests changes, or a postmortem is published.",
        frozenset(
            {
                NoticeKind.REVIEW_REQUESTED,
                NoticeKind.REVIEW_STALE,
                NoticeKind.REVIEW_COMPLETED,
                NoticeKind.CHANGES_REQUESTED,
                NoticeKind.PUBLISHED,
            }
        ),
    ),
    Meaning.COMMENTS: Group(
        "Comments and mentions",
        "Someone mentions you, replies to you, or comments on your postmortem.",
        frozenset({NoticeKind.MENTIONED, NoticeKind.COMMENT_ADDED, NoticeKind.COMMENT_REPLIED}),
    ),
    Meaning.ASSIGNMENTS: Group(
        "Assignments",
        "Someone gives you an action item, makes you an author or editor, or your item follows its ticket.",
        frozenset(
            {
                NoticeKind.ACTION_ITEM_ASSIGNED,
                NoticeKind.ACTION_ITEM_FOLLOWED_TICKET,
                NoticeKind.EDITOR_ADDED,
                NoticeKind.AUTHOR_ASSIGNED,
                NoticeKind.INCIDENT_CHANGED,
            }
        ),
    ),
    Meaning.REMINDERS: Group(
        "Reminders",
        "Something of yours is due, overdue, or waiting.",
        frozenset(
            {
                NoticeKind.REVIEW_PENDING,
                NoticeKind.REVIEW_AWAITED,
                NoticeKind.TARGET_DUE,
                NoticeKind.TARGET_SLIPPED,
                NoticeKind.DRAFT_STALE,
                NoticeKind.ACTION_ITEM_DUE,
                NoticeKind.ACTION_ITEM_OVERDUE,
                NoticeKind.THREADS_UNRESOLVED,
                NoticeKind.AWAY_WAITS,
                NoticeKind.AWAY_DELEGATED,
            }
        ),
        usual=When.DAILY,
    ),
    Meaning.MEETINGS: Group(
        "Meetings",
        "A review meeting is planned, about to begin, over, or declined.",
        frozenset(
            {
                NoticeKind.MEETING_SCHEDULED,
                NoticeKind.MEETING_TOMORROW,
                NoticeKind.MEETING_BEGINS,
                NoticeKind.MEETING_ENDED,
                NoticeKind.MEETING_DECLINED,
                NoticeKind.MEETING_EVENT_DELETED,
            }
        ),
    ),
    Meaning.ADMINISTRATION: Group(
        "Administration",
        "Someone who left still owns something, or a connection or a ticket needs attention.",
        frozenset(
            {
                NoticeKind.TICKET_CONFLICT,
                NoticeKind.TICKET_DELETED,
                NoticeKind.TICKET_FORBIDDEN,
                NoticeKind.OWNER_LEFT,
                NoticeKind.AUTHOR_LEFT,
                NoticeKind.REVIEWER_LEFT,
                NoticeKind.TEAM_WITHOUT_LEAD,
                NoticeKind.CONNECTION_NEEDS_ATTENTION,
                NoticeKind.CONNECTION_WELL_AGAIN,
            }
        ),
        usual=When.DAILY,
    ),
}
GROUPS: Mapping[Meaning, Group] = MappingProxyType(_GROUPS)


Wishes = Mapping[str, Mapping[str, str]]
"""What a person chose: for names of meanings, and of channels in them, a :class:`When`. Missing: the group's usual."""

_MEANINGS: Mapping[str, Meaning] = {kind.value: name for name, group in GROUPS.items() for kind in group.kinds}


def when(meaning: Meaning, channel: str, wishes: Wishes) -> When:
    return When(wishes.get(meaning, {}).get(channel, GROUPS[meaning].usual))


def all_wishes(wishes: Wishes) -> dict[str, dict[str, str]]:
    """With the usual ones where the person chose nothing."""
    return {one.value: {channel: when(one, channel, wishes).value for channel in CHANNELS} for one in Meaning}


def meaning_of(kind: str, *, by_a_person: bool) -> Meaning:
    """A kind that an earlier version stored is a reminder. A person who reminds of a review asks for it."""
    if by_a_person and kind == NoticeKind.REVIEW_PENDING:
        return Meaning.REVIEWS
    return _MEANINGS.get(kind, Meaning.REMINDERS)


@dataclass(frozen=True, slots=True)
class Way:
    """How a notice is sent: the channels that may take it, in the order in which they are tried, and when."""

    channels: tuple[str, ...]
    at_once: bool


def way_of(kind: str, *, by_a_person: bool, wishes: Wishes, preferred: str | None) -> Way:
    meaning = meaning_of(kind, by_a_person=by_a_person)
    order = sorted(CHANNELS, key=lambda one: one != preferred)
    channels = tuple(one for one in order if when(meaning, one, wishes) is not When.NEVER)
    wanted = bool(channels) and when(meaning, channels[0], wishes) is When.AT_ONCE
    return Way(channels, wanted and (is_direct(kind, by_a_person=by_a_person) or GROUPS[meaning].usual is When.DAILY))


def is_direct(kind: str, *, by_a_person: bool) -> bool:
    """Whether it addresses the receiver, and a person did it: it waits for nobody's working hours."""
    return by_a_person and kind in _DIRECT


_DIRECT = {
    NoticeKind.MENTIONED,
    NoticeKind.COMMENT_ADDED,
    NoticeKind.COMMENT_REPLIED,
    NoticeKind.REVIEW_REQUESTED,
    NoticeKind.REVIEW_PENDING,
    NoticeKind.REVIEW_COMPLETED,
    NoticeKind.CHANGES_REQUESTED,
    NoticeKind.ACTION_ITEM_ASSIGNED,
    NoticeKind.EDITOR_ADDED,
    NoticeKind.AUTHOR_ASSIGNED,
    NoticeKind.MEETING_SCHEDULED,
    NoticeKind.MEETING_DECLINED,
}


def muted_kinds(muted: Collection[str], wishes: Wishes) -> frozenset[str]:
    """Those that stay in the inbox: muted one by one, or wanted in no channel."""
    never = (
        group.kinds
        for meaning, group in GROUPS.items()
        if all(when(meaning, one, wishes) is When.NEVER for one in CHANNELS)
    )
    return frozenset(muted).union(*never)
