"""The audit log: every change, every read that only an administrator could make, filters, and exports."""

import csv
import io
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import event

from api.app import create_app
from application.audit.audit_log import EXPORT_BATCH_SIZE, audit
from runtime.settings import Settings
from tests.api import writing
from tests.api.rows import sessions_of
from tests.api.writing import ok
from tests.stack import Person, Stack, eventually

CHANGES_NOTHING = {
    "POST /api/integrations/{integration_id}/test": "asks the vendor",
    "POST /api/integrations/{integration_id}/dry-run": "shows what would be written",
    "POST /api/advice": "keeps nothing",
    "POST /api/policies/{policy_id}/preview": "shows what applying would do",
    "POST /api/postmortems/{postmortem_id}/timeline/parse": "shows what an import would do",
    "POST /api/postmortems/{postmortem_id}/timeline/import-slack": "takes files; its own test looks at the trail",
    "POST /api/me/notifications/{notice_id}/read": "one's own inbox",
    "POST /api/me/notifications/read": "one's own inbox",
    "POST /api/webhooks/{source}/{integration_id}": "the same as the one without the connection's id",
}


class Watched:
    """An administrator whose every write is watched: which door, and which actions the trail has of it."""

    def __init__(self, stack: Stack) -> None:
        self.person = stack.person("ADMIN")
        self.doors: dict[str, set[str]] = {}
        document = ok(self.person.get("/openapi.json"))
        self.writes = {
            f"{method.upper()} {path}"
            for path, methods in document["paths"].items()
            for method in methods
            if method in {"post", "put", "patch", "delete"}
        }

    def newest(self) -> int:
        items = ok(self.person.get("/api/audit", params={"limit": 1}))["items"]
        return int(items[0]["id"]) if items else 0

    def __call__(self, method: str, door: str, body: Any = None, *, status: int = 200, **names: str) -> Any:
        before = self.newest()
        answer = ok(self.person.request(method, door.format(**names), json=body), status)
        told = ok(self.person.get("/api/audit", params={"limit": 50}))["items"]
        actions = {one["action"] for one in told if one["id"] > before and one["action"] != "postmortem.read"}
        self.doors.setdefault(f"{method} {door}", set()).update(actions)
        return answer


def test_every_write_door_is_audited(stack: Stack) -> None:
    """Each door of the OpenAPI document that writes is used once, and leaves something in the trail."""
    call = Watched(stack)
    me, reviewer, leaver, guest = call.person, stack.person("ADMIN"), stack.person(), stack.person()
    _people(call, guest)
    _templates(call)
    _policies(call)
    pm = _text(call)
    _action_items(call, pm, me)
    _lifecycle(call, pm, reviewer, leaver, guest)
    _incidents(call, pm)
    unaudited = sorted(door for door, actions in call.doors.items() if not actions)
    assert not unaudited
    assert call.writes - call.doors.keys() == set(CHANGES_NOTHING) & call.writes, "a door that this test does not use"


def _people(call: Watched, guest: Person) -> None:
    name = f"a{uuid4().hex[:8]}"
    body = {"email": f"{name}@example.com", "name": name, "handle": name, "role": "RESPONDER"}
    person = call("POST", "/api/users", body, status=201)
    call("PATCH", "/api/users/{user_id}", {"name": "Renamed"}, user_id=person["id"])
    call("PATCH", "/api/me", {"timeZone": "Europe/Berlin"})
    call("PUT", "/api/users/{user_id}/calendar", {"country": "DE"}, user_id=person["id"])
    token = call("POST", "/api/tokens", {"name": "t", "userId": person["id"], "scopes": ["read"]}, status=201)
    call("DELETE", "/api/tokens/{token_id}", token_id=token["id"], status=204)
    call("POST", "/api/users/{user_id}/sign-in-links", status=201, user_id=person["id"])
    team = call("POST", "/api/teams", {"name": f"T{name}"}, status=201)
    call("PATCH", "/api/teams/{team_id}", {"memberIds": [guest.id]}, team_id=team["id"])
    service = call("POST", "/api/services", {"name": f"s{name}"}, status=201)
    call("PATCH", "/api/services/{service_id}", {"teamId": team["id"]}, service_id=service["id"])


