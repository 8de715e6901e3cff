"""The panel of a postmortem's next step: it says what blocks it, and each blocker is mended there."""

import re
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.api import writing
from tests.api.writing import ok
from tests.pages.pictures.accessibility import violations
from tests.pages.test_browser import visiting
from tests.pages.visiting import buttons, visitor
from tests.stack import Person, Stack

WITHOUT_SCRIPT = pytest.mark.parametrize("scripted", [True, False], ids=["with script", "without script"])
HOSTILE = "<img src=x onerror=\"document.title='broken'\">{{ 7 * 7 }} [x](javascript:alert(1)) \u202eab"


def panel(page: Page) -> Locator:
    return page.locator("#next-step")


def opened(within: Locator, words: str) -> None:
    within.locator("summary").filter(has_text=words).first.click()


def state_of(page: Page, name: str) -> Locator:
    return panel(page).locator(".checks__one", has_text=name).locator(".checks__state").first


def path_of(made: Any) -> str:
    return f"/postmortems/{made['id']}"


def bare_draft(author: Person) -> Any:
    """Everything that can block it does, but for what reviewers do."""
    made = ok(author.post("/api/postmortems", json={"title": "Checkout failed", "visibility": "ORGANIZATION"}), 201)
    ok(author.post(f"/api/postmortems/{made['id']}/action-items", json={"description": "Watch the pool"}), 201)
    ok(author.post(f"/api/postmortems/{made['id']}/comments", json={"body": "How do we know?"}), 201)
    return made


@WITHOUT_SCRIPT
def test_a_draft_says_what_it_lacks_and_leads_there(browser: Browser, stack: Stack, scripted: bool) -> None:
    author, bob = stack.person(), stack.person(name="Bob Marsh")
    handle = ok(bob.get("/api/me"))["handle"]
    made = bare_draft(author)
    with visiting(browser, stack, author, java_script_enabled=scripted) as page:
        page.goto(f"{stack.url}{path_of(made)}")
        expect(state_of(page, "All required sections are completed")).to_have_text("To do")
        panel(page).get_by_role("link", name="The section “Root cause” is still empty.").click()
        page.wait_for_url("**#rootCause")
        panel(page).get_by_label("Request review from").fill(f"@{handle}")
        panel(page).get_by_role("button", name="Add reviewer").click()
        expect(state_of(page, "Enough reviewers are chosen")).to_have_text("Done")
        expect(page.locator("#reviewers")).to_contain_text("Bob Marsh")
        opened(panel(page), "Before it can be published")
        panel(page).get_by_role("link", name="How do we know?").click()
        page.wait_for_url("**#c-*")
        expect(page.locator(".comment", has_text="How do we know?")).to_be_in_viewport()
        if scripted:
            assert violations(page) == []


@WITHOUT_SCRIPT
def test_an_action_item_gets_its_owner_and_date_right_there(browser: Browser, stack: Stack, scripted: bool) -> None:
    author, owner = stack.person(), stack.person(name="Grace Okafor")
    handle = ok(owner.get("/api/me"))["handle"]
    made = writing.in_review(author, [stack.person()])
    item = ok(author.post(f"/api{path_of(made)}/action-items", json={"description": "Watch the pool"}), 201)["id"]
    with visiting(browser, stack, author, java_script_enabled=scripted) as page:
        page.goto(f"{stack.url}{path_of(made)}")
        check = "Each action item has an owner and a due date"
        panel(page).get_by_role("button", name="Save Watch the pool").click()
        expect(panel(page).get_by_role("alert")).to_contain_text("Choose an owner or a due date.")
        panel(page).get_by_label("Owner of Watch the pool").fill(f"@{handle}")
        panel(page).get_by_role("button", name="Save Watch the pool").click()
        expect(panel(page).get_by_label("Owner of Watch the pool")).to_have_count(0)
        panel(page).get_by_label("Due date of Watch the pool").fill("2099-01-15")
        panel(page).get_by_role("button", name="Save Watch the pool").click()
        expect(state_of(page, check)).to_have_text("Done")
    saved = ok(author.get(f"/api/action-items/{item}"))
    assert (saved["ownerId"], saved["dueDate"]) == (owner.id, "2099-01-15")


