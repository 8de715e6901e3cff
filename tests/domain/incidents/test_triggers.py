"""Every row of the product document's tables, and who wins where they disagree."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import IncidentNotResolved
from domain.incidents.incident import IncidentStatus, Urgency
from domain.incidents.triggers import RECURRENCE_COUNT, Decision, Facts, Outcome, TriggerKind, TriggerName, decide

Rows = list[tuple[dict[str, Any], str]]

QUIET = Facts(IncidentStatus.RESOLVED, urgency=Urgency.LOW, duration=timedelta(minutes=5))

REQUIRED: Rows = [
    ({"urgency": Urgency.HIGH}, "high_urgency"),
    ({"customer_impact": True}, "customer_impact"),
    ({"data_loss": True}, "data_loss"),
    ({"security": True}, "security"),
    ({"duration": timedelta(minutes=60, microseconds=1)}, "long_duration"),
]
RECOMMENDED: Rows = [
    ({"similar_earlier": RECURRENCE_COUNT}, "recurring"),
    ({"near_miss": True}, "near_miss"),
    ({"novel_failure": True}, "novel_failure"),
    ({"team_ids": frozenset({"team_a", "team_b"})}, "cross_team"),
]
WEAK_SKIP: Rows = [
    ({"root_cause_documented": True}, "root_cause_documented"),
    ({"no_learnings": True}, "no_learnings"),
]
STRONG_SKIP: Rows = [
    ({"false_positive": True}, "false_positive"),
    ({"merged": True}, "merged"),
]
AUTO: dict[str, Any] = {"auto_resolved": True}


def decided(*said: dict[str, Any]) -> Decision:
    facts = QUIET
    for one in said:
        facts = replace(facts, **one)
    return decide(facts)


def outcome(decision: Decision) -> tuple[str, str, list[str]]:
    return decision.outcome, decision.decided_by.name, [one.name for one in decision.triggers]


@pytest.mark.parametrize(("fact", "name"), REQUIRED)
def test_each_required_row(fact: dict[str, Any], name: str) -> None:
    assert outcome(decided(fact)) == (Outcome.REQUIRED, name, [name])


@pytest.mark.parametrize(("fact", "name"), RECOMMENDED)
def test_each_recommended_row(fact: dict[str, Any], name: str) -> None:
    assert outcome(decided(fact)) == (Outcome.RECOMMENDED, name, [name])


@pytest.mark.parametrize(("fact", "name"), [*STRONG_SKIP, (AUTO, "auto_resolved"), *WEAK_SKIP])
def test_each_skip_row(fact: dict[str, Any], name: str) -> None:
    assert outcome(decided(fact)) == (Outcome.SKIP, name, [name])


def test_without_a_trigger_there_is_nothing_to_do() -> None:
    assert outcome(decided()) == (Outcome.SKIP, "no_trigger", ["no_trigger"])


@pytest.mark.parametrize(
    "fact",
    [
        {"duration": timedelta(minutes=60)},
        {"duration": None},
        {"similar_earlier": RECURRENCE_COUNT - 1},
        {"team_ids": frozenset({"team_a"})},
        {"urgency": None},
        {"novel_failure": False},
        {"root_cause_documented": False},
    ],
)
def test_just_below_a_threshold_nothing_fires(fact: dict[str, Any]) -> None:
    assert outcome(decided(fact)) == (Outcome.SKIP, "no_trigger", ["no_trigger"])


@pytest.mark.parametrize(("strong", "name"), STRONG_SKIP)
@pytest.mark.parametrize(("fact", "fired"), [*REQUIRED, *RECOMMENDED])
def test_false_positives_and_merged_ones_always_skip(
    strong: dict[str, Any], name: str, fact: dict[str, Any], fired: str
) -> None:
    assert outcome(decided(fact, strong)) == (Outcome.SKIP, name, [fired, name])


@pytest.mark.parametrize(("fact", "fired"), REQUIRED)
def test_auto_resolved_yields_only_to_customers_data_and_security(fact: dict[str, Any], fired: str) -> None:
    yields = fired in {"customer_impact", "data_loss", "security"}
    expected = (Outcome.REQUIRED, fired) if yields else (Outcome.SKIP, "auto_resolved")
    assert outcome(decided(fact, AUTO)) == (*expected, [fired, "auto_resolved"])


@pytest.mark.parametrize(("weak", "name"), WEAK_SKIP)
@pytest.mark.parametrize(("fact", "fired"), REQUIRED)
def test_nothing_to_learn_does_not_excuse_what_is_required(
    weak: dict[str, Any], name: str, fact: dict[str, Any], fired: str
) -> None:
    assert outcome(decided(fact, weak)) == (Outcome.REQUIRED, fired, [fired, name])


@pytest.mark.parametrize(("skip", "name"), [*WEAK_SKIP, (AUTO, "auto_resolved")])
@pytest.mark.parametrize(("fact", "fired"), RECOMMENDED)
def test_nothing_to_learn_excuses_what_is_recommended(
    skip: dict[str, Any], name: str, fact: dict[str, Any], fired: str
) -> None:
    assert outcome(decided(fact, skip)) == (Outcome.SKIP, name, [fired, name])


def test_all_that_fired_is_listed_in_the_order_of_the_tables() -> None:
    decision = decided(*(fact for fact, _ in [*STRONG_SKIP, *RECOMMENDED, *REQUIRED, *WEAK_SKIP, (AUTO, "")]))
    assert [one.name for one in decision.triggers] == [one for one in TriggerName if one != "no_trigger"]
    assert all(one.words for one in decision.triggers)


@pytest.mark.parametrize("status", [IncidentStatus.OPEN, IncidentStatus.ACKNOWLEDGED])
def test_an_open_incident_is_not_decided(status: IncidentStatus) -> None:
    with pytest.raises(IncidentNotResolved) as refused:
        decide(Facts(status, urgency=Urgency.HIGH))
    assert refused.value.facts == {"status": status.value}


flags = st.booleans()
any_facts = st.builds(
    Facts,
    status=st.just(IncidentStatus.RESOLVED),
    urgency=st.none() | st.sampled_from(Urgency),
    duration=st.none() | st.timedeltas(timedelta(), timedelta(hours=3)),
    customer_impact=flags,
    data_loss=flags,
    security=flags,
    false_positive=flags,
    merged=flags,
    auto_resolved=flags,
    near_miss=flags,
    similar_earlier=st.integers(0, 5),
    team_ids=st.frozensets(st.sampled_from("abc")),
    novel_failure=st.none() | flags,
    root_cause_documented=st.none() | flags,
    no_learnings=st.none() | flags,
)


@given(any_facts)
def test_the_outcome_is_that_of_one_listed_trigger(facts: Facts) -> None:
    decision = decide(facts)
    assert decision.decided_by in decision.triggers
    assert decision.outcome == decision.decided_by.kind.name
    kinds = {one.kind for one in decision.triggers}
    assert decision.outcome is not Outcome.RECOMMENDED or kinds == {TriggerKind.RECOMMENDED}
