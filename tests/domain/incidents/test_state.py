"""Reports add up to one incident, in any order and however often they arrive."""

import itertools
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import reduce
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.incidents.incident import (
    Incident,
    IncidentReport,
    IncidentStatus,
    OrderedBy,
    Responder,
    Span,
    TimelineMark,
    Urgency,
    covering,
)
from domain.incidents.state import AT_ONCE, IncidentState, join, merge

START = datetime(2026, 11, 20, 14, 0, tzinfo=UTC)
OPEN, ACKNOWLEDGED, RESOLVED = IncidentStatus


def at(minutes: float) -> datetime:
    return START + timedelta(minutes=minutes)


def report(minutes: float, **said: Any) -> IncidentReport:
    return replace(IncidentReport("pagerduty", "PX1", at(minutes)), **said)


def told(first: IncidentReport, *others: IncidentReport) -> IncidentState:
    return reduce(merge, others, merge(None, first))


def in_every_order(*reports: IncidentReport) -> Incident:
    states = [told(*order) for order in itertools.permutations(reports)]
    assert all(state == states[0] for state in states)
    return states[0].incident()


# Any order, any repetition

instants = st.sampled_from([at(minutes) for minutes in range(6)])
maybe_instants = st.none() | instants
flags = st.none() | st.booleans()
texts = st.none() | st.sampled_from(["a", "b", "HIGH", "LOW", "True"])
marks = st.builds(TimelineMark, instants, st.sampled_from(["x", "y"]), st.sampled_from([None, "", "bo"]))
people = st.builds(Responder, st.sampled_from(["a@x", "A@X", "b@x"]), st.sampled_from([None, "Ada", "Bo"]))
reports = st.builds(
    IncidentReport,
    source=st.just("pagerduty"),
    external_id=st.just("PX1"),
    occurred_at=instants,
    received_at=maybe_instants,
    ordered_by=st.sampled_from(OrderedBy),
    corrects=st.booleans(),
    event_id=texts,
    title=texts,
    description=texts,
    urgency=st.none() | st.sampled_from(Urgency),
    status=st.none() | st.sampled_from(IncidentStatus),
    started_at=maybe_instants,
    acknowledged_at=maybe_instants,
    acknowledged_by=st.none() | st.sampled_from(["a@x", "B@x"]),
    resolved_at=maybe_instants,
    services=st.lists(st.sampled_from("stu"), max_size=3).map(tuple),
    team_id=texts,
    responders=st.lists(people, max_size=3).map(tuple),
    url=texts,
    customer_impact=flags,
    auto_resolved=flags,
    resolved_by_machine=flags,
    merged=flags,
    near_miss=flags,
    timeline=st.lists(marks, max_size=3).map(tuple),
)


@given(st.lists(reports, min_size=1, max_size=6), st.data())
def test_any_order_with_repeats_gives_the_same_state(said: list[IncidentReport], data: st.DataObject) -> None:
    repeats = data.draw(st.lists(st.sampled_from(said), max_size=4))
    shuffled = data.draw(st.permutations(said + repeats))
    assert told(*shuffled) == told(*said)


@given(*(st.lists(reports, min_size=1, max_size=3).map(lambda said: told(*said)) for _ in range(3)))
def test_join_is_associative_commutative_and_idempotent(
    one: IncidentState, two: IncidentState, three: IncidentState
) -> None:
    assert join(join(one, two), three) == join(one, join(two, three))
    assert join(one, two) == join(two, one)
    assert join(one, one) == one


@given(st.lists(reports, min_size=1, max_size=4))
def test_a_state_survives_json_at_any_point(said: list[IncidentReport]) -> None:
    state = None
    for one in said:
        state = IncidentState.from_json(json.loads(json.dumps(merge(state, one).to_json())))
    assert state == told(*said)


@given(st.lists(reports, min_size=1, max_size=6))
def test_an_incident_is_resolved_exactly_while_it_has_an_instant_of_resolution(said: list[IncidentReport]) -> None:
    incident = told(*said).incident()
    assert (incident.status is RESOLVED) == (incident.resolved_at is not None)
    assert len({one.email for one in incident.responders}) == len(incident.responders)
    assert list(incident.timeline) == sorted(set(incident.timeline), key=lambda mark: mark.order)


