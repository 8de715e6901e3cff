"""Comments hold on to words: what is kept of them, and where they stand in a text that was edited since.

An :class:`Anchor` quotes the words with a little of what stood around them, as the text quote selector of the W3C's
Web Annotation Data Model does. Nothing follows the edits; :func:`locate` looks for the words in the text as it is.
Offsets count code points. The work of one look-up is bounded: at most :data:`SCANS` passes over the text and
:data:`WINDOWS` comparisons of passages not much longer than the quote.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from domain.comments.excerpts import FINE, Passage, best_match, likeness, ratio
from domain.errors import AnchorTooLong, WordsNotFound

QUOTE_LIMIT = 1_000
CONTEXT = 64
SCANS = 64
WINDOWS = 4

_NEIGHBOURS = 8
"""Occurrences of the bare quote that are looked at on each side of where it stood."""
_KNOWN = 8
"""So many characters of agreeing context are no coincidence."""
_SLACK = 64
_SHORT = 16
"""Shorter quotes are too easily found by chance: changed ones are known by their context alone."""
_SURELY, _BETWEEN, _ANYWHERE, _ANYWHERE_FINE = 0.9, 0.5, 0.6, 0.75
"""How alike the words have to be, from 0 to 1: to look no further; between the surroundings; elsewhere."""


class AnchorState(StrEnum):
    """``MOVED``: the same text is elsewhere. ``CHANGED``: the text was edited. ``DETACHED``: the text was removed."""

    ATTACHED = "ATTACHED"
    MOVED = "MOVED"
    CHANGED = "CHANGED"
    DETACHED = "DETACHED"


@dataclass(frozen=True, slots=True)
class Anchor:
    """The words, up to 64 characters on either side, and where they began. ``alone``: they stood there only once."""

    quote: str
    prefix: str
    suffix: str
    start: int
    alone: bool


@dataclass(frozen=True, slots=True)
class Span:
    """Where the words are now; not ``exact`` where they were reworded."""

    start: int
    end: int
    exact: bool = True


# Making one


@dataclass(frozen=True, slots=True)
class Selection:
    """Words as somebody marks them: by offsets, by quoting them, or by both where the text may have moved meanwhile."""

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
    """On what stands between two offsets, without the blanks at its ends.

    Raises :class:`WordsNotFound` where nothing does, and :class:`AnchorTooLong`.
    """
    if not 0 <= start < end <= len(text):
        raise WordsNotFound(quote=text[max(start, 0) : max(end, 0)][:80], length=len(text))
    if end - start > QUOTE_LIMIT:
        raise AnchorTooLong(limit=QUOTE_LIMIT)
    words = text[start:end]
    start += len(words) - len(words.lstrip())
    return _anchor(text, start, words.strip())


def anchor_on(text: str, quote: str, occurrence: int = 1) -> Anchor:
    """On the words themselves; the first ones unless told otherwise. Raises :class:`WordsNotFound`."""
    start = -1
    for _ in range(occurrence):
        start = text.find(quote, start + 1)
        if start < 0:
            break
    if start < 0:
        raise WordsNotFound(quote=quote, length=len(text))
    return _anchor(text, start, quote)


def anchor_near(text: str, quote: str, start: int) -> Anchor:
    """On the occurrence nearest to where somebody saw the words. Raises :class:`WordsNotFound`."""
    found = Passage(text).nearest(quote, start)
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
    """Where the anchor's words are in that text: word for word, else reworded; None where they are gone.

    Of several places with the same words, the one whose surroundings agree most, then the nearest.
    """
    passage = Passage(text)
    start = _exactly(anchor, passage)
    if start is not None:
        return Span(start, start + len(anchor.quote))
    return _reworded(anchor, passage)


def _exactly(anchor: Anchor, passage: Passage) -> int | None:
    whole = anchor.prefix + anchor.quote + anchor.suffix
    if passage.text.startswith(whole, anchor.start - len(anchor.prefix)):
        return anchor.start
    first = passage.first_from(anchor.quote, 0)
    if first is None:
        return None
    if anchor.alone and passage.first_from(anchor.quote, first + 1) is None:
        return first
    same = passage.nearest(whole, anchor.start - len(anchor.prefix))
    if same is not None:
        return same + len(anchor.prefix)
    starts = sorted(_occurrences(anchor, passage), key=lambda one: (-_run(anchor, passage, one), _far(anchor, one)))
    best = starts[0]
    if _run(anchor, passage, best) >= _KNOWN:
        return best
    best = max(starts[:4], key=lambda one: (_likeness_around(anchor, passage, one), -_far(anchor, one)))
    known = anchor.alone or best == anchor.start or _likeness_around(anchor, passage, best) >= 0.6
    return best if known else None


def _far(anchor: Anchor, start: int) -> int:
    return abs(start - anchor.start)


def _occurrences(anchor: Anchor, passage: Passage) -> set[int]:
    """Where the quote stands together with some of its context, and where it stands near its old place."""
    found: set[int] = set()
    for length in (24, _KNOWN):
        before, after = anchor.prefix[-length:], anchor.suffix[:length]
        for left, right in ((before, after), (before, ""), ("", after)):
            one = passage.nearest(left + anchor.quote + right, anchor.start - len(left))
            if one is not None:
                found.add(one + len(left))
    later: int | None = anchor.start - 1
    earlier: int | None = anchor.start
    for _ in range(_NEIGHBOURS):
        later = None if later is None else passage.first_from(anchor.quote, later + 1)
        earlier = None if earlier is None else passage.last_before(anchor.quote, earlier)
        found |= {one for one in (later, earlier) if one is not None}
    return found


def _around(anchor: Anchor, passage: Passage, start: int) -> tuple[str, str]:
    end = start + len(anchor.quote)
    return passage.text[max(0, start - CONTEXT) : start], passage.text[end : end + CONTEXT]


def _run(anchor: Anchor, passage: Passage, start: int) -> int:
    """How many characters next to the quote agree, without a break."""
    before, after = _around(anchor, passage, start)
    return _common(before[::-1], anchor.prefix[::-1]) + _common(after, anchor.suffix)


def _common(one: str, other: str) -> int:
    return next(
        (place for place, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(map(len, (one, other)))
    )


def _likeness_around(anchor: Anchor, passage: Passage, start: int) -> float:
    """How alike the surroundings are, with edits in them; from 0 to 1."""
    before, after = _around(anchor, passage, start)
    known = len(anchor.prefix) + len(anchor.suffix)
    left = len(anchor.prefix) * ratio(anchor.prefix, before[-len(anchor.prefix) :])
    return (left + len(anchor.suffix) * ratio(anchor.suffix, after)) / known if known else 1.0


# Reworded


def _reworded(anchor: Anchor, passage: Passage) -> Span | None:
    left, right = _edges(anchor, passage)
    found: list[tuple[float, Span]] = []
    if left is not None and right is not None and left < right <= left + 2 * len(anchor.quote) + _SLACK:
        between = _trimmed(anchor, passage.text, left, right)
        if between[0] >= _SURELY:
            return between[1]
        if between[0] >= _BETWEEN:
            found.append(between)
    if len(anchor.quote) >= _SHORT:
        least = _ANYWHERE_FINE if len(anchor.quote) <= FINE else _ANYWHERE
        found += [one for one in _elsewhere(anchor, passage, left, right) if one[0] >= least]
    best = max(found, key=lambda one: (one[0], -_far(anchor, one[1].start)), default=None)
    return None if best is None else best[1]


def _elsewhere(anchor: Anchor, passage: Passage, left: int | None, right: int | None) -> Iterator[tuple[float, Span]]:
    """What is most like the quote in each place where it may be."""
    margin = len(anchor.quote) // 2 + _SLACK
    for place in _places(anchor, passage, left, right):
        begin = max(0, place - margin)
        window = passage.text[begin : place + len(anchor.quote) + margin]
        if match := best_match(anchor.quote, window):
            alike, start, end = match
            yield alike, Span(begin + start, begin + end, exact=False)


def _edges(anchor: Anchor, passage: Passage) -> tuple[int | None, int | None]:
    """Where what stood before the words ends, and where what stood after them begins."""
    left: int | None = None if anchor.prefix else 0
    for length in (32, 12):
        before = anchor.prefix[-length:]
        if left is None and len(before) >= min(_KNOWN, len(anchor.prefix)):
            found = passage.nearest(before, anchor.start - len(before))
            left = None if found is None else found + len(before)
    place = anchor.start if left is None else left
    right: int | None = None if anchor.suffix else len(passage.text)
    for length in (32, 12):
        if right is None:
            right = passage.first_from(anchor.suffix[:length], place)
    return left, right


def _trimmed(anchor: Anchor, text: str, left: int, right: int) -> tuple[float, Span]:
    words = text[left:right]
    left += len(words) - len(words.lstrip())
    words = words.strip()
    return (likeness(anchor.quote, words) if words else 0.0), Span(left, left + len(words), exact=False)


def _places(anchor: Anchor, passage: Passage, left: int | None, right: int | None) -> Iterator[int]:
    """Where the words may begin: after what stood before them, before what stood after, where a piece of them is."""
    size = len(anchor.quote)
    guesses = [left, None if right is None else right - size]
    piece = max(size // 4, 6)
    for offset in range(0, size - piece + 1, piece):
        at = passage.nearest(anchor.quote[offset : offset + piece], anchor.start + offset)
        guesses.append(None if at is None else at - offset)
    guesses.append(anchor.start)
    taken: list[int] = []
    for guess in guesses:
        if guess is not None and all(abs(guess - one) > _SLACK // 2 for one in taken) and len(taken) < WINDOWS:
            taken.append(guess)
            yield guess
