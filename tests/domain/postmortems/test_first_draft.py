"""What a postmortem starts with, and who is asked to write it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from domain.incidents.incident import Incident, IncidentReport, IncidentStatus, Responder, TimelineMark, merge
from domain.postmortems.first_draft import TITLE_LIMIT, Candidate, Draft, EntryType, choose_author, entry_type, prefill

START = datetime(2026, 11, 20, 14, 0, tzinfo=UTC)


def at(minutes: int) -> datetime:
    return START + timedelta(minutes=minutes)


def incident(external_id: str = "PX1", **said: Any) -> Incident:
    report = IncidentReport(
        "pagerduty",
        external_id,
        at(45),
        title="Checkout is slow",
        description="Connections ran out.",
        status=IncidentStatus.RESOLVED,
        started_at=at(0),
        acknowledged_at=at(3),
        resolved_at=at(45),
        services=("checkout-api",),
        responders=(Responder("bo@x", "Bo"), Responder("ada@x")),
    )
    return merge(None, replace(report, **said)).incident()


def lines(draft: Draft) -> list[tuple[datetime, str, str]]:
    return [(entry.at, entry.event, entry.type) for entry in draft.timeline]


def test_an_incident_fills_what_the_product_document_says() -> None:
    mark = TimelineMark(at(9), "Pool enlarged", "Ada")
    draft = prefill([incident(timeline=(mark,))])
    assert (draft.title, draft.summary) == ("Checkout is slow", "Connections ran out.")
    assert (draft.services, draft.duration_minutes) == (("checkout-api",), 45)
    assert draft.participants == (Responder("bo@x", "Bo"), Responder("ada@x"))
    assert (draft.started_at, draft.resolved_at) == (at(0), at(45))
    assert lines(draft) == [
        (at(0), "Incident started", "DETECTION"),
        (at(3), "Incident acknowledged", "ESCALATION"),
        (at(9), "Pool enlarged", "OTHER"),
        (at(45), "Incident resolved", "RESOLUTION"),
    ]
    assert [(entry.actor, entry.source) for entry in draft.timeline if entry.at == at(9)] == [("Ada", "incident")]


def test_milestones_that_the_timeline_tells_are_not_told_twice() -> None:
    told = ((0, "Monitoring alert triggered"), (3, "On-call engineer acknowledged alert"), (46, "Incident resolved"))
    draft = prefill([incident(timeline=tuple(TimelineMark(at(minute), words) for minute, words in told))])
    assert [(entry.event, entry.type) for entry in draft.timeline] == [
        ("Monitoring alert triggered", "DETECTION"),
        ("On-call engineer acknowledged alert", "ESCALATION"),
        ("Incident resolved", "RESOLUTION"),
    ]


def test_an_incident_without_a_description_leaves_the_summary_empty() -> None:
    assert prefill([incident(description=None)]).summary is None


def test_several_incidents_make_one_draft_in_any_order() -> None:
    first = incident("PX1", timeline=(TimelineMark(at(9), "Pool enlarged"),))
    second = incident(
        "PX2",
        title="Invoices fail",
        description="No connection.",
        started_at=at(10),
        resolved_at=at(70),
        services=("billing", "checkout-api"),
        responders=(Responder("Ada@x", "Ada"), Responder("cy@x")),
        timeline=(TimelineMark(at(9), "Pool enlarged"),),
    )
    draft = prefill([second, first])
    assert draft == prefill([first, second])
    assert draft.title == "Checkout is slow (and 1 related incident)"
    assert draft.summary == "**Checkout is slow**\n\nConnections ran out.\n\n**Invoices fail**\n\nNo connection."
    assert (draft.started_at, draft.resolved_at, draft.duration_minutes) == (at(0), at(70), 70)
    assert draft.services == ("checkout-api", "billing")
    assert draft.participants == (Responder("bo@x", "Bo"), Responder("ada@x", "Ada"), Responder("cy@x"))
    assert [entry.event for entry in draft.timeline].count("Pool enlarged") == 1
    assert (at(10), "Incident started (Invoices fail)", "DETECTION") in lines(draft)


def test_a_reopened_incident_has_no_duration_yet() -> None:
    assert prefill([incident(), incident("PX2", status=IncidentStatus.OPEN)]).duration_minutes is None


def test_a_long_title_still_says_that_there_are_others() -> None:
    title = prefill([incident(title="x" * TITLE_LIMIT), incident("PX2"), incident("PX3")]).title
    assert len(title) == TITLE_LIMIT
    assert title.endswith(" (and 2 related incidents)")


def test_nothing_cannot_be_drafted_from() -> None:
    with pytest.raises(ValueError, match="no incident"):
        prefill([])


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("Incident #412 triggered on checkout-api", EntryType.DETECTION),
        ("Latency alert fired", EntryType.DETECTION),
        ("Acknowledged", EntryType.ESCALATION),
        ("No longer acknowledged", EntryType.ESCALATION),
        ("Escalated to Ada", EntryType.ESCALATION),
        ("Reassigned to Bo", EntryType.ESCALATION),
        ("Responder requested: Cy", EntryType.ESCALATION),
        ("RESOLVED by the on-call engineer", EntryType.RESOLUTION),
        ("Resolved: merged into Database pool exhausted", EntryType.RESOLUTION),
        ("Acknowledged, later resolved", EntryType.ESCALATION),
        ("Not resolved yet", EntryType.OTHER),
        ("Unresolved questions", EntryType.OTHER),
        ("Reopened", EntryType.OTHER),
        ("Note: it is resolved", EntryType.OTHER),
        ("Initial investigation started", EntryType.OTHER),
    ],
)
def test_the_first_telling_word_decides_the_type(words: str, expected: EntryType) -> None:
    assert entry_type(words) is expected


RESPONDERS = [
    Candidate("user_late", active=True, order=2),
    Candidate("user_first", active=True, order=1),
    Candidate("user_acker", active=True, order=3, acknowledged_first=True),
]
LEADS = [Candidate("user_lead", active=True)]
ADMINS = [Candidate("user_newer_admin", active=True, order=2), Candidate("user_oldest_admin", active=True, order=1)]


def away(candidates: list[Candidate]) -> list[Candidate]:
    return [replace(one, active=False) for one in candidates]


@pytest.mark.parametrize(
    ("responders", "leads", "administrators", "expected"),
    [
        (RESPONDERS, LEADS, ADMINS, "user_acker"),
        ([*RESPONDERS[:2], *away(RESPONDERS[2:])], LEADS, ADMINS, "user_first"),
        (away(RESPONDERS), LEADS, ADMINS, "user_lead"),
        (away(RESPONDERS), away(LEADS), ADMINS, "user_oldest_admin"),
        ([], [], ADMINS, "user_oldest_admin"),
        (away(RESPONDERS), away(LEADS), away(ADMINS), "user_acker"),
        ([], away(LEADS), away(ADMINS), None),
        ([], [], [], None),
    ],
)
def test_the_author_is_whoever_knows_most_and_is_there(
    responders: list[Candidate], leads: list[Candidate], administrators: list[Candidate], expected: str | None
) -> None:
    assert choose_author(responders, leads, administrators) == expected
    assert choose_author(responders[::-1], leads[::-1], administrators[::-1]) == expected
