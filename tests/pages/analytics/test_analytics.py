"""The pages show the numbers of the API; each leads to the list that it counts, and each picture says what it shows."""

import re
from collections.abc import Iterator
from html import unescape
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.api.analytics.three_years import ThreeYears, three_years
from tests.api.writing import ok
from tests.pages.pictures.measuring import MEASURE
from tests.pages.visiting import Visitor, sign_in_link, visitor
from tests.stack import Stack

YEAR = "from=1991-01-01&to=1991-12-31&timeZone=UTC"
NAMES = {
    "Postmortems created": "postmortemsCreated",
    "Completion rate": "completionRate",
    "Average days to complete": "averageDaysToComplete",
    "Median days to complete": "medianDaysToComplete",
    "Action item completion": "actionItemCompletion",
    "Overdue action items": "overdueItems",
}


@pytest.fixture(scope="module")
def years(stack: Stack) -> Iterator[ThreeYears]:
    team = ok(stack.client().post("/api/teams", json={"name": "Analysts with a browser"}), 201)["id"]
    member = stack.person("MEMBER", teamIds=[team])
    with three_years(stack, member, team) as made:
        yield made


def tiles(page: str) -> dict[str, tuple[str, str]]:
    """What each metric says, and the address behind it."""
    found = re.findall(r'<dt>(.*?)</dt>\s*<dd class="metric__value"><a href="([^"]*)">(.*?)</a>', page, re.DOTALL)
    return {unescape(name): (unescape(value), unescape(address)) for name, address, value in found}


def rows_of(visit: Visitor, address: str) -> int:
    """How many postmortems or action items a list shows, over all of its pages."""
    count, query = 0, address
    while True:
        page = visit.get(query)
        count += len(re.findall(r"<(?:tr|li)[^>]* data-row\b", page))
        more = re.search(r'<a class="button" href="([^"]*cursor=[^"]*)">Show more', page)
        if more is None:
            return count
        query = unescape(more[1])


@pytest.mark.parametrize("who", ["administrator", "member"])
def test_numbers_lead_to_their_lists(stack: Stack, years: ThreeYears, who: str) -> None:
    visit = visitor(stack, years.member if who == "member" else None)
    client: Any = years.member if who == "member" else stack.client()
    metrics = ok(client.get(f"/api/analytics?{YEAR}"))["metrics"]
    shown = tiles(visit.get(f"/analytics?{YEAR}"))
    assert shown.keys() == NAMES.keys()
    for name, key in NAMES.items():
        value, address = shown[name]
        metric = metrics[key]
        behind = metric["value"] if metric["of"] is None else metric["of"]
        plain = f"{metric['value'] * 100:.0f}%" if "ompletion" in key else f"{metric['value']:.1f}".removesuffix(".0")
        assert (value, rows_of(visit, address)) == (plain, behind), name


def test_the_process_and_its_lists(stack: Stack, years: ThreeYears) -> None:
    visit = visitor(stack)
    page = visit.get(f"/analytics/process?{YEAR}")
    links = re.findall(r'<a href="(/(?:postmortems|action-items)\?[^"]*)">(\d+)</a>', page)
    assert len(links) >= 15
    for address, number in links[4::2]:  # phases are of the published ones for which both instants are known
        assert rows_of(visit, unescape(address)) == int(number), unescape(address)


def test_a_list_says_what_filters_it(stack: Stack, years: ThreeYears) -> None:
    visit = visitor(stack)
    page = visit.get("/postmortems?createdFrom=1991-01-01T00:00:00Z&rootCauseCategory=%3Cb%3Ecause&imported=false")
    chips = re.findall(r'<span class="unseen">Remove filter: </span>(.*?)<span aria-hidden', page)
    assert [unescape(one) for one in chips] == [
        "created from: Jan 1, 1991",
        "root cause: <b>cause",
        "not imported",
    ]
    assert 'name="rootCauseCategory" value="&lt;b&gt;cause"' in page
    assert "Clear filters" in page


def test_as_csv(stack: Stack, years: ThreeYears) -> None:
    answer = visitor(stack).http.get(f"/analytics.csv?{YEAR}")
    assert answer.headers["Content-Type"].startswith("text/csv")
    assert answer.text == stack.client().get(f"/api/analytics?{YEAR}&format=csv").text


def test_nothing_to_count(stack: Stack) -> None:
    page = visitor(stack).get("/analytics?from=1980-01-01&to=1980-12-31")
    assert "Nothing happened in this time that you can see." in page
    assert "<svg" not in page


@pytest.mark.parametrize(
    "query", ["from=2026-02-01&to=2026-01-01", "from=x", "period=day", "from=1970-01-01&to=2026-01-01&period=week"]
)
def test_what_cant_be_shown(stack: Stack, query: str) -> None:
    visitor(stack).get(f"/analytics?{query}", 422)


@pytest.mark.parametrize("width", [390, 1440])
def test_pictures(browser: Browser, stack: Stack, years: ThreeYears, width: int) -> None:
    context = browser.new_context(viewport={"width": width, "height": 900}, java_script_enabled=True)
    page = context.new_page()
    page.goto(sign_in_link(stack, years.member.id))
    page.get_by_role("button", name="Sign in with this link").click()
    page.goto(f"{stack.url}/analytics?{YEAR}")
    picture = page.get_by_role("img", name="Postmortems created")
    assert "12 bars, from January 1991 to December 1991." in (picture.locator("desc").text_content() or "")
    heights = picture.locator("rect").evaluate_all("bars => bars.map((bar) => Number(bar.getAttribute('height')))")
    told = [one["postmortemsCreated"] for one in ok(years.member.get(f"/api/analytics?{YEAR}"))["series"]]
    assert [round(one / max(heights) * max(told)) for one in heights] == told
    page.locator("#chart-created summary").click()
    shown = page.locator("#chart-created td a").all_text_contents()
    assert [int(one) for one in shown] == told
    for path in ("/analytics", "/analytics/process"):
        page.goto(f"{stack.url}{path}?{YEAR}")
        assert page.evaluate(MEASURE) == []
    context.close()
