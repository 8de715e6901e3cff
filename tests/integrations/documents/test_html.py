"""HTML files: safe, whole, and without any request."""

import re
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from playwright.sync_api import Browser, Request

from integrations.documents import html
from tests.integrations.documents.samples import IMAGES, TEXT, sample

HOSTILE = (
    f"{TEXT}\n<script>document.title = 'taken'</script>\n"
    "<img src='https://elsewhere.example/a.png' onerror='alert(1)'>\n"
    "[click](javascript:alert(1)) ![x](https://elsewhere.example/b.png) <https://elsewhere.example/'\"><i>>\n"
    '[q](https://elsewhere.example/" onclick="x)\n'
)


def test_it_makes_no_request_and_runs_nothing(browser: Browser, tmp_path: Path) -> None:
    file = tmp_path / "postmortem.html"
    file.write_bytes(html.write(sample(HOSTILE, title="</title><script>x</script>"), IMAGES))
    asked: list[str] = []

    def note(request: Request) -> None:
        asked.append(request.url[:60])

    context = browser.new_context(offline=True)
    page = context.new_page()
    page.on("request", note)
    page.goto(file.as_uri())
    assert page.title() == "</title><script>x</script>"
    assert page.locator("script").count() == 0
    assert page.locator("[onclick], [onerror]").count() == 0
    assert page.locator("img").count() == 1
    assert page.evaluate("document.images[0].naturalWidth") == 40
    links = page.eval_on_selector_all("a", "all => all.map(one => one.protocol)")
    assert set(links) <= {"http:", "https:"}
    assert [one for one in asked if not one.startswith(("file:", "data:image/png"))] == []
    page.set_viewport_size({"width": 400, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= 400
    context.close()


def test_it_says_everything() -> None:
    text = html.write(sample(), IMAGES).decode()
    for one in (
        '<h1 dir="auto">The checkout failed: &quot;all&quot; of it</h1>',
        '<a href="http://afterword.example/postmortems/pm_12" rel="nofollow noreferrer">#12</a>, #13, <code>#12</code>',
        "&lt;b&gt;raw&lt;/b&gt;",
        "\u2611 alert",
        '<ol start="3">',
        "Private: do not forward",
        'alt="the graph"',
        '<th scope="col" dir="auto">Time (UTC)</th>',
    ):
        assert one in text, one
    assert "(image: the graph)" in html.write(sample(), {}).decode()


NUMBERED = st.lists(
    st.sampled_from(
        ["#12", "#13", "`#12`", "[#13](https://a.example)", "x#13", "#130", "**#13**", "##13", " ", "\n- ", "a"]
    ),
    max_size=12,
).map("".join)


@given(NUMBERED)
def test_only_a_number_that_may_be_seen_is_ever_a_link(text: str) -> None:
    written = html.write(sample(text), {}).decode()
    links = re.findall(r'href="http://afterword.example/postmortems/(\w+)"', written)
    assert set(links) <= {"pm_12", "pm_1"}
    assert "pm_13" not in written
