"""Opening a very large postmortem takes one statement, however much it has."""

import re
from collections import Counter as Tally

from sqlalchemy import insert

from models.base import new_id
from models.content import Section
from models.postmortem import Comment, TimelineEvent
from tests.api import writing
from tests.api.rows import NOW, sessions_of
from tests.api.writing import ok
from tests.stack import Person, Stack
from tests.statements import Counter, counted_app

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


def tables(counter: Counter) -> Tally[str]:
    """What each statement is about: the table that it reads first. Asking who it is, is not opening."""
    about = Tally[str]()
    for statement in counter.statements:
        plain = statement
        while (without := re.sub(r"\([^()]*\)", "", plain)) != plain:
            plain = without
        found = re.search(r"\nFROM (\w+)", plain)
        about[found.group(1) if found else statement[:60]] += 1
    del about["api_token"]
    return about


async def test_one_statement_opens_it(stack: Stack) -> None:
    author = stack.person()
    pm = await large(stack, author)
    path = f"/api/postmortems/{pm}"
    async with counted_app(stack, author) as (client, counter):
        ok(await client.get(path))  # each process reads a version of a template once
        counter.clear()
        opened = ok(await client.get(path))
        assert len(opened["timeline"]) == EVENTS
        assert opened["unresolvedComments"] == COMMENTS
        assert opened["actionItemCounts"]["open"] == 1
        assert tables(counter) == {"seen": 1}
        for part in ("comments", "timeline"):
            counter.clear()
            page = ok(await client.get(f"{path}/{part}", params={"limit": 200}))
            assert len(page["items"]) == 200
            assert tables(counter) == {"seen": 1}
