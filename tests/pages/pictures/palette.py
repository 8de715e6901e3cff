"""What opens by keyboard, or while somebody types: the command palette, the shortcuts, and suggestions of people."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from playwright.sync_api import Page

if TYPE_CHECKING:
    from tests.pages.pictures.views import Scene


def add_palette(scene: "Scene", postmortem: str) -> None:
    scene.add("command palette", "/postmortems", "author", "administrator", prepare=_palette(""))
    scene.add("command palette found", "/", "reader", prepare=_palette("checkout"))
    scene.add("command palette none", "/", "reader", prepare=_palette("nothinglikethis"))
    scene.add("shortcuts", "/", "author", prepare=_shortcuts)
    scene.add("people suggested", f"/postmortems/{postmortem}", "author", prepare=_suggestions)


def _palette(typed: str) -> Callable[[Page], object]:
    def prepare(page: Page) -> None:
        page.keyboard.press("Control+k")
        if typed:
            with page.expect_response("**/find?*"):
                page.locator(".palette__field").press_sequentially(typed)
            page.wait_for_function("document.querySelector('.palette [role=option]')")

    return prepare


def _shortcuts(page: Page) -> None:
    page.keyboard.press("?")
    page.locator(".shortcuts").wait_for()


def _suggestions(page: Page) -> None:
    field = page.locator("input[data-finds=people]").first
    field.evaluate(
        "(one) => { for (let at = one; at; at = at.parentElement) if (at.tagName === 'DETAILS') at.open = true; }"
    )
    field.press_sequentially("j")
    page.locator(".suggestions:popover-open").wait_for()