@WITHOUT_SCRIPT
def test_reviewers_are_reminded_replaced_and_waived(browser: Browser, stack: Stack, scripted: bool) -> None:
    author = stack.person()
    bob, alice, instead = stack.person(name="Bob Marsh"), stack.person(name="Alice Ng"), stack.person(name="Ida Ek")
    handle = ok(instead.get("/api/me"))["handle"]
    made = writing.in_review(author, [bob, alice])
    with visiting(browser, stack, author, java_script_enabled=scripted) as page:
        page.goto(f"{stack.url}{path_of(made)}")
        panel(page).get_by_role("button", name="Remind Bob Marsh").click()
        expect(panel(page)).to_contain_text("You can remind Bob Marsh again after")
        opened(panel(page), "Replace Bob Marsh as a reviewer")
        panel(page).get_by_label("Replace Bob Marsh with").fill(f"@{handle}")
        panel(page).get_by_role("button", name="Replace reviewer").first.click()
        expect(panel(page)).to_contain_text("Ida Ek hasn't reviewed yet.")
        opened(panel(page), "Waive the review of Ida Ek")
        panel(page).get_by_label("Why don't you wait for Ida Ek?").fill(f"On vacation {HOSTILE}")
        panel(page).get_by_role("button", name="Waive review").last.click()
        expect(panel(page)).not_to_contain_text("Ida Ek")
        expect(page.locator("#reviewers")).to_contain_text("Waived by")
        expect(page.locator("#reviewers")).to_contain_text(HOSTILE.split("\u202e", maxsplit=1)[0])
        waives = panel(page).locator("summary", has_text="Waive")
        expect(waives).to_have_count(0)
        assert "broken" not in page.title()
    assert {one["state"] for one in ok(author.get(f"/api{path_of(made)}"))["reviewers"]} == {"WAIVED", "PENDING"}


def test_changes_requested_are_on_top_until_they_are_settled(browser: Browser, stack: Stack) -> None:
    author, bob = stack.person(), stack.person(name="Bob Marsh")
    made = writing.in_review(author, [bob])
    api = f"/api{path_of(made)}"
    ok(bob.post(f"{api}/reviews", json={"decision": "REQUEST_CHANGES", "comment": f"Say how many {HOSTILE}"}), 201)
    ok(author.patch(api, json={"impact": "Exactly 812 orders were lost.", "tags": ["pool"]}))
    ok(author.post(f"{api}/submit", json={}))
    with visiting(browser, stack, author) as page, visiting(browser, stack, bob) as theirs:
        page.goto(f"{stack.url}{path_of(made)}")
        request = panel(page).locator(".panel__request")
        expect(request).to_contain_text("Bob Marsh")
        expect(request).to_contain_text("Say how many")
        request.get_by_role("link", name="What changed since").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Changes since Bob Marsh's request for changes")
        expect(page.locator(".diff ins").first).to_have_text("Exactly")
        expect(page.locator("main")).to_contain_text("pool")
        assert violations(page) == []
        theirs.goto(f"{stack.url}{path_of(made)}")
        theirs.get_by_role("link", name="See what changed since your last review").click()
        expect(theirs.get_by_role("heading", level=1)).to_have_text("Changes since your request for changes")
        expect(theirs.locator(".diff del").first).to_have_text("About")
        page.go_back()
        page.locator(".thread", has_text="Say how many").get_by_role("button", name="Resolve").click()
        page.goto(f"{stack.url}{path_of(made)}")
        expect(request).to_have_count(0)


