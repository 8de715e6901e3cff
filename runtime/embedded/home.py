"""The folder under which an embedded Afterword lives (``AFTERWORD_HOME``), and the claim on it.

The claim is a ``flock`` that every child inherits: it is free only when the last process of the run that held
it is gone, so whoever holds it knows that no server of an earlier run still writes here.
"""

import fcntl
import json
import os
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil

from runtime.processes import PAUSE, CannotStart

LEFTOVERS_GET = 10.0  # seconds to end by themselves: a PostgreSQL may have a checkpoint to write


@dataclass(frozen=True, slots=True)
class Home:
    """A claimed home. Make it with ``Home.claim``."""

    path: Path
    lock: int
    """The open, locked file descriptor."""

    @classmethod
    def claim(cls, path: Path) -> Self:
        """Raises ``CannotStart`` when somebody else lives here."""
        path = path.absolute()
        try:
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = os.open(path / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise CannotStart(f"can't use {path}: {error.strerror} (AFTERWORD_HOME chooses the folder)") from None
        try:
            _take(lock, path)
        except BaseException:
            os.close(lock)
            raise
        home = cls(path, lock)
        os.ftruncate(lock, 0)
        home.remember(os.getpid())
        return home

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        os.close(self.lock)

    def remember(self, pid: int) -> None:
        """Writes a process down, so that the next claim can end it if it outlives its supervisor."""
        with suppress(psutil.NoSuchProcess):
            line = json.dumps({"pid": pid, "started": psutil.Process(pid).create_time()}) + "\n"
            os.pwrite(self.lock, line.encode(), os.fstat(self.lock).st_size)

    def log(self, name: str) -> Path:
        """An empty log file; that of the run before is kept beside it."""
        folder = self.path / "logs"
        folder.mkdir(mode=0o700, exist_ok=True)
        log = folder / f"{name}.log"
        if log.exists():
            log.replace(folder / f"{name}.before.log")
        log.touch(mode=0o600)
        return log

    def secret(self, name: str, make: Callable[[], str]) -> str:
        """The secret of that name, made once and kept in a file that only its owner can read."""
        path = self.path / name
        if not path.exists():
            half = path.with_suffix(".new")
            half.unlink(missing_ok=True)
            with open(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:  # noqa: PTH123
                file.write(make() + "\n")
            half.rename(path)
        return path.read_text().strip()


def _take(lock: int, path: Path) -> None:
    deadline = time.monotonic() + LEFTOVERS_GET
    asked: set[int] = set()
    while not _try(lock):
        supervisor, *children = _remembered(lock) or [None]
        if supervisor:
            raise CannotStart(
                f"another Afterword (process {supervisor.pid}) is already running in {path}: "
                "stop it first, or choose another folder with AFTERWORD_HOME"
            )
        overdue = time.monotonic() > deadline
        for child in children:
            if child and (overdue or child.pid not in asked):
                asked.add(child.pid)
                with suppress(psutil.NoSuchProcess):
                    child.kill() if overdue else child.terminate()
        if time.monotonic() > deadline + 2:
            raise CannotStart(f"processes of an earlier run still use {path / 'lock'}: end them, then start again")
        time.sleep(PAUSE)


def _try(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _remembered(lock: int) -> list[psutil.Process | None]:
    """The processes written down by whoever holds the claim, supervisor first; None for one that is gone."""
    lines = os.pread(lock, os.fstat(lock).st_size, 0).decode().splitlines()
    return [_same_process(json.loads(line)) for line in lines]


def _same_process(entry: dict[str, float]) -> psutil.Process | None:
    try:
        process = psutil.Process(int(entry["pid"]))
        same = abs(process.create_time() - entry["started"]) < 1 and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return None
    return process if same else None  # process ids are used again
