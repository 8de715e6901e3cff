"""Several postmortems changed at once, and postmortems for several incidents at once."""

import re
from html import unescape
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, expect

from tests.api.writing import draft, ok
from tests.pages.test_browser import visiting
from tests.pages.visiting import Visitor, visitor
from tests.stack import Person, Stack, eventually


def chosen(*ids: str) -> dict[str, str]:
    return {f"id.{one}": "yes" for one in ids}


def read(person: Person, postmortem_id: str) -> dict[str, object]:
    return dict(ok(person.get(f"/api/postmortems/{postmortem_id}")))


def incident(person: Person, **fields: object) -> str:
    body = {"externalId": f"x-{uuid4().hex}", "title": "Checkout failed", "urgency": "LOW", "status": "RESOLVED"}
    at = {"startedAt": "2026-11-20T07:00:00Z"} | ({} if "status" in fields else {"resolvedAt": "2026-11-20T08:00:00Z"})
    return str(ok(person.post("/api/incidents", json=body | at | fields), 201)["id"])


def left(answer: str) -> list[str]:
    """What the page says of those that were left as they were."""
    rows = re.findall(r"<li><div>(.*?)</div></li>", answer, re.DOTALL)
    return [" ".join(unescape(re.sub(r"<[^>]+>", " ", one)).split()) for one in rows]


@pytest.fixture
def author(stack: Stack) -> Person:
    return stack.person()


@pytest.fixture
def page(stack: Stack, author: Person) -> Visitor:
    return visitor(stack, author)


def test_tags_a_team_and_the_author(stack: Stack, author: Person, page: Visitor) -> None:
    heir = stack.person()
    team = ok(stack.client().post("/api/teams", json={"name": f"Crew {uuid4().hex[:6]}"}), 201)["id"]
    ours = [draft(author, tags=tags, teamIds=[])["id"] for tags in (["db", "old"], [], ["new"])]
    fields = {"addTags": "new, slow", "removeTags": "old", "team": team, "author": heir.id}
    assert page.done(
        "/postmortems/bulk", "/postmortems", back="/postmortems?sort=title", **fields, **chosen(*ours)
    ) == ("/postmortems?sort=title")
    found = [read(heir, one) for one in ours]
    assert [set(one["tags"]) for one in found] == [{"db", "new", "slow"}, {"new", "slow"}, {"new", "slow"}]  # type: ignore[call-overload]
    assert [(one["authorId"], one["teamIds"]) for one in found] == [(heir.id, [team])] * 3
    versions = [one["version"] for one in found]
    assert page.done("/postmortems/bulk", "/postmortems", addTags="slow", **chosen(*ours)) == "/postmortems"
    assert [read(heir, one)["version"] for one in ours] == versions, "what is so already isn't changed again"


def test_those_that_cannot_be_changed_are_named_and_the_others_are_changed(
    stack: Stack, author: Person, page: Visitor
) -> None:
    ours = draft(author)["id"]
    seen = draft(stack.person(), title="Not yours", visibility="ORGANIZATION")["id"]
    unseen = draft(stack.person(), title="Secret", visibility="PRIVATE")["id"]
    full = draft(author, title="Full", tags=[f"t{number}" for number in range(50)])["id"]
    answer = page.send(
        "/postmortems/bulk", "/postmortems", addTags="x", **chosen(ours, seen, unseen, full, "pm_made_up")
    )
    told = left(answer.text)
    assert "1 postmortem was changed. 4 weren't" in unescape(answer.text), told
    assert [one.split()[0] for one in told] == ["Not", unseen, "Full", "pm_made_up"]
    assert told[2] == "Full It would have more than 50 tags. Remove some first."
    assert "Secret" not in answer.text
    assert read(author, ours)["tags"] == ["x"]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({}, "Choose at least one field to change."),
        ({"author": "nobody by that name"}, "nobody by that name"),
        ({"team": "team_made_up"}, "team_made_up"),
        ({"addTags": "x" * 200}, "Tags"),
    ],
)
def test_what_none_could_take_is_refused_with_the_form(
    author: Person, page: Visitor, fields: dict[str, str], said: str
) -> None:
    made = draft(author, tags=["kept"])["id"]
    answer = page.send("/postmortems/bulk", "/postmortems", **fields, **chosen(made))
    assert answer.status_code in {400, 422}
    assert said in unescape(answer.text)
    assert f'name="id.{made}"' in answer.text
    assert "1 selected" in answer.text
    assert read(author, made)["tags"] == ["kept"]


def test_nothing_and_too_much_selected(page: Visitor) -> None:
    for path in ("/postmortems/bulk", "/incidents/bulk"):
        where = path.removesuffix("/bulk")
        assert "Select at least one" in page.send(path, where, addTags="x").text
        many = chosen(*(f"pm_{number}" for number in range(201)))
        assert "Select at most 200 at once" in page.send(path, where, addTags="x", **many).text


def test_a_postmortem_for_each_incident(stack: Stack) -> None:
    lead = stack.person("ADMIN")
    page = visitor(stack, lead)
    resolved = [incident(lead) for _ in range(2)]
    going_on = incident(lead, status="OPEN", title="Still going on")
    listed = page.get("/incidents?hasPostmortem=false")
    assert all(f'name="id.{one}"' in listed for one in resolved)
    assert f'name="id.{going_on}"' not in listed
    answer = page.send("/incidents/bulk", "/incidents", **chosen(*resolved, going_on))
    assert "2 postmortems were created. 1 wasn't" in unescape(answer.text)
    assert left(answer.text)[0].startswith("Still going on")
    made = [ok(lead.get(f"/api/incidents/{one}"))["postmortemIds"] for one in resolved]
    assert [[read(lead, one)["authorId"] for one in each] for each in made] == [[lead.id]] * 2
    again = page.send("/incidents/bulk", "/incidents", **chosen(*resolved))
    assert "0 postmortems were created. 2 weren't" in unescape(again.text)
    assert f'name="id.{resolved[0]}"' not in page.get("/incidents"), "it has one now"


def test_in_a_browser(browser: Browser, stack: Stack, author: Person) -> None:
    mark = f"m{uuid4().hex[:8]}"
    ours = [draft(author, title=f"{mark} {number}")["id"] for number in range(2)]
    with visiting(browser, stack, author) as page:
        page.goto(f"{stack.url}/postmortems?q={mark}")
        page.get_by_label("Select all on this page").check()
        expect(page.get_by_text("Change or export postmortems (2)")).to_be_visible()
        page.get_by_label("Add tags").fill("pool")
        page.get_by_role("button", name="Change selected postmortems").click()
        eventually(lambda: [read(author, one)["tags"] for one in ours] == [["pool"]] * 2)
        expect(page.get_by_label("Add tags")).to_have_value("")
        page.locator("[data-row] input[type=checkbox]").first.check()
        page.get_by_text("Export them").click()
        page.get_by_role("button", name="Start export").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Exports")
        (job,) = ok(author.get("/api/exports"))["items"]
        eventually(lambda: ok(author.get(f"/api/exports/{job['id']}"))["state"] == "DONE")
        assert ok(author.get(f"/api/exports/{job['id']}"))["total"] == 1
