"""How a refusal leaves an activity: its code as the failure's type, its facts as details; retried only if it passes."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from temporalio.exceptions import ApplicationError

from domain.errors import PASSING, DomainError, StoreUnavailable
from models.session import Session, Sessions, StoreError, is_locked


@asynccontextmanager
async def transaction(sessions: Sessions) -> AsyncIterator[Session]:
    """One transaction. A refusal leaves it as its failure, and so does a row that another one holds for long."""
    try:
        async with sessions.begin() as session:
            yield session
    except DomainError as refusal:
        raise as_failure(refusal) from None
    except StoreError as error:
        if is_locked(error):
            raise ApplicationError("a row is locked", type=StoreUnavailable.__name__) from None
        raise


def as_failure(refusal: DomainError) -> ApplicationError:
    return ApplicationError(str(refusal), refusal.facts, type=refusal.code, non_retryable=refusal.code not in PASSING)
