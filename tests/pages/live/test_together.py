"""What others do appears by itself, in real browsers; nothing is taken from under the hands of whoever is writing."""

import re
import statistics
import sys
import time
from contextlib import ExitStack

import httpx
from playwright.sync_api import Browser, Page, expect

from tests.api.writing import draft, in_review, ok
from tests.pages.test_browser import visiting
from tests.stack import Person, Stack, eventually


def shared(stack: Stack) -> tuple[Person, Person, str, str]:
    """An author, a reviewer, the address of what both see, and its id."""
    author, reviewer = stack.person(), stack.person()
    made = in_review(author, [reviewer], visibility="PRIVATE")
    return author, reviewer, f"{stack.url}/postmortems/{made['id']}", made["id"]


def listening(page: Page, address: str) -> None:
    """Opens the page, and waits until it has its stream."""
    with page.expect_response(re.compile(r"/events(\?|$)")):
        page.goto(address)


def streams_of(stack: Stack) -> int:
    """How many are open, as the server counts."""
    return sum(
        int(float(one))
        for one in re.findall(r"^afterword_event_streams.* (\S+)$", httpx.get(f"{stack.url}/metrics").text, re.M)
    )


def test_a_save_a_comment_and_an_approval_appear(browser: Browser, stack: Stack) -> None:
    author, reviewer, address, pm = shared(stack)
    with visiting(browser, stack, author) as mine, visiting(browser, stack, reviewer) as theirs:
        listening(mine, address)
        listening(theirs, address)
        loads: list[str] = []
        theirs.on("framenavigated", lambda frame: loads.append(frame.url))
        ok(author.patch(f"/api/postmortems/{pm}", json={"impact": "About 900 orders."}))
        expect(theirs.locator("#impact .prose")).to_have_text("About 900 orders.")
        mine.locator("#talk-summary").evaluate("one => { one.open = true; }")
        mine.locator("#talk-summary textarea").fill("Is this **all**?")
        mine.locator("#talk-summary").get_by_role("button", name="Add comment").click()
        expect(theirs.locator("#talk-summary .comment strong")).to_have_text("all")
        expect(mine.locator("#talk-summary .comment strong")).to_have_text("all")
        theirs.locator("#talk-summary").evaluate("one => { one.open = true; }")
        theirs.locator("#talk-summary").get_by_label("Reply").fill("It is.")
        theirs.locator("#talk-summary").get_by_role("button", name="Reply").click()
        expect(mine.locator("#talk-summary .comment")).to_have_count(2)
        expect(mine.locator("#reviewers .review")).to_have_text("Pending")
        theirs.get_by_role("button", name="Approve", exact=True).click()
        expect(mine.locator("#reviewers .review")).to_have_text("Approved")
        ok(author.patch(f"/api/postmortems/{pm}", json={"detection": "A customer called."}))
        expect(theirs.locator("#detection .prose")).to_have_text("A customer called.")  # a section that wasn't there
        assert [one for one in loads if "#" not in one and "?" not in one][1:] == []


def test_how_quickly_it_appears(browser: Browser, stack: Stack) -> None:
    author, reviewer, address, pm = shared(stack)
    with visiting(browser, stack, reviewer) as theirs:
        listening(theirs, address)
        took: list[float] = []
        for number in range(10):
            ok(author.patch(f"/api/postmortems/{pm}", json={"impact": f"{number} orders."}))
            since = time.monotonic()
            theirs.wait_for_function(
                f"() => document.querySelector('#impact .prose').textContent.trim() === '{number} orders.'"
            )
            took.append(time.monotonic() - since)
        sys.stdout.write(f"appears after {statistics.median(took) * 1000:.0f} ms, {max(took) * 1000:.0f} ms at most\n")


def test_eight_tabs_of_a_browser_hold_one_stream(browser: Browser, stack: Stack) -> None:
    author, reviewer, address, pm = shared(stack)
    with visiting(browser, stack, author) as first:
        context = first.context
        tabs = [context.new_page() for _ in range(8)]
        for tab in tabs:
            tab.goto(address)
        first.close()
        eventually(lambda: streams_of(stack) == 1)
        said = ok(reviewer.post(f"/api/postmortems/{pm}/comments", json={"body": "Seen in all?"}), 201)["id"]
        for tab in tabs:
            expect(tab.locator(f"#c-{said}")).to_be_attached(timeout=30_000)
        assert streams_of(stack) == 1
        for closed in range(7):  # whichever of them has the stream
            tabs[closed].close()
        said = ok(reviewer.post(f"/api/postmortems/{pm}/comments", json={"body": "Seen by the last?"}), 201)["id"]
        expect(tabs[7].locator(f"#c-{said}")).to_be_attached(timeout=30_000)
        eventually(lambda: streams_of(stack) == 1)


