"""Lists as tables, cards and boards, with what unfolds in them; saved views; and the page of an action item."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from playwright.sync_api import Page

from tests.api import writing
from tests.api.writing import ok
from tests.pages.pictures.documents import unfold
from tests.pages.pictures.texts import LONG

if TYPE_CHECKING:
    from tests.pages.pictures.views import Scene


def _quick(field: str) -> Callable[[Page], object]:
    def prepare(page: Page) -> None:
        page.locator(f"[data-quick={field}]").first.click()

    return prepare


def _select(page: Page) -> None:
    page.locator("[data-row] input[type=checkbox]").first.check()  # phones have no box for all


def _refused(page: Page) -> None:
    _select(page)
    page.locator("#bulk").get_by_label("Due date", exact=True).fill("2031-01-15")
    with page.expect_navigation():
        page.get_by_role("button", name="Change selected items").click()


def _refused_tags(page: Page) -> None:
    page.locator("[data-row] input[type=checkbox]").first.check()
    page.get_by_label("Add tags").fill("x" * 200)
    with page.expect_navigation():
        page.get_by_role("button", name="Change selected postmortems").click()


def _left(page: Page) -> None:
    """One of two that were selected is someone else's."""
    box = page.locator("[data-row] input[type=checkbox]").first
    box.check()
    box.evaluate("(one) => one.insertAdjacentHTML('afterend', '<input type=hidden form=bulk name=id.pm_no value=yes>')")
    page.get_by_label("Add tags").fill("pool")
    with page.expect_navigation():
        page.get_by_role("button", name="Change selected postmortems").click()


def add_lists(scene: "Scene") -> None:
    author = scene.people["author"]
    team = ok(author.get("/api/teams"))["items"][0]["id"]
    made = writing.draft(author, visibility="ORGANIZATION", tags=["pool", LONG[:40]], rootCauseCategory="capacity")
    items = [
        writing.with_item(author, made["id"], author.id, description=LONG, dueDate="2026-01-02", type="DETECT"),
        writing.with_item(author, made["id"], author.id, description="Raise the limit", status="COMPLETED"),
        writing.with_item(author, made["id"], author.id, description="Test it", status="IN_PROGRESS"),
    ]
    body = {"kind": "console", "name": "Tracker of lists", "config": {}, "secrets": {}}
    tracker = ok(scene.people["administrator"].post("/api/integrations", json=body), 201)["id"]
    ok(author.post(f"/api/action-items/{items[0]['id']}/tickets", json={"integrationId": tracker}), 201)
    own = {"name": "My drafts", "list": "postmortems", "query": f"status=DRAFT&authorId={author.id}"}
    view = ok(author.post("/api/views", json=own), 201)["id"]
    shared = {"name": LONG[:60], "list": "action-items", "query": "priority=HIGH", "sharedWith": "ORGANIZATION"}
    ok(author.post("/api/views", json=shared), 201)
    mine = f"/action-items?ownerId={author.id}&show=all"
    scene.add("action items table", mine, "author", "reader")
    scene.add("action items board", f"{mine}&layout=board", "author", "reader")
    scene.add("action items filters", f"{mine}&priority=HIGH", "author", prepare=unfold(".narrowing"))
    scene.add("action items selected", mine, "author", prepare=_select)
    scene.add("action items refused", mine, "author", prepare=_refused)
    for field in ("owner", "due", "status"):
        scene.add(f"action item {field} dialog", mine, "author", prepare=_quick(field))
    scene.add("action item open", f"/action-items/{items[0]['id']}", "author", prepare=unfold(".item"))
    scene.add("action item", f"/action-items/{items[0]['id']}", "author", "reader")
    scene.add("postmortems cards", "/postmortems?layout=cards", "author", "reader")
    scene.add("postmortems view", f"/postmortems?status=DRAFT&authorId={author.id}&view={view}", "author")
    for name, place in (("postmortems columns", 1), ("postmortems save view", 2)):
        tool = f".list-tools details:nth-of-type({place})"
        scene.add(name, "/postmortems?tag=pool", "author", prepare=unfold(tool))
    scene.add("postmortems filters", f"/postmortems?teamId={team}", "author", prepare=unfold(".narrowing"))
    scene.add("postmortems selected", "/postmortems?tag=pool", "author", prepare=_select)
    scene.add("postmortems refused", "/postmortems?tag=pool", "author", prepare=_refused_tags)
    scene.add("postmortems left", "/postmortems?tag=pool", "author", prepare=_left)
    scene.add("incidents selected", "/incidents?hasPostmortem=false", "responder", prepare=_select)
    scene.add("view", f"/views/{view}/edit", "author")
