"""Nothing overlaps or lies outside of the window, on any page, in any status, for any role, at any width."""

from uuid import uuid4

import pytest
from playwright.sync_api import Browser, expect

from tests.api.writing import draft, ok, with_item
from tests.nightly import NIGHTLY
from tests.pages.pictures.measuring import MEASURE
from tests.pages.pictures.sweeps import LAYOUT_WIDTHS, share
from tests.pages.pictures.texts import UNBROKEN
from tests.pages.pictures.views import ROLES, Scene, new_scene
from tests.stack import Stack


@pytest.fixture(scope="module")
def scene(stack: Stack) -> Scene:
    return new_scene(stack)


@pytest.mark.parametrize("width", LAYOUT_WIDTHS)
def test_nothing_overlaps_or_overflows(browser: Browser, scene: Scene, width: int) -> None:
    by_role: dict[str, list[str]] = {}
    wrong: list[str] = []
    for role in ("stranger", *ROLES):
        with scene.signed_in(browser, role, viewport={"width": width, "height": 900}) as page:
            for view in share(scene, role, f"layout {width}"):
                scene.open(page, view)
                wrong += [f"{view.name} as {role}: {one}" for one in page.evaluate(MEASURE)]
                by_role.setdefault(role, []).append(view.name)
    assert not wrong, "\n".join(wrong)
    assert NIGHTLY is False or sum(map(len, by_role.values())) == len(scene.views)


def test_words_that_nothing_breaks_stay_inside(browser: Browser, stack: Stack) -> None:
    """The names of people, teams, services, tags and trackers, and titles, wherever they are shown."""
    admin = stack.client()
    team, service = (ok(admin.post(f"/api/{one}", json={"name": unbroken()}), 201) for one in ("teams", "services"))
    author = stack.person("ADMIN", name=unbroken(), teamIds=[team["id"]])
    told = {"teamIds": [team["id"]], "serviceIds": [service["id"]], "tags": [unbroken()[-40:].lower()]}
    made = draft(author, title=unbroken(), visibility="ORGANIZATION", **told)
    item = with_item(author, made["id"], author.id, description=unbroken(), dueDate="2026-01-02")
    tracker = {"kind": "console", "name": unbroken(), "config": {}, "secrets": {}}
    tracker_id = ok(admin.post("/api/integrations", json=tracker), 201)["id"]
    ok(admin.post("/api/integrations", json=tracker | {"name": unbroken()}), 201)  # who has two chooses one by name
    ok(author.post(f"/api/action-items/{item['id']}/tickets", json={"integrationId": tracker_id}), 201)
    about = {"externalId": unbroken(), "startedAt": made["createdAt"], "services": [service["name"]]}
    incident = ok(admin.post("/api/incidents", json=about | {"title": unbroken()}), 201)
    lists = (
        f"/postmortems?authorId={author.id}",
        f"/postmortems?authorId={author.id}&layout=cards",
        f"/action-items?ownerId={author.id}&layout=table",
        f"/action-items?ownerId={author.id}&layout=board",
        f"/incidents?serviceId={service['id']}",
    )
    pages = (
        f"/postmortems/{made['id']}",
        f"/postmortems/{made['id']}/edit",
        f"/action-items/{item['id']}",
        f"/incidents/{incident['id']}",
        f"/search?q={made['title']}",
        "/",
        "/analytics",
        "/settings/people",
    )
    wrong: list[str] = []
    with Scene(stack, {"author": author}).signed_in(browser, "author") as page:
        for path in (*lists, *pages):
            page.goto(f"{stack.url}{path}")
            expect(page.locator("body")).to_have_attribute("data-status", "200")
            if path in lists:
                expect(page.locator("[data-row]")).to_have_count(1)
            for width in (*LAYOUT_WIDTHS, 1100, 1180):
                page.set_viewport_size({"width": width, "height": 900})
                found = [one for one in page.evaluate(MEASURE) if not one.startswith("a word in pieces")]
                wrong += [f"{path}, {width}: {one}" for one in found]
    assert not wrong, "\n".join(wrong)


def unbroken() -> str:
    return f"{UNBROKEN}_{uuid4().hex[:6]}"


BREAKS = {
    "overlap": "document.querySelector('h1').style.position = 'absolute'",
    "outside the window": "document.querySelector('.quiet').style.marginLeft = '-300px'",
    "at the edge of": "document.querySelector('h1').style.marginLeft = '-1rem'",
    "touches": "document.querySelector('.hint').style.marginTop = '0'",
    "clipped placeholder": "document.querySelector('#token').placeholder = 'What the administrator sent you by e-mail'",
    "a word in pieces": "Object.assign(document.querySelector('h1'), {textContent: 'Refused'}).style.width = '3rem'",
    "a date in 3 lines": "document.querySelector('.hint').innerHTML = '<time>Nov 28,<br>2026,<br>10:21 PM</time>'",
}
"""What each kind of fault is called, and how to make the sign-in page have it."""


def test_what_is_wrong_is_found(browser: Browser, scene: Scene) -> None:
    with scene.signed_in(browser, "stranger", viewport={"width": 390, "height": 900}) as page:
        for kind, script in BREAKS.items():
            page.goto(f"{scene.stack.url}/sign-in")
            assert page.evaluate(MEASURE) == []
            page.evaluate(script)
            found = page.evaluate(MEASURE)
            assert any(kind in one for one in found), f"{kind}: {found}"
