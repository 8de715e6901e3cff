"""Pages of imports: start one, follow it, read what went where, run a dry run for real, and undo it."""

import re
import tempfile
from pathlib import Path
from typing import Annotated, Literal

from fastapi import Depends, Query, Response

from api.files.archives import received_archive
from api.files.imports import start_import, start_opsgenie_import
from api.pages.routing import Visit, Visiting, read_form, router, to
from api.pages.showing import attempted, show
from api.shapes.base import PathId, ask
from api.shapes.documents import OpsgenieImport
from application.documents import imports
from domain.documents.importing.document import LineKind
from domain.documents.jobs import ARCHIVE_LIMIT, JobKind, JobState
from domain.errors import DomainError
from models.documents import Job
from models.queries.documents import jobs
from models.queries.pagination import Ask
from models.queries.people import people

routes = router()

Paging = Annotated[Ask, Depends(ask)]
MB = 1024 * 1024
WORDS = {
    LineKind.PLACED: "Placed",
    LineKind.UNPLACED: "In the section Imported",
    LineKind.PERSON_NOT_FOUND: "Person not found",
    LineKind.DUPLICATE: "Possible duplicate",
    LineKind.REFUSED: "Refused",
}


@routes.get("/settings/imports")
async def list_imports(visit: Visiting, page: Paging) -> Response:
    return await _listed(visit, page)


async def _listed(visit: Visit, page: Ask, refusal: DomainError | None = None) -> Response:
    context = visit.context
    context.require_admin("see imports")
    found = await jobs.list_jobs(context.session, context.viewer, JobKind.IMPORT, page)
    return await show(
        visit,
        "documents/imports.html",
        refusal,
        imports=found,
        people=await people.people_by_id(context.session, [one.created_by for one in found.items]),
        limit=ARCHIVE_LIMIT // MB,
    )


@routes.post("/settings/imports")
async def create(visit: Visiting) -> Response:
    context = visit.context
    context.require_admin("import postmortems")
    made: list[Job] = []

    async def work() -> None:
        with tempfile.TemporaryDirectory(prefix="afterword-upload-") as folder:
            async with received_archive(visit.request, Path(folder)) as upload:
                visit.request.state.upload = upload
                made.append(
                    await start_import(
                        context,
                        visit.request,
                        dry_run=visit.form.get("dry") == "yes",
                        keep=visit.form.get("keep") == "yes",
                    )
                )

    refusal = await attempted(visit, work())
    return to(f"/settings/imports/{made[0].id}") if refusal is None else await _listed(visit, Ask(), refusal)


@routes.post("/settings/imports/opsgenie")
async def create_from_opsgenie(visit: Visiting) -> Response:
    context, form = visit.context, visit.form
    context.require_admin("import postmortems")
    made: list[Job] = []

    async def work() -> None:
        ids = [one for one in re.split(r"[\s,;]+", form.get("ids", "")) if one]
        given = {"source": "opsgenie", "apiKey": form.get("key", ""), "ids": ids, "dryRun": form.get("dry") == "yes"}
        address = form.get("address", "").strip()
        asked = read_form(OpsgenieImport, given | ({"baseUrl": address} if address else {}))
        made.append(await start_opsgenie_import(context, asked))

    refusal = await attempted(visit, work())
    return to(f"/settings/imports/{made[0].id}") if refusal is None else await _listed(visit, Ask(), refusal)


@routes.get("/settings/imports/{import_id}")
async def read(
    visit: Visiting,
    import_id: PathId,
    page: Paging,
    show_only: Annotated[Literal["problems", "all"], Query(alias="show")] = "problems",
) -> Response:
    return await _shown(visit, import_id, page, show_only)


async def _shown(
    visit: Visit, import_id: str, page: Ask, show_only: str = "problems", refusal: DomainError | None = None
) -> Response:
    context = visit.context
    context.require_admin("see imports")
    job = await imports.get_import(context.session, context.viewer, import_id)
    counts = await jobs.count_lines(context.session, job.id)
    kinds = [one for one in LineKind if one is not LineKind.PLACED] if show_only == "problems" else None
    report = await jobs.list_report(context.session, job.id, page, kinds=kinds)
    is_over = JobState(job.state).is_over
    return await show(
        visit,
        "documents/import.html",
        refusal,
        job=job,
        is_over=is_over,
        may_run=is_over and job.dry_run and job.removed_at is None,
        may_undo=is_over and not job.dry_run and job.undone_at is None,
        report=report,
        show_only=show_only,
        counts=[(WORDS[one], counts.get(one.value, 0)) for one in LineKind],
        words={one.value: WORDS[one] for one in LineKind},
    )


@routes.post("/settings/imports/{import_id}/run")
async def run(visit: Visiting, import_id: PathId) -> Response:
    context = visit.context
    context.require_admin("import postmortems")
    refusal = await attempted(visit, imports.run_for_real(context.session, context.viewer, import_id, context.now))
    return await _started(visit, import_id, refusal)


@routes.post("/settings/imports/{import_id}/undo")
async def undo(visit: Visiting, import_id: PathId) -> Response:
    context = visit.context
    context.require_admin("undo an import")
    refusal = await attempted(visit, imports.undo(context.session, context.viewer, import_id, context.now))
    return await _started(visit, import_id, refusal)


async def _started(visit: Visit, import_id: str, refusal: DomainError | None) -> Response:
    if refusal is not None:
        return await _shown(visit, import_id, Ask(), refusal=refusal)
    visit.context.after_commit.append(lambda: visit.context.parts.dispatch.start_import(import_id))
    return to(f"/settings/imports/{import_id}")
