"""Nothing overlaps or lies outside of the window, on any page, in any status, for any role, at any width."""

import pytest
from playwright.sync_api import Browser

from tests.nightly import NIGHTLY
from tests.pages.pictures.measuring import MEASURE
from tests.pages.pictures.sweeps import LAYOUT_WIDTHS, share
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
