"""Kinds of notices: what each says, where it stands in a digest, and what its receiver may do about it.

A kind that is not in the table is told all the same, in words made of its name.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class Kind:
    """``says`` is filled in with the title; ``group`` and ``acts`` are those of ``integrations.notifier``."""

    says: str
    group: str = "NEEDS_YOU"
    acts: tuple[str, ...] = ()


_REVIEW = ("APPROVE", "REQUEST_CHANGES")
_ITEM = ("START", "MARK_DONE", "SNOOZE", "WONT_DO")

KINDS: Mapping[str, Kind] = MappingProxyType(
    {
        "review_requested": Kind("Please review “{title}”", acts=_REVIEW),
        "review_pending": Kind("Your review of “{title}” is waited for", acts=_REVIEW),
        "review_awaited": Kind("A review of “{title}” is waited for"),
        "review_stale": Kind("“{title}” changed after you approved it: please look again", acts=_REVIEW),
        "review_completed": Kind("Everybody approved “{title}”: it can be published"),
        "changes_requested": Kind("Changes to “{title}” were asked for"),
        "target_due": Kind("{target} of “{title}” {is_due} {due}"),
        "draft_stale": Kind("Nobody has written in “{title}” for a while"),
        "action_item_due": Kind("“{title}” is due {due}", acts=_ITEM),
        "action_item_overdue": Kind("“{title}” was due {due}", group="OVERDUE", acts=_ITEM),
        "action_item_assigned": Kind("“{title}” is yours now, due {due}", acts=_ITEM),
        "action_item_followed_ticket": Kind("“{title}” followed its ticket", group="NEWS"),
        "mentioned": Kind("You were mentioned in “{title}”"),
        "comment_added": Kind("A new comment on “{title}”", group="NEWS"),
        "comment_replied": Kind("An answer in a thread on “{title}”", group="NEWS"),
        "threads_unresolved": Kind("A comment on “{title}” waits to be resolved"),
        "editor_added": Kind("You can edit “{title}” now", group="NEWS"),
        "target_slipped": Kind("{target} of “{title}” was extended again", group="NEWS"),
        "owner_left": Kind("Whoever owned “{title}” has left: it needs a new owner"),
        "author_left": Kind("Whoever wrote “{title}” has left: it needs a new author"),
        "reviewer_left": Kind("A reviewer of “{title}” has left: it needs another one"),
        "team_without_lead": Kind("Nobody leads the team {title}: what is escalated there comes to administrators"),
        "published": Kind("“{title}” was published", group="NEWS"),
        "away_waits": Kind("{person} is away: what was to be asked about “{title}” waits", group="WAITING"),
        "away_delegated": Kind("{person} is away: {delegate} was asked about “{title}”", group="WAITING"),
        "connection_needs_attention": Kind("The connection {title} needs attention: {detail}"),
        "connection_well_again": Kind("The connection {title} works again", group="NEWS"),
    }
)

TARGETS: Mapping[str, str] = MappingProxyType(
    {
        "draft_started": "The first draft",
        "draft_completed": "The finished draft",
        "review_completed": "The review",
        "published": "The publication",
        "stale_draft": "The draft",
    }
)


def kind_of(name: str) -> Kind:
    return KINDS.get(name) or Kind(f"{name.replace('_', ' ').capitalize()}: {{title}}")


def sentence(
    name: str, *, title: str, target: str | None = None, due: str = "", is_past: bool = False, **more: str
) -> str:
    """One line of plain text. ``is_past``: ``due`` lies behind."""
    facts = {"title": title, "target": TARGETS.get(target or "", "What was promised"), "due": due, **more}
    facts["is_due"] = "was due" if is_past else "is due"
    words = kind_of(name).says.format_map(_Blank(facts))
    return " ".join(words.split())


class _Blank(dict[str, str]):
    def __missing__(self, key: str) -> str:
        return "…"


def instant_words(at: datetime, zone: str) -> str:
    """``Tue 24 Nov 2026, 09:00 (Europe/Berlin)``; ``at`` is in that zone."""
    return f"{at:%a} {at.day} {at:%b %Y, %H:%M} ({zone})"


def date_words(on: date) -> str:
    """``Tue 1 Dec 2026``"""
    return f"{on:%a} {on.day} {on:%b %Y}"
