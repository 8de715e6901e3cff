"""Reports are ordered by the sender's own time of each or by receipt, never by the instants that they name."""

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import reduce
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.incidents.incident import Incident, IncidentReport, IncidentStatus, OrderedBy, TimelineMark
from domain.incidents.state import IncidentState, merge
from domain.incidents.warnings import warnings_about

START = datetime(2026, 11, 20, 14, 0, tzinfo=UTC)
FAR = datetime(2036, 1, 1, tzinfo=UTC)
OPEN, ACKNOWLEDGED, RESOLVED = IncidentStatus


def at(minutes: float) -> datetime:
    return START + timedelta(minutes=minutes)


def received(minutes: float, *, updated_at: datetime | None = None, **said: Any) -> IncidentReport:
    """As a sender without a sequence reports it, or with one if it gives ``updated_at``."""
    ordered_by = OrderedBy.SENDER if updated_at else OrderedBy.RECEIPT
    report = IncidentReport("generic", "X", updated_at or at(minutes), at(minutes), corrects=updated_at is not None)
    return replace(report, ordered_by=ordered_by, **said)


def by_person(minutes: float, **said: Any) -> IncidentReport:
    return replace(received(minutes, **said), ordered_by=OrderedBy.PERSON, corrects=True)


def added_up(reports: Sequence[IncidentReport]) -> Incident:
    states: list[IncidentState] = []
    for seed in range(20):
        order = list(reports) * 2
        random.Random(seed).shuffle(order)
        states.append(reduce(merge, order[1:], merge(None, order[0])))
    assert all(one == states[0] for one in states)
    return states[0].incident()


def test_an_end_in_the_past_resolves_what_was_opened_before() -> None:
    opened = received(60, status=OPEN, started_at=at(0))
    incident = added_up([opened, received(61, status=RESOLVED, resolved_at=at(45))])
    assert (incident.status, incident.resolved_at, incident.span.minutes) == (RESOLVED, at(45), 45)
    assert added_up([opened, received(61, resolved_at=at(45))]).status is RESOLVED


@pytest.mark.parametrize("named", [at(70), at(2000), FAR])
def test_no_instant_that_a_report_names_keeps_an_incident_open(named: datetime) -> None:
    marks = (TimelineMark(named, "Post-incident check"),)
    opened = received(60, status=OPEN, started_at=at(0), acknowledged_at=named, timeline=marks)
    assert added_up([opened, received(61, status=RESOLVED, resolved_at=at(45))]).status is RESOLVED
    assert added_up([opened, received(61, status=RESOLVED)]).resolved_at == at(61)
    resolved = received(61, status=RESOLVED, resolved_at=at(45), timeline=marks)
    assert added_up([opened, resolved, received(62, status=OPEN)]).status is OPEN


def test_a_clock_that_is_ahead_counts_as_the_time_of_receipt() -> None:
    ahead = received(1, updated_at=FAR, status=OPEN, title="Slow", started_at=at(0), services=("api",))
    corrected = by_person(2, status=RESOLVED, title="Slow checkout", started_at=at(-5))
    incident = added_up([ahead, corrected])
    assert (incident.status, incident.title, incident.started_at) == (RESOLVED, "Slow checkout", at(-5))
    later = received(3, updated_at=FAR, title="Slower")
    assert added_up([ahead, corrected, later]).title == "Slower"


def test_a_persons_change_wins_until_a_later_report() -> None:
    late = received(9, updated_at=at(1), title="Delayed", status=OPEN)
    person = by_person(5, title="Chosen", status=RESOLVED, resolved_at=at(4))
    incident = added_up([received(0, status=OPEN, title="First"), person, late])
    assert (incident.title, incident.status) == ("Chosen", RESOLVED)
    later = added_up([person, late, received(10, title="Reported again")])
    assert (later.title, later.status) == ("Reported again", RESOLVED)


def test_an_end_in_ten_years_is_taken_as_the_receipt() -> None:
    incident = added_up([received(30, status=RESOLVED, started_at=at(0), resolved_at=FAR)])
    assert (incident.resolved_at, incident.span.minutes) == (at(30), 30)


def test_a_start_that_nobody_named_is_the_first_instant_known() -> None:
    incident = added_up([received(600, status=RESOLVED, resolved_at=at(45), timeline=(TimelineMark(at(3), "Alert"),))])
    assert (incident.started_at, incident.span.minutes) == (at(3), 42)


def test_an_acknowledgement_alone_reopens_nothing() -> None:
    opened, resolved = received(0, status=OPEN), received(10, status=RESOLVED, resolved_at=at(9))
    named = received(20, acknowledged_at=at(2))
    assert added_up([opened, named]).status is ACKNOWLEDGED
    assert added_up([opened, resolved, named]).status is RESOLVED
    assert added_up([opened, resolved, named, received(30, status=OPEN)]).status is OPEN


