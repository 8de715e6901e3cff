"""An API process that is asked to end: "not ready" first, served on, then closed; and a rolling restart of two."""

import itertools
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx
import pytest

from api.server import GRACE_SECONDS
from runtime.dispatch import COMMAND_BUDGET
from tests.api import writing
from tests.cli.running import free_port
from tests.nightly import tried
from tests.servers import Process, servers
from tests.stack import NO_TLS, Person, Stack, eventually

DRAINS = 4.0  # seconds; on a busy machine, what a test does while it drains takes two


@dataclass(slots=True)
class ApiProcess:
    """One ``afterword api`` beside the stack's own, with the same database and workers."""

    stack: Stack
    folder: Path
    processes: int = 1
    port: int = field(default_factory=free_port)
    process: Process | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def running(self) -> Process:
        assert self.process is not None
        return self.process

    def start(self) -> None:
        env = self.stack.environment() | {
            "AFTERWORD_PORT": str(self.port),
            "AFTERWORD_DRAIN_SECONDS": str(DRAINS),
            "AFTERWORD_API_PROCESSES": str(self.processes),
        }
        self.process = servers().start("api", self.folder / f"api-{self.port}.log", env)
        eventually(lambda: self.readiness() == 200, 60)

    def readiness(self) -> int | None:
        """None where nobody listens."""
        try:
            return httpx.get(f"{self.url}/readyz", timeout=5, verify=NO_TLS).status_code
        except httpx.TransportError:
            return None

    def ask_to_end(self) -> None:
        os.kill(self.running.pid, signal.SIGTERM)


@contextmanager
def started(stack: Stack, folder: Path, processes: int = 1) -> Iterator[ApiProcess]:
    one = ApiProcess(stack, folder, processes)
    one.start()
    try:
        yield one
    finally:
        one.running.send_signal(signal.SIGINT)
        one.running.wait(30)


@pytest.fixture
def api(stack: Stack, tmp_path: Path) -> Iterator[ApiProcess]:
    with started(stack, tmp_path) as one:
        yield one


