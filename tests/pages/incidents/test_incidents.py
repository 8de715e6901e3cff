"""Incidents in the browser: found, reported by hand, corrected, and linked to a postmortem."""

from typing import Any
from uuid import uuid4

from playwright.sync_api import Browser, expect

from tests.api.writing import draft, ok
from tests.pages.test_browser import visiting
from tests.pages.visiting import buttons, visitor
from tests.stack import Person, Stack

XSS = "<script>alert(1)</script><img src=x onerror=alert(1)>\"'>{{7*7}}"


def reported(person: Person | Any, title: str, **fields: Any) -> str:
    body = {"externalId": uuid4().hex, "title": title, "urgency": "LOW", "status": "RESOLVED", **fields}
    return str(ok(person.post("/api/incidents", json=body), 201)["id"])


def test_the_list_is_filtered_as_the_api_is(stack: Stack) -> None:
    responder, admin = stack.person(), stack.client()
    mark = uuid4().hex[:8]
    team = ok(admin.post("/api/teams", json={"name": f"Ferries {mark}"}), 201)["id"]
    service = ok(admin.post("/api/services", json={"name": f"ferry-{mark}", "teamId": team}), 201)
    at = {"startedAt": "2026-03-02T10:00:00Z", "resolvedAt": "2026-03-02T10:20:00Z"}
    first = reported(responder, f"Engine {mark} stopped", services=[service["name"]], **at)
    second = reported(responder, f"Ticket desk {mark} closed", status="OPEN", startedAt="2026-04-02T10:00:00Z")
    third = reported(responder, f"Engine {mark} smoked", urgency="HIGH", startedAt="2026-05-02T10:00:00Z")
    page = visitor(stack, responder)
    for query, wanted in {
        f"q={mark}": {first, second, third},
        f"q=engine+{mark}": {first, third},
        f"q=ferry-{mark}": {first},
        f"q={mark}&status=OPEN": {second},
        f"q={mark}&urgency=HIGH": {third},
        f"q={mark}&hasPostmortem=false": {first, second},
        f"q={mark}&hasPostmortem=true": {third},
        f"teamId={team}": {first},
        f"serviceId={service['id']}": {first},
        f"q={mark}&startedFrom=2026-04-01T00:00:00Z&startedTo=2026-04-30T00:00:00Z": {second},
        "q=100%25": set(),
        f"q={mark[:4]}_{mark[5:]}": set(),
    }.items():
        found = {one["id"] for one in ok(responder.get(f"/api/incidents?{query}"))["items"]}
        assert found == wanted, query
        shown = page.get(f"/incidents?{query}")
        assert {one for one in (first, second, third) if f'href="/incidents/{one}"' in shown} == wanted, query
    days = page.get(f"/incidents?q={mark}&startedFrom=2026-04-02&startedTo=2026-04-03")
    assert (second in days, first in days, third in days) == (True, False, False)
    for sort, order in {"startedAt": [first, second, third], "-startedAt": [third, second, first]}.items():
        items = ok(responder.get(f"/api/incidents?q={mark}&sort={sort}"))["items"]
        assert [one["id"] for one in items] == order
        one_by_one, cursor = [], ""
        while len(one_by_one) < 3:
            found = ok(responder.get(f"/api/incidents?q={mark}&sort={sort}&limit=1{cursor}"))
            one_by_one += [one["id"] for one in found["items"]]
            cursor = f"&cursor={found['nextCursor']}"
        assert one_by_one == order
    assert responder.get("/api/incidents?sort=title").status_code == 422
    page.get("/incidents?startedFrom=yesterday", 422)


def test_an_incident_is_reported_and_resolved_by_hand(stack: Stack) -> None:
    responder, reader = stack.person(timeZone="UTC"), stack.person("MEMBER")
    page = visitor(stack, responder)
    assert 'href="/incidents/new"' in page.get("/incidents")
    sent = {
        "title": "Ferry late",
        "description": f"It waits. {XSS}",
        "urgency": "LOW",
        "status": "OPEN",
        "startedAt": "2026-11-20T10:00",
        "services": "ferries, piers",
        "responders": "captain@example.com",
        "nearMiss": "yes",
    }
    address = page.done("/incidents", "/incidents/new", form="incident", **sent)
    made = ok(responder.get(f"/api{address}"))
    assert (made["title"], made["source"], made["nearMiss"]) == ("Ferry late", "afterword", True)
    assert (made["services"], made["responders"]) == (["ferries", "piers"], ["captain@example.com"])
    shown = page.get(address)
    assert "<script>alert" not in shown
    known = {**sent, "version": str(made["version"]), "status": "RESOLVED", "resolvedAt": "2026-11-20T10:45"}
    assert page.done(address, f"{address}/edit", form="incident", **known) == address
    now = ok(responder.get(f"/api{address}"))
    assert (now["status"], now["durationMinutes"], now["decision"]["decision"]) == ("RESOLVED", 45, "recommended")
    shown = page.get(address)
    assert "A postmortem is recommended:" in shown
    assert "Near miss" in shown
    stale = page.send(address, f"{address}/edit", form="incident", **known | {"title": "Ferry very late"})
    assert stale.status_code == 412
    assert "Ferry very late" in stale.text
    theirs = visitor(stack, reader)
    assert "/incidents/new" not in theirs.get("/incidents")
    theirs.get("/incidents/new", 403)
    theirs.get(f"{address}/edit", 403)
    assert theirs.send("/incidents", "/incidents", **sent).status_code == 403
    assert theirs.send(address, address, **known).status_code == 403