def _text(call: Watched) -> str:
    made = call("POST", "/api/postmortems", {"title": "Audited", **writing.SECTIONS}, status=201)
    pm = str(made["id"])
    call("PATCH", "/api/postmortems/{postmortem_id}", {"impact": "Other words"}, postmortem_id=pm)
    base = "/api/postmortems/{postmortem_id}"
    section = f"{base}/sections/{{name}}"
    saved = call("PUT", section, {"body": "First words"}, postmortem_id=pm, name="detection")
    latest = {"body": "Second words", "baseRevision": saved["revision"]}
    call("PUT", section, latest, postmortem_id=pm, name="detection")
    call("POST", f"{section}/restore", {"revision": saved["revision"]}, postmortem_id=pm, name="detection")
    event = {"at": "2026-01-01T10:00:00Z", "event": "Alert"}
    first = call("POST", f"{base}/timeline", event, status=201, postmortem_id=pm)
    second = call("POST", f"{base}/timeline", event, status=201, postmortem_id=pm)
    text = {"text": "11:00 Looked at it", "date": "2026-01-01", "timeZone": "UTC"}
    call("POST", f"{base}/timeline/import", text, status=201, postmortem_id=pm)
    path = f"{base}/timeline/{{event_id}}"
    call("PATCH", path, {"event": "Changed"}, postmortem_id=pm, event_id=first["id"])
    call("DELETE", path, status=204, postmortem_id=pm, event_id=second["id"])
    comment = call("POST", f"{base}/comments", {"body": "Why?"}, status=201, postmortem_id=pm)
    path = f"{base}/comments/{{comment_id}}"
    call("PATCH", path, {"body": "How?"}, postmortem_id=pm, comment_id=comment["id"])
    call("DELETE", path, status=204, postmortem_id=pm, comment_id=comment["id"])
    line = {"rule": "blameless.named-cause", "line": "Caused by Jane."}
    ignored = call("POST", f"{base}/advice/ignore", line, status=201, postmortem_id=pm)
    path = f"{base}/advice/ignore/{{fingerprint}}"
    call("DELETE", path, status=204, postmortem_id=pm, fingerprint=ignored["fingerprint"])
    return pm


def _templates(call: Watched) -> None:
    body = {"name": f"T{uuid4().hex[:8]}", "copyOf": "tpl_short"}
    made = call("POST", "/api/templates", body, status=201)["id"]
    call("PATCH", "/api/templates/{template_id}", {"description": "Words"}, template_id=made)
    call("DELETE", "/api/templates/{template_id}", status=204, template_id=made)


def _policies(call: Watched) -> None:
    team = ok(call.person.post("/api/teams", json={"name": f"P{uuid4().hex[:8]}"}), 201)["id"]
    made = call("POST", "/api/policies", {"name": "Ours", "teamId": team}, status=201)["id"]
    writing.draft(call.person, teamIds=[team])
    call("PATCH", "/api/policies/{policy_id}", {"name": "Ours, later"}, policy_id=made)
    assert call("POST", "/api/policies/{policy_id}/apply", policy_id=made)["applied"] == 1
    call("DELETE", "/api/policies/{policy_id}", status=204, policy_id=made)


def _action_items(call: Watched, pm: str, me: Person) -> None:
    due = (datetime.now(UTC) + timedelta(days=9)).date().isoformat()
    body = {"description": "Do it", "ownerId": me.id, "dueDate": due}
    door = "/api/postmortems/{postmortem_id}/action-items"
    item, other = (call("POST", door, body, status=201, postmortem_id=pm)["id"] for _ in range(2))
    call("PATCH", "/api/action-items/{item_id}", {"details": "Words"}, item_id=item)
    until = {"until": (datetime.now(UTC) + timedelta(days=2)).isoformat()}
    call("POST", "/api/action-items/{item_id}/snooze", until, item_id=item)
    call("DELETE", "/api/action-items/{item_id}", status=204, item_id=other)
    body = {"kind": "console", "name": f"c{uuid4().hex}", "config": {}, "secrets": {}}
    integration = call("POST", "/api/integrations", body, status=201)["id"]
    call("PATCH", "/api/integrations/{integration_id}", {"name": "Other"}, integration_id=integration)
    door = "/api/action-items/{item_id}/tickets"
    for unlink in (door, f"{door}/{{ticket_id}}"):
        call("POST", door, {"integrationId": integration}, status=201, item_id=item)
        tickets = eventually(lambda: ok(me.get(f"/api/action-items/{item}"))["tickets"])
        call("DELETE", unlink, status=204, item_id=item, ticket_id=tickets[0]["id"])
    body = {"integrationId": integration}
    call("POST", "/api/postmortems/{postmortem_id}/tickets", body, status=202, postmortem_id=pm)
    _connections(call, integration, me)