def begin_patch(api: ApiProcess, person: Person, postmortem_id: str) -> tuple[socket.socket, bytes]:
    """A request whose headers and half of whose body are there, and the other half."""
    body = b'{"detection": "Written while the process was closing."}'
    head = (
        f"PATCH /api/postmortems/{postmortem_id} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        f"Authorization: {person.http.headers['Authorization']}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    connection = socket.create_connection(("127.0.0.1", api.port), timeout=30)
    connection.sendall(head.encode() + body[:20])
    return connection, body[20:]


def read_all(connection: socket.socket) -> bytes:
    return b"".join(iter(lambda: connection.recv(65_536), b""))


def test_not_ready_first_then_closed_and_what_was_begun_is_finished(api: ApiProcess, stack: Stack) -> None:
    author = stack.person()
    made = writing.draft(author)["id"]
    token = {"Authorization": author.http.headers["Authorization"]}
    early, rest = begin_patch(api, author, made)
    api.ask_to_end()
    asked_at = time.monotonic()
    eventually(lambda: api.readiness() == 503, 5)
    checks = httpx.get(f"{api.url}/readyz", verify=NO_TLS).json()["checks"]
    assert checks.pop("api") == {"status": "unavailable", "detail": "this process is stopping"}
    assert {one["status"] for one in checks.values()} == {"ok"}, "nothing else is wrong"
    alive = httpx.get(f"{api.url}/healthz", verify=NO_TLS)
    assert alive.status_code == 200, "it isn't to be restarted"
    assert alive.headers["connection"] == "close", "and connections that are kept are left before they are closed"
    created = httpx.post(f"{api.url}/api/postmortems", json={"title": "While draining"}, headers=token, verify=NO_TLS)
    assert created.status_code == 201, created.text
    item = {"description": "While draining", "ownerId": author.id, "priority": "HIGH"}
    path = f"{api.url}/api/postmortems/{made}/action-items"
    commanded = httpx.post(path, json=item, headers=token, verify=NO_TLS, timeout=30)
    assert commanded.status_code == 201, commanded.text
    late, _ = begin_patch(api, author, made)
    eventually(lambda: api.readiness() is None, 20)
    assert time.monotonic() - asked_at >= DRAINS, "closed no earlier than the setting says"
    assert api.running.poll() is None, "two requests are still to be finished"
    time.sleep(tried(0.3, 7))
    for connection in (early, late):
        with connection:
            connection.sendall(rest)
            answer = read_all(connection)
        assert answer.startswith(b"HTTP/1.1 200 "), answer
        assert b"connection: close" in answer.lower()
    api.running.wait(GRACE_SECONDS)
    assert author.get(f"/api/postmortems/{made}").json()["detection"] == "Written while the process was closing."


def test_grace_is_longer_than_any_command() -> None:
    assert GRACE_SECONDS > COMMAND_BUDGET


def test_a_second_sigterm_does_not_end_the_draining_and_ctrl_c_does(api: ApiProcess) -> None:
    api.ask_to_end()
    eventually(lambda: api.readiness() == 503, 5)
    api.ask_to_end()
    time.sleep(0.5)
    assert api.readiness() == 503, "a service manager signals each process of a group, and then their parent does"
    began = time.monotonic()
    os.kill(api.running.pid, signal.SIGINT)
    api.running.wait(10)
    assert time.monotonic() - began < DRAINS - 0.5


def test_several_processes_drain_together(stack: Stack, tmp_path: Path) -> None:
    with started(stack, tmp_path, processes=2) as both:
        both.ask_to_end()
        asked_at = time.monotonic()
        eventually(lambda: both.readiness() == 503, 5)
        answers: list[int | None] = []
        while time.monotonic() < asked_at + DRAINS * 0.8:
            answers.append(both.readiness())
        assert set(answers) == {503}
        assert both.running.wait(30) == 0


@dataclass(slots=True)
class Balancer:
    """Sends requests in turn to those processes that said "ready" when they were last asked, every twentieth second."""

    behind: list[ApiProcess]
    ready: list[ApiProcess] = field(default_factory=list)
    stopping: threading.Event = field(default_factory=threading.Event)
    failures: list[str] = field(default_factory=list)
    served: dict[int, int] = field(default_factory=dict)

    def watch(self) -> None:
        while not self.stopping.is_set():
            self.ready = [one for one in self.behind if one.readiness() == 200]
            time.sleep(0.05)

    def send_all(self, request: Callable[[httpx.Client, str], httpx.Response], expected: int) -> None:
        turns = itertools.count()
        with httpx.Client(timeout=30, verify=NO_TLS) as client:  # it keeps connections, as proxies do
            while not self.stopping.is_set():
                ready = self.ready
                if not ready:
                    self.failures.append("no process was ready")
                    time.sleep(0.05)
                    continue
                chosen = ready[next(turns) % len(ready)]
                try:
                    answer = request(client, chosen.url)
                except httpx.TransportError as error:
                    self.failures.append(repr(error))
                    continue
                if answer.status_code != expected:
                    self.failures.append(answer.text)
                self.served[chosen.port] = self.served.get(chosen.port, 0) + 1
                time.sleep(0.01)


def test_a_rolling_restart_refuses_no_request(stack: Stack, tmp_path: Path) -> None:
    author = stack.person()
    made = writing.draft(author)["id"]
    headers = {"Authorization": author.http.headers["Authorization"]}
    item = {"description": "While rolling", "ownerId": author.id, "priority": "LOW"}
    requests: list[tuple[Callable[[httpx.Client, str], httpx.Response], int]] = [
        (lambda client, url: client.get(f"{url}/api/postmortems/{made}", headers=headers), 200),
        (lambda client, url: client.post(f"{url}/api/postmortems", json={"title": "Rolling"}, headers=headers), 201),
        (
            lambda client, url: client.post(
                f"{url}/api/postmortems/{made}/action-items", json=item, headers=headers, timeout=60
            ),
            201,
        ),
    ]
    with started(stack, tmp_path) as first, started(stack, tmp_path) as second:
        balancer = Balancer([first, second], [first, second])
        sending = [threading.Thread(target=balancer.send_all, args=one) for one in requests]
        threads = [threading.Thread(target=balancer.watch), *sending]
        for thread in threads:
            thread.start()
        try:
            for one in (first, second):
                one.ask_to_end()
                one.running.wait(30)
                one.start()
                eventually(lambda: len(balancer.ready) == 2, 20)
        finally:
            balancer.stopping.set()
            for thread in threads:
                thread.join()
        assert balancer.failures == []
        assert set(balancer.served) == {first.port, second.port}
        assert min(balancer.served.values()) > 10
