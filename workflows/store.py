"""How a workflow runs a transaction: as a local activity, which costs one event, while the database answers.

A local activity that takes long keeps its workflow task open by heartbeats, and every message waits behind it. If the
database is away, what nobody waits for therefore goes on as an ordinary activity.
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
    """Whether the transaction was committed is not known here; the row says so."""

    def __init__(self) -> None:
        super().__init__("the database is away", type="StoreUnavailable")


async def commit(transaction: Transaction[Given, Answer], given: Given, summary: str) -> Answer:
    """Runs the transaction while a person waits. Raises the refusal, or :class:`StoreAway`."""
    try:
        return await workflow.execute_local_activity_method(transaction, given, summary=summary, **STORE)
    except FailureError as error:
        if refusal := refusal_in(error):
            raise refusal from None
        raise StoreAway() from error


async def patiently(transaction: Transaction[Given, Answer], given: Given, summary: str) -> Answer:
    """Runs the transaction until it is done; nobody waits for it."""
    try:
        return await workflow.execute_local_activity_method(transaction, given, summary=summary, **STORE)
    except FailureError:
        return await workflow.execute_activity_method(transaction, given, summary=summary, **STORE_PATIENTLY)
