"""The public feed and the settings of sharing. The switch is everybody's, so these tests turn it back."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any
from uuid import uuid4
from xml.etree import ElementTree as ET

import pytest

from tests.api import writing
from tests.api.conventions import problem
from tests.api.sharing.sharing import approve, local, outsider, path_of, save, share
from tests.api.writing import ok
from tests.stack import Person, Stack

ATOM = "{http://www.w3.org/2005/Atom}"
SETTINGS = "/api/sharing-settings"


@pytest.fixture(scope="module")
def author(stack: Stack) -> Person:
    return stack.person()


@pytest.fixture(scope="module")
def admin(stack: Stack) -> Person:
    return stack.person("ADMIN")


def switch(admin: Person, *, on: bool) -> None:
    kept = ok(admin.get(SETTINGS))
    ok(admin.put(SETTINGS, json={"internalTools": kept["internalTools"], "feedEnabled": on}))


@pytest.fixture
def feed(admin: Person) -> Iterator[None]:
    switch(admin, on=True)
    yield
    switch(admin, on=False)


def listed(author: Person, text: str) -> Any:
    made = writing.draft(author, visibility="ORGANIZATION")
    save(author, made, text, listed=True)
    approve(author, made)
    return made


def items(stack: Stack, word: str) -> list[Any]:
    found = ok(outsider(stack).get("/p/feed.json"))["items"]
    return [one for one in found if word in one["content_html"] or word in one["title"]]


def test_it_is_off_until_it_is_turned_on(stack: Stack, admin: Person) -> None:
    switch(admin, on=False)
    nothing = outsider(stack).get(f"/p/{'C' * 22}")
    for name in ("atom", "json"):
        answer = outsider(stack).get(f"/p/feed.{name}")
        assert (answer.status_code, answer.text) == (404, nothing.text)


@pytest.mark.usefixtures("feed")
def test_both_feeds_carry_the_listed_summaries(stack: Stack, author: Person) -> None:
    word = uuid4().hex
    made = listed(author, f"# Down {word}\n\nIt <b>failed</b> & *recovered*.")
    unlisted = writing.draft(author, visibility="ORGANIZATION")
    save(author, unlisted, f"Hidden {word}")
    approve(author, unlisted)
    waiting = writing.draft(author, visibility="ORGANIZATION")
    save(author, waiting, f"Waiting {word}", listed=True)
    (item,) = items(stack, word)
    assert item["title"] == f"Down {word}"
    assert "<em>recovered</em>" in item["content_html"]
    assert "&lt;b&gt;" in item["content_html"]
    answer = outsider(stack).get("/p/feed.atom")
    assert answer.headers["content-type"] == "application/atom+xml; charset=utf-8"
    root = ET.fromstring(answer.content)
    assert [root.findtext(f"{ATOM}{one}") for one in ("title", "id")] == [
        "Incident summaries",
        f"{stack.url}/p/feed.atom",
    ]
    (entry,) = [one for one in root.iter(f"{ATOM}entry") if word in (one.findtext(f"{ATOM}title") or "")]
    assert entry.findtext(f"{ATOM}id") == item["id"]
    assert entry.findtext(f"{ATOM}content") == item["content_html"]
    summary = ok(author.get(path_of(made)))
    at = datetime.fromisoformat(str(entry.findtext(f"{ATOM}updated")))
    assert at == datetime.fromisoformat(summary["approvedAt"]).replace(microsecond=0)
    assert made["id"] not in answer.text + json.dumps(item)
    assert made["title"] not in answer.text


@pytest.mark.usefixtures("feed")
def test_an_entry_goes_with_its_cause_and_comes_back(stack: Stack, author: Person) -> None:
    word = uuid4().hex
    made = listed(author, f"Down {word}.")
    (first,) = items(stack, word)
    ok(author.delete(path_of(made, "public-summary/approve")), 204)
    assert items(stack, word) == []
    approve(author, made)
    (again,) = items(stack, word)
    assert (again["id"], again["date_published"]) == (first["id"], first["date_published"])
    ok(author.patch(f"/api/postmortems/{made['id']}", json={"visibility": "PRIVATE"}))
    assert items(stack, word) == []
    ok(author.patch(f"/api/postmortems/{made['id']}", json={"visibility": "ORGANIZATION"}))
    assert items(stack, word) == []
    ok(author.put(path_of(made), json={"listed": True}))
    assert len(items(stack, word)) == 1


@pytest.mark.usefixtures("feed")
@pytest.mark.parametrize("name", ["atom", "json"])
def test_nothing_is_sent_twice(stack: Stack, author: Person, name: str) -> None:
    listed(author, f"Down {uuid4().hex}.\x0b\ufffe]]>")
    first = outsider(stack).get(f"/p/feed.{name}")
    assert first.status_code == 200
    assert first.headers["cache-control"] == "no-cache"
    if name == "atom":
        ET.fromstring(first.content)
    same = outsider(stack).get(f"/p/feed.{name}", headers={"If-None-Match": first.headers["etag"]})
    assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", first.headers["etag"])
    listed(author, f"Down again {uuid4().hex}.")
    other = outsider(stack).get(f"/p/feed.{name}", headers={"If-None-Match": first.headers["etag"]})
    assert other.status_code == 200
    assert other.headers["etag"] != first.headers["etag"]
    assert other.headers["x-robots-tag"] == "noindex, nofollow"


# Settings


def test_settings_are_for_administrators(stack: Stack, admin: Person, author: Person) -> None:
    for answer in (author.get(SETTINGS), author.put(SETTINGS, json={"internalTools": [], "feedEnabled": True})):
        problem(answer, 403, "NotAllowed")
    body = {"name": "w", "userId": admin.id, "scopes": ["read", "write"]}
    writing_token = stack.client(ok(stack.client().post("/api/tokens", json=body), 201)["token"])
    problem(writing_token.get(SETTINGS), 403, "ScopeMissing")


def test_two_administrators_never_overwrite_each_other(admin: Person) -> None:
    kept = admin.get(SETTINGS)
    body = {name: ok(kept)[name] for name in ("internalTools", "feedEnabled")}
    tag, tools = {"If-Match": kept.headers["etag"]}, [f"Tool {uuid4().hex}", "Deploybot"]
    changed = admin.put(SETTINGS, json={**body, "internalTools": tools * 2}, headers=tag)
    assert ok(changed)["internalTools"] == tools
    problem(admin.put(SETTINGS, json=body, headers=tag), 412, "StaleVersion")
    again = admin.put(SETTINGS, json={**body, "internalTools": tools}, headers={"If-Match": changed.headers["etag"]})
    assert ok(again)["version"] == ok(changed)["version"]
    ok(admin.put(SETTINGS, json=body))


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"internalTools": []},
        {"internalTools": ["x"], "feedEnabled": False},
        {"internalTools": [""], "feedEnabled": False},
        {"internalTools": ["a\0b"], "feedEnabled": False},
        {"internalTools": ["abc"] * 501, "feedEnabled": False},
        {"internalTools": "abc", "feedEnabled": False},
        {"internalTools": [], "feedEnabled": None},
        {"internalTools": [], "feedEnabled": False, "feed": True},
    ],
)
def test_bad_settings(admin: Person, body: Any) -> None:
    problem(admin.put(SETTINGS, json=body), 422, "Malformed")


def test_internal_tools_are_found(admin: Person, author: Person) -> None:
    tool = f"Zanzibar{uuid4().hex[:8]}"
    kept = ok(admin.get(SETTINGS))
    body = {"internalTools": [*kept["internalTools"], tool], "feedEnabled": kept["feedEnabled"]}
    ok(admin.put(SETTINGS, json=body))
    made = writing.draft(author, visibility="ORGANIZATION")
    (found,) = save(author, made, f"We used {tool.upper()} to fix it.")["findings"]
    assert (found["kind"], found["blocking"]) == ("INTERNAL_TOOL", False)
    ok(admin.put(SETTINGS, json={name: kept[name] for name in ("internalTools", "feedEnabled")}))


def test_unknown_links_are_limited_for_each_address(stack: Stack, author: Person) -> None:
    """Those that work are served all the same."""
    made = writing.draft(author, visibility="ORGANIZATION")
    save(author, made)
    approve(author, made)
    link = share(author, made)
    visitor = outsider(stack)
    with ThreadPoolExecutor(4) as pool:  # more than 60 of them in one window, wherever it ends
        answers = list(pool.map(lambda n: visitor.get(f"/p/{n:022d}"), range(125)))
    refused = [one for one in answers if one.status_code == 429]
    assert {one.status_code for one in answers} == {404, 429}
    assert len(refused) <= 65
    assert {one.headers["retry-after"] for one in refused} == {"300"}
    assert visitor.get(local(stack, link["url"])).status_code == 200
    assert outsider(stack).get(f"/p/{'D' * 22}").status_code == 404
