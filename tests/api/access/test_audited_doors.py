"""Every write leaves something in the audit log."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text

from models.base import new_id
from tests.api import writing
from tests.api.access.test_grants import RESOLVED, email
from tests.api.writing import ok
from tests.pages.visiting import visitor
from tests.stack import Person, Stack, eventually

CHANGES_NOTHING = {
    "POST /api/integrations/{integration_id}/test": "asks the vendor",
    "POST /api/integrations/{integration_id}/dry-run": "shows what would be written",
    "POST /api/advice": "keeps nothing",
    "POST /api/postmortems/{postmortem_id}/public-summary/check": "keeps nothing",
    "POST /api/policies/{policy_id}/preview": "shows what applying would do",
    "POST /api/postmortems/{postmortem_id}/timeline/parse": "shows what an import would do",
    "POST /api/imports": "takes files; its own test looks at the trail",
    "POST /api/imports/{import_id}/run": "needs an import; its own test looks at the trail",
    "POST /api/imports/{import_id}/undo": "needs an import; its own test looks at the trail",
    "POST /api/postmortems/{postmortem_id}/timeline/import-slack": "takes files; its own test looks at the trail",
    "POST /api/me/notifications/{notice_id}/read": "one's own inbox",
    "POST /api/me/notifications/{notice_id}/done": "one's own inbox",
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


@pytest.mark.usefixtures("no_meetings_left")
def test_every_write_door_is_audited(stack: Stack) -> None:
    """Each door of the OpenAPI document that writes is used once, and leaves something in the trail."""
    call = Watched(stack)
    me, reviewer, leaver, guest = call.person, stack.person("ADMIN"), stack.person(), stack.person()
    _people(call, guest)
    _sign_in(call, stack, guest)
    _templates(call)
    _policies(call)
    pm = _text(call)
    _action_items(call, pm, me)
    _lifecycle(call, pm, reviewer, leaver, guest)
    _incidents(call)
    _proposals(call, stack, guest)
    _kept_host(call, stack)
    _sharing(call)
    _views(call)
    _meetings(call)
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
    double = call("POST", "/api/services", {"name": f"d{name}"}, status=201)
    call("POST", "/api/services/{service_id}/merge", {"into": service["id"]}, service_id=double["id"])
    cause = call("POST", "/api/root-cause-categories", {"name": f"c{name}"}, status=201)["id"]
    call("PATCH", "/api/root-cause-categories/{category_id}", {"name": f"r{name}"}, category_id=cause)
    other = ok(call.person.post("/api/root-cause-categories", json={"name": f"o{name}"}), 201)["id"]
    call("POST", "/api/root-cause-categories/{category_id}/merge", {"into": other}, category_id=cause)


def _sign_in(call: Watched, stack: Stack, guest: Person) -> None:
    """Sessions and accounts are made by signing in, which other tests do."""
    assert stack.direct is not None
    account, other = (new_id("idn") for _ in range(2))
    for one in (account, other):
        made = text(
            "insert into person_identity (id, provider, issuer, subject, person_id)"
            " values (:id, 'okta', 'https://okta.example.com', :id, :person)"
        )
        stack.direct.write(made, id=one, person=guest.id)
    call("POST", "/api/identities/{identity_id}/confirm", identity_id=account, status=204)
    call("DELETE", "/api/identities/{identity_id}", identity_id=other, status=204)
    visitor(stack, call.person)
    visitor(stack, guest)
    (session,) = ok(call.person.get("/api/me/sessions"))["items"]
    call("DELETE", "/api/me/sessions/{session_id}", session_id=session["id"], status=204)
    call("DELETE", "/api/users/{user_id}/sessions", user_id=guest.id, status=204)


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
    call("POST", "/api/exports", {"postmortemIds": [pm]}, status=202)
    file = call("POST", f"{base}/attachments", {"any": "bytes"}, status=201, postmortem_id=pm)
    path = f"{base}/attachments/{{attachment_id}}"
    call("DELETE", path, status=204, postmortem_id=pm, attachment_id=file["id"])
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
    call("PATCH", "/api/action-items", {"ids": [item, other], "changes": {"priority": "LOW"}})
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
    call("POST", f"{base}/withdraw", postmortem_id=pm)
    ok(call.person.post(f"/api/postmortems/{pm}/submit", json={}))
    path = f"{base}/reviewers/{{user_id}}"
    call("POST", f"{path}/remind", postmortem_id=pm, user_id=reviewer.id)
    call("POST", f"{path}/waive", {"reason": "On vacation"}, postmortem_id=pm, user_id=reviewer.id)
    mine, call.person = call.person, reviewer
    call("POST", f"{base}/reviews", {"decision": "APPROVE"}, status=201, postmortem_id=pm)
    call.person = mine
    call("POST", f"{base}/publish", postmortem_id=pm)
    call("POST", f"{base}/request-changes", {"comment": "Once more"}, postmortem_id=pm)
    asked = ok(call.person.get(f"/api/postmortems/{pm}/comments", params={"resolved": False}))["items"][0]
    ok(call.person.patch(f"/api/postmortems/{pm}/comments/{asked['id']}", json={"resolved": True}))
    call("POST", f"{base}/publish", postmortem_id=pm)
    wiki = _wiki(call.person)
    ok(call.person.patch(f"/api/postmortems/{pm}", json={"visibility": "ORGANIZATION"}))
    copy = call("POST", f"{base}/publications", {"integrationId": wiki}, status=202, postmortem_id=pm)["id"]
    call("DELETE", f"{base}/publications/{{publication_id}}", status=204, postmortem_id=pm, publication_id=copy)
    ok(call.person.delete(f"/api/integrations/{wiki}"))
    _mail_customers(call, pm)
    call("POST", f"{base}/archive", postmortem_id=pm)
    draft = ok(call.person.post("/api/postmortems", json={"title": "Gone"}), 201)["id"]
    call("DELETE", base, status=204, postmortem_id=draft)


def _incidents(call: Watched) -> None:
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


def _views(call: Watched) -> None:
    view = call("POST", "/api/views", {"name": uuid4().hex, "list": "incidents"}, status=201)["id"]
    call("PATCH", "/api/views/{view_id}", {"name": uuid4().hex}, view_id=view)
    call("DELETE", "/api/views/{view_id}", view_id=view, status=204)


def _proposals(call: Watched, stack: Stack, guest: Person) -> None:
    """What a report changes once somebody writes: people and teams to confirm, and another duration."""
    report = {**RESOLVED, "externalId": uuid4().hex, "urgency": "LOW"}
    incident = ok(call.person.post("/api/incidents", json=report), 201)
    pm = writing.draft(call.person, incidentId=incident["id"], summary="It was slow.")["id"]
    teams = [ok(call.person.post("/api/teams", json={"name": uuid4().hex}), 201)["id"] for _ in range(2)]
    news = {"responders": [email(stack, guest)], "resolvedAt": "2026-11-20T09:30:00Z"}
    for team in teams:
        ok(stack.person("RESPONDER").patch(f"/api/incidents/{incident['id']}", json={**news, "teamId": team}))
    base = "/api/postmortems/{postmortem_id}"
    call("POST", f"{base}/duration", postmortem_id=pm)
    people = f"{base}/participants"
    call("POST", f"{people}/{{user_id}}/confirm", postmortem_id=pm, user_id=guest.id)
    call("DELETE", f"{people}/{{user_id}}", status=204, postmortem_id=pm, user_id=guest.id)
    call("POST", people, {"userId": guest.id}, status=201, postmortem_id=pm)
    call("POST", f"{base}/teams/{{team_id}}/confirm", postmortem_id=pm, team_id=teams[0])
    call("DELETE", f"{base}/teams/{{team_id}}", status=204, postmortem_id=pm, team_id=teams[1])


def _mail_customers(call: Watched, pm: str) -> None:
    """Nobody listens there, and in the end it is stopped for good."""
    base = "/api/postmortems/{postmortem_id}"
    config = {"host": "localhost", "port": 9, "security": "NONE", "fromAddress": "a@example.com"}
    body = {"kind": "email", "name": f"m{uuid4().hex}", "config": config}
    server = ok(call.person.post("/api/integrations", json=body), 201)["id"]
    version = ok(call.person.put(f"/api/postmortems/{pm}/public-summary", json={"text": "It was down."}))["version"]
    ok(call.person.post(f"/api/postmortems/{pm}/public-summary/approve", json={"version": version}))
    letter = {"subject": "News", "recipients": ["someone@customers.example"]}
    call("POST", f"{base}/customer-emails", letter, status=202, postmortem_id=pm)
    ok(call.person.patch(f"/api/postmortems/{pm}", json={"visibility": "PRIVATE"}))
    ok(call.person.delete(f"/api/integrations/{server}"))


def _wiki(person: Person) -> str:
    """Nobody listens there."""
    config = {"baseUrl": "http://localhost:9", "email": "bot@example.com", "space": "OPS"}
    body = {"kind": "confluence", "name": f"w{uuid4().hex}", "config": config, "secrets": {"apiToken": "x"}}
    return str(ok(person.post("/api/integrations", json=body), 201)["id"])


def _kept_host(call: Watched, stack: Stack) -> None:
    body = {"kind": "console", "name": f"c{uuid4().hex}", "config": {}, "secrets": {}}
    made = ok(call.person.post("/api/integrations", json=body), 201)["id"]
    assert stack.direct is not None
    stack.direct.write(text("update integration set kept_host = 'tickets.internal' where id = :id"), id=made)
    call("POST", "/api/integrations/{integration_id}/confirm-host", integration_id=made)
    ok(call.person.delete(f"/api/integrations/{made}"))


def _meetings(call: Watched) -> None:
    pm = writing.draft(call.person, visibility="ORGANIZATION")["id"]
    base = "/api/postmortems/{postmortem_id}/meetings"
    body = {"startsAt": "2126-01-01T10:00:00Z"}
    one = call("POST", base, body, status=201, postmortem_id=pm)["id"]
    call("PATCH", f"{base}/{{meeting_id}}", {"location": "Here"}, postmortem_id=pm, meeting_id=one)
    call("DELETE", f"{base}/{{meeting_id}}", status=204, postmortem_id=pm, meeting_id=one)
    two = call("POST", base, body, status=201, postmortem_id=pm)["id"]
    call("POST", f"{base}/{{meeting_id}}/held", {"held": True}, postmortem_id=pm, meeting_id=two)
    own = {"kind": "google", "address": "me@example.com"}
    calendar = call("POST", "/api/me/calendars", own, status=201)["id"]
    call("DELETE", "/api/me/calendars/{calendar_id}", status=204, calendar_id=calendar)


def _sharing(call: Watched) -> None:
    pm = writing.draft(call.person, visibility="ORGANIZATION")["id"]
    base = "/api/postmortems/{postmortem_id}"
    summary = f"{base}/public-summary"
    version = call("PUT", summary, {"text": "It was down."}, postmortem_id=pm)["version"]
    call("POST", f"{summary}/approve", {"version": version}, postmortem_id=pm)
    link = call("POST", f"{base}/share-links", {}, status=201, postmortem_id=pm)["id"]
    call("DELETE", f"{base}/share-links/{{link_id}}", status=204, postmortem_id=pm, link_id=link)
    call("DELETE", f"{summary}/approve", status=204, postmortem_id=pm)
    call("DELETE", summary, status=204, postmortem_id=pm)
    call("PUT", "/api/postmortem-settings", {"enabled": False})
    ok(call.person.put("/api/postmortem-settings", json={"enabled": True}))
    kept = ok(call.person.get("/api/sharing-settings"))
    tools = [f"tool {uuid4().hex}"]
    call("PUT", "/api/sharing-settings", {"internalTools": tools, "feedEnabled": kept["feedEnabled"]})
    ok(call.person.put("/api/sharing-settings", json={name: kept[name] for name in ("internalTools", "feedEnabled")}))
