"""Remarks about lines of a pasted timeline: why one was not read and what to do, or which choice was made."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

TEXT_LIMIT = 300

MESSAGES: Mapping[str, str] = {
    "no_time": "This line has no time. Start it with one, or indent the line to add it to the event above.",
    "no_date": "This time has no date. Choose a date, or write one above it.",
    "no_words": "This line has a time but no text. Write what happened, or remove the line.",
    "template_row": "This row of a template is empty. Fill it in, or remove it.",
    "no_such_date": "This date doesn't exist. Write it like 2024-01-15.",
    "no_such_time": "This time doesn't exist. Write it like 14:03.",
    "wrong_weekday": "The weekday doesn't fit the date. Correct one of them.",
    "relative_date": "Words such as today don't say which date is meant. Write it like 2024-01-15.",
    "unread_time": "This looks like a time, but we can't read all of it. Write it like 2024-01-15 14:03 UTC.",
    "ambiguous_date": ("This date has several readings: {readings}. Choose one, or write the date like 2024-01-15."),
    "ambiguous_time": "This time has several readings: {readings}. Choose one, or write the time like 14:03.",
    "ambiguous_zone": (
        "{zone} can mean several time zones. Choose one of {choices}, or write an offset such as UTC+1."
    ),
    "unknown_zone": "{zone} isn't a time zone. Write one such as UTC, UTC+1, or Europe/Berlin.",
    "too_long": "This event is too long. Shorten it to {limit} characters.",
    "too_many": "Only the first {limit} events were read. Paste the rest separately.",
    "too_many_lines": "Only the first {limit} lines were read. Paste the rest, from this line on, separately.",
    "next_day": "The time is earlier than the one before, so we read it as the next day, {day}.",
    "weekday": "The weekday alone doesn't say which date is meant. We read it as {day}.",
    "newest_first": "We read this as {day}. If the newest event comes first, it is the day before: write the date.",
    "clock_twice": "In {zone}, this time occurred twice on that day. We used the first one, {at}.",
    "clock_never": "In {zone}, this time was skipped on that day. We read it as {at}.",
    "out_of_season": (
        "We read {zone} as written. On {day}, clocks there showed {shown}: write that if you meant local time."
    ),
}


@dataclass(frozen=True, slots=True)
class Reading:
    """One instant that an ambiguous line can mean, in UTC, and the ``value`` that chooses it."""

    value: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Remark:
    """About one line, counted from 1. ``text`` is the line, shortened; ``message`` explains the ``code``.

    Of an ambiguous line, ``readings`` are the instants that it can mean, and ``choice`` names the decision between
    them. Lines that one decision settles have the same ``choice``.
    """

    line: int
    text: str
    code: str
    message: str
    choice: str | None = None
    readings: tuple[Reading, ...] = ()


@dataclass(slots=True)
class Remarks:
    """Collects remarks while reading: lines that were not read, and choices that were made."""

    problems: list[Remark] = field(default_factory=list)
    warnings: list[Remark] = field(default_factory=list)

    def problem(self, line: int, raw: str, code: str, **facts: object) -> None:
        self.problems.append(_remark(line, raw, code, facts))

    def warning(self, line: int, raw: str, code: str, **facts: object) -> None:
        self.warnings.append(_remark(line, raw, code, facts))

    def ambiguous(
        self, line: int, raw: str, code: str, choice: str, readings: Sequence[Reading], **facts: object
    ) -> None:
        written = tuple(f"{one.at:%Y-%m-%d %H:%M} UTC" for one in readings)
        remark = _remark(line, raw, code, {"readings": " or ".join(written), **facts})
        self.problems.append(replace(remark, choice=choice, readings=tuple(readings)))


def _remark(line: int, raw: str, code: str, facts: Mapping[str, object]) -> Remark:
    words = {name: ", ".join(value) if isinstance(value, tuple) else value for name, value in facts.items()}
    return Remark(line, raw.strip()[:TEXT_LIMIT], code, MESSAGES[code].format_map(words))
