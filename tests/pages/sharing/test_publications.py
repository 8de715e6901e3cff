"""The page of a postmortem's copies in other systems, without JavaScript."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.api import writing
from tests.api.writing import ok
from tests.pages.visiting import buttons, told, visitor
from tests.peers.publishers.confluence import ConfluencePeer
from tests.stack import Person, Stack, eventually


@pytest.fixture
def wiki() -> Iterator[ConfluencePeer]:
    peer = ConfluencePeer()
    with peer.running():
        yield peer


@pytest.fixture
def connection(stack: Stack, wiki: ConfluencePeer) -> Iterator[str]:
    admin = stack.person("ADMIN")
    body = {"kind": "confluence", "name": "Wiki of copies", "config": wiki.config, "secrets": wiki.secrets}
    made = ok(admin.post("/api/integrations", json=body), 201)["id"]
    yield made
    ok(admin.delete(f"/api/integrations/{made}"))


@pytest.fixture
def made(stack: Stack) -> Any:
    author = stack.person()
    postmortem = writing.published(author, [stack.person()], visibility="ORGANIZATION")
    return author, postmortem


def settled(author: Person, postmortem: Any) -> Any:
    at = f"/api/postmortems/{postmortem['id']}/publications"
    return eventually(lambda: [one for one in ok(author.get(at))["items"] if one["state"] != "PENDING"], 30)[0]


def test_published_changed_there_replaced_and_taken_back(
    stack: Stack, wiki: ConfluencePeer, connection: str, made: Any
) -> None:
    author, postmortem = made
    mine, at = visitor(stack, author), f"/postmortems/{postmortem['id']}/publications"
    assert f'href="{at}"' in mine.get(f"/postmortems/{postmortem['id']}")
    assert "No copies yet" in mine.get(at)
    assert mine.done(at, at, form="publish", integration=connection) == at
    copy = settled(author, postmortem)
    page = mine.get(at)
    assert copy["url"] in page
    assert ">Published<" in page
    wiki.someone_edits("Ask the till team first.")
    mine.done(at, at, form="publish", integration=connection)
    assert settled(author, postmortem)["state"] == "CHANGED_THERE"
    page = mine.get(at)
    assert "Changed there" in page
    assert any(one.startswith("Replace it") for one in buttons(page))
    mine.done(at, at, form="replace", integration=connection, overwrite="yes")
    assert settled(author, postmortem)["state"] == "OK"
    mine.done(f"{at}/{copy['id']}/withdraw", at, form="withdraw")
    assert settled(author, postmortem)["state"] == "WITHDRAWN"
    assert "Taken back" in mine.get(at)
    assert wiki.places() == []


def test_who_may_not_sees_the_copies_and_no_buttons(stack: Stack, connection: str, made: Any) -> None:
    _, postmortem = made
    other, at = visitor(stack, stack.person("MEMBER")), f"/postmortems/{postmortem['id']}/publications"
    page = other.get(at)
    assert "No copies yet" in page
    assert "Publish" not in buttons(page)
    assert other.send(at, at, form="publish", integration=connection).status_code == 403


def test_why_it_is_not_possible_yet(stack: Stack, connection: str) -> None:
    author = stack.person()
    draft = writing.draft(author, visibility="ORGANIZATION")
    mine, at = visitor(stack, author), f"/postmortems/{draft['id']}/publications"
    assert "/publications" not in mine.get(f"/postmortems/{draft['id']}")
    refused = mine.send(at, at, form="publish", integration=connection)
    assert refused.status_code == 409
    assert told(refused.text) == ["The postmortem isn't published. Publish it first."]
