"""The workflow of a copy in another system: it has it written or taken back, until nothing else is asked for.

Started from the row of the publication, by the id ``publication-<id>``. It has no messages: what is wanted, and what
became of it, stands in the row.
"""

from dataclasses import dataclass

from temporalio import workflow
from temporalio.exceptions import FailureError

with workflow.unsafe.imports_passed_through():
    from activities.publications import FailedPublication, PublicationActivities
    from workflows.queues import PUBLICATIONS_QUEUE
    from workflows.refusals import failure_of
    from workflows.retries import PUBLISHER, STORE_PATIENTLY


@dataclass(frozen=True, slots=True)
class PublicationStart:
    publication_id: str


@workflow.defn
class PublicationWorkflow:
    @workflow.run
    async def run(self, start: PublicationStart) -> None:
        try:
            while await self._carry_out(start.publication_id):
                pass
        except FailureError as error:
            _, detail = failure_of(error)
            await workflow.execute_activity_method(
                PublicationActivities.give_up_publication,
                FailedPublication(start.publication_id, detail, workflow.now()),
                task_queue=PUBLICATIONS_QUEUE,
                summary="say why it failed",
                **STORE_PATIENTLY,
            )

    async def _carry_out(self, publication_id: str) -> bool:
        return await workflow.execute_activity_method(
            PublicationActivities.carry_out_publication,
            publication_id,
            task_queue=PUBLICATIONS_QUEUE,
            summary="write or take back the copy",
            **PUBLISHER,
        )
