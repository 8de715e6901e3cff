"""What the generic webhook takes, and where it ends."""

import hashlib
import itertools
import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import ValidationError

from domain.errors import MalformedWebhook
from domain.incidents.incident import Incident, IncidentStatus, Responder
from domain.incidents.state import merge
from integrations.incident_shape import IncidentIn
from integrations.incident_sources import generic
from tests.integrations.incident_sources.samples import NOW, PAYLOADS, SECRET, hexadecimal, summed


def test_generic_takes_the_contracts_shape_whole() -> None:
    (report,) = generic.parse({}, (PAYLOADS / "generic" / "incident.json").read_bytes(), NOW).reports
    incident = merge(None, report).incident()
    assert (incident.source, incident.external_id, incident.status) == ("generic", "HARBOUR-7", IncidentStatus.RESOLVED)
    assert (incident.started_at, incident.span.minutes) == (datetime(2026, 11, 20, 14, 0, tzinfo=UTC), 45)
    assert incident.acknowledged_by == "bo@harbour.example"
    assert incident.services == ("checkout-api", "payments-db")
    assert incident.responders == (Responder("bo@harbour.example"), Responder("ada@harbour.example", "Ada Okafor"))
    assert (incident.customer_impact, incident.data_loss, incident.team_id) == (True, False, "team_payments")
    assert [(mark.event, mark.actor) for mark in incident.timeline] == [
        ("Latency alert triggered", "Synthetic checks"),
        ("Pool enlarged", None),
    ]


def test_generic_takes_several_and_other_sources() -> None:
    reports = generic.parse({}, (PAYLOADS / "generic" / "several.json").read_bytes(), NOW).reports
    assert [(one.source, one.external_id) for one in reports] == [("generic", "HARBOUR-8"), ("tower", "HARBOUR-7")]
    hundred = json.dumps([{"externalId": "X"}] * 100).encode()
    assert len(generic.parse({}, hundred, NOW).reports) == 100
    with pytest.raises(MalformedWebhook):
        generic.parse({}, json.dumps([{"externalId": "X"}] * 101).encode(), NOW)


def test_generic_signature_under_our_own_name_of_the_header() -> None:
    generic.verify({"X-Afterword-Signature": f"sha256={hexadecimal(b'{}', SECRET)}"}, b"{}", [SECRET])


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"x-delivery-id": "d-1", "idempotency-key": "k-1"}, "d-1"),
        ({"Idempotency-Key": "k-1"}, "k-1"),
        ({}, None),
        ({"X-Delivery-Id": "x" * 201}, None),
        ({"X-Delivery-Id": "é"}, None),
    ],
)
def test_generic_delivery_id(headers: dict[str, str], expected: str | None) -> None:
    body = b'{"externalId": "X"}'
    assert generic.parse(headers, body, NOW).delivery_id == (expected or hashlib.sha256(body).hexdigest())


def test_generic_reports_are_ordered_by_receipt_or_by_the_sender() -> None:
    early, late = "2026-11-20T14:00:00Z", "2026-11-20T14:45:00Z"
    marks = [{"at": late, "event": "Pool enlarged"}]
    said = {"externalId": "X", "startedAt": early, "acknowledgedAt": late, "resolvedAt": late, "timeline": marks}
    assert IncidentIn.model_validate(said).report(NOW).order_at == NOW
    told = IncidentIn.model_validate({**said, "updatedAt": early}).report(NOW)
    assert told.order_at.isoformat() == "2026-11-20T14:00:00+00:00"
    assert IncidentIn.model_validate({**said, "updatedAt": "2036-01-01T00:00:00Z"}).report(NOW).order_at == NOW


def test_generic_takes_a_list_in_its_order() -> None:
    said = [{"externalId": "X", "status": status} for status in ("OPEN", "RESOLVED", "OPEN")]
    assert summed(generic.parse({}, json.dumps(said).encode(), NOW).reports).status is IncidentStatus.OPEN
    assert summed(generic.parse({}, json.dumps(said[:2]).encode(), NOW).reports).status is IncidentStatus.RESOLVED


