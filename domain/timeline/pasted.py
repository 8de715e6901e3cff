"""Timelines from pasted text: a Markdown table, tab-separated or CSV rows, lines and headings that begin with a time.

Nothing is dropped in silence: what is not understood is a problem that tells its line, and each choice made in reading
(the next day, an hour that came twice) is a warning.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from types import MappingProxyType

from domain.people.time_zones import UTC_ZONE, Zone, stated_zone
from domain.postmortems.first_draft import EntryType
from domain.timeline.event_types import guess_type
from domain.timeline.moments import Moment, Precision, Unreadable, find_day, read_moment
from domain.timeline.remarks import Remark, Remarks
from domain.timeline.resolution import TimeContext
from domain.timeline.tables import Columns, Row, find_columns, is_markdown_row, markdown_table, separated

EVENT_LIMIT = 10_000
"""How many characters one event may have."""
EVENTS_LIMIT = 5000
LINES_LIMIT = 50_000
NO_CHOICES: Mapping[str, str] = MappingProxyType({})

_HEADING = re.compile(r"^\s{0,3}(#{1,6})\s+(.*?)(?:\s+#+)?\s*$")
_UNDERLINE = re.compile(r"^\s{0,3}(?:=+|-+)\s*$")
_RULE = re.compile(r"^\s*(?:[-*_]\s*){3,}$")
_FENCE = re.compile(r"^\s*(```+|~~~+)")
_BULLET = re.compile(r"^\s*(?:[-*+\u2022\u2013]|\d{1,3}[.)])\s+(?:\[[ xX]\]\s+)?")
_TITLE = re.compile(
    r"^\W*(?:the |incident |full |detailed )*(?:timeline|chronology|event log)(?: of events)?\W*$", re.I
)
_NAMED = re.compile(r"^@([\w.-]{1,80}):\s+(?=\S)")
_BEGINS_WITH = re.compile(r"^@([\w.-]*\w)\s+(?!and\b|&|or\b)")
_PLACEHOLDER = re.compile(
    r"[\W_]*(?:what happened|event|description|describe\b.{0,40}|details?|tbd|todo|xxx+|lorem ipsum.*"
    r"|<[^>]*>|\[[^\]]*\]|\.{2,}|\u2026)?[\W_]*",
    re.I,
)


@dataclass(frozen=True, slots=True)
class ParsedEvent:
    """An event as it would be stored; ``line`` counts from 1, ``at`` is in UTC."""

    line: int
    at: datetime
    precision: Precision
    event: str
    type: EntryType
    actor: str | None = None


@dataclass(frozen=True, slots=True)
class Parsed:
    """Events in the order of the text. ``problems`` are lines that were not read; ``warnings`` name choices."""

    events: tuple[ParsedEvent, ...]
    problems: tuple[Remark, ...]
    warnings: tuple[Remark, ...]


def parse_timeline(
    text: str, *, day: date | None = None, zone: Zone = UTC_ZONE, choices: Mapping[str, str] = NO_CHOICES
) -> Parsed:
    """Reads a pasted timeline. ``day`` and ``zone`` apply until the text states others.

    ``choices`` decide about ambiguous lines, as ``Remark.choice`` names them. In a text that writes AM or PM anywhere,
    a time such as 2:03 has two readings.
    """
    lines = re.split(r"\r\n|\r|\n", text)
    parser, remarks = _parse(lines, day, zone, choices, twelve=False)
    if parser.has_half and parser.may_be_half:
        parser, remarks = _parse(lines, day, zone, choices, twelve=True)
    problems = sorted(remarks.problems, key=lambda one: one.line)
    return Parsed(tuple(parser.events), tuple(problems), tuple(remarks.warnings))


def _parse(
    given: Sequence[str], day: date | None, zone: Zone, choices: Mapping[str, str], *, twelve: bool
) -> tuple["_Parser", Remarks]:
    remarks = Remarks()
    days = (("", day),) if day else ()
    parser = _Parser(TimeContext(zone, days, zone, remarks, choices, twelve=twelve), remarks)
    lines = list(given)
    if len(lines) > LINES_LIMIT:
        parser.problem(LINES_LIMIT + 1, lines[LINES_LIMIT], "too_many_lines", limit=LINES_LIMIT)
        del lines[LINES_LIMIT:]
    rows = separated(lines)
    if rows is not None:
        parser.table(rows, has_header=False)
    else:
        parser.lines(lines)
    parser.close()
    return parser, remarks


@dataclass(slots=True)
class _Open:
    """The event that is being read: a moment, and the text that follows it until the next one."""

    line: int
    raw: str
    moment: Moment
    words: list[str]
    by_heading: bool = False
    bullet: bool = False
    lines: list[tuple[int, str]] = field(default_factory=list)
    actor: str | None = None
    type: EntryType | None = None

    @property
    def is_day(self) -> bool:
        """A heading with a date only: of the events below it, or of one event."""
        return self.by_heading and not self.moment.has_time


@dataclass(slots=True)
class _Parser:
    """Reads the lines one by one. ``open`` is the event that is being read."""

    time: TimeContext
    remarks: Remarks
    open: _Open | None = None
    events: list[ParsedEvent] = field(default_factory=list)
    has_half: bool = False
    may_be_half: bool = False

    # Lines

    def lines(self, lines: Sequence[str]) -> None:
        place = 0
        fence: str | None = None
        while place < len(lines):
            line = lines[place]
            number = place + 1
            mark = _FENCE.match(line)
            if fence or mark:
                self.belonging(number, line)
                if mark:
                    fence = None if fence and mark[1].startswith(fence) else (fence or mark[1])
                place += 1
            elif not (self.open and self.open.by_heading and not self.open.is_day) and is_markdown_row(lines, place):
                rows, has_header, place = markdown_table(lines, place)
                self.table(rows, has_header)
            else:
                heading = self.heading_at(lines, place)
                place += 2 if heading and not _HEADING.match(line) else 1
                if heading:
                    self.heading(number, line, heading)
                else:
                    self.line(number, line)

    def heading_at(self, lines: Sequence[str], place: int) -> str | None:
        line = lines[place]
        if found := _HEADING.match(line):
            return found[2]
        after = lines[place + 1] if place + 1 < len(lines) else ""
        if line.strip() and _UNDERLINE.match(after) and not _BULLET.match(line) and read_moment(line.strip()) is None:
            return line.strip()
        return None

    def heading(self, number: int, raw: str, heading: str) -> None:
        self.close()
        self.time.state_zone(number, raw, heading)
        found = read_moment(heading)
        if isinstance(found, tuple):
            moment, words = found
            self.open = _Open(number, raw, moment, [words] if words else [], by_heading=True)
            if self.open.is_day:
                self.time.set_day(number, raw, moment)
        elif isinstance(found, Unreadable):
            self.refuse(number, raw, found)
        elif day := find_day(heading):
            self.time.set_day(number, raw, Moment(day))
        elif not _TITLE.match(heading) and not stated_zone(heading):
            self.problem(number, raw, "no_time")

    def line(self, number: int, raw: str) -> None:
        text = raw.strip()
        if not text:
            self.belonging(number, "")
            return
        inside = self.open is not None and self.open.by_heading and not self.open.is_day
        if inside:
            self.belonging(number, raw)
            return
        bullet = _BULLET.match(raw)
        found = read_moment(text)
        if found is None and bullet:
            found = read_moment(raw[bullet.end() :])
        if isinstance(found, Unreadable):
            self.close()
            self.refuse(number, raw, found)
        elif found is not None:
            self.begin(number, raw, found, bullet=bullet is not None)
        elif self.is_statement(text) or _TITLE.match(text) or _RULE.match(text):
            self.close(timed=True)
            self.time.state_zone(number, raw, text)
        elif self.continues(raw, bullet is not None):
            self.belonging(number, raw)
        else:
            self.leave()
            self.problem(number, raw, "no_time") if self.open is None else self.belonging(number, raw)

    def begin(self, number: int, raw: str, found: tuple[Moment, str], *, bullet: bool) -> None:
        moment, words = found
        self.close(timed=True)
        if not moment.has_time and not words and not bullet:
            self.time.set_day(number, raw, moment)
            self.open = _Open(number, raw, moment, [], by_heading=True)
            return
        self.open = _Open(number, raw, moment, [words], bullet=bullet)

    def is_statement(self, text: str) -> bool:
        return (
            stated_zone(text) is not None and re.search(r"\btimes?\b|\btime ?zone\b|\bclock\b", text, re.I) is not None
        )

    def continues(self, raw: str, bullet: bool) -> bool:
        """Indented lines belong to the event above; in a list, so do lines that follow without a blank one."""
        if self.open is None or self.open.is_day:
            return False
        if raw.startswith(("\t", "  ")) or not any(self.open.words):
            return True
        blank = bool(self.open.lines) and not self.open.lines[-1][1].strip()
        return self.open.bullet and not bullet and not blank

    def belonging(self, number: int, raw: str) -> None:
        if self.open is not None:
            self.open.lines.append((number, raw))
            self.open.words.append(raw.rstrip())
        elif raw.strip():
            self.problem(number, raw, "no_time")

    def leave(self) -> None:
        if self.open is not None and not self.open.is_day:
            self.close()

    # Tables

    def table(self, rows: Sequence[Row], has_header: bool) -> None:
        self.close(timed=True)
        columns, below = find_columns(rows, has_header)
        before = self.time.zone
        if columns.over_times and rows:
            self.time.state_zone(rows[0].line, rows[0].raw, columns.over_times)
        for row in below:
            if any(row.cells):
                self.row(columns, row)
        self.time.zone = before

    def row(self, columns: Columns, row: Row) -> None:
        found = columns.moment(row)
        if len(row.cells) == 1 and self.is_statement(row.cells[0]):
            self.time.state_zone(row.line, row.raw, row.cells[0])
        elif isinstance(found, Unreadable):
            self.refuse(row.line, row.raw, found)
        elif found is None:
            self.problem(row.line, row.raw, "no_time")
        else:
            moment, rest = found
            moment = replace(moment, zone=columns.zone_of(row) or moment.zone)
            words = " ".join(part for part in (rest, columns.words(row)) if part)
            if not words and moment.day and not moment.has_time:
                self.time.set_day(row.line, row.raw, moment)
                return
            kind = columns.type_of(row)
            self.open = _Open(row.line, row.raw, moment, [words], actor=columns.actor_of(row), type=kind)
            self.close()

    # Events

    def close(self, *, timed: bool = False) -> None:
        """End the open event. ``timed``: a moment follows, so a date above it is the date of that moment."""
        one, self.open = self.open, None
        if one is None:
            return
        if one.is_day and (timed or not "".join(one.words).strip()):
            for number, raw in one.lines:
                if raw.strip():
                    self.problem(number, raw, "no_time")
            return
        words = _outdented(one.words)
        if one.moment.until:
            words = f"(until {one.moment.until}) {words}".strip()
        if _PLACEHOLDER.fullmatch(words):
            self.problem(one.line, one.raw, "template_row" if words else "no_words")
        elif len(words) > EVENT_LIMIT:
            self.problem(one.line, one.raw, "too_long", limit=EVENT_LIMIT)
        elif len(self.events) >= EVENTS_LIMIT:
            self.problem(one.line, one.raw, "too_many", limit=EVENTS_LIMIT)
        else:
            self.add(one, words)

    def add(self, one: _Open, words: str) -> None:
        at = self.time.instant_of(one.line, one.raw, one.moment)
        if one.moment.time:
            self.has_half = self.has_half or one.moment.time.half is not None
            self.may_be_half = self.may_be_half or one.moment.time.may_be_either_half
        if at is None:
            return
        actor, words = (one.actor, words) if one.actor else _actor(words)
        kind = one.type or guess_type(words)
        self.events.append(ParsedEvent(one.line, at, one.moment.precision, words, kind, actor))

    def refuse(self, line: int, raw: str, why: Unreadable) -> None:
        """A line's moment can't be read. If it was a date, what follows has none."""
        if why in {Unreadable.NO_SUCH_DATE, Unreadable.RELATIVE}:
            self.time.forget_day()
        self.problem(line, raw, why.value)

    def problem(self, line: int, raw: str, code: str, **facts: object) -> None:
        self.remarks.problem(line, raw, code, **facts)


def _outdented(words: Sequence[str]) -> str:
    first, *others = [*words, ""]
    margin = min((len(one) - len(one.lstrip()) for one in others if one.strip()), default=0)
    return "\n".join([first, *(one[margin:] for one in others)]).strip()


def _actor(words: str) -> tuple[str | None, str]:
    if found := _NAMED.match(words):
        return found[1], words[found.end() :]
    found = _BEGINS_WITH.match(words)
    return (found[1] if found else None), words
