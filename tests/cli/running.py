"""``afterword up`` as a child process: what it prints, what it started, and whether anything is left of it."""

import json
import os
import random
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

from runtime.processes import end_with

ROOT = Path(__file__).parents[2]
READY = "Press Ctrl-C to stop everything"
PARTS = ("postgres", "temporal", "worker", "api")


PORTS = range(18_000, 32_000)
"""Below those that the kernel hands to outgoing connections, any of which would take a port that was just free."""
TAKEN = ("can't listen on", "address already in use")
_given: set[int] = set()


class PortTaken(AssertionError):
    """Somebody else took the port between the choice and its use: choose another."""


def free_port() -> int:
    """Free a moment ago, and not given to anybody in this process before."""
    while True:
        port = random.choice(PORTS)
        if port not in _given:
            _given.add(port)
            with suppress(OSError), socket.create_server(("127.0.0.1", port)):
                return port


def environment(home: Path, port: int, **more: str) -> dict[str, str]:
    """This one less everything that would point the child elsewhere."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith(("AFTERWORD_", "TEMPORAL_"))}
    return clean | {"AFTERWORD_HOME": str(home), "AFTERWORD_PORT": str(port), "AFTERWORD_DEMO": "0"} | more


def afterword(command: str, env: dict[str, str], **options: Any) -> subprocess.Popen[str]:
    """In a session of its own, as a terminal would start it; it ends with this process, also if that is killed."""
    words, parent = [sys.executable, "-m", "cli.main", command], os.getpid()
    return subprocess.Popen(
        words,
        cwd=ROOT,
        env=env,
        text=True,
        start_new_session=True,
        preexec_fn=lambda: end_with(parent),  # noqa: PLW1509  only a system call; no lock is taken
        **options,
    )


def refused(command: str, env: dict[str, str]) -> str:
    """The one line with which the command refuses."""
    process = afterword(command, env, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    _, errors = process.communicate(timeout=30)
    assert process.returncode == 1, errors
    assert "Traceback" not in errors
    line: str = errors.removesuffix("\n")
    assert "\n" not in line
    return line


@dataclass(slots=True)
class Running:
    """One ``afterword up``."""

    supervisor: subprocess.Popen[str]
    home: Path
    port: int
    said: Path
    complained: Path

    def wait_for(self, words: str, seconds: float = 180) -> None:
        """Raises ``PortTaken``, or AssertionError for any other reason."""
        deadline = time.monotonic() + seconds
        while words not in self.said.read_text():
            if self.supervisor.poll() is not None and any(sign in self.everything_said() for sign in TAKEN):
                raise PortTaken(self.everything_said())
            assert self.supervisor.poll() is None, self.everything_said()
            assert time.monotonic() < deadline, self.everything_said()
            time.sleep(0.02)

    def everything_said(self) -> str:
        return self.said.read_text() + self.complained.read_text()

    def part(self, name: str) -> psutil.Process:
        """The child that runs ``postgres``, ``temporal``, ``worker`` or ``api``."""
        for child in psutil.Process(self.supervisor.pid).children():
            words = child.cmdline()
            if words and name in {Path(words[0]).name, words[-1]}:  # one that just ended has none
                return child
        raise AssertionError(f"no {name} among {psutil.Process(self.supervisor.pid).children()}")

    def get(self, path: str) -> Any:
        token = (self.home / "bootstrap_token").read_text().strip()
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}{path}", headers={"Authorization": f"Bearer {token}"}
        )
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        self.supervisor.send_signal(number)
        return self.supervisor.wait(timeout=30)

    def left(self) -> list[str]:
        """Processes that still belong to this home, after a second in which the dead may be reaped."""
        deadline = time.monotonic() + 1
        while (found := [str(one) for one in psutil.process_iter() if self.owns(one)]) and time.monotonic() < deadline:
            time.sleep(0.05)
        return found

    def owns(self, process: psutil.Process) -> bool:
        with suppress(psutil.Error):
            return process.pid != os.getpid() and (
                process.environ().get("AFTERWORD_HOME") == str(self.home)
                or any(str(self.home) in word for word in process.cmdline())
            )
        return False


@contextmanager
def beginning(home: Path, port: int) -> Iterator[Running]:
    """Whatever the block leaves of it is killed."""
    said, complained = home.with_suffix(".out"), home.with_suffix(".err")
    with said.open("w") as out, complained.open("w") as err:
        supervisor = afterword("up", environment(home, port), stdout=out, stderr=err)
    try:
        yield Running(supervisor, home, port, said, complained)
    finally:
        supervisor.kill()
        supervisor.wait()


@contextmanager
def running(home: Path, port: int, until: str = READY) -> Iterator[Running]:
    """It has said ``until`` inside the block; with another port where somebody took that one."""
    for left in (2, 1, 0):
        with beginning(home, port) as run:
            try:
                run.wait_for(until)
            except PortTaken:
                if not left:
                    raise
                port = free_port()
                continue
            yield run
            return
