"""The product document's checks, where the trouble is: each with its state, and how to mend it."""

import re
from datetime import UTC, datetime
from html import unescape
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import insert, text, update

from models.action_item import ActionItem, Ticket
from models.integration import Integration
from tests.api import writing
from tests.api.writing import ok
from tests.pages.visiting import visitor
from tests.stack import Person, Stack


def checks(page: str) -> dict[str, tuple[bool, str]]:
    """By name: whether each passed, and what else it says."""
    found = {}
    for state, body in re.findall(r'<li class="checks__one checks__one--(\w+)">(.*?)</li>', page, re.DOTALL):
        name, *mends = re.split(r'<span class="checks__mend">', body.split("</span>", 1)[1])
        plain = [unescape(re.sub(r"<[^>]+>", "", one)).strip() for one in (name, *mends)]
        found[plain[0]] = (state == "passed", " ".join(plain[1:]))
    return found


def incident(admin: httpx.Client, status: str) -> str:
    report = {
        "externalId": uuid4().hex,
        "title": "Down",
        "startedAt": "2026-11-02T10:00:00Z",
        "status": status,
        "urgency": "LOW",
    }
    report |= {"resolvedAt": "2026-11-02T10:20:00Z"} if status == "RESOLVED" else {}
    return str(ok(admin.post("/api/incidents", json=report), 201)["id"])


RESOLVED = "The incident is resolved"
MAY_START = "You are a participant, a member of its team, a responder, or an administrator"
ON = "Postmortems are switched on"


def test_cant_create(stack: Stack, admin: httpx.Client) -> None:
    member, responder = stack.person("MEMBER"), stack.person()
    is_open = incident(admin, "OPEN")
    shown = checks(visitor(stack, member).get(f"/incidents/{is_open}"))
    assert {name: passed for name, (passed, _) in shown.items()} == {RESOLVED: False, MAY_START: False, ON: True}
    assert "It is open. Resolve it where it is managed" in shown[RESOLVED][1]
    assert "Ask one of them to start it" in shown[MAY_START][1]
    shown = checks(visitor(stack, responder).get(f"/incidents/{is_open}"))
    assert [passed for passed, _ in shown.values()] == [False, True, True]
    page = visitor(stack, responder).get(f"/incidents/{incident(admin, 'RESOLVED')}")
    assert checks(page) == {}
    assert "Create postmortem" in page


PUBLISH = {
    "in review": "It is in review",
    "sections": "All required sections are completed",
    "reviewers": "All reviewers have approved",
    "comments": "No comment thread is open",
    "items": "Each action item has an owner and a due date",
    "permission": "You can publish it",
}


def publication(stack: Stack, person: Person, postmortem_id: str) -> dict[str, tuple[bool, str]]:
    shown = checks(visitor(stack, person).get(f"/postmortems/{postmortem_id}"))
    assert set(shown) == set(PUBLISH.values())
    return {key: shown[name] for key, name in PUBLISH.items()}


def test_cant_publish(stack: Stack) -> None:
    author, reviewer, reader = stack.person(), stack.person(name="Bob Marsh"), stack.person("MEMBER")
    bare = ok(author.post("/api/postmortems", json={"title": "Bare", "visibility": "ORGANIZATION"}), 201)["id"]
    ok(author.post(f"/api/postmortems/{bare}/action-items", json={"description": "Do it"}), 201)
    shown = publication(stack, reader, bare)
    assert {key for key, (passed, _) in shown.items() if passed} == {"comments"}
    assert "The section “Root cause” is still empty." in shown["sections"][1]
    assert "No reviewer has been added yet." in shown["reviewers"][1]
    assert "The action item “Do it” needs an owner and a due date." in shown["items"][1]
    assert "Ask one of them to publish it." in shown["permission"][1]
    assert 'href="#rootCause"' in visitor(stack, author).get(f"/postmortems/{bare}")

    ready = writing.ready(author, [reviewer], visibility="ORGANIZATION")["id"]
    ok(author.post(f"/api/postmortems/{ready}/submit", json={}))
    ok(reader.post(f"/api/postmortems/{ready}/comments", json={"body": "How do we know?"}), 201)
    shown = publication(stack, author, ready)
    assert {key for key, (passed, _) in shown.items() if not passed} == {"reviewers", "comments"}
    assert "Bob Marsh hasn't reviewed yet." in shown["reviewers"][1]
    shown = publication(stack, reader, ready)
    assert {key for key, (passed, _) in shown.items() if not passed} == {"reviewers", "comments", "permission"}


@pytest.fixture
def ticket(stack: Stack) -> dict[str, Any]:
    """Beside everything that would push it, so that its state is what a test writes."""
    author = stack.person()
    made = writing.draft(author, visibility="ORGANIZATION")
    key = f"int_{uuid4().hex[:8]}"
    item = f"ai_{key}"
    values = {"id": key, "kind": "console", "name": "Tickets of Payments", "config": {}, "is_enabled": False}
    assert stack.direct is not None
    stack.direct.write(insert(Integration).values(values))
    of_item = {"id": item, "postmortem_id": made["id"], "description": "Alert", "workflow_started": True}
    now = datetime.now(UTC)
    stack.direct.write(insert(ActionItem).values(of_item | {"created_at": now, "updated_at": now}))
    row = {"id": f"tkt_{key}", "action_item_id": item, "integration_id": key, "tracker": "console", "link_state": "ok"}
    stack.direct.write(insert(Ticket).values(row | {"external_id": key, "key": "PAY-1"}))
    yield {"item": item, "integration": key, "author": author}
    stack.direct.write(text("delete from ticket where integration_id = :key"), key=key)
    stack.direct.write(text("delete from integration where id = :key"), key=key)


def test_not_syncing(stack: Stack, ticket: dict[str, Any]) -> None:
    def shown(person: Person | None) -> dict[str, tuple[bool, str]]:
        return checks(visitor(stack, person).get(f"/action-items/{ticket['item']}"))

    def change(table: Any, **values: Any) -> None:
        key = table.id if table is Integration else table.integration_id
        assert stack.direct is not None
        stack.direct.write(update(table).where(key == ticket["integration"]).values(values))

    works, allows, there, sent = (
        "The connection Tickets of Payments works",
        "The tracker lets Afterword change the ticket",
        "The ticket is where it was linked",
        "Every change has been sent",
    )
    assert {name for name, (passed, _) in shown(None).items() if not passed} == {works}
    assert "It is paused. Resume it" in shown(None)[works][1]
    assert shown(ticket["author"])[works] == (False, "Ask an administrator to look at this connection.")
    change(Integration, is_enabled=True)
    assert {passed for passed, _ in shown(None).values()} == {True}
    change(Integration, needs_attention="The token is revoked. <b>Enter</b> another one.")
    assert "The token is revoked. <b>Enter</b> another one." in shown(None)[works][1]
    assert "revoked" not in shown(ticket["author"])[works][1]
    change(Integration, needs_attention=None)
    change(Ticket, link_state="forbidden", detail="The account may not edit issues.")
    assert "The account may not edit issues." in shown(ticket["author"])[allows][1]
    change(Ticket, link_state="deleted", detail=None)
    assert "It was moved or deleted." in shown(ticket["author"])[there][1]
    change(Ticket, link_state="ok", tries=3)
    assert "See each attempt in the sync log." in shown(None)[sent][1]
    page = visitor(stack).get(f"/action-items/{ticket['item']}")
    assert f"/settings/integrations/{ticket['integration']}/log" in page
