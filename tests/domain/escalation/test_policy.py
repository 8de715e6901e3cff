"""Escalation by example, and for any start: in the receiver's hours, each step once, late once, never a storm."""

import sys
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from types import FrameType
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.errors import InvalidPolicy
from domain.escalation.policy import (
    LOW_PRIORITY_STEPS,
    Counted,
    Office,
    Policy,
    Recipient,
    Span,
    Step,
    StepKind,
    check,
    due_instants,
    review_time,
)
from domain.escalation.reminders import (
    Channel,
    PendingTarget,
    Receiver,
    Reminder,
    ReminderFacts,
    looked_until,
    plan_reminders,
    planned_until,
    stale_draft,
)
from domain.escalation.simulation import simulate
from domain.escalation.targets import TargetName
from domain.people.calendar import Away, Calendar

START = datetime(2026, 11, 23, 8, tzinfo=UTC)  # a Monday
DAY = timedelta(days=1)
JANE, BOB = Receiver("user_jane"), Receiver("user_bob", Channel.EMAIL)
RECEIVERS = {
    Recipient.AUTHOR: (BOB,),
    Recipient.TEAM_CHANNEL: (Receiver("team_core", Channel.SLACK),),
    Recipient.TEAM_LEAD: (Receiver("user_lead"),),
    Recipient.ADMINISTRATORS: (Receiver("user_admin"), Receiver("user_root")),
}
PENDING = PendingTarget("draft_completed", START, START + 2 * DAY, (JANE,))
POLICY = Policy("Ours")


def facts(*pending: PendingTarget, now: datetime = START, days: int = 30, **more: object) -> ReminderFacts:
    return replace(ReminderFacts(now, START + days * DAY, pending or (PENDING,), RECEIVERS), **more)  # type: ignore[arg-type]


def rows(reminders: list[Reminder]) -> list[tuple[str, str, str]]:
    return [(f"{one.at:%a %d %H:%M}", one.occurrence, one.to.removeprefix("user_")) for one in reminders]


def test_the_whole_ladder() -> None:
    assert rows(plan_reminders(facts(days=17), POLICY, {})) == [
        ("Tue 24 16:00", "before_due", "jane"),  # 80 % are Tuesday 22:24, due before anybody works on Wednesday
        ("Wed 25 09:00", "due", "jane"),
        ("Thu 26 09:00", "+1", "bob"),
        ("Thu 26 09:00", "+1", "jane"),
        ("Mon 30 09:00", "+3", "team_core"),
        ("Mon 30 09:00", "+3", "lead"),
        ("Wed 02 09:00", "+5", "admin"),
        ("Wed 02 09:00", "+5", "root"),
        ("Wed 09 09:00", "weekly:1", "admin"),
        ("Wed 09 09:00", "weekly:1", "jane"),
        ("Wed 09 09:00", "weekly:1", "root"),
    ]


def test_the_warning_comes_at_its_share_of_the_time() -> None:
    owed = replace(PENDING, due_at=START + 10 * DAY)
    first = plan_reminders(facts(owed), POLICY, {})[0]
    assert (first.step, first.at) == ("before_due", datetime(2026, 12, 1, 9, tzinfo=UTC))  # 80 %: Tuesday, 08:00
    half = replace(POLICY, steps=(Step(StepKind.BEFORE_DUE, 55, (Recipient.OWNER,)),))
    assert plan_reminders(facts(owed), half, {})[0].at == datetime(2026, 11, 30, 9, tzinfo=UTC), "55 %: Saturday, 20:00"


def test_a_share_of_working_time_is_counted_in_working_time() -> None:
    policy = replace(POLICY, targets={TargetName.DRAFT_COMPLETED: Span(40, Counted.WORKING)})
    due = due_instants(START, policy)[TargetName.DRAFT_COMPLETED]
    assert due == datetime(2026, 11, 27, 17, tzinfo=UTC), "five working days of eight hours"
    first = plan_reminders(facts(replace(PENDING, due_at=due)), policy, {})[0]
    assert (first.step, first.at) == ("before_due", datetime(2026, 11, 27, 9, tzinfo=UTC)), "after four of them"


