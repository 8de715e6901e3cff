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


def test_a_notification_says_who_did_what_where(stack: Stack, author: Person) -> None:
    other = stack.person(name="Ada Lovelace")
    made = draft(author, title="Outage", visibility="ORGANIZATION")["id"]
    comment = ok(other.post(f"/api/postmortems/{made}/comments", json={"body": "Why so late?"}), 201)["id"]
    (one,) = [one for one in unread(author, "comment_added") if one["postmortemId"] == made]
    assert one["actor"] == {"id": other.id, "name": "Ada Lovelace"}
    assert (one["title"], one["text"], one["quote"]) == ("Outage", "Ada Lovelace commented on “Outage”", "Why so late?")
    assert (one["group"], one["readAt"], one["doneAt"]) == ("comments", None, None)
    assert one["link"] == f"{stack.url}/postmortems/{made}#c-{comment}"
    done = ok(author.post(f"/api/me/notifications/{one['id']}/done"))
    assert done["doneAt"]
    assert done["readAt"]
    assert ok(author.post(f"/api/me/notifications/{one['id']}/done"))["doneAt"] == done["doneAt"]
    left = ok(author.get("/api/me/notifications", params={"done": False}))["items"]
    assert one["id"] not in {left_one["id"] for left_one in left}
    assert other.post(f"/api/me/notifications/{one['id']}/done").status_code == 404


def test_nothing_of_what_the_reader_may_no_longer_see(stack: Stack, author: Person) -> None:
    reader = stack.person()
    made = draft(author, title="Secret", visibility="ORGANIZATION")["id"]
    ok(
        author.post(f"/api/postmortems/{made}/comments", json={"body": f"@{ok(reader.get('/api/me'))['handle']} see"}),
        201,
    )
    assert "Secret" in reader.get("/api/me/notifications").text
    ok(author.patch(f"/api/postmortems/{made}", json={"visibility": "PRIVATE"}))
    assert "Secret" not in reader.get("/api/me/notifications").text
