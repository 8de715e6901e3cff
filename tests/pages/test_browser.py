"""The life of a postmortem in a real browser: nothing breaks or loads from elsewhere, and everything is labeled."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.api.writing import draft, ok, with_item
from tests.nightly import spread
from tests.pages.readable import faults
from tests.pages.visiting import sign_in_link
from tests.stack import Person, Stack

REFUSED = re.compile("the server responded with a status of 4(09|22)|^The specified value ")
"""What Chromium says of a page that is a refusal, and of a number field that shows the text it was refused for."""


@contextmanager
def visiting(
    browser: Browser, stack: Stack, person: Person, *, expected: re.Pattern[str] = REFUSED, **how: object
) -> Iterator[Page]:
    """A browser of that person, signed in by link; at the end, whatever went wrong in it fails the test."""
    context = browser.new_context(**how)  # type: ignore[arg-type]
    page = context.new_page()
    wrong: list[str] = []
    page.on("console", lambda said: wrong.append(said.text) if said.type in {"error", "warning"} else None)
    page.on("pageerror", lambda error: wrong.append(f"{error}: {error.stack}"))
    page.on(
        "request",
        lambda asked: wrong.append(asked.url) if urlsplit(asked.url).netloc != urlsplit(stack.url).netloc else None,
    )
    page.goto(sign_in_link(stack, person.id))
    page.get_by_role("button", name="Sign in with this link").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("For your attention")
    yield page
    context.close()
    told = [one for one in wrong if not expected.search(one)]
    assert not told, "\n".join(told)


def test_a_postmortem_lives_in_a_browser(browser: Browser, stack: Stack) -> None:
    author, reviewer = stack.person(), stack.person()
    handle = ok(reviewer.get("/api/me"))["handle"]
    with visiting(browser, stack, author) as page, visiting(browser, stack, reviewer) as theirs:
        page.get_by_role("link", name="New postmortem").click()
        page.get_by_label("Title").fill("Written in a browser")
        page.get_by_role("button", name="Start draft").click()
        for name, text in (("Summary", "It **broke**."), ("Impact", "800 orders."), ("Root cause", "A limit.")):
            page.get_by_label(name, exact=False).first.fill(text)
        page.get_by_label("Affected users").fill("800")
        page.get_by_label("Resolution").fill("Raised it.\n\n- [x] for good")
        page.get_by_role("button", name="Save and close").click()
        expect(page.locator("#summary .prose strong")).to_have_text("broke")

        page.get_by_role("button", name="Submit for review").click()
        expect(page.get_by_role("alert")).to_contain_text("The section “Timeline” is still empty.")
        page.locator("summary").get_by_text("Add event").click()
        page.get_by_label("What happened").fill("Alarm")
        page.get_by_label("When").fill("2026-11-20T10:30")
        page.get_by_role("button", name="Add event").click()
        expect(page.locator("#timeline .timeline")).to_contain_text("Alarm")
        page.locator("summary").get_by_text("Add action item").click()
        page.get_by_label("Description").fill("Watch the limit")
        page.get_by_label("Owner").fill(handle)
        page.get_by_label("Due date").fill("2027-01-15")
        page.get_by_role("button", name="Add action item").click()
        expect(page.locator("#actionItems").get_by_role("link", name="Watch the limit").first).to_be_visible()
        page.get_by_label("Request review", exact=True).fill(f"@{handle}")
        page.get_by_role("button", name="Request review", exact=True).click()
        expect(page.locator("#reviewers .rows")).to_be_visible()
        page.get_by_role("button", name="Submit for review").click()
        expect(page.locator(".stepper [aria-current]")).to_have_text("In review")

        theirs.reload()
        theirs.get_by_role("link", name="Written in a browser").first.click()
        theirs.get_by_role("button", name="Approve").click()
        expect(theirs.get_by_text("You approved this version.")).to_be_visible()
        page.reload()
        page.get_by_role("button", name="Publish", exact=True).click()
        expect(page.locator(".stepper [aria-current]")).to_have_text("Published")


@pytest.mark.parametrize(
    ("width", "scheme"), spread([(390, "dark"), (390, "light"), (1280, "dark"), (1280, "light")], 3)
)
def test_pages_are_readable_by_everybody(browser: Browser, stack: Stack, width: int, scheme: str) -> None:
    author = stack.person()
    made = draft(author, visibility="ORGANIZATION", tags=["pool"], impactMetrics={"affectedUsers": 12000})
    item = with_item(author, made["id"], author.id, dueDate="2026-01-01")
    comments = f"/api/postmortems/{made['id']}/comments"
    ok(author.post(comments, json={"body": "Why?", "section": "impact", "anchor": {"quote": "800 orders"}}), 201)
    ok(author.post(comments, json={"body": "Gone?", "section": "summary", "anchor": {"quote": "checkout failed"}}), 201)
    changes = {"summary": "By human error, many requests were refused.", "impact": "Early: about 800 orders were lost."}
    ok(author.patch(f"/api/postmortems/{made['id']}", json=changes))
    template = ok(author.get("/api/templates"))["items"][0]["id"]
    address = f"/postmortems/{made['id']}"
    how = {"viewport": {"width": width, "height": 844}, "color_scheme": scheme}
    with visiting(browser, stack, author, **how) as page:
        for path in (
            "/", "/postmortems", address, f"{address}/edit", "/postmortems/new", "/action-items",
            f"/action-items/{item['id']}", "/incidents", "/inbox", "/sign-in", "/search?q=pool",
            "/settings/notifications",
            f"{address}/edit?advice=1", f"{address}/history/summary", f"{address}/timeline/paste", f"{address}/audit",
            "/settings/templates", f"/settings/templates/{template}",
        ):  # fmt: skip
            page.goto(f"{stack.url}{path}")
            assert faults(page) == [], path


def test_pages_work_without_javascript(browser: Browser, stack: Stack) -> None:
    author = stack.person()
    made = draft(author)
    with visiting(browser, stack, author, java_script_enabled=False) as page:
        page.goto(f"{stack.url}/postmortems/{made['id']}/edit")
        page.get_by_label("Detection").fill("By alarm")
        page.get_by_role("button", name="Save and close").click()
        expect(page.locator("#detection")).to_contain_text("By alarm")


def test_unsaved_words_are_not_left_by_mistake(browser: Browser, stack: Stack) -> None:
    author = stack.person()
    made = draft(author)
    with visiting(browser, stack, author) as page:
        page.goto(f"{stack.url}/postmortems/{made['id']}/edit")
        page.get_by_label("Detection").fill("Typed")
        asked: list[str] = []
        page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.dismiss()))
        page.get_by_role("link", name="Home").click(no_wait_after=True)
        expect(page.get_by_label("Detection")).to_have_value("Typed")
        assert asked == ["beforeunload"]
        page.get_by_label("Detection").press("Control+s")
        expect(page.get_by_role("status")).to_have_text("Saved.")


def test_two_people_write_and_talk_about_the_same_section(browser: Browser, stack: Stack) -> None:
    author, colleague = stack.person(), stack.person()
    text = "The **checkout** failed at noon.\n\nRetries doubled the load.\n\nSomebody restarted it."
    made = draft(author, summary=text, visibility="ORGANIZATION")
    ok(author.post(f"/api/postmortems/{made['id']}/editors", json={"userId": colleague.id}), 201)
    address = f"{stack.url}/postmortems/{made['id']}"
    with visiting(browser, stack, author) as page, visiting(browser, stack, colleague) as theirs:
        theirs.goto(address)
        theirs.locator("#summary .prose p").nth(1).select_text()
        theirs.get_by_role("button", name="Comment on this").click()
        expect(theirs.locator("#summary .picked q")).to_have_text("Retries doubled the load.")
        theirs.get_by_label("New comment on Summary").fill("By how much?")
        theirs.locator("#summary").get_by_role("button", name="Add comment").click()
        expect(theirs.locator("#summary mark.about")).to_have_text("Retries doubled the load.")

        page.goto(f"{address}/edit")
        theirs.goto(f"{address}/edit")
        page.get_by_label("Summary").fill("Late. " + text)
        page.get_by_role("button", name="Save and close").click()
        expect(page.locator("#summary mark.about")).to_have_text("Retries doubled the load.")
        expect(page.locator("#summary .quote")).to_contain_text("moved")
        theirs.get_by_label("Summary").fill(text.replace("restarted it", "restarted everything"))
        theirs.get_by_role("button", name="Save and close").click()
        expect(theirs.get_by_role("status").filter(has_text="Merged")).to_be_visible()
        expect(theirs.get_by_label("Summary")).to_have_value(
            "Late. " + text.replace("restarted it", "restarted everything")
        )

        page.goto(f"{address}/edit")
        page.get_by_label("Summary").fill("All is different now.")
        page.get_by_role("button", name="Save and close").click()
        expect(page.locator("#summary .quote")).to_contain_text("text removed")
        theirs.get_by_label("Summary").fill("Something else.")
        theirs.get_by_role("button", name="Save and close").click()
        expect(theirs.get_by_role("alert").first).to_contain_text("Some changes weren't saved")
        theirs.get_by_role("button", name="Use their version").click()
        expect(theirs.get_by_label("Summary")).to_have_value("All is different now.")

        page.get_by_role("link", name="History of Summary").click()
        page.get_by_role("button", name="Restore version 3").click()
        expect(page.locator("tbody tr").first).to_contain_text("restored version 3")
        page.goto(address)
        page.locator("#summary mark.about").click()
        expect(page.locator(".thread--lit")).to_contain_text("By how much?")
