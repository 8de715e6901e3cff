"""A queue in front of the database: a flood of requests waits here and does not take the connections of the others."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Self

from domain.errors import TooManyWaiting


class RequestQueue:
    """Serves at most ``at_once`` requests; up to ``waiting`` others wait in the order in which they arrived."""

    def __init__(self, at_once: int, waiting: int) -> None:
        self._free = asyncio.Semaphore(at_once)
        self._waiting = 0
        self._limit = waiting

    @classmethod
    def shared(cls, at_once: int, processes: int, *, waiting: int) -> Self:
        """This process's part of a queue over several: together they serve as many, each of them at least one."""
        return cls(max(1, at_once // processes), max(1, waiting // processes))

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        """Raises :class:`TooManyWaiting`."""
        if self._waiting >= self._limit:
            raise TooManyWaiting()
        self._waiting += 1
        try:
            await self._free.acquire()
        finally:
            self._waiting -= 1
        try:
            yield
        finally:
            self._free.release()
