"""Three-way merges of texts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.merging import merge

texts = st.lists(st.sampled_from(["a", "b", "c", ""]), max_size=6).map("\n".join)


@pytest.mark.parametrize(
    ("base", "yours", "current", "together"),
    [
        ("a\nb\nc", "A\nb\nc", "a\nb\nC", "A\nb\nC"),
        ("a", "a\nb", "0\na", "0\na\nb"),
        ("a\nb\nc", "A\nb\nc", "B\nb\nc", None),
        ("", "mine", "theirs", None),
        ("a\nb\nc\n", "a\nb\n", "0\na\nb\nc\n", "0\na\nb\n"),
        ("a\r\nb\r\nc", "A\nb\nc", "a\r\nb\r\nC", "A\r\nb\r\nC"),
        ("a\nb", "a\nmine", "theirs\nb", None),
    ],
)
def test_merge(base: str, yours: str, current: str, together: str | None) -> None:
    assert merge(base, yours, current) == together


@given(base=texts, yours=texts, current=texts)
def test_no_new_line_of_either_is_lost(base: str, yours: str, current: str) -> None:
    together = merge(base, yours, current)
    assert merge(base, current, current) == merge(current, current, current) == current
    if together is not None:
        kept = set(together.split("\n"))
        for text in (yours, current):
            assert set(text.split("\n")) - set(base.split("\n")) <= kept
