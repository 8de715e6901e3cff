"""Working time compared with a counter that checks each minute; and a few calendars checked by hand."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.errors import NeverWorking
from domain.people.calendar import (
    Away,
    Calendar,
    due_at,
    last_working_hour,
    next_working_moment,
    plus_working_days,
    problems,
    working_hours,
    working_time_between,
)
from tests.nightly import tried

MINUTE = timedelta(minutes=1)
NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
CHANGES = {
    "Europe/Berlin": ("2026-03-29T01:00Z", "2026-10-25T01:00Z"),
    "America/New_York": ("2026-03-08T07:00Z", "2026-11-01T06:00Z"),
    "America/Santiago": ("2026-04-05T03:00Z", "2026-09-06T04:00Z"),
    "Australia/Sydney": ("2026-04-04T16:00Z", "2026-10-03T16:00Z"),
    "Australia/Adelaide": ("2026-04-04T16:30Z", "2026-10-03T16:30Z"),
    "Australia/Lord_Howe": ("2026-04-04T15:00Z", "2026-10-03T15:30Z"),
    "Pacific/Chatham": ("2026-04-04T14:00Z", "2026-09-26T14:00Z"),
    "America/St_Johns": ("2009-03-08T03:31Z", "2009-11-01T02:31Z"),
    "Africa/Casablanca": ("2026-02-15T02:00Z", "2026-03-22T02:00Z"),
    "Pacific/Apia": ("2011-12-30T10:00Z", "2011-09-24T14:00Z"),
    "Asia/Kathmandu": ("2026-06-01T00:00Z", "2026-12-01T00:00Z"),
    "Asia/Kolkata": ("2026-06-01T00:00Z", "2026-12-01T00:00Z"),
    "UTC": ("2026-06-01T00:00Z", "2026-12-01T00:00Z"),
}
"""Zones of both hemispheres, of 30 and of 45 minutes, with instants near which their clocks change (St John's at a
minute past midnight, back into the day before; Samoa left a day out)."""


def is_working(at: datetime, calendar: Calendar) -> bool:
    """Told from the definition alone, for one instant."""
    local = at.astimezone(ZoneInfo(calendar.zone))
    away = any((one.start is None or one.start <= at) and (one.end is None or at < one.end) for one in calendar.away)
    in_hours = calendar.opens <= local.hour * 60 + local.minute < calendar.closes
    return in_hours and local.isoweekday() in calendar.days and local.date() not in calendar.holidays and not away


def minutes(start: datetime, end: datetime) -> list[datetime]:
    return [start + MINUTE * count for count in range((end - start) // MINUTE)]


@st.composite
def moments(draw: st.DrawFn) -> tuple[Calendar, datetime]:
    """A calendar, and an instant within four days of a change of its zone's clocks."""
    zone = draw(st.sampled_from(sorted(CHANGES)))
    near = datetime.fromisoformat(draw(st.sampled_from(CHANGES[zone])))
    start = near + MINUTE * draw(st.integers(-4 * 1440, 1440))
    opens = draw(st.integers(0, 1439) | st.sampled_from([0, 30, 60, 120, 150, 540]))
    closes = draw(st.integers(opens + 1, 1440) | st.sampled_from([1440]))
    days = draw(st.sets(st.integers(1, 7), min_size=1) | st.just({1, 2, 3, 4, 5, 6, 7}))
    holidays = draw(st.sets(st.integers(-3, 6), max_size=3))
    away = []
    for _ in range(draw(st.integers(0, 2))):
        begin = near + MINUTE * draw(st.integers(-5000, 5000))
        length = draw(st.integers(-100, 3000))
        away.append(draw(st.sampled_from([Away(begin, begin + MINUTE * length), Away(None, begin)])))
    closed = frozenset((near + timedelta(days=one)).date() for one in holidays)
    return Calendar(zone, tuple(sorted(days)), opens, closes, closed, tuple(away)), start


@settings(max_examples=tried(100, 400), deadline=None, database=None, derandomize=True)
@given(moments(), st.integers(0, 6 * 1440))
def test_working_time_is_what_a_minute_counter_counts(given_: tuple[Calendar, datetime], length: int) -> None:
    calendar, start = given_
    end = start + MINUTE * length
    naive = sum(is_working(one, calendar) for one in minutes(start, end))
    assert working_time_between(start, end, calendar) == MINUTE * naive
    assert working_time_between(end, start, calendar) == -MINUTE * naive


@settings(max_examples=tried(60, 400), deadline=None, database=None, derandomize=True)
@given(moments(), st.integers(30 * 1440, 800 * 1440), st.integers(0, 30 * 1440))
def test_long_working_time_is_the_sum_of_its_windows(given_: tuple[Calendar, datetime], length: int, back: int) -> None:
    calendar = replace(given_[0], away=())
    start = given_[1] - MINUTE * back
    end = start + MINUTE * length
    naive = sum((until - begin for begin, until in working_hours(start, end, calendar)), timedelta(0))
    assert working_time_between(start, end, calendar) == naive