@pytest.mark.parametrize("counted", list(Counted))
def test_a_due_time_in_decades_is_not_counted_day_by_day(counted: Counted) -> None:
    policy = replace(POLICY, targets={TargetName.DRAFT_COMPLETED: Span(40, counted)})
    far = replace(PENDING, due_at=datetime(2099, 1, 1, tzinfo=UTC))
    days = 0

    def count(frame: FrameType, event: str, _: object) -> None:
        nonlocal days
        days += event == "call" and frame.f_code is Calendar.is_working_day.__code__

    sys.setprofile(count)
    try:
        found = plan_reminders(facts(far, days=90), policy, {})
    finally:
        sys.setprofile(None)
    assert found == []
    assert days < 40, "not one for each day until then"
    assert plan_reminders(facts(PENDING, far, days=90), policy, {}) == plan_reminders(facts(days=90), policy, {})
    late = facts(far, now=datetime(2098, 12, 1, tzinfo=UTC), days=73 * 366)
    assert [one.occurrence for one in plan_reminders(late, policy, {})][:2] == ["before_due", "due"]


def test_a_plan_ends_soon_whatever_is_due_in_decades() -> None:
    assert planned_until(START, [START - DAY]) == START + 30 * DAY
    assert planned_until(START, [START - DAY, START + 14 * DAY]) == START + 44 * DAY
    assert planned_until(START, [START - DAY, datetime(2099, 1, 1, tzinfo=UTC)]) == START + 90 * DAY


def test_each_in_their_own_working_hours() -> None:
    calendars = {
        "user_jane": Calendar("Asia/Kolkata"),
        "user_bob": Calendar("America/Los_Angeles"),
        "team_core": Calendar("Australia/Adelaide"),
    }
    at = {(one.occurrence, one.to): one.at for one in plan_reminders(facts(), POLICY, calendars)}
    assert at["due", "user_jane"] == datetime(2026, 11, 25, 8, tzinfo=UTC), "13:30 there"
    assert at["+1", "user_jane"] == datetime(2026, 11, 26, 9, tzinfo=UTC)
    assert at["+1", "user_bob"] == datetime(2026, 11, 26, 17, tzinfo=UTC), "09:00 there"
    assert at["+3", "team_core"] == datetime(2026, 11, 30, 22, 30, tzinfo=UTC), "09:00 of Tuesday there"


def test_nobody_is_asked_while_away() -> None:
    back = datetime(2026, 11, 27, 12, tzinfo=UTC)
    calendars = {"user_jane": Calendar(away=(Away(START - DAY, back),))}
    found = [one for one in plan_reminders(facts(days=5), POLICY, calendars) if one.to == "user_jane"]
    assert [(one.at, one.occurrence, one.covers) for one in found] == [(back, "+1", ("before_due", "due"))], (
        "in one message"
    )
    assert not [
        one
        for one in plan_reminders(facts(), POLICY, {"user_jane": Calendar(away=(Away(START),))})
        if one.to == JANE.id
    ]


def test_over_a_weekend_the_warning_goes_into_the_message_that_it_is_due() -> None:
    friday = datetime(2026, 11, 27, 18, tzinfo=UTC)
    found = plan_reminders(
        facts(PendingTarget("draft_started", friday, friday + DAY, (JANE,)), now=friday, days=9), POLICY, {}
    )
    first = next(one for one in found if one.to == JANE.id)
    assert (first.occurrence, first.covers) == ("due", ("before_due",))


@pytest.mark.parametrize(
    "stopped",
    [
        facts(replace(PENDING, is_settled=True)),
        facts(is_over=True),
    ],
    ids=["met or waived", "archived or deleted"],
)
def test_stop_conditions(stopped: ReminderFacts) -> None:
    assert plan_reminders(stopped, POLICY, {}) == []


