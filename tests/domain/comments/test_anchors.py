"""An anchor stays on its words, whatever is edited around them; and says so when they changed or are gone."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from domain.comments.anchors import (
    CONTEXT,
    QUOTE_LIMIT,
    SCANS,
    WINDOWS,
    Anchor,
    AnchorState,
    Span,
    anchor_at,
    anchor_near,
    anchor_on,
    locate,
    state_of,
)
from domain.errors import AnchorTooLong, WordsNotFound

TEXT = (
    "The database connection pool was configured with a maximum of 50 connections, inherited from the first deployment "
    "two years ago. Recent traffic growth increased concurrent connections from 30 to 48. A spike from a marketing "
    "campaign pushed connections over the limit, so new requests queued and timed out.\n\n"
    "The pool metrics were not monitored, so the gradual increase went unnoticed until the hard failure."
)


def where(anchor: Anchor, text: str) -> tuple[AnchorState, str | None]:
    span = locate(anchor, text)
    return state_of(anchor, span), None if span is None else text[span.start : span.end]


# Making one


def test_offsets_count_code_points_and_lose_their_blanks() -> None:
    text = "Ein 🐘 im Pool 🐘."
    start = text.index(" im")
    anchor = anchor_at(text, start, start + 9)
    assert (anchor.quote, anchor.prefix, anchor.suffix, anchor.start) == ("im Pool", "Ein 🐘 ", " 🐘.", 6)


@pytest.mark.parametrize(("start", "end"), [(-1, 3), (3, 3), (5, 3), (0, 400), (10**30, 10**31)])
def test_offsets_outside_of_the_text_are_refused(start: int, end: int) -> None:
    with pytest.raises(WordsNotFound):
        anchor_at("Short text.", start, end)


def test_blank_and_endless_selections_are_refused() -> None:
    with pytest.raises(WordsNotFound):
        anchor_at("a   b", 1, 4)
    with pytest.raises(AnchorTooLong):
        anchor_at("x" * 5000, 0, QUOTE_LIMIT + 1)
    assert len(anchor_at("x" * 5000, 0, QUOTE_LIMIT).quote) == QUOTE_LIMIT


def test_an_occurrence_is_chosen() -> None:
    assert anchor_on("pool, pool, pool", "pool", 3).start == 12
    assert anchor_near("pool, pool, pool", "pool", 7).start == 6
    assert anchor_near("pool, pool, pool", "pool", 10**9).start == 12
    with pytest.raises(WordsNotFound) as refused:
        anchor_on("pool, pool", "pool", 3)
    assert "'pool'" in str(refused.value)


# Finding it again


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda text: text, (AnchorState.ATTACHED, "maximum of 50 connections")),
        (lambda text: "# Root cause\n\n" + text, (AnchorState.MOVED, "maximum of 50 connections")),
        (lambda text: text.replace("50", "100"), (AnchorState.CHANGED, "maximum of 100 connections")),
        (lambda text: text.replace(" with a maximum of 50 connections", ""), (AnchorState.DETACHED, None)),
        (lambda text: "", (AnchorState.DETACHED, None)),
        (lambda text: "Something else altogether was written here.", (AnchorState.DETACHED, None)),
    ],
)
def test_states(change: Any, expected: tuple[AnchorState, str | None]) -> None:
    assert where(anchor_on(TEXT, "maximum of 50 connections"), change(TEXT)) == expected


def test_a_short_word_is_known_by_what_surrounds_it() -> None:
    anchor = anchor_on(TEXT, "spike")
    assert where(anchor, TEXT.replace("spike", "spyke")) == (AnchorState.CHANGED, "spyke")
    assert where(anchor, TEXT.replace("spike", "surge")) == (AnchorState.DETACHED, None)


def test_another_occurrence_is_not_taken_for_the_one_that_went() -> None:
    text = "First, the pool ran dry. Everybody looked at the traffic. Later somebody asked who owns the pool at all."
    anchor = anchor_on(text, "pool", 1)
    assert where(anchor, text.replace("First, the pool ran dry. ", "")) == (AnchorState.DETACHED, None)
    assert where(anchor, text.replace("First, the", "At first the")) == (AnchorState.MOVED, "pool")


def test_a_paragraph_that_moved_takes_its_comments_along() -> None:
    first, second = TEXT.split("\n\n")
    anchor = anchor_on(TEXT, "hard failure")
    moved = f"{second}\n\n{first}"
    assert locate(anchor, moved) == Span(moved.index("hard failure"), moved.index("hard failure") + 12)


def test_a_long_quote_with_several_words_changed_is_found() -> None:
    quote = TEXT[TEXT.index("Recent") : TEXT.index(" A spike")]
    text = "Intro.\n\n" + TEXT.replace("Recent traffic growth increased", "The growth of traffic had increased")
    state, words = where(anchor_on(TEXT, quote), text)
    assert state is AnchorState.CHANGED
    assert words is not None
    assert words.endswith("concurrent connections from 30 to 48.")


# Properties

VOCABULARY = "the pool of a limit was traffic raised and connections hit by 50 requests, in api.\n\n é🐘"
WORDS = st.sampled_from(VOCABULARY.split())
PROSE = st.lists(WORDS, min_size=1, max_size=60).map(" ".join)
EDIT = st.tuples(st.floats(0, 1), st.integers(0, 12), st.lists(WORDS, max_size=4).map(" ".join))


def edited(text: str, edits: list[tuple[float, int, str]]) -> str:
    for place, cut, put in edits:
        at = int(place * len(text))
        text = text[:at] + put + text[at + cut :]
    return text


@given(before=PROSE, after=PROSE, edits=st.lists(EDIT, max_size=6), more=st.lists(EDIT, max_size=6))
def test_edits_around_the_words_do_not_move_them(before: str, after: str, edits: Any, more: Any) -> None:
    quote = "nobody watched the meter"
    anchor = anchor_on(before + quote + after, quote)
    left, right = edited(before, edits), edited(after, more)
    assert locate(anchor, left + quote + right) == Span(len(left), len(left) + len(quote))


@given(
    before=PROSE,
    after=PROSE,
    far=st.lists(EDIT, max_size=6),
    farther=st.lists(EDIT, max_size=6),
    quote=st.sampled_from(["pool", "the", "limit was", "é"]),
)
def test_one_of_many_equal_words_is_kept_by_its_surroundings(
    before: str, after: str, far: Any, farther: Any, quote: str
) -> None:
    near, beyond = " Ada said on Tuesday: ", " — and Bo, at lunch, "
    text = f"{before}{near}{quote}{beyond}{after}"
    anchor = anchor_at(text, len(before) + len(near), len(before) + len(near) + len(quote))
    left, right = edited(before, far) + near, beyond + edited(after, farther)
    assert locate(anchor, left + quote + right) == Span(len(left), len(left) + len(quote))


@given(before=PROSE, after=PROSE, edits=st.lists(EDIT, max_size=3), place=st.integers(6, 30), put=WORDS)
def test_a_small_change_inside_keeps_it_on_the_same_words(
    before: str, after: str, edits: Any, place: int, put: str
) -> None:
    quote = "whoever was on call saw nothing unusual until the queue was full"
    anchor = anchor_on(f"{before} {quote} {after}", quote)
    left = edited(before, edits) + " "
    changed = quote[:place] + put.strip() + quote[place:]
    assume(changed != quote)
    span = locate(anchor, f"{left}{changed} {after}")
    assert span is not None
    assert not span.exact
    overlap = min(span.end, len(left) + len(changed)) - max(span.start, len(left))
    assert overlap > len(quote) // 2


@given(text=PROSE, data=st.data(), other=PROSE)
@example("the pool", None, "the pool")
def test_whatever_is_answered_lies_in_the_text(text: str, data: Any, other: str) -> None:
    if data is None:
        start, end = 0, 3
    else:
        start = data.draw(st.integers(0, len(text) - 1))
        end = data.draw(st.integers(start + 1, len(text)))
    assume(text[start:end].strip())
    anchor = anchor_at(text, start, end)
    same = locate(anchor, text)
    assert same == Span(anchor.start, anchor.start + len(anchor.quote))
    span = locate(anchor, other)
    if span is not None:
        assert 0 <= span.start < span.end <= len(other)
        assert not span.exact or other[span.start : span.end] == anchor.quote


# Bounded work


class Counted(str):
    """A text that counts the characters that are searched and cut out of it."""

    __slots__ = ("cut", "scans")

    def __new__(cls, text: str) -> "Counted":
        self = super().__new__(cls, text)
        self.scans, self.cut = 0, 0
        return self

    def find(self, *given: Any) -> int:
        self.scans += 1
        return super().find(*given)

    def __getitem__(self, key: Any) -> Any:
        if key == slice(None, None, -1):
            mirrored = Mirrored(super().__getitem__(key))
            mirrored.original = self
            self.scans += 1
            return mirrored
        piece = super().__getitem__(key)
        self.cut += len(piece)
        return piece


class Mirrored(str):
    original: Counted

    def find(self, *given: Any) -> int:
        self.original.scans += 1
        return super().find(*given)


def sentence(number: int) -> str:
    return f"At {number} the pool of service {number % 7} hit its limit, and the requests of the api queued; "


ADVERSE = {
    "prose": "".join(sentence(number) for number in range(2400)),
    "rows": "| --- | --- |\n" * 14_000,
    "two words": " ".join("ab"[number * 2_654_435_761 >> 20 & 1] for number in range(100_000)),
    "one letter": "a" * 200_000,
    "two letters": "ab" * 100_000,
}


@pytest.mark.parametrize("name", ADVERSE)
def test_three_hundred_comments_on_a_long_text_are_bounded(name: str) -> None:
    text = ADVERSE[name][:200_000]
    others = [text[5:], text[:1000] + "x" + text[2000:], "b" + text[::-1], text.replace("a", "e"), sentence(1) * 2000]
    others.append(text[:50_000] + text[60_000:100_000][::-1] + text[100_000:])
    for number in range(300):
        size = (4, 30, 200, QUOTE_LIMIT)[number % 4]
        anchor = anchor_at(text, number * 600, number * 600 + size)
        if number % 3 == 0:
            anchor = replace(anchor, quote=anchor.quote[:-1] + "§", suffix="§" * CONTEXT)
        counted = Counted(others[number % len(others)])
        locate(anchor, counted)
        assert counted.scans <= SCANS
        assert counted.cut <= (WINDOWS + 2) * (2 * QUOTE_LIMIT + 4 * CONTEXT) + SCANS * 4 * CONTEXT
