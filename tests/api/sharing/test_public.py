"""What outsiders see of a postmortem: exactly the shareable parts, whatever it holds beside them."""

import os
import re
import subprocess
import sys
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text as sql

from domain.content.sections import STANDARD
from models.keyring import Keyring
from tests.api import writing
from tests.api.sharing.sharing import approve, outsider, page_of, path_of, save, share
from tests.api.writing import ok
from tests.cli.running import ROOT
from tests.nightly import tried
from tests.pages.visiting import visitor
from tests.servers import SECRET_KEY
from tests.stack import Person, Stack
from tests.statements import counted_app

CUSTOM = ("customers", "legal")


def secret() -> str:
    return f"zq{uuid4().hex}"


@pytest.fixture(scope="module")
def author(stack: Stack) -> Person:
    return stack.person()


@pytest.fixture(scope="module")
def reviewer(stack: Stack) -> Person:
    return stack.person()


def template(stack: Stack, shareable: Mapping[str, bool | None]) -> str:
    """One with all standard sections and two custom ones; None leaves a switch as it is by default."""
    keys = [*STANDARD, "timeline", "actionItems", *CUSTOM]
    sections: list[dict[str, Any]] = []
    for one in keys:
        section: dict[str, Any] = {"key": one, "required": False}
        section |= {"title": one.capitalize()} if one in CUSTOM else {}
        section |= {"shareable": shareable[one]} if shareable.get(one) is not None else {}
        sections.append(section)
    body = {"name": f"Shared {uuid4().hex[:8]}", "sections": sections}
    return str(ok(stack.client().post("/api/templates", json=body), 201)["id"])


def whole(stack: Stack, author: Person, reviewer: Person, template_id: str) -> tuple[Any, dict[str, str]]:
    """A published postmortem with a word of its own in everything that it can hold, by where each is."""
    words = {name: secret() for name in (*STANDARD, *CUSTOM)}
    words |= {name: secret() for name in ("event", "actor", "tag", "category", "comment", "reply", "item", "details")}
    words |= {name: secret() for name in ("sla", "service", "title", "person", "team", "incident", "summaryDraft")}
    person = stack.person(name=f"Ann {words['person']}")
    admin = stack.client()
    service = ok(admin.post("/api/services", json={"name": f"S {words['service']}"}), 201)["id"]
    team = ok(admin.post("/api/teams", json={"name": f"T {words['team']}"}), 201)["id"]
    report = {"externalId": uuid4().hex, "title": words["incident"], "status": "RESOLVED", "urgency": "LOW"}
    times = {"startedAt": "2026-11-20T07:00:00Z", "resolvedAt": "2026-11-20T07:21:00Z"}
    incident = ok(admin.post("/api/incidents", json={**report, **times}), 201)["id"]
    made = writing.ready(
        author,
        [reviewer],
        title=f"Title {words['title']}",
        templateId=template_id,
        visibility="ORGANIZATION",
        incidentIds=[incident],
        serviceIds=[service],
        teamIds=[team],
        tags=[words["tag"]],
        rootCauseCategory=words["category"],
        impactMetrics={"affectedUsers": 4711, "slaBreach": words["sla"]},
        timeline=[{"at": "2026-11-20T07:05:00Z", "event": words["event"], "actor": words["actor"], "type": "OTHER"}],
        customSections={one: words[one] for one in CUSTOM},
        **{one: f"{words[one]} by @{ok(person.get('/api/me'))['handle']}" for one in STANDARD},
    )
    path = f"/api/postmortems/{made['id']}"
    writing.with_item(author, made["id"], person.id, description=words["item"], details=words["details"])
    thread = ok(author.post(f"{path}/comments", json={"body": words["comment"], "section": "summary"}), 201)["id"]
    ok(author.post(f"{path}/comments", json={"body": words["reply"], "parentId": thread}), 201)
    ok(author.patch(f"{path}/comments/{thread}", json={"resolved": True}))
    ok(author.post(f"{path}/submit", json={}))
    ok(reviewer.post(f"{path}/reviews", json={"decision": "APPROVE"}), 201)
    ok(author.post(f"{path}/publish"))
    save(author, made, words["summaryDraft"])
    return made, words


