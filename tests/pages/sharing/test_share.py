"""The share page: writing and approving a summary without JavaScript, links, previews, and the settings."""

import re
from html import unescape
from typing import Any
from uuid import uuid4

import pytest

from tests.api import writing
from tests.api.sharing.sharing import approve, outsider, path_of, save, share
from tests.api.writing import ok
from tests.pages.visiting import Visitor, buttons, told, visitor
from tests.stack import Person, Stack


@pytest.fixture(scope="module")
def author(stack: Stack) -> Person:
    return stack.person(name="Wilhelmina Ashgrove")


@pytest.fixture(scope="module")
def mine(stack: Stack, author: Person) -> Visitor:
    return visitor(stack, author)


@pytest.fixture
def made(author: Person) -> Any:
    return writing.draft(author, visibility="ORGANIZATION")


def page_of(made: Any) -> str:
    return f"/postmortems/{made['id']}/share"


def version_of(person: Person, made: Any) -> str:
    return str(ok(person.get(path_of(made)))["version"])


def marks(page: str) -> list[str]:
    return [unescape(one) for one in re.findall(r'<mark class="checked__mark[^>]*>(.*?)</mark>', page)]


def test_a_summary_from_the_first_text_to_the_link(stack: Stack, author: Person, mine: Visitor, made: Any) -> None:
    at = page_of(made)
    assert f'href="{at}"' in mine.get(f"/postmortems/{made['id']}")
    page = mine.get(at)
    assert f"# {made['title']}" in unescape(page)
    assert {"Save and check", "Create link"} & buttons(page) == {"Save and check"}
    text = "# Down\n\nWilhelmina Ashgrove restarted db-7.internal, then api-3.internal & all was well."
    assert mine.done(f"{at}/summary", at, form="save", version="0", text=text) == f"{at}#check"
    page = mine.get(at)
    assert marks(page) == ["Wilhelmina Ashgrove", "db-7.internal", "api-3.internal"]
    assert "Replace with “a database server”" in buttons(page)
    found = {one["quote"]: one["id"] for one in ok(author.get(path_of(made)))["findings"]}
    refused = mine.send(f"{at}/findings", at, form="approve", version="1", do="approve")
    assert refused.status_code == 409
    assert len(told(refused.text)) == 3
    for n, quote in enumerate(("Wilhelmina Ashgrove", "db-7.internal"), 1):
        mine.done(f"{at}/findings", at, form="approve", version=str(n), replace=found[quote])
    assert "an engineer restarted a database server, then api-3.internal &" in ok(author.get(path_of(made)))["text"]
    accepted = {f"ack.{found['api-3.internal']}": "yes"}
    mine.done(f"{at}/findings", at, form="approve", version="3", do="approve", **accepted)
    page = mine.get(at)
    assert "Take approval back…" in unescape(page)
    mine.done(f"{at}/links", at, form="link", scope="SUMMARY", expires="", password="")
    link = ok(author.get(path_of(made, "share-links")))["items"][0]
    shown = outsider(stack).get(link["url"]).text
    assert "an engineer restarted" in shown
    body = mine.get(f"{at}/preview/summary")
    assert "Preview: outsiders" in body
    plain = re.sub(r'<p class="note".*?</p>\n?', "", body)
    assert plain == shown
    mine.done(f"{at}/links/{link['id']}/revoke", at, form="revoke")
    assert outsider(stack).get(link["url"]).status_code == 404
    mine.done(f"{at}/take-back", at, form="take-back")
    assert ok(author.get(path_of(made)))["state"] == "DRAFT"
    mine.done(f"{at}/delete", at, form="delete")
    assert ok(author.get(path_of(made)))["saved"] is False


def test_who_saves_second_keeps_the_text(author: Person, mine: Visitor, made: Any) -> None:
    save(author, made)
    at = page_of(made)
    refused = mine.send(f"{at}/summary", at, form="save", version="0", text="Mine, unsaved.")
    assert refused.status_code == 412
    assert "Mine, unsaved." in refused.text
    for version in ("", "x", "9" * 20):
        assert mine.send(f"{at}/summary", at, form="save", version=version, text="x").status_code == 422


def test_links_with_a_password_and_an_end(author: Person, mine: Visitor, made: Any) -> None:
    save(author, made)
    approve(author, made)
    at = page_of(made)
    password = uuid4().hex
    fields = {"form": "link", "scope": "SUMMARY", "password": password}
    mine.done(f"{at}/links", at, **fields, expires="2099-01-01T10:00")
    link = ok(author.get(path_of(made, "share-links")))["items"][0]
    assert (link["hasPassword"], link["expiresAt"]) == (True, "2099-01-01T10:00:00Z")
    for expires in ("2020-01-01T10:00", "soon"):
        refused = mine.send(f"{at}/links", at, **fields, expires=expires)
        assert refused.status_code == 422
        assert password not in refused.text
    assert len(ok(author.get(path_of(made, "share-links")))["items"]) == 1


def test_others_see_what_they_may(stack: Stack, author: Person, made: Any) -> None:
    at = page_of(made)
    save(author, made)
    approve(author, made)
    link = share(author, made)
    reviewer, reader, editor = stack.person(), stack.person(), stack.person()
    ok(author.post(f"/api/postmortems/{made['id']}/reviewers", json={"userId": reviewer.id}), 201)
    ok(author.post(f"/api/postmortems/{made['id']}/editors", json={"userId": editor.id, "level": "EDIT"}), 201)
    seen = visitor(stack, reviewer)
    page = seen.get(at)
    assert link["url"] not in page
    assert {"Save", "Approve summary", "Create link", "Revoke"} & buttons(page) == set()
    assert seen.send(f"{at}/findings", at, form="approve", version="2", do="approve").status_code == 403
    writes = visitor(stack, editor).get(at)
    assert {"Save", "Approve summary", "Create link", "Revoke"} & buttons(writes) == {"Save"}
    outside = visitor(stack, reader)
    assert outside.http.get(at).status_code == 403
    assert outside.http.get(f"{at}/preview/postmortem").status_code == 403
    assert f'href="{at}"' not in outside.get(f"/postmortems/{made['id']}")


def test_settings_are_for_administrators(stack: Stack, mine: Visitor) -> None:
    admin = stack.person("ADMIN")
    at, visit = "/settings/sharing", visitor(stack, admin)
    assert mine.http.get(at).status_code == 403
    assert mine.http.post(at, data=mine.hidden("/") | {"tools": "x", "version": "1"}).status_code == 403
    kept = ok(admin.get("/api/sharing-settings"))
    tool = f"Deploybot{uuid4().hex[:6]}"
    fields = {"form": "settings", "tools": f"{tool}\r\n\r\nOther tool", "version": str(kept["version"])}
    assert visit.done(at, at, **fields) == f"{at}?saved=1"
    assert ok(admin.get("/api/sharing-settings"))["internalTools"] == [tool, "Other tool"]
    refused = visit.send(at, at, **fields)
    assert refused.status_code == 412
    assert tool in refused.text
    assert visit.send(at, at, **(fields | {"tools": "x"})).status_code == 422
    again = {name: kept[name] for name in ("internalTools", "feedEnabled")}
    ok(admin.put("/api/sharing-settings", json=again))
