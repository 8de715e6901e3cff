"""One change of many action items: a result for each, the same answer again, and nothing lost by a crash."""

import threading
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import text

from models.base import derived_id
from tests.api.writing import draft, ok, with_item
from tests.stack import Person, Stack, eventually, shared_stack


def items_of(author: Person, count: int, **fields: Any) -> list[str]:
    made = draft(author, **fields)["id"]
    return [with_item(author, made, author.id)["id"] for _ in range(count)]


def outcome(answer: Any) -> dict[str, int]:
    return {one["id"]: one["status"] for one in answer["results"]}


def sent_until_done(author: Person, body: Any) -> Any:
    """Sent again with its key until it is done, as a busy machine may ask for."""
    key = {"Idempotency-Key": uuid4().hex}
    return eventually(lambda: ok(author.patch("/api/action-items", json=body, headers=key)), 240)


def in_days(days: int) -> str:
    return (datetime.now(UTC) + timedelta(days=days)).date().isoformat()


def test_two_hundred_items_are_changed_or_refused_one_by_one(stack: Stack) -> None:
    author, other, owner = stack.person(), stack.person(), stack.person()
    mine = items_of(author, 120)
    shown = items_of(other, 40, visibility="ORGANIZATION")
    hidden = items_of(other, 30, visibility="PRIVATE")
    unknown = [f"ai_{uuid4().hex}" for _ in range(10)]
    changes = {"ownerId": owner.id, "dueDate": in_days(40), "reason": "Freeze", "priority": "LOW", "type": "DETECT"}
    answer = sent_until_done(author, {"ids": mine + shown + hidden + unknown, "changes": changes})
    statuses = outcome(answer)
    assert list(statuses) == mine + shown + hidden + unknown
    assert Counter(statuses.values()) == {200: 120, 403: 40, 404: 40}
    codes = Counter(one["problem"]["code"] for one in answer["results"] if one["problem"])
    assert codes == {"NotAllowed": 40, "NotFound": 40}
    changed = ok(author.get(f"/api/action-items/{mine[0]}"))
    assert changed | {"ownerId": owner.id, "dueDate": in_days(40), "priority": "LOW", "type": "DETECT"} == changed
    assert (changed["dueDateMoves"], changed["version"]) == (1, 2)
    assert ok(other.get(f"/api/action-items/{shown[0]}"))["ownerId"] == other.id
    inbox = ok(owner.get("/api/me/notifications?limit=200"))["items"]
    assert len({one["actionItemId"] for one in inbox}) == 120


def test_what_no_item_could_take_is_refused_at_once(stack: Stack) -> None:
    author, gone = stack.person(), stack.person()
    (item,) = items_of(author, 1)
    ok(stack.client().patch(f"/api/users/{gone.id}", json={"active": False}))
    for changes, code in [
        ({"dueDate": in_days(30)}, "ReasonRequired"),
        ({"status": "WONT_DO"}, "JustificationRequired"),
        ({"ownerId": "user_none"}, "UnknownReference"),
        ({"ownerId": gone.id}, "OwnerNotActive"),
        ({"description": "Same for all"}, "Malformed"),
        ({"reason": "Nothing else"}, "Malformed"),
        ({}, "Malformed"),
    ]:
        assert ok(author.patch("/api/action-items", json={"ids": [item], "changes": changes}), 422)["code"] == code
    for ids in ([], [item] * 201, ["not an id"]):
        ok(author.patch("/api/action-items", json={"ids": ids, "changes": {"priority": "LOW"}}), 422)
    assert ok(author.get(f"/api/action-items/{item}"))["version"] == 1


def test_a_repeat_gets_the_same_answer_and_changes_nothing(stack: Stack) -> None:
    author = stack.person()
    ids = items_of(author, 3)
    body = {"ids": [ids[0], *ids], "changes": {"status": "COMPLETED"}}
    key = {"Idempotency-Key": uuid4().hex}
    first = ok(author.patch("/api/action-items", json=body, headers=key))
    assert outcome(first) == dict.fromkeys(ids, 200)
    ok(author.patch(f"/api/action-items/{ids[0]}", json={"status": "OPEN"}))
    assert ok(author.patch("/api/action-items", json=body, headers=key)) == first
    assert ok(author.get(f"/api/action-items/{ids[0]}"))["status"] == "OPEN"
    other = body | {"changes": {"status": "OPEN"}}
    assert ok(author.patch("/api/action-items", json=other, headers=key), 422)["code"] == "IdempotencyKeyReused"


def test_a_request_that_stops_at_an_item_goes_on_at_once(stack: Stack) -> None:
    """Those that were on their way meanwhile can be changed again: each repeat would else stop at the last one's."""
    author, key = stack.person(), uuid4().hex
    ids = items_of(author, 5)
    body, headers = {"ids": ids, "changes": {"priority": "LOW"}}, {"Idempotency-Key": key}
    held = derived_id("req", author.id, f"{key}:{ids[-1]}")
    assert stack.direct
    claim = "insert into command_argument (request_id, arguments, person_id, claimed_until)"
    stack.direct.write(text(f"{claim} values (:id, '{{}}', :who, now() + interval '1 hour')"), id=held, who=author.id)
    refused = ok(author.patch("/api/action-items", json=body, headers=headers), 409)
    assert refused["code"] == "IdempotencyKeyInUse"
    stack.direct.write(text("delete from command_argument where request_id = :id"), id=held)
    assert outcome(ok(author.patch("/api/action-items", json=body, headers=headers))) == dict.fromkeys(ids, 200)


@pytest.fixture
def own() -> Iterator[Stack]:
    with shared_stack() as stack:
        yield stack


def test_a_killed_request_goes_on_where_it_ended(own: Stack) -> None:
    """The API dies after some of the commands. The same request again changes the others, and each item once."""
    author = own.person()
    ids = items_of(author, 40)
    body = {"ids": ids, "changes": {"priority": "LOW"}}
    key = {"Idempotency-Key": uuid4().hex}

    def first() -> None:
        with pytest.raises(httpx.HTTPError):
            author.patch("/api/action-items", json=body, headers=key)

    sender = threading.Thread(target=first)
    sender.start()
    assert own.direct is not None
    direct = own.direct

    def done() -> int:
        return len(direct.rows(text("select id from action_item where priority = 'LOW'")))

    eventually(lambda: done() > 5, pause=0.005)
    own.kill("api")
    sender.join(30)
    assert done() < len(ids), "the API was killed too late to show anything"
    own.revive("api")

    def again() -> Any:
        return ok(author.patch("/api/action-items", json=body, headers=key))

    assert outcome(eventually(again, 240)) == dict.fromkeys(ids, 200)
    versions = {ok(author.get(f"/api/action-items/{one}"))["version"] for one in ids}
    assert versions == {2}
