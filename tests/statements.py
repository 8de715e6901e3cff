"""Counts what a process asks of PostgreSQL: a proxy that reads its protocol, so no library can hide anything.

Give ``Counter.url`` to a process (or to ``create_app``) in place of the database's own address.
"""

import asyncio
import re
import struct
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import Future
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from threading import Thread
from typing import Any

import httpx
from sqlalchemy.engine import make_url

from api.app import create_app
from runtime.settings import Settings
from tests.stack import Person, Stack

ASKS_FOR_TLS = struct.pack("!I", 80877103)
TRANSACTION = ("BEGIN", "COMMIT", "ROLLBACK", "SAVEPOINT", "RELEASE", "ROLLBACK TO")
ONCE = re.compile(
    r"typeinfo_tree|current_setting\('jit'\)|pg_catalog\.version|current_schema\(\)|^show (transaction|standard)", re.I
)


ASKS_FOR_ADMINISTRATOR = re.compile(r"^SELECT EXISTS \(SELECT \*\s+FROM person\s+WHERE person\.role")


@dataclass
class Counter:
    """``sent`` are the texts of all statements in order, also those that begin and end transactions. ``trips`` is how
    often the process waited for the server."""

    url: str = ""
    sent: list[str] = field(default_factory=list)
    trips: int = 0

    @property
    def statements(self) -> list[str]:
        """Without those that only begin or end a transaction, and those that a driver asks once for each connection."""
        return [one for one in self.sent if not one.upper().startswith(TRANSACTION) and not ONCE.search(one)]

    def clear(self) -> None:
        self.sent.clear()
        self.trips = 0


@contextmanager
def counting(database_url: str) -> Iterator[Counter]:
    """A proxy before that database, in a thread of its own."""
    counter, address = Counter(), make_url(database_url)
    proxy = _Proxy(counter, str(address.query.get("host") or address.host), address.port or 5432)
    ready: Future[tuple[int, Callable[[], object]]] = Future()

    async def run() -> None:
        done, loop = asyncio.Event(), asyncio.get_running_loop()
        server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
        ready.set_result((server.sockets[0].getsockname()[1], lambda: loop.call_soon_threadsafe(done.set)))
        await done.wait()
        server.close()

    thread = Thread(target=lambda: asyncio.run(run()), daemon=True)
    thread.start()
    port, stop = ready.result(10)
    plain = address.difference_update_query(["host", "port"]).set(host="127.0.0.1", port=port)
    counter.url = plain.render_as_string(hide_password=False)
    try:
        yield counter
    finally:
        stop()
        thread.join(10)


@asynccontextmanager
async def counted_app(stack: Stack, person: Person) -> AsyncIterator[tuple[httpx.AsyncClient, Counter]]:
    """The application in this process over the stack's database, the person's client, and what it asks."""
    with counting(stack.database_url) as counter:
        app = create_app(Settings(database_url=counter.url, secret_key="test-secret-key"))  # type: ignore[arg-type]
        async with app.router.lifespan_context(app):
            headers = {"Authorization": person.http.headers["Authorization"]}
            transport = httpx.ASGITransport(app=app)
            async with httpx.AsyncClient(transport=transport, base_url="http://test", headers=headers) as client:
                (await client.get("/api/me")).raise_for_status()  # connects, and writes the token's last use
                for _ in range(2000):  # every start asks it last, at any time
                    if any(ASKS_FOR_ADMINISTRATOR.search(one) for one in counter.statements):
                        break
                    await asyncio.sleep(0.01)
                counter.clear()
                yield client, counter


class _Proxy:
    """Passes everything on. Of what a client sends it reads the kind of each message and the texts of statements:
    https://www.postgresql.org/docs/current/protocol-message-formats.html"""

    def __init__(self, counter: Counter, host: str, port: int) -> None:
        self._counter, self._host, self._port = counter, host, port

    async def serve(self, reader: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        there: Any
        if self._host.startswith("/"):
            there = await asyncio.open_unix_connection(f"{self._host}/.s.PGSQL.{self._port}")
        else:
            there = await asyncio.open_connection(self._host, self._port)
        answers = asyncio.create_task(_pass_on(there[0], back))
        try:
            await self._requests(reader, back, there[1])
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            answers.cancel()
            there[1].close()
            back.close()

    async def _requests(
        self, reader: asyncio.StreamReader, back: asyncio.StreamWriter, there: asyncio.StreamWriter
    ) -> None:
        prepared: dict[bytes, str] = {}
        while (start := await reader.readexactly(8))[4:] == ASKS_FOR_TLS:
            back.write(b"N")
        there.write(start + await reader.readexactly(struct.unpack("!I", start[:4])[0] - 8))  # it has no kind
        while True:
            head = await reader.readexactly(5)
            body = await reader.readexactly(struct.unpack("!I", head[1:])[0] - 4)
            self._note(head[:1], body, prepared)
            there.write(head + body)
            await there.drain()

    def _note(self, kind: bytes, body: bytes, prepared: dict[bytes, str]) -> None:
        if kind == b"Q":
            self._counter.sent.append(body[:-1].decode())
        elif kind == b"P":
            name, text, _ = body.split(b"\0", 2)
            prepared[name] = text.decode()
        elif kind == b"B":
            self._counter.sent.append(prepared[body.split(b"\0", 2)[1]])
        if kind in {b"Q", b"S", b"H"}:
            self._counter.trips += 1


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    except ConnectionError:
        pass
    finally:
        writer.close()
