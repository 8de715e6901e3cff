"""The workflow that compares the linked tickets of a connection with its tracker. A Schedule starts it, one at a time.

States: the page it is at. No messages.
"""

from contextlib import suppress
from dataclasses import dataclass, replace

from temporalio import workflow
from temporalio.common import Priority
from temporalio.exceptions import ActivityError

with workflow.unsafe.imports_passed_through():
    from activities.tickets.reconciliation import PageRead, ReadPage, Reconciled, ReconciliationActivities
    from workflows.queues import tracker_queue
    from workflows.retries import PAGE, WEBHOOK
    from workflows.store import patiently

BEHIND_ALL = Priority(priority_key=5)


@dataclass(frozen=True, slots=True)
class ReconciliationStart:
    """What continue-as-new carries over: ``after`` is the last ticket read, None before the first page."""

    integration_id: str
    tracker: str
    after: str | None = None
    read: int = 0
    healed: int = 0
    calls: int = 0


@workflow.defn
class ReconciliationWorkflow:
    @workflow.run
    async def run(self, start: ReconciliationStart) -> None:
        if start.after is None:
            with suppress(ActivityError):  # the next one tries again
                await workflow.execute_activity_method(
                    ReconciliationActivities.keep_webhook,
                    start.integration_id,
                    task_queue=tracker_queue(start.tracker),
                    summary="register the webhook",
                    priority=BEHIND_ALL,
                    **WEBHOOK,
                )
        at = start
        while True:
            page = await self._read(at)
            read, healed, calls = at.read + page.read, at.healed + page.healed, at.calls + page.calls
            at = replace(at, after=page.after, read=read, healed=healed, calls=calls)
            if page.after is None:
                break
            if workflow.info().is_continue_as_new_suggested():
                workflow.continue_as_new(at)
        done = Reconciled(at.integration_id, at.read, at.healed, at.calls, workflow.now())
        await patiently(ReconciliationActivities.finish_reconciliation, done, "all read")

    async def _read(self, at: ReconciliationStart) -> PageRead:
        return await workflow.execute_activity_method(
            ReconciliationActivities.reconcile_page,
            ReadPage(at.integration_id, at.after or ""),
            task_queue=tracker_queue(at.tracker),
            summary=f"{at.read} read",
            priority=BEHIND_ALL,
            **PAGE,
        )
