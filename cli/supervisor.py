"""Starts parts in order, watches them, and leaves nothing behind."""

import signal
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from types import FrameType

from runtime.embedded.home import Home
from runtime.processes import PAUSE, CannotStart, Part, spawn

ROOT = Path(__file__).resolve().parents[1]
WATCH_EVERY = 0.1  # seconds
ONE_WISH = 1.0  # seconds in which several signals are one: `make` passes on what the terminal has sent already
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stopped(Exception):
    """Somebody asked for the end."""


class Supervisor:
    """The parts of one run in one home, stopped in the opposite order of their start."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self.parts: list[Part] = []
        self.began = time.monotonic()
        self.first_wish: float | None = None
        self.impatient = False
        for number in STOP_SIGNALS:
            signal.signal(number, self.note_wish)

    def note_wish(self, _number: int, _frame: FrameType | None) -> None:
        """Only notes it: an exception here could hit between a start and its note."""
        now = time.monotonic()
        if self.first_wish is None:
            self.first_wish = now
        elif now - self.first_wish > ONE_WISH:
            self.impatient = True

    def say(self, text: str) -> None:
        with suppress(OSError):  # the terminal may be gone, and stopping must go on
            print(f"  {time.monotonic() - self.began:5.1f} s  {text}", flush=True)

    def start(self, command: list[str], name: str, env: Mapping[str, str], is_ready: Callable[[], bool]) -> Part:
        """Starts ``afterword <command>``; ``name`` is what people read."""
        log = self.home.log(command[0])
        words = [sys.executable, "-m", "cli.main", *command]
        process = spawn(words, log=log, env=env, cwd=ROOT, keep_open=[self.home.lock])
        self.home.remember(process.pid)
        return Part(name, process, log, is_ready, patience=15)

    def run_to_end(self, command: list[str], env: Mapping[str, str], seconds: float) -> None:
        name = f"`afterword {' '.join(command)}`"
        step = self.start(command, name, env, is_ready=lambda: True)
        try:
            self.wait_for(lambda: step.process.poll() is not None, seconds, lambda: f"{name} hasn't finished")
        finally:
            step.stop()
        if step.process.returncode:
            raise CannotStart(f"{name} {step.how_it_ended()}\n{step.last_words()}")

    def wait_until_ready(self, part: Part, seconds: float, why_not: Callable[[], str] = lambda: "") -> None:
        self.wait_for(part.is_ready, seconds, lambda: f"{part.name} isn't ready{why_not()}\n{part.last_words()}")

    def wait_for(self, done: Callable[[], bool], seconds: float, complaint: Callable[[], str]) -> None:
        deadline = time.monotonic() + seconds
        while not done():
            self.check()
            if time.monotonic() > deadline:
                raise CannotStart(f"after {seconds:.0f} s {complaint()}")
            time.sleep(PAUSE)

    def watch(self) -> None:
        """Until somebody asks for the end (``Stopped``) or a part ends by itself (``CannotStart``)."""
        while True:
            self.check()
            time.sleep(WATCH_EVERY)

    def check(self) -> None:
        if self.first_wish is not None:
            raise Stopped
        for part in self.parts:
            if part.process.poll() is not None:
                raise CannotStart(f"{part.name} {part.how_it_ended()}; its last lines:\n{part.last_words()}")

    def stop(self) -> None:
        self.say("stopping" + (" (press Ctrl-C again to stop at once)" if sys.stdin and sys.stdin.isatty() else ""))
        for part in reversed(self.parts):
            part.stop(lambda: self.impatient)
        self.say("everything has stopped")
