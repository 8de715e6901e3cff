"""What a page asks of PostgreSQL, so that one statement more fails here."""

import re
from collections.abc import AsyncIterator
from uuid import uuid4

import httpx
import pytest

from tests.api.writing import draft, ok, with_item
from tests.stack import Stack
from tests.statements import Counter, counted_app

HTML = {"Accept": "text/html"}
FRAME = 2
"""Each page: who it is, by the session, and how many notices are unread."""
PAGES = {
    "/postmortems": 3,
    "/postmortems?status=DRAFT&sort=title&layout=cards&overdue=false": 3,
    "/action-items": 2,
    "/action-items?sort=priority&whose=mine&show=all": 2,
    "/action-items?layout=board": 2,
    "/": 6,
    "/postmortems/{pm}": 14,
    "/action-items/{item}": 7,
}
"""Beside those of the frame. A list: what the tools offer, the rows and, of postmortems, their next targets."""
ADMINISTRATORS_HOME = 11
"""Also accounts that wait, what is left to set up, and how teams are doing."""
Asked = tuple[httpx.AsyncClient, Counter, dict[str, str]]


@pytest.fixture(params=["ADMIN", "RESPONDER"])
async def asked(stack: Stack, request: pytest.FixtureRequest) -> AsyncIterator[Asked]:
    person = stack.person(request.param)
    # an administrator sees how teams are doing, if there are any
    ok(
        stack.client().post("/api/teams", json={"name": f"Crew {uuid4().hex[:6]}"}), 201
    )  # an administrator sees how it does
    made = draft(person, visibility="ORGANIZATION")
    item = with_item(person, made["id"], person.id)
    token = person.http.headers["Authorization"].removeprefix("Bearer ")
    async with counted_app(stack, person) as (client, counter):
        page = (await client.get("/sign-in", headers=HTML)).text
        hidden = {
            one: found[1] for one in ("csrf", "key") if (found := re.search(f'name="{one}" value="([^"]*)"', page))
        }
        answer = await client.post("/sign-in", data=hidden | {"token": token}, headers=HTML)
        assert answer.status_code == 303, answer.text
        yield client, counter, {"pm": made["id"], "item": item["id"], "role": request.param}


async def test_statements_of_pages(asked: Asked) -> None:
    client, counter, ids = asked
    found = {}
    for path in PAGES:
        for _ in range(2):
            counter.clear()
            answer = await client.get(path.format(**ids), headers=HTML)
            assert answer.status_code == 200, answer.text
        found[path] = len(counter.statements)
    expected = PAGES | ({"/": ADMINISTRATORS_HOME} if ids["role"] == "ADMIN" else {})
    assert found == {path: FRAME + own for path, own in expected.items()}
