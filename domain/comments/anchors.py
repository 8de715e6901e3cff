"""Anchors of comments: which text a comment is about, and where that text is after edits.

An :class:`Anchor` quotes the text with a little of what is around it, as the text quote selector of the W3C's Web
Annotation Data Model does. Edits are not followed: :func:`locate` searches the text as it is now. Offsets count code
points. The work of one search is bounded: at most :data:`SCANS` passes over the text and :data:`WINDOWS` comparisons
of excerpts not much longer than the quote.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from domain.comments.excerpts import (
    CHARACTERS_LIMIT,
    SearchableText,
    best_match,
    similarity,
    similarity_of_characters,
)
from domain.errors import AnchorTooLong, WordsNotFound

QUOTE_LIMIT = 1_000
CONTEXT = 64
SCANS = 64
WINDOWS = 4

_NEIGHBOURS = 8
"""How many occurrences of the quote alone are considered on each side of its old place."""
_KNOWN = 8
"""This many characters of agreeing context are no coincidence."""
_SLACK = 64
_SHORT = 16
"""Shorter quotes are too easily found by chance: if they were changed, only their context identifies them."""
_SURELY, _BETWEEN, _ANYWHERE, _ANYWHERE_SHORT = 0.9, 0.5, 0.6, 0.75
"""Least similarity, from 0 to 1: to search no further; between the old surroundings; elsewhere, by quote length."""


class AnchorState(StrEnum):
    """``MOVED``: the same text elsewhere. ``CHANGED``: reworded. ``DETACHED``: gone, or not recognizable."""

    ATTACHED = "ATTACHED"
    MOVED = "MOVED"
    CHANGED = "CHANGED"
    DETACHED = "DETACHED"


@dataclass(frozen=True, slots=True)
class Anchor:
    """The quote, up to 64 characters on either side, and its start. ``alone``: the text held the quote only once."""

    quote: str
    prefix: str
    suffix: str
    start: int
    alone: bool


@dataclass(frozen=True, slots=True)
class Span:
    """Where the quote is now; not ``exact`` if it was reworded."""

    start: int
    end: int
    exact: bool = True


# Making one


@dataclass(frozen=True, slots=True)
class Selection:
    """Selected text: by offsets, by quoting it, or by both if the text may have moved since it was read."""

    start: int | None = None
    end: int | None = None
    quote: str | None = None
    occurrence: int = 1


def anchor_for(text: str, selection: Selection) -> Anchor:
    """Raises :class:`WordsNotFound`, :class:`AnchorTooLong`."""
    if selection.quote is None:
        return anchor_at(text, selection.start or 0, selection.end or 0)
    if selection.start is not None:
        return anchor_near(text, selection.quote, selection.start)
    return anchor_on(text, selection.quote, selection.occurrence)


def anchor_at(text: str, start: int, end: int) -> Anchor:
    """On the text between two offsets, without the blanks at its ends.

    Raises :class:`WordsNotFound` if there is none, and :class:`AnchorTooLong`.
    """
    if not 0 <= start < end <= len(text):
        raise WordsNotFound(quote=text[max(start, 0) : max(end, 0)][:80], length=len(text))
    if end - start > QUOTE_LIMIT:
        raise AnchorTooLong(limit=QUOTE_LIMIT)
    words = text[start:end]
    start += len(words) - len(words.lstrip())
    return _anchor(text, start, words.strip())


def anchor_on(text: str, quote: str, occurrence: int = 1) -> Anchor:
    """On one occurrence of the quote, counted from 1. Raises :class:`WordsNotFound`."""
    start = -1
    for _ in range(occurrence):
        start = text.find(quote, start + 1)
        if start < 0:
            break
    if start < 0:
        raise WordsNotFound(quote=quote, length=len(text))
    return _anchor(text, start, quote)


def anchor_near(text: str, quote: str, start: int) -> Anchor:
    """On the occurrence nearest to where the quote was seen. Raises :class:`WordsNotFound`."""
    found = SearchableText(text).find_nearest(quote, start)
    if found is None:
        raise WordsNotFound(quote=quote, length=len(text))
    return _anchor(text, found, quote)


def _anchor(text: str, start: int, quote: str) -> Anchor:
    if not quote:
        raise WordsNotFound(quote=quote, length=len(text))
    end = start + len(quote)
    first = text.find(quote)
    alone = text.find(quote, first + 1) < 0
    return Anchor(quote, text[max(0, start - CONTEXT) : start], text[end : end + CONTEXT], start, alone)


# Finding it again


def state_of(anchor: Anchor, span: Span | None) -> AnchorState:
    if span is None:
        return AnchorState.DETACHED
    if not span.exact:
        return AnchorState.CHANGED
    return AnchorState.ATTACHED if span.start == anchor.start else AnchorState.MOVED


def locate(anchor: Anchor, text: str) -> Span | None:
    """Where the quote is in that text: word for word, else reworded; None if it is gone.

    Of several places with the same words, the one whose surroundings agree most, then the nearest.
    """
    source = SearchableText(text)
    start = _exactly(anchor, source)
    if start is not None:
        return Span(start, start + len(anchor.quote))
    return _reworded(anchor, source)


def locate_each(anchors: Sequence[tuple[Anchor, str]], texts: Mapping[str, str]) -> list[Span | None]:
    """Where each anchor is in the text that is named beside it; a text that is not there is empty."""
    return [locate(anchor, texts.get(name, "")) for anchor, name in anchors]


def where_it_was(anchor: Anchor, text: str) -> Span | None:
    """Its old place, if the words and what is around them are still there. This takes no time."""
    whole = anchor.prefix + anchor.quote + anchor.suffix
    if text.startswith(whole, anchor.start - len(anchor.prefix)):
        return Span(anchor.start, anchor.start + len(anchor.quote))
    return None


def _exactly(anchor: Anchor, source: SearchableText) -> int | None:
    if where_it_was(anchor, source.text):
        return anchor.start
    whole = anchor.prefix + anchor.quote + anchor.suffix
    first = source.find_from(anchor.quote, 0)
    if first is None:
        return None
    if anchor.alone and source.find_from(anchor.quote, first + 1) is None:
        return first
    same = source.find_nearest(whole, anchor.start - len(anchor.prefix))
    if same is not None:
        return same + len(anchor.prefix)
    starts = sorted(_occurrences(anchor, source), key=lambda one: (-_run(anchor, source, one), _far(anchor, one)))
    best = starts[0]
    if _run(anchor, source, best) >= _KNOWN:
        return best
    best = max(starts[:4], key=lambda one: (_similarity_around(anchor, source, one), -_far(anchor, one)))
    known = anchor.alone or best == anchor.start or _similarity_around(anchor, source, best) >= 0.6
    return best if known else None


def _far(anchor: Anchor, start: int) -> int:
    return abs(start - anchor.start)


def _occurrences(anchor: Anchor, source: SearchableText) -> set[int]:
    """Where the quote is found together with some of its context, and where it is found near its old place."""
    found: set[int] = set()
    for length in (24, _KNOWN):
        before, after = anchor.prefix[-length:], anchor.suffix[:length]
        for left, right in ((before, after), (before, ""), ("", after)):
            one = source.find_nearest(left + anchor.quote + right, anchor.start - len(left))
            if one is not None:
                found.add(one + len(left))
    later: int | None = anchor.start - 1
    earlier: int | None = anchor.start
    for _ in range(_NEIGHBOURS):
        later = None if later is None else source.find_from(anchor.quote, later + 1)
        earlier = None if earlier is None else source.find_before(anchor.quote, earlier)
        found |= {one for one in (later, earlier) if one is not None}
    return found


def _around(anchor: Anchor, source: SearchableText, start: int) -> tuple[str, str]:
    end = start + len(anchor.quote)
    return source.text[max(0, start - CONTEXT) : start], source.text[end : end + CONTEXT]


def _run(anchor: Anchor, source: SearchableText, start: int) -> int:
    """How many characters next to the quote agree, without a break."""
    before, after = _around(anchor, source, start)
    return _common(before[::-1], anchor.prefix[::-1]) + _common(after, anchor.suffix)


def _common(one: str, other: str) -> int:
    return next(
        (place for place, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(map(len, (one, other)))
    )


def _similarity_around(anchor: Anchor, source: SearchableText, start: int) -> float:
    """How alike the surroundings are, with edits in them; from 0 to 1."""
    before, after = _around(anchor, source, start)
    known = len(anchor.prefix) + len(anchor.suffix)
    left = len(anchor.prefix) * similarity_of_characters(anchor.prefix, before[-len(anchor.prefix) :])
    return (left + len(anchor.suffix) * similarity_of_characters(anchor.suffix, after)) / known if known else 1.0


# Reworded


def _reworded(anchor: Anchor, source: SearchableText) -> Span | None:
    left, right = _edges(anchor, source)
    found: list[tuple[float, Span]] = []
    if left is not None and right is not None and left < right <= left + 2 * len(anchor.quote) + _SLACK:
        between = _trimmed(anchor, source.text, left, right)
        if between[0] >= _SURELY:
            return between[1]
        if between[0] >= _BETWEEN:
            found.append(between)
    if len(anchor.quote) >= _SHORT:
        least = _ANYWHERE_SHORT if len(anchor.quote) <= CHARACTERS_LIMIT else _ANYWHERE
        found += [one for one in _elsewhere(anchor, source, left, right) if one[0] >= least]
    best = max(found, key=lambda one: (one[0], -_far(anchor, one[1].start)), default=None)
    return None if best is None else best[1]


def _elsewhere(
    anchor: Anchor, source: SearchableText, left: int | None, right: int | None
) -> Iterator[tuple[float, Span]]:
    """The most similar excerpt around each place where the quote may be."""
    margin = len(anchor.quote) // 2 + _SLACK
    for place in _places(anchor, source, left, right):
        begin = max(0, place - margin)
        window = source.text[begin : place + len(anchor.quote) + margin]
        if match := best_match(anchor.quote, window):
            alike, start, end = match
            yield alike, Span(begin + start, begin + end, exact=False)


def _edges(anchor: Anchor, source: SearchableText) -> tuple[int | None, int | None]:
    """Where the text that was before the quote ends, and where the text that was after it begins."""
    left: int | None = None if anchor.prefix else 0
    for length in (32, 12):
        before = anchor.prefix[-length:]
        if left is None and len(before) >= min(_KNOWN, len(anchor.prefix)):
            found = source.find_nearest(before, anchor.start - len(before))
            left = None if found is None else found + len(before)
    place = anchor.start if left is None else left
    right: int | None = None if anchor.suffix else len(source.text)
    for length in (32, 12):
        if right is None:
            right = source.find_from(anchor.suffix[:length], place)
    return left, right


def _trimmed(anchor: Anchor, text: str, left: int, right: int) -> tuple[float, Span]:
    words = text[left:right]
    left += len(words) - len(words.lstrip())
    words = words.strip()
    return (similarity(anchor.quote, words) if words else 0.0), Span(left, left + len(words), exact=False)


def _places(anchor: Anchor, source: SearchableText, left: int | None, right: int | None) -> Iterator[int]:
    """Where the quote may begin: after its prefix, before its suffix, or around a piece of it."""
    size = len(anchor.quote)
    guesses = [left, None if right is None else right - size]
    piece = max(size // 4, 6)
    for offset in range(0, size - piece + 1, piece):
        at = source.find_nearest(anchor.quote[offset : offset + piece], anchor.start + offset)
        guesses.append(None if at is None else at - offset)
    guesses.append(anchor.start)
    taken: list[int] = []
    for guess in guesses:
        if guess is not None and all(abs(guess - one) > _SLACK // 2 for one in taken) and len(taken) < WINDOWS:
            taken.append(guess)
            yield guess
