"""Threads stand beside the words that they are about, where there is room; one is resolved after the other."""

import pytest
from playwright.sync_api import Browser, expect

from tests.api.writing import draft, ok
from tests.pages.test_browser import visiting
from tests.stack import Person, Stack

TEXT = "\n\n".join(f"Paragraph {number} says what happened, and then what happened after that." for number in range(12))


@pytest.fixture
def author(stack: Stack) -> Person:
    return stack.person()


@pytest.mark.parametrize(("width", "is_beside"), [(1440, True), (1024, False), (390, False)])
def test_threads_are_beside_their_words_on_wide_screens(
    browser: Browser, stack: Stack, author: Person, width: int, is_beside: bool
) -> None:
    made = draft(author, summary=TEXT)
    comments = f"/api/postmortems/{made['id']}/comments"
    ids = [
        ok(
            author.post(
                comments, json={"body": "Why?", "section": "summary", "anchor": {"quote": f"Paragraph {number} says"}}
            ),
            201,
        )["id"]
        for number in (1, 9)
    ]
    with visiting(browser, stack, author, viewport={"width": width, "height": 900}) as page:
        page.goto(f"{stack.url}/postmortems/{made['id']}")
        for one in ids:
            mark, thread = page.locator(f"#m-{one}").bounding_box(), page.locator(f"#t-{one}").bounding_box()
            assert mark is not None
            assert thread is not None
            assert (thread["x"] > mark["x"] + mark["width"]) == is_beside
            if is_beside:
                assert abs(thread["y"] - mark["y"]) < 12
            else:
                assert thread["y"] > mark["y"]
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_each_thread_leads_to_the_next_one(browser: Browser, stack: Stack, author: Person) -> None:
    made = draft(author, summary=TEXT, impact=TEXT)
    comments = f"/api/postmortems/{made['id']}/comments"
    for section in ("impact", "summary"):
        ok(author.post(comments, json={"body": f"About {section}", "section": section}), 201)
    with visiting(browser, stack, author) as page:
        page.goto(f"{stack.url}/postmortems/{made['id']}")
        page.locator("#summary").get_by_role("button", name="Resolve and next").click()
        expect(page.locator("#impact .thread")).to_be_focused()
        expect(page.locator("#summary .thread--resolved")).to_have_count(1)
        expect(page.get_by_role("button", name="Resolve and next")).to_have_count(0)
        page.locator("#impact").get_by_role("button", name="Resolve", exact=True).click()
        expect(page.locator("#impact .thread--resolved")).to_have_count(1)
    assert [one["resolvedAt"] is not None for one in ok(author.get(comments))["items"]] == [True, True]
