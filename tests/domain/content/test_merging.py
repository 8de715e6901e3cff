"""Merging and comparing texts: no line is lost, only lines both sides touched conflict, hostile texts end in time."""

import random
import time
from collections import Counter
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.content.diffs import Difference, Op, compare, lines_of
from domain.content.matching import Block, matching_blocks
from domain.content.merging import merge
from tests.nightly import tried

LIMIT = 200_000
BASE = "one\ntwo\nthree\nfour\nfive"
few = settings(max_examples=tried(100, 400), derandomize=True, database=None, deadline=None)
texts = st.lists(st.sampled_from(["a", "b", "c", "", "d e", "d f"]), max_size=12).map("\n".join)


# Merging


@pytest.mark.parametrize(
    ("yours", "current", "merged"),
    [
        ("ONE\ntwo\nthree\nfour\nfive", "one\ntwo\nthree\nfour\nFIVE", "ONE\ntwo\nthree\nfour\nFIVE"),
        ("zero\n" + BASE, BASE + "\nsix", "zero\n" + BASE + "\nsix"),
        ("one\nthree\nfour\nfive", BASE + "\n", "one\nthree\nfour\nfive\n"),
        ("one\ntwo\nfour\nfive", "one\ntwo\nfour\nfive", "one\ntwo\nfour\nfive"),
        (BASE, "", ""),
        ("", BASE, ""),
        (BASE.replace("two", "2"), BASE.replace("two", "2").replace("five", "5"), "one\n2\nthree\nfour\n5"),
    ],
)
def test_changes_of_different_lines_are_merged(yours: str, current: str, merged: str) -> None:
    assert merge(BASE, yours, current, limit=LIMIT) == merged
    assert merge(BASE, current, yours, limit=LIMIT) == merged


@pytest.mark.parametrize(
    ("yours", "current"),
    [
        (BASE.replace("two", "zwei"), BASE.replace("two", "deux")),
        (BASE + "\nmine", BASE + "\ntheirs"),
        (BASE.replace("three\n", ""), BASE.replace("three", "drei")),
        (BASE.replace("two", "zwei"), BASE.replace("three", "drei")),
        ("", BASE + "\nsix"),
    ],
    ids=["the same line", "both append", "deleted and changed", "neighbours", "emptied and continued"],
)
def test_changes_of_the_same_lines_are_not(yours: str, current: str) -> None:
    assert merge(BASE, yours, current, limit=LIMIT) is None
    assert merge(BASE, current, yours, limit=LIMIT) is None


def test_two_first_texts_are_not_merged() -> None:
    assert merge("", "mine", "theirs", limit=LIMIT) is None
    assert merge("", "ours", "ours", limit=LIMIT) == "ours"


def test_a_merge_never_grows_beyond_the_limit() -> None:
    yours, current = "x" * 10 + "\n" + BASE, BASE + "\n" + "y" * 10
    size = len(BASE) + 22
    assert merge(BASE, yours, current, limit=size) == f"{'x' * 10}\n{BASE}\n{'y' * 10}"
    assert merge(BASE, yours, current, limit=size - 1) is None


@pytest.mark.parametrize("odd", ["\r", "\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\t ", "  ", "\ufeff", "e\u0301"])
def test_other_line_ends_and_blanks_stay_as_they_are(odd: str) -> None:
    base = f"a{odd}\nb{odd}c\n{odd}\nd"
    assert merge(base, f"A\n{base}", f"{base}\nE{odd}", limit=LIMIT) == f"A\n{base}\nE{odd}"


unique = st.lists(st.integers(0, 30), unique=True, max_size=12)


@st.composite
def edited(draw: st.DrawFn, base: list[int], fresh: int) -> list[int]:
    """The base without some lines, with new ones that stand nowhere else."""
    kept = [one for one in base if draw(st.integers(0, 3))]
    for number in range(draw(st.integers(0, 4))):
        kept.insert(draw(st.integers(0, len(kept))), fresh + number)
    return kept


@few
@given(st.data())
def test_a_merge_holds_every_line_that_nobody_deleted(data: st.DataObject) -> None:
    base = data.draw(unique)
    yours, current = data.draw(edited(base, 100)), data.draw(edited(base, 200))
    merged = merge(*("\n".join(map(str, one)) for one in (base, yours, current)), limit=LIMIT)
    if merged is None:
        assert yours != base
        assert current != base
        assert yours != current
        return
    lines = [int(one) for one in merged.split("\n") if one]
    deleted = set(base) - (set(yours) & set(current))
    assert Counter(lines) == Counter((set(base) | set(yours) | set(current)) - deleted)
    for side in (yours, current):
        assert [one for one in lines if one in side] == [one for one in side if one in lines]


