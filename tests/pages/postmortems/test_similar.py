"""Similar postmortems beside one that is read: they come once the reader gets near them."""

from uuid import uuid4

from playwright.sync_api import Browser, Route, expect

from tests.api.writing import SECTIONS, draft, ready
from tests.pages.test_browser import visiting
from tests.stack import Stack


def test_they_are_read_when_they_are_in_sight_and_the_reader_stays_there(browser: Browser, stack: Stack) -> None:
    author, word = stack.person(), f"qa{uuid4().hex[:8]}"
    texts = dict.fromkeys(SECTIONS, f"The {word} queue of {word} was full.")
    earlier = ready(author, [stack.person()], visibility="ORGANIZATION", title=f"Earlier {word}", **texts)
    made = draft(author, visibility="ORGANIZATION", title=f"The {word} queue", **texts)
    with visiting(browser, stack, author, viewport={"width": 1280, "height": 500}) as page:
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.goto(f"{stack.url}/postmortems/{made['id']}", wait_until="networkidle")
        assert not [one for one in asked if one.endswith("/similar")]
        summary = page.get_by_role("link", name="Edit", exact=True)
        summary.focus()
        page.locator("#similar").scroll_into_view_if_needed()
        expect(page.locator("#similar").get_by_role("link", name=earlier["title"])).to_be_visible()
        expect(summary).to_be_focused()
        assert len([one for one in asked if one.endswith("/similar")]) == 1


def test_who_stands_on_their_link_stands_beside_them_once_they_come(browser: Browser, stack: Stack) -> None:
    author, word = stack.person(), f"qb{uuid4().hex[:8]}"
    texts = dict.fromkeys(SECTIONS, f"The {word} queue of {word} was full.")
    earlier = ready(author, [stack.person()], visibility="ORGANIZATION", title=f"Earlier {word}", **texts)
    made = draft(author, visibility="ORGANIZATION", title=f"The {word} queue", **texts)
    with visiting(browser, stack, author) as page:
        held: list[Route] = []

        def hold(route: Route) -> None:
            held.append(route)

        page.route("**/similar", hold)
        page.goto(f"{stack.url}/postmortems/{made['id']}")
        page.get_by_role("link", name="Find similar postmortems").focus()
        expect(page.locator("#similar[aria-busy=true]")).to_be_visible()
        held[0].continue_()
        expect(page.locator("#similar")).to_be_focused()
        page.keyboard.press("Tab")
        expect(page.locator("#similar").get_by_role("link", name=earlier["title"])).to_be_focused()


def test_a_link_leads_to_them_without_scripts(browser: Browser, stack: Stack) -> None:
    author = stack.person()
    made = draft(author)
    with visiting(browser, stack, author, java_script_enabled=False) as page:
        page.goto(f"{stack.url}/postmortems/{made['id']}")
        page.get_by_role("link", name="Find similar postmortems").click()
        expect(page.get_by_role("heading", level=1)).to_have_text(f"Similar to {made['title']}")
