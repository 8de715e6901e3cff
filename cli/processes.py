"""Several processes of one kind, which share the work; :mod:`cli.supervisor` does the same for different parts.

What ends by itself is started again with a growing pause.
"""

import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from multiprocessing.process import BaseProcess
from types import FrameType
from typing import Any

from cli.endings import Endings
from runtime.processes import CannotStart, end_with

WATCH_EVERY = 0.1  # seconds
PATIENCE = 25.0  # seconds that a process has to end: longer than a worker takes to hand its work over
_SPAWN = multiprocessing.get_context("spawn")


@dataclass(slots=True)
class Place:
    """Where one of the processes is, was, or will be."""

    number: int
    process: BaseProcess | None = None
    start_at: float = 0.0
    endings: Endings = field(default_factory=Endings)


def run_processes(
    what: str, count: int, work: Callable[..., None], *arguments: Any, patience: float = PATIENCE
) -> None:
    """``work(number, *arguments)`` in each process, until SIGTERM or SIGINT. Raises CannotStart if one keeps ending."""
    stop: list[int] = []

    def note(number: int, _frame: FrameType | None) -> None:
        stop.append(number)

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, note)
    places = [Place(number) for number in range(count)]
    try:
        while not stop:
            for place in places:
                _look_after(what, place, work, arguments)
            time.sleep(WATCH_EVERY)
    finally:
        _end([place.process for place in places if place.process is not None], patience)


def _look_after(what: str, place: Place, work: Callable[..., None], arguments: tuple[Any, ...]) -> None:
    now = time.monotonic()
    if place.process is None:
        if now >= place.start_at:
            place.process = _SPAWN.Process(target=_child, args=(os.getpid(), work, place.number, *arguments))
            place.process.start()
    elif place.process.exitcode is not None:
        code = place.process.exitcode
        ended = f"was killed by signal {-code}" if code < 0 else f"ended with exit code {code}"
        how = f"{what} process {place.number + 1} {ended}"
        pause = place.endings.note(now)
        place.process, place.start_at = None, now + pause
        if place.endings.are_too_many:
            raise CannotStart(f"{how}, {place.endings}. See its log above.")
        print(f"afterword: {how}; starting it again in {pause:g} s", file=sys.stderr, flush=True)


def _end(processes: list[BaseProcess], patience: float) -> None:
    for one in processes:
        one.terminate()
    deadline = time.monotonic() + patience
    for one in processes:
        one.join(max(0.0, deadline - time.monotonic()))
        if one.exitcode is None:
            one.kill()
            one.join()


def _child(parent: int, work: Callable[..., None], number: int, *arguments: Any) -> None:
    end_with(parent)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the terminal's Ctrl-C reaches the parent, too, which passes it on
    try:
        work(number, *arguments)
    except CannotStart as problem:
        print(f"afterword: {problem}", file=sys.stderr, flush=True)
        sys.exit(1)