NEVER = (
    "actor",
    "tag",
    "category",
    "comment",
    "reply",
    "item",
    "details",
    "person",
    "team",
    "incident",
    "summaryDraft",
)


def expected(shareable: Mapping[str, bool | None]) -> set[str]:
    """Which of the words outsiders may read."""
    shown = {"title", "service"}
    for one in (*STANDARD, *CUSTOM):
        is_shown = shareable.get(one)
        if is_shown if is_shown is not None else one in STANDARD and one != "response":
            shown.add(one)
    if shareable.get("timeline") is not False:
        shown.add("event")
    if shareable.get("impact") is not False:
        shown.add("sla")
    return shown


def test_by_default_the_response_and_custom_sections_are_private(
    stack: Stack, author: Person, reviewer: Person
) -> None:
    made, words = whole(stack, author, reviewer, template(stack, {}))
    page = page_of(stack, share(author, made, scope="POSTMORTEM"))
    assert {name for name, word in words.items() if word in page} == expected({})
    assert not {words[one] for one in ("response", *CUSTOM, *NEVER)} & set(re.findall(r"zq[0-9a-f]{32}", page))
    assert "4,711" in page
    assert f"#{made['number']}" in page
    for private in (made["id"], author.id, "@", "user_", "postmortems/"):
        assert private not in re.sub(r"<(?:link|meta)[^>]*>", "", page), private


switches = st.fixed_dictionaries(
    {one: st.sampled_from([None, True, False]) for one in (*STANDARD, "timeline", "actionItems", *CUSTOM)}
)


@settings(max_examples=tried(6, 25), suppress_health_check=list(HealthCheck), deadline=None)
@given(shareable=switches)
def test_nothing_of_a_private_section_is_in_any_public_answer(
    stack: Stack, author: Person, reviewer: Person, shareable: dict[str, bool | None]
) -> None:
    made, words = whole(stack, author, reviewer, template(stack, shareable))
    link = share(author, made, scope="POSTMORTEM")
    locked = share(author, made, scope="POSTMORTEM", password=uuid4().hex)
    page = outsider(stack).get(link["url"])
    told = str(page.headers) + page.text
    assert {name for name, word in words.items() if word in told} == expected(shareable)
    asked = outsider(stack).get(locked["url"])
    wrong = outsider(stack).post(locked["url"], data={"password": "something else"})
    approve(author, made)
    summary = outsider(stack).get(share(author, made)["url"])
    for answer in (asked, wrong, outsider(stack).get(f"{link['url']}x"), outsider(stack).put(link["url"])):
        assert not [name for name, word in words.items() if word in answer.text + str(answer.headers)]
    told = summary.text + str(summary.headers)
    assert {name for name, word in words.items() if word in told} == {"summaryDraft"}


def test_the_preview_is_what_outsiders_see(stack: Stack, author: Person, reviewer: Person) -> None:
    made, _ = whole(stack, author, reviewer, template(stack, {"response": True, "impact": False}))
    page = page_of(stack, share(author, made, scope="POSTMORTEM"))
    preview = visitor(stack, author).get(f"/postmortems/{made['id']}/share/preview/postmortem")
    assert re.sub(r'<p class="note".*?</p>\n?', "", preview) == page


def test_one_without_a_template_shows_the_default_sections(stack: Stack, author: Person, reviewer: Person) -> None:
    made = writing.published(author, [reviewer], visibility="ORGANIZATION", response=f"R {secret()}")
    assert stack.direct is not None
    gone = "update postmortem set template_id = null, template_version = null where id = :id"
    stack.direct.write(sql(gone), id=made["id"])
    page = page_of(stack, share(author, made, scope="POSTMORTEM"))
    assert "A pool limit from two years ago." in page
    assert made["response"] not in page


