"""Whom an incident report names is confirmed or dismissed with the buttons beside the postmortem."""

from typing import Any
from uuid import uuid4

from playwright.sync_api import Browser, expect

from tests.api.writing import draft, ok
from tests.pages.test_browser import visiting
from tests.stack import Person, Stack

RESOLVED = {
    "title": "Refunds failed",
    "status": "RESOLVED",
    "urgency": "LOW",
    "startedAt": "2026-11-20T07:00:00Z",
    "resolvedAt": "2026-11-20T08:30:00Z",
}


def reported(stack: Stack, author: Person, people: list[Person], teams: list[str]) -> str:
    """The id of a private draft, after reports of its incident have named people and teams."""
    admin = stack.client()
    incident = ok(admin.post("/api/incidents", json={"externalId": uuid4().hex, **RESOLVED}), 201)["id"]
    made = draft(author, incidentId=incident, visibility="PRIVATE")["id"]
    emails = [ok(one.get("/api/me"))["email"] for one in people]
    for team in teams:
        ok(admin.patch(f"/api/incidents/{incident}", json={"responders": emails, "teamId": team}))
    return str(made)


def states(author: Person, made: str, kind: str) -> dict[str, Any]:
    key = {"participants": "userId", "teams": "teamId"}[kind]
    return {one[key]: one["state"] for one in ok(author.get(f"/api/postmortems/{made}/{kind}"))["items"]}


def test_proposed_people_and_teams_are_confirmed_or_dismissed(browser: Browser, stack: Stack) -> None:
    author, came, absent = stack.person(), stack.person(name="Grace Okafor"), stack.person(name="Tom Reed")
    mark = uuid4().hex[:6]
    refunds, billing = (
        ok(stack.client().post("/api/teams", json={"name": f"{name} {mark}"}), 201)["id"]
        for name in ("Refunds", "Billing")
    )
    made = reported(stack, author, [came, absent], [refunds, billing])
    with visiting(browser, stack, author) as page:
        page.goto(f"{stack.url}/postmortems/{made}")
        people = page.locator("#people")
        expect(people).to_contain_text("Confirming them gives them access.")
        for name in (f"Confirm {came_name}" for came_name in ("Grace Okafor", f"Refunds {mark}")):
            people.get_by_role("button", name=name, exact=True).click()
            expect(people.get_by_role("button", name=name, exact=True)).to_have_count(0)
            expect(page.get_by_role("alert")).to_have_count(0)
        for name in ("Dismiss Tom Reed", f"Dismiss Billing {mark}"):
            people.get_by_role("button", name=name, exact=True).click()
            expect(people.get_by_role("button", name=name, exact=True)).to_have_count(0)
            expect(page.get_by_role("alert")).to_have_count(0)
        expect(people.get_by_role("button")).to_have_count(0)
        expect(people.locator(".details")).to_contain_text("Grace Okafor")
        expect(people.locator(".details")).not_to_contain_text("Tom Reed")
        expect(page.locator("main .facts").first).to_contain_text(f"Refunds {mark}")
    assert states(author, made, "participants").get(came.id) == "CONFIRMED"
    assert states(author, made, "teams").get(refunds) == "CONFIRMED"
    assert absent.id not in states(author, made, "participants")
    assert billing not in states(author, made, "teams")
    ok(came.get(f"/api/postmortems/{made}"))
    assert absent.get(f"/api/postmortems/{made}").status_code == 404


def test_who_may_not_manage_it_sees_no_buttons(browser: Browser, stack: Stack) -> None:
    author, reader, named = stack.person(), stack.person("MEMBER"), stack.person(name="Tom Reed")
    team = ok(stack.client().post("/api/teams", json={"name": f"Refunds {uuid4().hex[:6]}"}), 201)["id"]
    made = reported(stack, author, [named], [team])
    ok(author.patch(f"/api/postmortems/{made}", json={"visibility": "ORGANIZATION"}))
    with visiting(browser, stack, reader) as page:
        page.goto(f"{stack.url}/postmortems/{made}")
        expect(page.locator("#people")).to_contain_text("Tom Reed")
        expect(page.locator("#people")).to_contain_text("They get access once the author confirms them.")
        expect(page.locator("#people").get_by_role("button")).to_have_count(0)
