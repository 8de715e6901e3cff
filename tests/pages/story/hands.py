"""How somebody works a page: with a mouse, or with the keyboard alone."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from playwright.sync_api import Locator, Page

MOST_TABS = 400


class Hand(Protocol):
    page: Page

    def press(self, target: Locator) -> None: ...

    def write(self, target: Locator, text: str) -> None: ...

    def choose(self, target: Locator, label: str) -> None: ...


@dataclass(slots=True)
class Mouse:
    """Clicks what it presses, and a field before it types."""

    page: Page

    def press(self, target: Locator) -> None:
        target.click()

    def write(self, target: Locator, text: str) -> None:
        target.click()
        target.fill(text)

    def choose(self, target: Locator, label: str) -> None:
        target.select_option(label=label)


@dataclass(slots=True)
class Keyboard:
    """Goes everywhere with Tab, as somebody without a mouse does. What Tab doesn't reach fails the test."""

    page: Page
    tabs: int = field(default=0)

    def reach(self, target: Locator) -> None:
        for _ in range(MOST_TABS):
            if target.evaluate("(one) => one === document.activeElement"):
                return
            self.page.keyboard.press("Tab")
            self.tabs += 1
        raise AssertionError(f"Tab doesn't reach {target}")

    def press(self, target: Locator) -> None:
        target.wait_for()
        self.reach(target)
        self.page.keyboard.press("Enter")

    def write(self, target: Locator, text: str) -> None:
        target.wait_for()
        self.reach(target)
        kind = target.get_attribute("type")
        if kind == "date":
            self.page.keyboard.type(datetime.fromisoformat(text).strftime("%m%d%Y"))
        elif kind == "datetime-local":
            at = datetime.fromisoformat(text)
            self.page.keyboard.type(at.strftime("%m%d%Y"))
            self.page.keyboard.press("ArrowRight")
            self.page.keyboard.type(at.strftime("%I%M%p"))
        else:
            self.page.keyboard.press("Control+A")
            self.page.keyboard.insert_text(text)

    def choose(self, target: Locator, label: str) -> None:
        """By the first letters of the choice, as browsers take them."""
        target.wait_for()
        self.reach(target)
        self.page.keyboard.type(label)


@dataclass  # without slots: Playwright keeps a note on it
class Counted:
    """How many clicks a page gets, and how many documents its browser loads."""

    clicks: int = 0
    loads: int = 0

    def watch(self, page: Page) -> None:
        page.expose_function("countClick", self._click)
        page.add_init_script("addEventListener('click', (event) => event.detail > 0 && countClick(), true)")
        page.on("response", lambda answer: self._load(answer.request.is_navigation_request(), answer.status))

    def _click(self) -> None:
        self.clicks += 1

    def _load(self, is_document: bool, status: int) -> None:
        self.loads += is_document and status not in {302, 303}
