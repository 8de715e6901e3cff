"""Postmortems switched off: none can be started by whatever door, none starts by itself, and existing ones go on."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.api import writing
from tests.api.writing import ok
from tests.pages.visiting import visitor
from tests.stack import Stack

OFF = "Postmortems are switched off for"


@contextmanager
def switched_off(admin: httpx.Client) -> Iterator[None]:
    ok(admin.put("/api/postmortem-settings", json={"enabled": False}))
    try:
        yield
    finally:
        ok(admin.put("/api/postmortem-settings", json={"enabled": True}))


def resolved(admin: httpx.Client, **more: Any) -> dict[str, Any]:
    at = datetime(2026, 11, 2, 10, tzinfo=UTC).isoformat()
    report = {"externalId": uuid4().hex, "title": "Down", "urgency": "LOW", "startedAt": at, "resolvedAt": at}
    made: dict[str, Any] = ok(admin.post("/api/incidents", json=report | {"status": "RESOLVED"} | more), 201)
    return made


def test_nobody_starts_one(stack: Stack, admin: httpx.Client) -> None:
    person, incident = stack.person(), resolved(admin)
    before = writing.draft(person)["id"]
    with switched_off(admin):
        for path, body in (
            ("/api/postmortems", {"title": "Another"}),
            ("/api/postmortems", {"incidentId": incident["id"]}),
            (f"/api/incidents/{incident['id']}/postmortem", {}),
        ):
            answer = person.post(path, json=body)
            assert (answer.status_code, answer.json()["code"]) == (409, "PostmortemsDisabled")
            assert f"{OFF} your organization." in answer.json()["detail"]
        visit = visitor(stack, person)
        assert OFF in visit.get("/postmortems/new")
        assert OFF in visit.send("/postmortems", "/postmortems/new", title="Another").text
        assert OFF in visit.get(f"/incidents/{incident['id']}")
        ok(person.patch(f"/api/postmortems/{before}", json={"summary": "Existing ones go on."}))
    ok(person.post("/api/postmortems", json={"title": "Another"}), 201)


def test_none_starts_by_itself(admin: httpx.Client) -> None:
    with switched_off(admin):
        incident = resolved(admin, urgency="HIGH")
        assert incident["decision"]["decision"] == "required"
        assert ok(admin.get(f"/api/incidents/{incident['id']}"))["postmortemIds"] == []
    incident = resolved(admin, urgency="HIGH")
    assert len(ok(admin.get(f"/api/incidents/{incident['id']}"))["postmortemIds"]) == 1


def test_for_a_team(stack: Stack, admin: httpx.Client) -> None:
    person = stack.person()
    off, on = (ok(admin.post("/api/teams", json={"name": f"Team {uuid4().hex[:6]}"}), 201) for _ in range(2))
    ok(admin.patch(f"/api/teams/{off['id']}", json={"postmortemsEnabled": False}))
    assert ok(admin.get(f"/api/teams/{off['id']}"))["postmortemsEnabled"] is False
    answer = person.post("/api/postmortems", json={"title": "Of one team", "teamIds": [off["id"]]})
    assert (answer.status_code, answer.json()["code"]) == (409, "PostmortemsDisabled")
    assert off["name"] in answer.json()["detail"]
    both = {"title": "Of two teams", "teamIds": [off["id"], on["id"]]}
    ok(person.post("/api/postmortems", json=both), 201)
    incident = resolved(admin, urgency="HIGH", teamId=off["id"])
    assert ok(admin.get(f"/api/incidents/{incident['id']}"))["postmortemIds"] == []
    assert off["name"] in visitor(stack, person).get(f"/incidents/{incident['id']}")


def test_who_may_switch(stack: Stack, admin: httpx.Client) -> None:
    person = stack.person()
    assert ok(person.get("/api/postmortem-settings"))["enabled"] is True
    assert person.put("/api/postmortem-settings", json={"enabled": False}).status_code == 403
    tag = admin.get("/api/postmortem-settings").headers["ETag"]
    with switched_off(admin):
        stale = admin.put("/api/postmortem-settings", json={"enabled": True}, headers={"If-Match": tag})
        assert stale.status_code == 412
        entries = ok(admin.get("/api/audit", params={"action": "organization.updated"}))["items"]
        assert entries[0]["after"] == {"postmortemsEnabled": False}


@pytest.mark.parametrize("role", ["ADMIN", "MEMBER"])
def test_its_page(stack: Stack, role: str) -> None:
    visit = visitor(stack, stack.person(role))
    page = visit.get("/settings/postmortems")
    assert "Postmortems are switched on" in page
    assert ("Switch postmortems off" in page) == (role == "ADMIN")
    if role == "ADMIN":
        version = page.split('name="version" value="')[1].split('"')[0]
        tag = f'"{version}"'
        visit.done("/settings/postmortems", "/settings/postmortems", enabled="no", version=tag)
        assert "Postmortems are switched off" in visit.get("/settings/postmortems")
        stale = visit.send("/settings/postmortems", "/settings/postmortems", enabled="no", version=tag)
        assert stale.status_code == 412
        visit.done("/settings/postmortems", "/settings/postmortems", enabled="yes", version=f'"{int(version) + 1}"')
    else:
        assert visit.send("/settings/postmortems", "/settings/postmortems", enabled="no").status_code == 403