def test_a_stale_approval_is_asked_for_again_and_shows_what_changed(browser: Browser, stack: Stack) -> None:
    author, bob = stack.person(), stack.person(name="Bob Marsh")
    made = writing.approved(author, [bob])
    api = f"/api{path_of(made)}"
    ok(author.patch(api, json={"summary": "The checkout failed for 41 minutes."}))
    with visiting(browser, stack, author) as page, visiting(browser, stack, bob) as theirs:
        page.goto(f"{stack.url}{path_of(made)}")
        panel(page).get_by_role("button", name="Ask again Bob Marsh").click()
        expect(panel(page)).to_contain_text("You can remind Bob Marsh again after")
        theirs.goto(f"{stack.url}{path_of(made)}")
        expect(panel(theirs)).to_contain_text("The content has changed since you approved it.")
        panel(theirs).get_by_role("link", name="See what changed since your approval").click()
        expect(theirs.locator(".diff ins").first).to_have_text("41")
        theirs.go_back()
        panel(theirs).get_by_role("button", name="Approve").click()
        expect(panel(theirs)).to_contain_text("You approved this version.")
        page.reload()
        expect(panel(page)).to_contain_text("Ready to publish")


@WITHOUT_SCRIPT
def test_publishing_says_first_who_will_see_it_and_what_is_sent(browser: Browser, stack: Stack, scripted: bool) -> None:
    author, bob = stack.person(), stack.person()
    connection = {
        "kind": "apprise",
        "name": "Chat of Payments",
        "config": {},
        "secrets": {"url": "json://localhost:1/x"},
    }
    chat = ok(stack.client().post("/api/integrations", json=connection), 201)["id"]
    team = {"name": f"Payments {author.id[-6:]}", "memberIds": [author.id]}
    team_id = ok(stack.client().post("/api/teams", json=team), 201)["id"]
    ok(stack.client().patch(f"/api/teams/{team_id}", json={"channel": {"integrationId": chat, "address": ""}}))
    made = writing.approved(author, [bob], teamIds=[team_id], visibility="TEAM")
    with visiting(browser, stack, author, java_script_enabled=scripted) as page:
        page.goto(f"{stack.url}{path_of(made)}")
        preview = page.locator("#audience")
        expect(preview).to_contain_text(f"the members of {team['name']}, and the people who work on it")
        expect(preview).to_contain_text(f"An announcement in the channel of {team['name']} (Chat of Payments)")
        ok(author.patch(f"/api{path_of(made)}", json={"visibility": "ORGANIZATION"}))
        page.reload()
        expect(preview).to_contain_text("everyone in your organization (")
        page.get_by_role("button", name="Publish", exact=True).click()
        expect(page.locator(".stepper [aria-current]")).to_have_text("Published")


def test_an_author_withdraws_it_with_the_keyboard_alone(browser: Browser, stack: Stack) -> None:
    author = stack.person()
    made = writing.in_review(author, [stack.person()])
    with visiting(browser, stack, author) as page:
        page.goto(f"{stack.url}{path_of(made)}")
        summary = panel(page).locator("summary", has_text="Withdraw from review")
        summary.focus()
        page.keyboard.press("Enter")
        page.keyboard.press("Tab")
        expect(panel(page).get_by_role("button", name="Withdraw from review")).to_be_focused()
        page.keyboard.press("Enter")
        expect(page.locator(".stepper [aria-current]")).to_have_text("Draft")
        expect(panel(page).get_by_role("button", name="Submit for review")).to_be_visible()


