"""``make pictures``: the pictures of the README, in ``docs/images``, from the demo and a few minutes of work in it."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, Page, expect

from tests.cli.running import ROOT
from tests.pages.visiting import sign_in_link
from tests.peers.browser import chromium
from tests.stack import Stack, shared_stack

FOLDER = ROOT / "docs" / "images"
WINDOW = {"width": 1280, "height": 800}
MOST_BYTES = 200_000
SUMMARY = (
    "Checkout was slow for 72 minutes after a cache failover. The on-call engineer should have checked the connection"
    " limit first."
)


@contextmanager
def signed_in(browser: Browser, stack: Stack, person: str) -> Iterator[Page]:
    """As a person of the demo."""
    context = browser.new_context(viewport=WINDOW, reduced_motion="reduce")  # type: ignore[arg-type]
    page = context.new_page()
    page.goto(sign_in_link(stack, person))
    press(page, "Sign in with this link")
    expect(page.get_by_role("heading", level=1)).to_have_text("For your attention")
    yield page
    context.close()


def press(page: Page, button: str) -> None:
    page.get_by_role("button", name=button, exact=True).click()


def picture(page: Page, name: str) -> None:
    page.mouse.move(0, 0)
    page.evaluate("document.activeElement.blur()")
    page.screenshot(path=FOLDER / f"{name}.png")


def comment(page: Page, section: str, quote: str, words: str) -> None:
    """About words of a section, which are marked with the mouse as a reader would."""
    page.locator(f"#{section} .prose p").first.evaluate(
        """(paragraph, quote) => {
          const range = document.createRange(), text = paragraph.firstChild, from = text.data.indexOf(quote);
          range.setStart(text, from);
          range.setEnd(text, from + quote.length);
          getSelection().removeAllRanges();
          getSelection().addRange(range);
        }""",
        quote,
    )
    page.get_by_role("button", name="Comment on this").click()
    page.keyboard.type(words)
    page.locator(f"#{section}").get_by_role("button", name="Add comment").click()
    expect(page.locator(f"#{section} .thread").filter(has_text=words)).to_be_visible()


def main() -> int:
    with shared_stack(demo=True) as stack, chromium() as browser:
        outage, failover = (f"{stack.url}/postmortems/{one}" for one in ("pm_xyz", "pm_cachefail"))
        with signed_in(browser, stack, "user_jane") as jane:
            jane.goto(outage)
            press(jane, "Submit for review")
            expect(jane.locator(".stepper [aria-current]")).to_have_text("In review")
        with signed_in(browser, stack, "user_alice") as alice:
            alice.goto(outage)
            press(alice, "Approve")
            expect(alice.get_by_text("You approved this version.")).to_be_visible()
        with signed_in(browser, stack, "user_bob") as bob:
            bob.goto(f"{failover}/edit")
            bob.get_by_label("Summary").fill(SUMMARY)
            press(bob, "Save and check wording")
            expect(bob.locator("#advice")).to_be_visible()
            bob.locator("#f-summary").evaluate("(one) => scrollTo(0, one.getBoundingClientRect().top + scrollY - 330)")
            picture(bob, "editor")
            bob.goto(outage)
            comment(bob, "summary", "About 2,300 transactions failed", "How did we count these?")
            bob.goto(outage)
            picture(bob, "postmortem")
            bob.goto(stack.url)
            picture(bob, "home")
    sizes = {path.name: path.stat().st_size for path in sorted(FOLDER.glob("*.png"))}
    print("\n".join(f"{FOLDER / name}: {size // 1000} kB" for name, size in sizes.items()))
    return 1 if max(sizes.values()) > MOST_BYTES else 0


if __name__ == "__main__":
    sys.exit(main())
