"""People and their tokens, written into the database: through the API each took a twentieth of a second."""

import asyncio
import hashlib
from collections.abc import Coroutine
from threading import Thread
from typing import Any, TypeVar
from uuid import uuid4

import asyncpg

from models.base import new_id

PERSON = (
    "insert into person (id, version, email, name, handle, role, is_active, time_zone, notification_preferences)"
    " values ($1, 1, lower($2), $3, $4, $5, true, $6, '{}')"
)
TOKEN = "insert into api_token (id, person_id, name, token_hash, scopes) values ($1, $2, 'test', $3, $4)"
MEMBER = "insert into team_member (team_id, person_id) values ($1, $2)"
T = TypeVar("T")


class People:
    """Adds people to one database, over one connection, in a thread of its own."""

    def __init__(self, url: str) -> None:
        self._url = url.replace("+asyncpg", "")
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._connection: Any = None

    def add(
        self,
        role: str = "RESPONDER",
        *,
        email: str = "",
        name: str = "",
        timeZone: str = "UTC",  # noqa: N803 - as the API calls it
        teamIds: list[str] | None = None,  # noqa: N803
    ) -> tuple[str, str]:
        """The person's id, and a token."""
        person_id, token, handle = new_id("user"), f"aft_{uuid4().hex}", f"p{uuid4().hex[:10]}"
        scopes = ["read", "write", "admin"] if role == "ADMIN" else ["read", "write"]
        person = (person_id, email or f"{handle}@example.com", name or handle, handle, role, timeZone)
        key = (new_id("tok"), person_id, hashlib.sha256(token.encode()).digest(), scopes)
        self._run(self._write([(PERSON, person), (TOKEN, key), *((MEMBER, (one, person_id)) for one in teamIds or [])]))
        return person_id, token

    async def _write(self, statements: list[tuple[str, tuple[Any, ...]]]) -> None:
        if self._connection is None or self._connection.is_closed():  # at first, or after PostgreSQL was killed
            self._connection = await asyncpg.connect(self._url)
        async with self._connection.transaction():
            for statement, values in statements:
                await self._connection.execute(statement, *values)

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(30)

    async def _close(self) -> None:
        if self._connection is not None:
            self._connection.terminate()

    def close(self) -> None:
        self._run(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
