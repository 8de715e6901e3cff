"""Work on callers' text in processes of their own, so that no text can stop the event loop.

Parsing Markdown, comparing texts, and looking at files are quick for what people write, and take seconds for what
somebody makes for it. Short texts never wait for long ones. A process that takes too long is killed; the next text
gets a new one. What is run here is a function of ``domain`` or ``integrations``, with arguments that can be pickled.
"""

import pickle
import resource
import signal
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar, cast

import anyio
from anyio import BrokenWorkerProcess, CapacityLimiter, to_process, to_thread
from anyio.lowlevel import RunVar

from domain.errors import DomainError, TextTooComplex, TooMuchText
from domain.errors.refusal import Fact

T = TypeVar("T")

LONG = 20_000
"""Characters from which on a text is long."""
SECONDS = 5.0
"""Of a processor, for one piece of work that says nothing else."""
SECONDS_TO_ANSWER = 30.0
"""By the clock: a process that hangs, or that nobody gives a processor to, is killed."""
SECONDS_UNTIL_BEGUN = 30.0
WAITING = 100
"""How many pieces of work wait for others of their length."""
MUCH = 50_000
"""Bytes of a result from which on it is unpacked in a thread."""
MEMORY = 1024**3
"""Bytes that one process may take."""


@dataclass(frozen=True, slots=True)
class _Lanes:
    short: CapacityLimiter = field(default_factory=lambda: CapacityLimiter(1))
    long: CapacityLimiter = field(default_factory=lambda: CapacityLimiter(1))
    processes: CapacityLimiter = field(default_factory=lambda: CapacityLimiter(2))


_LANES: RunVar[_Lanes] = RunVar("text_work")


@dataclass(frozen=True, slots=True)
class _Refused:
    """A refusal on its way back: an exception with keyword arguments cannot be pickled."""

    kind: type[DomainError]
    facts: dict[str, Fact]


async def run(work: Callable[..., T], *args: Any, length: int, seconds: float = SECONDS) -> T:
    """``work(*args)`` for a text of so many characters; it may take so many seconds of a processor.

    Raises what it raises; TextTooComplex if it takes too long, TooMuchText if too much of others' waits before it.
    """
    lanes = _lanes()
    lane = lanes.long if length > LONG else lanes.short
    if lane.statistics().tasks_waiting >= WAITING:
        raise TooMuchText()
    place = object()
    try:
        with anyio.fail_after(SECONDS_UNTIL_BEGUN):
            await lane.acquire_on_behalf_of(place)
    except TimeoutError:
        raise TooMuchText() from None
    try:
        found = await _run_limited(lanes, work, args, seconds)
    finally:
        lane.release_on_behalf_of(place)
    if isinstance(found, _Refused):
        raise found.kind(**found.facts)
    return found


async def _run_limited(lanes: _Lanes, work: Callable[..., T], args: tuple[Any, ...], seconds: float) -> T | _Refused:
    """A process that somebody killed while it was idle is noticed only now, so a second one is tried."""
    try:
        with anyio.fail_after(SECONDS_TO_ANSWER):
            try:
                return await _in_process(lanes, work, args, seconds)
            except BrokenWorkerProcess:
                return await _in_process(lanes, work, args, seconds)
    except (TimeoutError, BrokenWorkerProcess, MemoryError, RecursionError):
        raise TextTooComplex() from None


async def _in_process(lanes: _Lanes, work: Callable[..., T], args: tuple[Any, ...], seconds: float) -> T | _Refused:
    packed = await to_process.run_sync(_carry_out, work, args, seconds, cancellable=True, limiter=lanes.processes)
    if len(packed) < MUCH:
        return cast("T | _Refused", pickle.loads(packed))  # noqa: S301 - our own process made it
    return cast("T | _Refused", await to_thread.run_sync(pickle.loads, packed))


def _carry_out(work: Callable[..., object], args: tuple[Any, ...], seconds: float) -> bytes:
    """In the other process. What it gives is packed, because to unpack much of it takes the loop a while, too."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    signal.signal(signal.SIGPROF, _stop)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        found = work(*args)
    except DomainError as refusal:
        found = _Refused(type(refusal), refusal.facts)
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
    return pickle.dumps(found, pickle.HIGHEST_PROTOCOL)


def _stop(*_: object) -> None:
    raise TextTooComplex()


def _lanes() -> _Lanes:
    try:
        return _LANES.get()
    except LookupError:
        lanes = _Lanes()
        _LANES.set(lanes)
        return lanes
