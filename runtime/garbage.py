"""Garbage collection in a process that runs for long.

Python now and then looks through everything that is alive. In the API that is 400,000 objects, most of them loaded by
the first requests: 0.7 s in which nobody was served. So what is alive early is set aside, and later collections look
only at what came since.
"""

import gc
from typing import Literal

NEW_OBJECTS = 10_000
"""More of them than were let go of start a collection of the newest. Drawing a page makes thousands."""
FIRST = 5
"""Full collections that set aside what they leave. Later ones don't: what is set aside and forms a ring is never
freed, like a connection that has ended."""


class _First:
    """Sets aside what the first full collections leave."""

    def __init__(self) -> None:
        self._left = FIRST

    def __call__(self, phase: Literal["start", "stop"], info: dict[str, int]) -> None:
        if phase == "stop" and info["generation"] == 2:
            gc.freeze()
            self._left -= 1
            if not self._left:
                gc.callbacks.remove(self)


def collect_less() -> None:
    """To be called before most is loaded, which else takes a second of collections."""
    gc.set_threshold(NEW_OBJECTS, *gc.get_threshold()[1:])


def set_aside_what_stays() -> None:
    """To be called once, when most that stays is loaded."""
    gc.freeze()
    gc.callbacks.append(_First())
