"""The whole story in a real browser: a postmortem is created, written, reviewed, sent back, approved, published, and
archived, and its action item is followed through. By mouse, by keyboard alone, and with JavaScript off."""

import re
from collections.abc import Callable
from contextlib import ExitStack
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.api.writing import ok
from tests.pages.story.hands import Counted, Hand, Keyboard, Mouse
from tests.pages.test_browser import visiting
from tests.stack import Stack

SECTIONS = {
    "summary": ("Summary", "The checkout **failed** for 40 minutes."),
    "impact": ("Impact", "About 800 orders were lost."),
    "rootCause": ("Root cause", "A pool limit from two years ago."),
    "resolution": ("Resolution", "The limit was raised."),
}
DUE = "2099-01-15"
OPENED = re.compile(r"/postmortems/pm_\w+")
CLICKS_BEFORE, LOADS_BEFORE = 17, 14
"""Of the way from creating to publishing, before forms were sent in place."""


def address_of(page: Page) -> str:
    """That of the postmortem, whose form may be open."""
    found = OPENED.search(page.url)
    assert found
    return page.url[: found.end()]


def fold(page: Page, words: str) -> Locator:
    return page.locator("summary").get_by_text(words, exact=True).first


def button(page: Page, name: str) -> Locator:
    return page.get_by_role("button", name=name, exact=True)


def stands_at(page: Page, status: str) -> None:
    expect(page.locator(".stepper [aria-current]")).to_have_text(status)


def write_sections(hand: Hand) -> None:
    """In the form of all sections, which works for every hand; tests/pages/writing writes them in place."""
    page = hand.page
    if not page.locator("#f-summary").count():
        hand.press(page.get_by_role("link", name="Edit", exact=True))
    for key, (_, text) in SECTIONS.items():
        hand.write(page.locator(f"#f-{key}"), text)
    hand.press(button(page, "Save and close"))


def add_event(hand: Hand) -> None:
    page = hand.page
    hand.press(fold(page, "Add event"))
    hand.write(page.locator("#e-event"), "Alert triggered")
    hand.write(page.locator("#e-at"), "2026-11-20T10:30")
    hand.press(button(page, "Add event"))
    expect(page.locator("#timeline .timeline")).to_contain_text("Alert triggered")


def add_item(hand: Hand, owner: str) -> None:
    page = hand.page
    hand.press(fold(page, "Add action item"))
    hand.write(page.locator("#i-description"), "Watch the limit")
    hand.write(page.locator("#i-owner"), owner)
    hand.write(page.locator("#i-due"), DUE)
    hand.press(button(page, "Add action item"))
    expect(page.locator("#actionItems").get_by_role("link", name="Watch the limit").first).to_be_visible()


def ask_reviewer(hand: Hand, handle: str) -> None:
    page = hand.page
    hand.write(page.get_by_label("Request review", exact=True), f"@{handle}")
    hand.press(button(page, "Request review"))
    expect(page.locator("#reviewers .rows")).to_be_visible()


def complete_item(hand: Hand) -> None:
    page = hand.page
    hand.press(page.locator("#actionItems").get_by_role("link", name="Watch the limit").first)
    hand.press(page.locator("#change-status > summary"))
    status = page.locator("select[name=status]:visible").first
    hand.choose(status, "Completed")
    hand.press(status.locator("xpath=ancestor::form").get_by_role("button").first)
    expect(page.locator(".status--completed").first).to_be_visible()


def tell(author: Hand, reviewer: Hand, admin: Hand, handles: tuple[str, str], title: str, url: str) -> None:
    page, theirs = author.page, reviewer.page
    author.press(page.get_by_role("link", name="New postmortem").first)
    author.write(page.get_by_label("Title"), title)
    author.press(button(page, "Start draft"))
    page.wait_for_url(OPENED)
    write_sections(author)
    expect(page.locator("#summary .prose strong")).to_have_text("failed")
    add_event(author)
    add_item(author, f"@{handles[0]}")
    ask_reviewer(author, handles[1])
    author.press(button(page, "Submit for review"))
    stands_at(page, "In review")
    address = address_of(page)

    theirs.goto(url)
    reviewer.press(theirs.get_by_role("link", name=title).first)
    reviewer.press(fold(theirs, "Request changes…"))
    reviewer.write(theirs.get_by_label("What should change?"), "How many customers wrote to us?")
    reviewer.press(button(theirs, "Send back to draft"))
    stands_at(theirs, "Draft")

    page.goto(address)
    thread = page.locator(".thread", has_text="How many customers wrote to us?")
    author.press(thread.get_by_role("button", name=re.compile("^Resolve")).first)
    expect(page.locator(".thread--resolved")).to_have_count(1)
    author.press(button(page, "Submit for review"))
    stands_at(page, "In review")
    theirs.goto(address)
    reviewer.press(button(theirs, "Approve"))
    expect(theirs.get_by_text("You approved this version.")).to_be_visible()

    page.goto(address)
    author.press(button(page, "Publish"))
    stands_at(page, "Published")
    complete_item(author)

    admin.page.goto(address)
    admin.press(fold(admin.page, "Archive…"))
    admin.press(button(admin.page, "Archive"))
    stands_at(admin.page, "Archived")