def test_two_incidents_are_never_joined() -> None:
    with pytest.raises(ValueError, match="two incidents"):
        merge(told(report(0)), replace(report(1), external_id="PX2"))


# PagerDuty-shaped sequences

TRIGGERED = report(0, status=OPEN, started_at=at(0), title="Slow", urgency=Urgency.HIGH)
ACKED = report(3, status=ACKNOWLEDGED, acknowledged_at=at(3), acknowledged_by="Bo@x.example")
RESOLUTION = report(45, status=RESOLVED, resolved_at=at(45))
REOPENED = report(70, status=OPEN)
RESOLVED_AGAIN = report(100, status=RESOLVED, resolved_at=at(100))


def test_a_life_from_trigger_to_resolution() -> None:
    incident = in_every_order(TRIGGERED, ACKED, RESOLUTION)
    assert (incident.status, incident.started_at, incident.acknowledged_at) == (RESOLVED, at(0), at(3))
    assert (incident.acknowledged_by, incident.resolved_at, incident.span.minutes) == ("bo@x.example", at(45), 45)


def test_reopened_is_not_resolved() -> None:
    incident = in_every_order(TRIGGERED, ACKED, RESOLUTION, REOPENED)
    assert (incident.status, incident.resolved_at, incident.span.minutes) == (OPEN, None, None)
    assert told(TRIGGERED, RESOLUTION, REOPENED).incident().span.minutes is None


def test_resolved_again_counts_from_the_first_start_to_the_last_resolution() -> None:
    incident = in_every_order(TRIGGERED, ACKED, RESOLUTION, REOPENED, RESOLVED_AGAIN)
    assert (incident.status, incident.resolved_at, incident.span.minutes) == (RESOLVED, at(100), 100)


def test_a_late_arrival_does_not_reopen() -> None:
    state = told(TRIGGERED, RESOLUTION)
    assert merge(state, ACKED).incident().status is RESOLVED


@pytest.mark.parametrize("tied", [[OPEN, ACKNOWLEDGED], [ACKNOWLEDGED, RESOLVED], [OPEN, RESOLVED], [*IncidentStatus]])
def test_of_one_instant_the_furthest_status_wins(tied: list[IncidentStatus]) -> None:
    assert in_every_order(*(report(5, status=status) for status in tied)).status is tied[-1]
    named = [report(5, status=status, resolved_at=at(4) if status is RESOLVED else None) for status in tied]
    assert in_every_order(*named).status is tied[-1]


def test_finding_it_resolved_later_does_not_lengthen_it() -> None:
    """A priority set the next day comes with the status ``resolved``."""
    found = report(1500, status=RESOLVED, title="Slow checkout")
    incident = in_every_order(TRIGGERED, RESOLUTION, found)
    assert (incident.resolved_at, incident.title) == (at(45), "Slow checkout")


def test_finding_it_resolved_heals_a_lost_resolution() -> None:
    incident = in_every_order(TRIGGERED, report(50, status=RESOLVED), report(60, status=RESOLVED))
    assert incident.resolved_at == at(50)
    after_reopening = in_every_order(
        TRIGGERED, report(50, status=RESOLVED), REOPENED, report(80, status=RESOLVED), report(90, status=RESOLVED)
    )
    assert after_reopening.resolved_at == at(80)


def test_a_resolution_can_be_corrected_by_a_later_word() -> None:
    corrected = report(60, status=RESOLVED, resolved_at=at(40))
    assert in_every_order(TRIGGERED, RESOLUTION, corrected).resolved_at == at(40)


def test_an_instant_implies_its_status() -> None:
    assert in_every_order(report(0, started_at=at(0)), report(9, resolved_at=at(9))).status is RESOLVED
    assert in_every_order(report(0, status=OPEN), report(9, acknowledged_at=at(2))).status is ACKNOWLEDGED
    assert in_every_order(RESOLUTION, report(60, acknowledged_at=at(3))).status is RESOLVED


# Field by field


def test_silence_takes_nothing_back() -> None:
    incident = in_every_order(
        report(0, title="Slow", description="Queue is long", customer_impact=True, services=("api",)), report(9)
    )
    assert (incident.title, incident.description, incident.customer_impact) == ("Slow", "Queue is long", True)
    assert incident.services == ("api",)


