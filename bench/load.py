"""A light load generator: HTTP/1.1 over kept connections with uvicorn's own parser, and what the processes use.

A request costs it about 0.1 ms; its own processor time is printed beside the others'.
"""

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import httptools
import psutil

IDLE = 0.15
"""Of a processor, by all processes together."""
LONGEST_WAIT = 60


@dataclass(frozen=True, slots=True)
class Ask:
    """One request. ``expected`` are the statuses that count as done."""

    path: str
    token: str = ""
    method: str = "GET"
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    expected: Sequence[int] = (200, 201, 202)

    def wire(self) -> bytes:
        lines = [f"{self.method} {self.path} HTTP/1.1", "Host: bench", *(f"{n}: {v}" for n, v in self.headers.items())]
        if self.token:
            lines.append(f"Authorization: Bearer {self.token}")
        if self.method != "GET":
            lines += ["Content-Type: application/json", f"Content-Length: {len(self.body)}"]
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + self.body


class Connection(asyncio.Protocol):
    """One client: asks, and waits for the whole answer."""

    def __init__(self) -> None:
        self.status = 0
        self.body: list[bytes] = []
        self._answered: asyncio.Future[None] | None = None

    @classmethod
    async def open(cls, port: int) -> "Connection":
        _, made = await asyncio.get_running_loop().create_connection(cls, "127.0.0.1", port)
        return made

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport: asyncio.Transport = transport  # type: ignore[assignment]
        self._parser = httptools.HttpResponseParser(self)

    def connection_lost(self, error: Exception | None) -> None:
        if self._answered is not None and not self._answered.done():
            self._answered.set_exception(error or ConnectionError("closed"))

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_body(self, body: bytes) -> None:
        self.body.append(body)

    def on_message_complete(self) -> None:
        self.status = self._parser.get_status_code()
        self._parser = httptools.HttpResponseParser(self)
        assert self._answered is not None
        self._answered.set_result(None)

    async def ask(self, wanted: Ask) -> bytes:
        self.body = []
        self._answered = asyncio.get_running_loop().create_future()
        self._transport.write(wanted.wire())
        await self._answered
        answer = b"".join(self.body)
        assert self.status in wanted.expected, f"{wanted.method} {wanted.path}: {self.status} {answer[:300]!r}"
        return answer

    def close(self) -> None:
        self._transport.close()


@dataclass(frozen=True, slots=True)
class Taken:
    """``rate`` in requests a second, ``median`` in ms, ``cpu`` in ms of a processor for each request, by part."""

    rate: float
    median: float
    cpu: Mapping[str, float]


class Processes:
    """The processor time and the memory of each part with all its children."""

    def __init__(self, parts: Mapping[str, int]) -> None:
        self._parts = parts

    def seconds(self) -> dict[str, float]:
        return {name: sum(_seconds(one) for one in _tree(pid)) for name, pid in self._parts.items()}

    async def become_quiet(self) -> None:
        """Waits until what was begun is done, as far as it takes a processor: an idle Afterword takes 8 % of one."""
        deadline, before = time.perf_counter() + LONGEST_WAIT, self._all()
        while time.perf_counter() < deadline:
            await asyncio.sleep(0.5)
            before, earlier = self._all(), before
            if before - earlier < 0.5 * IDLE:
                return

    def _all(self) -> float:
        return sum(self.seconds().values())

    def memory(self, part: str) -> float:
        """In MB, resident."""
        return float(sum(one.memory_info().rss for one in _tree(self._parts[part]))) / 1e6


def _tree(pid: int) -> list[psutil.Process]:
    root = psutil.Process(pid)
    return [root, *root.children(recursive=True)]


def _seconds(process: psutil.Process) -> float:
    try:
        used = process.cpu_times()
    except psutil.NoSuchProcess:
        return 0.0
    # PostgreSQL's processes come and go: those that ended are counted in their parent
    return float(used.user + used.system + used.children_user + used.children_system)


async def load(
    port: int,
    asks: Iterable[Ask],
    clients: int,
    processes: Processes,
    done: Callable[[], Awaitable[None]] | None = None,
) -> Taken:
    """Each client asks the next one as soon as it is answered. The processor time is taken when all is ``done`` and
    quiet, so that a request's workflow counts for that request, and not for those after it."""
    waiting, taken = iter(asks), list[float]()
    connections = [await Connection.open(port) for _ in range(clients)]

    async def client(connection: Connection) -> None:
        for one in waiting:
            began = time.perf_counter()
            await connection.ask(one)
            taken.append(time.perf_counter() - began)

    before, began = processes.seconds(), time.perf_counter()
    await asyncio.gather(*(client(one) for one in connections))
    seconds = time.perf_counter() - began
    if done is not None:
        await done()
    await processes.become_quiet()
    after = processes.seconds()
    for one in connections:
        one.close()
    used = {name: (after[name] - before[name]) * 1000 / len(taken) for name in after}
    return Taken(len(taken) / seconds, statistics.median(taken) * 1000, used)


async def load_calls(count: int, call: Callable[[int], object], clients: int, processes: Processes) -> Taken:
    """The same for something that is no request: ``call`` makes an awaitable."""
    waiting, taken = iter(range(count)), list[float]()

    async def client() -> None:
        for one in waiting:
            began = time.perf_counter()
            await call(one)  # type: ignore[misc]
            taken.append(time.perf_counter() - began)

    before, began = processes.seconds(), time.perf_counter()
    await asyncio.gather(*(client() for _ in range(clients)))
    seconds = time.perf_counter() - began
    await processes.become_quiet()
    after = processes.seconds()
    used = {name: (after[name] - before[name]) * 1000 / count for name in after}
    return Taken(count / seconds, statistics.median(taken) * 1000, used)
