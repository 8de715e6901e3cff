"""A stack's database, read and written by tests that are not asynchronous themselves."""

import asyncio
import hashlib
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from threading import Thread
from typing import Any, TypeVar
from uuid import uuid4

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine

from models.base import new_id

PERSON = text(
    "insert into person (id, version, email, name, handle, role, is_active, time_zone, notification_preferences)"
    " values (:id, 1, lower(:email), :name, :handle, :role, true, :zone, '{}')"
)
TOKEN = text(
    "insert into api_token (id, person_id, name, token_hash, scopes) values (:id, :person, 'test', :hash, :scopes)"
)
MEMBER = text("insert into team_member (team_id, person_id) values (:team, :person)")
T = TypeVar("T")


class Database:
    """One engine in a thread of its own: to connect anew costs more than most statements."""

    def __init__(self, url: str) -> None:
        self._engine = create_async_engine(url, pool_pre_ping=True)
        self._loop = asyncio.new_event_loop()
        self._thread = Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def rows(self, statement: Any) -> list[Any]:
        """The first column, or the entities."""

        async def read() -> list[Any]:
            async with AsyncSession(self._engine) as session:
                return list((await session.execute(statement)).scalars())

        return self._run(read())

    def write(self, statement: Any, **values: Any) -> None:
        async def write() -> None:
            async with AsyncSession(self._engine) as session, session.begin():
                await session.execute(statement, values)

        self._run(write())

    @contextmanager
    def carried_out(self, *statements: Any, kept: bool = False) -> Iterator[None]:
        """In a transaction that stays open for the length of a ``with`` block, and is given up then, or ``kept``."""
        session = AsyncSession(self._engine)
        for one in statements:
            self._run(session.execute(one))
        try:
            yield
            if kept:
                self._run(session.commit())
        finally:
            self._run(session.close())

    def add_person(
        self,
        role: str = "RESPONDER",
        *,
        email: str = "",
        name: str = "",
        timeZone: str = "UTC",  # noqa: N803 - as the API calls it
        teamIds: list[str] | None = None,  # noqa: N803
    ) -> tuple[str, str]:
        """The person's id, and a token. Through the API it took a twentieth of a second."""
        person, token, handle = new_id("user"), f"aft_{uuid4().hex}", f"p{uuid4().hex[:10]}"
        scopes = ["read", "write", "admin"] if role == "ADMIN" else ["read", "write"]

        async def write() -> None:
            email_, hashed = email or f"{handle}@example.com", hashlib.sha256(token.encode()).digest()
            key = {"id": new_id("tok"), "person": person, "hash": hashed, "scopes": scopes}
            values = {"id": person, "email": email_, "handle": handle, "role": role, "zone": timeZone}
            async with AsyncSession(self._engine) as session, session.begin():
                await session.execute(PERSON, values | {"name": name or handle})
                await session.execute(TOKEN, key)
                for team in teamIds or ():
                    await session.execute(MEMBER, {"team": team, "person": person})

        self._run(write())
        return person, token

    def close(self) -> None:
        self._run(self._engine.dispose())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(30)
