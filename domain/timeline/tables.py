"""Reads tables in pasted text: Markdown, tab-separated and CSV, with or without a header."""

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from domain.postmortems.first_draft import EntryType
from domain.timeline.calendar_words import weekday_named
from domain.timeline.dates import Day, match_day
from domain.timeline.event_types import read_type
from domain.timeline.moments import Moment, Unreadable, read_moment

COLUMNS_LIMIT = 40
"""Further columns are part of the last one."""
ACTOR_LIMIT = 200
DELIMITERS = ("\t", ";", ",", "|")
_NAMES = {
    "zone": re.compile(
        r"\b(?:time ?zones?|tz|zone|zeitzone|utc offset|offset|fuseau(?: horaire)?|zona horaria)\b", re.I
    ),
    "time": re.compile(
        r"\b(?:time|times|when|timestamp|clock|uhrzeit|zeit|at|heure|hora|ora|tijd|tid|epoch|datetime)\b"
        r"|\b(?:utc|gmt|cet|cest|[ecmp][sd]?t|bst|ist|jst)\b|\u6642\u523b|\u65f6\u95f4|\uc2dc\uac04",
        re.I,
    ),
    "date": re.compile(r"\b(?:date|datum|fecha|dato|datetime)\b|\u65e5\u4ed8|\u65e5\u671f|\ub0a0\uc9dc", re.I),
    "day": re.compile(r"\b(?:day|weekday|tag|wochentag|jour|d\u00eda)\b", re.I),
    "event": re.compile(
        r"\b(?:events?|what|what happened|description|details?|action|activity|message|notes?|summary|text|ereignis)\b",
        re.I,
    ),
    "actor": re.compile(r"\b(?:who|actor|person|by|author|user|owner|name|responder|wer)\b", re.I),
    "type": re.compile(r"\b(?:type|kind|category|phase|typ)\b", re.I),
}
LEFT = 20
"""What is left of a cell after its moment may be a remark such as "(approx.)", but no further number."""
_DIGIT = re.compile(r"\d")
_DIGITS_ONLY = re.compile(r"([01]?\d|2[0-4])([0-5]\d)")
_SEPARATOR_ROW = re.compile(r"^\s*\|?\s*:?-+:?\s*(?:\|\s*:?-+:?\s*)*\|?\s*$")
_BREAK = re.compile(r"<br\s*/?>", re.I)


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a table. ``line`` counts from 1, ``raw`` is the line as it was pasted."""

    line: int
    raw: str
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Columns:
    """The places of the columns. ``names`` are empty without a header; ``when`` are the columns of date and time.

    ``day`` holds weekdays, or dates if no other column does; ``zone`` a time zone for each row.
    """

    when: tuple[int, ...]
    event: int | None
    actor: int | None = None
    type: int | None = None
    names: tuple[str, ...] = ()
    zone: int | None = None
    day: int | None = None

    @property
    def over_times(self) -> str:
        return " ".join(self.names[place] for place in self.when if place < len(self.names))

    def moment(self, row: Row) -> tuple[Moment, str] | Unreadable | None:
        """What the row's columns of date and time say together, and what is left of their text."""
        cells = [_cell(row, place) for place in self.when]
        written = " ".join(part for part in (self.weekday(row, cells), *map(_with_colon, cells)) if part)
        found = read_moment(written, dots=bool(self.names))
        if isinstance(found, tuple) and _DIGIT.search(found[1]) and len(found[1]) <= LEFT:
            return Unreadable.UNREAD
        return found

    def weekday(self, row: Row, cells: Sequence[str]) -> str:
        """The weekday that stands in a column of its own, unless the date names it too."""
        named = _cell(row, self.day)
        return named if any(cells) and weekday_named(named.strip(".,")) is not None else ""

    def zone_of(self, row: Row) -> str | None:
        return _cell(row, self.zone) or None

    def words(self, row: Row) -> str:
        """The event, and after it other columns with their names, among them an actor or a type that is none."""
        known = {*self.when, self.event, self.zone}
        known |= {self.day} if weekday_named(_cell(row, self.day).strip(".,")) is not None else set()
        known |= {self.actor} if self.actor_of(row) else set()
        known |= {self.type} if self.type_of(row) else set()
        others = []
        for place, cell in enumerate(row.cells):
            if place not in known and cell:
                name = self.names[place] if place < len(self.names) else ""
                others.append(f"{name}: {cell}" if name else cell)
        return " \u2014 ".join(part for part in (_cell(row, self.event), *others) if part)

    def actor_of(self, row: Row) -> str | None:
        name = _cell(row, self.actor).lstrip("@")
        return name if 0 < len(name) <= ACTOR_LIMIT else None

    def type_of(self, row: Row) -> EntryType | None:
        return read_type(_cell(row, self.type))


