"""Finds excerpts in a text from any place in linear time, and compares them in bounded time."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from rapidfuzz.distance import Indel

_WORD = re.compile(r"\w+|[^\w\s]")
CHARACTERS_LIMIT = 64
"""Quotes up to this long are compared by characters, longer ones by words."""
_MATCHES_LIMIT = 32
"""How many of the longest pieces that agree are combined."""


class SearchableText:
    """A text that is searched from any place in both directions, in linear time."""

    def __init__(self, text: str) -> None:
        self.text = text
        self._mirrored: str | None = None

    def find_before(self, excerpt: str, end: int) -> int | None:
        """The last occurrence that begins before ``end``. (``str.rfind`` takes quadratic time on some texts.)"""
        if self._mirrored is None:
            self._mirrored = self.text[::-1]
        skipped = max(0, len(self.text) - end - len(excerpt) + 1)
        found = self._mirrored.find(excerpt[::-1], skipped)
        return None if found < 0 else len(self.text) - found - len(excerpt)

    def find_from(self, excerpt: str, start: int) -> int | None:
        found = self.text.find(excerpt, max(0, start))
        return None if found < 0 else found

    def find_nearest(self, excerpt: str, to: int) -> int | None:
        to = min(max(0, to), len(self.text))
        around = [one for one in (self.find_from(excerpt, to), self.find_before(excerpt, to)) if one is not None]
        return min(around, key=lambda one: abs(one - to), default=None)


def similarity_of_characters(one: str, other: str) -> float:
    """From 0 to 1."""
    return Indel.normalized_similarity(one, other)


def similarity(one: str, other: str) -> float:
    """From 0 to 1; long texts are compared word by word."""
    if min(len(one), len(other)) <= CHARACTERS_LIMIT:
        return similarity_of_characters(one, other)
    return Indel.normalized_similarity(_WORD.findall(one), _WORD.findall(other))


@dataclass(frozen=True, slots=True)
class _Match:
    """A piece of the text that agrees with the quote. ``length`` counts its characters that agree."""

    start: int
    end: int
    length: int


def best_match(quote: str, text: str) -> tuple[float, int, int] | None:
    """The part of the text that is most similar to the quote: its similarity (0 to 1), start and end."""
    matches = list(
        _matching_characters(quote, text) if len(quote) <= CHARACTERS_LIMIT else _matching_words(quote, text)
    )
    longest = sorted(matches, key=lambda one: -one.length)[:_MATCHES_LIMIT]
    matches = sorted(longest, key=lambda one: one.start)
    best: tuple[float, int, int] | None = None
    for place, first in enumerate(matches):
        length = 0
        for last in matches[place:]:
            length += last.length
            similar = 2 * length / (len(quote) + last.end - first.start)
            if best is None or similar > best[0]:
                best = similar, first.start, last.end
    return best


def _matching_characters(quote: str, text: str) -> Iterator[_Match]:
    for one in Indel.opcodes(quote, text).as_matching_blocks():
        if one.size:
            yield _Match(one.b, one.b + one.size, one.size)


def _matching_words(quote: str, text: str) -> Iterator[_Match]:
    words = list(_WORD.finditer(text))
    for one in Indel.opcodes(_WORD.findall(quote), [word.group() for word in words]).as_matching_blocks():
        if one.size:
            start, end = words[one.b].start(), words[one.b + one.size - 1].end()
            yield _Match(start, end, end - start)
