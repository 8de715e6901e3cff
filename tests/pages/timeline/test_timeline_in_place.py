"""The timeline on the postmortem's page: events are added, changed, removed and brought back where they are."""

import re
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.api.writing import draft, ok
from tests.pages.test_browser import visiting
from tests.pages.visiting import visitor
from tests.stack import Person, Stack

XSS = "<script>alert(1)</script><img src=x onerror=alert(1)>\"'>{{7*7}}"
EVENTS = [
    {"at": "2026-11-20T10:00:00Z", "event": "Alarm", "type": "DETECTION"},
    {"at": "2026-11-20T10:05:00Z", "event": "Somebody looks", "actor": "Grace"},
    {"at": "2026-11-20T12:30:00Z", "event": "Restarted", "type": "MITIGATION"},
]

DRAWN_AGAIN = "afterword.refresh('section.card[id]')"
"""As after an event of someone else's change."""


def events(person: Person, postmortem_id: str) -> list[Any]:
    return list(ok(person.get(f"/api/postmortems/{postmortem_id}/timeline?limit=200"))["items"])


def row(page: Page, words: str) -> Any:
    return page.locator("#events .timeline > li").filter(has_text=words)


@pytest.mark.parametrize("scripts", [True, False])
def test_events_are_edited_in_their_rows(browser: Browser, stack: Stack, scripts: bool) -> None:
    author = stack.person(timeZone="UTC")
    made = draft(author, timeline=EVENTS)
    with visiting(browser, stack, author, java_script_enabled=scripts) as page:
        page.goto(f"{stack.url}/postmortems/{made['id']}")
        loads: list[str] = []
        page.on("framenavigated", lambda frame: loads.append(frame.url))

        row(page, "Somebody looks").get_by_role("link", name="Edit").click()
        form = page.locator(".timeline__form")
        form.get_by_label("What happened").fill("Grace looks at the pool")
        form.get_by_label("When").fill("2026-11-20T12:45")
        form.get_by_label("Type").select_option("DIAGNOSIS")
        form.get_by_role("button", name="Save event").click()
        expect(page.locator("#events .timeline > li").nth(2)).to_contain_text("Grace looks at the pool")
        expect(page.locator(".timeline__form")).to_have_count(0)

        row(page, "Restarted").get_by_role("link", name="Edit").click()
        page.locator(".timeline__form").get_by_label("What happened").fill("Not saved")
        page.locator(".timeline__form").get_by_role("link", name="Cancel").click()
        expect(row(page, "Restarted")).to_have_count(1)
        expect(page.locator(".timeline__form")).to_have_count(0)

        row(page, "Restarted").get_by_role("button", name="Remove").click()
        expect(row(page, "Restarted")).to_have_count(0)
        if scripts:
            page.evaluate(DRAWN_AGAIN)
        page.get_by_role("button", name="Undo removal").click()
        expect(row(page, "Restarted")).to_have_count(1)
        expect(page.get_by_role("button", name="Undo removal")).to_have_count(0)

        if not page.locator("#add-event[open]").count():
            page.locator("#add-event > summary").click()
        for at, words in (("2026-11-20T13:00", "Watched"), ("2026-11-20T13:10", "Closed")):
            form = page.locator("#add-event form")
            form.get_by_label("What happened").fill(words)
            form.get_by_label("When").fill(at)
            form.get_by_role("button", name="Add event").click()
            expect(row(page, words)).to_have_count(1)
            expect(page.locator("#add-event form").get_by_label("When")).to_have_value(at)
        assert scripts is False or loads == []
    told = [(one["event"], one["type"], one["actor"]) for one in events(author, made["id"])]
    assert told == [
        ("Alarm", "DETECTION", None),
        ("Restarted", "MITIGATION", None),
        ("Grace looks at the pool", "DIAGNOSIS", "Grace"),
        ("Watched", "OTHER", None),
        ("Closed", "OTHER", None),
    ]


