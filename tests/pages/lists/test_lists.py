"""Lists in a real browser: changed in place by mouse and by keyboard, saved as views, and used without JavaScript."""

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.api.writing import draft, ok, with_item
from tests.pages.test_browser import visiting
from tests.pages.visiting import visitor
from tests.stack import Person, Stack, eventually

MOVE = re.compile("^Move")
HOSTILE = "<img src=x onerror=alert(1)>\"'{{7*7}}"


@pytest.fixture
def author(stack: Stack) -> Person:
    return stack.person()


def item_of(author: Person, description: str, **fields: Any) -> str:
    made = draft(author, visibility="ORGANIZATION")["id"]
    return str(with_item(author, made, author.id, description=description, **fields)["id"])


def read(person: Person, item: str) -> Any:
    return ok(person.get(f"/api/action-items/{item}"))


def mine(page: Page, stack: Stack, more: str = "") -> None:
    page.goto(f"{stack.url}/action-items?whose=mine{more}")


def test_an_owner_is_changed_with_one_click_from_the_list(browser: Browser, stack: Stack, author: Person) -> None:
    other = stack.person(name=f"Other {uuid4().hex[:6]}")
    item = item_of(author, "Hand this over")
    with visiting(browser, stack, author) as page:
        mine(page, stack)
        page.get_by_role("link", name="change owner").click()
        page.get_by_label("New owner").fill(ok(other.get("/api/me"))["handle"])
        page.locator(".suggestions__item").first.click()
        page.get_by_role("button", name="Change owner", exact=True).click()
        expect(page.get_by_text("No action items here.")).to_be_visible()
        assert read(author, item)["ownerId"] == other.id
        page.goto(f"{stack.url}/action-items?q=Hand+this&ownerId={other.id}")
        expect(page.locator(".chips")).to_contain_text(f"owner: {ok(other.get('/api/me'))['name']}")
        page.get_by_role("link", name="change owner").click()
        page.get_by_role("button", name="Assign to me").click()
        eventually(lambda: read(author, item)["ownerId"] == author.id)


def test_a_refusal_keeps_what_was_typed(browser: Browser, stack: Stack, author: Person) -> None:
    item = item_of(author, "Move me")
    later = (datetime.now(UTC) + timedelta(days=60)).date().isoformat()
    with visiting(browser, stack, author) as page:
        mine(page, stack)
        page.get_by_role("link", name="change due date").click()
        page.locator("#quick-due").fill(later)
        page.get_by_role("button", name="Change due date").click()
        expect(page.locator("#toasts")).to_contain_text("reason")
        expect(page.locator("#quick-due")).to_have_value(later)
        page.locator("#quick-reason").fill(HOSTILE)
        page.get_by_role("button", name="Change due date").click()
        expect(page.locator("#quick-change")).to_be_hidden()
        assert read(author, item)["dueDate"] == later
        page.goto(f"{stack.url}/action-items/{item}")
        expect(page.locator(".trail")).to_contain_text(HOSTILE)


def test_cards_are_dragged_over_the_board(browser: Browser, stack: Stack, author: Person) -> None:
    item = item_of(author, "Drag me")
    with visiting(browser, stack, author, viewport={"width": 1440, "height": 900}) as page:
        mine(page, stack, "&layout=board")
        card = page.locator(f"[data-item={item}]").first
        card.drag_to(page.locator("[data-status=IN_PROGRESS]"))
        expect(page.locator("[data-status=IN_PROGRESS]")).to_contain_text("Drag me")
        eventually(lambda: read(author, item)["status"] == "IN_PROGRESS")
        page.locator(f"[data-item={item}]").first.drag_to(page.locator("[data-status=WONT_DO]"))
        page.locator("#quick-justification").fill("Replaced by another one")
        page.get_by_role("button", name="Change status").click()
        expect(page.locator("[data-status=WONT_DO]")).to_contain_text("Drag me")
        assert read(author, item)["justification"] == "Replaced by another one"
        page.reload()
        expect(page.locator("[data-status=WONT_DO]")).to_contain_text("Drag me")


def test_the_board_is_used_by_keyboard(browser: Browser, stack: Stack, author: Person) -> None:
    item = item_of(author, "Press me")
    with visiting(browser, stack, author) as page:
        mine(page, stack, "&layout=board")
        page.get_by_role("link", name=MOVE).focus()
        page.keyboard.press("Enter")
        expect(page.locator("#quick-status")).to_be_focused()
        page.keyboard.press("ArrowDown")
        page.keyboard.press("ArrowDown")
        expect(page.locator("#quick-status")).to_have_value("COMPLETED")
        page.keyboard.press("Tab")
        expect(page.get_by_role("button", name="Change status")).to_be_focused()
        page.keyboard.press("Enter")
        eventually(lambda: read(author, item)["status"] == "COMPLETED")
        expect(page.locator("[data-status=COMPLETED]")).to_contain_text("Press me")
        page.get_by_role("link", name=MOVE).click()
        page.keyboard.press("Escape")
        expect(page.locator("#quick-change")).to_be_hidden()
        expect(page.get_by_role("link", name=MOVE)).to_be_focused()


