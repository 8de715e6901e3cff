"""Mails in a browser: narrow, dark, and without images."""

import pytest
from playwright.sync_api import Browser

from tests.messages.examples import all_examples
from tests.messages.pictures import OVERFLOW, SCHEMES, WIDTHS, open_mail
from tests.peers.browser import browser  # noqa: F401 - a fixture

CONTRAST = """() => {
  const parts = (color) => color.match(/[0-9.]+/g).map(Number);
  const light = (color) => { const [r, g, b] = parts(color).map((one) => {
    const part = one / 255; return part <= 0.03928 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4; });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const behind = (one) => { for (; one; one = one.parentElement) { const color = getComputedStyle(one).backgroundColor;
    if (parts(color)[3] !== 0) return color; } return 'rgb(255, 255, 255)'; };
  const faults = [];
  for (const one of document.querySelectorAll('.letter *')) {
    if (![...one.childNodes].some((node) => node.nodeType === 3 && node.data.trim())) continue;
    const [a, b] = [light(getComputedStyle(one).color), light(behind(one))].sort((x, y) => y - x);
    if ((a + 0.05) / (b + 0.05) < 4.5) faults.push(one.outerHTML.slice(0, 120));
  }
  return faults;
}"""
"""Text of less contrast than WCAG 2.2 asks for (1.4.3)."""


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("width", WIDTHS)
def test_every_mail_fits_and_is_readable(browser: Browser, width: int, scheme: str) -> None:  # noqa: F811
    for one in all_examples():
        page = open_mail(browser, one.message, width, scheme)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, one.name
        assert page.evaluate(OVERFLOW) == [], one.name
        assert page.evaluate(CONTRAST) == [], one.name
        page.close()


def test_without_images_nothing_is_lost(browser: Browser) -> None:  # noqa: F811
    page = open_mail(browser, all_examples()[0].message, 320, "light", images=False)
    assert "Afterword" in page.inner_text(".brand")
    assert page.locator("img").get_attribute("alt") == ""
    page.close()