@settings(max_examples=tried(100, 400), deadline=None, database=None, derandomize=True)
@given(moments(), st.integers(1, 2000))
def test_due_is_the_minute_at_which_so_many_were_worked(given_: tuple[Calendar, datetime], wanted: int) -> None:
    calendar, start = given_
    due = due_at(start, MINUTE * wanted, calendar)
    if due - start > timedelta(days=40):
        assert working_time_between(start, due, calendar) == MINUTE * wanted
        return
    worked = [one for one in minutes(start, due) if is_working(one, calendar)]
    assert len(worked) == wanted
    assert worked[-1] == due - MINUTE, "the earliest such instant: the minute before it was worked"
    assert due.utcoffset() == timedelta(0)


@settings(max_examples=tried(100, 400), deadline=None, database=None, derandomize=True)
@given(moments())
def test_the_next_working_moment_is_the_first_minute_that_works(given_: tuple[Calendar, datetime]) -> None:
    calendar, start = given_
    found = next_working_moment(start, calendar)
    naive = next((one for one in minutes(start, start + timedelta(days=20)) if is_working(one, calendar)), None)
    assert found is not None
    assert is_working(found, calendar)
    assert naive is None or found == naive


@settings(max_examples=tried(50, 200), deadline=None, database=None, derandomize=True)
@given(moments(), st.integers(0, 4 * 1440))
def test_the_last_working_hour_lies_between(given_: tuple[Calendar, datetime], length: int) -> None:
    calendar, start = given_
    end = start + MINUTE * length
    worked = [one for one in minutes(start, end) if is_working(one, calendar)]
    found = last_working_hour(start, end, calendar)
    if not worked:
        assert found is None
        return
    assert found is not None
    last = worked[-1] + MINUTE
    assert last - timedelta(hours=1) <= found < last
    assert all(is_working(one, calendar) for one in minutes(found, last))


def test_fractions_of_a_minute_are_kept() -> None:
    calendar = Calendar("Europe/Berlin")
    start = datetime(2026, 11, 23, 15, 59, 30, 250_000, tzinfo=UTC)
    assert due_at(start, timedelta(seconds=60), calendar) == datetime(2026, 11, 24, 8, 0, 30, 250_000, tzinfo=UTC)


def test_two_working_days_over_a_holiday_and_a_weekend() -> None:
    calendar = Calendar("Europe/Berlin", holidays=frozenset({date(2026, 12, 25)}))
    start = datetime(2026, 12, 24, 11, tzinfo=UTC)  # Thursday noon, five hours left
    assert due_at(start, timedelta(hours=16), calendar) == datetime(2026, 12, 29, 11, tzinfo=UTC)
    assert plus_working_days(start, 1, calendar) == datetime(2026, 12, 28, 11, tzinfo=UTC)


def test_a_working_day_keeps_its_time_of_day_over_a_change_of_clocks() -> None:
    calendar = Calendar("America/New_York")
    assert plus_working_days(datetime(2026, 10, 30, 14, tzinfo=UTC), 1, calendar) == datetime(
        2026, 11, 2, 15, tzinfo=UTC
    )


def test_working_days_are_counted_from_the_next_working_moment() -> None:
    saturday = datetime(2026, 11, 28, 10, tzinfo=UTC)
    assert plus_working_days(saturday, 1, Calendar()) == datetime(2026, 12, 1, 9, tzinfo=UTC)


def test_somebody_who_never_comes_back() -> None:
    calendar = Calendar(away=(Away(datetime(2026, 11, 20, tzinfo=UTC)),))
    assert next_working_moment(NOON, calendar) is None
    assert plus_working_days(NOON, 2, calendar) is None
    with pytest.raises(NeverWorking):
        due_at(NOON, timedelta(hours=1), calendar)


@pytest.mark.parametrize(
    ("calendar", "code"),
    [
        (Calendar(days=()), "NoWorkingDays"),
        (Calendar(days=(0,)), "NoWorkingDays"),
        (Calendar(opens=22 * 60, closes=6 * 60), "HoursOverMidnight"),
        (Calendar(opens=540, closes=540), "HoursOverMidnight"),
        (Calendar(closes=1441), "HoursOverMidnight"),
    ],
)
def test_a_calendar_that_cannot_be(calendar: Calendar, code: str) -> None:
    assert [one["code"] for one in problems(calendar)] == [code]


def test_a_calendar_around_the_clock() -> None:
    calendar = Calendar("Asia/Kathmandu", (1, 2, 3, 4, 5, 6, 7), 0, 1440)
    assert list(problems(calendar)) == []
    assert due_at(NOON, timedelta(days=30), calendar) == NOON + timedelta(days=30)
