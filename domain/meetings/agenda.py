"""The agenda of a review meeting: five points, each with the time it gets and with what is still open about it.

Source: "Postmortem meetings", *Meeting agenda*, of the product document.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from domain.content.blank_text import is_blank
from domain.content.templates import ACTION_ITEMS, LISTS, TIMELINE
from domain.documents.document import Document, DocumentItem, DocumentSection
from domain.meetings.meeting import title_of
from domain.timeline.moments import Precision

_OPENING, _CAUSES, _LESSONS = ("summary", "impact"), ("rootCause", "contributingFactors"), ("lessonsLearned",)
_TOLD = {*_OPENING, TIMELINE, *_CAUSES, ACTION_ITEMS, *_LESSONS}
"""Sections that have a point of their own."""
SHARES = (10, 30, 25, 25, 10)
"""Of a hundred parts of the meeting, what each point gets."""
_ROOM = 200
"""Characters of somebody's text in one line."""


def write_agenda(document: Document, open_threads: Mapping[str | None, int], minutes: int) -> str:
    """As Markdown. ``open_threads`` counts comment threads that aren't resolved, by the keys of their sections; None is
    the postmortem as a whole."""
    sections = {one.key: one for one in document.sections}
    about = _About(document, sections, open_threads)
    points = (
        ("Incident summary review", about.sections(*_OPENING)),
        ("Timeline walkthrough", about.timeline()),
        ("Root cause discussion", about.causes()),
        ("Action item assignment", about.items()),
        ("Lessons learned", about.rest()),
    )
    lines = [f"# Agenda: {one_line(title_of(document.number, document.title, document.visibility))}", ""]
    for number, ((title, is_open), box) in enumerate(zip(points, time_boxes(minutes), strict=True), 1):
        lines.append(f"{number}. **{title}** ({box} min)")
        lines += [f"   - {one}" for one in is_open]
    return "\n".join(lines) + "\n"


def time_boxes(minutes: int) -> list[int]:
    """Whole minutes for each point, at least one, which add up to the meeting's. At least five minutes."""
    left = minutes - len(SHARES)
    parts = [share * left / sum(SHARES) for share in SHARES]
    found = [1 + int(one) for one in parts]
    by_rest = sorted(range(len(parts)), key=lambda place: int(parts[place]) - parts[place])
    for place in by_rest[: minutes - sum(found)]:
        found[place] += 1
    return found


def one_line(text: str) -> str:
    """Somebody's text inside of ours: no line of it becomes a line of the agenda, and no sign of it Markdown."""
    flat = " ".join(text.split())
    short = flat if len(flat) <= _ROOM else f"{flat[: _ROOM - 1].rstrip()}…"
    return "".join(f"\\{one}" if one in "\\`*_[]<>#&!|~" else one for one in short)


@dataclass(frozen=True, slots=True)
class _About:
    """What is open about each point."""

    document: Document
    known: Mapping[str, DocumentSection]
    open_threads: Mapping[str | None, int]

    def sections(self, *keys: str) -> Iterator[str]:
        for one in (self.known[key] for key in keys if key in self.known):
            title = one_line(one.title)
            if self._is_empty(one.key):
                yield f"“{title}” isn't written yet."
            yield from self._threads(one.key, f"“{title}”")

    def timeline(self) -> Iterator[str]:
        if not self.document.timeline:
            yield "The timeline is empty."
        vague = sum(one.precision is Precision.DAY for one in self.document.timeline)
        if vague:
            yield f"{vague} {'event has' if vague == 1 else 'events have'} a day and no time."
        yield from self._threads(TIMELINE, "the timeline")

    def causes(self) -> Iterator[str]:
        yield from self.sections(*_CAUSES)
        if not self.document.root_cause_category:
            yield "No root cause category is chosen."
        if "rootCause" in self.known and not self._is_empty("rootCause") and not self._items():
            yield "A root cause is described, but no action item follows from it."

    def items(self) -> Iterator[str]:
        if not self._items():
            yield "There are no action items yet."
        for one in self._items():
            missing = [what for what, value in (("owner", one.owner_id), ("due date", one.due_date)) if value is None]
            if missing and not one.status.is_settled:
                yield f"“{one_line(one.description)}” has no {' and no '.join(missing)}."
        yield from self._threads(ACTION_ITEMS, "the action items")

    def rest(self) -> Iterator[str]:
        yield from self.sections(*_LESSONS)
        yield from self.sections(*(one.key for one in self.known.values() if one.required and one.key not in _TOLD))
        for field in self.document.custom_fields:
            if field.required and field.value is None:
                yield f"The field “{one_line(field.label)}” is empty."
        yield from self._threads(None, "the postmortem as a whole")

    def _items(self) -> tuple[DocumentItem, ...]:
        return self.document.action_items

    def _is_empty(self, key: str) -> bool:
        one = self.known[key]
        return key not in LISTS and is_blank(one.text or "", one.default_text, one.prompt)

    def _threads(self, key: str | None, what: str) -> Iterator[str]:
        if count := self.open_threads.get(key):
            yield f"{'1 comment thread is' if count == 1 else f'{count} comment threads are'} open about {what}."
