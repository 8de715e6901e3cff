"""The audit log: every change, every read that only an administrator could make, filters, and exports."""

import csv
import io
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import event

from api.app import create_app
from application.audit.audit_log import EXPORT_BATCH_SIZE, audit
from runtime.settings import Settings
from tests.api import writing
from tests.api.rows import sessions_of
from tests.api.writing import ok
from tests.stack import Person, Stack

# Reading


def reads(person: Any, postmortem_id: str) -> list[Any]:
    trail = ok(person.get(f"/api/postmortems/{postmortem_id}/audit", params={"action": "postmortem.read"}))
    return [one["actorId"] for one in trail["items"]]


def private(author: Person, **fields: Any) -> str:
    made = writing.draft(author, visibility="PRIVATE", **fields)
    return str(made["id"])


READERS: dict[str, Callable[[Person, str, str], httpx.Response]] = {
    "a section": lambda one, pm, _: one.get(f"/api/postmortems/{pm}/sections/summary"),
    "a section's history": lambda one, pm, _: one.get(f"/api/postmortems/{pm}/sections/summary/revisions"),
    "the page": lambda one, pm, _: one.get(f"/api/postmortems/{pm}"),
    "comments": lambda one, pm, _: one.get(f"/api/postmortems/{pm}/comments"),
    "timeline": lambda one, pm, _: one.get(f"/api/postmortems/{pm}/timeline"),
    "action items": lambda one, pm, _: one.get(f"/api/postmortems/{pm}/action-items"),
    "all action items": lambda one, _, word: one.get("/api/action-items", params={"q": word}),
    "a list": lambda one, _, word: one.get("/api/postmortems", params={"q": word}),
    "a search": lambda one, _, word: one.get("/api/search", params={"q": word}),
    "its trail": lambda one, pm, _: one.get(f"/api/postmortems/{pm}/audit"),
    "the whole trail": lambda one, pm, _: one.get("/api/audit", params={"postmortemId": pm}),
}


@pytest.mark.parametrize("way", READERS)
def test_an_administrator_who_reads_what_is_private_is_remembered(stack: Stack, way: str) -> None:
    author, admin = stack.person(), stack.person("ADMIN")
    word = f"zq{uuid4().hex[:8]}"
    pm = private(author, title=word)
    writing.with_item(author, pm, author.id, description=word)
    assert reads(author, pm) == []
    for _ in range(3):
        ok(READERS[way](admin, pm, word))
    assert reads(author, pm) == [admin.id]


def test_the_reader_of_a_similar_one_is_remembered_too(stack: Stack) -> None:
    author, admin = stack.person(), stack.person("ADMIN")
    word = f"zq{uuid4().hex[:8]}"
    pm, own = private(author, title=word), writing.draft(admin, title=word)["id"]
    found = ok(admin.get(f"/api/postmortems/{own}/similar"))["items"]
    assert pm in {one["postmortem"]["id"] for one in found}
    assert reads(author, pm) == [admin.id]


def test_reading_as_one_of_its_people_is_nobodys_business(stack: Stack) -> None:
    author, reviewer, admin = stack.person("ADMIN"), stack.person("ADMIN"), stack.person("ADMIN")
    pm = private(author)
    ok(author.post(f"/api/postmortems/{pm}/reviewers", json={"userIds": [reviewer.id]}), 201)
    for person in (author, reviewer):
        ok(person.get(f"/api/postmortems/{pm}"))
    assert reads(author, pm) == []
    ok(author.patch(f"/api/postmortems/{pm}", json={"visibility": "ORGANIZATION"}))
    ok(admin.get(f"/api/postmortems/{pm}"))
    assert reads(author, pm) == []


def only_reads(connection: Any, _record: Any) -> None:
    connection.run_async(lambda raw: raw.execute("set default_transaction_read_only = on"))


async def test_a_database_that_only_reads_still_answers(stack: Stack) -> None:
    author, admin = stack.person(), stack.person("ADMIN")
    pm = private(author)
    settings = Settings(database_url=stack.database_url, secret_key="test-secret-key")
    app = create_app(settings)
    async with app.router.lifespan_context(app):
        engine = app.state.parts.sessions.kw["bind"]
        event.listen(engine.sync_engine, "connect", only_reads)
        transport = httpx.ASGITransport(app=app)
        headers = {"Authorization": admin.http.headers["Authorization"]}
        async with httpx.AsyncClient(transport=transport, base_url="http://test", headers=headers) as client:
            answer = await client.get(f"/api/postmortems/{pm}")
            assert answer.status_code == 200, answer.text
            listed = await client.get("/api/postmortems")
            assert listed.status_code == 200
        await engine.dispose()
    assert reads(author, pm) == []


# Asking


