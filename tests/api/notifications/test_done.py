"""A notice counts as read once it was opened, or once what it asks for was done."""

from typing import Any

import pytest

from tests.api.writing import draft, ok
from tests.pages.visiting import visitor
from tests.stack import Person, Stack


@pytest.fixture(scope="module")
def author(stack: Stack) -> Person:
    return stack.person()


def unread(person: Person, kind: str) -> list[Any]:
    return list(ok(person.get("/api/me/notifications", params={"kind": kind, "unread": True}))["items"])


def item_of(author: Person, path: str, **fields: Any) -> Any:
    return ok(author.post(f"{path}/action-items", json={"description": "Measure it", **fields}), 201)


def test_a_new_item_tells_its_owner_and_not_who_made_it(stack: Stack, author: Person) -> None:
    owner = stack.person()
    path = f"/api/postmortems/{draft(author, visibility='ORGANIZATION')['id']}"
    item = item_of(author, path, ownerId=owner.id)
    (told,) = unread(owner, "action_item_assigned")
    assert told["actionItemId"] == item["id"]
    assert not unread(author, "action_item_assigned")
    item_of(author, path, ownerId=author.id)
    assert not unread(author, "action_item_assigned")


def test_what_was_done_or_opened_is_no_longer_unread(stack: Stack, author: Person) -> None:
    owner = stack.person()
    path = f"/api/postmortems/{draft(author, visibility='ORGANIZATION')['id']}"
    done, opened = (item_of(author, path, ownerId=owner.id, description=words) for words in ("Do it", "Read it"))
    ok(owner.patch(f"/api/action-items/{done['id']}", json={"status": "COMPLETED"}))
    page = visitor(stack, owner)
    shown = page.get("/inbox?unread=true")
    assert "“Read it”" in shown
    assert "“Do it”" not in shown
    (left,) = unread(owner, "action_item_assigned")
    assert left["actionItemId"] == opened["id"]
    page.get(f"/inbox/{left['id']}", 303)
    assert not unread(owner, "action_item_assigned")
