"""The engine and its sessions. ``async with sessions.begin() as session`` is the only spelling of a transaction."""

import time
from typing import Any

import asyncpg
from sqlalchemy import event
from sqlalchemy.exc import (
    DataError,
    DBAPIError,
    DisconnectionError,
    IntegrityError,
    InterfaceError,
    OperationalError,
    SQLAlchemyError,
)
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine

from models.database.changes import NotingSession, Outbox, outbox_info
from models.database.url import driver_url

Session = AsyncSession
Sessions = async_sessionmaker[AsyncSession]


LOCK_TIMEOUT = "2s"
IDLE_TIMEOUT = "2min"
LONGEST_KEPT = 100_000
"""Characters of a statement that a connection keeps prepared. A board's has 20,000, and takes 8 ms to plan."""
MOST_UNUSED = 100
"""Seconds, less than ``IDLE_TIMEOUT``."""
SESSION_SETTINGS = {"timezone": "UTC", "jit": "off", "random_page_cost": "1.1", "idle_session_timeout": IDLE_TIMEOUT}
"""Pages of a database are read from memory or a solid-state disk, any of them about as fast as the next one. PostgreSQL
supposes a spinning disk, and reads all postmortems rather than fifty."""

REFUSES_SETTINGS = frozenset({"08P01", "42704"})
"""Of a pooler, which calls it a violation of the protocol, and of a server too old to know a setting."""


class SettingsRefused(ConnectionError):
    """Whoever answers at the database's address doesn't accept the settings of our connections."""


TOO_MANY_CONNECTIONS = "53300"


class NoConnectionLeft(ConnectionError):
    """The server has as many connections as it may have."""


StoreError = SQLAlchemyError
"""Whatever a statement may raise; :func:`is_away`, :func:`is_conflict` and :func:`is_bad_value` tell which."""


def is_busy(error: Exception) -> bool:
    """No connection was free: all of this process's pool are in use, or all of the server's."""
    return isinstance(error, PoolTimeout | NoConnectionLeft) or _state(error) == TOO_MANY_CONNECTIONS


def is_contended(error: Exception) -> bool:
    """The server gave the transaction up for another one: a row stayed locked, a deadlock, a serialization failure."""
    return is_locked(error) or _state(error) in {"40001", "40P01"}


def is_away(error: Exception) -> bool:
    """The server cannot be reached, is starting or stopping, or is busy, or gave this transaction up."""
    if isinstance(error, OperationalError | InterfaceError | PoolTimeout):
        return True
    invalidated = isinstance(error, DBAPIError) and error.connection_invalidated
    return invalidated or is_locked(error) or _state(error)[:2] in {"08", "40", "53", "57"}


def is_locked(error: Exception) -> bool:
    """Another transaction held a row for longer than ``LOCK_TIMEOUT``; nothing was written."""
    return _state(error) == "55P03"


def _state(error: Exception) -> str:
    """PostgreSQL's five-letter code: https://www.postgresql.org/docs/current/errcodes-appendix.html"""
    return getattr(getattr(error, "orig", None), "sqlstate", None) or ""


def is_conflict(error: Exception) -> bool:
    """A constraint refused the write, because another transaction committed first."""
    return isinstance(error, IntegrityError)


def is_bad_value(error: Exception) -> bool:
    """A value that no column can store and that validation did not catch."""
    return isinstance(error, DataError)


def is_unmigrated(error: Exception) -> bool:
    """A table or a column is missing: the schema is older than this version, or the statement is a defect."""
    return _state(error) in {"42P01", "42703"}


def is_read_only(error: Exception) -> bool:
    """The server is read-only: a standby, or configured so."""
    return getattr(getattr(error, "orig", None), "sqlstate", None) == "25006"


def make_engine(
    url: str, *, connections: int = 10, name: str = "afterword", lock_timeout: str = LOCK_TIMEOUT
) -> AsyncEngine:
    """An engine with at most so many ``connections``, for which a caller waits at most 5 s.

    PostgreSQL ends those that nobody has used for ``IDLE_TIMEOUT``; the pool hands out the one that was used last, so
    that the others can become idle, and replaces the ended ones (:func:`_check_usable`). PostgreSQL stops waiting for
    a locked row by itself, so that no caller has to interrupt a statement. ``name`` is shown in ``pg_stat_activity``
    and in the server's log.
    """
    address = driver_url(url)
    settings = SESSION_SETTINGS | {"application_name": name, "lock_timeout": lock_timeout}

    async def connect() -> asyncpg.Connection:
        try:
            return await asyncpg.connect(
                address, timeout=5, server_settings=settings, max_cacheable_statement_size=LONGEST_KEPT
            )
        except asyncpg.InterfaceError as error:
            raise ConnectionError(f"AFTERWORD_DATABASE_URL can't be used: {error}") from None
        except asyncpg.PostgresError as error:  # SQLAlchemy translates only what statements raise
            raise _refused_connection(error) from None

    engine = create_async_engine(
        "postgresql+asyncpg://",
        async_creator=connect,
        pool_size=connections,
        max_overflow=0,
        pool_timeout=5,
        pool_use_lifo=True,
    )
    event.listen(engine.sync_engine, "checkin", _note_use)
    event.listen(engine.sync_engine, "checkout", _check_usable)
    return engine


def _refused_connection(error: asyncpg.PostgresError) -> ConnectionError:
    if error.sqlstate in REFUSES_SETTINGS:
        return SettingsRefused(str(error))
    return (NoConnectionLeft if error.sqlstate == TOO_MANY_CONNECTIONS else ConnectionError)(str(error))


def _note_use(_connection: Any, record: Any) -> None:
    record.info["used_at"] = time.monotonic()


def _check_usable(connection: Any, record: Any, _proxy: Any) -> None:
    """asyncpg learns at once when the server closes a connection; one that the server is about to close is replaced,
    too. A ping would cost each request three round trips."""
    unused = time.monotonic() - record.info.get("used_at", time.monotonic())
    if connection.driver_connection.is_closed() or unused > MOST_UNUSED:
        raise DisconnectionError


def make_sessions(engine: AsyncEngine, outbox: Outbox | None = None) -> Sessions:
    """``outbox`` gets what each transaction changed, once it is committed."""
    return async_sessionmaker(
        engine, expire_on_commit=False, sync_session_class=NotingSession, info=outbox_info(outbox)
    )
