"""Words of a text with their places, and phrases of words found among them."""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from domain.sharing.hosts import Span

_WORD = re.compile(r"[^\W_]+(?:['\u2019](?!s\b)[^\W_]+)*")
_GAP = re.compile(r"[ \t\u00a0._-]{0,2}\n?[ \t\u00a0]{0,2}|[ \t]*, ?")
"""What may be between two words of one name: blanks, one line end, a hyphen or dot, or a comma."""


@dataclass(frozen=True, slots=True)
class Word:
    """``plain`` has neither accents nor capitals."""

    text: str
    plain: str
    start: int
    end: int


def plain(text: str) -> str:
    """Without accents and capitals, so that José and jose are the same."""
    apart = unicodedata.normalize("NFKD", text)
    return "".join(one for one in apart if not unicodedata.combining(one)).casefold()


def words_of(text: str) -> list[Word]:
    return [Word(one[0], plain(one[0]), one.start(), one.end()) for one in _WORD.finditer(text)]


class Phrases:
    """Finds phrases of one or more words, whatever their capitals, accents and the blanks between them."""

    def __init__(self, phrases: Iterable[str]) -> None:
        self._by_first: dict[str, list[tuple[str, ...]]] = defaultdict(list)
        for phrase in phrases:
            if parts := tuple(one.plain for one in words_of(phrase)):
                self._by_first[parts[0]].append(parts)

    def places(self, text: str, words: Sequence[Word] | None = None) -> Iterator[Span]:
        """The longest phrase that begins at each word."""
        words = words_of(text) if words is None else words
        for place, word in enumerate(words):
            known = self._by_first.get(word.plain, ())
            lengths = [len(parts) for parts in known if _fits(text, words, place, parts)]
            if lengths:
                yield Span(word.start, words[place + max(lengths) - 1].end)


def _fits(text: str, words: Sequence[Word], place: int, parts: tuple[str, ...]) -> bool:
    run = words[place : place + len(parts)]
    if tuple(one.plain for one in run) != parts:
        return False
    return all(_GAP.fullmatch(text, before.end, after.start) for before, after in pairwise(run))
