"""The workflow of an archive: it has the archive made, and says on its row when that is impossible.

Started from the row of the job, by the id ``export-<id>``. It has no messages: how far it is stands in the row.
"""

from dataclasses import dataclass

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.documents import DocumentActivities
    from workflows.jobs import carry_out


@dataclass(frozen=True, slots=True)
class ExportStart:
    export_id: str


@workflow.defn
class ExportWorkflow:
    @workflow.run
    async def run(self, start: ExportStart) -> None:
        await carry_out(DocumentActivities.carry_out_export, start.export_id, "make the archive")
