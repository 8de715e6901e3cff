"""Forms that are sent without leaving the page, in a real browser; without JavaScript they are ordinary forms."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from tests.api.writing import draft, ok, with_item
from tests.pages.test_browser import visiting
from tests.pages.visiting import sign_in_link
from tests.stack import Person, Stack, eventually

EXPECTED = re.compile(r"status of 40[134]|ERR_INTERNET_DISCONNECTED|htmx:(sendError|afterRequest)")
READ = re.compile("^Mark as read")


@pytest.fixture
def me(stack: Stack) -> Person:
    """Somebody with three unread notifications."""
    person, colleague = stack.person(), stack.person()
    for _ in range(3):
        made = draft(person, visibility="ORGANIZATION")
        ok(colleague.post(f"/api/postmortems/{made['id']}/comments", json={"body": "Why?"}), 201)
    return person


@contextmanager
def inbox(browser: Browser, stack: Stack, me: Person, *, scripts: bool = True) -> Iterator[Page]:
    with visiting(browser, stack, me, expected=EXPECTED, java_script_enabled=scripts) as page:
        page.goto(f"{stack.url}/inbox")
        yield page


@pytest.mark.parametrize("scripts", [True, False])
def test_a_form_changes_its_part_and_the_count_in_the_header(
    browser: Browser, stack: Stack, me: Person, scripts: bool
) -> None:
    with inbox(browser, stack, me, scripts=scripts) as page:
        loads: list[str] = []
        page.on("framenavigated", lambda frame: loads.append(frame.url))
        for left in (2, 1):
            page.get_by_role("button", name=READ).first.click()
            expect(page.locator("#bell .count")).to_contain_text(f"{left} unread")
            expect(page.get_by_role("button", name=READ)).to_have_count(left)
        assert len(loads) == (0 if scripts else 2)


def test_a_session_that_ended_is_said_and_the_page_stays(browser: Browser, stack: Stack, me: Person) -> None:
    with inbox(browser, stack, me) as page:
        page.context.clear_cookies()
        page.get_by_role("button", name=READ).first.click()
        expect(page.locator("#toasts")).to_contain_text("You were signed out, so this wasn't saved.")
        expect(page.get_by_role("button", name=READ)).to_have_count(3)
        with page.context.expect_page() as opened:
            page.get_by_role("button", name="Sign in").click()
        tab = opened.value
        tab.goto(sign_in_link(stack, ok(me.get("/api/me"))["handle"]))
        tab.get_by_role("button", name="Sign in").click()
        page.get_by_role("button", name=READ).first.click()  # this page's token is out of date
        page.get_by_role("button", name=READ).first.click()
        expect(page.get_by_role("button", name=READ)).to_have_count(2)


def test_what_was_deleted_or_cannot_be_reached_is_said(browser: Browser, stack: Stack, me: Person) -> None:
    with inbox(browser, stack, me) as page:
        page.evaluate(
            """() => {
              const form = document.querySelector("form[action^='/inbox/ntc_']");
              form.outerHTML = form.outerHTML.replace(/ntc_[^/]+/, "ntc_gone");
              htmx.process(document.body);
            }"""
        )
        page.get_by_role("button", name=READ).first.click()
        expect(page.locator(".toast--refusal")).to_be_visible()
        page.get_by_role("button", name="Dismiss").click()
        expect(page.locator(".toast")).to_have_count(0)
        page.context.set_offline(True)
        page.get_by_role("button", name="Mark all as read").click()
        expect(page.locator("#toasts")).to_contain_text("Afterword can't be reached")
        page.context.set_offline(False)
        page.get_by_role("button", name="Mark all as read").click()
        expect(page.locator("#bell .count")).to_have_count(0)


def test_who_adds_a_reviewer_and_submits_at_once_is_not_refused(browser: Browser, stack: Stack) -> None:
    author, reviewer = stack.person(), stack.person()
    made = draft(author, visibility="ORGANIZATION")
    with_item(author, made["id"], author.id)
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    with visiting(browser, stack, author) as page:
        page.goto(f"{stack.url}/postmortems/{made['id']}")
        page.route("**/reviewers", hold)
        page.get_by_label("Request review", exact=True).fill(ok(reviewer.get("/api/me"))["handle"])
        page.get_by_role("button", name="Request review", exact=True).click()
        page.get_by_label("Publish automatically").check()
        page.get_by_role("button", name="Submit for review").click()
        eventually(lambda: held or page.wait_for_timeout(10))
        held[0].continue_()
        expect(page.locator(".stepper [aria-current]")).to_have_text("In review")
    assert ok(author.get(f"/api/postmortems/{made['id']}"))["publishOnApproval"]
