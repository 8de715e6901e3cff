"""What every test of a run shares: one PostgreSQL, one Temporal, and a process that forks Afterword's own.

They live in a process of their own (``python -m tests.servers``), which ends with whoever started it and takes
everything along. pytest-xdist's controller starts it for all its workers; without xdist the first test that needs it.

- A database is a copy of a template that was migrated once; a stack's is a copy of one that was seeded too.
- Each stack and each lab has a Temporal namespace of its own, so that their fixed task queues do not meet.
- ``afterword api`` needs three seconds of a processor to import itself. A process that has imported everything already
  forks the API, the worker and short commands instead: each is a process like any other, and may be killed.

PostgreSQL runs without ``fsync`` here: nothing is lost when a process is killed, only when the machine is.
"""

import asyncio
import atexit
import gc
import importlib
import json
import os
import pkgutil
import select
import shutil
import signal
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
from temporalio.worker._worker import load_default_build_id

from runtime.embedded import postgres as postgres_server
from runtime.embedded import temporal as temporal_server
from runtime.embedded.home import Home
from runtime.processes import end_with
from tests.cli.running import ROOT, free_port

ADMIN_TOKEN = "test-administrator-token"
SECRET_KEY = "test-secret-key"
WHERE = "TEST_SERVERS"
"""The environment variable with the folder of the servers of this run."""
MIGRATED, SEEDED = "migrated", "seeded"
SAFE_FROM_KILLS = ("fsync=off", "full_page_writes=off")
"""For a PostgreSQL of tests that may be killed, as long as the machine is not."""
UNSAFE = (*SAFE_FROM_KILLS, "synchronous_commit=off", "max_connections=400")
TIME_SKIPPING = (
    "frontend.WorkflowTimeSkippingEnabled=true",
    "system.workflowTimeSkippingEnabled=true",
    'history.timerProcessorMaxTimeShift="1ms"',
)
OURS = ("activities", "api", "application", "cli", "domain", "integrations", "models", "runtime", "workflows")
"""All of them is imported before anything is forked, and so is the rest of what follows."""
OTHERS = (
    *("worker", "uvicorn", "uvicorn.lifespan.on", "uvicorn.loops.auto", "uvicorn.protocols.http.auto"),
    *(
        "uvicorn.protocols.websockets.auto",
        "alembic.command",
        "alembic.config",
        "sqlalchemy.dialects.postgresql.asyncpg",
    ),
)
LONGEST_MESSAGE = 200_000
T = TypeVar("T")


class Process(Protocol):
    """What tests do with a process: ``subprocess.Popen`` has it, and so has one that was forked."""

    @property
    def pid(self) -> int: ...

    def poll(self) -> int | None: ...

    def wait(self, timeout: float | None = None) -> int: ...

    def send_signal(self, number: int, /) -> None: ...


# Seen from tests


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
        code = self.start(command, log, env).wait(60)
        assert code == 0, log.read_text()[-2000:]
        return log.read_text()

    def ask(self, **words: Any) -> dict[str, Any]:
        with self.lock:
            self.channel.send(json.dumps(words).encode())
            answer: dict[str, Any] = json.loads(self.channel.recv(LONGEST_MESSAGE))
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
        if self.poll() is None:
            end = os.pidfd_open(self.pid)  # safe: nobody else gets the number before it was asked about
            try:
                select.select([end], [], [], timeout)
            finally:
                os.close(end)
        code = self.poll()
        if code is None:
            raise subprocess.TimeoutExpired(str(self.pid), timeout or 0)
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
            [sys.executable, "-m", "tests.servers", str(folder)],
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
    channel = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
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


# In the process that has them