@pytest.fixture(scope="module")
def told(stack: Stack) -> tuple[Person, Person, str]:
    author, editor = stack.person(), stack.person()
    pm = writing.draft(author)["id"]
    ok(author.post(f"/api/postmortems/{pm}/editors", json={"userId": editor.id}), 201)
    for person in (author, editor):
        ok(person.post(f"/api/postmortems/{pm}/comments", json={"body": "=cmd|x"}), 201)
    comment = ok(author.post(f"/api/postmortems/{pm}/comments", json={"body": "Before"}), 201)
    ok(author.patch(f"/api/postmortems/{pm}/comments/{comment['id']}", json={"body": "After"}))
    return author, editor, pm


def test_filters(told: tuple[Person, Person, str]) -> None:
    author, editor, pm = told

    def asked(**filters: str) -> list[Any]:
        return list(ok(author.get(f"/api/postmortems/{pm}/audit", params=filters))["items"])

    everything = asked()
    assert [one["id"] for one in everything] == sorted((one["id"] for one in everything), reverse=True)
    assert {one["actorId"] for one in asked(actorId=editor.id)} == {editor.id}
    assert {one["action"] for one in asked(action="comment")} == {"comment.added", "comment.edited"}
    (edited,) = asked(action="comment.edited")
    assert (edited["before"]["body"], edited["after"]["body"]) == ("Before", "After")
    assert {one["id"] for one in asked(**{"from": edited["at"]})} == {
        one["id"] for one in everything if one["at"] >= edited["at"]
    }
    assert edited["id"] not in {one["id"] for one in asked(to=edited["at"])}
    assert asked(to="2020-01-01T00:00:00Z") == []
    for bad in ({"action": "a b"}, {"from": "yesterday"}, {"actorId": "é"}, {"format": "xml"}, {"cursor": "x"}):
        assert author.get(f"/api/postmortems/{pm}/audit", params=bad).status_code == 422


def test_who_may_not_see_the_postmortem_may_not_see_its_trail(stack: Stack) -> None:
    pm = private(stack.person())
    stranger = stack.person()
    for kind in ("json", "csv", "jsonl"):
        assert stranger.get(f"/api/postmortems/{pm}/audit", params={"format": kind}).status_code == 404
        assert stranger.get("/api/audit", params={"format": kind}).status_code == 403


async def test_exports_are_whole_and_the_same_as_the_pages(told: tuple[Person, Person, str], stack: Stack) -> None:
    author, _, pm = told
    async with sessions_of(stack) as sessions, sessions.begin() as session:
        for number in range(2 * EXPORT_BATCH_SIZE):
            audit(session, None, "test.counted", "test", f"test_{number}")
    path = f"/api/postmortems/{pm}/audit"
    pages = ok(author.get(path, params={"limit": 200}))["items"]
    lines = author.get(path, params={"format": "jsonl"})
    assert lines.headers["content-type"].startswith("application/jsonl")
    assert [json.loads(line) for line in lines.text.splitlines()] == pages
    rows = list(csv.DictReader(io.StringIO(author.get(path, params={"format": "csv"}).content.decode("utf-8-sig"))))
    assert [int(row["id"]) for row in rows] == [one["id"] for one in pages]
    assert not [cell for row in rows for cell in row.values() if re.match(r"[=+@-]", cell)]
    admin = stack.person("ADMIN")
    with admin.http.stream("GET", "/api/audit", params={"format": "jsonl"}) as answer:
        ids = [json.loads(line)["id"] for line in answer.iter_lines() if line]
        count = len(ids)
    assert count > 2 * EXPORT_BATCH_SIZE
    assert len(set(ids)) == count
    assert {one["id"] for one in pages} <= set(ids)
    (exported,) = ok(admin.get("/api/audit", params={"action": "audit.exported", "actorId": admin.id}))["items"]
    assert exported["entityId"] == "jsonl"


def test_the_whole_trail_is_filtered_and_paged(stack: Stack) -> None:
    admin, author = stack.person("ADMIN"), stack.person()
    pms = [writing.draft(author)["id"] for _ in range(5)]
    seen, cursor = [], None
    while True:
        params = {"actorId": author.id, "action": "postmortem.created", "limit": "2"}
        answer = ok(admin.get("/api/audit", params=params | ({"cursor": cursor} if cursor else {})))
        seen += [one["postmortemId"] for one in answer["items"]]
        cursor = answer["nextCursor"]
        if cursor is None:
            break
    assert seen == pms[::-1]
    only = ok(admin.get("/api/audit", params={"postmortemId": pms[0]}))["items"]
    assert {one["postmortemId"] for one in only} == {pms[0]}
    only = ok(admin.get("/api/audit", params={"entityId": pms[1], "to": datetime.now(UTC).isoformat()}))["items"]
    assert {one["entityId"] for one in only} == {pms[1]}