def _with_colon(cell: str) -> str:
    """In a column of times, "1403" is one."""
    found = _DIGITS_ONLY.fullmatch(cell)
    return f"{found[1]}:{found[2]}" if found else cell


def _cell(row: Row, place: int | None) -> str:
    return row.cells[place] if place is not None and place < len(row.cells) else ""


def is_markdown_row(lines: Sequence[str], place: int) -> bool:
    """Whether a Markdown table begins or continues here."""
    line = lines[place].strip()
    if line.startswith("|") and line.count("|") >= 2:
        return True
    after = lines[place + 1] if place + 1 < len(lines) else ""
    return "|" in line and "|" in after and _SEPARATOR_ROW.match(after) is not None


def markdown_table(lines: Sequence[str], place: int) -> tuple[list[Row], bool, int]:
    """The rows from here on, whether the first is a header, and the place after them."""
    rows: list[Row] = []
    has_header = False
    while place < len(lines) and "|" in lines[place] and lines[place].strip():
        if _SEPARATOR_ROW.match(lines[place]) and "-" in lines[place]:
            has_header = has_header or len(rows) == 1
        else:
            rows.append(Row(place + 1, lines[place], _split_row(lines[place])))
        place += 1
    return rows, has_header, place


def _split_row(line: str) -> tuple[str, ...]:
    inner = line.strip().removeprefix("|")
    if inner.endswith("|") and not inner.endswith("\\|"):
        inner = inner[:-1]
    cells = re.split(r"(?<!\\)\|", inner, maxsplit=COLUMNS_LIMIT - 1)
    return tuple(_BREAK.sub("\n", cell.replace("\\|", "|")).strip() for cell in cells)


def separated(lines: Sequence[str]) -> list[Row] | None:
    """The rows of a text that is tab-separated or CSV as a whole; None if it is not."""
    if any(line.lstrip().startswith("|") or ("|" in line and _SEPARATOR_ROW.match(line)) for line in lines):
        return None
    for delimiter in DELIMITERS:
        if sum(delimiter in line for line in lines) * 2 < sum(bool(line.strip()) for line in lines):
            continue
        if delimiter == "," and _has_comma_in_date(lines):
            continue
        rows = _read(lines, delimiter)
        if rows and _is_table(rows, delimiter):
            return rows
    return None


def _has_comma_in_date(lines: Sequence[str]) -> bool:
    """Whether a line begins with a date such as "November 20, 2025", whose comma separates nothing."""
    first = next((line for line in lines if line.strip()), "")
    if _is_header(Row(1, first, tuple(cell.strip() for cell in first.split(",")))):
        return False
    for line in lines:
        comma = line.find(", ")
        found = match_day(line, len(line) - len(line.lstrip(" *_#`-"))) if comma > 0 else None
        if found and isinstance(found[0], Day) and found[0].month and found[1] > comma:
            return True
    return False