def test_an_extension_begins_the_ladder_anew_and_sends_nothing_at_once() -> None:
    before = plan_reminders(facts(), POLICY, {})
    now = datetime(2026, 11, 26, 12, tzinfo=UTC)
    sent = frozenset(said for one in before if one.at <= now for said in one.sent())
    extended = replace(PENDING, due_at=datetime(2026, 11, 26, 20, tzinfo=UTC))  # 80 % of that are over
    after = plan_reminders(facts(extended, now=now, looked_at=now, sent=sent), POLICY, {})
    assert rows(after)[:2] == [("Fri 27 09:00", "due", "jane"), ("Mon 30 09:00", "+1", "bob")]


def test_what_was_sent_is_not_sent_again() -> None:
    everything = plan_reminders(facts(), POLICY, {})
    sent = frozenset(said for one in everything[:5] for said in one.sent())
    assert plan_reminders(facts(sent=sent), POLICY, {}) == everything[5:]


def test_a_rung_that_a_new_version_adds_in_the_past_is_not_sent() -> None:
    now = datetime(2026, 11, 27, 12, tzinfo=UTC)
    more = replace(POLICY, steps=(*POLICY.steps, Step(StepKind.WORKING_DAYS, 2, (Recipient.TEAM_LEAD,))))
    assert "+2" in {one.occurrence for one in plan_reminders(facts(now=now), more, {})}, "nobody looked: it is late"
    assert "+2" not in {one.occurrence for one in plan_reminders(facts(now=now, looked_at=now - DAY / 24), more, {})}


def test_what_holds_since_later_is_due_then_and_asks_nobody_for_what_lies_before() -> None:
    """As for an incident of last month, or where another policy makes a target overdue."""
    since = START + 7 * DAY + DAY / 6  # a Monday, at noon; its own due time was on Wednesday
    found = plan_reminders(facts(replace(PENDING, since=since), now=since, days=17), POLICY, {})
    assert rows(found)[:3] == [
        ("Mon 30 12:00", "due", "jane"),
        ("Wed 02 09:00", "+5", "admin"),
        ("Wed 02 09:00", "+5", "root"),
    ]
    assert {one.occurrence for one in found} == {"due", "+5", "weekly:1"}


def test_what_waits_for_monday_is_not_forgotten_by_a_look_on_saturday() -> None:
    saturday = START + 5 * DAY
    owed = replace(PENDING, due_at=saturday - DAY / 3)  # on Saturday, at midnight
    first = plan_reminders(facts(owed, now=saturday), POLICY, {})
    looked = looked_until(first, saturday)
    assert looked == min(one.reached_at for one in first if one.reached_at), "80 % were over, and wait as well"
    monday = START + 7 * DAY + DAY / 8
    late = plan_reminders(facts(owed, now=monday, looked_at=looked), POLICY, {})
    assert [(one.occurrence, one.to) for one in late if one.at <= monday] == [("due", JANE.id)]
    forgotten = plan_reminders(facts(owed, now=monday, looked_at=saturday), POLICY, {})
    assert not [one for one in forgotten if one.at <= monday], "as it would be otherwise"


def test_low_priority_asks_its_owner_weekly_and_nobody_else() -> None:
    low = replace(POLICY, steps=LOW_PRIORITY_STEPS)
    assert rows(plan_reminders(facts(days=18), low, {})) == [
        ("Wed 25 09:00", "due", "jane"),
        ("Wed 02 09:00", "weekly:1", "jane"),
        ("Wed 09 09:00", "weekly:2", "jane"),
    ]


def test_a_reviewer_has_what_the_policy_leaves_between_draft_and_review() -> None:
    assert review_time(POLICY) == 5 * DAY
    assert review_time(replace(POLICY, targets={TargetName.PUBLISHED: Span(500)})) == 5 * DAY
    close = {TargetName.DRAFT_COMPLETED: Span(48), TargetName.REVIEW_COMPLETED: Span(50)}
    assert review_time(replace(POLICY, targets=close)) == DAY


