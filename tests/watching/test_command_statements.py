"""What a command asks of PostgreSQL at its door and in its workflow's transaction, so that one more fails here."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.api import writing
from tests.stack import Stack, shared_stack
from tests.watching.statement_log import StatementLog, Taken

AT_DOOR, IN_WORKFLOW = 6, 7
TO_CREATE = 8


@dataclass(frozen=True, slots=True)
class Logged:
    stack: Stack
    log: StatementLog


@pytest.fixture(scope="module")
def logged() -> Iterator[Logged]:
    with shared_stack("postgres") as stack:
        yield Logged(stack, StatementLog(stack))


def check(taken: dict[str, Taken], at_door: int) -> None:
    for name, one in taken.items():
        assert len(one.door) <= at_door, "\n".join([name, *one.door])
        assert len(one.workflow) <= IN_WORKFLOW, "\n".join([name, *one.workflow])


def test_commands_of_a_postmortem(logged: Logged) -> None:
    author, reviewer = logged.stack.person(), logged.stack.person()
    path = f"/api/postmortems/{writing.ready(author, [reviewer])['id']}"
    approve = {"decision": "APPROVE", "comment": "Good."}
    steps: dict[str, Callable[[], Any]] = {
        "submit": lambda: author.post(f"{path}/submit", json={}),
        "approve": lambda: reviewer.post(f"{path}/reviews", json=approve),
        "publish": lambda: author.post(f"{path}/publish"),
    }
    check({name: logged.log.taken(step) for name, step in steps.items()}, AT_DOOR)


def test_changes_of_an_action_item(logged: Logged) -> None:
    author, other = logged.stack.person(), logged.stack.person()
    item = writing.with_item(author, writing.draft(author)["id"], author.id)
    changes: dict[str, dict[str, Any]] = {
        "status": {"status": "IN_PROGRESS"},
        "due date": {"dueDate": "2031-01-01", "reason": "It takes longer."},
        "owner": {"ownerId": other.id},
        "done": {"status": "COMPLETED"},
    }
    path = f"/api/action-items/{item['id']}"
    check({name: logged.log.taken(lambda: author.patch(path, json=one)) for name, one in changes.items()}, AT_DOOR)  # noqa: B023


def test_with_a_key_and_a_comment_and_without_an_answer(logged: Logged) -> None:
    author, reviewer = logged.stack.person(), logged.stack.person()
    path = f"/api/postmortems/{writing.in_review(author, [reviewer])['id']}"
    body, keyed = {"decision": "APPROVE", "comment": "Good."}, {"Idempotency-Key": path}
    check({"approve": logged.log.taken(lambda: reviewer.post(f"{path}/reviews", json=body, headers=keyed))}, AT_DOOR)
    minimal = {"Prefer": "return=minimal"}
    check({"publish": logged.log.taken(lambda: author.post(f"{path}/publish", headers=minimal))}, 3)


def test_creating(logged: Logged) -> None:
    author = logged.stack.person()
    team = writing.ok(logged.stack.client().post("/api/teams", json={"name": author.id}), 201)
    at = {"at": "2026-11-20T07:00:00Z", "event": "Alert"}
    body = {"title": "Down", **writing.SECTIONS, "timeline": [at, at], "teamIds": [team["id"]]}
    item = {"description": "Alert", "ownerId": author.id, "dueDate": "2030-01-01", "priority": "HIGH"}
    items = f"/api/postmortems/{writing.draft(author)['id']}/action-items"
    created = logged.log.taken(lambda: author.post("/api/postmortems", json=body))
    added = logged.log.taken(lambda: author.post(items, json=item))
    check({"create a postmortem": created, "add an action item": added}, TO_CREATE)
