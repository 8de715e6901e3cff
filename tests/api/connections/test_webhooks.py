"""The webhook doors, each from each kind of vendor: what is refused, what is not used, what came before."""

import gzip
import hashlib
import hmac
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.api.writing import ok
from tests.stack import NO_TLS, Stack

PAYLOADS = Path(__file__).parents[1] / "integrations" / "payloads"
MEBIBYTE = 1024 * 1024


@dataclass(frozen=True)
class Vendor:
    """One connection, and how its vendor speaks. ``fresh`` is a new delivery: its body, headers and id."""

    kind: str
    url: str
    secret: str
    fresh: Callable[[], tuple[bytes, dict[str, str], str]]
    unknown: Callable[[], tuple[bytes, dict[str, str], str]] | None
    shapeless: bytes
    used: bool = True
    """Whether a fresh delivery leads to something; a tracker's issue that nobody has linked does not."""

    def signed(self, raw: bytes, secret: str | None = None) -> dict[str, str]:
        digest = hmac.new((self.secret if secret is None else secret).encode(), raw, hashlib.sha256).hexdigest()
        if self.kind == "pagerduty":
            return {"X-PagerDuty-Signature": f"v1={digest}"}
        return {"X-Hub-Signature-256": f"sha256={digest}"}

    def send(self, raw: bytes, *headers: dict[str, str]) -> httpx.Response:
        merged = {"Content-Type": "application/json"}
        for one in headers:
            merged |= one
        return httpx.post(self.url, content=raw, headers=merged, timeout=30, verify=NO_TLS)


def _pagerduty(name: str) -> tuple[bytes, dict[str, str], str]:
    body = json.loads((PAYLOADS / "pagerduty" / f"{name}.json").read_text())
    body["event"]["id"] = delivery_id = uuid4().hex
    if "id" in body["event"].get("data", {}):
        body["event"]["data"]["id"] = f"Q{uuid4().hex[:12]}"
    return json.dumps(body).encode(), {}, delivery_id


def _generic() -> tuple[bytes, dict[str, str], str]:
    delivery_id = uuid4().hex
    body = {"externalId": f"W-{delivery_id}", "title": "Slow answers", "status": "OPEN"}
    return json.dumps(body).encode(), {"X-Delivery-Id": delivery_id}, delivery_id


def _github(event: str, action: str) -> tuple[bytes, dict[str, str], str]:
    delivery_id, number = str(uuid4()), uuid4().int % 10**9
    issue = {
        "id": number,
        "html_url": f"https://github.com/acme/shop/issues/{number}",
        "title": "Alert at 80 %",
        "state": "closed",
        "updated_at": "2026-11-20T14:00:00Z",
    }
    body = {"action": action, "issue": issue, "sender": {"login": "jane"}}
    return json.dumps(body).encode(), {"X-GitHub-Event": event, "X-GitHub-Delivery": delivery_id}, delivery_id


KINDS = ("pagerduty", "generic", "github")


@pytest.fixture(scope="module")
def vendors(stack: Stack) -> dict[str, Vendor]:
    admin, made = stack.client(), {}
    for kind in KINDS:
        secret = uuid4().hex
        body: dict[str, Any] = {"kind": kind, "name": f"{kind} {secret[:6]}", "secrets": {"webhookSecret": secret}}
        if kind == "github":
            body["config"] = {"repository": "acme/shop"}
            body["secrets"]["token"] = uuid4().hex
        made[kind] = (ok(admin.post("/api/integrations", json=body), 201)["webhookUrl"], secret)
    return {
        "pagerduty": Vendor(
            "pagerduty",
            *made["pagerduty"],
            lambda: _pagerduty("triggered"),
            lambda: _pagerduty("unknown"),
            b'{"event": {}}',
        ),
        "generic": Vendor("generic", *made["generic"], _generic, None, b'{"title": "Without an id"}'),
        "github": Vendor(
            "github",
            *made["github"],
            lambda: _github("issues", "closed"),
            lambda: _github("star", "created"),
            b'{"action": "closed", "issue": {}}',
            used=False,
        ),
    }


@pytest.fixture(params=KINDS)
def vendor(request: pytest.FixtureRequest, vendors: dict[str, Vendor]) -> Vendor:
    return vendors[request.param]


def problem(answer: httpx.Response, status: int, code: str) -> None:
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json"), answer.text
    assert answer.json()["code"] == code


def test_a_bad_signature_is_refused(vendor: Vendor) -> None:
    raw, headers, _ = vendor.fresh()
    problem(vendor.send(raw, headers, vendor.signed(raw, "another secret")), 401, "BadSignature")
    problem(vendor.send(raw + b" ", headers, vendor.signed(raw)), 401, "BadSignature")
    (name,) = vendor.signed(raw)
    for nonsense in ("", "v1=", "sha256=", "sha256=zz", "0" * 64, ",", "v1=" + "0" * 64, "sha256=" + "0" * 4000):
        problem(vendor.send(raw, headers, {name: nonsense}), 401, "BadSignature")
    assert vendor.send(raw, headers, vendor.signed(raw)).is_success, "it was not remembered from a refusal"


def test_no_signature_is_refused(vendor: Vendor) -> None:
    raw, headers, _ = vendor.fresh()
    problem(vendor.send(raw, headers), 401, "BadSignature")


def test_a_huge_body_is_refused(vendor: Vendor) -> None:
    raw, headers, _ = vendor.fresh()
    for size in (2, 10):
        huge = raw + b" " * (size * MEBIBYTE)
        problem(vendor.send(huge, headers, vendor.signed(huge)), 413, "BodyTooLarge")


