"""What holds for each incident source: signatures, rotated secrets, and any shape of body."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.errors import BadSignature, MalformedWebhook, UnknownIntegrationKind
from domain.incidents.state import merge
from integrations.incident_source import Delivery
from integrations.incident_sources import pagerduty
from integrations.registry import incident_source, incident_source_kinds
from tests.integrations.incident_sources.samples import NOW, OLD_SECRET, PAYLOADS, SECRET, hexadecimal

KINDS = incident_source_kinds()

SIGNED: dict[str, Callable[[bytes, str], dict[str, str]]] = {
    "generic": lambda body, secret: {"X-Hub-Signature-256": f"sha256={hexadecimal(body, secret)}"},
    "pagerduty": lambda body, secret: {"X-PagerDuty-Signature": f"v1={hexadecimal(body, secret)}"},
}

SAMPLES = [(path.parent.name, path) for path in sorted(PAYLOADS.glob("*/*.json")) if path.parent.name in KINDS]

each_kind = pytest.mark.parametrize("kind", KINDS)

each_sample = pytest.mark.parametrize(("kind", "path"), SAMPLES, ids=[f"{kind}-{path.stem}" for kind, path in SAMPLES])


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


def leaves(value: Any, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, one in inside:
        yield from leaves(one, (*path, key))
        yield (*path, key)


def with_blank(value: Any, path: tuple[str | int, ...], blank: object) -> Any:
    changed = json.loads(json.dumps(value))
    place = changed
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = blank
    return changed


@each_sample
@pytest.mark.parametrize("blank", ["", " ", None, {}], ids=repr)
def test_a_blank_value_says_nothing_and_loses_nothing_else(kind: str, path: Path, blank: object) -> None:
    """Whatever field it is in, except those that tell which incident it is and what happened."""
    source, whole = incident_source(kind), json.loads(path.read_bytes())
    reports = source.parse({}, path.read_bytes(), NOW).reports
    known = {(one.source, one.external_id) for one in reports}
    for place in leaves(whole):
        if place[-1] in {"event", "data", "incident", "event_type", "externalId", "source"} or place[-2:] in NAMES_IT:
            continue
        found = source.parse({}, json.dumps(with_blank(whole, place, blank)).encode(), NOW).reports
        assert {(one.source, one.external_id) for one in found} == known or isinstance(place[0], int), place


NAMES_IT = {("data", "id"), ("incident", "id"), (0,), (1,)}


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
