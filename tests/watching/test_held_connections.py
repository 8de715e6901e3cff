"""What watches in every test that nobody waits for something outside with a connection of the database."""

import socket
import subprocess
import sys

from tests.cli.running import ROOT
from tests.stack import Stack

PROGRAM = """
import asyncio, socket, sys
import httpx
from sqlalchemy import text
from models.session import make_engine, make_sessions
from tests.watching.held_connections import watch

watch()

async def main(url, port):
    engine = make_engine(url)
    sessions = make_sessions(engine)
    ask = lambda: asyncio.to_thread(httpx.get, f"http://127.0.0.1:{port}/")
    async with sessions.begin() as session:
        await session.execute(text("select 1"))
    print("free:", type(await attempt(ask)).__name__)
    async with sessions.begin() as session:
        await session.execute(text("select 1"))
        print("held:", type(await attempt(ask)).__name__)
        print("held by the one who waits:", type(await attempt(lambda: asyncio.create_task(ask()))).__name__)
    async with sessions() as session:
        await session.execute(text("select 1"))
        await session.commit()
        print("given back:", type(await attempt(ask)).__name__)
    await engine.dispose()

async def attempt(work):
    try:
        return await work()
    except AssertionError as error:
        return error
    except httpx.HTTPError as error:
        return error

asyncio.run(main(sys.argv[1], int(sys.argv[2])))
"""


def test_a_wait_with_a_connection_is_caught(stack: Stack) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = str(closed.getsockname()[1])
        command = [sys.executable, "-c", PROGRAM, stack.database_url, port]
        said = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    assert said.splitlines() == [
        "free: ConnectError",
        "held: AssertionError",
        "held by the one who waits: AssertionError",
        "given back: ConnectError",
    ]
