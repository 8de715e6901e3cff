"""Garbage collection in a process that runs for long.

Now and then, Python scans every live object. The API has 400,000 of them, most of which are loaded by the first
requests, and answered no requests for 0.7 s. So objects that are alive early are set aside, and later collections scan
only newer ones.
"""

import gc
from typing import Literal

NEW_OBJECTS = 10_000
"""More of them than were let go of start a collection of the newest. Drawing a page makes thousands."""
FIRST = 5
"""Full collections that set aside what they leave. Later ones don't, because a reference cycle that is set aside, such
as that of a connection, is never freed after it has ended."""


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
