"""Marks and names put into HTML that ``domain.content.markdown`` made: the words that threads are about, people
mentioned.

Only text is touched, and all of it is escaped again; what cannot be placed for sure is left as it was.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from html.parser import HTMLParser

from domain.content.visible_text import VisibleText, is_letter


@dataclass(frozen=True, slots=True)
class Marked:
    """The words of one thread: their offsets in the Markdown, and the thread's name."""

    start: int
    end: int
    name: str


@dataclass(frozen=True, slots=True)
class _Piece:
    """A piece of HTML: a tag as it is written, or text. ``is_plain``: neither in code nor in a link."""

    text: str
    is_tag: bool = False
    is_plain: bool = True


class _Pieces(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[_Piece] = []
        self._inside = 0

    def handle_starttag(self, tag: str, _attrs: object) -> None:
        self.found.append(_Piece(self.get_starttag_text() or "", is_tag=True))
        self._inside += tag in {"a", "code"}

    def handle_endtag(self, tag: str) -> None:
        self.found.append(_Piece(f"</{tag}>", is_tag=True))
        self._inside -= tag in {"a", "code"}

    def handle_data(self, data: str) -> None:
        self.found.append(_Piece(data, is_plain=not self._inside))


def _pieces(html: str) -> list[_Piece]:
    parser = _Pieces()
    parser.feed(html)
    parser.close()
    return parser.found


def with_marks(html: str, seen: VisibleText, marks: Sequence[Marked]) -> str:
    """The words of each in ``<mark>``, the first piece with the id ``m-<name>``; where several overlap, the first's."""
    pieces = _pieces(html)
    letters = "".join(one for piece in pieces if not piece.is_tag for one in piece.text if is_letter(one))
    if letters != seen.letters:
        return html
    whose: dict[int, Marked] = {}
    for mark in marks:
        for place in range(*seen.letters_between(mark.start, mark.end)):
            whose.setdefault(place, mark)
    begun: set[str] = set()
    out: list[str] = []
    at = 0
    for piece in pieces:
        if piece.is_tag:
            out.append(piece.text)
            continue
        for mark_here, text, count in _split(piece.text, at, whose):
            out.append(_in_mark(mark_here, text, begun) if mark_here and count else escape(text))
            at += count
    return "".join(out)


def _split(text: str, at: int, whose: Mapping[int, Marked]) -> list[tuple[Marked | None, str, int]]:
    """The text in runs of one mark each, with how many letters each has. Blanks belong to a mark only within it."""
    runs: list[tuple[Marked | None, list[str]]] = []
    blanks: list[str] = []
    for one in text:
        if not is_letter(one):
            blanks.append(one)
            continue
        mark = whose.get(at)
        at += 1
        if runs and runs[-1][0] is mark:
            runs[-1][1].extend(blanks)
            runs[-1][1].append(one)
        else:
            runs.append((None, blanks))
            runs.append((mark, [one]))
        blanks = []
    runs.append((None, blanks))
    return [(mark, "".join(found), sum(map(is_letter, found))) for mark, found in runs if found]


def _in_mark(mark: Marked, text: str, begun: set[str]) -> str:
    name = escape(mark.name)
    spot = "" if mark.name in begun else f' id="m-{name}"'
    begun.add(mark.name)
    return f'<mark class="about"{spot} data-thread="{name}">{escape(text)}</mark>'


def with_names(html: str, names: Mapping[str, str]) -> str:
    """``@handle`` as that person's name, outside code and links. ``names`` are by handle, in lower case."""
    if not names:
        return html
    handles = "|".join(re.escape(one) for one in sorted(names, key=len, reverse=True))
    spoken = re.compile(rf"(?<![\w.+@/=-])@({handles})(?![\w@]|[._-]\w)", re.IGNORECASE)
    out: list[str] = []
    for piece in _pieces(html):
        if piece.is_tag:
            out.append(piece.text)
        elif not piece.is_plain:
            out.append(escape(piece.text))
        else:
            out.extend(_named(piece.text, spoken, names))
    return "".join(out)


def _named(text: str, spoken: re.Pattern[str], names: Mapping[str, str]) -> Iterator[str]:
    last = 0
    for found in spoken.finditer(text):
        yield escape(text[last : found.start()])
        name = escape(names[found[1].lower()])
        yield f'<span class="mention" title="{escape(found[0])}">@{name}</span>'
        last = found.end()
    yield escape(text[last:])
