"""A whole Afterword for tests: PostgreSQL, Temporal, worker and API, each a real process that a test may kill."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import httpx

from runtime.embedded import postgres as postgres_server
from runtime.embedded import temporal as temporal_server
from runtime.embedded.home import Home
from runtime.processes import CannotStart, spawn
from tests.cli.running import ROOT, TAKEN, free_port
from tests.database import Database
from tests.servers import ADMIN_TOKEN, MIGRATED, SAFE_FROM_KILLS, SECRET_KEY, SEEDED, Process, servers

PartName = Literal["postgres", "temporal", "worker", "api"]
LONGEST_PAUSE = 0.25
NO_TLS = False
"""For ``verify``: a client that might speak TLS reads all certificates of the system first, which takes 20 ms."""
PARTS: tuple[PartName, ...] = ("postgres", "temporal", "worker", "api")
OWN: tuple[PartName, ...] = ("postgres", "temporal")
"""The servers that a stack has for itself, if it says no less."""


def eventually(check: Callable[[], Any], seconds: float = 90, pause: float = 0.02) -> Any:
    """The first truthy answer of ``check``; an assertion in it may fail until then. It is asked ever less often."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            if found := check():
                return found
            problem: Exception | None = None
        except (AssertionError, httpx.HTTPError, KeyError, IndexError) as error:
            problem = error
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} s: {problem or 'never true'}")
        time.sleep(pause)
        pause = min(1.3 * pause, LONGEST_PAUSE)


@dataclass(slots=True)
class Person:
    """Somebody with a token: ``person.post("/api/...", json=...)``."""

    id: str
    http: httpx.Client

    def __getattr__(self, name: str) -> Any:
        return getattr(self.http, name)


