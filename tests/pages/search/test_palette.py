"""The command palette, shortcuts, and people found by name, in a real browser by keyboard."""

from uuid import uuid4

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.api.writing import draft, ok, with_item
from tests.pages.test_browser import visiting
from tests.pages.visiting import visitor
from tests.stack import Stack


@pytest.fixture
def word() -> str:
    return f"zq{uuid4().hex[:8]}"


def opened(page: Page) -> Page:
    page.keyboard.press("Control+k")
    expect(page.get_by_role("dialog", name="Command palette")).to_be_visible()
    return page


def choose(page: Page, typed: str, option: str) -> None:
    """Types, waits for the option, goes there by the arrow keys, and chooses it."""
    page.get_by_role("combobox", name="Search and commands").press_sequentially(typed)
    expect(page.get_by_role("option", name=option).first).to_be_visible()
    for _ in range(30):
        active = page.locator("#palette-list [aria-selected=true]")
        if option in active.inner_text():
            break
        page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")


def test_it_leads_anywhere_by_keyboard(browser: Browser, stack: Stack, word: str) -> None:
    author = stack.person()
    made = draft(author, title=f"Failure of {word}")
    with visiting(browser, stack, author) as page:
        choose(opened(page), word, f"Failure of {word}")
        page.wait_for_url(f"**/postmortems/{made['id']}*")
        choose(opened(page), "action it", "Action items")
        page.wait_for_url("**/action-items")
        choose(opened(page), "new post", "New postmortem")
        page.wait_for_url("**/postmortems/new")
        choose(opened(page), f"#{made['number']}", f"#{made['number']} Failure")
        page.wait_for_url(f"**/postmortems/{made['id']}*")
        choose(opened(page), word, "Search all text")
        page.wait_for_url(f"**/search?q={word}")
        opened(page)
        expect(page.get_by_role("group", name="Recent").get_by_role("option")).to_contain_text([f"Failure of {word}"])
        page.keyboard.press("Escape")
        expect(page.get_by_role("dialog")).to_have_count(0)


def test_the_header_opens_it_and_the_page_adds_its_commands(browser: Browser, stack: Stack) -> None:
    author = stack.person()
    made = draft(author)
    with visiting(browser, stack, author) as page:
        page.goto(f"{stack.url}/postmortems/{made['id']}")
        page.get_by_role("button", name="Open command palette").click()
        offered = page.get_by_role("group", name="On this page").get_by_role("option")
        expect(offered.filter(has_text="Submit for review")).to_have_count(1)
        choose(page, "submit", "Submit for review")
        expect(page.get_by_role("alert").first).to_be_visible()


def test_an_item_is_assigned_without_its_page(browser: Browser, stack: Stack, word: str) -> None:
    author, owner = stack.person(), stack.person(name=f"José {word}")
    made = draft(author)
    item = with_item(author, made["id"], author.id, description=f"Watch {word}")
    with visiting(browser, stack, author) as page:
        choose(opened(page), "assign", "Assign an action item")
        choose(page, word, f"Watch {word}")
        choose(page, f"jose {word}", f"José {word}")
        expect(page.locator(".toast")).to_contain_text(f"Assigned to José {word}.")
        assert ok(author.get(f"/api/action-items/{item['id']}"))["ownerId"] == owner.id


def test_an_item_that_is_not_ones_own_says_why(browser: Browser, stack: Stack, word: str) -> None:
    author, reader = stack.person(), stack.person("MEMBER")
    made = draft(author, visibility="ORGANIZATION")
    with_item(author, made["id"], author.id, description=f"Watch {word}")
    with visiting(browser, stack, reader) as page:
        choose(opened(page), "assign", "Assign an action item")
        choose(page, word, f"Watch {word}")
        expect(page.get_by_role("option").first).to_contain_text("Person")
        page.keyboard.press("Enter")
        expect(page.locator(".toast")).to_contain_text("You can't change the owner of this action item.")


