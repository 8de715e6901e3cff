"""Connections that say nothing, or too slowly, are closed; a body has a time as well."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Literal

import pytest
import uvicorn
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api import middleware, server
from api.middleware import BodyLimit
from domain.errors import BodyTooSlow

REQUEST = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"


async def hello(scope: Scope, receive: Receive, send: Send) -> None:
    await PlainTextResponse("hello")(scope, receive, send)


@asynccontextmanager
async def served(
    app: ASGIApp = hello, at_once: int = server.CONNECTIONS, lifespan: Literal["on", "off"] = "off"
) -> AsyncIterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        config = uvicorn.Config(
            app,
            http=server.TimedProtocol,
            limit_concurrency=at_once,
            lifespan=lifespan,
            timeout_graceful_shutdown=1,
            log_config=None,
            access_log=False,
        )
        serving = uvicorn.Server(config)
        task = asyncio.create_task(serving.serve(sockets=[listener]))
        try:
            yield listener.getsockname()[1]
        finally:
            serving.should_exit = True
            await task


@pytest.mark.parametrize("sent", [b"", REQUEST[:20], REQUEST + REQUEST[:20]], ids=["nothing", "half", "one and a half"])
async def test_headers_that_do_not_come_end_the_connection(sent: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "HEADER_SECONDS", 0.2)
    async with served() as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(sent)
        told = await reader.read()  # to its end
        assert told.count(b"hello") == sent.count(REQUEST)
        writer.close()


async def test_several_requests_on_one_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "HEADER_SECONDS", 60)
    async with served() as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for _ in range(3):
            writer.write(REQUEST)
            await reader.readuntil(b"hello")
        writer.close()


async def test_headers_without_an_end_are_refused() -> None:
    async with served() as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(REQUEST[:-2] + b"X-Long: " + b"x" * server.HEADER_BYTES)
        assert (await reader.read()).startswith(b"HTTP/1.1 400 ")
        writer.close()


async def test_a_body_that_does_not_come_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(middleware, "BODY_SECONDS", 0.05)
    parts: list[Message] = [{"type": "http.request", "body": b"{", "more_body": True}]

    async def receive() -> Message:
        return parts.pop() if parts else (await asyncio.Event().wait() and {}) or {}

    async def reads(scope: Scope, receive: Receive, send: Send) -> None:
        while (await receive()).get("more_body"):
            pass

    async def send(message: Message) -> None:
        raise AssertionError(message)

    with pytest.raises(BodyTooSlow):
        await BodyLimit(reads)({"type": "http", "path": "/api/postmortems", "headers": []}, receive, send)