@dataclass(slots=True)
class Stack:
    home: Home
    demo: bool = False
    temporal_port: int = field(default_factory=free_port)
    ui_port: int = field(default_factory=free_port)
    api_port: int = field(default_factory=free_port)
    tuning: tuple[str, ...] = ()
    """Of Temporal: see ``runtime.embedded.temporal``."""
    own: tuple[PartName, ...] = OWN
    """The others are those of the whole run (``tests.servers``), in which it has its own database or namespace."""
    forks: bool = False
    """API and worker are forked, which saves their imports; else they are started as in production."""
    at_once: int = 1
    """How many processes the API has, and how many the worker."""
    settings: Mapping[str, str] = field(default_factory=dict)
    """More of the environment of its processes."""
    namespace: str = "default"
    shared_database: str = ""
    """Of the whole run's PostgreSQL, or an empty one that a test brings."""
    postgres: postgres_server.Postgres | None = None
    temporal: temporal_server.Temporal | None = None
    processes: dict[str, Process] = field(default_factory=dict)
    clients: list[httpx.Client] = field(default_factory=list)
    direct: Database | None = None
    """The way into the database beside the API."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.api_port}"

    @property
    def database_url(self) -> str:
        return self.postgres.url("afterword") if self.postgres else self.shared_database

    @property
    def objects(self) -> Path:
        """The folder of its object store."""
        return self.home.path / "objects"

    @property
    def database(self) -> str:
        """Its name."""
        return self.database_url.partition("@/")[2].partition("?")[0]

    @property
    def temporal_address(self) -> str:
        return f"127.0.0.1:{self.temporal_port}"

    def environment(self) -> dict[str, str]:
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("AFTERWORD_", "TEMPORAL_"))}
        return clean | {
            "AFTERWORD_DATABASE_URL": self.database_url,
            "AFTERWORD_SECRET_KEY": SECRET_KEY,
            "AFTERWORD_BOOTSTRAP_TOKEN": ADMIN_TOKEN,
            "AFTERWORD_DEMO": "1" if self.demo else "0",
            "AFTERWORD_PORT": str(self.api_port),
            "AFTERWORD_API_PROCESSES": str(self.at_once),
            "AFTERWORD_WORKER_PROCESSES": str(self.at_once),
            "AFTERWORD_LOG_FORMAT": "json",
            "AFTERWORD_RECONCILE_MINUTES": "1440",  # when a test asks for it
            "AFTERWORD_DRAIN_SECONDS": "0",
            "AFTERWORD_OBJECT_STORE": self.objects.as_uri(),
            "AFTERWORD_SWEEP_SECONDS": "0.8" if self.forks else "2",
            "TEMPORAL_ADDRESS": self.temporal_address,
            "TEMPORAL_NAMESPACE": self.namespace,
            "TEMPORAL_CONFIG_FILE": os.devnull,
            **self.settings,
        }

    # Parts

    def start_all(self) -> None:
        for name in self.own:
            self.start(name)
        if "temporal" not in self.own:
            self.temporal_port, self.namespace = servers().temporal_port, servers().namespace()
        is_empty = "postgres" in self.own or bool(self.shared_database)
        if not is_empty:
            self.shared_database = servers().database(MIGRATED if self.demo else SEEDED)
        for command in ("migrate", "seed") if is_empty else ("seed",) if self.demo else ():
            self.run(command)
        self.direct = Database(self.database_url)
        self._start_api()
        self.start("worker")
        self.wait_until_ready()

    def _start_api(self) -> None:
        """On another port where somebody took the one that was free; the worker learns of it afterwards."""
        for left in (2, 1, 0):
            self.start("api")
            process = self.processes["api"]
            eventually(lambda: process.poll() is not None or self._listens(), 120)  # noqa: B023 - called in this turn
            if process.poll() is None:
                return
            words = self.log("api")
            assert any(sign in words for sign in TAKEN), words[-2000:]
            assert left, "each port was taken in the moment before its use"
            self.api_port = free_port()

    def _listens(self) -> bool:
        with suppress(httpx.TransportError):
            return httpx.get(f"{self.url}/healthz", timeout=5, verify=NO_TLS).is_success
        return False

    def _start_temporal(self) -> None:
        """The first time on whatever ports are free; started again, on those that the others know."""
        known = self.temporal is not None
        for left in (2, 1, 0):
            self.temporal = temporal_server.start(
                self.home, port=self.temporal_port, ui_port=self.ui_port, tuning=self.tuning
            )
            assert not known or self.temporal.port == self.temporal_port
            self.temporal_port, self.ui_port = self.temporal.port, self.temporal.ui_port
            try:
                self.temporal.part.wait_until_ready()
            except CannotStart as problem:
                if known or not left or not any(sign in str(problem) for sign in TAKEN):
                    raise
                self.temporal_port, self.ui_port = free_port(), free_port()
            else:
                return

    def start(self, name: PartName) -> None:
        """From the main thread: whatever is started ends with the thread that starts it."""
        if name == "postgres":
            self.postgres = postgres_server.start(self.home, SAFE_FROM_KILLS if self.forks else ())
            self.postgres.part.wait_until_ready()
            self.postgres.create_database("afterword")
        elif name == "temporal":
            self._start_temporal()
        else:
            log = self.home.path / f"{name}.log"
            if self.forks:
                self.processes[name] = servers().start(name, log, self.environment())
            else:
                self.processes[name] = spawn(self._command(name), log=log, env=self.environment(), cwd=ROOT)

    def run(self, command: str) -> str:
        """What ``afterword <command>`` says; its words are between single spaces."""
        if self.forks:
            return servers().run(command, self.home.path / f"{command.partition(' ')[0]}.log", self.environment())
        words, env = self._command(command), self.environment()
        return subprocess.run(words, cwd=ROOT, env=env, check=True, capture_output=True, text=True).stdout

    def _command(self, command: str) -> list[str]:
        return [sys.executable, "-m", "cli.main", *command.split(" ")]

    def process(self, name: PartName) -> Process:
        if name == "postgres":
            assert self.postgres is not None, "others use that PostgreSQL too: ask for a stack with its own"
            return self.postgres.part.process
        if name == "temporal":
            assert self.temporal is not None, "others use that Temporal too: ask for a stack with its own"
            return self.temporal.part.process
        return self.processes[name]

    def kill(self, name: PartName, number: int = signal.SIGKILL) -> None:
        """kill -9, and waits until it is gone."""
        process = self.process(name)
        process.send_signal(number)
        process.wait(timeout=20)

    def revive(self, name: PartName) -> None:
        """Starts it again, as an operator would."""
        self.start(name)

    def wait_until_ready(self, seconds: float = 120) -> None:
        eventually(lambda: httpx.get(f"{self.url}/readyz", timeout=5, verify=NO_TLS).status_code == 200, seconds)

    def log(self, name: str) -> str:
        if name == "postgres" and self.postgres is None:
            return servers().postgres_log.read_text()
        if name in {"postgres", "temporal"}:
            return (self.home.path / "logs" / f"{name}.log").read_text()
        return (self.home.path / f"{name}.log").read_text()

    def stop(self) -> None:
        for client in self.clients:
            client.close()
        if self.direct is not None:
            self.direct.close()
        for name in ("api", "worker"):
            if process := self.processes.get(name):
                with suppress(ProcessLookupError):
                    process.send_signal(signal.SIGTERM)
        for name in ("api", "worker"):
            if process := self.processes.get(name):
                process.wait(timeout=30)
        for part in (self.temporal, self.postgres):
            if part is not None:
                part.part.stop()

    # People

    def client(self, token: str | None = ADMIN_TOKEN) -> httpx.Client:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        client = httpx.Client(base_url=self.url, headers=headers, timeout=30, verify=NO_TLS)
        self.clients.append(client)
        return client

    def person(self, role: str = "RESPONDER", **fields: Any) -> Person:
        """A new person with a token of their own; ``fields`` as in ``POST /api/users``."""
        assert self.direct is not None
        person_id, token = self.direct.add_person(role, **fields)
        return Person(person_id, self.client(token))


@contextmanager
def shared_stack(*own: PartName, **options: Any) -> Iterator[Stack]:
    """A stack for tests; of PostgreSQL and Temporal it has only those for itself that are named."""
    with (
        tempfile.TemporaryDirectory(prefix="afterword-") as folder,
        running_stack(Path(folder) / "home", own=own, forks=True, **options) as stack,
    ):
        yield stack


@contextmanager
def running_stack(folder: Path, **options: Any) -> Iterator[Stack]:
    """``options`` are a stack's. Ports are wishes: it goes elsewhere where somebody has them."""
    with Home.claim(folder) as home:
        stack = Stack(home, **options)
        try:
            stack.start_all()
            yield stack
        finally:
            stack.stop()