def test_a_week_without_anybody_looking_is_one_late_message_each() -> None:
    monday = START + 7 * DAY + timedelta(hours=2)  # Monday the 30th, 10:00
    looked = START + 1.5 * DAY  # Tuesday evening; the warning was sent
    sent = frozenset(said for one in plan_reminders(facts(), POLICY, {}) if one.at <= looked for said in one.sent())
    back = plan_reminders(facts(now=monday, looked_at=looked, sent=sent), POLICY, {})
    late = [one for one in back if one.at <= monday]
    assert {(one.to, one.occurrence, one.covers) for one in late} == {
        ("user_jane", "+1", ("due",)),
        ("user_bob", "+1", ()),
        ("user_lead", "+3", ()),
        ("team_core", "+3", ()),
    }
    sent |= {said for one in late for said in one.sent()}
    again = plan_reminders(facts(now=monday, looked_at=looked, sent=sent), POLICY, {})
    assert again == [one for one in back if one.at > monday], "and never again"


def test_three_months_down_are_one_late_message_too() -> None:
    now = datetime(2027, 2, 27, 10, tzinfo=UTC)  # a Saturday
    found = plan_reminders(facts(now=now, days=100), POLICY, {})
    (jane,) = [one for one in found if one.to == JANE.id and one.at < now + 3 * DAY]
    assert jane.at == datetime(2027, 3, 1, 9, tzinfo=UTC)
    assert jane.step == "weekly"
    assert {"before_due", "due", "+1", "weekly:1"} <= set(jane.covers)


def test_somebody_with_two_parts_is_asked_once() -> None:
    same = {**RECEIVERS, Recipient.AUTHOR: (JANE,)}
    found = plan_reminders(facts(receivers=same), POLICY, {})
    assert [one.to for one in found if one.occurrence == "+1"] == [JANE.id]


def test_a_stale_draft_is_asked_for_like_a_missed_target() -> None:
    stale = stale_draft(START, POLICY, (JANE,))
    assert stale is not None
    assert rows(plan_reminders(facts(stale, days=10), POLICY, {})) == [
        ("Mon 30 09:00", "due", "jane"),
        ("Tue 01 09:00", "+1", "bob"),
        ("Tue 01 09:00", "+1", "jane"),
    ]
    assert stale.target == "stale_draft"
    assert stale_draft(START, replace(POLICY, stale_after_days=None), (JANE,)) is None


def test_a_ladder_of_ones_own() -> None:
    policy = replace(
        POLICY,
        steps=(
            Step(StepKind.EVERY_DAYS, 2, (Recipient.TEAM_LEAD,)),
            Step(StepKind.DUE, 0, (Recipient.OWNER,)),
        ),
    )
    assert rows(plan_reminders(facts(days=8), policy, {})) == [
        ("Wed 25 09:00", "due", "jane"),
        ("Fri 27 09:00", "every_2_days:1", "lead"),
        ("Mon 30 09:00", "every_2_days:2", "lead"),
    ]
    assert plan_reminders(facts(), replace(POLICY, steps=()), {}) == []


ZONES = ["Europe/Berlin", "America/New_York", "Australia/Adelaide", "Asia/Kathmandu", "America/Santiago"]