def test_what_is_pressed_stays_until_it_is_released(browser: Browser, stack: Stack) -> None:
    author = stack.person(timeZone="UTC")
    made = draft(author, timeline=EVENTS)
    with visiting(browser, stack, author) as page:
        page.goto(f"{stack.url}/postmortems/{made['id']}")
        row(page, "Restarted").get_by_role("button", name="Remove").hover()
        page.mouse.down()
        more = {"items": [{"at": "2026-11-20T14:00:00Z", "event": "Told by someone else"}]}
        ok(author.post(f"/api/postmortems/{made['id']}/timeline", json=more), 201)
        page.evaluate(DRAWN_AGAIN)
        page.mouse.up()
        expect(row(page, "Restarted")).to_have_count(0)
        expect(row(page, "Told by someone else")).to_have_count(1)


def test_events_are_edited_with_the_keyboard_alone(browser: Browser, stack: Stack) -> None:
    author = stack.person(timeZone="UTC")
    made = draft(author, timeline=EVENTS)
    with visiting(browser, stack, author) as page:
        page.goto(f"{stack.url}/postmortems/{made['id']}")
        row(page, "Alarm").get_by_role("link", name="Edit").focus()
        page.keyboard.press("Enter")
        expect(page.locator(".timeline__form").get_by_label("What happened")).to_be_focused()
        page.keyboard.press("ControlOrMeta+a")
        page.keyboard.type("The alarm rang")
        for _ in range(5):  # when, in its parts, precision, type, actor
            page.keyboard.press("Tab")
        page.locator(".timeline__form").get_by_label("Actor").focus()
        page.keyboard.type("PagerDuty")
        page.keyboard.press("Enter")
        expect(row(page, "The alarm rang")).to_contain_text("PagerDuty")

        page.locator("[data-picture] a").first.focus()
        page.keyboard.press("ArrowRight")
        expect(page.locator("[data-picture] a").nth(1)).to_be_focused()
        page.keyboard.press("Enter")
        expect(page).to_have_url(f"{stack.url}/postmortems/{made['id']}#e-{events(author, made['id'])[1]['id']}")


def test_a_paste_is_previewed_and_added_on_the_page(browser: Browser, stack: Stack) -> None:
    author = stack.person(timeZone="UTC")
    made = draft(author, timeline=EVENTS)
    with visiting(browser, stack, author) as page:
        page.goto(f"{stack.url}/postmortems/{made['id']}")
        page.get_by_role("link", name="Paste timeline").click()
        page.locator("#paste").get_by_label("Paste a timeline").fill("10:02 Called Alice\n10:0? She came\nno time")
        page.locator("#paste").get_by_label("Date, for lines").fill("2026-11-20")
        page.locator("#paste").get_by_role("button", name="Preview").click()
        expect(page.locator("#paste")).to_contain_text("2 events")
        expect(page.locator("#paste")).to_contain_text("couldn't be read")
        page.locator("#paste").get_by_label("Skip the lines").check()
        page.locator("#paste").get_by_role("button", name="Add to the timeline").click()
        expect(row(page, "Called Alice")).to_have_count(1)
        expect(page.locator("#paste form, form#paste")).to_have_count(0)
        assert page.url == f"{stack.url}/postmortems/{made['id']}"
    assert len(events(author, made["id"])) == 5


def test_two_people_change_one_event(browser: Browser, stack: Stack) -> None:
    author, editor = stack.person(timeZone="UTC"), stack.person(timeZone="UTC")
    made = draft(author, timeline=EVENTS)
    ok(author.post(f"/api/postmortems/{made['id']}/editors", json={"userId": editor.id, "level": "EDIT"}), 201)
    with visiting(browser, stack, author, expected=re.compile("status of 412")) as page:
        page.goto(f"{stack.url}/postmortems/{made['id']}")
        row(page, "Restarted").get_by_role("link", name="Edit").click()
        page.locator(".timeline__form").get_by_label("What happened").fill("Restarted by me")
        theirs = events(author, made["id"])[2]["id"]
        ok(editor.patch(f"/api/postmortems/{made['id']}/timeline/{theirs}", json={"event": "Restarted by them"}))
        page.get_by_role("button", name="Save event").click()
        expect(page.locator(".timeline__form")).to_contain_text("Now saved: 12:30 Restarted by them")
        expect(page.locator(".timeline__form").get_by_label("What happened")).to_have_value("Restarted by me")
        page.get_by_role("button", name="Save event").click()
        expect(row(page, "Restarted by me")).to_have_count(1)


