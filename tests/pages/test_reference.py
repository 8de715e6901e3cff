"""The API reference draws every operation in a browser, from our own files."""

import pytest
from playwright.sync_api import Browser, expect

from tests.api.writing import ok
from tests.pages.test_browser import visiting
from tests.stack import Stack

METHODS = {"get", "put", "post", "patch", "delete"}


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_operation_is_drawn(browser: Browser, stack: Stack, scheme: str) -> None:
    described = ok(stack.client().get("/openapi.json"))["paths"]
    count = sum(len(METHODS & set(operations)) for operations in described.values())
    assert count > 50
    with visiting(browser, stack, stack.person(), color_scheme=scheme) as page:  # which also watches for errors
        page.goto(f"{stack.url}/docs")
        expect(page.locator(".opblock")).to_have_count(count)
        expect(page.locator(".opblock").first).to_be_visible()
        page.locator(".opblock", has_text="/api/postmortems").first.get_by_role("button").first.click()
        expect(page.get_by_role("heading", name="Parameters").first).to_be_visible()
        light = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
        assert (light == "rgba(0, 0, 0, 0)") is (scheme == "light")
        page.get_by_role("link", name="Back to Afterword").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("For your attention")
