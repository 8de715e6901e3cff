"""The process that has the servers of ``tests.servers``, and forks Afterword's own processes on request.

It imports everything once; whatever it forks begins from there. It ends with whoever started it, and what was forked
for somebody ends with them.
"""

import gc
import importlib
import json
import os
import pkgutil
import select
import signal
import socket
import sys
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

from temporalio.worker._worker import load_default_build_id

from runtime.embedded import postgres as postgres_server
from runtime.embedded import temporal as temporal_server
from runtime.embedded.home import Home
from runtime.processes import end_with
from tests.cli.running import ROOT, free_port
from tests.servers import ADMIN_TOKEN, MIGRATED, SAFE_FROM_KILLS, SECRET_KEY, SEEDED, TIME_SKIPPING, read, write
from tests.watching import held_connections

UNSAFE = (*SAFE_FROM_KILLS, "synchronous_commit=off", "max_connections=400")
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
                elif asked := read(one):
                    try:
                        answer = self.answer(asked, one)
                    except Exception as problem:  # noqa: BLE001 - whoever asked is told
                        answer = {"problem": repr(problem)}
                    write(one, answer)
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
    held_connections.watch()
    sys.modules["__main__"] = ModuleType("__main__")  # what it starts has nothing to import from here
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
            with socket.socket(socket.AF_UNIX) as door:
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
