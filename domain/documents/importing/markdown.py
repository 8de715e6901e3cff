"""A postmortem out of a Markdown document, by its headings.

The first heading is the title. A heading that is known (``headings``) begins a section; what stands below another one
goes into the section *Imported*, with its heading. Timelines and action items are read line by line, and the lines that
can't be read go there, too.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date

from domain.content.sections import TEXT_LIMIT
from domain.content.templates import ACTION_ITEMS, TIMELINE, TITLES
from domain.documents.importing.document import (
    LineKind,
    ReadDocument,
    ReadItem,
    ReportLine,
    line_of,
)
from domain.documents.importing.headings import IMPORTED, section_of
from domain.documents.importing.items import read_items
from domain.markdown import parser
from domain.timeline.dates import find_whole_date
from domain.timeline.pasted import ParsedEvent, parse_timeline

TITLE_LIMIT = 300
PEOPLE_LIMIT = 200
WORDS_OF_A_NAME = 4
_BLOCKS = parser("inline", "text_join")
_NAME = re.compile(r"^\s{0,3}(?:[-*+]|\d{1,3}[.)])\s+(.*?)\s*$")


@dataclass(frozen=True, slots=True)
class _Part:
    """Numbered lines below a heading; ``heading`` is empty before the first one."""

    line: int
    heading: str
    lines: tuple[tuple[int, str], ...]

    @property
    def text(self) -> str:
        return "\n".join(one for _, one in self.lines).strip("\n")

    @property
    def is_empty(self) -> bool:
        return not any(one.strip() for _, one in self.lines)


@dataclass(slots=True)
class _Reader:
    texts: dict[str, list[str]] = field(default_factory=dict)
    events: list[ParsedEvent] = field(default_factory=list)
    items: list[ReadItem] = field(default_factory=list)
    people: list[str] = field(default_factory=list)
    report: list[ReportLine] = field(default_factory=list)
    day: date | None = None

    def part(self, part: _Part) -> None:
        if part.is_empty:
            return
        match section_of(part.heading) if part.heading else "summary":
            case "timeline":
                self.timeline(part)
            case "actionItems":
                self.action_items(part)
            case "people":
                self.list_people(part)
            case None:
                self.imported(part)
            case name:
                self.section(name, part)

    def section(self, name: str, part: _Part) -> None:
        """A heading that says more than the section's own title, or a second one, is kept."""
        said = part.heading.lower().startswith(
            (TITLES[name].lower(), TITLES[name].lower().replace("learned", "learnt"))
        )
        titled = part.heading and (bool(self.texts.get(name)) or not said)
        text = f"### {part.heading}\n\n{part.text}" if titled else part.text
        self.texts.setdefault(name, []).append(text)
        self.report.append(line_of(part.line, LineKind.PLACED, name, f"{part.heading} {part.text}"))

    def imported(self, part: _Part, heading: str | None = None) -> None:
        title = heading or part.heading or "Text"
        self.texts.setdefault(IMPORTED, []).append(f"### {title}\n\n{part.text}")
        for number, text in part.lines:
            if text.strip():
                self.report.append(line_of(number, LineKind.UNPLACED, IMPORTED, text))

    def timeline(self, part: _Part) -> None:
        """The heading goes along, because it may name a time zone."""
        parsed = parse_timeline("\n".join([f"# {part.heading}", *(one for _, one in part.lines)]), day=self.day)
        numbers = {place + 2: number for place, (number, _) in enumerate(part.lines)}
        unread = {numbers[one.line] for one in parsed.problems if one.line in numbers}
        if not parsed.events:
            self.imported(part)
            return
        self.events += parsed.events
        for event in parsed.events:
            self.report.append(line_of(numbers.get(event.line), LineKind.PLACED, TIMELINE, event.event))
        self.leftover(part, unread, "Timeline: lines without a time that could be read")

    def action_items(self, part: _Part) -> None:
        found, rest = read_items(part.lines)
        if not found:
            self.imported(part)
            return
        self.items += found
        for item in found:
            text = f"{item.description} {item.details or ''} {item.owner or ''}"
            self.report.append(line_of(item.line, LineKind.PLACED, ACTION_ITEMS, text))
            if item.owner:
                self.people.append(item.owner)
        self.leftover(part, {number for number, _ in rest}, "Action items: other lines")

    def leftover(self, part: _Part, numbers: set[int], heading: str) -> None:
        lines = tuple(one for one in part.lines if one[0] in numbers)
        if lines:
            self.imported(_Part(part.line, part.heading, lines), heading)

    def list_people(self, part: _Part) -> None:
        """Their names are for the report, and the text is kept."""
        for _, text in part.lines:
            if found := _NAME.match(text):
                self.people += _names(found[1])
        self.texts.setdefault(IMPORTED, []).append(f"### {part.heading}\n\n{part.text}")
        self.report.append(line_of(part.line, LineKind.PLACED, "participants", f"{part.heading} {part.text}"))


