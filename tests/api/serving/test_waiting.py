"""Commands that wait for a workflow: they hold no connection, each person has a number of places, a key is claimed.

The stack of this file has a worker of its own, which is stopped while commands wait."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import text

from application.audit.command_log import PLACES
from tests.api import writing
from tests.api.writing import ok
from tests.stack import Person, Stack, eventually, shared_stack

BUSY = text(
    "select count(*) from pg_stat_activity where datname = current_database() and application_name = 'afterword api'"
    " and state <> 'idle'"
)
SEEN = text("update worker_presence set seen_at = now() + interval '5 minutes'")
"""A worker that was killed counts as alive, so commands wait for it as long as they ever do."""
CLAIMED = "select count(*) from command_argument where person_id = '{}' and claimed_until > now()"


@pytest.fixture
def own() -> Iterator[Stack]:
    with shared_stack() as stack:
        yield stack


def snoozed(who: Person, path: str, **options: Any) -> httpx.Response:
    until = (datetime.now(UTC) + timedelta(days=3)).isoformat()
    with httpx.Client(base_url=who.http.base_url, headers=who.http.headers, timeout=30) as http:
        return http.post(f"{path}/snooze", json={"until": until}, **options)


def item_of(author: Person) -> str:
    return f"/api/action-items/{writing.with_item(author, writing.draft(author)['id'], author.id)['id']}"


def waits(stack: Stack, who: Person) -> Callable[[], int]:
    assert stack.direct is not None
    return lambda: stack.direct.rows(text(CLAIMED.format(who.id)))[0]  # type: ignore[union-attr]


def test_a_flood_of_one_person_takes_no_connection_and_stops_no_reader(own: Stack) -> None:
    assert own.direct is not None
    author, reader = own.person(), own.person("ADMIN")
    paths = [item_of(author) for _ in range(8)]
    seen = f"/api/postmortems/{ok(author.get(paths[0]))['postmortemId']}"
    own.kill("worker")
    own.direct.write(SEEN)
    with ThreadPoolExecutor(80) as pool:
        flood = [pool.submit(snoozed, author, paths[number % 8]) for number in range(80)]
        eventually(waits(own, author))
        eventually(lambda: own.direct.rows(BUSY) == [0])  # type: ignore[union-attr]
        refused: Callable[[], list[Future[httpx.Response]]] = lambda: [one for one in flood if one.done()]  # noqa: E731
        eventually(lambda: len(refused()) >= 80 - PLACES)
        assert waits(own, author)() > 0, "commands still wait"
        ok(reader.get(seen))
        ok(reader.get("/api/postmortems?limit=5"))
        assert waits(own, author)() > 0, "commands still wait"
        answers = [one.result() for one in flood]
    codes = Counter(one.json()["code"] for one in answers)
    assert codes["TooManyCommands"] == 80 - PLACES, codes
    assert set(codes) == {"TooManyCommands", "Pending"}, codes
    for one in answers:
        assert one.status_code in {429, 504}
        assert "Retry-After" in one.headers
    own.revive("worker")
    own.wait_until_ready()
    eventually(lambda: snoozed(author, paths[0]).status_code == 200)


def test_a_key_is_in_use_while_its_command_waits_and_free_after_it(own: Stack) -> None:
    author = own.person()
    path, headers = item_of(author), {"Idempotency-Key": uuid4().hex}
    until = (datetime.now(UTC) + timedelta(days=3)).isoformat()
    own.kill("worker")
    first: list[httpx.Response] = []

    def send() -> httpx.Response:
        return httpx.post(
            f"{own.url}{path}/snooze", json={"until": until}, headers={**author.http.headers, **headers}, timeout=30
        )

    sending = threading.Thread(target=lambda: first.append(send()))
    sending.start()
    eventually(waits(own, author))
    again = send()
    assert (again.status_code, again.json()["code"]) == (409, "IdempotencyKeyInUse")
    sending.join()
    assert first[0].status_code in {503, 504}
    own.revive("worker")
    own.wait_until_ready()
    done = send()
    assert done.status_code == 200, done.text
    assert send().content == done.content
    audit = ok(own.client().get(f"/api/postmortems/{done.json()['postmortemId']}/audit"))["items"]
    assert [one["action"] for one in audit].count("action_item.snoozed") == 1


def test_prefer_minimal_reads_no_answer(own: Stack) -> None:
    author, reviewer = own.person(), own.person()
    made = writing.ready(author, [reviewer])
    path, minimal = f"/api/postmortems/{made['id']}", {"Prefer": "respond-async, return=minimal"}
    submitted = author.post(f"{path}/submit", json={}, headers=minimal)
    assert (submitted.status_code, submitted.content) == (204, b"")
    assert submitted.headers["Preference-Applied"] == "return=minimal"
    assert submitted.headers["Location"] == path
    now = ok(author.get(path))
    assert now["status"] == "IN_REVIEW"
    assert submitted.headers["ETag"].strip('"').partition(".")[0] == str(now["version"])
    keyed = minimal | {"Idempotency-Key": uuid4().hex}
    body = {"decision": "APPROVE"}
    answers = [reviewer.post(f"{path}/reviews", json=body, headers=keyed) for _ in range(2)]
    assert {(one.status_code, one.headers["ETag"], one.headers["Preference-Applied"]) for one in answers} == {
        (204, answers[0].headers["ETag"], "return=minimal")
    }
    created = author.post("/api/postmortems", json={"title": "Down"}, headers=minimal)
    assert created.status_code == 204
    assert ok(author.get(created.headers["Location"]))["title"] == "Down"
    changed = author.patch(path, json={"tags": ["db"]}, headers=minimal | {"If-Match": answers[0].headers["ETag"]})
    assert changed.status_code == 204
    assert author.post(f"{path}/submit", json={}, headers=minimal).status_code == 409, "a refusal has its reasons"
    ok(author.patch(path, json={"tags": []}, headers={"Prefer": "return=representation"}))
