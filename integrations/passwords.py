"""Passwords of links, hashed by argon2 in threads of their own: a hash takes 64 MB, and a core for 50 ms or more."""

import unicodedata
from collections.abc import Callable
from typing import TypeVar

from anyio import CapacityLimiter, to_thread
from anyio.lowlevel import RunVar
from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

from domain.errors import TooManyHashes

T = TypeVar("T")

AT_ONCE = 2
WAITING = 40
"""How many hashes wait for others; one more is refused."""
_HASHER = PasswordHasher()
_LIMITER: RunVar[CapacityLimiter] = RunVar("passwords")


async def hash_password(password: str) -> str:
    """argon2id with its parameters and its salt, as one text. Raises TooManyHashes."""
    return await _in_thread(lambda: _HASHER.hash(_bytes(password)))


async def is_password(hashed: str, password: str) -> bool:
    """Raises TooManyHashes."""
    return await _in_thread(lambda: _verify(hashed, password))


def _verify(hashed: str, password: str) -> bool:
    try:
        return _HASHER.verify(hashed, _bytes(password))
    except (Argon2Error, InvalidHashError):
        return False


def _bytes(password: str) -> bytes:
    """The same for the same letters, however a keyboard composes them."""
    return unicodedata.normalize("NFKC", password).encode("utf-8", "surrogatepass")


async def _in_thread(work: Callable[[], T]) -> T:
    limiter = _limiter()
    if limiter.statistics().tasks_waiting >= WAITING:
        raise TooManyHashes()
    return await to_thread.run_sync(work, limiter=limiter)


def _limiter() -> CapacityLimiter:
    try:
        return _LIMITER.get()
    except LookupError:
        limiter = CapacityLimiter(AT_ONCE)
        _LIMITER.set(limiter)
        return limiter
