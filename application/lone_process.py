"""The other side of :mod:`application.lone_work`: reads one piece of work, does it, writes what it gave, and ends.

Standard library only, since each piece of work waits for it to start.
"""

import os
import pickle
import resource
import sys
from typing import Any

from domain.errors.refusal import DomainError

DONE, REFUSED, FAILED, OUT_OF_MEMORY = "done", "refused", "failed", "out of memory"


def main() -> None:
    """What it gives is a pair: one of the words above, and what belongs to it. Whatever else a library writes goes to
    the standard error."""
    answer = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    work, args, seconds, memory = pickle.load(sys.stdin.buffer)  # noqa: S301 - our own process made it
    _limit(resource.RLIMIT_AS, memory)
    _limit(resource.RLIMIT_CPU, seconds)
    _limit(resource.RLIMIT_CORE, 0)
    with answer:
        answer.write(pickle.dumps(_result(work, args), pickle.HIGHEST_PROTOCOL))


def _limit(kind: int, most: int) -> None:
    hard = resource.getrlimit(kind)[1]
    resource.setrlimit(kind, (most, most) if hard == resource.RLIM_INFINITY else (min(most, hard), hard))


def _result(work: Any, args: tuple[Any, ...]) -> tuple[str, Any]:
    try:
        return DONE, work(*args)
    except DomainError as refusal:
        return REFUSED, (type(refusal), refusal.facts)
    except MemoryError:
        return OUT_OF_MEMORY, None


if __name__ == "__main__":
    main()