RESOLVED_WITHOUT_AN_INSTANT = [
    (0, {"status": "OPEN", "startedAt": "2026-11-21T09:00:00Z"}),
    (5, {"status": "ACKNOWLEDGED", "acknowledgedAt": "2026-11-21T09:05:00Z"}),
    (9, {"status": "RESOLVED", "startedAt": "2026-11-21T09:00:00Z"}),
    (20, {"status": "RESOLVED", "startedAt": "2026-11-21T09:00:00Z"}),
]


def test_generic_resolved_without_an_instant_is_resolved_when_it_is_received() -> None:
    reports = [
        IncidentIn.model_validate({"externalId": "X", **fields}).report(NOW + timedelta(minutes=minutes))
        for minutes, fields in RESOLVED_WITHOUT_AN_INSTANT
    ]
    for order in itertools.permutations(reports):
        incident = summed(order)
        assert (incident.status, incident.span.minutes) == (IncidentStatus.RESOLVED, 9)


def generic_life(*said: Mapping[str, object]) -> Incident:
    return summed(
        IncidentIn.model_validate({"externalId": "X", **one}).report(NOW + timedelta(minutes=minutes))
        for minutes, one in enumerate(said)
    )


def test_generic_reopens_what_is_reported_open_again() -> None:
    resolved = {"status": "RESOLVED", "resolvedAt": "2026-11-20T14:45:00Z", "startedAt": "2026-11-20T14:00:00Z"}
    opened = {"status": "OPEN", "startedAt": "2026-11-20T14:00:00Z"}
    reopened = generic_life(resolved, opened)
    assert (reopened.status, reopened.resolved_at) == (IncidentStatus.OPEN, None)
    overtaken = generic_life(
        {**resolved, "updatedAt": "2026-11-20T14:45:00Z"}, {**opened, "updatedAt": "2026-11-20T14:00:00Z"}
    )
    assert overtaken.status is IncidentStatus.RESOLVED


def test_generic_corrects_by_saying_when() -> None:
    first = {"startedAt": "2026-11-20T14:00:00Z", "title": "Slow"}
    second = {"startedAt": "2026-11-20T14:10:00Z", "title": "Slow checkout"}
    assert generic_life(first, second).started_at.minute == 0
    corrected = generic_life(first, {**second, "updatedAt": "2026-11-20T15:00:00Z"})
    assert (corrected.started_at.minute, corrected.title) == (10, "Slow checkout")


LIMITS = [
    ({"title": "x" * 300}, {"title": "x" * 301}),
    ({"description": "x" * 100_000}, {"description": "x" * 100_001}),
    ({"services": ["s"] * 200}, {"services": ["s"] * 201}),
    ({"responders": ["a@x"] * 200}, {"responders": ["a@x"] * 201}),
    (
        {"timeline": [{"at": "2026-11-20T14:00:00Z", "event": "x"}] * 1000},
        {"timeline": [{"at": "2026-11-20T14:00:00Z", "event": "x"}] * 1001},
    ),
    ({"startedAt": "1970-01-01T00:00:00Z"}, {"startedAt": "1969-12-31T23:59:59Z"}),
    ({"startedAt": "2200-12-31T23:59:59Z"}, {"startedAt": "2201-01-01T00:00:00Z"}),
    ({"startedAt": "2026-11-20T14:00:00+05:30"}, {"startedAt": "2026-11-20T14:00:00"}),
    ({"startedAt": None}, {"startedAt": 1763647200}),
    ({"startedAt": None}, {"startedAt": "1763647200"}),
    ({"startedAt": "2026-11-20T00:00:00Z"}, {"startedAt": "2026-11-20"}),
    ({"startedAt": None}, {"startedAt": "0001-01-01T00:00:00+23:59"}),
    ({"startedAt": None}, {"startedAt": "9999-12-31T23:59:59-23:59"}),
    ({"title": "Ünïcode 🚒"}, {"title": "NUL\0"}),
    ({"title": "ok"}, {"title": "\ud800"}),
    ({"description": "two\nlines"}, {"description": "\0"}),
    ({"services": ["api"]}, {"services": ["a\0"]}),
    ({"responders": ["Jane@example.com"]}, {"responders": ["jane"]}),
    ({"responders": [{"email": "jane@example.com"}]}, {"responders": [{"email": "jane"}]}),
    ({"url": "http://x.example/1"}, {"url": "javascript:alert(1)"}),
    ({"url": "https://x.example/"}, {"url": "https://x.example/ onload=x"}),
    ({"nearMiss": True}, {"nearMiss": "yes"}),
    ({"status": "OPEN"}, {"status": "open"}),
    ({"urgency": "LOW"}, {"urgency": "MEDIUM"}),
    ({"externalId": "x"}, {"externalId": ""}),
    ({"externalId": "x"}, {"externalId": 7}),
    ({"source": "tower"}, {"source": "x" * 51}),
]