def _connections(call: Watched, integration: str, me: Person) -> None:
    base = "/api/integrations/{integration_id}"
    named = {"integration_id": integration, "user_id": me.id}
    call("PUT", f"{base}/accounts/{{user_id}}", {"account": "me"}, **named)
    call("DELETE", f"{base}/accounts/{{user_id}}", status=204, **named)
    pairs = {"pairs": [{"userId": me.id, "account": "myself"}]}
    call("POST", f"{base}/accounts/import", pairs, integration_id=integration)

    def tried() -> str:
        log = ok(me.get(f"/api/integrations/{integration}/deliveries", params={"operation": "create"}))
        return str(log["items"][0]["id"])

    number = eventually(tried)
    call("POST", f"{base}/deliveries/{{number}}/replay", status=202, integration_id=integration, number=number)
    call("DELETE", base, integration_id=integration)


def _lifecycle(call: Watched, pm: str, reviewer: Person, leaver: Person, guest: Person) -> None:
    base = "/api/postmortems/{postmortem_id}"
    call("POST", f"{base}/editors", {"userId": leaver.id}, status=201, postmortem_id=pm)
    path = f"{base}/editors/{{user_id}}"
    call("PATCH", path, {"level": "COMMENT"}, postmortem_id=pm, user_id=leaver.id)
    call("DELETE", path, status=204, postmortem_id=pm, user_id=leaver.id)
    call("POST", f"{base}/reviewers", {"userIds": [reviewer.id, leaver.id]}, status=201, postmortem_id=pm)
    path = f"{base}/reviewers/{{user_id}}"
    call("POST", f"{path}/replace", {"userId": guest.id}, status=200, postmortem_id=pm, user_id=leaver.id)
    call("DELETE", path, status=204, postmortem_id=pm, user_id=guest.id)
    until = (datetime.now(UTC) + timedelta(days=30)).isoformat()
    path = f"{base}/targets/{{target}}"
    call("POST", f"{path}/extend", {"until": until, "reason": "Holidays"}, postmortem_id=pm, target="published")
    call("POST", f"{path}/waive", {"reason": "None"}, postmortem_id=pm, target="review_completed")
    call("POST", f"{base}/submit", {}, postmortem_id=pm)
    mine, call.person = call.person, reviewer
    call("POST", f"{base}/reviews", {"decision": "APPROVE"}, status=201, postmortem_id=pm)
    call.person = mine
    call("POST", f"{base}/publish", postmortem_id=pm)
    call("POST", f"{base}/request-changes", {"comment": "Once more"}, postmortem_id=pm)
    asked = ok(call.person.get(f"/api/postmortems/{pm}/comments", params={"resolved": False}))["items"][0]
    ok(call.person.patch(f"/api/postmortems/{pm}/comments/{asked['id']}", json={"resolved": True}))
    call("POST", f"{base}/publish", postmortem_id=pm)
    call("POST", f"{base}/archive", postmortem_id=pm)
    draft = ok(call.person.post("/api/postmortems", json={"title": "Gone"}), 201)["id"]
    call("DELETE", base, status=204, postmortem_id=draft)


def _incidents(call: Watched, pm: str) -> None:
    report = {"externalId": uuid4().hex, "title": "Down", "status": "RESOLVED", "startedAt": "2026-01-01T10:00:00Z"}
    report["resolvedAt"] = "2026-01-01T10:05:00Z"
    incident = call("POST", "/api/incidents", report, status=201)["id"]
    call("PATCH", "/api/incidents/{incident_id}", {"title": "Slow"}, incident_id=incident)
    call("POST", "/api/incidents/{incident_id}/postmortem", status=201, incident_id=incident)
    draft = ok(call.person.post("/api/postmortems", json={"title": "Linked"}), 201)["id"]
    base = "/api/postmortems/{postmortem_id}/incidents"
    call("POST", base, {"incidentId": incident}, status=201, postmortem_id=draft)
    call("DELETE", f"{base}/{{incident_id}}", status=204, postmortem_id=draft, incident_id=incident)
    news = {"externalId": uuid4().hex, "title": "Hooked", "status": "OPEN", "startedAt": "2026-01-01T10:00:00Z"}
    call("POST", "/api/webhooks/{source}", news, status=202, source="generic")


# Reading


def reads(person: Any, postmortem_id: str) -> list[Any]:
    trail = ok(person.get(f"/api/postmortems/{postmortem_id}/audit", params={"action": "postmortem.read"}))
    return [one["actorId"] for one in trail["items"]]


