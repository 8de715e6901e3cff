"""What a reader sees of a Markdown text, letter by letter, and where in the text each letter stands.

Letters are all characters but blanks and the boxes of tasks, which HTML and browsers set as they like. So words that
somebody marks in a page are found in its Markdown, and words of the Markdown in the page. Offsets count code points.
"""

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate

from domain.markdown import BOXES, Token, page_parser

_PARSER = page_parser("text_join")
"""As ``domain.content.markdown`` renders; ``text_join`` would hide how an escaped character was written."""
_UNSEEN = "\u2610\u2611"


def is_letter(one: str) -> bool:
    return not one.isspace() and one not in _UNSEEN


@dataclass(frozen=True, slots=True)
class VisibleText:
    """``letters`` in the order of the page; ``places`` are their offsets in the Markdown, ever growing."""

    letters: str
    places: tuple[int, ...]

    def letters_between(self, start: int, end: int) -> tuple[int, int]:
        """Which letters are seen of the Markdown between two offsets: from the first to before the last."""
        return bisect_left(self.places, start), bisect_left(self.places, end)

    def source_of(self, words: str, first: int) -> tuple[int, int] | None:
        """Offsets of words that somebody marked in the page, the ones nearest to the letter ``first``."""
        wanted = "".join(filter(is_letter, words))
        if not wanted:
            return None
        before = self.letters.rfind(wanted, 0, max(0, first) + len(wanted))
        after = self.letters.find(wanted, max(0, first))
        found = [one for one in (before, after) if one >= 0]
        if not found:
            return None
        begin = min(found, key=lambda one: abs(one - first))
        return self.places[begin], self.places[begin + len(wanted) - 1] + 1


def source_of(markdown: str, words: str, first: int) -> tuple[int, int] | None:
    """As :meth:`VisibleText.source_of`, for a text that was not read yet."""
    return read(markdown).source_of(words, first)


def read(markdown: str) -> VisibleText:
    """Text that cannot be found again in its own source, such as that of a rare entity, is left out."""
    lines = [0, *accumulate(len(one) + 1 for one in markdown.split("\n"))]
    letters: list[str] = []
    places: list[int] = []
    at = 0
    for run, first, last in _runs(_PARSER.parse(markdown)):
        begin, end = max(at, lines[min(first, len(lines) - 1)]), lines[min(last, len(lines) - 1)]
        written, seen = run
        found = markdown.find(written, begin, end)
        if found < 0:
            continue
        at = found + len(written)
        for offset, one in enumerate(seen):
            if is_letter(one):
                letters.append(one)
                places.append(found + min(offset, len(written) - 1))
    return VisibleText("".join(letters), tuple(places))


def _runs(tokens: list[Token]) -> Iterator[tuple[tuple[str, str], int, int]]:
    """Each run of text as it is written and as it is seen, and the lines that it is in."""
    before = ""
    for token in tokens:
        first, last = token.map or (0, 2**31)
        if token.type in {"fence", "code_block"}:
            for line in token.content.split("\n"):
                yield (line.strip(), line.strip()), first, last
        if token.type == "inline":
            children = token.children or []
            for place, child in enumerate(children):
                run = _run(child)
                if run and place == 0 and before == "paragraph_open" and run[0].startswith(tuple(BOXES)):
                    run = (run[0][4:], run[1][4:])
                if run and run[0]:
                    yield run, first, last
        before = token.type


def _run(token: Token) -> tuple[str, str] | None:
    match token.type:
        case "text" | "code_inline":
            return token.content, token.content
        case "text_special":
            return token.markup, token.content
        case "image":
            alt = token.content or str(token.attrs.get("src", ""))
            return alt, alt
        case "footnote_ref":
            label = str(token.meta.get("label", ""))
            return label, label
    return None
