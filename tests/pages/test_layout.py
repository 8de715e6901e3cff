"""Nothing overlaps or lies outside of the window, on any page, in any status, for any role, at any width."""

import pytest
from playwright.sync_api import Browser

from tests.nightly import NIGHTLY, spread
from tests.pages.views import MEASURE, ROLES, WIDTHS, Scene, new_scene
from tests.stack import Stack


@pytest.fixture(scope="module")
def scene(stack: Stack) -> Scene:
    return new_scene(stack)


@pytest.mark.parametrize("width", [*WIDTHS, 740, 900])
def test_nothing_overlaps_or_overflows(browser: Browser, scene: Scene, width: int) -> None:
    by_role: dict[str, list[str]] = {}
    wrong: list[str] = []
    for role in ("stranger", *ROLES):
        views = spread([one for one in scene.views if one.role == role], 6, offset=width)
        with scene.signed_in(browser, role, viewport={"width": width, "height": 900}) as page:
            for view in views:
                scene.open(page, view)
                wrong += [f"{view.name} as {role}: {one}" for one in page.evaluate(MEASURE)]
                by_role.setdefault(role, []).append(view.name)
    assert wrong == []
    assert NIGHTLY is False or sum(map(len, by_role.values())) == len(scene.views)


def test_what_overlaps_is_found(browser: Browser, scene: Scene) -> None:
    with scene.signed_in(browser, "stranger", viewport={"width": 390, "height": 900}) as page:
        page.goto(f"{scene.stack.url}/sign-in")
        assert page.evaluate(MEASURE) == []
        page.evaluate("document.querySelector('h1').style.position = 'absolute'")
        page.evaluate("document.querySelector('.quiet').style.marginLeft = '-300px'")
        found = page.evaluate(MEASURE)
        assert any("overlap" in one for one in found)
        assert any("outside the window" in one for one in found)
