"""What can't be undone asks first, and says what it does."""

import re
from html.parser import HTMLParser

from playwright.sync_api import Browser, expect

from tests.api.writing import archived, draft, in_review, ok, published, with_item
from tests.pages.test_browser import visiting
from tests.pages.visiting import buttons, told, visitor
from tests.stack import Stack

DESTROYS = re.compile(r"/(remove|delete|archive|disconnect)$")


class OneClick(HTMLParser):
    """Forms that destroy something and stand open on the page."""

    def __init__(self) -> None:
        super().__init__()
        self.closed = 0
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.closed += tag == "details" and "open" not in given
        if tag == "form" and DESTROYS.search(given.get("action") or "") and not self.closed:
            self.found.append(str(given["action"]))

    def handle_endtag(self, tag: str) -> None:
        self.closed -= tag == "details" and self.closed > 0


def one_click(page: str) -> list[str]:
    parser = OneClick()
    parser.feed(page)
    return parser.found


def test_nothing_is_destroyed_by_one_click(stack: Stack) -> None:
    author, reviewer, editor = stack.person(), stack.person(), stack.person()
    made = draft(author)
    path = f"/api/postmortems/{made['id']}"
    ok(author.post(f"{path}/reviewers", json={"userIds": [reviewer.id]}), 201)
    ok(author.post(f"{path}/editors", json={"userId": editor.id}), 201)
    item = with_item(author, made["id"], author.id)
    page = visitor(stack, author)
    shown = page.get(f"/postmortems/{made['id']}")
    assert len(re.findall(r' action="[^"]*/remove"', shown)) == 2  # an event's removal can be undone instead
    assert one_click(shown) == []
    assert one_click(visitor(stack, editor).get(f"/postmortems/{made['id']}")) == []
    assert one_click(page.get(f"/action-items/{item['id']}")) == []
    done = published(author, [reviewer], visibility="ORGANIZATION")
    administrator = visitor(stack).get(f"/postmortems/{done['id']}")
    assert "Archive" in buttons(administrator)
    assert one_click(administrator) == []
    template = ok(author.get("/api/templates"))["items"][0]["id"]
    assert one_click(visitor(stack).get(f"/settings/templates/{template}")) == []
    assert one_click('<form action="/postmortems/pm_1/archive"></form>') == ["/postmortems/pm_1/archive"]


def test_archive_asks_and_a_removed_event_comes_back(browser: Browser, stack: Stack) -> None:
    author, reviewer = stack.person(), stack.person()
    made = draft(author)
    with visiting(browser, stack, author) as page:
        page.goto(f"{stack.url}/postmortems/{made['id']}")
        page.locator("#timeline").get_by_role("button", name="Remove").click()
        expect(page.get_by_text("No events yet.")).to_be_visible()
        page.get_by_role("button", name="Undo removal").click()
        expect(page.locator("#timeline .timeline > li")).to_have_count(1)
    done = published(author, [reviewer], visibility="ORGANIZATION")
    administrator = stack.person("ADMIN")
    with visiting(browser, stack, administrator) as page:
        page.goto(f"{stack.url}/postmortems/{done['id']}")
        page.locator(".act summary", has_text="Archive").click()
        expect(page.get_by_text("you can't undo this")).to_be_visible()
        assert ok(author.get(f"/api/postmortems/{done['id']}"))["status"] == "PUBLISHED"
        page.get_by_role("button", name="Archive").click()
        expect(page.locator(".stepper [aria-current]")).to_have_text("Archived")


def test_publishing_says_who_will_see_it_and_keeps_what_was_chosen(stack: Stack) -> None:
    author, reviewer = stack.person(), stack.person()

    def page_of(**fields: object) -> tuple[str, str]:
        made = in_review(author, [reviewer], **fields)
        ok(reviewer.post(f"/api/postmortems/{made['id']}/reviews", json={"decision": "APPROVE"}), 201)
        return made["id"], visitor(stack, author).get(f"/postmortems/{made['id']}")

    unchosen, page = page_of()
    assert "everyone in your organization (" in page
    chosen, page = page_of(visibility="PRIVATE")
    assert "only its author, editors, reviewers, and participants, and administrators (" in page
    for postmortem_id, visibility in ((unchosen, "ORGANIZATION"), (chosen, "PRIVATE")):
        path = f"/postmortems/{postmortem_id}"
        visitor(stack, author).done(f"{path}/publish", path)
        after = ok(author.get(f"/api{path}"))
        assert (after["status"], after["visibility"]) == ("PUBLISHED", visibility)
    edited = draft(author)
    assert "organization once published" in visitor(stack, author).get(f"/postmortems/{edited['id']}/edit")


def test_an_item_without_owner_gets_one_by_name_and_can_be_deleted(stack: Stack) -> None:
    author = stack.person()
    jane = stack.person(name="Jane Quillfeather", email="jane.quillfeather@example.com")
    made = draft(author)
    bare = ok(author.post(f"/api/postmortems/{made['id']}/action-items", json={"description": "Nobody's"}), 201)
    path, page = f"/action-items/{bare['id']}", visitor(stack, author)
    for words in ("jane quillfeather", "Quillf", "jane.quillfeather@example.com"):
        page.done(path, path, owner=words)
        assert ok(author.get(f"/api{path}"))["ownerId"] == jane.id
        page.done(path, path, owner="")
        assert ok(author.get(f"/api{path}"))["ownerId"] is None
    handle = ok(jane.get("/api/me"))["handle"]
    page.done(path, path, owner=f"Jane Quillfeather (@{handle})", dueDate="2027-02-01")
    assert f'value="Jane Quillfeather (@{handle})"' in page.get(path)
    other = stack.person(name="Jane Quillfeather")
    refused = page.send(path, path, owner="Jane Quillfeather")
    assert refused.status_code == 422
    assert f"(@{handle})" in refused.text
    assert ok(other.get("/api/me"))["handle"] in refused.text
    assert page.send(path, path, owner="Nobody at all").status_code == 422
    assert page.done(f"{path}/delete", path) == f"/postmortems/{made['id']}#actionItems"
    assert author.get(f"/api{path}").status_code == 404


def test_people_are_found_by_name_wherever_one_is_typed(stack: Stack) -> None:
    author = stack.person()
    names = [f"Person {kind} Ofthistest" for kind in ("Reviewing", "Replacing", "Editing", "Delegated")]
    people = [stack.person(name=name) for name in names]
    made = draft(author)
    path, page = f"/postmortems/{made['id']}", visitor(stack, author)
    page.done(f"{path}/reviewers", path, person="Person Reviewing Ofthistest")
    page.done(f"{path}/reviewers/{people[0].id}/replace", path, person="Replacing Oft")
    page.done(f"{path}/editors", path, person="Editing Ofthis", level="EDIT")
    page.done(f"{path}/action-items", path, description="Theirs", owner="Delegated Ofthistest")
    after = ok(author.get(f"/api{path}"))
    assert [one["userId"] for one in after["reviewers"]] == [people[1].id]
    assert [one["userId"] for one in after["editors"]] == [people[2].id]
    (item,) = ok(author.get(f"/api{path}/action-items"))["items"]
    assert item["ownerId"] == people[3].id
    assert told(page.send(f"{path}/reviewers", path, person="Ofthistest").text) != []


def test_an_archived_one_offers_nothing(stack: Stack) -> None:
    author = stack.person()
    done = archived(author, [stack.person()], stack, visibility="ORGANIZATION")
    assert one_click(visitor(stack).get(f"/postmortems/{done['id']}")) == []
