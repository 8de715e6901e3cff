"""What happens to a meeting next, and which side's change counts."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.access import Visibility
from domain.meetings.meeting import (
    CHECK_EVENT,
    CHECK_ROW,
    EventTimes,
    Prompt,
    merge_times,
    next_look,
    prompts_due,
    title_of,
)
from domain.meetings.suggestion import KEPT, Invitee, outside_lately, suggest
from domain.meetings.weekly_slot import WeeklySlot
from domain.people.calendar import Calendar

AT = datetime(2026, 12, 3, 15, 0, tzinfo=UTC)
TIMES = EventTimes(AT, 45, None)
MONDAY = datetime(2026, 11, 30, 8, tzinfo=UTC)
SIDES = st.builds(
    EventTimes,
    st.integers(0, 3).map(lambda hours: AT + timedelta(hours=hours)),
    st.sampled_from([30, 45]),
    st.sampled_from([None, "Room 4"]),
)


@given(SIDES, SIDES, SIDES)
def test_a_field_is_theirs_where_only_they_changed_it(ours: EventTimes, theirs: EventTimes, agreed: EventTimes) -> None:
    merged = merge_times(ours, theirs, agreed)
    for name in ("starts_at", "minutes", "location"):
        here, there, before, after = (getattr(one, name) for one in (ours, theirs, agreed, merged))
        assert after == (there if here == before else here)
    assert merge_times(merged, merged, merged) == merged


@given(st.integers(-3000, 3000), st.booleans())
def test_looks_come_and_end(minutes: int, has_event: bool) -> None:
    """However often it looks: every mark is hit, and it ends when the meeting does."""
    now, said, looks = AT + timedelta(minutes=minutes), [], 0
    while (following := next_look(TIMES, now, has_event=has_event)) is not None:
        assert now < following <= now + (CHECK_EVENT if has_event else CHECK_ROW)
        said += prompts_due(TIMES, now)
        now, looks = following, looks + 1
        assert looks < 500
    said += prompts_due(TIMES, now)
    assert said[-1] is Prompt.ENDED
    assert set(said) == {
        *((Prompt.DAY_BEFORE,) if minutes < -10 else ()),
        *((Prompt.RIGHT_BEFORE,) if minutes < 0 else ()),
        Prompt.ENDED,
    }


@pytest.mark.parametrize(
    ("before", "due"),
    [
        (timedelta(days=1, minutes=1), []),
        (timedelta(days=1), [Prompt.DAY_BEFORE]),
        (timedelta(minutes=11), [Prompt.DAY_BEFORE]),
        (timedelta(minutes=10), [Prompt.RIGHT_BEFORE]),
        (timedelta(0), []),
        (timedelta(minutes=-45), [Prompt.ENDED]),
    ],
)
def test_what_is_said_when(before: timedelta, due: list[Prompt]) -> None:
    assert prompts_due(TIMES, AT - before) == due


@pytest.mark.parametrize("visibility", Visibility)
def test_a_private_title_stays_inside(visibility: Visibility) -> None:
    said = title_of(17, "Payments", visibility)
    assert said == ("Postmortem review #17" if visibility is Visibility.PRIVATE else "Postmortem review: Payments")


def test_a_weekly_time_follows_its_own_clock() -> None:
    slot = WeeklySlot(4, 15 * 60, 45, "Europe/Berlin")
    found = list(slot.dates(datetime(2027, 3, 20, tzinfo=UTC), datetime(2027, 4, 10, tzinfo=UTC)))
    assert [begin.hour for begin, _ in found] == [14, 13, 13], "clocks go forward on March 28"
    assert all(begin.isoweekday() == 4 and end - begin == timedelta(minutes=45) for begin, end in found)


def test_the_time_that_a_team_keeps_comes_first_unless_someone_needed_cannot_come() -> None:
    office = Calendar("UTC")
    kept = [datetime(2026, 12, 3, 12, 0, tzinfo=UTC), datetime(2026, 12, 10, 12, 0, tzinfo=UTC)]

    def first(*invitees: Invitee) -> tuple[datetime, tuple[str, ...]]:
        best = suggest(invitees, minutes=45, earliest=MONDAY, target=None, kept=kept)[0]
        return best.starts_at, best.notes

    one = Invitee("a", "Ann", office)
    assert first(one) == (kept[0], (KEPT,))
    busy = Invitee("b", "Bob", office, busy=((kept[0], kept[0] + timedelta(hours=1)),))
    assert first(one, busy) == (kept[1], (KEPT,))
    assert first(one, Invitee("b", "Bob", office, required=False, busy=busy.busy))[0] == kept[0]
    far = Invitee("c", "Cy", Calendar("Asia/Tokyo"))
    assert KEPT not in first(one, far)[1] or "outside working hours for Cy" in first(one, far)[1]


def test_whoever_was_outside_is_counted_once_for_each_meeting() -> None:
    berlin = Calendar("Europe/Berlin")
    late, noon = datetime(2026, 11, 24, 18, tzinfo=UTC), datetime(2026, 11, 24, 11, tzinfo=UTC)
    partly = datetime(2026, 11, 24, 15, 45, tzinfo=UTC)
    past = [(late, 45, ["a", "b"]), (noon, 45, ["a"]), (partly, 45, ["a"]), (late, 45, ["b"])]
    assert outside_lately("a", berlin, past) == 2
    assert outside_lately("b", berlin, past) == 2
    assert outside_lately("c", berlin, past) == 0
