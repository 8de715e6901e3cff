"""A line in front of the database: a flood waits in it rather than for a connection that people need too."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from domain.errors import TooManyWaiting


class RequestQueue:
    """At most ``at_once`` are served, the others wait in the order in which they came, at most ``waiting`` of them."""

    def __init__(self, at_once: int, waiting: int) -> None:
        self._free = asyncio.Semaphore(at_once)
        self._waiting = 0
        self._limit = waiting

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
