"""The embedded servers alone: what a killed run leaves behind never blocks the next one."""

import json
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from runtime.embedded import postgres, temporal
from runtime.embedded.home import Home
from runtime.processes import CannotStart
from tests.cli.running import ROOT

RUN_POSTGRES = """
import sys, time
from pathlib import Path
from runtime.embedded import postgres
with postgres.running(Path(sys.argv[1])):
    print("ready", flush=True)
    time.sleep(60)
"""
HOLD_LOCK = """
import fcntl, sys, time
with open(sys.argv[1], "r+") as lock:
    fcntl.flock(lock, fcntl.LOCK_EX)
    print("held", flush=True)
    time.sleep(60)
"""


def psql(server: postgres.Postgres, sql: str) -> str:
    return server.ask("psql", "-d", "afterword", "-tAc", sql).strip()


def test_a_killed_owner_takes_its_server_along(home: Path) -> None:
    words = [sys.executable, "-c", RUN_POSTGRES, str(home)]
    with subprocess.Popen(words, cwd=ROOT, stdout=subprocess.PIPE, text=True) as owner:
        assert owner.stdout
        assert owner.stdout.readline() == "ready\n"
        server = psutil.Process(owner.pid).children()[0]
        with pytest.raises(CannotStart, match=f"process {owner.pid}"):
            Home.claim(home)
        owner.kill()
    with Home.claim(home):  # waits for the server, which has the claim too
        assert not server.is_running() or server.status() == psutil.STATUS_ZOMBIE  # init may be slow to reap


def test_a_process_id_that_somebody_else_has_now_does_not_block(home: Path) -> None:
    with postgres.running(home):
        left_by_a_kill = (home / "postgres" / "postmaster.pid").read_text()
    lines = left_by_a_kill.splitlines()
    with subprocess.Popen(["sleep", "60"]) as somebody:
        (home / "postgres" / "postmaster.pid").write_text("\n".join([str(somebody.pid), *lines[1:]]))
        with postgres.running(home):
            assert somebody.poll() is None
        somebody.kill()


def test_a_killed_server_starts_again_even_if_its_children_are_slow_to_notice(home: Path) -> None:
    with Home.claim(home) as claimed:
        server = postgres.start(claimed)
        server.part.wait_until_ready()
        child = psutil.Process(server.part.process.pid).children()[0]
        child.suspend()
        server.part.process.kill()
        server.part.process.wait()
        with subprocess.Popen(["sh", "-c", f"sleep 0.7; kill -CONT {child.pid}"]):
            again = postgres.start(claimed)
            again.part.wait_until_ready()
            again.part.stop()


def test_children_that_outlive_their_supervisor_are_ended(tmp_path: Path) -> None:
    """Where the kernel does not do it (not Linux), or a child hangs."""
    lock = tmp_path / "lock"
    lock.touch()
    with subprocess.Popen([sys.executable, "-c", HOLD_LOCK, str(lock)], stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout
        assert child.stdout.readline() == "held\n"
        gone = {"pid": 2**22 + 1, "started": 0.0}
        left = {"pid": child.pid, "started": psutil.Process(child.pid).create_time()}
        lock.write_text(json.dumps(gone) + "\n" + json.dumps(left) + "\n")
        began = time.monotonic()
        with Home.claim(tmp_path):
            assert time.monotonic() - began < 5
            assert child.wait() < 0


def test_a_path_too_long_for_a_socket_and_full_of_odd_characters(home: Path) -> None:
    with Home.claim(home / "a, b%c d=é" / ("x" * 100)) as claimed:
        server = postgres.start(claimed)
        try:
            server.part.wait_until_ready()
            server.create_database("afterword")
            server.create_database("afterword")
            assert psql(server, "select lower('ÄÖ') || current_setting('TimeZone')") == "äöUTC"
        finally:
            server.part.stop()
            server.sockets.rmdir()  # the short folder, outside the home


def test_an_interrupted_first_start_leaves_nothing_half_made(home: Path) -> None:
    (home / "postgres.new" / "base").mkdir(parents=True)
    with postgres.running(home) as url:
        assert url.startswith("postgresql+asyncpg://postgres@/afterword?host=")


def test_a_server_that_cannot_start_says_why(home: Path) -> None:
    with postgres.running(home):
        pass
    (home / "postgres" / "PG_VERSION").write_text("12\n")
    began = time.monotonic()
    with pytest.raises(CannotStart, match="not compatible with this version"), postgres.running(home):
        pass
    assert time.monotonic() - began < 5


def test_temporal_takes_the_next_free_port(home: Path) -> None:
    with Home.claim(home / "one") as one, Home.claim(home / "two") as two:
        first = temporal.start(one, port=17400, ui_port=17800)
        try:
            first.part.wait_until_ready()
            second = temporal.start(two, port=first.port, ui_port=first.ui_port)
            try:
                second.part.wait_until_ready()
                assert second.port > first.port
                assert second.ui_port > first.ui_port
            finally:
                second.part.stop()
        finally:
            first.part.stop()


def test_a_secret_is_made_once_and_is_nobody_elses_to_read(tmp_path: Path) -> None:
    with Home.claim(tmp_path) as home:
        assert home.secret("key", lambda: "one") == home.secret("key", lambda: "two") == "one"
    assert (tmp_path / "key").stat().st_mode & 0o777 == 0o600
