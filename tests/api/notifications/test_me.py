"""Your own preferences and inbox; team channels; people whom messages don't reach."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from application.notifications import notices
from models.notification import ReceiverState
from tests.api.rows import sessions_of
from tests.api.writing import draft, ok
from tests.stack import Person, Stack


def notify(stack: Stack, person: Person, kind: str = "changes_requested", **facts: Any) -> None:
    async def put() -> None:
        async with sessions_of(stack) as sessions, sessions.begin() as session:
            occasion = facts.pop("dedupe_key", uuid4().hex)
            await notices.notify(session, [person.id], kind, occasion, at=datetime.now(UTC), **facts)

    asyncio.run(put())


def test_preferences_are_kept_as_they_are_given(stack: Stack) -> None:
    me, other = stack.person(), stack.person()
    given = {
        "timeZone": "Europe/Berlin",
        "country": "DE",
        "region": "BY",
        "workingDays": ["MON", "TUE", "WED"],
        "opens": "08:30",
        "closes": "24:00",
        "preferredHour": "10:00",
        "quietFrom": "22:00",
        "quietUntil": "07:00",
        "preferredChannel": "email",
        "mutedKinds": ["comment_added", "editor_added"],
        "snoozedUntil": "2030-01-01T00:00:00Z",
        "awayFrom": "2030-02-01T00:00:00Z",
        "awayUntil": "2030-02-09T00:00:00Z",
        "delegateId": other.id,
    }
    shown = ok(me.patch("/api/me", json=given))
    assert {name: shown[name] for name in given} == given
    assert ok(me.get("/api/me")) == shown
    gone = dict.fromkeys([*given], None) | {"timeZone": "UTC", "mutedKinds": []}
    cleared = ok(me.patch("/api/me", json=gone))
    assert {name: cleared[name] for name in gone} == gone
    assert cleared["version"] == shown["version"] + 1


@pytest.mark.parametrize(
    ("given", "where"),
    [
        ({"preferredHour": "24:00"}, "body.preferredHour"),
        ({"preferredHour": "9"}, "body.preferredHour"),
        ({"opens": "09:00"}, "body.closes"),
        ({"opens": "17:00", "closes": "09:00"}, "body.closes"),
        ({"quietFrom": "09:00"}, "body.quietUntil"),
        ({"quietFrom": "09:00", "quietUntil": "17:00"}, "body.quietUntil"),
        ({"quietFrom": "18:00", "quietUntil": "17:30"}, "body.quietUntil"),
        ({"workingDays": []}, "body.workingDays"),
        ({"country": "XX"}, "body"),
        ({"country": "DE", "region": "XX"}, "body"),
        ({"region": "BY"}, "body"),
        ({"mutedKinds": ["nonsense"]}, "body.mutedKinds.0"),
        ({"preferredChannel": "pigeon"}, "body.preferredChannel"),
        ({"awayFrom": "2030-02-02T00:00:00Z", "awayUntil": "2030-02-01T00:00:00Z"}, "body.awayUntil"),
        ({"snoozedUntil": "tomorrow"}, "body.snoozedUntil"),
    ],
)
def test_preferences_that_cannot_be(stack: Stack, given: dict[str, Any], where: str) -> None:
    me = stack.person()
    answer = me.patch("/api/me", json=given)
    assert answer.status_code == 422, answer.text
    assert where in [one["where"] for one in answer.json()["reasons"]]
    assert ok(me.get("/api/me"))["version"] == 1


def test_who_stands_in_is_somebody_else_who_is_there(stack: Stack) -> None:
    me, gone = stack.person(), stack.person()
    ok(stack.person("ADMIN").patch(f"/api/users/{gone.id}", json={"active": False}))
    for delegate, code in ((me.id, "Malformed"), (gone.id, "PersonNotActive"), ("user_none", "UnknownReference")):
        answer = me.patch("/api/me", json={"delegateId": delegate})
        assert (answer.status_code, answer.json()["code"]) == (422, code)


def test_the_inbox_is_filtered_and_marked(stack: Stack) -> None:
    me = stack.person()
    pm = draft(me)["id"]
    for kind in ("changes_requested", "comment_added", "comment_added"):
        notify(stack, me, kind, postmortem_id=pm, is_escalation=kind == "changes_requested")

    def inbox(**filters: Any) -> list[Any]:
        return list(ok(me.get("/api/me/notifications", params=filters))["items"])

    assert [one["kind"] for one in inbox()] == ["comment_added", "comment_added", "changes_requested"]
    assert [one["isEscalation"] for one in inbox()] == [False, False, True]
    assert len(inbox(kind="comment_added")) == 2
    ok(me.post(f"/api/me/notifications/{inbox()[0]['id']}/read"))
    assert len(inbox(unread=True)) == 2
    assert len(inbox(unread=True, kind="comment_added")) == 1
    assert ok(me.post("/api/me/notifications/read")) == {"marked": 2}
    assert ok(me.post("/api/me/notifications/read")) == {"marked": 0}
    assert inbox(unread=True) == []
    assert me.get("/api/me/notifications", params={"kind": "A b"}).status_code == 422


def test_a_teams_channel(stack: Stack) -> None:
    admin = stack.person("ADMIN")
    url = {"secrets": {"url": "json://localhost:1/x"}, "config": {}}
    channel = ok(admin.post("/api/integrations", json={"kind": "apprise", "name": "Hook", **url}), 201)
    assert channel["secretNames"] == ["url"]
    assert "localhost" not in str(channel)
    tracker = ok(admin.post("/api/integrations", json={"kind": "console", "name": f"c{uuid4().hex}"}), 201)
    team = ok(admin.post("/api/teams", json={"name": f"T{uuid4().hex[:8]}"}), 201)
    assert team["channel"] is None
    path, given = f"/api/teams/{team['id']}", {"integrationId": channel["id"], "address": ""}
    assert ok(admin.patch(path, json={"channel": given}))["channel"] == given
    assert ok(admin.patch(path, json={"name": f"T{uuid4().hex[:8]}"}))["channel"] == given
    for one, code in (("int_none", "UnknownReference"), (tracker["id"], "Malformed")):
        answer = admin.patch(path, json={"channel": {"integrationId": one}})
        assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert ok(admin.patch(path, json={"channel": None}))["channel"] is None


@pytest.mark.parametrize(
    ("kind", "config", "secrets"),
    [
        ("email", {"host": "h", "fromAddress": "nobody"}, {}),
        ("email", {"host": "h", "fromAddress": "a@b", "port": 0}, {}),
        ("email", {"host": "h", "fromAddress": "a@b", "security": "MAYBE"}, {}),
        ("apprise", {}, {}),
    ],
)
def test_a_channel_that_cannot_be_connected(
    stack: Stack, kind: str, config: dict[str, Any], secrets: dict[str, Any]
) -> None:
    body = {"kind": kind, "name": "Mail", "config": config, "secrets": secrets}
    answer = stack.person("ADMIN").post("/api/integrations", json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "InvalidIntegrationConfig")


def test_a_channel_says_what_is_wrong_with_it(stack: Stack) -> None:
    config = {"host": "127.0.0.1", "port": 1, "fromAddress": "a@example.com", "security": "NONE"}
    body = {"kind": "email", "name": "Mail", "config": config, "secrets": {"username": "u", "password": "hunter2"}}
    made = ok(stack.person("ADMIN").post("/api/integrations", json=body), 201)
    tried = ok(stack.person("ADMIN").post(f"/api/integrations/{made['id']}/test"))
    assert not tried["ok"]
    assert "hunter2" not in str(tried) + str(made)
    ok(stack.person("ADMIN").delete(f"/api/integrations/{made['id']}"))


def test_whom_messages_do_not_reach(stack: Stack) -> None:
    lost = stack.person()

    async def lose() -> None:
        async with sessions_of(stack) as sessions, sessions.begin() as session:
            since = datetime.now(UTC) - timedelta(days=1)
            session.add(ReceiverState(receiver_id=lost.id, unreachable_since=since, unreachable_why="550 no such user"))

    asyncio.run(lose())
    (found,) = [one for one in ok(stack.person("ADMIN").get("/api/health/people"))["items"] if one["userId"] == lost.id]
    assert (found["reason"], found["teamId"]) == ("550 no such user", None)
    assert lost.get("/api/health/people").status_code == 403
