"""How much is tried: ``make test`` tries what finds faults within minutes, ``make test-nightly`` everything.

What is random or is a product of tables goes through here: generated requests, schedules, interleavings, the cells of
the access table, cases by trackers. Nothing is left out by day that is not tried by night.
"""

import os
from collections.abc import Iterable
from typing import TypeVar

NIGHTLY = os.environ.get("AFTERWORD_NIGHTLY") == "1"
T = TypeVar("T")


def tried(by_day: int, by_night: int) -> int:
    return by_night if NIGHTLY else by_day


def spread(things: Iterable[T], one_in: int, offset: int = 0) -> list[T]:
    """By day every ``one_in``-th, beginning elsewhere with each ``offset``; by night all."""
    return [one for place, one in enumerate(things) if NIGHTLY or (place + offset) % one_in == 0]