def _read(lines: Sequence[str], delimiter: str) -> list[Row] | None:
    reader = csv.reader((f"{line}\n" for line in lines), delimiter=delimiter, skipinitialspace=True, strict=True)
    rows: list[Row] = []
    start = 1
    try:
        for fields in reader:
            kept, over = fields[: COLUMNS_LIMIT - 1], fields[COLUMNS_LIMIT - 1 :]
            cells = tuple(cell.strip() for cell in (*kept, *([delimiter.join(over)] if over else [])))
            if any(cells):
                rows.append(Row(start, "\n".join(lines[start - 1 : reader.line_num]), cells))
            start = reader.line_num + 1
    except csv.Error:
        return None
    return rows


def _is_table(rows: Sequence[Row], delimiter: str) -> bool:
    """Whether most rows have a cell that is only a moment; a comma in prose does not make a table."""
    several = [row for row in rows if len(row.cells) > 1]
    timed = sum(any(_is_moment(cell) for cell in row.cells) for row in several)
    if not several or timed * 10 < len(rows) * 6 - 10 or timed == 0:
        return False
    if delimiter == "\t" or _is_header(rows[0]):
        return True
    widths = [len(row.cells) for row in several]
    return len(several) > 1 and widths.count(max(set(widths), key=widths.count)) * 10 >= len(widths) * 8


def _is_moment(cell: str) -> bool:
    if len(cell) > 60:
        return False
    found = read_moment(cell)
    return isinstance(found, Unreadable) or (found is not None and not found[1])


def _is_header(row: Row) -> bool:
    if any(_is_moment(cell) for cell in row.cells):
        return False
    return any(_named(cell, "time") or _named(cell, "date") for cell in row.cells)


def _named(cell: str, name: str) -> bool:
    return len(cell) <= 60 and _NAMES[name].search(cell) is not None


def find_columns(rows: Sequence[Row], has_header: bool) -> tuple[Columns, Sequence[Row]]:
    """The meaning of the columns, by their names or else by their contents, and the rows below the header."""
    if not rows:
        return Columns((), None), rows
    if not has_header and _is_header(rows[0]):
        has_header = True
    names = tuple(cell.strip("*_` ") for cell in rows[0].cells) if has_header else ()
    below = rows[1:] if has_header else rows
    found: dict[str, int] = {}
    for name in ("zone", "date", "time", "day", "type", "actor", "event"):
        places = [place for place, cell in enumerate(names) if _named(cell, name) and place not in found.values()]
        if places:
            found[name] = places[0]
    if "day" in found and "date" not in found and not _are_weekdays(below, found["day"]):
        found["date"] = found.pop("day")
    width = max((len(row.cells) for row in below), default=0)
    when = [found[name] for name in ("date", "time") if name in found] or _columns_of_moments(below, width)
    rest = [place for place in range(width) if place not in when and place not in found.values()]
    event = found.get("event", max(rest, key=lambda place: _letters(below, place), default=None))
    columns = Columns(tuple(when), event, found.get("actor"), found.get("type"), names)
    return replace(columns, zone=found.get("zone"), day=found.get("day")), below


def _are_weekdays(rows: Sequence[Row], place: int) -> bool:
    cells = [cell.strip(".,") for row in rows if (cell := _cell(row, place))]
    return all(weekday_named(cell) is not None for cell in cells)


def _columns_of_moments(rows: Sequence[Row], width: int) -> list[int]:
    """The first column of moments, and the next one if the first holds only dates."""
    timed = [place for place in range(width) if sum(_is_moment(_cell(row, place)) for row in rows) * 2 >= len(rows)]
    for first, second in pairwise(timed):
        dates = [read_moment(_cell(row, first)) for row in rows]
        if all(isinstance(one, tuple) and not one[0].has_time for one in dates):
            return [first, second]
        break
    return timed[:1]


def _letters(rows: Sequence[Row], place: int) -> int:
    return sum(len(_cell(row, place)) for row in rows)