def test_the_latest_report_has_the_last_word_then_the_last_received() -> None:
    assert in_every_order(report(9, title="new"), report(1, title="old", received_at=at(99))).title == "new"
    assert in_every_order(report(1, title="z", received_at=at(1)), report(1, title="a", received_at=at(2))).title == "a"


def test_starts_and_acknowledgements_are_the_earliest() -> None:
    incident = in_every_order(
        report(0, started_at=at(0)),
        report(3, acknowledged_at=at(3), acknowledged_by="a@x"),
        report(30, started_at=at(2), acknowledged_at=at(30), acknowledged_by="b@x"),
    )
    assert (incident.started_at, incident.acknowledged_at, incident.acknowledged_by) == (at(0), at(3), "a@x")


def test_a_correction_may_move_the_start_later() -> None:
    corrected = report(60, corrects=True, started_at=at(10), acknowledged_at=at(12))
    again = report(61, corrects=True, started_at=at(8))
    incident = in_every_order(TRIGGERED, ACKED, RESOLUTION, corrected, again)
    assert (incident.started_at, incident.acknowledged_at, incident.span.minutes) == (at(8), at(12), 37)
    assert (incident.acknowledged_by, incident.status) == ("bo@x.example", RESOLVED)


def test_unknown_fields_have_plain_defaults() -> None:
    incident = told(report(7)).incident()
    assert (incident.title, incident.urgency, incident.status) == ("Incident PX1", Urgency.LOW, OPEN)
    assert (incident.started_at, incident.resolved_at, incident.customer_impact) == (at(7), None, False)


def test_unions_keep_the_order_in_which_things_were_said() -> None:
    incident = in_every_order(
        report(0, services=("web", "api"), responders=(Responder("Zoe@x"), Responder("ada@x"))),
        report(5, services=("api", "db"), responders=(Responder("zoe@X", "Zoe"), Responder("bo@x", "Bo"))),
    )
    assert incident.services == ("web", "api", "db")
    assert incident.responders == (Responder("zoe@x", "Zoe"), Responder("ada@x"), Responder("bo@x", "Bo"))


def test_timeline_entries_are_one_by_instant_words_and_actor() -> None:
    mark = TimelineMark(at(1), "Restarted", "bo")
    incident = in_every_order(
        report(0, timeline=(mark, TimelineMark(at(0), "Triggered"))),
        report(5, timeline=(mark, TimelineMark(at(1), "Restarted", "ada"))),
    )
    assert [(one.at, one.actor) for one in incident.timeline] == [(at(0), None), (at(1), "ada"), (at(1), "bo")]


def test_a_machine_resolves_immediately_only_untouched_and_soon() -> None:
    by_machine = report(4, status=RESOLVED, resolved_at=at(4), resolved_by_machine=True)
    assert in_every_order(TRIGGERED, by_machine).auto_resolved
    assert not in_every_order(TRIGGERED, ACKED, by_machine).auto_resolved
    late = AT_ONCE / timedelta(minutes=1) + 1
    slow = report(late, status=RESOLVED, resolved_at=at(late), resolved_by_machine=True)
    assert not in_every_order(TRIGGERED, slow).auto_resolved
    assert not in_every_order(TRIGGERED, by_machine, REOPENED).auto_resolved


def test_an_explicit_judgement_on_auto_resolution_wins() -> None:
    assert in_every_order(TRIGGERED, ACKED, report(45, status=RESOLVED, auto_resolved=True)).auto_resolved
    by_machine = report(4, status=RESOLVED, resolved_by_machine=True)
    assert not in_every_order(TRIGGERED, by_machine, report(9, auto_resolved=False)).auto_resolved


# Spans


def test_a_span_is_never_negative_and_counts_whole_minutes() -> None:
    assert Span(at(0), at(1.99)).minutes == 1
    assert Span(at(5), at(1)).duration == timedelta()
    assert Span(at(0), None).minutes is None
    assert Span(None, at(0)).duration is None


def test_several_incidents_span_from_the_first_start_to_the_last_resolution() -> None:
    assert covering([Span(at(10), at(20)), Span(at(0), at(5)), Span(at(3), at(70))]) == Span(at(0), at(70))
    assert covering([Span(at(0), at(5)), Span(at(3), None)]) == Span(at(0), None)
    assert covering([Span(None, at(5))]) == Span(None, at(5))
    assert covering([]) == Span(None, None)
