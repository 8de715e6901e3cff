"""Connections beyond the limit are refused, and those that are open are served on; a body has a time, too."""

import asyncio
import subprocess
import sys
from contextlib import AsyncExitStack

import pytest

from api import middleware, server
from api.app import create_app
from runtime.settings import Settings
from tests.api.serving.test_slow_clients import REQUEST, served
from tests.cli.running import ROOT
from tests.stack import Stack

LIMIT = 3
Connection = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def _open(port: int, stack: AsyncExitStack) -> Connection:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    stack.callback(writer.close)
    return reader, writer


async def _ask(connection: Connection) -> bytes:
    reader, writer = connection
    writer.write(REQUEST)
    head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)
    length = next(int(line[15:]) for line in head.split(b"\r\n") if line.startswith(b"content-length:"))
    return head + await reader.readexactly(length)


async def test_one_connection_too_many_is_refused_and_the_others_go_on() -> None:
    async with served(at_once=LIMIT) as port, AsyncExitStack() as stack:
        held = [await _open(port, stack) for _ in range(LIMIT)]
        assert [(await _ask(one))[-5:] for one in held] == [b"hello"] * LIMIT, "as many as the limit says"
        for _ in range(3):
            refused = await _open(port, stack)
            answer = await _ask(refused)
            assert answer.startswith(b"HTTP/1.1 503 ")
            assert b"retry-after: " in answer
            assert await refused[0].read() == b"", "and it is closed"
        assert [(await _ask(one))[-5:] for one in held] == [b"hello"] * LIMIT, "nobody else pays for that"
        held[0][1].close()
        await held[0][1].wait_closed()
        await asyncio.sleep(0.05)
        assert (await _ask(await _open(port, stack)))[-5:] == b"hello", "a place is free again"


async def test_silent_connections_beyond_the_limit_are_closed_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "REFUSAL_SECONDS", 0.1)
    async with served(at_once=1) as port, AsyncExitStack() as stack:
        first = await _open(port, stack)
        assert (await _ask(first))[-5:] == b"hello"
        silent = [await _open(port, stack) for _ in range(20)]
        assert await asyncio.wait_for(asyncio.gather(*(reader.read() for reader, _ in silent)), 5) == [b""] * 20
        assert (await _ask(first))[-5:] == b"hello"


async def test_a_body_that_stops_half_way_is_answered_in_time(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(middleware, "BODY_SECONDS", 0.2)
    for name, value in stack.environment().items():
        monkeypatch.setenv(name, value)
    app = create_app(Settings())  # type: ignore[call-arg]
    async with served(app, lifespan="on") as port, AsyncExitStack() as ending:
        reader, writer = await _open(port, ending)
        head = b"POST /api/webhooks/generic/int_none HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
        writer.write(head + b'Content-Length: 100\r\n\r\n{"half":')
        answer = await asyncio.wait_for(reader.read(), 10)
        assert answer.startswith(b"HTTP/1.1 408 "), answer
        assert b'"BodyTooSlow"' in answer


def test_a_low_limit_of_open_files_is_raised() -> None:
    script = (
        "import resource\n"
        "resource.setrlimit(resource.RLIMIT_NOFILE, (256, 3000))\n"
        "from cli.serving import allow_files\n"
        "for count in (2500, 9999, 100):\n"
        "    allow_files(count)\n"
        "    print(resource.getrlimit(resource.RLIMIT_NOFILE)[0])\n"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["2500", "3000", "3000"]
