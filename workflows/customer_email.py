"""The workflow of an e-mail to customers: batch by batch, with a pause between them, until there is nothing left.

Started from the row of the e-mail, by the id ``customer-email-<id>``. It has no messages: what it may send, and what
became of each letter, stands in the rows. While the summary may not be shown, it looks again every minute.
"""

from dataclasses import dataclass

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.customer_emails import CustomerEmailActivities
    from domain.sharing.mailing import LOOK_AGAIN, PAUSE, Progress
    from workflows.queues import NOTIFY_QUEUE
    from workflows.retries import NOTIFY


@dataclass(frozen=True, slots=True)
class CustomerEmailStart:
    email_id: str


@workflow.defn
class CustomerEmailWorkflow:
    @workflow.run
    async def run(self, start: CustomerEmailStart) -> None:
        while True:
            progress = Progress(await self._send(start.email_id))
            if progress is Progress.OVER:
                return
            if workflow.info().is_continue_as_new_suggested():
                workflow.continue_as_new(start)
            await workflow.sleep(PAUSE if progress is Progress.MORE else LOOK_AGAIN)

    async def _send(self, email_id: str) -> str:
        return await workflow.execute_activity_method(
            CustomerEmailActivities.send_customer_emails,
            email_id,
            task_queue=NOTIFY_QUEUE,
            summary="send a batch",
            **NOTIFY,
        )