@settings(max_examples=150, deadline=None, database=None, derandomize=True)
@given(
    start=st.integers(0, 365 * 24 * 60),
    zones=st.lists(st.sampled_from(ZONES), min_size=6, max_size=6),
    closed=st.sets(st.integers(0, 400), max_size=25),
    looks=st.lists(st.integers(1, 60 * 24), max_size=8),
)
def test_any_year_of_any_team(start: int, zones: list[str], closed: set[int], looks: list[int]) -> None:
    """Somebody looks now and then, at odd times, and sends what is due then: never on a weekend or holiday of the
    receiver, nothing twice, no two messages of one target at once, and every step in the end."""
    begin = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=start)
    holidays = frozenset(date(2026, 1, 1) + DAY * one for one in closed)
    ids = [JANE.id, BOB.id, "team_core", "user_lead", "user_admin", "user_root"]
    calendars = {one: Calendar(zone, holidays=holidays) for one, zone in zip(ids, zones, strict=True)}
    owed = PendingTarget("draft_completed", begin, begin + 2 * DAY, (JANE,))
    end, now, looked = begin + 90 * DAY, begin, None
    sent: frozenset = frozenset()
    messages: list[tuple[datetime, Reminder]] = []
    for gap in [*looks, *[60 * 24 * 90]]:
        while True:
            found = plan_reminders(
                ReminderFacts(now, end, (owed,), RECEIVERS, looked_at=looked, sent=sent), POLICY, calendars
            )
            due = [one for one in found if one.at <= now]
            messages += [(now, one) for one in due]
            sent |= {said for one in due for said in one.sent()}
            looked = looked_until(found, now)
            later = [one.at for one in found if one.at > now]
            if not later or later[0] > begin + timedelta(hours=gap):
                break
            now = later[0]
        now = max(now, min(begin + timedelta(hours=gap), end))
        if now >= end:
            break
    for at, one in messages:
        calendar = calendars[one.to]
        local = at.astimezone(ZoneInfo(calendar.zone))
        assert calendar.is_working_day(local.date()), one
        assert 9 <= local.hour < 17, one
    assert len({(at, one.to) for at, one in messages}) == len(messages)
    steps = [(step, one.to) for _, one in messages for step in (one.occurrence, *one.covers)]
    assert len(steps) == len(set(steps))
    reached = {step for step, _ in steps}
    assert {"before_due", "due", "+1", "+3", "+5", "weekly:1"} <= reached


def test_the_simulation_is_the_ladder_of_each_target() -> None:
    found = simulate(POLICY, START, 60)
    assert {one.target for one in found} == {name.value for name in TargetName}
    for name in TargetName:
        rungs = {one.step for one in found if one.target == name.value}
        assert rungs == {"before_due", "due", "+1", "+3", "+5", "weekly"}
    berlin = replace(POLICY, office=Office(Calendar("Europe/Berlin"), holidays=frozenset({date(2026, 11, 25)})))
    assert all(
        one.at.astimezone(ZoneInfo("Europe/Berlin")).date() != date(2026, 11, 25) for one in simulate(berlin, START, 60)
    )


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"targets": {}}, "NoTargets"),
        ({"targets": {TargetName.DRAFT_STARTED: Span(9), TargetName.PUBLISHED: Span(8)}}, "TargetsOutOfOrder"),
        ({"targets": {TargetName.PUBLISHED: Span(2081, Counted.WORKING)}}, "TooLong"),
        ({"steps": (Step(StepKind.BEFORE_DUE, 100, (Recipient.OWNER,)),)}, "AmountOutOfRange"),
        ({"steps": (Step(StepKind.DUE, 0, ()),)}, "NobodyAsked"),
        ({"steps": (Step(StepKind.DUE, 0, (Recipient.OWNER, Recipient.OWNER)),)}, "NobodyAsked"),
        ({"steps": (Step(StepKind.WORKING_DAYS, 2, (Recipient.OWNER,)),) * 2}, "RepeatedRung"),
        (
            {"steps": tuple(Step(StepKind.BEFORE_DUE, share, (Recipient.OWNER,)) for share in (50, 80))},
            "RepeatedRung",
        ),
        (
            {"steps": tuple(Step(StepKind.EVERY_DAYS, days, (Recipient.OWNER,)) for days in (7, 9))},
            "RepeatedRung",
        ),
        ({"office": Office(Calendar(opens=1320, closes=360))}, "HoursOverMidnight"),
    ],
)
def test_a_policy_that_cannot_be(changes: dict[str, object], code: str) -> None:
    with pytest.raises(InvalidPolicy) as refused:
        check(replace(POLICY, **changes))  # type: ignore[arg-type]
    assert code in {one["code"] for one in refused.value.facts["reasons"]}  # type: ignore[union-attr, index, call-overload]
    check(POLICY)
