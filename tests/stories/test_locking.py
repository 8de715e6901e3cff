"""Whoever changes many rows, or rows of several tables, takes their locks in one order: no two wait for each other."""

import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import httpx
from sqlalchemy import text

from tests.api.incidents.feed import Feed, ago
from tests.api.writing import draft, ok, with_item
from tests.stack import Stack


def lock(stack: Stack, table: str, key: str) -> None:
    """Fails if another transaction has locked the row."""
    assert stack.direct is not None
    stack.direct.write(text(f"select from {table} where id = :id for update nowait").bindparams(id=key))


def shared(table: str, key: str) -> Any:
    """A statement that locks the row as another does that adds a row which refers to it."""
    return text(f"select from {table} where id = :id for key share").bindparams(id=key)


def move_to_the_end(stack: Stack, table: str, key: str, column: str) -> None:
    """Of its table, and of the index of this column, where scans find it after all others."""
    assert stack.direct is not None
    stack.direct.write(text(f"update {table} set {column} = {column} || 'x' where id = :id").bindparams(id=key))


@contextmanager
def while_locked(stack: Stack, table: str, key: str, send: Any) -> Iterator[Future[httpx.Response]]:
    """In the ``with`` block, another transaction has locked the row, and the request waits for it."""
    with while_held(stack, text(f"select from {table} where id = :id for update").bindparams(id=key), send) as answer:
        yield answer


@contextmanager
def while_held(stack: Stack, held: Any, send: Any) -> Iterator[Future[httpx.Response]]:
    assert stack.direct is not None
    with ThreadPoolExecutor(1) as pool, stack.direct.carried_out(held):
        answer = pool.submit(send)
        time.sleep(0.5)
        assert not answer.done()
        yield answer


def test_links_wait_for_reports_before_the_postmortem_is_locked(stack: Stack) -> None:
    author, feeds, incidents = stack.person("ADMIN"), [], []
    path = f"/api/postmortems/{draft(author)['id']}"
    for _ in range(2):
        feeds.append(Feed(stack, author))
        feeds[-1].tells(status="RESOLVED", urgency="LOW", startedAt=ago(minutes=9), resolvedAt=ago(minutes=3))
        incidents.append(feeds[-1].incident()["id"])
    ok(author.post(f"{path}/incidents", json={"incidentId": incidents[0]}), 201)
    colleague = stack.person()
    feeds[0].tells(responders=[ok(colleague.get("/api/me"))["email"]], updatedAt=ago())
    confirm = f"{path}/participants/{colleague.id}/confirm"
    with while_locked(stack, "incident", incidents[0], lambda: author.post(confirm)) as answer:
        lock(stack, "postmortem", path.rsplit("/", 1)[1])
    assert ok(answer.result())["state"] == "CONFIRMED"
    link = {"incidentId": incidents[1]}
    with while_locked(stack, "incident", incidents[1], lambda: author.post(f"{path}/incidents", json=link)) as answer:
        lock(stack, "postmortem", path.rsplit("/", 1)[1])
    ok(answer.result(), 201)
    unlink = f"{path}/incidents/{incidents[0]}"
    with while_locked(stack, "incident", incidents[1], lambda: author.delete(unlink)) as answer:
        lock(stack, "postmortem", path.rsplit("/", 1)[1])
    assert answer.result().status_code == 204
    assert ok(author.get(path))["incidentIds"] == [incidents[1]]


def test_new_working_hours_wait_for_postmortems_in_their_order(stack: Stack) -> None:
    author = stack.person()
    first, second = sorted(draft(author)["id"] for _ in range(2))
    item = with_item(author, second, author.id)["id"]
    move_to_the_end(stack, "postmortem", first, "title")
    change = {"timeZone": "Europe/Berlin"}
    with while_locked(stack, "postmortem", first, lambda: author.patch("/api/me", json=change)) as answer:
        lock(stack, "postmortem", second)
        lock(stack, "action_item", item)
    assert ok(answer.result())["timeZone"] == "Europe/Berlin"


def test_new_working_hours_beside_a_change_and_a_reference(stack: Stack) -> None:
    """Who waits for a row, and changes it by the version that was there before, waits for who comes next in the queue:
    while anyone refers to that version."""
    assert stack.direct is not None
    author = stack.person()
    key = draft(author)["id"]
    path, zone = f"/api/postmortems/{key}", {"timeZone": "Europe/Berlin"}
    changed = text("update postmortem set updated_at = updated_at where id = :id").bindparams(id=key)
    with ThreadPoolExecutor(2) as pool, stack.direct.carried_out(shared("postmortem", key)):
        with stack.direct.carried_out(changed, kept=True):
            first = pool.submit(lambda: author.patch("/api/me", json=zone))
            time.sleep(0.4)
            second = pool.submit(lambda: author.patch(path, json={"tags": ["storm"]}))
            time.sleep(0.4)
            assert not first.done()
            assert not second.done()
        assert ok(first.result())["timeZone"] == "Europe/Berlin"
        assert ok(second.result())["tags"] == ["storm"]


def test_who_leaves_is_told_of_after_their_work_is_locked(stack: Stack) -> None:
    admin, leaver = stack.person("ADMIN"), stack.person()
    key = draft(leaver)["id"]
    item = with_item(leaver, key, leaver.id)["id"]
    leave = f"/api/users/{leaver.id}"
    with while_locked(stack, "postmortem", key, lambda: admin.patch(leave, json={"active": False})) as answer:
        lock(stack, "action_item", item)
    assert ok(answer.result())["active"] is False


def test_an_item_is_deleted_after_those_who_refer_to_it(stack: Stack) -> None:
    assert stack.direct is not None
    author, owner = stack.person(), stack.person()
    item = with_item(author, draft(author)["id"], owner.id)["id"]
    about = text("select id from notice where action_item_id = :id").bindparams(id=item)
    (notice,) = stack.direct.rows(about)
    with while_held(stack, shared("action_item", item), lambda: author.delete(f"/api/action-items/{item}")) as answer:
        lock(stack, "notice", notice)
    assert answer.result().status_code == 204


def test_an_item_that_is_deleted_waits_for_its_notices_in_their_order(stack: Stack) -> None:
    assert stack.direct is not None
    author = stack.person()
    item = with_item(author, draft(author)["id"], author.id)["id"]
    for _ in range(2):
        owner = stack.person()
        ok(author.patch(f"/api/action-items/{item}", json={"ownerId": owner.id}))
    about = text("select id from notice where action_item_id = :id order by id").bindparams(id=item)
    first, second, *_ = stack.direct.rows(about)
    move_to_the_end(stack, "notice", first, "dedupe_key")
    with while_locked(stack, "notice", first, lambda: author.delete(f"/api/action-items/{item}")) as answer:
        lock(stack, "notice", second)
    assert answer.result().status_code == 204