def test_several_items_are_changed_and_refusals_are_shown(browser: Browser, stack: Stack, author: Person) -> None:
    other = stack.person()
    ours = [item_of(author, f"Ours {number}") for number in range(3)]
    theirs = item_of(other, "Not yours")
    with visiting(browser, stack, author) as page:
        mine(page, stack)
        page.get_by_label("Select all on this page").check()
        expect(page.get_by_text("Change selected action items (3)")).to_be_visible()
        page.locator("#bulk").get_by_label("Priority").select_option("LOW")
        page.get_by_role("button", name="Change selected items").click()
        expect(page.locator(".priority--low")).to_have_count(3)
        assert [read(author, one)["priority"] for one in ours] == ["LOW"] * 3
        page.get_by_label("Select Ours 1").check()
        page.evaluate("(id) => document.querySelector('[form=bulk]:checked').name = 'id.' + id", theirs)
        page.locator("#bulk").get_by_label("Status").select_option("COMPLETED")
        page.get_by_role("button", name="Change selected items").click()
        expect(page.get_by_role("listitem").filter(has_text="Not yours")).to_contain_text("You can't change")
        page.get_by_role("link", name="Back to the list").last.click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Action items")


def test_bulk_changes_keep_what_was_typed_when_refused(browser: Browser, stack: Stack, author: Person) -> None:
    item_of(author, "Kept")
    with visiting(browser, stack, author) as page:
        mine(page, stack)
        page.get_by_label("Select Kept").check()
        page.locator("#bulk").get_by_label("Due date", exact=True).fill("2031-01-15")
        page.get_by_role("button", name="Change selected items").click()
        expect(page.get_by_role("alert")).to_contain_text("reason")
        expect(page.get_by_label("Due date", exact=True)).to_have_value("2031-01-15")
        page.get_by_label("Reason for the new due date").fill("Freeze")
        page.get_by_role("button", name="Change selected items").click()
        expect(page.locator(".listing")).to_contain_text("Jan 15, 2031")


def test_a_view_is_saved_shared_opened_changed_and_deleted(browser: Browser, stack: Stack) -> None:
    team = str(ok(stack.client().post("/api/teams", json={"name": f"Crew {uuid4().hex[:6]}"}), 201)["id"])
    author, mate = stack.person(teamIds=[team]), stack.person(teamIds=[team])
    made = draft(author, title="Seen in a view", tags=["viewed"], teamIds=[team])
    name = f"Tagged {HOSTILE}"
    with visiting(browser, stack, author) as page, visiting(browser, stack, mate) as theirs:
        page.goto(f"{stack.url}/postmortems")
        page.get_by_text("Filters", exact=True).click()
        page.get_by_label("Tag", exact=True).fill("viewed")
        page.get_by_label("Draft", exact=True).check()
        page.get_by_role("button", name="Apply filters").click()
        page.get_by_text("Columns", exact=True).click()
        page.get_by_label("Tags", exact=True).check()
        page.get_by_role("button", name="Apply columns").click()
        expect(page.get_by_role("columnheader", name="Tags")).to_be_visible()
        page.get_by_text("Save view", exact=True).first.click()
        page.get_by_label("Name", exact=True).fill(name)
        page.get_by_label("Shared with").select_option(team)
        page.get_by_role("button", name="Save view").click()
        expect(page.get_by_role("navigation", name="Views").locator("[aria-current]")).to_contain_text(name)

        theirs.goto(f"{stack.url}/postmortems")
        expect(theirs.get_by_role("columnheader", name="Tags")).to_be_hidden()
        theirs.get_by_role("link", name=name).click()
        expect(theirs.get_by_role("columnheader", name="Tags")).to_be_visible()
        expect(theirs.get_by_role("link", name="Seen in a view")).to_have_attribute(
            "href", f"/postmortems/{made['id']}"
        )
        theirs.get_by_text("View options", exact=True).click()
        expect(theirs.get_by_role("link", name="Rename or share")).to_be_hidden()

        page.get_by_role("link", name="Remove filter: tag: viewed").click()
        page.get_by_text("View options", exact=True).click()
        page.get_by_role("button", name=f"Update “{name}”").click()
        expect(page.get_by_text("tag: viewed")).to_be_hidden()
        page.get_by_text("View options", exact=True).click()
        page.get_by_role("link", name="Rename or share").click()
        page.get_by_label("Name", exact=True).fill("Ours")
        page.get_by_role("button", name="Save view").click()
        expect(page.get_by_role("navigation", name="Views").locator("[aria-current]")).to_contain_text("Ours")
        page.get_by_text("View options", exact=True).click()
        page.get_by_text("Delete view", exact=True).first.click()
        page.get_by_role("button", name="Delete view").click()
        expect(page.get_by_role("link", name="Ours", exact=True)).to_be_hidden()