# Comparing


def applied(older: str, difference: Difference) -> str:
    """The newer text, made from the older one and the hunks."""
    before, after, done = lines_of(older), list[str](), 0
    for hunk in difference.hunks:
        after += before[done : hunk.from_line - 1]
        done = hunk.from_line - 1
        assert len(after) == hunk.to_line - 1
        for line in hunk.lines:
            if line.op is not Op.INSERT:
                assert before[done] == line.text
                done += 1
            if line.op is not Op.DELETE:
                after.append(line.text)
            assert not line.parts or "".join(one.text for one in line.parts) == line.text
    return "\n".join(after + before[done:])


def check_blocks(before: Sequence[str], after: Sequence[str], blocks: Sequence[Block]) -> None:
    x = y = 0
    for one in blocks:
        assert one.size > 0
        assert one.before >= x
        assert one.after >= y
        x, y = one.before + one.size, one.after + one.size
        assert before[one.before : x] == after[one.after : y]


@few
@given(texts, texts)
def test_a_difference_leads_from_one_text_to_the_other(older: str, newer: str) -> None:
    found = compare(older, newer)
    assert applied(older, found) == newer
    lines = [one for hunk in found.hunks for one in hunk.lines]
    assert found.added == sum(one.op is Op.INSERT for one in lines)
    assert found.removed == sum(one.op is Op.DELETE for one in lines)
    assert bool(found.hunks) == (older != newer)
    check_blocks(list(older), list(newer), matching_blocks(list(older), list(newer)))


def test_the_changed_words_are_marked() -> None:
    found = compare("The pool held 50 connections.", "The pool held 200 open connections.")
    gone, come = found.hunks[0].lines
    assert [one.text for one in gone.parts if one.changed] == ["50"]
    assert "".join(one.text for one in come.parts if one.changed).split() == ["200", "open"]
    other = compare("The pool held 50 connections.", "Nobody looked!").hunks[0].lines
    assert [(one.op, one.parts) for one in other] == [(Op.DELETE, ()), (Op.INSERT, ())]


def test_far_apart_changes_are_two_places_with_three_lines_around() -> None:
    older = "\n".join(f"line {n}" for n in range(1, 31))
    newer = older.replace("line 5\n", "").replace("line 20\n", "line 20\nnew\n")
    first, second = compare(older, newer).hunks
    assert (first.from_line, first.to_line, len(first.lines)) == (2, 2, 7)
    assert (second.from_line, second.to_line, len(second.lines)) == (18, 17, 7)


def test_a_moved_function_is_found_by_its_unique_lines() -> None:
    older = "\n".join(["{", "alpha", "}", "{", "beta", "}"])
    newer = "\n".join(["{", "gamma", "}", "{", "alpha", "}", "{", "beta", "}"])
    found = compare(older, newer)
    assert (found.added, found.removed) == (3, 0)


# Hostile texts


def hostile() -> dict[str, tuple[str, str]]:
    dice = random.Random(3)

    def lines(letters: str) -> str:
        return "".join(f"{dice.choice(letters)}\n" for _ in range(LIMIT // 2))

    numbers = [str(one) for one in range(30_000)]
    return {
        "line ends": ("\n" * LIMIT, "\n" * (LIMIT - 9) + "x"),
        "two letters": (lines("ab"), lines("ab")),
        "fifty letters": (lines("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWX"), lines("zyxwvutsrqponmlABCDEFG")),
        "long diagonals": ("a\n" * 50_000 + "x\n" * 40 + "a\n" * 49_000, "a\n" * 45_000 + "y\n" * 400 + "a\n" * 49_000),
        "reversed": ("\n".join(numbers), "\n".join(reversed(numbers))),
        "shuffled": ("\n".join(numbers), "\n".join(dice.sample(numbers, len(numbers)))),
        "every second": ("a\n" * 50_000, "a\nb\n" * 50_000),
        "alike pairs": ("a b c d\n" * 25_000, "a b d c\n" * 25_000),
        "one line of words": (" ".join(lines("ab").split()), " ".join(lines("ab").split())),
        "one word": ("a" * LIMIT, "b" * LIMIT),
    }


HOSTILE = hostile()


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_texts_end_in_time_and_right(kind: str) -> None:
    older, newer = HOSTILE[kind]
    begun = time.process_time()
    found = compare(older, newer)
    merged = merge(older[: LIMIT // 2], older, newer, limit=LIMIT)
    took = time.process_time() - begun
    assert applied(older, found) == newer
    assert merged is None or len(merged) <= LIMIT
    assert took < 10, f"{took:.1f} s"
