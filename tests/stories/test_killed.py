"""Every acknowledged write survives kill -9 of any process; a repeat with the same key gets the same answer.

This file has a whole Afterword of its own. A step is sent, its process is killed while it is in flight and started
again, and the step is repeated with the same ``Idempotency-Key`` until it is answered. In the end nothing is lost or
doubled."""

import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.api import writing
from tests.api.connections.connecting import connected
from tests.api.writing import ok
from tests.stack import OWN, PARTS, PartName, Person, Stack, eventually, shared_stack

PASSING = {409, 503, 504}
"""409 only as IdempotencyKeyInUse: the first sending is still running."""


@pytest.fixture(scope="module")
def own() -> Iterator[Stack]:
    with shared_stack(*OWN) as stack:
        yield stack


def until_answered(who: Person, path: str, body: Any = None, seconds: float = 60) -> httpx.Response:
    """Repeats a POST with one key until it is answered for good."""
    key, deadline = uuid4().hex, time.monotonic() + seconds
    while True:
        try:
            answer: httpx.Response = who.post(path, json=body, headers={"Idempotency-Key": key})
            passing = answer.status_code in PASSING and (
                answer.status_code != 409 or answer.json()["code"] == "IdempotencyKeyInUse"
            )
            if not passing:
                return answer
            problem = answer.text
        except httpx.TransportError as error:
            problem = repr(error)
        assert time.monotonic() < deadline, problem
        time.sleep(0.1)


def in_the_middle(stack: Stack, part: PartName, after: float) -> threading.Timer:
    timer = threading.Timer(after, lambda: stack.kill(part))
    timer.start()
    return timer


@pytest.mark.parametrize("part", PARTS)
def test_each_process_killed_in_the_middle_of_every_step(own: Stack, part: PartName) -> None:
    author, first, second = own.person(), own.person(), own.person()
    made = writing.ready(author, [first, second])
    path = f"/api/postmortems/{made['id']}"
    approve = {"decision": "APPROVE"}
    item = {"description": "Survive", "ownerId": author.id, "dueDate": "2030-01-01", "priority": "HIGH"}
    steps: list[tuple[Person, str, Any, int]] = [
        (author, f"{path}/action-items", item, 201),
        (author, f"{path}/submit", {}, 200),
        (first, f"{path}/reviews", approve, 201),
        (second, f"{path}/reviews", approve, 201),
        (author, f"{path}/publish", None, 200),
    ]
    for number, (who, where, body, expected) in enumerate(steps):
        killing = in_the_middle(own, part, after=0.01 * number)
        answers: list[httpx.Response] = []
        sending = threading.Thread(target=lambda: answers.append(until_answered(who, where, body)))  # noqa: B023
        sending.start()
        killing.join()
        own.revive(part)
        sending.join()
        assert answers[0].status_code == expected, answers[0].text
    own.wait_until_ready()
    done = ok(author.get(path))
    assert done["status"] == "PUBLISHED"
    assert done["actionItemCounts"]["open"] == 2, "one of the draft, one added: neither lost nor doubled"
    assert [one["decision"] for one in ok(author.get(f"{path}/reviews"))["items"]] == ["APPROVE", "APPROVE"]
    actions = [one["action"] for one in ok(author.get(f"{path}/audit?limit=200"))["items"]]
    for action, times in (("postmortem.submitted", 1), ("postmortem.approved", 2), ("postmortem.published", 1)):
        assert actions.count(action) == times, actions


def test_temporal_loses_its_data_half_way(own: Stack, tmp_path: Path) -> None:
    author, reviewer = own.person(), own.person()
    made = writing.in_review(author, [reviewer])
    path = f"/api/postmortems/{made['id']}"
    own.kill("worker")
    own.kill("temporal")
    for left in own.home.path.glob("temporal.db*"):
        left.unlink()
    assert reviewer.post(f"{path}/reviews", json={"decision": "APPROVE"}).status_code == 503
    assert author.patch(path, json={"detection": "An alert."}).status_code == 200, "text needs no Temporal"
    assert author.post("/api/postmortems", json={"title": "Opened without Temporal"}).status_code == 201
    board = connected(own, tmp_path)
    own.revive("temporal")
    own.revive("worker")
    own.wait_until_ready()
    assert until_answered(reviewer, f"{path}/reviews", {"decision": "APPROVE"}).status_code == 201
    assert ok(author.post(f"{path}/publish"))["status"] == "PUBLISHED"
    eventually(lambda: ok(board.admin.get(board.path))["registration"])


def test_postgresql_stopped_for_ten_seconds(own: Stack) -> None:
    author, reviewer = own.person(), own.person()
    made = writing.in_review(author, [reviewer])
    path = f"/api/postmortems/{made['id']}"
    own.kill("postgres")
    stopped = datetime.now(UTC)
    answer = author.get(path)
    assert (answer.status_code, answer.json()["code"]) == (503, "StoreUnavailable")
    assert "Retry-After" in answer.headers
    time.sleep(max(0.0, 10 - (datetime.now(UTC) - stopped).total_seconds()))
    own.revive("postgres")
    own.wait_until_ready()
    assert until_answered(reviewer, f"{path}/reviews", {"decision": "APPROVE"}).status_code == 201
    assert ok(author.post(f"{path}/publish"))["status"] == "PUBLISHED"


def test_without_a_worker_commands_wait_and_text_does_not(own: Stack) -> None:
    author, reviewer = own.person(), own.person()
    made = writing.ready(author, [reviewer])
    path = f"/api/postmortems/{made['id']}"
    own.kill("worker")
    assert author.patch(path, json={"summary": "Written without a worker."}).status_code == 200
    eventually(lambda: httpx.get(f"{own.url}/readyz").json()["checks"]["worker"]["status"] != "ok")
    time.sleep(2.1)  # for so long a worker is believed to live on
    refused = author.post(f"{path}/submit", json={})
    assert (refused.status_code, refused.json()["code"]) == (503, "WorkersUnavailable")
    own.revive("worker")
    own.wait_until_ready()
    assert until_answered(author, f"{path}/submit", {}).status_code == 200