@WITHOUT_SCRIPT
def test_targets_are_extended_and_waived_with_a_reason(browser: Browser, stack: Stack, scripted: bool) -> None:
    author = stack.person()
    made = writing.draft(author)
    with visiting(browser, stack, author, java_script_enabled=scripted) as page:
        page.goto(f"{stack.url}{path_of(made)}#extend-published")  # as an escalation's button leads there
        targets = page.locator("#targets")
        expect(targets.locator("#extend-published")).to_be_visible()
        targets.get_by_label("New due time").last.fill("2020-01-01T10:00")
        targets.get_by_label("Reason").locator("visible=true").fill("Holidays, and nothing typed is lost")
        targets.get_by_role("button", name="Extend target").locator("visible=true").click()
        expect(targets.get_by_role("alert")).to_be_visible()
        if scripted:
            page.evaluate("afterword.refresh('#targets')")  # as after an event of someone else's change
            expect(targets.get_by_role("alert")).to_be_visible()
        kept = targets.get_by_label("Reason").locator("visible=true")
        expect(kept).to_have_value("Holidays, and nothing typed is lost")
        targets.get_by_label("New due time").locator("visible=true").fill("2099-01-01T10:00")
        targets.get_by_role("button", name="Extend target").locator("visible=true").click()
        expect(targets).to_contain_text("Extended: Holidays, and nothing typed is lost")
        opened(targets, "Waive: Review")
        expect(targets.locator("#waive-review_completed")).to_be_visible()
        targets.get_by_label("Reason").locator("visible=true").fill("Nobody was affected")
        targets.get_by_role("button", name="Waive target").locator("visible=true").click()
        expect(targets).to_contain_text("Waived")
        expect(targets).to_contain_text("Nobody was affected")


MENDS = {"Remind", "Waive review", "Replace reviewer", "Publish", "Withdraw from review", "Extend target"}


def plain(found: set[str]) -> set[str]:
    return {re.sub(r"<[^>]*>.*", "", one).strip() for one in found} & (MENDS | {"Approve"})


def test_a_mend_is_offered_only_to_whoever_may(stack: Stack) -> None:
    author, editor, commenter, bob, alice, reader = (stack.person() for _ in range(6))
    made = writing.in_review(author, [bob, alice], visibility="ORGANIZATION")
    for who, level in ((editor, "EDIT"), (commenter, "COMMENT")):
        ok(author.post(f"/api{path_of(made)}/editors", json={"userId": who.id, "level": level}), 201)
    admin = stack.person("ADMIN")
    offered = {
        name: plain(buttons(visitor(stack, who).get(path_of(made))))
        for name, who in {
            "author": author,
            "admin": admin,
            "editor": editor,
            "commenter": commenter,
            "reviewer": bob,
            "reader": reader,
        }.items()
    }
    assert offered == {
        "author": MENDS,
        "admin": MENDS,
        "editor": MENDS - {"Waive review", "Publish", "Withdraw from review"},
        "commenter": set(),
        "reviewer": {"Approve"},
        "reader": set(),
    }


def test_what_is_not_offered_is_refused_and_changes_nothing(stack: Stack) -> None:
    author, bob, reader = stack.person(), stack.person(), stack.person()
    made = writing.in_review(author, [bob], visibility="ORGANIZATION")
    hidden = writing.in_review(author, [bob], visibility="PRIVATE")
    page, path = visitor(stack, reader), path_of(made)
    item = ok(author.get(f"/api{path}/action-items"))["items"][0]["id"]
    for end, fields in (
        ("withdraw", {}),
        (f"reviewers/{bob.id}/remind", {}),
        (f"reviewers/{bob.id}/waive", {"reason": "Because"}),
        ("targets/published/waive", {"reason": "Because"}),
        ("targets/published/extend", {"reason": "Because", "until": "2099-01-01T10:00"}),
        (f"action-items/{item}/complete", {"dueDate": "2099-01-01"}),
    ):
        answer = page.http.post(f"{path}/{end}", data=page.hidden(path) | fields)
        assert answer.status_code == 403, f"{end}: {answer.status_code}"
        answer = page.http.post(f"{path_of(hidden)}/{end}", data=page.hidden(path) | fields)
        assert answer.status_code == 404, f"{end}: {answer.status_code}"
    assert page.http.get(f"{path_of(hidden)}/changes?since=rev_nothing").status_code == 404
    assert page.http.get(f"{path}/changes?since=rev_nothing").status_code == 404
    other = ok(author.get(f"/api{path_of(hidden)}/action-items"))["items"][0]["id"]
    mine = visitor(stack, author)
    answer = mine.http.post(f"{path}/action-items/{other}/complete", data=mine.hidden(path) | {"dueDate": "2099-01-01"})
    assert answer.status_code == 404
    assert ok(author.get(f"/api{path}"))["status"] == "IN_REVIEW"
