"""Answers are compressed where that tells a listener nothing."""

import asyncio
import re

import httpx
import pytest
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from api.assets import address_of
from api.compression import PIECE, Compression
from tests.api.writing import draft
from tests.pages.visiting import visitor
from tests.stack import Stack


def encoding(http: httpx.Client, path: str, accepted: str = "br") -> str | None:
    with http.stream("GET", path, headers={"Accept-Encoding": accepted}) as answer:
        assert answer.status_code == 200
        return answer.headers.get("content-encoding")


@pytest.mark.parametrize("accepted", ["br", "gzip"])
def test_long_text_is_compressed(stack: Stack, accepted: str) -> None:
    author = stack.person()
    made = draft(author, summary="word " * 1000)
    page = visitor(stack, author).http
    assert encoding(page, address_of("afterword.css"), accepted) == accepted
    assert encoding(page, f"/postmortems/{made['id']}", accepted) == accepted
    assert encoding(author.http, f"/api/postmortems/{made['id']}", accepted) == accepted
    assert encoding(author.http, "/openapi.json", accepted) == accepted
    plain = page.get("/", headers={"Accept-Encoding": "identity"})
    assert "content-encoding" not in plain.headers
    assert "accept-encoding" in plain.headers["vary"].lower()


def test_short_answers_and_those_that_repeat_their_request_are_not(stack: Stack) -> None:
    author = stack.person()
    page = visitor(stack, author).http
    assert encoding(page, "/healthz") is None
    assert encoding(page, "/search?q=secret") is None
    assert encoding(page, "/postmortems?q=secret") is None
    made = draft(author)
    assert encoding(page, f"/postmortems/{made['id']}?edit=title&q=secret") is None
    assert encoding(page, f"/postmortems/{made['id']}?edit=title") == "br"
    assert encoding(page, "/action-items?whose=mine") is None
    assert encoding(page, "/action-items?layout=board&show=all&sort=-dueDate") == "br"
    assert encoding(page, "/postmortems?status=DRAFT") == "br"
    assert encoding(page, "/postmortems?status=DRAFT&q=secret") is None
    assert page.get("/postmortems?status=DRAFTS").headers.get("content-encoding") is None
    assert encoding(visitor(stack, stack.person("ADMIN")).http, "/settings/tokens?whose=everyone") == "br"
    for name in ("edit", "added", "removed"):
        assert "zqsecret" not in page.get(f"/postmortems/{made['id']}?{name}=zqsecret").text


def test_the_token_of_a_form_is_another_one_on_each_page(stack: Stack) -> None:
    page = visitor(stack, stack.person())
    tokens = {re.findall(r'name="csrf" value="([^"]*)"', page.get("/"))[0] for _ in range(3)}
    assert len(tokens) == 3
    for one in tokens:
        answer = page.http.post("/inbox/read", data={"csrf": one})
        assert answer.status_code == 303
    wrong = f"{'0' * 64}{next(iter(tokens))[64:]}"
    assert page.http.post("/inbox/read", data={"csrf": wrong}).status_code == 403


@pytest.mark.parametrize("accepted", ["br", "gzip", "identity"])
async def test_others_have_their_turn_while_a_long_answer_is_sent(accepted: str) -> None:
    body, turns = b"".join(b"%d changed\n" % one for one in range(200_000)), 0

    async def long(scope: Scope, receive: Receive, send: Send) -> None:
        nonlocal turns
        turns = 0
        await Response(body, media_type="text/html")(scope, receive, send)

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    waiting = asyncio.create_task(others())
    transport = httpx.ASGITransport(app=Compression(long))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        answer = await client.get("/static/long.html", headers={"Accept-Encoding": accepted})
        taken = turns
    waiting.cancel()
    assert answer.content == body
    assert taken >= len(body) // PIECE
