"""What each door asks of PostgreSQL, so that one statement more fails here.

Every request asks once who it is, by its token; the door's own statements come on top. A read takes no transaction.
"""

from collections.abc import AsyncIterator

import httpx
import pytest

from tests.api import writing
from tests.stack import Stack
from tests.statements import Counter, counted_app

Asked = tuple[httpx.AsyncClient, Counter]
TOKEN = 1


async def taken(asked: Asked, path: str, status: int = 200, headers: dict[str, str] | None = None) -> tuple[int, int]:
    """The statements and round trips of a read that has been made before, so that all of it is prepared."""
    client, counter = asked
    for _ in range(2):
        counter.clear()
        answer = await client.get(path, headers=headers)
        assert answer.status_code == status, answer.text
    return len(counter.statements), counter.trips


@pytest.fixture(params=["ADMIN", "RESPONDER"])
async def asked(stack: Stack, request: pytest.FixtureRequest) -> AsyncIterator[Asked]:
    async with counted_app(stack, stack.person(request.param)) as both:
        yield both


async def visible(stack: Stack) -> str:
    """A postmortem that everybody may read, with all that belongs to one."""
    author = stack.person("ADMIN")
    made = writing.ready(author, [stack.person()], visibility="ORGANIZATION")
    return str(made["id"])


async def test_one_postmortem(stack: Stack, asked: Asked) -> None:
    path = f"/api/postmortems/{await visible(stack)}"
    assert await taken(asked, path) == (TOKEN + 1, TOKEN + 1)


async def test_one_postmortem_that_did_not_change(stack: Stack, asked: Asked) -> None:
    path = f"/api/postmortems/{await visible(stack)}"
    tag = (await asked[0].get(path)).headers["etag"]
    assert await taken(asked, path, 304, {"If-None-Match": tag}) == (TOKEN + 1, TOKEN + 1)


async def test_no_more_for_more(stack: Stack) -> None:
    """The statements of a list are as many for six postmortems as for two."""
    author = stack.person()
    for _ in range(6):
        writing.ready(author, [stack.person()])
    async with counted_app(stack, author) as asked:
        two, six = [await taken(asked, f"/api/postmortems?authorId={author.id}&limit={limit}") for limit in (2, 6)]
    assert two == six
