"""How a refusal leaves an activity: its code as the failure's type, its facts as details, never retried."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager

from temporalio.exceptions import ApplicationError

from domain.errors import DomainError, StoreUnavailable

STORE_BUDGET = 4.0
"""Seconds for one transaction that somebody waits for."""


@contextmanager
def refusals() -> Iterator[None]:
    """Turns a DomainError into an ApplicationError that carries its code and facts."""
    try:
        yield
    except DomainError as refusal:
        raise as_failure(refusal) from None


@asynccontextmanager
async def in_time() -> AsyncIterator[None]:
    """Gives a transaction up that hangs, as StoreUnavailable; whether it was committed, its command log knows."""
    try:
        async with asyncio.timeout(STORE_BUDGET):
            yield
    except TimeoutError:
        raise as_failure(StoreUnavailable()) from None


def as_failure(refusal: DomainError) -> ApplicationError:
    return ApplicationError(str(refusal), refusal.facts, type=refusal.code, non_retryable=True)
