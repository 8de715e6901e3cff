"""The workflow of an import: it has the import carried out, and says on its row when that is impossible.

Started from the row of the job, by the id ``import-<id>``; a dry run that is run for real, and one that is undone,
start it again. It has no messages: how far it is stands in the row.
"""

from dataclasses import dataclass

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.documents import DocumentActivities
    from workflows.jobs import carry_out


@dataclass(frozen=True, slots=True)
class ImportStart:
    import_id: str


@workflow.defn
class ImportWorkflow:
    @workflow.run
    async def run(self, start: ImportStart) -> None:
        await carry_out(DocumentActivities.carry_out_import, start.import_id, "import the documents")
