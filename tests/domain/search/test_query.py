"""What people type into a search box, and what two postmortems have in common."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.search.query import SearchQuery, parse_query
from domain.search.similarity import DocumentWord, WordWeight, characteristic_words, score


@pytest.mark.parametrize(
    ("typed", "wanted"),
    [
        ("redis timeout", SearchQuery("redis timeout", "redis timeout")),
        ('"pool limit" redis', SearchQuery('"pool limit" redis', '"pool limit" redis', ("pool limit",))),
        ("redis -timeout", SearchQuery("redis -timeout", "redis")),
        ('redis -"pool limit"', SearchQuery("redis", "redis", (), ("pool limit",))),
        ('"pool limit" OR redis', SearchQuery('"pool limit" OR redis', '"pool limit" OR redis')),
        ('"never closed', SearchQuery('"never closed"', '"never closed"', ("never closed",))),
        ("-redis", SearchQuery("-redis", "")),
        ('""', SearchQuery("", "")),
        ("", SearchQuery("", "")),
    ],
)
def test_what_was_typed(typed: str, wanted: SearchQuery) -> None:
    assert parse_query(typed) == wanted


@given(st.text())
def test_anything_can_be_typed(typed: str) -> None:
    parse_query(typed)


def test_telling_words_are_rare_and_shared() -> None:
    words = [
        DocumentWord("only", (1,), 1),
        DocumentWord("rare", (2,), 2),
        DocumentWord("common", (2,), 900),
        DocumentWord("titled", (1,), 900),
        DocumentWord("said", (5,), 2),
    ]
    weights = characteristic_words(words, 1000)
    assert weights.keys() == {"rare", "common", "titled"}
    assert weights["rare"].weight > weights["common"].weight
    assert weights["titled"].weight > weights["common"].weight
    assert weights["titled"].in_title


def test_the_score_is_between_nothing_and_all() -> None:
    words = {"a": WordWeight(3.0, in_title=True), "b": WordWeight(1.0)}
    assert score(words, ["a", "b"], ["a"], ["s"], ["s"], same_cause=True, times_as_long=1) == 1
    assert score(words, [], [], [], [], same_cause=False, times_as_long=1) == 0
    assert score({}, [], [], ["s"], ["t"], same_cause=False, times_as_long=1) == 0
    titled = score(words, ["a"], ["a"], [], [], same_cause=False, times_as_long=0.1)
    short = score(words, ["a"], [], [], [], same_cause=False, times_as_long=0.1)
    long = score(words, ["a"], [], [], [], same_cause=False, times_as_long=4)
    assert 0 < long < short < titled < 0.6
