"""An organization with PagerDuty, as tests of incidents need it."""

import hashlib
import hmac
import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.api.writing import ok
from tests.stack import NO_TLS, Person, Stack

PAYLOADS = Path(__file__).parent / "integrations" / "payloads" / "pagerduty"
TELLING = ("triggered", "acknowledged", "resolved")
Json = dict[str, Any]


@dataclass(frozen=True)
class Organisation:
    """A team with a service, and a PagerDuty that pages it. Bo acknowledges; Ada resolves."""

    stack: Stack
    team_id: str
    service: Json
    bo: Person
    ada: Person
    emails: dict[str, str]
    pagerduty: Json
    secret: str

    def events(self) -> list[Json]:
        """One incident of the last hour, as PagerDuty tells it: triggered, acknowledged, resolved."""
        incident, start = f"Q{uuid4().hex[:12].upper()}", datetime.now(UTC) - timedelta(minutes=50)
        told = []
        for kind, minutes in zip(TELLING, (0, 3, 45), strict=True):
            body = json.loads((PAYLOADS / f"{kind}.json").read_text())
            event, at = body["event"], start + timedelta(minutes=minutes)
            event |= {"id": f"01{uuid4().hex[:24].upper()}", "occurred_at": at.isoformat()}
            data = event["data"]
            data |= {"id": incident, "title": f"Slow answers {incident}", "created_at": start.isoformat()}
            data["service"]["summary"] = self.service["name"]
            for one in (event["agent"], *data["assignees"]):
                if address := self.emails.get(one["summary"]):
                    one["email"] = address
            told.append(body)
        return told

    def send(self, body: Json) -> httpx.Response:
        raw = json.dumps(body).encode()
        return self.deliver(raw, signed(self.secret, raw))

    def deliver(self, raw: bytes, headers: dict[str, str]) -> httpx.Response:
        headers = {"Content-Type": "application/json"} | headers
        return httpx.post(self.pagerduty["webhookUrl"], content=raw, headers=headers, timeout=30, verify=NO_TLS)

    def incident(self, external_id: str) -> Json:
        listed = ok(self.stack.client().get("/api/incidents", params={"source": "pagerduty", "limit": 100}))["items"]
        (found,) = [one for one in listed if one["externalId"] == external_id]
        return dict(found)

    def postmortems(self, incident_id: str) -> list[Json]:
        listed = ok(self.stack.client().get("/api/postmortems", params={"teamId": self.team_id, "limit": 100}))
        return [one for one in listed["items"] if incident_id in one["incidentIds"]]


def signed(secret: str, raw: bytes) -> dict[str, str]:
    return {"X-PagerDuty-Signature": "v1=" + hmac.new(secret.encode(), raw, hashlib.sha256).hexdigest()}


def new_organisation(stack: Stack) -> Organisation:
    admin, mark = stack.client(), uuid4().hex[:8]
    emails = {"Bo Lindqvist": f"bo-{mark}@harbour.example", "Ada Okafor": f"ada-{mark}@harbour.example"}
    bo, ada = (stack.person(email=one) for one in emails.values())
    team = ok(admin.post("/api/teams", json={"name": f"Team {mark}", "memberIds": [bo.id, ada.id]}), 201)
    service = ok(admin.post("/api/services", json={"name": f"checkout-{mark}", "teamId": team["id"]}), 201)
    secret = uuid4().hex
    body = {"kind": "pagerduty", "name": f"PagerDuty {mark}", "secrets": {"webhookSecret": secret}}
    pagerduty = ok(admin.post("/api/integrations", json=body), 201)
    assert secret not in json.dumps(pagerduty)
    return Organisation(stack, team["id"], service, bo, ada, emails, pagerduty, secret)


@pytest.fixture
def organisation(stack: Stack) -> Organisation:
    return new_organisation(stack)