@pytest.mark.parametrize(("good", "bad"), LIMITS, ids=lambda fields: repr(fields)[:40])
def test_generic_bounds(good: dict[str, object], bad: dict[str, object]) -> None:
    """The door validates Python values, the webhook bytes: both refuse the same."""
    good, bad = {"externalId": "X", **good}, {"externalId": "X", **bad}
    IncidentIn.model_validate(good)
    generic.parse({}, json.dumps(good).encode(), NOW)
    with pytest.raises(ValidationError) as invalid:
        IncidentIn.model_validate(bad)
    assert "input_value" not in str(invalid.value)
    with pytest.raises(MalformedWebhook):
        generic.parse({}, json.dumps(bad).encode(), NOW)


def test_generic_tidies_texts() -> None:
    said = IncidentIn.model_validate({"externalId": " X ", "title": " Slow\n checkout "}).report(NOW)
    assert (said.external_id, said.title) == ("X", "Slow checkout")


LISTS = ["services", "responders", "timeline"]
BLANKS = [
    *itertools.product([one.alias or "title" for one in IncidentIn.model_fields.values()][1:], ["", " \n", None, {}]),
    *itertools.product(LISTS, [[], [""], [None, " "], [{}], [{"email": "", "event": ""}]]),
]


@pytest.mark.parametrize(("field", "blank"), BLANKS, ids=repr)
def test_generic_takes_a_blank_value_for_no_information(field: str, blank: object) -> None:
    body = json.dumps({"externalId": "X", "title": "Slow", field: blank}).encode()
    (report,) = generic.parse({}, body, NOW).reports
    (silent,) = generic.parse({}, b'{"externalId": "X", "title": "Slow"}', NOW).reports
    expected = replace(silent, title=None if field == "title" else "Slow", event_id=report.event_id)
    assert report == expected


def test_generic_leaves_out_entries_that_are_incomplete() -> None:
    body = {
        "externalId": "X",
        "responders": ["", {"email": " ", "name": "Jane"}, {"email": "bo@x.example", "name": ""}],
        "timeline": [{"at": "", "event": "Alert"}, {"at": "2026-11-20T14:00:00Z", "event": "Restarted", "actor": ""}],
    }
    (report,) = generic.parse({}, json.dumps(body).encode(), NOW).reports
    assert [one.email for one in report.responders] == ["bo@x.example"]
    assert [one.event for one in report.timeline] == ["Restarted"]
    assert report.left_out == 2


def test_generic_keeps_an_end_before_the_start() -> None:
    said = {"externalId": "X", "startedAt": "2026-11-20T14:00:00Z", "resolvedAt": "2026-11-20T13:59:59Z"}
    assert generic_life(said).status is IncidentStatus.RESOLVED


def test_generic_names_the_field_that_is_wrong() -> None:
    body = json.dumps([{"externalId": "X"}, {"externalId": "Y", "responders": ["a@x", "b"]}]).encode()
    with pytest.raises(MalformedWebhook) as refused:
        generic.parse({}, body, NOW)
    assert refused.value.facts == {"where": "1.responders.1.email", "what": "Enter an e-mail address"}


def test_generic_describes_itself_in_json_schema() -> None:
    schema = IncidentIn.model_json_schema()
    assert schema["required"] == ["externalId"]
    kinds = [one.get("type") for one in schema["$defs"]["ResponderIn"]["anyOf"]]
    assert kinds == ["string", "object"]
