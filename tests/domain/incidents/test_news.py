"""What is said of an incident that changed after its postmortem was begun."""

from datetime import UTC, datetime, timedelta

import pytest

from domain.incidents.incident import Span
from domain.incidents.news import IncidentNews, find_news, minutes_words

START = datetime(2026, 11, 20, 14, 0, tzinfo=UTC)


def end(minutes: int) -> datetime:
    return START + timedelta(minutes=minutes)


def news(*ends: int | None) -> IncidentNews | None:
    return find_news(45, end(45), [Span(START, None if one is None else end(one)) for one in ends])


def test_nothing_is_new_while_both_say_the_same() -> None:
    assert news(45) is None
    assert news(45, 20) is None
    assert news() is None


@pytest.mark.parametrize(
    ("ends", "words"),
    [
        ([95], "lasted 1 h 35 min, and the postmortem says 45 min"),
        ([45, None], "was reopened"),
        ([45, 120], "lasted 2 h, and the postmortem says 45 min"),
    ],
)
def test_the_difference_in_words(ends: list[int | None], words: str) -> None:
    found = news(*ends)
    assert found is not None
    assert found.words == words


def test_another_end_of_the_same_length() -> None:
    found = find_news(45, end(45), [Span(end(1), end(46))])
    assert found is not None
    assert found.words == "ended at another time than the postmortem says"


def test_minutes_in_words() -> None:
    assert [minutes_words(one) for one in (0, 59, 60, 61, 150)] == ["0 min", "59 min", "1 h", "1 h 1 min", "2 h 30 min"]
