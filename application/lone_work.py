"""Work in a process of its own that ends with it: for libraries whose memory grows, or that a text may crash.

As ``application.text_work`` keeps callers' texts off the event loop. The process starts with an empty environment, so
that it knows no secret, and is killed when it takes too long. What is run here is a function of ``integrations`` with
arguments that can be pickled.
"""

import os
import pickle
import signal
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import anyio
import structlog
from anyio import CapacityLimiter
from anyio.lowlevel import RunVar

from application import lone_process
from domain.errors import TooMuchText

T = TypeVar("T")
log = structlog.get_logger()

WAITING = 20
"""How many pieces of work wait for the one that is being done."""
SECONDS_UNTIL_BEGUN = 30.0
MODULE = "application.lone_process"


@dataclass(frozen=True, slots=True)
class Limits:
    """``seconds`` of a processor, ``seconds_to_answer`` by the clock, ``memory`` in bytes."""

    seconds: int = 20
    seconds_to_answer: float = 40.0
    memory: int = 2 * 1024**3


DEFAULT = Limits()


class TooMuchWork(Exception):
    """It takes more than its limits."""


class Crashed(Exception):
    """The process ended without an answer."""


_PLACES: RunVar[CapacityLimiter] = RunVar("lone_work")


async def run_alone(work: Callable[..., T], *args: Any, limits: Limits = DEFAULT) -> T:
    """``work(*args)``. Raises what it refuses with; TooMuchWork, Crashed; TooMuchText if too much of others' waits
    before it."""
    places = _places()
    if places.statistics().tasks_waiting >= WAITING:
        raise TooMuchText()
    asked = object()
    try:
        with anyio.fail_after(SECONDS_UNTIL_BEGUN):
            await places.acquire_on_behalf_of(asked)
    except TimeoutError:
        raise TooMuchText() from None
    try:
        packed = await anyio.to_thread.run_sync(pickle.dumps, (work, args, limits.seconds, limits.memory))
        kind, found = await _answer(packed, limits)
    finally:
        places.release_on_behalf_of(asked)
    if kind == lone_process.REFUSED:
        refusal, facts = found
        raise refusal(**facts)
    if kind == lone_process.OUT_OF_MEMORY:
        raise TooMuchWork
    done: T = found
    return done


async def _answer(packed: bytes, limits: Limits) -> tuple[str, Any]:
    try:
        with anyio.fail_after(limits.seconds_to_answer):
            ended = await anyio.run_process(
                [sys.executable, "-m", MODULE], input=packed, check=False, env=_environment(), start_new_session=True
            )
    except TimeoutError:
        raise TooMuchWork from None
    if ended.returncode in {-signal.SIGXCPU, -signal.SIGKILL}:
        raise TooMuchWork
    if ended.returncode or not ended.stdout:
        log.error("lone_work_crashed", code=ended.returncode, said=ended.stderr.decode("utf-8", "replace")[-4000:])
        raise Crashed
    found: tuple[str, Any] = await anyio.to_thread.run_sync(pickle.loads, ended.stdout)
    return found


def _environment() -> dict[str, str]:
    """One thread, so that its memory doesn't depend on the machine's processors."""
    kept = {name: os.environ[name] for name in ("PYTHONDONTWRITEBYTECODE", "TMPDIR") if name in os.environ}
    path = os.pathsep.join(one or str(Path.cwd()) for one in sys.path)
    return {"PYTHONPATH": path, "RAYON_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "2", "LC_ALL": "C.UTF-8", **kept}


def _places() -> CapacityLimiter:
    try:
        return _PLACES.get()
    except LookupError:
        places = CapacityLimiter(1)
        _PLACES.set(places)
        return places
