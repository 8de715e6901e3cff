"""What the workflows of archives and imports do alike: one long activity, or a word on the row about why it failed."""

from collections.abc import Awaitable, Callable
from typing import Any

from temporalio import workflow
from temporalio.exceptions import FailureError

with workflow.unsafe.imports_passed_through():
    from activities.documents import DocumentActivities, FailedJob
    from workflows.queues import DOCUMENTS_QUEUE
    from workflows.refusals import failure_of
    from workflows.retries import DOCUMENTS, STORE_PATIENTLY


async def carry_out(work: Callable[[Any, str], Awaitable[None]], job_id: str, summary: str) -> None:
    try:
        await workflow.execute_activity_method(work, job_id, task_queue=DOCUMENTS_QUEUE, summary=summary, **DOCUMENTS)
    except FailureError as error:
        code, detail = failure_of(error)
        await workflow.execute_activity_method(
            DocumentActivities.fail_job,
            FailedJob(job_id, code, detail, workflow.now()),
            task_queue=DOCUMENTS_QUEUE,
            summary="say why it failed",
            **STORE_PATIENTLY,
        )
