"""Where the picture of a timeline draws its events, phases and gaps."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from api.pages.timeline.picture import APART, FIRST, LANES, LAST, Mark, draw
from domain.incidents.phases import Phase, Phases

START = datetime(2026, 11, 20, 10, tzinfo=UTC)


def at(minutes: float) -> datetime:
    return START + timedelta(minutes=minutes)


def marks(*minutes: float) -> list[Mark]:
    return [Mark(at(one), f"event {one}", f"e-{place}") for place, one in enumerate(minutes)]


def test_places_are_to_scale() -> None:
    picture = draw(marks(0, 25, 100), Phases(), "UTC")
    assert picture is not None
    assert [one.x for one in picture.dots] == [FIRST, FIRST + (LAST - FIRST) / 4, LAST]
    assert [(one.length, one.x) for one in picture.gaps] == [("25 min", FIRST), ("1 h 15 min", 26.0)]
    assert [one.text for one in picture.ticks] == ["10:00", "10:30", "11:00", "11:30"]


def test_close_events_are_above_each_other_and_then_counted() -> None:
    picture = draw(marks(*[0] * LANES, 0, 0, 600), Phases(), "UTC")
    assert picture is not None
    assert [(one.lane, one.more) for one in picture.dots] == [(0, 0), (1, 0), (2, 0), (3, 2), (0, 0)]


def test_phases_last_until_the_next_one() -> None:
    phases = Phases(at(0), at(5), at(30), at(60))
    assert [(one, start, end) for one, start, end in phases.spans()] == [
        (Phase.STARTED, at(0), at(5)),
        (Phase.ACKNOWLEDGED, at(5), at(30)),
        (Phase.MITIGATED, at(30), at(60)),
    ]
    picture = draw([], phases, "UTC")
    assert picture is not None
    assert [one.says for one in picture.bars] == [
        "Not acknowledged for 5 min, from 10:00",
        "Being worked on for 25 min, from 10:05",
        "Mitigated, not resolved for 30 min, from 10:30",
    ]
    assert "Resolved at 11:00, after 1 h." in picture.says


def test_an_instant_that_contradicts_the_order_is_left_out() -> None:
    assert [one for one, _ in Phases(at(10), at(0), None, at(60)).instants()] == [Phase.STARTED, Phase.RESOLVED]
    assert Phases().spans() == []


def test_days_are_marked_where_it_lasted_for_days() -> None:
    picture = draw(marks(0, 5 * 24 * 60), Phases(), "Europe/Berlin")
    assert picture is not None
    assert [one.text for one in picture.ticks] == ["Nov 22", "Nov 24"]


def test_an_event_of_which_only_the_day_is_known_has_no_place() -> None:
    picture = draw([*marks(0, 10), Mark(at(-600), "deployed", "e-9", precision="DAY")], Phases(), "UTC")
    assert picture is not None
    assert (len(picture.dots), picture.untimed) == (2, 1)
    assert draw(marks(5), Phases(), "UTC") is None


@given(
    st.lists(st.floats(-3e7, 3e7), max_size=40),
    st.sampled_from(["UTC", "Asia/Kathmandu", "America/New_York", "no/zone"]),
)
def test_any_timeline_can_be_drawn(minutes: list[float], zone: str) -> None:
    picture = draw(marks(*minutes), Phases(), zone)
    if picture is None:
        assert len({at(one) for one in minutes}) < 2
        return
    assert sum(1 + one.more for one in picture.dots) == len(minutes)
    for lane in range(LANES):
        places = [one.x for one in picture.dots if one.lane == lane]
        assert all(right - left >= APART for left, right in pairwise(places))
    assert all(FIRST <= one.x <= LAST for one in (*picture.dots, *picture.ticks, *picture.gaps))
    assert len(picture.ticks) <= 6
