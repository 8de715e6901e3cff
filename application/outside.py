"""Waiting for something outside of the database, without holding one of its connections."""

from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

T = TypeVar("T")


class Outside(Protocol):
    """Commits the caller's transaction, awaits the work, and lets the session begin another transaction.

    Rows that were loaded before are not part of the session any more: what is changed after it is read again.
    """

    async def __call__(self, work: Callable[[], Awaitable[T]]) -> T: ...
