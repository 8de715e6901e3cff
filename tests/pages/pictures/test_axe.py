"""axe-core finds nothing wrong with any page, in any status, for any role, in light and in dark colors."""

import pytest
from playwright.sync_api import Browser, expect
from sqlalchemy import text

from tests.nightly import NIGHTLY
from tests.pages.pictures.accessibility import violations
from tests.pages.pictures.measuring import MEASURE
from tests.pages.pictures.sweeps import share
from tests.pages.pictures.views import ROLES, SCHEMES, Scene, new_scene
from tests.stack import Stack, shared_stack


@pytest.fixture(scope="module")
def scene(stack: Stack) -> Scene:
    return new_scene(stack)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_axe_finds_nothing(browser: Browser, scene: Scene, scheme: str) -> None:
    wrong: list[str] = []
    seen = 0
    for role in ("stranger", *ROLES):
        with scene.signed_in(browser, role, color_scheme=scheme) as page:
            for view in share(scene, role, f"axe {scheme}"):
                scene.open(page, view)
                wrong += [f"{view.name} as {role}: {one}" for one in (*violations(page), *page.evaluate(MEASURE))]
                seen += 1
    assert not wrong, "\n".join(wrong)
    assert NIGHTLY is False or seen == len(scene.views)


def test_the_first_page_of_an_installation(browser: Browser) -> None:
    """It exists only while there is no administrator, so it is no view of the scene."""
    with shared_stack() as empty:
        assert empty.direct is not None
        empty.direct.write(text("update person set role = 'MEMBER', is_active = false"))
        for scheme in SCHEMES:
            page = browser.new_page(viewport={"width": 390, "height": 900}, color_scheme=scheme)
            page.goto(f"{empty.url}/sign-in")
            expect(page).to_have_url(f"{empty.url}/setup")
            assert violations(page) == page.evaluate(MEASURE) == []
            page.get_by_label("Setup code").fill("wrong")
            page.locator("main form").evaluate("(one) => { one.noValidate = true; one.submit(); }")
            expect(page.get_by_role("alert")).to_be_visible()
            assert violations(page) == page.evaluate(MEASURE) == []
            page.close()


BREAKS = {
    "color-contrast": "document.querySelector('h1').style.color = '#aaa'",
    "label": "document.querySelector('label[for=token]').remove()",
    "button-name": "document.querySelector('main form button').textContent = ''",
    "html-has-lang": "document.documentElement.removeAttribute('lang')",
    "heading-order": "document.querySelector('h1').insertAdjacentHTML('afterend', '<h4>Deep</h4>')",
    "region": "document.body.insertAdjacentHTML('beforeend', '<p>Outside of every landmark</p>')",
    "aria-valid-attr": "document.querySelector('h1').setAttribute('aria-labeled', 'x')",
}
"""What each kind of fault is called by axe, and how to make the sign-in page have it."""


def test_what_is_wrong_is_found(browser: Browser, scene: Scene) -> None:
    with scene.signed_in(browser, "stranger") as page:
        for rule, script in BREAKS.items():
            page.goto(f"{scene.stack.url}/sign-in")
            assert violations(page) == []
            page.evaluate(script)
            found = violations(page)
            assert any(one.startswith(f"{rule} ") for one in found), f"{rule}: {found}"
