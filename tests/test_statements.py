"""What each door asks of PostgreSQL, so that one statement or round trip more fails here.

Every request asks once who it is, by its token; the door's own statements come on top. A read takes no transaction.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import httpx
import pytest

from tests.api import writing
from tests.api.writing import ok
from tests.stack import Stack
from tests.statements import Counter, counted_app

Asked = tuple[httpx.AsyncClient, Counter]
TOKEN = 1

READS = {
    "/api/postmortems/{pm}": 1,
    "/api/postmortems": 1,
    "/api/postmortems?sort=-updatedAt&status=DRAFT&authorId={author}&overdue=false": 1,
    "/api/postmortems/{pm}/action-items": 1,
    "/api/action-items": 1,
    "/api/action-items?overdue=true&status=OPEN&status=IN_PROGRESS&q=alert": 1,
    "/api/action-items/{item}": 1,
    "/api/incidents": 1,
    "/api/incidents?status=OPEN": 1,
    "/api/incidents?q=a&urgency=HIGH&hasPostmortem=false&sort=-startedAt": 1,
    "/api/incidents/{incident}": 1,
    "/api/postmortems/{pm}/comments": 1,
    "/api/postmortems/{pm}/comments?threads=true&resolved=false": 1,
    "/api/postmortems/{pm}/comments/{comment}": 1,
    "/api/postmortems/{pm}/timeline": 1,
}
"""The statements of each door beside the token's."""
UNCHANGED = (
    "/api/postmortems/{pm}",
    "/api/postmortems",
    "/api/action-items",
    "/api/action-items/{item}",
    "/api/incidents",
    "/api/incidents/{incident}",
    "/api/postmortems/{pm}/comments",
    "/api/postmortems/{pm}/timeline",
)


@dataclass(frozen=True)
class Known:
    """A postmortem that everybody may read, with what belongs to one."""

    author: str
    pm: str
    item: str
    incident: str
    comment: str

    def path(self, pattern: str) -> str:
        return pattern.format(**vars(self))


@pytest.fixture(scope="module")
def known(stack: Stack) -> Known:
    author, reviewer = stack.person("ADMIN"), stack.person()
    made = writing.ready(author, [reviewer], visibility="ORGANIZATION")
    pm = str(made["id"])
    item = writing.with_item(author, pm, reviewer.id)
    report = {"externalId": made["id"], "title": "Down", "startedAt": "2026-01-01T10:00:00Z", "status": "OPEN"}
    incident = ok(author.post("/api/incidents", json=report), 201)
    comment = ok(author.post(f"/api/postmortems/{pm}/comments", json={"body": "Why?"}), 201)
    event = {"at": "2026-01-01T10:00:00Z", "event": "Paged"}
    ok(author.post(f"/api/postmortems/{pm}/timeline", json=event), 201)
    return Known(author.id, pm, str(item["id"]), str(incident["id"]), str(comment["id"]))


@pytest.fixture(params=["ADMIN", "RESPONDER"])
async def asked(stack: Stack, request: pytest.FixtureRequest) -> AsyncIterator[Asked]:
    async with counted_app(stack, stack.person(request.param)) as both:
        yield both


async def taken(asked: Asked, path: str, status: int = 200, tag: str = "") -> tuple[int, int]:
    """The statements and round trips of a read that has been made before, so that all of it is prepared."""
    client, counter = asked
    for _ in range(2):
        counter.clear()
        answer = await client.get(path, headers={"If-None-Match": tag} if tag else None)
        assert answer.status_code == status, answer.text
    return len(counter.statements), counter.trips


async def test_reads(asked: Asked, known: Known) -> None:
    found = {one: await taken(asked, known.path(one)) for one in READS}
    assert found == {one: (TOKEN + own, TOKEN + own) for one, own in READS.items()}


REPORTS = {"/api/analytics": 2, "/api/analytics/process": 1, "/api/me/notifications?unread=true": 1}
"""Their statements; two more round trips begin and end a transaction: for more memory, and for what each
notification is about, which is read only if there are any."""


async def test_reports(asked: Asked) -> None:
    found = {one: await taken(asked, one) for one in REPORTS}
    assert found == {one: (TOKEN + own, TOKEN + own + 2) for one, own in REPORTS.items()}


async def test_reads_of_what_did_not_change(asked: Asked, known: Known) -> None:
    for pattern in UNCHANGED:
        path = known.path(pattern)
        tag = (await asked[0].get(path)).headers["etag"]
        assert await taken(asked, path, 304, tag) == (TOKEN + 1, TOKEN + 1), path


async def test_a_page_of_a_list_by_its_cursor(stack: Stack) -> None:
    author = stack.person()
    for _ in range(3):
        writing.draft(author)
    async with counted_app(stack, author) as asked:
        for sort in ("-createdAt", "createdAt", "-updatedAt", "number"):
            path = f"/api/postmortems?authorId={author.id}&limit=2&sort={sort}"
            page = (await asked[0].get(path)).json()
            rest = f"{path}&cursor={page['nextCursor']}"
            assert await taken(asked, rest) == (TOKEN + 1, TOKEN + 1)
            assert len((await asked[0].get(rest)).json()["items"]) == 1
