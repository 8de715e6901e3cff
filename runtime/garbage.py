"""Garbage collection in a process that runs for long.

Python now and then looks through everything that is alive. In the API that is 400,000 objects, most of them there since
the start: 0.7 s in which nobody was served. So what a full collection leaves is set aside, and the next one looks only
at what is new since then.
"""

import gc
from typing import Literal

NEW_OBJECTS = 10_000
"""More of them than were let go of start a collection of the newest. Drawing a page makes thousands."""


def keep_collections_short() -> None:
    """To be called once all that stays is loaded."""
    gc.set_threshold(NEW_OBJECTS, *gc.get_threshold()[1:])
    gc.freeze()
    if _set_aside not in gc.callbacks:
        gc.callbacks.append(_set_aside)


def _set_aside(phase: Literal["start", "stop"], info: dict[str, int]) -> None:
    if phase == "stop" and info["generation"] == 2:
        gc.freeze()