def test_a_name_that_is_taken_is_refused_on_a_page_of_its_own(browser: Browser, stack: Stack, author: Person) -> None:
    ok(author.post("/api/views", json={"name": "Taken", "list": "postmortems"}), 201)
    with visiting(browser, stack, author) as page:
        page.goto(f"{stack.url}/postmortems?status=DRAFT")
        page.get_by_text("Save view", exact=True).first.click()
        page.get_by_label("Name", exact=True).fill("taken")
        page.get_by_role("button", name="Save view").click()
        expect(page.get_by_role("alert")).to_contain_text("There is already a view")
        page.get_by_label("Name", exact=True).fill("Free")
        page.get_by_role("button", name="Save view").click()
        expect(page.get_by_role("navigation", name="Views").locator("[aria-current]")).to_contain_text("Free")
        assert "status=DRAFT" in page.url


def test_the_layout_is_remembered_for_each_person(browser: Browser, stack: Stack, author: Person) -> None:
    draft(author, title="Laid out")
    with visiting(browser, stack, author) as page:
        page.goto(f"{stack.url}/postmortems")
        expect(page.locator(".listing")).to_be_visible()
        page.get_by_role("button", name="Cards").click()
        expect(page.locator(".cards")).to_be_visible()
        page.goto(f"{stack.url}/postmortems")
        expect(page.locator(".cards")).to_be_visible()
        expect(page.get_by_role("button", name="Cards")).to_have_attribute("aria-pressed", "true")


def test_lists_are_sorted_by_their_columns(browser: Browser, stack: Stack, author: Person) -> None:
    mark = uuid4().hex[:6]
    for name in ("beta", "Alpha", "gamma"):
        draft(author, title=f"{name} {mark}")
    with visiting(browser, stack, author) as page:
        page.goto(f"{stack.url}/postmortems?authorId={author.id}")
        for way, order in (("ascending", ["Alpha", "beta", "gamma"]), ("descending", ["gamma", "beta", "Alpha"])):
            page.get_by_role("columnheader", name="Postmortem").get_by_role("link").click()
            expect(page.locator("th[aria-sort]").first).to_have_attribute("aria-sort", way)
            titles = page.locator("tbody th a").all_inner_texts()
            assert [one.split()[1] for one in titles] == order


def test_an_items_page_changes_each_field_in_place(browser: Browser, stack: Stack, author: Person) -> None:
    other = stack.person()
    handle = ok(other.get("/api/me"))["handle"]
    tracker = {"kind": "console", "name": f"Tracker {uuid4().hex[:6]}", "config": {}, "secrets": {}}
    ok(stack.client().post("/api/integrations", json=tracker), 201)
    item = item_of(author, "Do everything here")
    with visiting(browser, stack, author) as page:
        page.goto(f"{stack.url}/action-items/{item}")
        page.evaluate("window.stays = true")

        def change(field: str) -> None:
            page.locator(f"#change-{field} > summary").click()

        change("status")
        page.get_by_label("New status").select_option("WONT_DO")
        page.get_by_label("Justification, if it won't be done").fill("Not needed")
        page.get_by_role("button", name="Save status").click()
        expect(page.get_by_text("Justification: Not needed")).to_be_visible()
        change("status")
        page.get_by_label("New status").select_option("OPEN")
        page.get_by_role("button", name="Save status").click()
        expect(page.locator("#status .status")).to_have_text("Open")
        change("due")
        page.get_by_label("New due date").fill("2031-02-03")
        page.get_by_role("button", name="Save due date").click()
        expect(page.locator("#due").get_by_role("alert")).to_contain_text("reason")
        page.get_by_label("Reason", exact=True).fill("Freeze")
        page.get_by_role("button", name="Save due date").click()
        expect(page.locator("#due")).to_contain_text("Feb 3, 2031")
        change("snooze")
        page.get_by_role("button", name="1 week").click()
        expect(page.locator("#snooze")).to_contain_text("Snoozed until")
        page.locator("#text > summary").click()
        page.get_by_label("Details").fill("With **words**")
        page.get_by_role("button", name="Save text").click()
        expect(page.locator("article .prose")).to_contain_text("words")
        page.get_by_label("Tracker").select_option(label=tracker["name"])
        page.get_by_role("button", name="Create or link ticket").click()
        expect(page.get_by_role("button", name="Sync again")).to_be_visible()
        page.get_by_role("button", name="Sync again").click()
        expect(page.locator(".trail")).to_contain_text("Ticket retried")
        page.get_by_text("Unlink ticket", exact=True).first.click()
        page.get_by_role("button", name="Unlink ticket").click()
        expect(page.get_by_text("No ticket yet.")).to_be_visible()
        change("owner")
        page.get_by_label("New owner").fill(handle)
        page.locator(".suggestions__item").first.click()
        page.get_by_role("button", name="Save owner").click()
        expect(page.locator("#owner > p")).to_contain_text(ok(other.get("/api/me"))["name"])
        assert page.evaluate("window.stays"), "a page was loaded"
        page.get_by_text("Delete action item", exact=True).first.click()
        page.get_by_role("button", name="Delete action item").click()
        page.wait_for_url("**/postmortems/**")
        ok(author.get(f"/api/action-items/{item}"), 404)


