"""Incident sources: one contract for all, then what each vendor's events mean."""

import hashlib
import hmac
import itertools
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from domain.errors import BadSignature, MalformedWebhook, UnknownIntegrationKind
from domain.incidents.incident import Incident, IncidentReport, IncidentStatus, Responder, Urgency
from domain.incidents.state import merge
from domain.postmortems.first_draft import entry_type
from integrations.incident_shape import IncidentIn
from integrations.incident_source import Delivery
from integrations.incident_sources import generic, pagerduty
from integrations.registry import incident_source, incident_source_kinds

PAYLOADS = Path(__file__).parents[1] / "payloads"
KINDS = incident_source_kinds()
NOW = datetime(2026, 11, 21, 9, 0, tzinfo=UTC)
SECRET = "current-secret"
OLD_SECRET = "secret-being-replaced"


def hexadecimal(body: bytes, secret: str) -> str:
    return hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()


SIGNED: dict[str, Callable[[bytes, str], dict[str, str]]] = {
    "generic": lambda body, secret: {"X-Hub-Signature-256": f"sha256={hexadecimal(body, secret)}"},
    "pagerduty": lambda body, secret: {"X-PagerDuty-Signature": f"v1={hexadecimal(body, secret)}"},
}
SAMPLES = [(path.parent.name, path) for path in sorted(PAYLOADS.glob("*/*.json")) if path.parent.name in KINDS]
each_kind = pytest.mark.parametrize("kind", KINDS)
each_sample = pytest.mark.parametrize(("kind", "path"), SAMPLES, ids=[f"{kind}-{path.stem}" for kind, path in SAMPLES])


# The contract


def test_every_source_is_covered_here() -> None:
    assert set(KINDS) == set(SIGNED) == {kind for kind, _ in SAMPLES}


def test_an_unknown_kind_is_refused_by_name() -> None:
    with pytest.raises(UnknownIntegrationKind, match="pagerduty"):
        incident_source("carrier-pigeon")


@each_sample
def test_a_recorded_delivery_reads_the_same_each_time(kind: str, path: Path) -> None:
    source, body = incident_source(kind), path.read_bytes()
    delivery = source.parse({}, body, NOW)
    assert delivery == source.parse({}, body, NOW)
    assert delivery.delivery_id
    assert delivery.event
    for report in delivery.reports:
        assert report.external_id
        assert report.event_id == delivery.delivery_id
        assert report.occurred_at.utcoffset() == timedelta()
        assert merge(None, report).incident().title


@each_sample
def test_its_signature_is_accepted_and_every_change_refused(kind: str, path: Path) -> None:
    source, body = incident_source(kind), path.read_bytes()
    headers = SIGNED[kind](body, SECRET)
    source.verify(headers, body, [SECRET])
    source.verify({name.lower(): value for name, value in headers.items()}, body, [SECRET])
    for changed in (body + b" ", body[:-1], b""):
        with pytest.raises(BadSignature):
            source.verify(headers, changed, [SECRET])


@each_kind
def test_secrets_may_be_rotated(kind: str) -> None:
    source, body = incident_source(kind), b"{}"
    source.verify(SIGNED[kind](body, SECRET), body, [OLD_SECRET, SECRET])
    source.verify(SIGNED[kind](body, OLD_SECRET), body, [SECRET, OLD_SECRET])
    with pytest.raises(BadSignature):
        source.verify(SIGNED[kind](body, OLD_SECRET), body, [SECRET])


@each_kind
@pytest.mark.parametrize("secrets", [[], [""], ["", " "]])
def test_without_a_secret_nothing_is_trusted(kind: str, secrets: list[str]) -> None:
    for signed_with in ("", " ", SECRET):
        with pytest.raises(BadSignature):
            incident_source(kind).verify(SIGNED[kind](b"{}", signed_with), b"{}", secrets)


@each_kind
@pytest.mark.parametrize("value", ["", ",", "=", "v1=", "sha256=", "v2={}", "md5={}", "{}", "v1 {}", "é", "v1=é\ud800"])
def test_a_header_of_another_form_is_a_bad_signature(kind: str, value: str) -> None:
    body = b"{}"
    ((name, _),) = SIGNED[kind](body, SECRET).items()
    with pytest.raises(BadSignature):
        incident_source(kind).verify({name: value.format(hexadecimal(body, SECRET))}, body, [SECRET])
    with pytest.raises(BadSignature):
        incident_source(kind).verify({}, body, [SECRET])


NOT_JSON = [b"", b" ", b"\xff\xfe", b"{", b"NaN", b"[" * 100_000, b'{"a":"\\ud800"}', b"9" * 10_000, b'"text"', b"null"]


