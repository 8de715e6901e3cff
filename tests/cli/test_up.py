"""``afterword up``: everything starts, stops, survives, and never leaves a process behind.

All tests share one data folder, as a person has one: each start also shows that the test before did no harm."""

import os
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.cli.running import PARTS, Running, environment, free_port, refused, running


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


@pytest.mark.parametrize("part", PARTS)
def test_when_one_part_dies_the_others_are_stopped(part: str, place: Place) -> None:
    with place.start() as run:
        run.part(part).kill()
        assert run.supervisor.wait(timeout=30) == 1
        assert not run.left()
        complaint = run.complained.read_text()
        assert part in complaint.splitlines()[0].lower()
        assert "was killed by signal 9" in complaint
        assert f"{part}.log" in complaint
        assert "Traceback" not in complaint.splitlines()[0]


def test_a_killed_supervisor_takes_its_parts_along_and_can_start_again_at_once(place: Place) -> None:
    with place.start() as run:
        run.supervisor.kill()
        run.supervisor.wait()
        with place.start() as again:
            assert again.end(signal.SIGTERM) == 0
            assert not again.left()