def test_shortcuts_and_what_stops_them(browser: Browser, stack: Stack) -> None:
    with visiting(browser, stack, stack.person()) as page:
        page.keyboard.press("g")
        page.keyboard.press("p")
        page.wait_for_url("**/postmortems")
        page.keyboard.press("/")  # a list's own search comes first
        expect(page.get_by_role("searchbox", name="Search postmortems")).to_be_focused()
        page.goto(f"{stack.url}/inbox")
        page.keyboard.press("/")
        search = page.get_by_role("searchbox", name="Search everything")
        expect(search).to_be_focused()
        page.keyboard.type("g a?")  # text, no shortcuts
        expect(search).to_have_value("g a?")
        assert page.url.endswith("/inbox")
        search.blur()
        page.keyboard.press("?")
        help_ = page.get_by_role("dialog", name="Keyboard shortcuts")
        expect(help_).to_contain_text("Open the command palette")
        page.get_by_label("Turn off shortcuts of single keys").check()
        help_.get_by_role("button", name="Close").click()
        page.reload()
        page.keyboard.press("?")
        page.keyboard.press("g")
        page.keyboard.press("h")
        expect(opened(page).get_by_role("dialog", name="Keyboard shortcuts")).to_have_count(0)
        assert page.url.endswith("/inbox")


def test_a_sign_out_erases_recent_pages(browser: Browser, stack: Stack, word: str) -> None:
    author = stack.person()
    made = draft(author, title=f"Secret {word}")
    with visiting(browser, stack, author) as page:
        page.goto(f"{stack.url}/postmortems/{made['id']}")
        assert word in page.evaluate("JSON.stringify(localStorage)")
        page.locator(".menu summary").click()
        page.get_by_role("button", name="Sign out").click()
        page.wait_for_url("**/sign-*")
        assert word not in page.evaluate("JSON.stringify(localStorage)")


def test_a_person_is_found_while_one_types(browser: Browser, stack: Stack, word: str) -> None:
    author = stack.person()
    first, second = stack.person(name=f"{word} Ann"), stack.person(name=f"{word} Bea")
    made = draft(author)
    with visiting(browser, stack, author) as page:
        page.goto(f"{stack.url}/postmortems/{made['id']}")
        field = page.get_by_label("Request review", exact=True)
        field.press_sequentially(word)
        options = page.get_by_role("listbox", name="Suggestions").get_by_role("option")
        expect(options).to_contain_text([f"{word} Ann", f"{word} Bea"])
        expect(field).to_have_attribute("aria-expanded", "true")
        page.keyboard.press("Escape")
        expect(options).to_have_count(0)
        expect(field).to_have_value(word)
        page.keyboard.press("ArrowDown")
        expect(options).to_have_count(2)
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Enter")
        handle = ok(second.get("/api/me"))["handle"]
        expect(field).to_have_value(f"{word} Bea (@{handle})")
        page.keyboard.press("Enter")
        expect(page.locator("#reviewers .rows")).to_contain_text(f"{word} Bea")
    reviewers = ok(author.get(f"/api/postmortems/{made['id']}/reviewers"))["items"]
    assert [one["userId"] for one in reviewers] == [second.id] != [first.id]


def test_without_a_script_the_words_are_enough_or_refused_with_near_matches(stack: Stack, word: str) -> None:
    author, ann = stack.person(), stack.person(name=f"Ánn {word}")
    stack.person(name=f"Bea {word}")
    made = draft(author)
    path = f"/postmortems/{made['id']}"
    mine = visitor(stack, author)
    answer = mine.send(f"{path}/reviewers", path, person=word, form="reviewer")
    assert answer.status_code == 422
    assert f"Ánn {word} (@" in answer.text
    assert f"Bea {word} (@" in answer.text
    assert f'value="{word}"' in answer.text
    mine.done(f"{path}/reviewers", path, person=f"ann {word}", form="reviewer")
    assert [one["userId"] for one in ok(author.get(f"/api{path}/reviewers"))["items"]] == [ann.id]


def test_no_page_lists_everybody(stack: Stack, word: str) -> None:
    for nth in range(3):
        stack.person(name=f"{word} {nth}")
    author = stack.person()
    made = draft(author)
    for path in (f"/postmortems/{made['id']}", f"/postmortems/{made['id']}/meetings/new", "/settings/notifications"):
        assert word not in visitor(stack, author).get(path), path
