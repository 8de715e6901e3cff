"""Views of a section that somebody writes in, and of its menus."""

from typing import TYPE_CHECKING

from playwright.sync_api import Page, expect

if TYPE_CHECKING:
    from tests.pages.pictures.views import Scene


def add_writing(scene: "Scene", path: str) -> None:
    scene.add("section, open", path, "author", prepare=open_section)
    scene.add("section with its menu of blocks", path, "author", prepare=_open_menu)
    scene.add("section with its preview", path, "author", prepare=_open_preview)


def open_section(page: Page) -> None:
    page.locator("#impact [data-edits]").first.click()
    expect(page.locator("#w-impact")).to_be_focused()


def _open_menu(page: Page) -> None:
    """Nothing of it is saved: it is looked at for less time than that."""
    open_section(page)
    page.keyboard.press("ControlOrMeta+End")
    page.keyboard.type("\n/")
    expect(page.get_by_role("listbox", name="Blocks")).to_be_visible()


def _open_preview(page: Page) -> None:
    open_section(page)
    page.get_by_role("button", name="Preview", exact=True).click()
    expect(page.locator(".section-editor__preview > *").first).to_be_visible(timeout=15_000)