def test_links_that_lead_inside_are_hidden(stack: Stack, author: Person, reviewer: Person) -> None:
    text = (
        f"See [the board](http://grafana.internal/d/1), {stack.url}/postmortems/pm_x, [status](https://status.example/)"
        " and [other](/postmortems/pm_y). ![pool](http://10.1.2.3/p.png)"
    )
    event = {"at": "2026-11-20T07:05:00Z", "event": "@jane opened http://grafana.internal/d/2", "type": "OTHER"}
    made = writing.published(author, [reviewer], visibility="ORGANIZATION", summary=text, timeline=[event])
    page = page_of(stack, share(author, made, scope="POSTMORTEM"))
    assert re.findall(r'<a [^>]*href="([^"]*)"', page) == ["https://status.example/"]
    assert "the board" in page
    assert "someone opened [internal link]" in page
    for private in ("grafana.internal", "10.1.2.3", "pm_x", "pm_y"):
        assert private not in page


def test_a_template_keeps_its_switches(stack: Stack) -> None:
    admin = stack.client()
    made = template(stack, {"summary": False, "legal": True, "detection": True})
    shown = ok(admin.get(f"/api/templates/{made}"))
    assert {one["key"] for one in shown["sections"] if not one["shareable"]} == {"summary", "response", "customers"}
    same = ok(admin.patch(f"/api/templates/{made}", json={"sections": without_read_only(shown["sections"])}))
    assert same["version"] == shown["version"]
    sections = without_read_only(shown["sections"])
    next(one for one in sections if one["key"] == "response")["shareable"] = True
    changed = ok(admin.patch(f"/api/templates/{made}", json={"sections": sections}))
    assert changed["version"] == shown["version"] + 1
    refused = admin.patch(f"/api/templates/{made}", json={"sections": [{"key": "summary", "shareable": "perhaps"}]})
    assert refused.status_code == 422


def without_read_only(sections: list[Any]) -> list[Any]:
    return [{name: value for name, value in one.items() if name != "standard"} for one in sections]


def test_the_summary_in_a_link_is_the_approved_one(stack: Stack, author: Person) -> None:
    made = writing.draft(author, visibility="ORGANIZATION", title=f"Title {secret()}")
    save(author, made, "<script>alert(1)</script> [x](javascript:alert(1)) **bold**")
    approve(author, made)
    page = page_of(stack, share(author, made))
    assert "<strong>bold</strong>" in page
    assert "<script" not in page
    assert "href" not in page.partition("<article")[2]
    assert made["title"] not in page
    assert ok(author.get(path_of(made)))["state"] == "APPROVED"


async def test_each_read_is_one_statement(stack: Stack, author: Person, reviewer: Person) -> None:
    """So what suspends a link holds with the next request: nothing is remembered between two of them."""
    made = writing.published(author, [reviewer], visibility="ORGANIZATION")
    save(author, made)
    approve(author, made)
    urls = [share(author, made)["url"], share(author, made, scope="POSTMORTEM")["url"]]
    async with counted_app(stack, author) as (client, counter):
        for path in ("/p/feed.json", *(httpx.URL(url).path for url in urls)):
            for _ in range(2):
                counter.clear()
                answer = await client.get(path)
                statements = [one for one in counter.statements if "update share_link" not in one.lower()]
            assert answer.status_code == (404 if "feed" in path else 200)
            assert len(statements) == (1 if answer.is_success else 2), statements


def test_addresses_are_shown_again_after_the_key_was_rotated(stack: Stack, author: Person) -> None:
    made = writing.draft(author, visibility="ORGANIZATION")
    save(author, made)
    approve(author, made)
    link = share(author, made)
    assert stack.direct is not None
    sealed = Keyring("yesterday's key").seal({"token": link["url"].rpartition("/")[2]})
    stack.direct.write(sql("update share_link set token_sealed = :it where id = :id"), it=sealed, id=link["id"])

    def listed() -> Any:
        return ok(author.get(path_of(made, "share-links")))["items"][0]["url"]

    assert listed() is None
    assert "Checkout was down" in page_of(stack, link)
    env = {**os.environ, **stack.environment(), "AFTERWORD_SECRET_KEY": f"{SECRET_KEY}, yesterday's key"}
    command = [sys.executable, "-m", "cli.main", "rotate-keys"]
    subprocess.run(command, env=env, cwd=ROOT, capture_output=True, check=False)
    assert listed() == link["url"]
