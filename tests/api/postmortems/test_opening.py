"""A very large postmortem opens in one statement for each table, whatever hangs on it."""

import re
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
from sqlalchemy import event, insert

from api.app import create_app
from models.base import new_id
from models.postmortem import Comment, TimelineEvent
from models.section import Section
from runtime.settings import Settings
from tests.api import writing
from tests.api.rows import NOW, sessions_of
from tests.api.writing import ok
from tests.stack import Person, Stack

SECTIONS, EVENTS, COMMENTS = 40, 500, 300
STANDARD = ("summary", "impact", "rootCause", "resolution", "lessonsLearned", "detection", "response")


async def large(stack: Stack, author: Person) -> str:
    """200 kB in 40 sections, 500 events, 300 comments; with its people, a team, a service and action items."""
    stranger = stack.person()
    admin = stack.client()
    team = ok(admin.post("/api/teams", json={"name": new_id("team")}), 201)["id"]
    service = ok(admin.post("/api/services", json={"name": new_id("svc")}), 201)["id"]
    made = writing.ready(author, [stranger], teamIds=[team], serviceIds=[service])
    pm = str(made["id"])
    ok(author.post(f"/api/postmortems/{pm}/editors", json={"userId": stranger.id}), 201)
    key = {"postmortem_id": pm}
    text = "The pool was full and every request waited. " * 114
    sections = [
        {**key, "name": f"custom{number}", "body": text, "revision": 1} for number in range(SECTIONS - len(STANDARD))
    ]
    events = [
        {**key, "id": new_id("evt"), "at": NOW, "event": f"Step {number}", "type": "OTHER", "source": "manual"}
        for number in range(EVENTS - 1)
    ]
    comments = [
        {**key, "id": new_id("cmt"), "author_id": author.id, "body": f"Remark {number}", "created_at": NOW}
        for number in range(COMMENTS)
    ]
    async with sessions_of(stack) as sessions, sessions.begin() as session:
        for table, rows in ((Section, sections), (TimelineEvent, events), (Comment, comments)):
            await session.execute(insert(table), rows)
    ok(author.patch(f"/api/postmortems/{pm}", json=dict.fromkeys(STANDARD, text)))
    return pm


@asynccontextmanager
async def counted(stack: Stack, person: Person) -> AsyncIterator[tuple[httpx.AsyncClient, list[str]]]:
    """The application in this process, over the real database; and the statements that it sends."""
    app = create_app(Settings(database_url=stack.database_url, secret_key="test-secret-key"))  # type: ignore[arg-type]
    statements: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        statements.append(statement)

    async with app.router.lifespan_context(app):
        engine = app.state.parts.sessions.kw["bind"]
        event.listen(engine.sync_engine, "before_cursor_execute", note)
        headers = {"Authorization": person.http.headers["Authorization"]}
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://test", headers=headers) as client:
            ok(await client.get("/api/me"))
            statements.clear()
            yield client, statements


def tables(statements: list[str]) -> Counter[str]:
    """What each statement is about: the table that it reads first. Asking who it is, is not opening."""
    about = Counter[str]()
    for statement in statements:
        plain = statement
        while (without := re.sub(r"\([^()]*\)", "", plain)) != plain:
            plain = without
        found = re.search(r"\nFROM (\w+)", plain)
        about[found.group(1) if found else statement[:60]] += 1
    del about["api_token"]
    return about


async def test_one_statement_for_each_table(stack: Stack) -> None:
    author = stack.person()
    pm = await large(stack, author)
    path = f"/api/postmortems/{pm}"
    async with counted(stack, author) as (client, statements):
        opened = ok(await client.get(path))
        assert len(opened["timeline"]) == EVENTS
        assert opened["unresolvedComments"] == COMMENTS
        assert opened["actionItemCounts"]["open"] == 1
        about = tables(statements)
        assert set(about.values()) == {1}, about
        assert {"postmortem", "section", "timeline_event", "comment", "action_item"} <= about.keys()
        beside = {"comments": {"comment": 1, "comment_mention": 1}, "timeline": {"timeline_event": 1}}
        for part, taken in beside.items():
            statements.clear()
            page = ok(await client.get(f"{path}/{part}", params={"limit": 200}))
            assert len(page["items"]) == 200
            assert tables(statements) == {"postmortem": 1, **taken}


async def test_a_list_takes_no_more_statements_for_more_postmortems(stack: Stack) -> None:
    author = stack.person()
    for _ in range(6):
        writing.ready(author, [stack.person()])
    async with counted(stack, author) as (client, statements):
        taken = []
        for limit in (2, 6):
            statements.clear()
            assert len(
                ok(await client.get("/api/postmortems", params={"authorId": author.id, "limit": limit}))["items"]
            )
            taken.append(tables(statements))
        assert taken[0] == taken[1]
        assert set(taken[0].values()) == {1}, taken
