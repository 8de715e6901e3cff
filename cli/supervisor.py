"""Starts parts in order, starts again what ends by itself, and leaves nothing behind."""

import signal
import sys
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

from cli.endings import Endings
from runtime.embedded.home import Home
from runtime.processes import PAUSE, CannotStart, Part, spawn

ROOT = Path(__file__).resolve().parents[1]
WATCH_EVERY = 0.1  # seconds
ONE_WISH = 1.0  # seconds in which several signals are one: `make` passes on what the terminal has sent already
STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Stopped(Exception):
    """Somebody asked for the end."""


@dataclass(slots=True)
class Kept:
    """A part that is started again when it ends."""

    part: Part
    start: Callable[[], Part]
    endings: Endings = field(default_factory=Endings)
    start_at: float | None = None
    """When it is due to be started again; None while it runs."""
    is_returning: bool = False

    def note_ending(self, now: float) -> float:
        """How many seconds to wait. Raises :class:`CannotStart` where it ended too often."""
        pause = self.endings.note(now)
        if self.endings.are_too_many:
            how = f"{self.part.name} {self.part.how_it_ended()}, {self.endings}"
            raise CannotStart(f"{how}; its last lines:\n{self.part.last_words()}")
        self.start_at, self.is_returning = now + pause, False
        return pause

    def start_again(self) -> None:
        self.part, self.start_at, self.is_returning = self.start(), None, True

    def is_back(self) -> bool:
        """True once, when it is ready after it was started again."""
        if self.is_returning and self.part.is_ready():
            self.is_returning = False
            return True
        return False


class Supervisor:
    """The parts of one run in one home, stopped in the opposite order of their start."""

    def __init__(self, home: Home) -> None:
        self.home = home
        self.kept: list[Kept] = []
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

    def keep(self, part: Part, start: Callable[[], Part]) -> None:
        """``start`` is called whenever the part ends by itself once everything runs."""
        self.kept.append(Kept(part, start))

    def watch(self) -> None:
        """Until somebody asks for the end (``Stopped``) or a part ends again and again (``CannotStart``)."""
        while True:
            self._check_wish()
            for kept in self.kept:
                self._look_after(kept)
            time.sleep(WATCH_EVERY)

    def _look_after(self, kept: Kept) -> None:
        now = time.monotonic()
        if kept.start_at is not None:
            if now >= kept.start_at:
                kept.start_again()
        elif kept.part.process.poll() is not None:
            how = kept.part.how_it_ended()
            pause = kept.note_ending(now)
            self.say(f"{kept.part.name} {how}; starting it again in {pause:g} s (log: {kept.part.log})")
        elif kept.is_back():
            self.say(f"{kept.part.name} is running again")

    def check(self) -> None:
        """While everything is being started, a part that ends is a reason to give up."""
        self._check_wish()
        for part in (one.part for one in self.kept):
            if part.process.poll() is not None:
                raise CannotStart(f"{part.name} {part.how_it_ended()}; its last lines:\n{part.last_words()}")

    def _check_wish(self) -> None:
        if self.first_wish is not None:
            raise Stopped

    def stop(self) -> None:
        self.say("stopping" + (" (press Ctrl-C again to stop at once)" if sys.stdin and sys.stdin.isatty() else ""))
        for kept in reversed(self.kept):
            kept.part.stop(lambda: self.impatient)
        self.say("everything has stopped")
