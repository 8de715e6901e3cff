"""The settings' pages, for ``tests.pages.pictures.views``."""

from typing import TYPE_CHECKING

from playwright.sync_api import Page

from tests.api.writing import ok
from tests.pages.pictures.documents import unfold
from tests.pages.pictures.texts import LONG

if TYPE_CHECKING:
    from tests.pages.pictures.views import Scene


def add_settings(scene: "Scene", team: str) -> None:
    everyone = ("administrator", "reader")
    scene.add("settings", "/settings", *everyone)
    _people(scene, team)
    service = ok(scene.people["administrator"].get("/api/services"))["items"][0]["id"]
    scene.add("services", "/settings/services", *everyone)
    scene.add("service", f"/settings/services/{service}", *everyone)
    scene.add("new service", "/settings/services/new")
    scene.add("policies", "/settings/policies", *everyone)
    scene.add("policy", "/settings/policies/pol_default?from=2026-12-14", *everyone)
    scene.add("edit policy", "/settings/policies/pol_default/edit")
    scene.add("policy preview", "/settings/policies/pol_default/edit", prepare=_preview)
    scene.add("root causes", "/settings/root-causes", *everyone)
    scene.add("root causes unfolded", "/settings/root-causes", prepare=unfold(".settings__edit"))
    scene.add("tokens", "/settings/tokens", *everyone)
    scene.add("tokens of everyone", "/settings/tokens?whose=everyone")
    scene.add("token created", "/settings/tokens", prepare=_token)
    scene.add("audit of everything", "/settings/audit")
    scene.add("audit none", "/settings/audit?to=2001-01-01")


def _people(scene: "Scene", team: str) -> None:
    admin, everyone = scene.people["administrator"], ("administrator", "reader")
    person, gone = scene.people["editor"].id, scene.stack.person(name=f"Gone {LONG[:30]}").id
    ok(admin.patch(f"/api/users/{gone}", json={"active": False}))
    scene.add("people", "/settings/people", *everyone)
    scene.add("people none", "/settings/people?q=nothinglikethis")
    scene.add("person", f"/settings/people/{person}", *everyone)
    scene.add("person with link", f"/settings/people/{person}", prepare=_link)
    scene.add("person inactive", f"/settings/people/{gone}")
    scene.add("new person", "/settings/people/new")
    room = {"kind": "zoom", "url": f"https://zoom.example.com/{LONG}"}
    slot = {"weekday": "THU", "opens": "15:00", "minutes": 45, "timeZone": "Europe/Berlin"}
    ok(admin.patch(f"/api/teams/{team}", json={"leadId": person, "room": room, "reviewSlot": slot}))
    scene.add("teams", "/settings/teams", *everyone)
    scene.add("team", f"/settings/teams/{team}", *everyone)
    scene.add("new team", "/settings/teams/new")


def _link(page: Page) -> None:
    page.get_by_role("button", name="Create sign-in link").click()
    page.get_by_label("Sign-in link for").wait_for()


def _preview(page: Page) -> None:
    page.get_by_label("First draft within").fill("12")
    with page.expect_navigation():
        page.get_by_role("button", name="Preview changes").click()


def _token(page: Page) -> None:
    page.get_by_label("Name", exact=True).fill("Deploy script")
    page.get_by_role("button", name="Create token").click()
    page.get_by_label("Token “Deploy script”").wait_for()
