"""What people type into a search box, and what two postmortems have in common."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.search.excerpts import excerpt_of
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
        ("\u969c\u5bb3 redis", SearchQuery("\u969c\u5bb3 redis", "\u969c\u5bb3 redis")),
        ("\u5831\u544a\u66f8", SearchQuery('"\u5831\u544a\u66f8"', '"\u5831\u544a\u66f8"', ("\u5831\u544a\u66f8",))),
        ("redis -\u5831\u544a\u66f8", SearchQuery("redis", "redis", (), ("\u5831\u544a\u66f8",))),
        ('""', SearchQuery("", "")),
        ("", SearchQuery("", "")),
    ],
)
def test_what_was_typed(typed: str, wanted: SearchQuery) -> None:
    assert parse_query(typed) == wanted


def test_an_excerpt_keeps_the_letters_as_they_are_written() -> None:
    pieces = excerpt_of("Das Caf\u00e9 und die Caf\u00e9s in der Stra\u00dfe waren zu", "cafe strasse")
    assert [one.text for one in pieces if one.hit] == ["Caf\u00e9", "Caf\u00e9s", "Stra\u00dfe"]
    assert "".join(one.text for one in pieces) == "Das Caf\u00e9 und die Caf\u00e9s in der Stra\u00dfe waren zu"
    long = "a " * 500 + "\u6c7a\u6e08\u969c\u5bb3\u306e" + " b" * 500
    pieces = excerpt_of(long, "\u969c\u5bb3")
    assert [one.text for one in pieces if one.hit] == ["\u969c\u5bb3"]
    assert len("".join(one.text for one in pieces)) <= 200
    assert excerpt_of("nothing here", "absent")[0].text == "nothing here"
    assert excerpt_of("", "x") == []


@given(st.text(), st.text())
def test_any_text_has_an_excerpt(text: str, sought: str) -> None:
    assert "".join(one.text for one in excerpt_of(text, sought)) in text


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
