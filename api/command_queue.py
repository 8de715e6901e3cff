"""A queue in front of the workflows, in which each person has a limited number of places."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from application.outside import Outside
from domain.errors import TooManyCommands


class CommandQueue:
    """Carries out at most ``at_once`` commands of one person at a time; the others of their ``places`` wait.

    One person's flood so takes neither the workers' time nor the memory of the process from everybody else.
    """

    def __init__(self, at_once: int, places: int) -> None:
        self._turns: defaultdict[str, asyncio.Semaphore] = defaultdict(lambda: asyncio.Semaphore(at_once))
        self._taken: Counter[str] = Counter()
        self._places = places

    @asynccontextmanager
    async def turn(self, person_id: str, outside: Outside) -> AsyncIterator[None]:
        """Waits for a turn by ``outside``, which holds no database connection. Raises :class:`TooManyCommands`."""
        if self._taken[person_id] >= self._places:
            raise TooManyCommands(limit=self._places)
        self._taken[person_id] += 1
        turns = self._turns[person_id]
        try:
            if turns.locked():
                await outside(turns.acquire)
            else:
                await turns.acquire()
            try:
                yield
            finally:
                turns.release()
        finally:
            self._taken[person_id] -= 1
            if not self._taken[person_id]:
                del self._taken[person_id], self._turns[person_id]