statuses = st.none() | st.sampled_from(IncidentStatus)
instants = st.none() | st.sampled_from([at(minutes) for minutes in range(-30, 30, 10)] + [FAR])
lives = st.lists(
    st.fixed_dictionaries(
        {
            "sequence": st.none() | st.integers(0, 20) | st.just(10**7),
            "status": statuses,
            "title": st.none() | st.sampled_from(["a", "b", "c"]),
            "customer_impact": st.none() | st.booleans(),
            "started_at": instants,
            "acknowledged_at": instants,
            "resolved_at": instants,
            "timeline": st.lists(instants, max_size=2),
        }
    ),
    min_size=1,
    max_size=7,
)


def reports_of(life: Sequence[dict[str, Any]]) -> list[IncidentReport]:
    """Received one after the other; some with a sequence of the sender's, which may be far ahead."""
    found = []
    for place, one in enumerate(life):
        said = {name: value for name, value in one.items() if name not in {"sequence", "timeline"}}
        updated_at = at(one["sequence"] + place / 100) if one["sequence"] is not None else None
        marks = tuple(TimelineMark(mark, "Checked") for mark in one["timeline"] if mark)
        found.append(received(place * 5, updated_at=updated_at, timeline=marks, **said))
    return found


@given(lives)
def test_late_doubled_and_reordered_reports_end_in_the_same_state(life: list[dict[str, Any]]) -> None:
    added_up(reports_of(life))


def test_a_senders_times_order_only_its_reports_that_have_one() -> None:
    opened = received(0, status=OPEN, title="First")
    filled_in = received(1, updated_at=at(-15), status=RESOLVED, title="Second")
    incident = added_up([opened, filled_in])
    assert (incident.status, incident.title, incident.resolved_at) == (RESOLVED, "Second", at(-15))
    overtaken = received(2, updated_at=at(-20), status=OPEN, title="Overtaken")
    assert added_up([opened, filled_in, overtaken]).title == "Second"
    assert added_up([opened, filled_in, overtaken]).status is RESOLVED
    again = added_up([opened, filled_in, received(3, status=OPEN), received(4, updated_at=at(3.5), status=RESOLVED)])
    assert again.resolved_at == at(3.5)


@given(lives, st.booleans())
def test_the_last_report_has_the_last_word(life: list[dict[str, Any]], is_by_sender: bool) -> None:
    """Among reports of one order; status aside where an instant implies it."""
    one_order = [one | {"sequence": place if is_by_sender else None} for place, one in enumerate(life)]
    incident = added_up(reports_of(one_order))
    titles = [one["title"] for one in life if one["title"]]
    assert incident.title == (titles[-1] if titles else "Incident X")
    told = [place for place, one in enumerate(life) if one["status"]]
    if told:
        implied = [one for one in life[told[-1] :] if not one["status"]]
        expected = {life[told[-1]]["status"]} | {RESOLVED for one in implied if one["resolved_at"]}
        expected |= {ACKNOWLEDGED for one in implied if one["acknowledged_at"]}
        assert incident.status in expected


@given(lives)
def test_a_persons_change_always_takes_effect(life: list[dict[str, Any]]) -> None:
    change = by_person(5 * len(life), status=RESOLVED, title="Chosen", started_at=at(-60), resolved_at=at(-1))
    incident = added_up([*reports_of(life), change])
    assert (incident.status, incident.title, incident.span.minutes) == (RESOLVED, "Chosen", 59)
    assert warnings_about(change, incident) == ()


# What isn't used says so


def test_what_is_not_used_is_said() -> None:
    person = by_person(5, title="Chosen", status=RESOLVED, resolved_at=at(4), started_at=at(1))
    late = received(9, updated_at=at(1), title="Old", status=OPEN, started_at=at(0), customer_impact=True)
    incident = added_up([person, late])
    said = warnings_about(late, incident)
    assert [one.partition(" wasn't")[0] for one in said] == ["The status", "The start", "The title"]
    assert warnings_about(person, incident) == ()


def test_a_clock_that_is_ahead_is_said() -> None:
    ahead = received(1, updated_at=FAR, status=RESOLVED, resolved_at=FAR)
    said = warnings_about(ahead, added_up([ahead]))
    assert [one[:30] for one in said] == ["The report's time (2036-01-01T", "The end (2036-01-01T00:00:00Z)"]
    near = replace(ahead, occurred_at=at(1.5), resolved_at=at(1.5))
    assert warnings_about(near, added_up([near])) == ()


def test_an_end_before_the_start_is_said() -> None:
    backwards = received(9, status=RESOLVED, started_at=at(5), resolved_at=at(1))
    incident = added_up([backwards])
    (said,) = warnings_about(backwards, incident)
    assert "ends (2026-11-20T14:01:00Z) before it starts (2026-11-20T14:05:00Z)" in said
    assert incident.span.minutes == 0


def test_an_end_of_what_is_open_is_said() -> None:
    contradicts = received(9, status=OPEN, resolved_at=at(1))
    (said,) = warnings_about(contradicts, added_up([contradicts]))
    assert said == "The end wasn't used, because the report says that the incident is open."
