"""Policies: who may edit them, their versions, what a change means for open postmortems, and simulation."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.api.writing import draft, in_review, ok
from tests.stack import Person, Stack, eventually
from tests.stories.test_first_drafts import next_deadline

Json = dict[str, Any]
SHORT = {"draft_started": {"hours": 1}, "draft_completed": {"hours": 2}, "published": {"hours": 400}}


@pytest.fixture
def team(admin: httpx.Client) -> str:
    return str(ok(admin.post("/api/teams", json={"name": f"Team {uuid4().hex[:8]}"}), 201)["id"])


@pytest.fixture
def policy(admin: httpx.Client, team: str) -> Iterator[Json]:
    made = ok(admin.post("/api/policies", json={"name": "Ours", "teamId": team}), 201)
    yield made
    admin.delete(f"/api/policies/{made['id']}")


def opened(author: Person, team: str, **fields: Any) -> Json:
    return dict(draft(author, teamIds=[team], **fields))


def due(client: httpx.Client | Person, postmortem_id: str) -> dict[str, datetime]:
    listed = ok(client.get(f"/api/postmortems/{postmortem_id}/targets"))["items"]
    return {one["name"]: datetime.fromisoformat(one["dueAt"]) for one in listed}


def test_a_policy_begins_as_the_default_one(admin: httpx.Client, policy: Json, team: str) -> None:
    default = ok(admin.get("/api/policies/pol_default"))
    same = ("urgency", "serviceId", "targets", "ladder", "calendar", "staleAfterDays", "minReviewers")
    assert {name: policy[name] for name in same} == {name: default[name] for name in same}
    assert policy["version"] == 1
    assert policy["teamId"] == team
    assert policy["targets"]["draft_started"] == {"hours": 24, "counted": "ELAPSED"}
    assert [one["name"] for one in policy["ladder"]] == ["before_due", "due", "+1", "+3", "+5", "weekly"]
    assert policy["id"] in {one["id"] for one in ok(admin.get("/api/policies?limit=200"))["items"]}


def test_everybody_reads_administrators_write(stack: Stack, admin: httpx.Client, policy: Json) -> None:
    jane = stack.person()
    where = f"/api/policies/{policy['id']}"
    assert ok(jane.get(where)) == policy
    assert ok(jane.get(f"{where}/versions"))["items"] == [policy]
    assert ok(jane.get(f"{where}/simulation", params={"from": "2026-11-23T08:00:00Z"}))["items"]
    for refused in (
        jane.post("/api/policies", json={"name": "Mine", "urgency": "HIGH"}),
        jane.patch(where, json={"name": "Mine"}),
        jane.delete(where),
        jane.post(f"{where}/preview", json={}),
        jane.post(f"{where}/apply"),
    ):
        assert ok(refused, 403)["code"] == "NotAllowed"
    assert ok(admin.get(where)) == policy


def test_each_change_is_a_version_and_each_is_kept(admin: httpx.Client, policy: Json) -> None:
    where = f"/api/policies/{policy['id']}"
    sent = {
        "targets": {"draft_completed": {"hours": 16, "counted": "WORKING"}},
        "calendar": {"timeZone": "Europe/Berlin", "country": "DE", "region": "BY", "closedOn": ["2026-12-24"]},
        "ladder": [
            {"kind": "EVERY_DAYS", "amount": 7, "asks": ["ADMINISTRATORS"]},
            {"kind": "DUE", "asks": ["OWNER"]},
        ],
        "staleAfterDays": None,
    }
    answer = admin.patch(where, json=sent, headers={"If-Match": '"1"'})
    changed = ok(answer)
    assert answer.headers["ETag"] == '"2"'
    assert changed["version"] == 2
    assert changed["targets"] == sent["targets"]
    assert [one["name"] for one in changed["ladder"]] == ["due", "weekly"]
    assert changed["staleAfterDays"] is None
    assert "2027-01-06" in changed["calendar"]["holidays"], "Epiphany, in Bavaria"
    assert ok(admin.get(f"{where}?version=1")) == policy
    assert [one["version"] for one in ok(admin.get(f"{where}/versions"))["items"]] == [2, 1]
    assert ok(admin.patch(where, json={**changed, "name": "Ours"}))["version"] == 2, "nothing changed"
    assert ok(admin.patch(where, json={"name": "Late"}, headers={"If-Match": '"1"'}), 412)["code"] == "StaleVersion"
    trail = ok(admin.get("/api/audit", params={"entityId": policy["id"]}))["items"]
    assert [one["action"] for one in trail] == ["policy.updated", "policy.created"]


@pytest.mark.parametrize(
    "body",
    [
        {"calendar": {"opens": "22:00", "closes": "06:00"}},
        {"calendar": {"country": "XX"}},
        {"calendar": {"country": "DE", "region": "CA"}},
        {"calendar": {"region": "BY"}},
        {"calendar": {"timeZone": "Mars/Phobos"}},
        {"calendar": {"timeZone": "localtime"}},
        {"calendar": {"timeZone": "Factory"}},
        {"calendar": {"workingDays": []}},
        {"ladder": [{"kind": "BEFORE_DUE", "amount": 100, "asks": ["OWNER"]}]},
        {"ladder": [{"kind": "DUE", "asks": ["OWNER"]}] * 2},
        {"targets": {}},
        {"targets": {"draft_started": {"hours": 10}, "published": {"hours": 9}}},
        {"targets": {"published": {"hours": 8000, "counted": "WORKING"}}},
        {"serviceId": "svc_none"},
        {"name": "\0"},
        {"nmae": "a typing error"},
    ],
)
def test_what_cannot_be_is_refused(admin: httpx.Client, policy: Json, body: Json) -> None:
    for answer in (
        admin.patch(f"/api/policies/{policy['id']}", json=body),
        admin.post(f"/api/policies/{policy['id']}/preview", json=body),
    ):
        assert answer.status_code == 422, answer.text
        assert answer.headers["content-type"] == "application/problem+json"


def test_two_for_the_same_are_refused_and_so_is_an_end_of_the_default_one(
    admin: httpx.Client, policy: Json, team: str
) -> None:
    assert ok(admin.post("/api/policies", json={"name": "Too", "teamId": team}), 409)["code"] == "AlreadyExists"
    assert ok(admin.post("/api/policies", json={"name": "For all"}), 409)["code"] == "AlreadyExists"
    for refused in (
        admin.delete("/api/policies/pol_default"),
        admin.patch("/api/policies/pol_default", json={"teamId": team}),
    ):
        assert ok(refused, 409)["code"] == "DefaultPolicyNeeded"
    assert ok(admin.get("/api/policies/pol_none"), 404)["code"] == "NotFound"


def test_an_archived_one_fits_nothing_more(stack: Stack, admin: httpx.Client, policy: Json, team: str) -> None:
    where = f"/api/policies/{policy['id']}"
    ok(admin.patch(where, json={"targets": SHORT}))
    for _ in range(2):
        ok(admin.delete(where), 204)
    assert ok(admin.get(where))["archivedAt"]
    for refused in (admin.patch(where, json={"name": "No"}), admin.post(f"{where}/apply")):
        assert ok(refused, 409)["code"] == "PolicyArchived"
    assert policy["id"] not in {one["id"] for one in ok(admin.get("/api/policies?limit=200"))["items"]}
    assert policy["id"] in {one["id"] for one in ok(admin.get("/api/policies?archived=true&limit=200"))["items"]}
    made = opened(stack.person(teamIds=[team]), team)
    assert "review_completed" in due(admin, made["id"]), "the default one's"
    assert ok(admin.post("/api/policies", json={"name": "Anew", "teamId": team}), 201)["version"] == 1


def test_targets_in_working_time(stack: Stack, admin: httpx.Client, policy: Json, team: str) -> None:
    body = {
        "targets": {"draft_completed": {"hours": 8, "counted": "WORKING"}},
        "calendar": {"timeZone": "Asia/Kathmandu"},
    }
    ok(admin.patch(f"/api/policies/{policy['id']}", json=body))
    made = opened(stack.person(teamIds=[team]), team)
    local = due(admin, made["id"])["draft_completed"] + timedelta(hours=5, minutes=45)
    assert local.isoweekday() <= 5
    assert 9 <= (local - timedelta(microseconds=1)).hour < 17
    assert datetime.now(UTC) < local


def test_a_change_is_shown_and_then_applied_to_what_is_open(
    stack: Stack, admin: httpx.Client, policy: Json, team: str
) -> None:
    author, reviewer = stack.person(teamIds=[team]), stack.person(teamIds=[team])
    started, handed_in = opened(author, team), in_review(author, [reviewer], teamIds=[team])
    late = opened(author, team)
    until = datetime.now(UTC) + timedelta(days=30)
    body = {"until": until.isoformat(), "reason": "A holiday"}
    ok(author.post(f"/api/postmortems/{late['id']}/targets/published/extend", json=body))
    before = {one["id"]: due(admin, one["id"]) for one in (started, handed_in, late)}
    where = f"/api/policies/{policy['id']}"
    change = {"targets": {"draft_completed": {"hours": 1}, "published": {"hours": 24}}}

    previews = [ok(admin.post(f"{where}/preview", json=change))]
    assert ok(admin.post(f"{where}/preview"))["items"] == [], "as it stands, nothing changes"
    ok(admin.patch(where, json=change))
    assert {one["id"]: due(admin, one["id"]) for one in (started, handed_in, late)} == before, "they keep theirs"
    previews.append(ok(admin.post(f"{where}/preview")))
    assert previews[0]["items"] == previews[1]["items"], "the same, said before and after saving"
    shown = {one["postmortemId"]: one for one in previews[1]["items"]}
    assert set(shown) == set(before)
    assert {one["target"]: one["dueAfter"] for one in shown[started["id"]]["targets"]} == {
        "draft_completed": _plus(started, 1),
        "review_completed": None,
        "published": _plus(started, 24),
    }
    assert {one["target"] for one in shown[handed_in["id"]]["targets"]} == {"review_completed", "published"}, "met"
    assert {one["target"] for one in shown[late["id"]]["targets"]} == {"draft_completed", "review_completed"}, (
        "extended"
    )

    applied = ok(admin.post(f"{where}/apply", headers={"If-Match": '"2"'}))
    assert (applied["policyVersion"], applied["applied"], applied["left"]) == (2, 3, 0)
    assert due(admin, started["id"])["draft_completed"] == _at(_plus(started, 1))
    assert "review_completed" not in due(admin, started["id"])
    assert ok(admin.post(f"{where}/apply"))["applied"] == 0, "once"
    (entry,) = [
        one
        for one in ok(admin.get(f"/api/postmortems/{started['id']}/audit"))["items"]
        if one["action"] == "postmortem.policy_applied"
    ]
    assert entry["after"]["policyVersion"] == 2
    assert entry["before"]["policyVersion"] == 1
    soon = _at(_plus(started, 1))
    assert eventually(lambda: next_deadline(stack, started["id"]) == soon), "its workflow was told"


def test_what_becomes_overdue_is_counted_and_comes_first(
    stack: Stack, admin: httpx.Client, policy: Json, team: str
) -> None:
    author = stack.person(teamIds=[team])
    new = opened(author, team)
    resolved = datetime.now(UTC) - timedelta(hours=10)
    incident = {
        "externalId": uuid4().hex,
        "title": "Slow",
        "urgency": "HIGH",
        "status": "RESOLVED",
        "teamId": team,
        "startedAt": (resolved - timedelta(hours=1)).isoformat(),
        "resolvedAt": resolved.isoformat(),
    }
    made = ok(admin.post("/api/incidents", json=incident), 201)
    old = ok(admin.post(f"/api/incidents/{made['id']}/postmortem", json={}), 409)["postmortem_id"]
    change = {"targets": {"draft_started": {"hours": 2}, "draft_completed": {"hours": 20}}}
    found = ok(admin.post(f"/api/policies/{policy['id']}/preview", json=change))
    assert (found["postmortems"], found["becomeOverdue"]) == (2, 1)
    assert [one["postmortemId"] for one in found["items"]] == [old, new["id"]]
    assert [one["target"] for one in found["items"][0]["targets"] if one["becomesOverdue"]] == ["draft_started"]


def test_the_simulation(admin: httpx.Client, policy: Json) -> None:
    where = f"/api/policies/{policy['id']}"
    asked = {"from": "2026-11-23T08:00:00Z", "days": 9}
    rows = ok(admin.get(f"{where}/simulation", params=asked))["items"]
    assert rows[0] == {
        "at": "2026-11-23T16:00:00Z",
        "target": "draft_started",
        "rung": "before_due",
        "to": "owner",
        "channel": "inbox",
    }
    ok(admin.patch(where, json={"ladder": []}))
    assert ok(admin.get(f"{where}/simulation", params=asked))["items"] == []
    assert ok(admin.get(f"{where}/simulation", params={**asked, "version": 1}))["items"] == rows
    assert admin.get(f"{where}/simulation", params={"from": "yesterday"}).status_code == 422


def _plus(made: Json, hours: int) -> str:
    return (_at(made["createdAt"]) + timedelta(hours=hours)).isoformat().replace("+00:00", "Z")


def _at(written: str) -> datetime:
    return datetime.fromisoformat(written)
