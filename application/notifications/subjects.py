"""Subjects of messages. They begin with what differs, so that a list of mails can be read at a glance."""

from collections.abc import Sequence
from datetime import datetime

from domain.notifications.due import count_words
from integrations.notifier import Entry, Group, MessageKind

TITLE_LIMIT = 120
"""Characters of a title in a subject."""


def subject_of(kind: MessageKind, entries: Sequence[Entry], receiver: str, now: datetime) -> str:
    """One line. ``receiver`` is the name of the person or team."""
    if kind is MessageKind.REPORT:
        return f"{receiver}: weekly summary, {now:%b} {now.day}"
    if not entries:
        return "Nothing new"
    if len(entries) == 1:
        return f"{_cut(entries[0].title)}: {entries[0].text}"
    if kind is MessageKind.ESCALATION:
        return f"{_cut(entries[0].title)} and {len(entries) - 1} more are still not done"
    counts = ", ".join(words for group in Group if (words := group_count(group, entries)))
    return f"{counts}: {_cut(entries[0].title)} and {len(entries) - 1} more"


def group_count(group: Group, entries: Sequence[Entry]) -> str:
    """``3 overdue``; empty if there are none."""
    count = sum(one.group is group for one in entries)
    if not count:
        return ""
    match group:
        case Group.OVERDUE:
            return f"{count} overdue"
        case Group.NEEDS_YOU:
            return f"{count} waiting for you"
        case Group.WAITING:
            return f"{count} waiting for others"
        case Group.WAIVED:
            return f"{count} waived or extended"
        case _:
            return count_words(count, "update")


def _cut(title: str) -> str:
    line = " ".join(title.split())
    return line if len(line) <= TITLE_LIMIT else f"{line[: TITLE_LIMIT - 1].rstrip()}…"