@pytest.mark.parametrize(
    ("hand", "scripted"), [(Mouse, True), (Keyboard, True), (Mouse, False)], ids=["mouse", "keyboard", "no script"]
)
def test_the_whole_story(browser: Browser, stack: Stack, hand: Callable[[Page], Hand], scripted: bool) -> None:
    people = [stack.person(), stack.person(), stack.person("ADMIN")]
    handles = [ok(one.get("/api/me"))["handle"] for one in people]
    with ExitStack() as open_ones:
        pages = [open_ones.enter_context(visiting(browser, stack, one, java_script_enabled=scripted)) for one in people]
        author, reviewer, admin = (hand(one) for one in pages)
        tell(author, reviewer, admin, (handles[0], handles[1]), f"Checkout failed {uuid4().hex[:6]}", stack.url)


def test_half_as_many_clicks_and_half_as_many_loads(browser: Browser, stack: Stack) -> None:
    """From a resolved incident to a published postmortem, by mouse: fields of one form are reached with Tab, and Enter
    sends it. The reviewer follows the link of their message, and the author looks again when it is approved."""
    author, reviewer = stack.person(), stack.person()
    own, handle = (ok(one.get("/api/me"))["handle"] for one in (author, reviewer))
    report = {
        "externalId": uuid4().hex,
        "title": "Checkout failed",
        "startedAt": "2026-11-20T10:30:00Z",
        "resolvedAt": "2026-11-20T11:10:00Z",
        "status": "RESOLVED",
        "urgency": "LOW",
    }
    incident = ok(stack.client().post("/api/incidents", json=report), 201)["id"]
    counted = Counted()
    with visiting(browser, stack, author) as page, visiting(browser, stack, reviewer) as theirs:
        for one in (page, theirs):
            counted.watch(one)
        page.goto(f"{stack.url}/incidents/{incident}")
        button(page, "Create postmortem").click()
        page.wait_for_url(OPENED)
        address = address_of(page)

        page.get_by_role("link", name="Edit", exact=True).click()
        for key, (_, text) in SECTIONS.items():
            page.locator(f"#f-{key}").focus()
            page.keyboard.insert_text(text)
        button(page, "Save and close").click()
        expect(page.locator("#summary .prose strong")).to_have_text("failed")

        fold(page, "Add action item").click()
        page.keyboard.press("Tab")
        expect(page.locator("#i-description")).to_be_focused()
        page.keyboard.insert_text("Watch the limit")
        page.locator("#i-owner").focus()
        page.keyboard.insert_text(f"@{own}")
        page.locator("#i-due").focus()
        page.keyboard.type("01152099")
        page.keyboard.press("Enter")
        expect(page.locator("#actionItems").get_by_role("link", name="Watch the limit").first).to_be_visible()

        reviewing = page.get_by_label("Request review", exact=True)
        reviewing.click()
        page.keyboard.insert_text(f"@{handle}")
        page.keyboard.press("Enter")
        expect(page.locator("#reviewers .rows")).to_be_visible()
        button(page, "Submit for review").click()
        stands_at(page, "In review")

        theirs.goto(address)
        button(theirs, "Approve").click()
        expect(theirs.get_by_text("You approved this version.")).to_be_visible()
        page.goto(address)
        button(page, "Publish").click()
        stands_at(page, "Published")
    assert counted.clicks <= CLICKS_BEFORE // 2, counted
    assert counted.loads <= LOADS_BEFORE // 2, counted
