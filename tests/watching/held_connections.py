"""Fails whatever waits for something outside (Temporal, a vendor, a mail server) with a connection of the database.

The API and the worker of the tests run with it (``tests.fork_server``), so that every test of the stack watches. A
connection belongs to the task that took it out of the pool, to the tasks that it waits for, and to their threads.
"""

import asyncio
import socket
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

import httpx
from sqlalchemy import event
from sqlalchemy.pool import Pool
from temporalio.service import _BridgeServiceClient

Held = tuple[asyncio.Task[Any] | None, set[int]]
_HELD: ContextVar[Held | None] = ContextVar("held", default=None)


def watch() -> None:
    """For the rest of this process."""
    event.listen(Pool, "checkout", _taken)
    event.listen(Pool, "checkin", _returned)
    for place, name in (
        (_BridgeServiceClient, "_rpc_call"),
        (httpx.Client, "send"),
        (httpx.AsyncClient, "send"),
        (socket.socket, "connect"),
    ):
        _check_before(place, name)


def _taken(connection: Any, record: Any, proxy: Any) -> None:
    task, held = asyncio.current_task(), _HELD.get()
    if held is None or held[0] is not task:
        held = (task, set())
        _HELD.set(held)
    held[1].add(id(record))
    record.info["held"] = held[1]


def _returned(connection: Any, record: Any) -> None:
    record.info.pop("held", set()).discard(id(record))


def is_held() -> bool:
    held = _HELD.get()
    return bool(held and held[1])


def _check_before(place: Any, name: str) -> None:
    original: Callable[..., Any] = getattr(place, name)

    def checked(self: Any, *args: Any, **options: Any) -> Any:
        is_local = isinstance(self, socket.socket) and self.family == socket.AF_UNIX
        if is_held() and not is_local:
            raise AssertionError(f"{place.__name__}.{name} is waited for with a connection of the database")
        return original(self, *args, **options)

    setattr(place, name, checked)
