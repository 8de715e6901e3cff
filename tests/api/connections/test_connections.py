"""Connections: settings, refusals, pausing, disconnecting, and rotating keys."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select

from integrations.ticket import TicketAction, TicketChange
from integrations.webhook import sha256_signature
from models.integration import Integration
from models.keyring import Keyring
from models.queries.connections import connections
from tests.api.connections.connecting import Connected, connected
from tests.api.connections.connections import refused
from tests.api.rows import sessions_of
from tests.api.writing import ok
from tests.cli.running import ROOT
from tests.stack import Stack, eventually


@pytest.fixture
def board(stack: Stack, tmp_path: Path) -> Connected:
    return connected(stack, tmp_path)


# What it is told


def test_each_kind_describes_its_forms(board: Connected) -> None:
    kinds = {one["kind"]: one for one in ok(board.admin.get("/api/integrations/kinds"))["items"]}
    assert {"console", "github", "pagerduty", "generic"} <= kinds.keys()
    github = kinds["github"]
    assert (github["label"], github["isTracker"], kinds["pagerduty"]["isTracker"]) == ("GitHub", True, False)
    assert "repository" in github["config"]["properties"]
    for kind in kinds.values():
        for form in ("config", "secrets"):
            for field in kind[form]["properties"].values():
                assert field["title"], kind["kind"]
                assert field["description"], kind["kind"]
        for field in kind["secrets"]["properties"].values():
            assert [one for one in field.get("anyOf", [field]) if one.get("writeOnly")], f"{kind['kind']} hides secrets"


def test_a_projection_is_kept_as_it_was_given(board: Connected) -> None:
    team = ok(board.admin.post("/api/teams", json={"name": f"T{uuid4().hex}"}), 201)["id"]
    service = ok(board.admin.post("/api/services", json={"name": f"s{uuid4().hex}"}), 201)["id"]
    given = {
        "statuses": {"OPEN": "To Do"},
        "names": {"In QA": "IN_PROGRESS"},
        "winners": {"title": "theirs"},
        "destinations": [{"teamId": team, "project": "OPS"}, {"serviceId": service, "issueType": "Bug"}],
        "fields": {"customfield_10": {"id": "3"}},
        "labels": ["postmortem"],
    }
    assert ok(board.admin.patch(board.path, json={"projection": given}))["projection"] == given
    assert ok(board.admin.get(board.path))["projection"] == given
    assert ok(board.admin.patch(board.path, json={"projection": {}}))["projection"] == {}


SENSELESS: dict[str, Any] = {
    "a destination that leads nowhere": {"destinations": [{"teamId": "team_x"}]},
    "a team and a service": {"destinations": [{"teamId": "team_x", "serviceId": "svc_x", "project": "A"}]},
    "the same place twice": {"destinations": [{"project": "A"}, {"project": "B"}]},
    "a name twice": {"names": {"Done": "COMPLETED", "done": "WONT_DO"}},
    "a status that we do not have": {"statuses": {"BLOCKED": "x"}},
    "a field that we do not keep": {"winners": {"labels": "ours"}},
    "a mistyped name": {"destination": []},
    "too much": {"fields": {f"f{number}": "x" * 1000 for number in range(60)}},
}


@pytest.mark.parametrize("which", SENSELESS)
def test_a_senseless_projection_is_refused_with_its_place(board: Connected, which: str) -> None:
    problem = refused(board.admin.patch(board.path, json={"projection": SENSELESS[which]}), 422, "Malformed")
    assert "projection" in problem["reasons"][0]["where"]
    assert ok(board.admin.get(board.path))["projection"] == {}


def test_a_projection_names_what_is_there_and_only_a_tracker_has_one(board: Connected) -> None:
    for name, where in (("teamId", "team_nope"), ("serviceId", "svc_nope")):
        given = {"destinations": [{name: where, "project": "A"}]}
        problem = refused(board.admin.patch(board.path, json={"projection": given}), 422, "UnknownReference")
        assert where in problem["detail"]
    body = {"kind": "pagerduty", "name": "P", "projection": {"labels": ["x"]}}
    refused(board.admin.post("/api/integrations", json=body), 422, "NoTracker")


def test_the_test_names_each_required_field_without_a_value(stack: Stack, tmp_path: Path) -> None:
    required = {"severity": ["minor", "major"], "customer": []}
    board = connected(stack, tmp_path, required=required)

    def tested() -> dict[str, Any]:
        answer = ok(board.admin.post(f"{board.path}/test"))
        checks = {one["name"]: one for one in answer["checks"]}
        assert answer["ok"] is all(one["granted"] for one in checks.values())
        return checks

    checks = tested()
    missing = {name for name, one in checks.items() if not one["granted"]}
    assert missing == {"Required field Severity", "Required field Customer"}
    assert "minor" in checks["Required field Severity"]["detail"]
    ok(board.admin.patch(board.path, json={"projection": {"fields": {"severity": "huge", "customer": "acme"}}}))
    checks = tested()
    assert {name for name, one in checks.items() if not one["granted"]} == {"Required field Severity"}
    assert "'huge' isn't an allowed value" in checks["Required field Severity"]["detail"]
    ok(board.admin.patch(board.path, json={"projection": {"fields": {"severity": "minor", "customer": "acme"}}}))
    assert not [one for one in tested().values() if not one["granted"]]


def test_a_dry_run_shows_each_field_and_writes_nothing(stack: Stack, tmp_path: Path) -> None:
    board = connected(stack, tmp_path, required={"severity": ["minor", "major"]})
    owner = stack.person()
    team = ok(board.admin.post("/api/teams", json={"name": f"T{uuid4().hex}"}), 201)["id"]
    sample = {"description": "Watch  it", "details": "By *Friday*", "ownerId": owner.id, "dueDate": "2027-01-22"}

    def tried(**body: Any) -> tuple[dict[str, Any], Any]:
        answer = ok(board.admin.post(f"{board.path}/dry-run", json=body))
        return {one["field"]: one for one in answer["fields"]}, answer

    fields, answer = tried(sample=sample | {"teamIds": [team]})
    assert (answer["ok"], answer["operation"], answer["key"]) == (False, "create", None)
    assert [(one["id"], one["options"]) for one in answer["missing"]] == [
        ("severity", {"minor": "minor", "major": "major"})
    ]
    assert answer["unmatchedOwner"] == ok(owner.get("/api/me"))["name"]
    assert fields["title"]["value"] == "Watch it"
    assert fields["body"]["value"].startswith("By *Friday*\n\n---\nAction item of a [postmortem]")
    assert [fields[one]["value"] for one in ("due", "assignee", "project")] == ["2027-01-22", None, None]
    projection = {
        "fields": {"severity": "minor"},
        "labels": ["postmortem"],
        "statuses": {"OPEN": "To Do"},
        "destinations": [{"teamId": team, "project": "OPS", "issueType": "Bug"}],
    }
    ok(board.admin.patch(board.path, json={"projection": projection}))
    ok(board.admin.put(f"{board.path}/accounts/{owner.id}", json={"account": "jane"}))
    fields, answer = tried(sample=sample | {"teamIds": [team]})
    assert (answer["ok"], answer["missing"], answer["unmatchedOwner"]) == (True, [], None)
    named = ("project", "issueType", "labels", "severity", "assignee", "status")
    assert [fields[one]["value"] for one in named] == ["OPS", "Bug", ["postmortem"], "minor", "jane", "To Do"]
    assert tried()[1]["ok"], "a sample of our own"
    assert not [one for one in board.log() if one["operation"] not in {"webhook", "reconcile"}], "nothing was written"
    item = board.item(owner)
    ticket = board.ticket(item)
    fields, answer = tried(actionItemId=item["id"])
    assert (answer["operation"], answer["key"]) == ("update", ticket.key)
    assert [fields[one]["now"] for one in ("title", "body", "assignee")] == [ticket.title, ticket.body, "jane"]
    assert not [one["field"] for one in fields.values() if one["differs"]]
    board.board("jane").update(ticket.ref, TicketChange(title="Renamed there"))
    fields, _ = tried(actionItemId=item["id"])
    assert (fields["title"]["now"], fields["title"]["differs"]) == ("Renamed there", True)
    ok(board.admin.post(f"{board.path}/dry-run", json={"actionItemId": item["id"], "sample": {}}), 422)
    refused(board.admin.post(f"{board.path}/dry-run", json={"actionItemId": "ai_nope"}), 404, "NotFound")
    refused(board.admin.post(f"{board.path}/dry-run", json={"sample": {"ownerId": "user_nope"}}), 404, "NotFound")


# Credentials


def test_a_secret_that_is_null_is_taken_away(board: Connected) -> None:
    assert board.made["secretNames"] == ["webhookSecret"]
    assert ok(board.admin.patch(board.path, json={"secrets": {"webhookSecret": None}}))["secretNames"] == []
    refused(board.admin.patch(board.path, json={"secrets": {"nonsense": "x"}}), 422, "InvalidIntegrationConfig")


async def _plant(stack: Stack, integration_id: str, key: str) -> None:
    async with sessions_of(stack) as sessions, sessions.begin() as session:
        row = await connections.get_integration(session, integration_id)
        row.secrets = Keyring(key).seal({"webhookSecret": "kept"})


def _rotate(stack: Stack, keys: str) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, **stack.environment(), "AFTERWORD_SECRET_KEY": keys}
    words = [sys.executable, "-m", "cli.main", "rotate-keys"]
    return subprocess.run(words, env=env, cwd=ROOT, capture_output=True, text=True, check=False)


async def test_keys_rotate(stack: Stack, tmp_path: Path) -> None:
    """One connection is sealed with a key of yesterday, another with one that nobody has any more."""
    old, lost = (connected(stack, tmp_path) for _ in range(2))
    await _plant(stack, old.id, "yesterday's key")
    await _plant(stack, lost.id, "a lost key")
    assert ok(old.admin.get(old.path))["secretNames"] is None, "no key opens it, and that is said"
    refused(old.admin.post(f"{old.path}/test"), 503, "CredentialsLocked")
    ran = _rotate(stack, "test-secret-key, yesterday's key")
    assert ran.returncode != 0
    assert lost.id in ran.stderr
    assert old.id not in ran.stderr
    assert ok(old.admin.get(old.path))["secretNames"] == ["webhookSecret"], "the first key alone opens it"
    trail = ok(old.admin.get("/api/audit", params={"entityId": old.id, "action": "integration.key_rotated"}))
    assert len(trail["items"]) == 1
    renewed = ok(lost.admin.patch(lost.path, json={"secrets": {"webhookSecret": "new"}}))
    assert renewed["secretNames"] == ["webhookSecret"], "whoever enters them anew needs no key"
    ran = _rotate(stack, "test-secret-key")
    assert ran.returncode == 0, f"it may be run twice: {ran.stderr}"


# Rest and end


def test_a_paused_connection_keeps_what_it_is_sent_and_does_nothing(board: Connected, stack: Stack) -> None:
    author = stack.person()
    eventually(lambda: board.health()["lastReconciledAt"], 40)  # what is under way ends as it began
    item = board.item(author)
    eventually(lambda: board.log(operation="update"))
    ok(board.admin.patch(board.path, json={"enabled": False}))
    assert board.health()["state"] == "paused"
    answer = board.closed_elsewhere(board.ticket(item))
    assert ok(answer, 200)["status"] == "ignored"
    (told,) = board.log(result="paused")
    assert (told["direction"], told["replayable"]) == ("IN", True)
    assert ok(author.get(f"/api/action-items/{item['id']}"))["status"] == "OPEN"
    forged = board.tells(board.ticket(item), TicketAction.CLOSED, "another secret")
    refused(forged, 401, "BadSignature")
    ok(board.admin.patch(board.path, json={"enabled": True}))
    ok(board.admin.post(f"{board.path}/deliveries/{told['id']}/replay"), 202)
    eventually(lambda: ok(author.get(f"/api/action-items/{item['id']}"))["status"] == "COMPLETED")
    eventually(lambda: board.log(deliveryId=told["deliveryId"], operation="webhook closed"))


def test_a_paused_source_of_incidents_opens_none(stack: Stack) -> None:
    admin, secret = stack.person("ADMIN"), uuid4().hex
    body = {"kind": "generic", "name": "Paused", "secrets": {"webhookSecret": secret}}
    made = ok(admin.post("/api/integrations", json=body), 201)
    path = f"/api/integrations/{made['id']}"
    ok(admin.patch(path, json={"enabled": False}))
    report = {"externalId": uuid4().hex, "title": "Down", "status": "OPEN", "startedAt": "2026-01-01T10:00:00Z"}
    raw = json.dumps(report).encode()
    signed = {"X-Hub-Signature-256": f"sha256={sha256_signature(secret, raw)}", "X-Delivery-Id": uuid4().hex}
    assert ok(stack.client(None).post(made["webhookUrl"], content=raw, headers=signed), 200)["status"] == "ignored"
    (told,) = ok(admin.get(f"{path}/deliveries"))["items"]
    assert told["result"] == "paused"

    def known() -> bool:
        found = ok(admin.get("/api/incidents", params={"limit": 50}))["items"]
        return any(one["externalId"] == report["externalId"] for one in found)

    assert not known()
    ok(admin.patch(path, json={"enabled": True}))
    ok(admin.post(f"{path}/deliveries/{told['id']}/replay"), 202)
    eventually(known)
    ok(admin.delete(path))


async def test_a_connection_that_is_given_up(board: Connected, stack: Stack) -> None:
    author = stack.person()
    item = board.item(author)
    ticket = board.ticket(item)
    stale = board.admin.delete(board.path, headers={"If-Match": '"99"'})
    refused(stale, 412, "StaleVersion")
    gone = ok(board.admin.delete(board.path))
    assert (gone["enabled"], gone["secretNames"], gone["webhookLeft"]) == (False, [], None)
    assert gone["disconnectedAt"]
    async with sessions_of(stack) as sessions, sessions.begin() as session:
        kept = (await session.execute(select(Integration.secrets).where(Integration.id == board.id))).scalar_one()
    assert kept is None, "its credentials are destroyed"
    refused(board.closed_elsewhere(ticket), 410, "WebhookNotWanted")
    (link,) = ok(author.get(f"/api/action-items/{item['id']}"))["tickets"]
    assert (link["key"], link["url"]) == (ticket.key, ticket.url), "its links can be read"
    refused(author.post(f"/api/action-items/{item['id']}/tickets", json={"integrationId": board.id}), 404, "NotFound")
    refused(board.admin.patch(board.path, json={"enabled": True}), 409, "Disconnected")
    refused(board.admin.post(f"{board.path}/test"), 409, "Disconnected")
    refused(board.admin.delete(board.path), 409, "Disconnected")
    assert board.health()["state"] == "disconnected"
    assert board.log(), "and its log"
    in_use = ok(board.admin.get("/api/integrations", params={"limit": 200}))["items"]
    given_up = ok(board.admin.get("/api/integrations", params={"limit": 200, "disconnected": True}))["items"]
    assert (board.id in {one["id"] for one in in_use}, board.id in {one["id"] for one in given_up}) == (False, True)