@pytest.mark.parametrize("scripts", [True, False])
def test_an_item_is_discussed_on_its_page(browser: Browser, stack: Stack, author: Person, scripts: bool) -> None:
    owner, mark = stack.person(), uuid4().hex[:6]
    made = draft(author, visibility="ORGANIZATION")["id"]
    item = with_item(author, made, owner.id, description=f"Rotate {mark}")["id"]
    with visiting(browser, stack, owner, java_script_enabled=scripts) as page:
        page.goto(f"{stack.url}/action-items/{item}")
        page.get_by_label("New comment on this action item").fill(f"Blocked by **legal** {HOSTILE}")
        page.get_by_role("button", name="Add comment").click()
        thread = page.locator("#comments .thread")
        expect(thread.locator(".prose strong")).to_have_text("legal")
        expect(thread).to_contain_text("{{7*7}}")
        page.get_by_label("Reply").fill("They agreed.")
        page.get_by_role("button", name="Reply").click()
        expect(thread.locator(".comment")).to_have_count(2)
        page.goto(f"{stack.url}/postmortems/{made}")
        about = page.locator(".thread", has_text="About the action item")
        expect(about.get_by_role("link", name=f"Rotate {mark}")).to_have_attribute(
            "href", f"/action-items/{item}#comments"
        )
        page.goto(f"{stack.url}/action-items/{item}")
        page.get_by_role("button", name="Resolve").click()
        expect(thread).to_contain_text("Resolved by")
        page.get_by_role("button", name="Reopen").click()
        expect(page.get_by_role("button", name="Resolve")).to_be_visible()


def test_who_owns_an_item_alone_reads_no_comments(stack: Stack, author: Person) -> None:
    owner = stack.person()
    made = draft(author, visibility="PRIVATE")["id"]
    item = with_item(author, made, owner.id)["id"]
    body = {"body": "Not for everyone", "actionItemId": item}
    ok(author.post(f"/api/postmortems/{made}/comments", json=body), 201)
    theirs = visitor(stack, owner)
    page = theirs.get(f"/action-items/{item}")
    assert "Not for everyone" not in page
    assert 'id="comments"' not in page
    refused = theirs.send(f"/action-items/{item}/comments", f"/action-items/{item}", form="comments", body="Mine")
    assert refused.status_code == 404
    assert "Not for everyone" in visitor(stack, author).get(f"/action-items/{item}")


def test_lists_work_without_javascript(browser: Browser, stack: Stack, author: Person) -> None:
    item, other = item_of(author, "Plain"), item_of(author, HOSTILE)
    with visiting(browser, stack, author, java_script_enabled=False) as page:
        mine(page, stack)
        page.get_by_label("Select Plain").check()
        page.get_by_text("Change selected action items").click()
        page.locator("#bulk").get_by_label("Priority").select_option("LOW")
        page.get_by_role("button", name="Change selected items").click()
        assert [read(author, one)["priority"] for one in (item, other)] == ["LOW", "HIGH"]
        page.get_by_role("button", name="Board").click()
        page.get_by_role("listitem").filter(has_text="Plain").get_by_role("link", name=MOVE).click()
        page.locator("#change-status > summary").click()
        page.get_by_label("New status").select_option("IN_PROGRESS")
        page.get_by_role("button", name="Save status").click()
        assert read(author, item)["status"] == "IN_PROGRESS"