def test_odd_reports_are_refused_with_what_was_typed(stack: Stack) -> None:
    page = visitor(stack, stack.person())
    for odd in (
        {"title": "x" * 400},
        {"startedAt": "noon"},
        {"urgency": XSS},
        {"teamId": "team_nothing"},
        {"responders": XSS},
        {"url": "javascript:alert(1)"},
    ):
        sent = {"title": f"Kept {XSS}", "urgency": "LOW", "status": "OPEN", "startedAt": "2026-11-20T10:00", **odd}
        refused = page.send("/incidents", "/incidents/new", form="incident", **sent)
        assert refused.status_code == 422, odd
        assert 'role="alert"' in refused.text, odd
        assert "<script>alert" not in refused.text, odd
        assert "title" in odd or "Kept " in refused.text, odd


def test_an_incident_is_linked_to_a_postmortem_that_is_found(stack: Stack) -> None:
    author, stranger = stack.person(), stack.person()
    mark = uuid4().hex[:8]
    made = draft(author, title=f"Harbor {mark}", visibility="PRIVATE")
    incident = reported(author, f"Fog {mark}")
    address, page = f"/incidents/{incident}", visitor(stack, author)
    assert "Create postmortem" in buttons(page.get(address))
    for words in (mark, f"#{made['number']}", str(made["number"])):
        assert f"Harbor {mark}" in page.get(f"{address}?find={words.replace('#', '%23')}")
    assert f"Harbor {mark}" not in page.get(f"{address}?find=nothing{mark}")
    assert f"Harbor {mark}" not in visitor(stack, stranger).get(f"{address}?find={mark}")
    page.get(f"{address}?find=99999999999999999999")
    theirs = visitor(stack, stranger)
    assert theirs.send(f"{address}/link", address, postmortem=made["id"]).status_code == 404
    assert page.send(f"{address}/link", address, postmortem="").status_code == 422
    page.done(f"{address}/link", address, postmortem=made["id"], find=mark)
    shown = page.get(address)
    assert f"Harbor {mark}" in shown
    assert "Create postmortem" not in buttons(shown)
    assert [one["incidentId"] for one in ok(author.get(f"/api/postmortems/{made['id']}/incidents"))["items"]] == [
        incident
    ]
    hidden = visitor(stack, stranger).get(address)
    assert f"Harbor {mark}" not in hidden
    assert "has a postmortem that you don" in hidden


def test_a_view_of_incidents_is_saved_with_its_columns_and_walked_through(browser: Browser, stack: Stack) -> None:
    responder, mate = stack.person(), stack.person()
    mark = uuid4().hex[:8]
    for day, title in ((1, f"Pump {mark}"), (2, f"Valve {mark}")):
        reported(responder, title, startedAt=f"2026-03-0{day}T10:00:00Z", urgency="HIGH")
    with visiting(browser, stack, responder) as page, visiting(browser, stack, mate) as theirs:
        page.goto(f"{stack.url}/incidents")
        page.get_by_role("searchbox", name="Search incidents").fill(mark)
        page.keyboard.press("Enter")
        page.get_by_text("Filters", exact=True).click()
        page.locator("#f-urgency").select_option("HIGH")
        page.get_by_role("button", name="Apply filters").click()
        expect(page.locator(".chips")).to_contain_text("urgency: High")
        page.get_by_text("Columns", exact=True).click()
        page.get_by_label("Source", exact=True).last.check()
        page.get_by_role("button", name="Apply columns").click()
        expect(page.get_by_role("columnheader", name="Source")).to_be_visible()
        page.get_by_role("columnheader", name="Started").get_by_role("link").click()
        expect(page.locator("tbody th a")).to_have_text([f"Pump {mark}", f"Valve {mark}"])
        page.get_by_text("Save view", exact=True).first.click()
        page.get_by_label("Name", exact=True).fill(f"High {mark}")
        page.get_by_label("Shared with").select_option("ORGANIZATION")
        page.get_by_role("button", name="Save view").click()
        expect(page.get_by_role("navigation", name="Views").locator("[aria-current]")).to_contain_text(f"High {mark}")

        theirs.goto(f"{stack.url}/incidents")
        expect(theirs.get_by_role("columnheader", name="Source")).to_be_hidden()
        theirs.get_by_role("link", name=f"High {mark}").click()
        expect(theirs.get_by_role("columnheader", name="Source")).to_be_visible()
        expect(theirs.locator("tbody th a")).to_have_text([f"Pump {mark}", f"Valve {mark}"])
        theirs.get_by_role("button", name="Cards").click()
        expect(theirs.locator(".cards h2")).to_have_text([f"Pump {mark}", f"Valve {mark}"])
        theirs.keyboard.press("j")
        theirs.keyboard.press("j")
        theirs.keyboard.press("o")
        expect(theirs.get_by_role("heading", level=1)).to_contain_text(f"Valve {mark}")
