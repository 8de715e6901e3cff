"""A page shows as much of a difference as somebody might read, and says how much it leaves out."""

import pytest

from domain.content.diffs import SHOWN, Difference, compare, compare_for_page


def lines(found: Difference) -> int:
    return sum(len(one.lines) for one in found.hunks)


@pytest.mark.parametrize(
    ("older", "newer"),
    [
        ("- a\n" * 3_000, "- b\n\n" * 3_000),
        ("", "new\n" * 5_000),
        ("same\n" * 7 * 900, ("same\n" * 6 + "other\n") * 900),
    ],
    ids=["everything", "from nothing", "many places"],
)
def test_a_long_difference_is_cut(older: str, newer: str) -> None:
    whole, shown = compare(older, newer), compare_for_page(older, newer)
    assert lines(shown) == SHOWN
    assert shown.hidden == lines(whole) - SHOWN > 0
    assert (shown.added, shown.removed) == (whole.added, whole.removed), "all are counted"
    assert shown.hunks[0].lines == whole.hunks[0].lines[:SHOWN]


def test_a_short_one_is_whole() -> None:
    assert compare_for_page("a\nb\nc", "a\nB\nc") == compare("a\nb\nc", "a\nB\nc")
