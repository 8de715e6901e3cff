"""Times for a meeting, beside a search that looks at every quarter of an hour by itself."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.meetings.suggestion import CELL, LUNCH, NIGHT_BEGINS, NIGHT_ENDS, Invitee, Slot, Span, suggest
from domain.people.calendar import Away, Calendar

MONDAY = datetime(2026, 11, 30, 8, tzinfo=UTC)
ZONES = ["UTC", "Europe/Berlin", "America/Los_Angeles", "Asia/Kolkata", "Asia/Kathmandu", "Australia/Lord_Howe"]
INSTANTS = st.integers(0, 4 * 24 * 5).map(lambda cells: MONDAY + cells * CELL)


@st.composite
def people(draw: st.DrawFn) -> Invitee:
    number = draw(st.integers(0, 10**6))
    away = draw(st.lists(st.tuples(INSTANTS, INSTANTS).filter(lambda pair: pair[0] < pair[1]), max_size=1))
    busy = draw(st.none() | st.lists(INSTANTS.map(lambda at: (at, at + 2 * CELL)), max_size=3).map(tuple))
    holidays = draw(st.frozensets(st.sampled_from([date(2026, 12, 1), date(2026, 12, 3)]), max_size=1))
    opens = draw(st.sampled_from([7 * 60, 9 * 60, 9 * 60 + 30]))
    calendar = Calendar(
        zone=draw(st.sampled_from(ZONES)),
        opens=opens,
        closes=opens + draw(st.sampled_from([4 * 60, 8 * 60])),
        holidays=holidays,
        away=tuple(Away(start, end) for start, end in away),
    )
    return Invitee(f"user_{number}", f"Person {number}", calendar, draw(st.booleans()), busy)


# The naive search: one person, one quarter of an hour, one question


def local(at: datetime, one: Invitee) -> tuple[date, int]:
    here = at.astimezone(ZoneInfo(one.calendar.zone))
    return here.date(), here.hour * 60 + here.minute


def works(at: datetime, one: Invitee) -> bool:
    day, minute = local(at, one)
    is_open = one.calendar.opens <= minute < one.calendar.closes
    return is_open and one.calendar.is_working_day(day) and not is_away(at, one)


def is_away(at: datetime, one: Invitee) -> bool:
    return any(
        (away.start is None or away.start < at + CELL) and (away.end is None or at < away.end)
        for away in one.calendar.away
    )


def is_impossible(at: datetime, one: Invitee) -> bool:
    day, minute = local(at, one)
    is_night = (minute >= NIGHT_BEGINS or minute < NIGHT_ENDS) and not works(at, one)
    return is_away(at, one) or day in one.calendar.holidays or is_night


def cells(start: datetime, minutes: int) -> list[datetime]:
    return [start + place * CELL for place in range(minutes // 15)]


def spans(start: datetime, minutes: int, busy: tuple[Span, ...] | None) -> bool:
    return any(begin < start + timedelta(minutes=minutes) and start < end for begin, end in busy or ())


def suits_all(start: datetime, minutes: int, invitees: list[Invitee]) -> bool:
    """Everyone works all the time, and nobody is known to be busy."""
    if any(spans(start, minutes, one.busy) for one in invitees):
        return False
    return all(works(at, one) for one in invitees for at in cells(start, minutes))


def impossible(start: datetime, minutes: int, invitees: list[Invitee]) -> bool:
    return any(one.required and is_impossible(at, one) for one in invitees for at in cells(start, minutes))


@settings(max_examples=60, deadline=None)
@given(st.lists(people(), min_size=1, max_size=5), st.sampled_from([30, 45, 60]))
def test_it_finds_what_a_search_of_every_quarter_of_an_hour_finds(invitees: list[Invitee], minutes: int) -> None:
    target = MONDAY + timedelta(days=4)
    found = suggest(invitees, minutes=minutes, earliest=MONDAY, target=target, count=5)
    last = target - timedelta(minutes=minutes)
    every = [MONDAY + place * CELL for place in range((last - MONDAY) // CELL + 1)]
    possible = [at for at in every if not impossible(at, minutes, invitees)]
    good = [at for at in possible if suits_all(at, minutes, invitees)]
    if good:
        assert suits_all(found[0].starts_at, minutes, invitees), "there is a time that suits everyone"
    before = [one for one in found if one.starts_at < target]
    assert bool(before) == bool(possible)
    if possible:
        assert before == found, "nothing after the target where there is something before it"
    for one in found:
        check(one, minutes, invitees)
    assert not any(overlap(one, other) for place, one in enumerate(found) for other in found[place + 1 :])


def check(slot: Slot, minutes: int, invitees: list[Invitee]) -> None:
    assert slot.ends_at - slot.starts_at == timedelta(minutes=minutes)
    assert not impossible(slot.starts_at, minutes, invitees)
    hours = [one for one in invitees if all(works(at, one) for at in cells(slot.starts_at, minutes))]
    free = [one for one in hours if not spans(slot.starts_at, minutes, one.busy)]
    assert slot.of == len(invitees)
    assert slot.available == sum(one.busy is not None for one in free)
    assert slot.unknown == sum(one.busy is None for one in free)
    assert set(slot.outside) == {one.person_id for one in invitees if one not in hours}
    said = " ".join(slot.notes)
    assert all(one.name in said for one in invitees if one not in free), "what is bad is said by name"
    assert bool(said) == (len(free) < len(invitees)) or "after the review target" in said


def overlap(one: Slot, other: Slot) -> bool:
    return one.starts_at < other.ends_at and other.starts_at < one.ends_at


# By example


def someone(name: str, zone: str = "UTC", **more: object) -> Invitee:
    calendar = {key: more.pop(key) for key in ("opens", "closes", "holidays", "away", "days") if key in more}
    return Invitee(f"user_{name}", name, Calendar(zone=zone, **calendar), **more)  # type: ignore[arg-type]


def starts(invitees: list[Invitee], **more: object) -> list[datetime]:
    given = {"minutes": 30, "earliest": MONDAY, "target": None} | more
    return [one.starts_at for one in suggest(invitees, **given)]  # type: ignore[arg-type]


def test_lunch_and_the_edges_of_the_day_come_last() -> None:
    first = suggest([someone("ann")], minutes=30, earliest=MONDAY, target=None, count=1)[0]
    assert first.starts_at == datetime(2026, 11, 30, 9, 30, tzinfo=UTC)
    only_noon = someone(
        "bob", busy=((MONDAY, MONDAY.replace(hour=12)), (MONDAY.replace(hour=13), MONDAY.replace(hour=17)))
    )
    found = starts([only_noon], target=MONDAY.replace(hour=17))
    assert found[0].hour * 60 + found[0].minute in LUNCH


def test_two_a_day_at_most_and_apart() -> None:
    found = starts([someone("ann")], count=5)
    assert len(found) == 5
    assert max(sum(one.date() == other.date() for other in found) for one in found) == 2
    assert all(abs(one - other) >= timedelta(minutes=30) for one, other in pairwise(sorted(found)))


@pytest.mark.parametrize("lately", [(0, 0), (3, 0), (0, 3)])
def test_nobody_is_always_the_one_outside_of_their_hours(lately: tuple[int, int]) -> None:
    berlin = someone("ann", "Europe/Berlin", outside_lately=lately[0])
    california = someone("bob", "America/Los_Angeles", outside_lately=lately[1])
    (slot, *_) = suggest([berlin, california], minutes=30, earliest=MONDAY, target=None)
    assert len(slot.outside) == 1, "their hours never meet"
    if any(lately):
        assert slot.outside == ("user_bob" if lately[0] else "user_ann",)


def test_a_time_after_the_target_says_so() -> None:
    away = (Away(None, MONDAY + timedelta(days=2)),)
    found = suggest([someone("ann", away=away)], minutes=30, earliest=MONDAY, target=MONDAY + timedelta(days=1))
    assert found
    assert all(one.notes == ("after the review target",) for one in found)


def test_a_clock_change_moves_hours_and_not_people() -> None:
    """Berlin's clocks go back on October 25, New York's on November 1: for a week they are five hours apart."""
    pair = [someone("ann", "Europe/Berlin"), someone("bob", "America/New_York")]
    for monday, hour in ((datetime(2026, 10, 19, tzinfo=UTC), 13), (datetime(2026, 10, 26, tzinfo=UTC), 13)):
        found = suggest(pair, minutes=30, earliest=monday, target=monday + timedelta(days=1), count=1)[0]
        assert not found.outside
        assert found.starts_at.hour >= hour
    spring = datetime(2027, 3, 15, tzinfo=UTC)
    found = suggest(pair, minutes=30, earliest=spring, target=spring + timedelta(days=1), count=1)[0]
    assert not found.outside


def test_times_in_zones_of_quarters_of_an_hour_begin_on_quarters() -> None:
    found = starts([someone("ann", "Asia/Kathmandu"), someone("bob", "Australia/Lord_Howe")])
    assert found
    assert all(one.minute % 15 == 0 and one.second == 0 for one in found)
