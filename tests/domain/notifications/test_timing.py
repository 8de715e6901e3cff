"""When a person may be notified, compared with a counter that checks each minute; and a month of digests."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.notifications.notices import KINDS, NoticeKind, SettledBy, sentence
from domain.notifications.timing import (
    DeliverySettings,
    earliest,
    leaves_time,
    may_deliver,
    may_deliver_direct,
    next_delivery,
    next_digest,
    next_direct,
    next_escalation,
    next_reminder,
    report_at,
)
from domain.people.calendar import Away, Calendar
from integrations.notifier import Act, Group

ZONES = ("UTC", "Europe/Berlin", "Asia/Kolkata", "Asia/Kathmandu", "America/New_York", "Australia/Lord_Howe")
MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)
MONDAY = datetime(2026, 11, 23, tzinfo=UTC)
moments = st.integers(0, 21 * 24 * 60).map(lambda one: datetime(2026, 3, 20, tzinfo=UTC) + one * MINUTE)
hours = st.integers(0, 47).map(lambda one: 30 * one)
quiets = st.none() | st.tuples(hours, hours)


def is_heard(at: datetime, settings: DeliverySettings) -> bool:
    """By the clock on the wall there."""
    calendar = settings.calendar
    local = at.astimezone(ZoneInfo(calendar.zone))
    minute = local.hour * 60 + local.minute
    works = local.isoweekday() in calendar.days and local.date() not in calendar.holidays
    works = works and calendar.opens <= minute < calendar.closes
    away = any((one.start is None or one.start <= at) and (one.end is None or at < one.end) for one in calendar.away)
    begin, end = settings.quiet or (0, 0)
    quiet = begin <= minute < end if begin <= end else minute >= begin or minute < end
    return works and not away and not quiet


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(ZONES), moments, quiets)
def test_what_a_person_does_waits_for_quiet_hours_alone(zone: str, at: datetime, quiet: tuple[int, int] | None) -> None:
    settings = DeliverySettings(Calendar(zone, holidays=frozenset({date(2026, 4, 3)})), quiet=quiet)
    always = replace(settings, calendar=Calendar(zone, days=(1, 2, 3, 4, 5, 6, 7), opens=0, closes=24 * 60))
    told = next_direct(at, at, settings)
    assert told is not None
    assert may_deliver_direct(told, settings)
    if quiet is None or quiet[0] == quiet[1]:
        assert told == at + MINUTE
        return
    minute = at + MINUTE
    while not is_heard(minute, always):
        minute += MINUTE
    assert told == minute


def test_who_is_away_is_told_when_they_work_again() -> None:
    back = MONDAY + 2 * DAY
    settings = DeliverySettings(Calendar("UTC", away=(Away(MONDAY, back),)))
    assert next_direct(MONDAY + timedelta(hours=10), MONDAY + timedelta(hours=10), settings) == back + timedelta(
        hours=9
    )
    assert next_direct(back, back, settings) == back + MINUTE


def test_a_reminder_at_once_waits_for_working_hours_and_for_the_end_of_a_snooze() -> None:
    night = MONDAY + timedelta(hours=3)
    settings = DeliverySettings(Calendar("UTC"))
    assert next_reminder(night, night, settings) == MONDAY + timedelta(hours=9)
    snoozed = replace(settings, snoozed_until=MONDAY + DAY)
    assert next_reminder(night, night, snoozed) == MONDAY + DAY + timedelta(hours=9)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(ZONES), moments, quiets, st.booleans())
def test_the_next_moment_is_the_first_minute_that_is_heard(
    zone: str, at: datetime, quiet: tuple[int, int] | None, away: bool
) -> None:
    absences = (Away(at + timedelta(hours=3), at + timedelta(days=2)),) if away else ()
    calendar = Calendar(zone, holidays=frozenset({date(2026, 4, 3)}), away=absences)
    settings = DeliverySettings(calendar, quiet=quiet)
    if not leaves_time(calendar, quiet):
        assert next_delivery(at, settings) is None
        return
    minute = at
    while not is_heard(minute, settings):
        minute += MINUTE
    assert next_delivery(at, settings) == minute
    assert may_deliver(at, settings) == (minute == at)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(ZONES), moments, quiets, st.none() | hours, st.lists(st.integers(0, 20 * 24 * 4), min_size=1))
def test_a_month_of_digests(
    zone: str, begun: datetime, quiet: tuple[int, int] | None, preferred: int | None, quarters: list[int]
) -> None:
    """At most one a day, only when they are heard; everything is told in the end; at the preferred hour, if that is
    one at which they are."""
    calendar = Calendar(zone, days=(1, 2, 3, 4, 5, 6), opens=7 * 60, closes=20 * 60)
    if not leaves_time(calendar, quiet):
        return
    waiting = sorted(begun + timedelta(minutes=15 * one) for one in quarters)
    told: list[datetime] = []
    now = begun
    while waiting:
        last = told[-1] if told else None
        settings = DeliverySettings(calendar, preferred=preferred, quiet=quiet, last_digest_at=last)
        at = next_digest(waiting[0], max(now, waiting[0]), settings)
        assert at is not None
        assert is_heard(at, settings)
        assert at >= waiting[0]
        wanted = (
            None
            if preferred is None
            else at.astimezone(ZoneInfo(zone)).replace(hour=preferred // 60, minute=preferred % 60)
        )
        if wanted is not None and is_heard(wanted.astimezone(UTC), settings):
            assert at == wanted.astimezone(UTC)
        waiting = [one for one in waiting if one > at]
        told.append(at)
        now = at + MINUTE
    days = [one.astimezone(ZoneInfo(zone)).date() for one in told]
    assert len(days) == len(set(days))


def test_an_hour_that_was_missed_is_made_up_for() -> None:
    """The worker was down from 8 to 11, the digest was planned for 9."""
    nine, eleven = MONDAY + timedelta(hours=9), MONDAY + timedelta(hours=11)
    late = DeliverySettings(Calendar(), preferred=9 * 60, planned_at=nine)
    assert next_digest(MONDAY, eleven, late) == eleven
    assert next_digest(MONDAY + timedelta(hours=10), eleven, late) == nine + DAY, "this was not there at nine"


def test_a_snooze_holds_digests_and_no_escalation() -> None:
    settings = DeliverySettings(Calendar(), snoozed_until=MONDAY + 3 * DAY)
    ten = MONDAY + timedelta(hours=10)
    assert next_digest(ten, ten, settings) == MONDAY + 3 * DAY + timedelta(hours=9)
    assert next_escalation(ten, ten, settings) == ten
    just = replace(settings, last_escalation_at=ten - timedelta(minutes=5))
    assert next_escalation(ten, ten, just) == ten + timedelta(minutes=10), "with what else comes until then"


def test_nobody_who_never_comes_back_is_waited_for() -> None:
    gone = DeliverySettings(Calendar(away=(Away(MONDAY, None),)))
    assert next_delivery(MONDAY, gone) is None
    assert next_digest(MONDAY, MONDAY, gone) is None
    assert earliest(None, None) is None
    assert earliest(None, MONDAY, MONDAY - DAY) == MONDAY - DAY


@pytest.mark.parametrize("zone", ZONES)
def test_a_report_is_for_monday_morning(zone: str) -> None:
    at = report_at(MONDAY + 2 * DAY, DeliverySettings(Calendar(zone)))
    assert at is not None
    local = at.astimezone(ZoneInfo(zone))
    assert (local.isoweekday(), local.hour, local.minute) == (1, 9, 0)
    assert report_at(at, DeliverySettings(Calendar(zone))) == (local + 7 * DAY).astimezone(UTC)


def test_every_kind_has_its_sentence_its_group_and_what_settles_it() -> None:
    assert KINDS.keys() == {kind.value for kind in NoticeKind}
    assert {kind.settled_by for kind in KINDS.values()} == set(SettledBy)
    for name, kind in KINDS.items():
        assert kind.label
        assert Group(kind.group)
        assert all(Act(one) for one in kind.acts)
        said = sentence(name, title="{T}\nT", target="published", due="then", person="P", delegate="D", detail="x")
        assert "…" not in said, name
        assert "\n" not in said
    assert sentence("never_heard_of", title="T") == "Never heard of: T"
