"""A worker reports that it is alive, so that commands are refused at once if none is."""

import asyncio

import structlog

from models.base import new_id
from models.queries import workers
from models.session import Sessions

log = structlog.get_logger()


class Presence:
    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions
        self.id = new_id("wrk")

    async def report(self) -> None:
        async with self._sessions.begin() as session:
            await workers.upsert_presence(session, self.id)

    async def leave(self) -> None:
        try:
            async with asyncio.timeout(2), self._sessions.begin() as session:
                await workers.delete_presence(session, self.id)
                await workers.leave_jobs(session, self.id)
        except (TimeoutError, OSError):
            log.warning("could not sign off")
