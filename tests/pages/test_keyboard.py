"""A page is used with the keyboard alone: every stop is seen, uncovered, named, and in the order of the page."""

from typing import Any

from playwright.sync_api import Browser, Page, expect

from tests.api.writing import draft, ok
from tests.pages.test_browser import visiting
from tests.stack import Stack

STOP = """() => {
  const one = document.activeElement;
  if (!one || one === document.body) return null;
  const box = one.getBoundingClientRect(), style = getComputedStyle(one), faults = [];
  const all = [...document.querySelectorAll("*")];
  const left = box.left + Math.min(box.width / 2, 20);
  const tall = box.height > innerHeight / 2;
  const over = tall ? one : document.elementFromPoint(left, box.top + box.height / 2);
  if (box.width < 2 || box.height < 2) faults.push("has no size");
  if (!tall && (box.top < -1 || box.bottom > innerHeight + 1)) faults.push("is outside of the window");
  if (over && !one.contains(over) && !over.contains(one)) faults.push(`is covered by ${over.outerHTML.slice(0, 80)}`);
  if (style.outlineStyle === "none" || parseFloat(style.outlineWidth) < 2) faults.push("shows no focus");
  if (one.tabIndex > 0) faults.push("jumps the queue");
  const name = (one.labels?.[0]?.textContent || one.getAttribute("aria-label") || one.textContent).trim().slice(0, 50);
  return {place: all.indexOf(one), name, faults: faults.map((fault) => `${one.tagName} "${name}" ${fault}`)};
}"""

STOPS = """() => [...document.querySelectorAll("a[href], button, input, select, textarea, summary")].filter(
  (one) => !one.disabled && one.type !== "hidden" && one.tabIndex >= 0 && one.checkVisibility()).length"""


def shown_whole(page: Page) -> None:
    """Waits for what is read once it is in sight, so that all stops are there before they are counted."""
    page.evaluate("scrollTo(0, document.body.scrollHeight)")
    expect(page.locator("[data-loads]")).to_have_count(0)
    page.evaluate("scrollTo(0, 0)")


def walk(page: Page) -> tuple[list[str], list[str]]:
    """The names of all stops of the Tab key, from the top of the page to its end, and what is wrong with them."""
    names: list[str] = []
    wrong: list[str] = []
    last = -1
    for _ in range(300):
        page.keyboard.press("Tab")
        stop: Any = page.evaluate(STOP)
        if stop is None or stop["place"] < last:
            break
        if stop["place"] > last:  # the parts of a date field are one stop
            names.append(stop["name"])
            wrong += stop["faults"]
        last = stop["place"]
    return names, wrong


def test_pages_are_walked_through_with_tab(browser: Browser, stack: Stack) -> None:
    author = stack.person()
    made = draft(author, visibility="ORGANIZATION", tags=["pool"])
    comment = {"body": "Why?", "section": "impact", "anchor": {"quote": "800 orders"}}
    ok(author.post(f"/api/postmortems/{made['id']}/comments", json=comment), 201)
    path = f"/postmortems/{made['id']}"
    with visiting(browser, stack, author, viewport={"width": 1280, "height": 720}, reduced_motion="reduce") as page:
        for address in ("/", path, f"{path}/edit"):
            for width in (1280, 390):
                page.set_viewport_size({"width": width, "height": 720})
                page.goto(f"{stack.url}{address}")
                shown_whole(page)
                names, wrong = walk(page)
                assert wrong == [], f"{address} at {width}"
                assert names[0] == "Skip to content"
                assert len(names) == page.evaluate(STOPS), f"{address}: {names}"


def test_the_skip_link_leads_past_the_header(browser: Browser, stack: Stack) -> None:
    author = stack.person()
    with visiting(browser, stack, author, reduced_motion="reduce") as page:
        page.goto(f"{stack.url}/")
        page.keyboard.press("Tab")
        expect(page.get_by_role("link", name="Skip to content")).to_be_focused()
        expect(page.get_by_role("link", name="Skip to content")).to_be_in_viewport()
        page.keyboard.press("Enter")
        expect(page.locator("main")).to_be_focused()
        page.keyboard.press("Tab")
        expect(page.get_by_role("link", name="New postmortem")).to_be_focused()


def test_the_menu_closes_when_it_is_left(browser: Browser, stack: Stack) -> None:
    with visiting(browser, stack, stack.person()) as page:
        menu, button = page.locator("details.menu"), page.locator("details.menu > summary")
        button.focus()
        page.keyboard.press("Enter")
        expect(page.get_by_role("link", name="Notification settings")).to_be_visible()
        page.keyboard.press("Tab")
        expect(page.get_by_role("link", name="Notification settings")).to_be_focused()
        page.keyboard.press("Escape")
        expect(menu).not_to_have_attribute("open", "")
        expect(button).to_be_focused()
        page.keyboard.press("Enter")
        page.get_by_role("button", name="Sign out").focus()
        page.keyboard.press("Tab")
        expect(menu).not_to_have_attribute("open", "")
