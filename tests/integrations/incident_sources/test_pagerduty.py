"""What PagerDuty's events mean."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from domain.errors import BadSignature, MalformedWebhook
from domain.incidents.incident import Incident, IncidentReport, IncidentStatus, Responder, Urgency
from domain.incidents.state import merge
from domain.postmortems.first_draft import entry_type
from integrations.incident_source import Delivery
from integrations.incident_sources import pagerduty
from tests.integrations.incident_sources.samples import NOW, OLD_SECRET, PAYLOADS, SECRET, hexadecimal, summed


def pager(name: str) -> Delivery:
    return pagerduty.parse({}, (PAYLOADS / "pagerduty" / f"{name}.json").read_bytes(), NOW)


def paged(name: str) -> IncidentReport:
    (report,) = pager(name).reports
    return report


def edited(name: str, edit: Callable[[dict[str, Any]], object]) -> IncidentReport:
    payload = json.loads((PAYLOADS / "pagerduty" / f"{name}.json").read_bytes())
    edit(payload["event"])
    (report,) = pagerduty.parse({}, json.dumps(payload).encode(), NOW).reports
    return report


def life(*names: str) -> Incident:
    return summed(paged(name) for name in names)


ADA, BO = Responder("ada.okafor@harbour.example", "Ada Okafor"), Responder("pbo0002@pagerduty.invalid", "Bo Lindqvist")


def test_pagerduty_several_signatures_one_of_which_is_ours() -> None:
    body = b'{"a": 1}'
    ours, other = f"v1={hexadecimal(body, SECRET)}", f"v1={hexadecimal(body, 'somebody else')}"
    for value in (
        f"{other},{ours}",
        f"{ours},{other}",
        f"v2=00, {ours}",
        f"{other}, {ours.upper().replace('V1', 'v1')}",
    ):
        pagerduty.verify({"x-pagerduty-signature": value}, body, [OLD_SECRET, SECRET])
    with pytest.raises(BadSignature):
        pagerduty.verify({"x-pagerduty-signature": f"{other},{other}"}, body, [OLD_SECRET, SECRET])


def test_pagerduty_triggered() -> None:
    report, delivery = paged("triggered"), pager("triggered")
    assert (delivery.delivery_id, delivery.event) == (report.event_id, "incident.triggered")
    assert (report.source, report.external_id) == ("pagerduty", "QHARBOUR1")
    assert report.title == "Checkout answers slowly in eu-west"
    assert (report.urgency, report.status) == (Urgency.HIGH, IncidentStatus.OPEN)
    assert report.occurred_at == datetime(2026, 11, 20, 14, 0, 0, 412000, UTC)
    assert report.started_at == datetime(2026, 11, 20, 14, 0, tzinfo=UTC)
    assert (report.services, report.responders) == (("checkout-api",), (BO,))
    assert report.url == "https://harbour.pagerduty.com/incidents/QHARBOUR1"
    (mark,) = report.timeline
    assert (mark.event, mark.actor) == ("Incident #412 triggered on checkout-api", "Synthetic checks")


def test_pagerduty_acknowledged() -> None:
    report = paged("acknowledged")
    assert (report.status, report.acknowledged_at) == (IncidentStatus.ACKNOWLEDGED, report.occurred_at)
    assert report.acknowledged_by == BO.email
    assert report.resolved_at is None


def test_pagerduty_resolved_by_a_person() -> None:
    report = paged("resolved")
    assert (report.status, report.resolved_at) == (IncidentStatus.RESOLVED, report.occurred_at)
    assert (report.resolved_by_machine, report.merged, report.responders) == (False, False, (ADA,))


@pytest.mark.parametrize("machine", ["service_reference", "inbound_integration_reference", "service"])
def test_pagerduty_resolved_by_a_machine(machine: str) -> None:
    report = edited("resolved_by_integration", lambda event: event["agent"].update(type=machine))
    assert (report.resolved_by_machine, report.responders) == (True, ())
    assert merge(merge(None, paged("triggered")), report).incident().auto_resolved
    assert not life("triggered", "acknowledged", "resolved_by_integration").auto_resolved


def test_pagerduty_resolved_by_nobody_that_it_names_is_not_called_automatic() -> None:
    assert edited("resolved", lambda event: event.update(agent=None)).resolved_by_machine is False


def test_pagerduty_merged() -> None:
    report = paged("merged")
    assert report.merged is True
    assert [mark.event for mark in report.timeline] == ["Resolved: merged into Database pool exhausted"]


def test_pagerduty_remarks_speak_of_the_incident_without_changing_it() -> None:
    before = life("triggered", "acknowledged")
    after = life("triggered", "acknowledged", "annotated", "responder_added", "status_update")
    assert [mark.event for mark in after.timeline[2:]] == [
        "Note: The pool is exhausted; it is not resolved by a restart.",
        "Responder requested: Cy Moreau (Please look at the database side)",
        "Status update: Checkout is slow for some customers. A larger pool is on its way. … (shortened by PagerDuty)",
    ]
    cy = Responder("pcy0003@pagerduty.invalid", "Cy Moreau")
    assert after.responders == (BO, ADA, cy)
    assert replace(after, timeline=before.timeline, responders=before.responders) == before


def test_pagerduty_a_responder_who_declines_is_not_one() -> None:
    def decline(event: dict[str, Any]) -> None:
        event.update(event_type="incident.responder.replied")
        event["data"].update(state="declined", message=None)

    report = edited("responder_added", decline)
    assert report.responders == (ADA,)
    assert report.timeline[0].event == "Responder declined: Cy Moreau"


@pytest.mark.parametrize(
    ("event_type", "words", "kind"),
    [
        ("incident.unacknowledged", "No longer acknowledged", "ESCALATION"),
        ("incident.reassigned", "Reassigned to Ada Okafor", "ESCALATION"),
        ("incident.escalated", "Escalated to Ada Okafor", "ESCALATION"),
        ("incident.delegated", "Delegated to Payments on call", "ESCALATION"),
        ("incident.priority_updated", "Priority changed to P2", "OTHER"),
        ("incident.service_updated", "Service changed to checkout-api", "OTHER"),
        ("incident.incident_type.changed", "Type changed to incident_default", "OTHER"),
        ("incident.reopened", "Reopened", "OTHER"),
        ("incident.acknowledged", "Acknowledged", "ESCALATION"),
        ("incident.resolved", "Resolved", "RESOLUTION"),
        ("incident.triggered", "Incident #412 triggered on checkout-api", "DETECTION"),
    ],
)
def test_pagerduty_each_change_is_a_line_of_the_timeline(event_type: str, words: str, kind: str) -> None:
    (mark,) = edited("escalated", lambda event: event.update(event_type=event_type)).timeline
    assert (mark.event, mark.actor, entry_type(mark.event)) == (words, "Bo Lindqvist", kind)


def test_pagerduty_a_whole_life_with_a_reopening() -> None:
    assert life("triggered", "acknowledged", "escalated", "resolved").span.minutes == 45
    reopened = life("triggered", "acknowledged", "escalated", "resolved", "reopened")
    assert (reopened.status, reopened.resolved_at) == (IncidentStatus.OPEN, None)
    assert life("reopened", "resolved", "escalated", "triggered", "acknowledged") == reopened


def test_pagerduty_what_an_event_changes_counts_more_than_the_status_beside_it() -> None:
    """The data may be read after the event: a reopening that was resolved again meanwhile still reopened."""
    stale = edited("reopened", lambda event: event["data"].update(status="resolved"))
    assert stale.status is IncidentStatus.OPEN


def test_pagerduty_a_priority_set_afterwards_does_not_lengthen_the_incident() -> None:
    assert life("triggered", "resolved", "priority_updated").span.minutes == 45
    assert life("triggered", "priority_updated").span.minutes == 150


def test_pagerduty_tells_a_security_incident_by_its_type() -> None:
    named = edited("triggered", lambda event: event["data"].update(incident_type={"name": "security_default"}))
    assert (named.security, paged("triggered").security) == (True, None)


@pytest.mark.parametrize("name", ["ping", "unknown"])
def test_pagerduty_an_event_that_we_do_not_use_has_no_reports(name: str) -> None:
    assert pager(name).reports == ()


def test_pagerduty_texts_longer_than_ours_are_cut() -> None:
    report = edited("triggered", lambda event: event["data"].update(title="x" * 1000))
    assert report.title == "x" * 300


@pytest.mark.parametrize(
    ("edit", "where"),
    [
        (lambda event: event.update(id="é"), "event.id"),
        (lambda event: event.update(occurred_at="yesterday"), "event.occurred_at"),
        (lambda event: event.update(occurred_at="2026-11-20T14:00:00"), "event.occurred_at"),
        (lambda event: event["data"].update(status="pending"), "event.data.status"),
        (lambda event: event["data"].pop("id"), "event.data.id"),
        (lambda event: event["data"].update(html_url="javascript:alert(1)"), "event.data.html_url"),
        (lambda event: event.update(data=None), "event.data"),
    ],
)
def test_pagerduty_says_where_the_shape_is_wrong(edit: Callable[[dict[str, Any]], object], where: str) -> None:
    with pytest.raises(MalformedWebhook) as refused:
        edited("triggered", edit)
    assert refused.value.facts["where"] == where
