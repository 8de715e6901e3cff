"""The home page: what needs a person, soonest due first, with what can be done at once; whom they wait for; teams."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.api import writing
from tests.api.writing import ok
from tests.pages.pictures.accessibility import violations
from tests.pages.test_browser import visiting
from tests.pages.visiting import visitor
from tests.stack import Person, Stack

WITHOUT_SCRIPT = pytest.mark.parametrize("scripted", [True, False], ids=["with script", "without script"])


def row(page: Page, words: str) -> Any:
    return page.locator("#needs-you .home__row", has_text=words)


@WITHOUT_SCRIPT
def test_what_needs_a_person_is_done_in_its_row(browser: Browser, stack: Stack, scripted: bool) -> None:
    me, author = stack.person(), stack.person(name="Jane Doe")
    review = writing.in_review(author, [me])
    done, later = (
        writing.with_item(author, review["id"], me.id, description=f"{what} {uuid4().hex[:6]}", dueDate="2026-01-01")
        for what in ("Raise the limit", "Watch the pool")
    )
    mine = writing.draft(me, visibility="ORGANIZATION")
    said = ok(author.post(f"/api/postmortems/{mine['id']}/comments", json={"body": "How do we know?"}), 201)["id"]
    with visiting(browser, stack, me, java_script_enabled=scripted) as page:
        kinds = page.locator("#needs-you .home__row .tag:first-child").all_inner_texts()
        assert [one for one in kinds if one != "overdue"] == ["Action item", "Action item", "Draft", "Review", "Reply"]
        if scripted:
            assert violations(page) == []
        row(page, done["description"]).get_by_role("button", name="Mark as done").click()
        expect(row(page, done["description"])).to_have_count(0)
        row(page, later["description"]).get_by_label("Snooze").select_option("1 week")
        row(page, later["description"]).get_by_role("button", name="Snooze").click()
        expect(row(page, later["description"])).to_have_count(0)
        row(page, "How do we know?").locator("summary").click()
        row(page, "How do we know?").get_by_label("Your reply").fill("By the dashboard.")
        row(page, "How do we know?").get_by_role("button", name="Send reply").click()
        expect(row(page, "How do we know?")).to_have_count(0)
        row(page, review["title"]).get_by_role("button", name="Approve").click()
        expect(row(page, review["title"])).to_have_count(0)
    assert ok(me.get(f"/api/action-items/{done['id']}"))["status"] == "COMPLETED"
    until = datetime.fromisoformat(ok(me.get(f"/api/action-items/{later['id']}"))["snoozedUntil"])
    assert timedelta(days=6) < until - datetime.now(UTC) <= timedelta(days=7)
    comments = ok(me.get(f"/api/postmortems/{mine['id']}/comments"))["items"]
    assert [one["body"] for one in comments if one["parentId"] == said] == ["By the dashboard."]
    states = ok(me.get(f"/api/postmortems/{review['id']}"))["reviewers"]
    assert [one["state"] for one in states] == ["APPROVED"]


@WITHOUT_SCRIPT
def test_reviewers_who_are_awaited_are_reminded(browser: Browser, stack: Stack, scripted: bool) -> None:
    author, bob = stack.person(), stack.person(name="Bob Marsh")
    writing.in_review(author, [bob])
    with visiting(browser, stack, author, java_script_enabled=scripted) as page:
        waiting = page.locator("#waiting")
        expect(waiting).to_contain_text("Bob Marsh hasn't reviewed yet")
        waiting.get_by_role("button", name="Remind Bob Marsh").click()
        expect(waiting).to_contain_text("Reminded")


def test_a_refusal_keeps_what_was_written(stack: Stack) -> None:
    me, author = stack.person(), stack.person()
    mine = writing.draft(me, visibility="ORGANIZATION")
    thread = ok(author.post(f"/api/postmortems/{mine['id']}/comments", json={"body": "Why?"}), 201)["id"]
    visit = visitor(stack, me)
    text = "<b>&" + "x" * 20_001
    path = f"/home/postmortems/{mine['id']}/reply"
    answer = visit.send(path, "/", body=text, parent=thread, form=f"reply-{thread}")
    assert answer.status_code == 422
    assert "&lt;b&gt;&amp;xxxx" in answer.text
    for days in ("0", "91", "soon", ""):
        item = writing.with_item(me, mine["id"], me.id)["id"]
        assert visit.send(f"/home/action-items/{item}/snooze", "/", days=days).status_code == 422


def team(stack: Stack, lead: Person, *members: Person) -> str:
    body = {"name": f"Team {uuid4().hex[:8]}", "leadId": lead.id, "memberIds": [one.id for one in members]}
    return str(ok(stack.client().post("/api/teams", json=body), 201)["id"])


def test_a_lead_sees_how_the_team_is_doing_and_members_do_not(stack: Stack) -> None:
    lead, author = stack.person(), stack.person()
    of = team(stack, lead, lead, author)
    incident = {"externalId": uuid4().hex, "title": "Down", "status": "RESOLVED", "urgency": "HIGH"}
    times = {"startedAt": "2026-11-20T10:00:00Z", "resolvedAt": "2026-11-20T11:00:00Z"}
    high = ok(stack.client().post("/api/incidents", json=incident | times), 201)["id"]
    made = writing.draft(author, teamIds=[of], incidentIds=[high], visibility="TEAM")
    item = writing.with_item(author, made["id"], author.id, description="Promised", dueDate="2026-01-01")
    for days in (40, 50):
        until = (datetime.now(UTC) + timedelta(days=days)).isoformat()
        body = {"until": until, "reason": f"Vendor {days}"}
        ok(author.post(f"/api/postmortems/{made['id']}/targets/published/extend", json=body))
    page = visitor(stack, lead).get("/")
    assert "Teams that you lead" in page
    assert "extended 2 times: Vendor 50" in page
    assert f'href="/action-items/{item["id"]}"' in page.partition("Still open after big incidents")[2]
    assert "Open targets of your teams" in page
    theirs = visitor(stack, author).get("/")
    assert "Teams that you lead" not in theirs
    assert "Slipped twice" not in theirs
    assert "Still open after big incidents" not in theirs
    assert "Slipped twice" in visitor(stack).get("/")


def test_no_one_reads_on_it_what_they_may_not_see(stack: Stack) -> None:
    lead, author, admin = stack.person(), stack.person(), stack.person("ADMIN")
    of = team(stack, lead, lead)
    title = f"Secret {uuid4().hex}"
    made = writing.ready(author, [stack.person()], visibility="PRIVATE", title=title, teamIds=[of])
    ok(author.post(f"/api/postmortems/{made['id']}/submit", json={}))
    writing.with_item(author, made["id"], lead.id, description="Their own item")
    page = visitor(stack, lead).get("/")
    assert title not in page
    assert "Their own item" in page, "its owner sees the item"
    manages = visitor(stack, admin).get("/").partition("Recent postmortems")[0]
    assert title not in manages, "an administrator's read of a private one is audited, and this page reads none"
    visit = visitor(stack, lead)
    for path in (f"postmortems/{made['id']}/approve", f"postmortems/{made['id']}/remind/{lead.id}"):
        assert visit.send(f"/home/{path}", "/").status_code == 404