@dataclass(slots=True)
class House:
    """The servers, and who was forked for whom."""

    home: Home
    postgres: postgres_server.Postgres
    temporal: temporal_server.Temporal
    codes: dict[int, int | None] = field(default_factory=dict)
    forked_for: dict[socket.socket, list[int]] = field(default_factory=dict)
    door: socket.socket | None = None

    def copy_database(self, name: str, template: str) -> str:
        words = f'create database "{name}" template "{template}"'
        self.postgres.ask("psql", "-d", "postgres", "-qc", words)
        return self.postgres.url(name)

    def make_templates(self) -> None:
        self.postgres.create_database(MIGRATED)
        self._finish("migrate", MIGRATED)
        self.copy_database(SEEDED, MIGRATED)
        self._finish("seed", SEEDED)

    def _finish(self, command: str, database: str) -> None:
        env = dict(os.environ) | {
            "AFTERWORD_DATABASE_URL": self.postgres.url(database),
            "AFTERWORD_SECRET_KEY": SECRET_KEY,
            "AFTERWORD_BOOTSTRAP_TOKEN": ADMIN_TOKEN,
            "AFTERWORD_DEMO": "0",
        }
        _, code = os.waitpid(self.fork(command, env, None), 0)
        assert code == 0, f"afterword {command} ended with {code}"

    def fork(self, command: str, env: dict[str, str], log: str | None) -> int:
        parent, child = os.getpid(), os.fork()
        if child:
            self.codes[child] = None
            return child
        try:
            os.setsid()
            end_with(parent)
            for one in (self.door, *self.forked_for):
                if one is not None:
                    one.close()
            os.close(self.home.lock)
            _become(command, env, log)
        finally:
            os._exit(1)

    def answer(self, asked: dict[str, Any], asker: socket.socket) -> dict[str, Any]:
        if "database" in asked:
            return {"url": self.copy_database(asked["database"], asked["template"])}
        if "command" in asked:
            pid = self.fork(asked["command"], asked["env"], asked["log"])
            self.forked_for[asker].append(pid)
            return {"pid": pid}
        return {"code": self.code(asked["pid"])}

    def code(self, pid: int) -> int | None:
        if self.codes[pid] is None:
            ended, status = os.waitpid(pid, os.WNOHANG)
            if ended:
                self.codes[pid] = os.waitstatus_to_exitcode(status)
        return self.codes[pid]

    def serve(self, door: socket.socket) -> None:
        self.door = door
        while True:
            for one in select.select([door, *self.forked_for], [], [])[0]:
                if one is door:
                    self.forked_for[door.accept()[0]] = []
                elif message := one.recv(LONGEST_MESSAGE):
                    try:
                        answer = self.answer(json.loads(message), one)
                    except Exception as problem:  # noqa: BLE001 - whoever asked is told
                        answer = {"problem": repr(problem)}
                    one.send(json.dumps(answer).encode())
                else:
                    for pid in self.forked_for.pop(one):
                        if self.code(pid) is None:
                            os.kill(pid, signal.SIGKILL)
                    one.close()


def _become(command: str, env: dict[str, str], log: str | None) -> None:
    """This process, just forked, is ``afterword <command>`` from here on."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)
    os.umask(0o077)
    if log:
        output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(output, 1)
        os.dup2(output, 2)
        os.close(output)
    os.environ.clear()
    os.environ.update(env)
    sys.argv = ["afterword", *command.split(" ")]
    code: Any = 0
    try:
        from cli.main import main as afterword  # noqa: PLC0415 - nobody else here needs it

        afterword()
    except SystemExit as end:
        code = end.code
    except BaseException:  # noqa: BLE001 - as the interpreter does at the end
        sys.excepthook(*sys.exc_info())
        code = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code if isinstance(code, int) else int(code is not None))


def _import_everything() -> None:
    for name in OTHERS:
        importlib.import_module(name)
    for name in OURS:
        for one in pkgutil.walk_packages([str(ROOT / name)], f"{name}."):
            if one.name != "cli.main":
                importlib.import_module(one.name)
    load_default_build_id(memoize=True)  # a worker's name for itself: a digest of all that is imported


def _start_temporal(home: Home) -> temporal_server.Temporal:
    return temporal_server.start(home, port=free_port(), ui_port=free_port(), tuning=TIME_SKIPPING)


def main(folder: Path) -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with Home.claim(folder / "home") as home:
        house = House(home, postgres_server.start(home, UNSAFE), _start_temporal(home))
        try:
            _import_everything()
            gc.collect()
            gc.freeze()
            house.postgres.part.wait_until_ready()
            house.make_templates()
            house.temporal.part.wait_until_ready()
            told = {"sockets": str(house.postgres.sockets), "temporal_port": house.temporal.port}
            (folder / "told.json").write_text(json.dumps(told))
            with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as door:
                door.bind(str(folder / "door"))
                door.listen(64)
                house.serve(door)
        finally:
            for pid, code in house.codes.items():
                if code is None:
                    os.kill(pid, signal.SIGKILL)
                    os.waitpid(pid, 0)  # so that ``time make test`` counts it
            for part in (house.temporal.part, house.postgres.part):
                part.stop()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
