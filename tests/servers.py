"""What every test of a run shares: one PostgreSQL, one Temporal, and a process that forks Afterword's own.

They live in a process of their own (``tests.fork_server``), which ends with whoever started it and takes
everything along. pytest-xdist's controller starts it for all its workers; without xdist the first test that needs it.

- A database is a copy of a template that was migrated once; a stack's is a copy of one that was seeded too.
- Each stack and each lab has a Temporal namespace of its own, so that their fixed task queues do not meet.
- ``afterword api`` needs three seconds of a processor to import itself. A process that has imported everything already
  forks the API, the worker and short commands instead: each is a process like any other, and may be killed.

PostgreSQL runs without ``fsync`` here: nothing is lost when a process is killed, only when the machine is.
"""

import asyncio
import atexit
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Coroutine, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any, Protocol, TypeVar
from uuid import uuid4

from google.protobuf.duration_pb2 import Duration
from temporalio.api.workflowservice.v1 import RegisterNamespaceRequest
from temporalio.client import Client

from runtime.processes import end_with
from tests.cli.running import ROOT

ADMIN_TOKEN = "test-administrator-token"
SECRET_KEY = "test-secret-key"
WHERE = "TEST_SERVERS"
"""The environment variable with the folder of the servers of this run."""
MIGRATED, SEEDED = "migrated", "seeded"
SAFE_FROM_KILLS = ("fsync=off", "full_page_writes=off")
"""For a PostgreSQL of tests that may be killed, as long as the machine is not."""
TIME_SKIPPING = (
    "frontend.WorkflowTimeSkippingEnabled=true",
    "system.workflowTimeSkippingEnabled=true",
    'history.timerProcessorMaxTimeShift="1ms"',
)
T = TypeVar("T")


def write(channel: socket.socket, message: Mapping[str, Any]) -> None:
    channel.sendall(json.dumps(message).encode() + b"\n")


def read(channel: socket.socket) -> dict[str, Any] | None:
    """One message, of which each is answered before the next one comes; None when nobody is there any more."""
    kept = b""
    while not kept.endswith(b"\n"):
        part = channel.recv(65_536)
        if not part:
            return None
        kept += part
    found: dict[str, Any] = json.loads(kept)
    return found


class Process(Protocol):
    """What tests do with a process: ``subprocess.Popen`` has it, and so has one that was forked."""

    @property
    def pid(self) -> int: ...

    def poll(self) -> int | None: ...

    def wait(self, timeout: float | None = None) -> int: ...

    def send_signal(self, number: int, /) -> None: ...


@dataclass(slots=True)
class Servers:
    """A connection to the process that has the servers."""

    folder: Path
    channel: socket.socket
    sockets: Path
    temporal_port: int
    lock: Lock = field(default_factory=Lock)

    @property
    def temporal_address(self) -> str:
        return f"127.0.0.1:{self.temporal_port}"

    @property
    def postgres_log(self) -> Path:
        return self.folder / "home" / "logs" / "postgres.log"

    def database(self, template: str = MIGRATED) -> str:
        """The URL of a new database."""
        return self.ask(database=f"d{uuid4().hex[:12]}", template=template)["url"]  # type: ignore[no-any-return]

    def namespace(self) -> str:
        """A new one, by its name."""
        name = f"n{uuid4().hex[:12]}"
        elsewhere(_register(self.temporal_address, name))
        return name

    def start(self, command: str, log: Path, env: Mapping[str, str]) -> "Forked":
        """``afterword <command>``, with what follows it after single spaces, as a process of its own."""
        return Forked(self, self.ask(command=command, log=str(log), env=dict(env))["pid"])

    def run(self, command: str, log: Path, env: Mapping[str, str]) -> str:
        """The same for a command that ends by itself; what it said."""
        log.unlink(missing_ok=True)
        code = self.start(command, log, env).wait(300)
        assert code == 0, log.read_text()[-2000:]
        return log.read_text()

    def ask(self, **words: Any) -> dict[str, Any]:
        with self.lock:
            write(self.channel, words)
            answer = read(self.channel)
        assert answer is not None, (self.folder / "log").read_text()[-2000:]
        assert "problem" not in answer, answer["problem"]
        return answer


@dataclass(slots=True)
class Forked:
    """A process that the servers' process forked for us."""

    servers: Servers
    pid: int
    code: int | None = None

    def poll(self) -> int | None:
        if self.code is None:
            self.code = self.servers.ask(pid=self.pid)["code"]
        return self.code

    def wait(self, timeout: float | None = None) -> int:
        deadline = time.monotonic() + timeout if timeout is not None else None
        while (code := self.poll()) is None:
            if deadline is not None and time.monotonic() > deadline:
                raise subprocess.TimeoutExpired(str(self.pid), timeout or 0)
            time.sleep(0.01)
        return code

    def send_signal(self, number: int, /) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)


def elsewhere(work: Coroutine[Any, Any, T]) -> T:
    """Runs it in a thread of its own: in this one a loop may run already, such as Playwright's."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, work).result()


async def _register(address: str, name: str) -> None:
    client = await Client.connect(address)
    asked = RegisterNamespaceRequest(namespace=name, workflow_execution_retention_period=Duration(seconds=86_400))
    await client.workflow_service.register_namespace(asked)


def begin() -> None:
    """Starts the servers, for this process and those that it starts; returns at once."""
    folder = Path(tempfile.mkdtemp(prefix="afterword-"))
    folder.chmod(0o711)  # PostgreSQL's own user comes by
    parent = os.getpid()
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.fork_server", str(folder)],
            cwd=ROOT,
            env={name: value for name, value in os.environ.items() if not name.startswith(("AFTERWORD_", "TEMPORAL_"))},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=lambda: end_with(parent),  # noqa: PLW1509  only a system call; no lock is taken
        )
    os.environ[WHERE] = str(folder)
    atexit.register(_end, process, folder)


def _end(process: "subprocess.Popen[bytes]", folder: Path) -> None:
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(30)
    process.kill()
    process.wait()
    shutil.rmtree(folder, ignore_errors=True)


@cache
def servers() -> Servers:
    """Those of this run, once they are ready."""
    if WHERE not in os.environ:
        begin()
    folder = Path(os.environ[WHERE])
    channel = socket.socket(socket.AF_UNIX)
    deadline = time.monotonic() + 120
    while True:
        try:
            channel.connect(str(folder / "door"))
        except OSError:
            assert time.monotonic() < deadline, (folder / "log").read_text()[-2000:]
            time.sleep(0.05)
        else:
            break
    told = json.loads((folder / "told.json").read_text())
    return Servers(folder, channel, Path(told["sockets"]), told["temporal_port"])