def _names(text: str) -> list[str]:
    """Several, where a line names them one after the other; the whole line, where it says more than names."""
    parts = [one.strip() for one in re.split(r"[,;]|\band\b", text) if one.strip()]
    return parts if all(len(one.split()) <= WORDS_OF_A_NAME for one in parts) else [text]


def read_markdown(text: str, name: str, *, title: str | None = None, day: date | None = None) -> ReadDocument:
    """``name`` is the file's, without its folder; ``title`` and ``day`` are what something else than the text says."""
    lines = re.split(r"\r\n|\r|\n", text.removeprefix("\ufeff"))
    headings = list(_headings(lines))
    own, headings = _title(headings)
    reader = _Reader(
        day=day or find_whole_date(own or "") or find_whole_date(name) or find_whole_date(" ".join(lines[:12]))
    )
    for part in _parts(lines, headings):
        reader.part(part)
    told = title or (own or "").strip() or _name_as_title(name)
    texts = {key: "\n\n".join(parts) for key, parts in reader.texts.items()}
    return ReadDocument(
        title=" ".join(told.split())[:TITLE_LIMIT],
        texts=within_limits(texts),
        events=tuple(reader.events),
        items=tuple(reader.items),
        people=tuple(dict.fromkeys(reader.people))[:PEOPLE_LIMIT],
        happened_on=reader.day or min((one.at.date() for one in reader.events), default=None),
        report=tuple(sorted(reader.report, key=lambda one: one.line or 0)),
    )


@dataclass(frozen=True, slots=True)
class _Heading:
    """``line`` and ``end`` count from 0: the heading's own lines."""

    line: int
    end: int
    level: int
    text: str


def _headings(lines: Sequence[str]) -> Iterator[_Heading]:
    tokens = _BLOCKS.parse("\n".join(lines))
    for place, token in enumerate(tokens):
        if token.type == "heading_open" and token.level == 0 and token.map:
            yield _Heading(token.map[0], token.map[1], int(token.tag[1]), tokens[place + 1].content)


def _title(headings: list[_Heading]) -> tuple[str | None, list[_Heading]]:
    """The first heading, unless it is that of a section; and those that begin a part."""
    own: str | None = None
    if headings and section_of(headings[0].text) is None:
        own, first = headings[0].text, headings[0]
        headings = [first, *headings[1:]]
    rest = headings[1:] if own is not None else headings
    known = [one.level for one in rest if section_of(one.text)]
    level = min(known, default=min((one.level for one in rest), default=6))
    parts = [one for one in rest if one.level <= level]
    return own, ([headings[0], *parts] if own is not None else parts)


def _parts(lines: Sequence[str], headings: Sequence[_Heading]) -> Iterator[_Part]:
    """What stands before the first known heading is a summary: the title's own heading begins it."""
    numbered = list(enumerate(lines, 1))
    first = headings[0].line if headings else len(lines)
    yield _Part(1, "", tuple(numbered[:first]))
    for place, one in enumerate(headings):
        end = headings[place + 1].line if place + 1 < len(headings) else len(lines)
        is_title = place == 0 and section_of(one.text) is None
        yield _Part(one.line + 1, "" if is_title else one.text, tuple(numbered[one.end : end]))


def within_limits(texts: dict[str, str]) -> dict[str, str]:
    """What a section can't hold goes on in *Imported*, and what that can't hold is cut off with a word about it."""
    made: dict[str, str] = {}
    over: list[str] = []
    for name, text in texts.items():
        if name != IMPORTED and len(text) > TEXT_LIMIT:
            over.append(f"### {TITLES.get(name, name)}, continued\n\n{text[TEXT_LIMIT:]}")
        made[name] = text[:TEXT_LIMIT] if name != IMPORTED else text
    if over or IMPORTED in made:
        whole = "\n\n".join([*([made[IMPORTED]] if IMPORTED in made else []), *over])
        made[IMPORTED] = whole[:TEXT_LIMIT]
    return made


def _name_as_title(name: str) -> str:
    stem = name.rpartition("/")[2].rpartition(".")[0] or name
    words = re.sub(r"[-_]+", " ", re.sub(r"^\d{4}-\d{2}-\d{2}[-_ ]*", "", stem)).strip()
    return (words[:1].upper() + words[1:]) or "Imported postmortem"
