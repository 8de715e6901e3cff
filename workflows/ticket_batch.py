"""The workflow of a batch of tickets: it signals action items to create their tickets, a few at a time.

States: how many items were signaled; it ends when no ticket of the batch is pending. A new request starts it again.
Messages: signal ``look_again`` (there is a new request), query ``state`` (for operators).

It is started with a low priority, and no more than ``domain.tickets.batches.PENDING_LIMIT`` of its tickets wait for
their tracker at a time, so that a person who wants one ticket does not wait for all of these. While a tracker cannot be
reached it looks less and less often: each item's own workflow tries again.
"""

from dataclasses import dataclass
from datetime import timedelta

from temporalio import workflow
from temporalio.exceptions import FailureError

with workflow.unsafe.imports_passed_through():
    from activities.tickets.batches import LookAtBatch, TicketBatchActivities
    from domain.tickets.batches import BatchLook
    from workflows.store import patiently

SOON = timedelta(milliseconds=500)
RARELY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class TicketBatchStart:
    """``released`` is carried over by continue-as-new."""

    batch_id: str
    released: int = 0


@workflow.defn
class TicketBatchWorkflow:
    @workflow.init
    def __init__(self, start: TicketBatchStart) -> None:
        self._id = start.batch_id
        self._seen = BatchLook(released=start.released)
        self._has_request = False

    @workflow.run
    async def run(self, start: TicketBatchStart) -> None:  # noqa: ARG002 - read in __init__
        pause = SOON
        while True:
            released = 0 if self._has_request else self._seen.released  # what was refused may be requested again
            self._has_request = False
            given = LookAtBatch(self._id, released, workflow.now())
            look = await patiently(TicketBatchActivities.look_at_batch, given, "read the progress")
            for item_id in look.tell:
                await self._signal_item(item_id)
            has_moved = look.tell or look.pending != self._seen.pending
            self._seen = look
            workflow.set_current_details(f"{look.released} items released; {look.pending} tickets pending.")
            if look.is_over and not self._has_request:
                return
            if workflow.info().is_continue_as_new_suggested():
                workflow.continue_as_new(TicketBatchStart(self._id, look.released))
            pause = SOON if has_moved else min(pause * 2, RARELY)
            try:
                await workflow.wait_condition(
                    lambda: self._has_request, timeout=pause, timeout_summary="check progress"
                )
            except TimeoutError:
                continue

    @workflow.signal
    def look_again(self) -> None:
        self._has_request = True

    @workflow.query
    def state(self) -> BatchLook:
        return self._seen

    async def _signal_item(self, item_id: str) -> None:
        try:
            await workflow.get_external_workflow_handle(f"action-item-{item_id}").signal("look_again")
        except FailureError:  # it has ended, or was lost
            await patiently(TicketBatchActivities.put_into_outbox, item_id, "leave it to the sweep")