def test_the_picture_shows_phases_gaps_and_events(stack: Stack) -> None:
    author = stack.person(timeZone="Europe/Berlin")
    body = {
        "externalId": f"picture-{author.id}",
        "title": "Checkout down",
        "urgency": "HIGH",
        "status": "RESOLVED",
        "startedAt": "2026-11-20T10:00:00Z",
        "acknowledgedAt": "2026-11-20T10:04:00Z",
        "resolvedAt": "2026-11-20T13:00:00Z",
    }
    incident = ok(stack.client().post("/api/incidents", json=body), 201)["id"]
    made = draft(author, timeline=EVENTS, incidentId=incident)
    page = visitor(stack, author).get(f"/postmortems/{made['id']}")
    picture = page[page.index('<figure class="picture">') : page.index("</figure>")]
    assert "between Nov 20, 11:00 and Nov 20, 14:00" in picture
    assert "Mitigated at 13:30, after 2 h 30 min." in picture
    assert "2 h 25 min without events" in picture
    assert "Not acknowledged for 4 min" in picture
    for one in events(author, made["id"]):
        assert f'<a href="#e-{one["id"]}"' in picture
    assert " style=" not in picture


def test_a_picture_of_one_instant_is_left_out(stack: Stack) -> None:
    author = stack.person()
    made = draft(author, timeline=EVENTS[:1])
    assert '<figure class="picture">' not in visitor(stack, author).get(f"/postmortems/{made['id']}")


def test_a_removed_event_comes_back_as_it_was(stack: Stack) -> None:
    author, reader = stack.person(timeZone="UTC"), stack.person()
    made = draft(author, timeline=EVENTS, visibility="ORGANIZATION")
    other = draft(author)
    before = events(author, made["id"])
    path, mine = f"/postmortems/{made['id']}", visitor(stack, author)
    led = mine.done(f"{path}/timeline/{before[1]['id']}/remove", path)
    assert led == f"{path}?removed={before[1]['id']}#timeline"
    assert "Undo removal" in mine.get(led)
    theirs = visitor(stack, reader)
    assert "Undo removal" not in theirs.get(led)
    assert theirs.send(f"{path}/timeline/{before[1]['id']}/restore", path).status_code == 403
    assert mine.send(f"/postmortems/{other['id']}/timeline/{before[1]['id']}/restore", path).status_code == 404
    assert mine.send(f"{path}/timeline/evt_nothing/restore", path).status_code == 404
    for _ in range(2):
        mine.done(f"{path}/timeline/{before[1]['id']}/restore", path)
    assert events(author, made["id"]) == before


def test_hostile_text_stays_text(stack: Stack) -> None:
    author = stack.person(timeZone="UTC")
    made = draft(author, timeline=[*EVENTS, {"at": "2026-11-20T10:01:00Z", "event": XSS, "actor": XSS}])
    path, mine = f"/postmortems/{made['id']}", visitor(stack, author)
    hostile = events(author, made["id"])[1]["id"]
    pages = [
        mine.get(path),
        mine.get(f"{path}/timeline/{hostile}"),
        mine.get(f"{path}?removed={hostile}&added=%3Cscript%3E&edit=%3Cscript%3E"),
        mine.send(f"{path}/timeline/{hostile}", path, form=f"event-{hostile}", event=XSS, at=XSS, actor=XSS).text,
        mine.send(f"{path}/timeline", path, form="event", event=XSS, at=XSS, actor=XSS, type=XSS, precision=XSS).text,
    ]
    mine.done(f"{path}/timeline/{hostile}/remove", path)
    pages.append(mine.get(f"{path}?removed={hostile}"))
    for page in pages:
        assert "<script>alert" not in page
        assert "<img src=x" not in page