def private(author: Person, **fields: Any) -> str:
    made = writing.draft(author, visibility="PRIVATE", **fields)
    return str(made["id"])


READERS: dict[str, Callable[[Person, str, str], httpx.Response]] = {
    "a section": lambda one, pm, _: one.get(f"/api/postmortems/{pm}/sections/summary"),
    "a section's history": lambda one, pm, _: one.get(f"/api/postmortems/{pm}/sections/summary/revisions"),
    "the page": lambda one, pm, _: one.get(f"/api/postmortems/{pm}"),
    "comments": lambda one, pm, _: one.get(f"/api/postmortems/{pm}/comments"),
    "timeline": lambda one, pm, _: one.get(f"/api/postmortems/{pm}/timeline"),
    "action items": lambda one, pm, _: one.get(f"/api/postmortems/{pm}/action-items"),
    "all action items": lambda one, _, word: one.get("/api/action-items", params={"q": word}),
    "a list": lambda one, _, word: one.get("/api/postmortems", params={"q": word}),
    "a search": lambda one, _, word: one.get("/api/search", params={"q": word}),
    "its trail": lambda one, pm, _: one.get(f"/api/postmortems/{pm}/audit"),
    "the whole trail": lambda one, pm, _: one.get("/api/audit", params={"postmortemId": pm}),
}


@pytest.mark.parametrize("way", READERS)
def test_an_administrator_who_reads_what_is_private_is_remembered(stack: Stack, way: str) -> None:
    author, admin = stack.person(), stack.person("ADMIN")
    word = f"zq{uuid4().hex[:8]}"
    pm = private(author, title=word)
    writing.with_item(author, pm, author.id, description=word)
    assert reads(author, pm) == []
    for _ in range(3):
        ok(READERS[way](admin, pm, word))
    assert reads(author, pm) == [admin.id]


def test_the_reader_of_a_similar_one_is_remembered_too(stack: Stack) -> None:
    author, admin = stack.person(), stack.person("ADMIN")
    word = f"zq{uuid4().hex[:8]}"
    pm, own = private(author, title=word), writing.draft(admin, title=word)["id"]
    found = ok(admin.get(f"/api/postmortems/{own}/similar"))["items"]
    assert pm in {one["postmortem"]["id"] for one in found}
    assert reads(author, pm) == [admin.id]


def test_reading_as_one_of_its_people_is_nobodys_business(stack: Stack) -> None:
    author, reviewer, admin = stack.person("ADMIN"), stack.person("ADMIN"), stack.person("ADMIN")
    pm = private(author)
    ok(author.post(f"/api/postmortems/{pm}/reviewers", json={"userIds": [reviewer.id]}), 201)
    for person in (author, reviewer):
        ok(person.get(f"/api/postmortems/{pm}"))
    assert reads(author, pm) == []
    ok(author.patch(f"/api/postmortems/{pm}", json={"visibility": "ORGANIZATION"}))
    ok(admin.get(f"/api/postmortems/{pm}"))
    assert reads(author, pm) == []


def only_reads(connection: Any, _record: Any) -> None:
    connection.run_async(lambda raw: raw.execute("set default_transaction_read_only = on"))


async def test_a_database_that_only_reads_still_answers(stack: Stack) -> None:
    author, admin = stack.person(), stack.person("ADMIN")
    pm = private(author)
    settings = Settings(database_url=stack.database_url, secret_key="test-secret-key")
    app = create_app(settings)
    async with app.router.lifespan_context(app):
        engine = app.state.parts.sessions.kw["bind"]
        event.listen(engine.sync_engine, "connect", only_reads)
        transport = httpx.ASGITransport(app=app)
        headers = {"Authorization": admin.http.headers["Authorization"]}
        async with httpx.AsyncClient(transport=transport, base_url="http://test", headers=headers) as client:
            answer = await client.get(f"/api/postmortems/{pm}")
            assert answer.status_code == 200, answer.text
            listed = await client.get("/api/postmortems")
            assert listed.status_code == 200
        await engine.dispose()
    assert reads(author, pm) == []


# Asking


@pytest.fixture(scope="module")
def told(stack: Stack) -> tuple[Person, Person, str]:
    author, editor = stack.person(), stack.person()
    pm = writing.draft(author)["id"]
    ok(author.post(f"/api/postmortems/{pm}/editors", json={"userId": editor.id}), 201)
    for person in (author, editor):
        ok(person.post(f"/api/postmortems/{pm}/comments", json={"body": "=cmd|x"}), 201)
    comment = ok(author.post(f"/api/postmortems/{pm}/comments", json={"body": "Before"}), 201)
    ok(author.patch(f"/api/postmortems/{pm}/comments/{comment['id']}", json={"body": "After"}))
    return author, editor, pm


