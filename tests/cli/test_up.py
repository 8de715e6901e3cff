"""``afterword up``: everything starts, stops, survives, and never leaves a process behind.

All tests share one data folder, as a person has one: each start also shows that the test before did no harm."""

import os
import signal
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest

from tests.cli.running import PARTS, Running, environment, free_port, refused, running

NAMES = {"postgres": "PostgreSQL", "temporal": "Temporal", "worker": "the worker", "api": "the API"}


def wait_until(is_so: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while True:
        with suppress(AssertionError, OSError, psutil.Error):
            if is_so():
                return
        assert time.monotonic() < deadline
        time.sleep(0.05)


@dataclass(slots=True)
class Place:
    home: Path
    port: int
    first_administrator: str | None = None

    @contextmanager
    def start(self) -> Iterator[Running]:
        with running(self.home, self.port) as run:
            me: dict[str, Any] = run.get("/api/me")
            self.first_administrator = self.first_administrator or me["id"]
            assert me["id"] == self.first_administrator, "a start finds the data of the one before"
            yield run


@pytest.fixture(scope="module")
def place() -> Iterator[Place]:
    with tempfile.TemporaryDirectory(prefix="afterword-") as folder:
        yield Place(Path(folder) / "home", free_port())


def test_ctrl_c_stops_everything(place: Place) -> None:
    with place.start() as run:
        assert run.get("/readyz")["status"] == "ok"
        assert f"http://127.0.0.1:{place.port}/sign-in?code=" in run.everything_said()
        assert (place.home / "secret_key").stat().st_mode & 0o777 == 0o600
        assert (place.home / "bootstrap_token").stat().st_mode & 0o777 == 0o600
        second = refused("up", environment(place.home, free_port()))
        assert f"process {run.supervisor.pid}" in second
        assert "AFTERWORD_HOME" in second
        os.killpg(run.supervisor.pid, signal.SIGINT)  # as a terminal does: to the whole foreground group
        assert run.supervisor.wait(timeout=30) == 0
        assert not run.left()
        assert not run.complained.read_text()
        for part in ("worker", "api"):
            assert "Traceback" not in (place.home / "logs" / f"{part}.log").read_text()


def test_ctrl_c_while_it_starts_leaves_nothing(place: Place) -> None:
    with running(place.home, place.port, until="PostgreSQL is ready") as run:
        assert run.end(signal.SIGINT) == 0
        assert not run.left()
        assert "Traceback" not in run.everything_said()


def test_a_part_that_ends_is_started_again(place: Place) -> None:
    with place.start() as run:
        for part in PARTS:
            killed = run.part(part)
            killed.kill()
            killed.wait(timeout=10)
            run.wait_for(f"{NAMES[part]} was killed by signal 9; starting it again in 0.5 s")
            run.wait_for(f"{NAMES[part]} is running again")
        wait_until(lambda: run.get("/readyz")["status"] == "ok")
        assert run.get("/api/me")["id"] == place.first_administrator
        assert run.end(signal.SIGTERM) == 0
        assert not run.left()
        assert not run.complained.read_text()


def test_a_part_that_ends_again_and_again_ends_everything(place: Place) -> None:
    with place.start() as run:
        killed: set[int] = set()
        while len(killed) < 5:
            wait_until(lambda: run.part("api").pid not in killed)
            killed.add(run.part("api").pid)
            run.part("api").kill()
        assert run.supervisor.wait(timeout=60) == 1
        assert not run.left()
        said, complaint = run.said.read_text(), run.complained.read_text()
        assert [f"starting it again in {pause} s" in said for pause in ("0.5", "1", "2", "4")] == [True] * 4
        assert complaint.startswith("afterword: the API was killed by signal 9, the 5th time in 2 minutes")
        assert "api.log" in complaint
        assert "Traceback" not in complaint.splitlines()[0]


def test_a_killed_supervisor_takes_its_parts_along_and_can_start_again_at_once(place: Place) -> None:
    with place.start() as run:
        run.supervisor.kill()
        run.supervisor.wait()
        with place.start() as again:
            assert again.end(signal.SIGTERM) == 0
            assert not again.left()