@each_kind
@pytest.mark.parametrize("body", NOT_JSON, ids=lambda body: repr(body[:12]))
def test_what_is_not_of_the_shape_is_malformed(kind: str, body: bytes) -> None:
    with pytest.raises(MalformedWebhook) as refused:
        incident_source(kind).parse({}, body, NOW)
    assert set(refused.value.facts) == {"where", "what"}


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text()
    | st.sampled_from(["\0", "2026-11-20T14:00:00Z"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


def strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for one in inside:
        yield from strings(one)


def survives(kind: str, body: bytes, parse: Callable[..., Delivery] | None = None) -> None:
    try:
        delivery = (parse or incident_source(kind).parse)({}, body, NOW)
    except MalformedWebhook:
        return
    for report in delivery.reports:
        kept = json.dumps(merge(None, report).to_json(), ensure_ascii=False)
        kept.encode()
        assert "\0" not in "".join(strings(json.loads(kept)))


def test_a_source_that_stumbles_or_lets_a_zero_byte_through_is_caught() -> None:
    """The negative: without it the next two tests might see nothing."""

    def lets_through(*given: Any) -> Delivery:
        delivery = pagerduty.parse(*given)
        return replace(delivery, reports=tuple(replace(one, title="A\0B") for one in delivery.reports))

    body = (PAYLOADS / "pagerduty" / "triggered.json").read_bytes()
    survives("pagerduty", body)
    with pytest.raises(AssertionError):
        survives("pagerduty", body, lets_through)
    with pytest.raises(KeyError):
        survives("pagerduty", b"{}", lambda _, body, __: json.loads(body)["event"])


@each_kind
@given(value=json_values)
def test_random_json_is_read_or_malformed(kind: str, value: object) -> None:
    survives(kind, json.dumps(value).encode())


def places(value: Any, here: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of every value inside."""
    yield here
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in inside:
        yield from places(one, (*here, key))


def with_replaced(value: Any, path: tuple[Any, ...], new: object) -> Any:
    if not path:
        return new
    copied = dict(value) if isinstance(value, dict) else list(value)
    copied[path[0]] = with_replaced(value[path[0]], path[1:], new)
    return copied


@each_sample
@given(data=st.data())
@settings(suppress_health_check=[HealthCheck.too_slow])
def test_a_delivery_with_one_value_replaced_is_read_or_malformed(kind: str, path: Path, data: st.DataObject) -> None:
    sample = json.loads(path.read_bytes())
    where = data.draw(st.sampled_from(list(places(sample))))
    survives(kind, json.dumps(with_replaced(sample, where, data.draw(json_values))).encode())


# PagerDuty


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


def summed(reports: Iterable[IncidentReport]) -> Incident:
    state = None
    for report in reports:
        state = merge(state, report)
    assert state is not None
    return state.incident()


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
        (lambda event: event.pop("id"), "event.id"),
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


# Generic


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


def spoken_of(**fields: object) -> datetime:
    return IncidentIn.model_validate({"externalId": "X", **fields}).report(NOW).occurred_at


def test_generic_speaks_of_the_latest_instant_it_names() -> None:
    early, late = "2026-11-20T14:00:00Z", "2026-11-20T14:45:00Z"
    assert spoken_of(startedAt=early, acknowledgedAt=late).isoformat() == "2026-11-20T14:45:00+00:00"
    marks = [{"at": late, "event": "Pool enlarged"}]
    assert spoken_of(startedAt=early, timeline=marks).isoformat() == "2026-11-20T14:45:00+00:00"
    assert spoken_of(startedAt=early, resolvedAt=late, updatedAt=early).isoformat() == "2026-11-20T14:00:00+00:00"
    assert spoken_of(title="Slow") == NOW


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
    return summed(IncidentIn.model_validate({"externalId": "X", **one}).report(NOW) for one in said)


def test_generic_reopens_only_by_saying_when() -> None:
    resolved = {"status": "RESOLVED", "resolvedAt": "2026-11-20T14:45:00Z", "startedAt": "2026-11-20T14:00:00Z"}
    opened = {"status": "OPEN", "startedAt": "2026-11-20T14:00:00Z"}
    assert generic_life(resolved, opened).status is IncidentStatus.RESOLVED
    reopened = generic_life(resolved, {**opened, "updatedAt": "2026-11-20T15:00:00Z"})
    assert (reopened.status, reopened.resolved_at) == (IncidentStatus.OPEN, None)


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
    ({"services": ["api"]}, {"services": [" "]}),
    ({"services": ["api"]}, {"services": ["a\0"]}),
    ({"responders": ["Jane@example.com"]}, {"responders": ["jane"]}),
    ({"responders": [{"email": "jane@example.com"}]}, {"responders": [{"name": "Jane"}]}),
    ({"url": "http://x.example/1"}, {"url": "javascript:alert(1)"}),
    ({"url": "https://x.example/"}, {"url": "https://x.example/ onload=x"}),
    ({"nearMiss": True}, {"nearMiss": "yes"}),
    ({"status": "OPEN"}, {"status": "open"}),
    ({"urgency": "LOW"}, {"urgency": "MEDIUM"}),
    ({"externalId": "x"}, {"externalId": ""}),
    ({"externalId": "x"}, {"externalId": 7}),
    ({"source": "tower"}, {"source": "x" * 51}),
    (
        {"startedAt": "2026-11-20T14:00:00Z", "resolvedAt": "2026-11-20T14:00:00Z"},
        {"startedAt": "2026-11-20T14:00:00Z", "resolvedAt": "2026-11-20T13:59:59Z"},
    ),
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


def test_generic_tidies_texts_and_takes_blanks_for_silence() -> None:
    said = IncidentIn.model_validate(
        {"externalId": " X ", "title": " Slow\n checkout ", "description": "", "teamId": " ", "services": None}
    ).report(NOW)
    assert (said.external_id, said.title, said.description, said.team_id, said.services) == (
        "X",
        "Slow checkout",
        None,
        None,
        (),
    )


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
