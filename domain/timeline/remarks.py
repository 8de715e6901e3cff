"""What is said about a line of a pasted timeline: that it was not read and what to do, or which choice was made."""

from collections.abc import Mapping
from dataclasses import dataclass, field

TEXT_LIMIT = 300

SAYS: Mapping[str, str] = {
    "no_time": "No time was found here. Begin the line with one, or indent it to make it part of the event above.",
    "no_date": "This time has no date. Give a date, or write one above it.",
    "no_words": "There is a time here, but no words. Say what happened, or remove the line.",
    "template_row": "This is a row of a template that was not filled in. Fill it in or remove it.",
    "no_such_date": "There is no such date. Write it as in 2024-01-15.",
    "no_such_time": "There is no such time. Write it as in 14:03.",
    "ambiguous_date": "This may be two dates: the day or the month first. Write it as in 2024-01-15.",
    "ambiguous_zone": "{zone} means several zones. Write one of {choices}, or an offset such as UTC+1.",
    "unknown_zone": "There is no zone {zone}. Write one such as UTC, UTC+1 or Europe/Berlin.",
    "too_long": "An event holds at most {limit} characters.",
    "too_many": "At most {limit} events are read at once. Paste the rest again.",
    "too_many_lines": "At most {limit} lines are read at once. Paste the rest, from here on, again.",
    "next_day": "The clock went back, so this was read as the next day, {day}.",
    "newest_first": "This was read as {day}. If the newest comes first here, it is the day before: write the date.",
    "clock_twice": "In {zone} this time came twice that day; the first was taken, {at}.",
    "clock_never": "In {zone} this time was skipped that day; it was read as {at}.",
    "out_of_season": "{zone} was taken by its name. On {day} clocks there showed {shown}: write that if it was meant.",
}


@dataclass(frozen=True, slots=True)
class Remark:
    """About one line, counted from 1. ``text`` is the line, cut; ``code`` names what, ``message`` says it."""

    line: int
    text: str
    code: str
    message: str


@dataclass(slots=True)
class Remarks:
    """What is found while reading: lines that were not read, and choices that were made."""

    problems: list[Remark] = field(default_factory=list)
    warnings: list[Remark] = field(default_factory=list)

    def problem(self, line: int, raw: str, code: str, **facts: object) -> None:
        self.problems.append(_remark(line, raw, code, facts))

    def warning(self, line: int, raw: str, code: str, **facts: object) -> None:
        self.warnings.append(_remark(line, raw, code, facts))


def _remark(line: int, raw: str, code: str, facts: Mapping[str, object]) -> Remark:
    words = {name: ", ".join(value) if isinstance(value, tuple) else value for name, value in facts.items()}
    return Remark(line, raw.strip()[:TEXT_LIMIT], code, SAYS[code].format_map(words))
