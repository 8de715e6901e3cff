"""How a workflow asks for a transaction: a local activity, which costs one event, while the database answers.

A local activity that goes on for long keeps its workflow task open by heartbeats, with every message behind it; what
nobody waits for therefore goes on as an ordinary activity where the database is away.
"""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

from temporalio import workflow
from temporalio.exceptions import ApplicationError, FailureError

with workflow.unsafe.imports_passed_through():
    from workflows.refusals import refusal_in
    from workflows.retries import STORE, STORE_PATIENTLY

Given = TypeVar("Given")
Answer = TypeVar("Answer")
Transaction = Callable[[Any, Given], Awaitable[Answer]]


class StoreAway(ApplicationError):
    """Nobody knows whether it was committed: the row does."""

    def __init__(self) -> None:
        super().__init__("the database is away", type="StoreUnavailable")


async def commit(transaction: Transaction[Given, Answer], given: Given, summary: str) -> Answer:
    """While somebody waits. Raises the refusal, or :class:`StoreAway`."""
    try:
        return await workflow.execute_local_activity_method(transaction, given, summary=summary, **STORE)
    except FailureError as error:
        if refusal := refusal_in(error):
            raise refusal from None
        raise StoreAway() from error


async def patiently(transaction: Transaction[Given, Answer], given: Given, summary: str) -> Answer:
    """Until it is done."""
    try:
        return await workflow.execute_local_activity_method(transaction, given, summary=summary, **STORE)
    except FailureError:
        return await workflow.execute_activity_method(transaction, given, summary=summary, **STORE_PATIENTLY)