def test_a_huge_body_of_untold_length_is_refused(vendor: Vendor) -> None:
    raw, headers, _ = vendor.fresh()
    huge = raw + b" " * (2 * MEBIBYTE)
    chunks = (huge[start : start + 65536] for start in range(0, len(huge), 65536))
    sent = headers | vendor.signed(huge) | {"Content-Type": "application/json"}
    problem(httpx.post(vendor.url, content=chunks, headers=sent, timeout=30, verify=NO_TLS), 413, "BodyTooLarge")


def test_a_wrong_shape_is_refused(vendor: Vendor) -> None:
    _, headers, _ = vendor.fresh()
    for raw in (vendor.shapeless, b"[1]", b"{", b"", b"null", b'"words"', b"NaN"):
        problem(vendor.send(raw, headers, vendor.signed(raw)), 400, "MalformedWebhook")


def test_an_unknown_event_is_taken_and_not_used(vendor: Vendor) -> None:
    if vendor.unknown is None:  # generic has one event
        return
    raw, headers, delivery_id = vendor.unknown()
    expected = {"status": "ignored", "deliveryId": delivery_id}
    assert ok(vendor.send(raw, headers, vendor.signed(raw)), 200) == expected


def test_a_replay_is_a_duplicate(vendor: Vendor) -> None:
    raw, headers, delivery_id = vendor.fresh()
    first = ok(vendor.send(raw, headers, vendor.signed(raw)), 202 if vendor.used else 200)
    assert first == {"status": "accepted" if vendor.used else "ignored", "deliveryId": delivery_id}
    for _ in range(2):
        again = ok(vendor.send(raw, headers, vendor.signed(raw)), 200)
        assert again == {"status": "duplicate", "deliveryId": delivery_id}


DEEP = 60_000
ODD = {
    "invalid UTF-8": b'{"event": "\xff\xfe", "externalId": "\xc3\x28"}',
    "a byte order mark": b"\xef\xbb\xbf{}",
    "UTF-16": '{"event": {}}'.encode("utf-16"),
    "nested lists": b"[" * DEEP + b"]" * DEEP,
    "nested objects": b'{"a":' * DEEP + b"1" + b"}" * DEEP,
    "nested where a field is": b'{"externalId": '
    + b"[" * DEEP
    + b"]" * DEEP
    + b', "event": '
    + b"[" * DEEP
    + b"]" * DEEP
    + b"}",
    "a lone surrogate": b'{"externalId": "\\ud800", "event": {"id": "\\ud800"}, "action": "\\ud800"}',
    "NUL": b'{"externalId": "\\u0000", "event": {"id": "\\u0000", "event_type": "\\u0000"}, "action": "\\u0000"}',
    "a large number": b'{"externalId": 1e999, "event": ' + b"9" * 5000 + b', "issue": {"id": ' + b"9" * 5000 + b"}}",
    "the same key twice": b'{"event": 1, "event": {}, "action": "closed", "action": "closed"}',
    "gzip": gzip.compress(b"{}"),
    "many keys": json.dumps({f"k{number}": number for number in range(20_000)}).encode(),
    "a form": b"payload=%7B%7D",
}


@pytest.mark.parametrize("name", ODD)
def test_an_odd_body_is_no_defect(vendor: Vendor, name: str) -> None:
    raw = ODD[name]
    _, headers, _ = vendor.fresh()
    for more in ({}, {"Content-Encoding": "gzip"}, {"Content-Type": "application/x-www-form-urlencoded"}):
        answer = vendor.send(raw, headers, more, vendor.signed(raw))
        assert answer.status_code in {200, 202, 400, 413, 415}, f"{more}: {answer.status_code} {answer.text[:200]}"


@pytest.mark.parametrize("kind", ["text/plain", "", "application/json; charset=utf-16", "multipart/form-data", "é;=,"])
def test_the_content_type_is_no_matter(vendor: Vendor, kind: str) -> None:
    """What is signed is what is read, whatever it is called."""
    raw, headers, _ = vendor.fresh()
    sent = [(name.encode(), value.encode()) for name, value in (headers | vendor.signed(raw)).items()]
    answer = httpx.post(
        vendor.url, content=raw, headers=[*sent, (b"Content-Type", kind.encode())], timeout=30, verify=NO_TLS
    )
    assert answer.is_success, answer.text


@pytest.mark.parametrize("value", ["x" * 5000, "é", "a b", "a,b", "🦆"])
def test_odd_ids_of_deliveries_are_no_defect(vendor: Vendor, value: str) -> None:
    raw, headers, _ = vendor.fresh()
    sent = headers | vendor.signed(raw) | {"Content-Type": "application/json"}
    names = {"X-Delivery-Id", "X-GitHub-Delivery", "X-GitHub-Event", "Idempotency-Key", "X-Request-Id"}
    for odd in names:
        merged = {**sent, odd: value}
        answer = httpx.post(
            vendor.url, content=raw, headers=[(name.encode(), it.encode()) for name, it in merged.items()], timeout=30
        )
        assert answer.status_code < 500, f"{odd}: {answer.text}"


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
def test_only_post(vendor: Vendor, method: str) -> None:
    raw, headers, _ = vendor.fresh()
    answer = httpx.request(
        method, vendor.url, content=raw, headers=headers | vendor.signed(raw), timeout=30, verify=NO_TLS
    )
    problem(answer, 405, "MethodNotAllowed")
