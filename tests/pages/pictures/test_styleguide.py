"""The style guide shows components as pages show them, and exists only where there is demo data."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.pages.pictures.accessibility import violations
from tests.pages.pictures.measuring import MEASURE
from tests.pages.test_browser import visiting
from tests.pages.visiting import visitor
from tests.stack import Stack, shared_stack


@pytest.fixture(scope="module")
def demo() -> Iterator[Stack]:
    with shared_stack(settings={"AFTERWORD_DEMO": "1"}) as one:
        yield one


@pytest.mark.parametrize("width", [390, 1440])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_is_readable(browser: Browser, demo: Stack, width: int, scheme: str) -> None:
    size = {"width": width, "height": 900}
    with visiting(browser, demo, demo.person(), viewport=size, color_scheme=scheme) as page:
        page.goto(f"{demo.url}/styleguide")
        assert page.evaluate(MEASURE) == []
        assert violations(page) == []


def test_there_is_none_without_demo_data(stack: Stack) -> None:
    assert "Style guide" not in visitor(stack, stack.person()).get("/styleguide", 404)
