"""What notices mean to the people who get them: a few groups that they choose from, instead of every kind."""

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


class Wish(StrEnum):
    """What a person wants of a group. ``MIXED``: they muted some of its kinds, which only the API can."""

    SEND = "send"
    INBOX = "inbox"
    MIXED = "mixed"


@dataclass(frozen=True, slots=True)
class Group:
    label: str
    says: str
    kinds: frozenset[NoticeKind]


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
    ),
}
GROUPS: Mapping[Meaning, Group] = MappingProxyType(_GROUPS)


def wish_of(meaning: Meaning, muted: Collection[str]) -> Wish:
    """What the muted kinds say about the group."""
    kinds = GROUPS[meaning].kinds
    count = sum(one in muted for one in kinds)
    return Wish.SEND if count == 0 else Wish.INBOX if count == len(kinds) else Wish.MIXED


def muted_by(wishes: Mapping[Meaning, Wish], muted: Collection[str]) -> list[str]:
    """The kinds that are muted then; a mixed group stays as it is. Sorted."""
    kinds: set[str] = set()
    for meaning, group in GROUPS.items():
        wish = wishes.get(meaning, Wish.SEND)
        if wish is Wish.INBOX:
            kinds |= group.kinds
        elif wish is Wish.MIXED:
            kinds |= {one for one in group.kinds if one in muted}
    return sorted(kinds)