def test_what_somebody_writes_stays(browser: Browser, stack: Stack) -> None:
    """A comment that is being typed, and an editor: the others' changes appear around it."""
    author, reviewer, address, pm = shared(stack)
    with visiting(browser, stack, author) as mine:
        listening(mine, address)
        mine.locator("#talk-impact").evaluate("one => { one.open = true; }")
        mine.locator("#talk-impact textarea").fill("Half a sent")
        said = ok(reviewer.post(f"/api/postmortems/{pm}/comments", json={"body": "First!", "section": "impact"}), 201)[
            "id"
        ]
        expect(mine.locator(f"#c-{said}")).to_be_visible()
        assert mine.locator("#talk-impact textarea").input_value() == "Half a sent"
        name = ok(reviewer.get("/api/me"))["name"]
        mine.locator("#impact").evaluate("one => { one.dataset.editing = ''; }")
        ok(reviewer.patch(f"/api/postmortems/{pm}", json={"impact": "Changed by the reviewer."}))
        expect(mine.locator("#impact .outdated")).to_contain_text(f"{name} saved a new version.")
        expect(mine.locator("#impact .prose").first).to_have_text("About 800 orders were lost.")
        mine.locator("#impact").evaluate("one => { delete one.dataset.editing; }")
        mine.locator("#talk-impact textarea").fill("")
        mine.locator("h1").click()
        expect(mine.locator("#impact .prose").first).to_have_text("Changed by the reviewer.")


def test_who_stands_on_a_link_still_stands_on_it(browser: Browser, stack: Stack) -> None:
    author, _, address, pm = shared(stack)
    with visiting(browser, stack, author) as mine:
        listening(mine, address)
        link = mine.get_by_role("link", name="Edit tags")
        link.focus()
        ok(author.patch(f"/api/postmortems/{pm}", json={"tags": ["queue"]}))
        expect(mine.locator("#fact-tags")).to_contain_text("queue")
        expect(link).to_be_focused()


def test_who_is_here_and_who_writes_where(browser: Browser, stack: Stack) -> None:
    author, reviewer, address, _ = shared(stack)
    names = [ok(one.get("/api/me"))["name"] for one in (author, reviewer)]
    with visiting(browser, stack, author) as mine:
        listening(mine, address)
        with visiting(browser, stack, reviewer) as theirs:
            listening(theirs, address)
            expect(mine.locator(".presence")).to_contain_text(f"Also here: {names[1]}")
            expect(theirs.locator(".presence")).to_contain_text(f"Also here: {names[0]}")
            theirs.locator("#summary .talk").evaluate("one => { one.open = true; one.dataset.editing = ''; }")
            theirs.locator("#talk-summary textarea").focus()
            expect(mine.locator("#summary .presence__writing")).to_have_text(f"{names[1]} is writing here")
            theirs.locator("h1").click()
            theirs.locator("#talk-summary textarea").blur()
            expect(mine.locator(".presence__writing")).to_have_count(0)
            theirs.goto(f"{stack.url}/inbox")
        expect(mine.locator(".presence")).to_be_hidden()


def test_lists_and_the_inbox_follow(browser: Browser, stack: Stack) -> None:
    author, reviewer = stack.person(), stack.person()
    made = draft(author, visibility="PRIVATE")
    handle = ok(reviewer.get("/api/me"))["handle"]
    with ExitStack() as held:
        theirs = held.enter_context(visiting(browser, stack, reviewer))
        listening(theirs, f"{stack.url}/incidents")
        expect(theirs.locator("#bell .count")).to_have_count(0)
        ok(author.post(f"/api/postmortems/{made['id']}/editors", json={"userId": reviewer.id, "level": "EDIT"}), 201)
        ok(author.post(f"/api/postmortems/{made['id']}/comments", json={"body": f"@{handle} look"}), 201)
        expect(theirs.locator("#bell .count")).to_contain_text("unread")
