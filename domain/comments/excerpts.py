"""Passages of a text: found from any place in linear time, and compared in bounded time."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

_COMMON = 12
"""Words that stand in a passage more often than this are matched only beside others: no cost grows with them."""
_BLOCKS = 32
"""Of the stretches that agree, so many of the longest are put together."""
_WORD = re.compile(r"\w+|[^\w\s]")
FINE = 64
"""Quotes up to this long are compared by characters, longer ones by words."""


class Passage:
    """A text that is searched from any place in both directions, in linear time. Answers are None for nothing."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._mirrored: str | None = None

    def last_before(self, needle: str, end: int) -> int | None:
        """The last occurrence that begins before ``end``. (``str.rfind`` takes quadratic time on some texts.)"""
        if self._mirrored is None:
            self._mirrored = self.text[::-1]
        skipped = max(0, len(self.text) - end - len(needle) + 1)
        found = self._mirrored.find(needle[::-1], skipped)
        return None if found < 0 else len(self.text) - found - len(needle)

    def first_from(self, needle: str, start: int) -> int | None:
        found = self.text.find(needle, max(0, start))
        return None if found < 0 else found

    def nearest(self, needle: str, to: int) -> int | None:
        to = min(max(0, to), len(self.text))
        around = [one for one in (self.first_from(needle, to), self.last_before(needle, to)) if one is not None]
        return min(around, key=lambda one: abs(one - to), default=None)


# Comparing


def ratio(one: str, other: str) -> float:
    """How alike two short texts are, character by character; from 0 to 1."""
    return SequenceMatcher(None, one, other, autojunk=False).ratio()


def likeness(one: str, other: str) -> float:
    """How alike two texts are, from 0 to 1: long ones word by word."""
    if min(len(one), len(other)) <= FINE:
        return ratio(one, other)
    return _matcher(_words(one), _words(other)).ratio()


def _matcher(ours: Sequence[str], theirs: Sequence[str]) -> SequenceMatcher[str]:
    common = {word for word, times in Counter(theirs).items() if times > _COMMON}
    return SequenceMatcher(common.__contains__, ours, theirs, autojunk=False)


def _words(text: str) -> list[str]:
    return _WORD.findall(text)


@dataclass(frozen=True, slots=True)
class _Block:
    start: int
    end: int
    weight: int


def best_match(quote: str, window: str) -> tuple[float, int, int] | None:
    """The stretch of the window that is most like the quote: how alike (0 to 1), from, to."""
    blocks = _blocks_of_characters(quote, window) if len(quote) <= FINE else _blocks_of_words(quote, window)
    best: tuple[float, int, int] | None = None
    for place, first in enumerate(blocks):
        weight = 0
        for last in blocks[place:]:
            weight += last.weight
            alike = 2 * weight / (len(quote) + last.end - first.start)
            if best is None or alike > best[0]:
                best = alike, first.start, last.end
    return best


def _blocks_of_characters(quote: str, window: str) -> list[_Block]:
    matched = SequenceMatcher(None, quote, window, autojunk=False).get_matching_blocks()
    return [_Block(one.b, one.b + one.size, one.size) for one in matched if one.size]


def _blocks_of_words(quote: str, window: str) -> list[_Block]:
    theirs = list(_WORD.finditer(window))
    blocks = []
    for one in _matcher(_words(quote), [one.group() for one in theirs]).get_matching_blocks():
        if one.size:
            start, end = theirs[one.b].start(), theirs[one.b + one.size - 1].end()
            blocks.append(_Block(start, end, end - start))
    return sorted(sorted(blocks, key=lambda one: -one.weight)[:_BLOCKS], key=lambda one: one.start)
