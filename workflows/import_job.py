"""The workflow of an import: it has the import carried out, and says on its row when that is impossible.

Started from the row of the job, by the id ``import-<id>``; a dry run that is run for real, and one that is undone,
start it again. It has no messages: how far it is stands in the row.
"""

from dataclasses import dataclass

from temporalio import workflow
from temporalio.exceptions import FailureError

with workflow.unsafe.imports_passed_through():
    from activities.documents import DocumentActivities, FailedJob
    from workflows.queues import DOCUMENTS_QUEUE
    from workflows.refusals import failure_of
    from workflows.retries import DOCUMENTS, STORE_PATIENTLY


@dataclass(frozen=True, slots=True)
class ImportStart:
    import_id: str


@workflow.defn
class ImportWorkflow:
    @workflow.run
    async def run(self, start: ImportStart) -> None:
        try:
            await workflow.execute_activity_method(
                DocumentActivities.carry_out_import,
                start.import_id,
                task_queue=DOCUMENTS_QUEUE,
                summary="import the documents",
                **DOCUMENTS,
            )
        except FailureError as error:
            code, detail = failure_of(error)
            given = FailedJob(start.import_id, code, detail, workflow.now())
            await workflow.execute_activity_method(
                DocumentActivities.fail_job,
                given,
                task_queue=DOCUMENTS_QUEUE,
                summary="say why it failed",
                **STORE_PATIENTLY,
            )