def test_filters(told: tuple[Person, Person, str]) -> None:
    author, editor, pm = told

    def asked(**filters: str) -> list[Any]:
        return list(ok(author.get(f"/api/postmortems/{pm}/audit", params=filters))["items"])

    everything = asked()
    assert [one["id"] for one in everything] == sorted((one["id"] for one in everything), reverse=True)
    assert {one["actorId"] for one in asked(actorId=editor.id)} == {editor.id}
    assert {one["action"] for one in asked(action="comment")} == {"comment.added", "comment.edited"}
    (edited,) = asked(action="comment.edited")
    assert (edited["before"]["body"], edited["after"]["body"]) == ("Before", "After")
    assert {one["id"] for one in asked(**{"from": edited["at"]})} == {
        one["id"] for one in everything if one["at"] >= edited["at"]
    }
    assert edited["id"] not in {one["id"] for one in asked(to=edited["at"])}
    assert asked(to="2020-01-01T00:00:00Z") == []
    for bad in ({"action": "a b"}, {"from": "yesterday"}, {"actorId": "é"}, {"format": "xml"}, {"cursor": "x"}):
        assert author.get(f"/api/postmortems/{pm}/audit", params=bad).status_code == 422


def test_who_may_not_see_the_postmortem_may_not_see_its_trail(stack: Stack) -> None:
    pm = private(stack.person())
    stranger = stack.person()
    for kind in ("json", "csv", "jsonl"):
        assert stranger.get(f"/api/postmortems/{pm}/audit", params={"format": kind}).status_code == 404
        assert stranger.get("/api/audit", params={"format": kind}).status_code == 403


async def test_exports_are_whole_and_the_same_as_the_pages(told: tuple[Person, Person, str], stack: Stack) -> None:
    author, _, pm = told
    async with sessions_of(stack) as sessions, sessions.begin() as session:
        for number in range(2 * EXPORT_BATCH_SIZE):
            audit(session, None, "test.counted", "test", f"test_{number}")
    path = f"/api/postmortems/{pm}/audit"
    pages = ok(author.get(path, params={"limit": 200}))["items"]
    lines = author.get(path, params={"format": "jsonl"})
    assert lines.headers["content-type"].startswith("application/jsonl")
    assert [json.loads(line) for line in lines.text.splitlines()] == pages
    rows = list(csv.DictReader(io.StringIO(author.get(path, params={"format": "csv"}).content.decode("utf-8-sig"))))
    assert [int(row["id"]) for row in rows] == [one["id"] for one in pages]
    assert not [cell for row in rows for cell in row.values() if re.match(r"[=+@-]", cell)]
    admin = stack.person("ADMIN")
    with admin.http.stream("GET", "/api/audit", params={"format": "jsonl"}) as answer:
        ids = [json.loads(line)["id"] for line in answer.iter_lines() if line]
        count = len(ids)
    assert count > 2 * EXPORT_BATCH_SIZE
    assert len(set(ids)) == count
    assert {one["id"] for one in pages} <= set(ids)
    (exported,) = ok(admin.get("/api/audit", params={"action": "audit.exported", "actorId": admin.id}))["items"]
    assert exported["entityId"] == "jsonl"


def test_the_whole_trail_is_filtered_and_paged(stack: Stack) -> None:
    admin, author = stack.person("ADMIN"), stack.person()
    pms = [writing.draft(author)["id"] for _ in range(5)]
    seen, cursor = [], None
    while True:
        params = {"actorId": author.id, "action": "postmortem.created", "limit": "2"}
        answer = ok(admin.get("/api/audit", params=params | ({"cursor": cursor} if cursor else {})))
        seen += [one["postmortemId"] for one in answer["items"]]
        cursor = answer["nextCursor"]
        if cursor is None:
            break
    assert seen == pms[::-1]
    only = ok(admin.get("/api/audit", params={"postmortemId": pms[0]}))["items"]
    assert {one["postmortemId"] for one in only} == {pms[0]}
    only = ok(admin.get("/api/audit", params={"entityId": pms[1], "to": datetime.now(UTC).isoformat()}))["items"]
    assert {one["entityId"] for one in only} == {pms[1]}
