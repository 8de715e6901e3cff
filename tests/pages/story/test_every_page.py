"""No page, in any status and for any role, says an error to the console, breaks its security policy, shifts while it is
drawn, is wider than a window at 200 % zoom, or weighs more than it may."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page

from tests.nightly import NIGHTLY, spread
from tests.pages.pictures.measuring import MEASURE
from tests.pages.pictures.sweeps import WINDOWS, share
from tests.pages.pictures.views import ROLES, Scene, new_scene
from tests.pages.visiting import Visitor, visitor
from tests.stack import Stack

EXPECTED = re.compile(r"the server responded with a status of 4(?:01|03|04|09|22)|^The specified value ")
"""What Chromium says of a page that is a refusal, and of a number field that shows the text it was refused for."""
WATCH = """
window.shifts = [];
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) {
    if (entry.hadRecentInput) continue;
    const html = (node) => (node?.outerHTML ?? node?.parentElement?.outerHTML ?? "").slice(0, 80);
    const parts = entry.sources.map(({node}) => html(node));
    window.shifts.push(`${entry.value.toFixed(4)}: ${parts.join(" | ")}`);
  }
}).observe({type: "layout-shift", buffered: true});
window.breaches = [];
document.addEventListener("securitypolicyviolation", (event) => {
  window.breaches.push(`${event.violatedDirective}: ${event.blockedURI}`);
});
"""
WIDER = "() => document.documentElement.scrollWidth > innerWidth"
TRIES = 3
"""A page that shifts is drawn again: on a busy machine, a frame is sometimes drawn of half a row of a long list."""
HTML_LIMIT, ASSET_LIMIT = 60_000, 80_000


@pytest.fixture(scope="module")
def scene(stack: Stack) -> Scene:
    return new_scene(stack)


def watched(page: Page) -> list[str]:
    """What goes wrong on the page from now on, told as it happens."""
    wrong: list[str] = []
    page.on("console", lambda said: wrong.append(said.text) if said.type in {"error", "warning"} else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.add_init_script(WATCH)
    return wrong


def settle(page: Page) -> Iterator[str]:
    """Waits until the page is drawn, and tells what shifted or was blocked."""
    page.wait_for_load_state("load")
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    yield from (f"shift {one}" for one in page.evaluate("window.shifts"))
    yield from (f"blocked {one}" for one in page.evaluate("window.breaches"))


@pytest.mark.parametrize(("width", "height", "scale"), WINDOWS)
def test_nothing_is_said_shifts_or_overflows(
    browser: Browser, scene: Scene, width: int, height: int, scale: int
) -> None:
    faults: list[str] = []
    seen = 0
    for role in ("stranger", *ROLES):
        size = {"width": width, "height": height}
        with scene.signed_in(browser, role, viewport=size, device_scale_factor=scale) as page:
            wrong = watched(page)
            for view in share(scene, role, f"quiet {width}"):
                for _ in range(TRIES):
                    wrong.clear()
                    scene.open(page, view)
                    # What a test's own script opens moves the rest.
                    wrong += [one for one in settle(page) if not (view.prepare and one.startswith("shift"))]
                    wrong += ["wider than the window"] if page.evaluate(WIDER) else []
                    wrong += page.evaluate(MEASURE)
                    if not any(one.startswith("shift") for one in wrong):
                        break
                faults += [f"{view.name} as {role}: {one}" for one in wrong if not EXPECTED.search(one)]
                seen += 1
    assert not faults, "\n".join(faults)
    assert NIGHTLY is False or seen == len(scene.views)


BREAKS = {
    "^shift": "setTimeout(() => document.querySelector('h1').style.marginTop = '200px', 50)",
    "^blocked": "document.body.insertAdjacentHTML('beforeend', '<p style=\"color: red\">')",
    "^made-up": "console.error('made-up')",
}
"""What each kind of fault is called, and how to make the sign-in page have it."""


def test_what_is_wrong_is_found(browser: Browser, scene: Scene) -> None:
    with scene.signed_in(browser, "stranger", viewport={"width": 640, "height": 450}) as page:
        wrong = watched(page)
        for kind, script in BREAKS.items():
            page.goto(f"{scene.stack.url}/sign-in")
            wrong.clear()
            assert [*settle(page), *wrong] == []
            page.evaluate(f"() => new Promise((done) => {{ {script}; setTimeout(done, 300); }})")
            assert any(re.search(kind, one) for one in [*settle(page), *wrong]), kind
        page.evaluate("document.querySelector('h1').style.width = '2000px'")
        assert page.evaluate(WIDER)


def test_pages_weigh_little(stack: Stack, scene: Scene) -> None:
    """As it is sent: compressed, but for pages that repeat something of their query."""
    heavy: list[str] = []
    for role in ROLES:
        mine = visitor(stack, scene.people[role])
        views = spread([one for one in scene.views if one.role == role and not one.prepare], 3)
        sizes = {view.name: _sent(mine, view.path) for view in views}
        heavy += [f"{name} as {role}: {size} bytes" for name, size in sizes.items() if size > HTML_LIMIT]
    assert heavy == []
    mine = visitor(stack, scene.people["author"])
    page = mine.get("/")
    assets = set(re.findall(r'(?:src|href)="(/static/[^"]+\.(?:js|css))"', page))
    assert len(assets) == 3
    sent = {one: _sent(mine, one) for one in assets}
    assert all(sent.values())
    assert sum(sent.values()) <= ASSET_LIMIT, sent


def _sent(mine: Visitor, path: str) -> int:
    """Bytes of the answer, or 0 for a download."""
    with mine.http.stream("GET", path, headers={"Accept-Encoding": "br"}) as answer:
        is_part = re.match("(text|application)/(html|css|javascript)", answer.headers["content-type"])
        return sum(len(part) for part in answer.iter_raw()) if is_part else 0
