"""Archives of many postmortems, made in the background: ask for one, follow it, download it."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Response

from api.files.answers import archive_answer
from api.request_context import Context
from api.shapes.base import Listing, PathId, ask
from api.shapes.documents import ExportNew, JobOut, export_out
from api.v1.routing import router
from application.documents import archives
from application.documents.archives import Wanted
from domain.documents.jobs import JobKind
from models.base import derived_id, new_id
from models.queries.documents import jobs
from models.queries.pagination import Ask

routes: APIRouter = router("exports", prefix="/exports")

Paging = Annotated[Ask, Depends(ask)]
_ZIP: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The archive",
        "content": {"application/zip": {"schema": {"type": "string", "format": "binary"}}},
    }
}


@routes.post("", status_code=202)
async def create_export(context: Context, given: ExportNew, response: Response) -> JobOut:
    """Starts an archive of postmortems: a zip with a folder for each, with its files in the formats that you choose and
    its attachments. It holds what you can see while it is made, and can be downloaded for 7 days, only by you."""
    job_id = derived_id("exp", context.request_id) if context.key else new_id("exp")
    wanted = Wanted(given.postmortem_ids, list(dict.fromkeys(given.formats)), given.comments)
    job = await archives.request_archive(context.session, context.viewer, job_id, wanted, context.now)
    context.after_commit.append(lambda: context.parts.dispatch.start_export(job_id))
    response.headers["Location"] = f"/api/exports/{job_id}"
    return export_out(job, context.parts.settings.base_url)


@routes.get("")
async def list_exports(context: Context, page: Paging) -> Listing[JobOut]:
    """Lists the archives that you started, newest first."""
    found = await jobs.list_jobs(context.session, context.viewer, JobKind.EXPORT, page)
    base_url = context.parts.settings.base_url
    return Listing(items=[export_out(one, base_url) for one in found.items], next_cursor=found.next_cursor)


@routes.get("/{export_id}")
async def get_export(context: Context, export_id: PathId) -> JobOut:
    """Returns an archive with its progress."""
    job = await jobs.get_job(context.session, context.viewer, JobKind.EXPORT, export_id)
    return export_out(job, context.parts.settings.base_url)


@routes.get("/{export_id}/archive", response_class=Response, responses=_ZIP)
async def download_export(context: Context, export_id: PathId) -> Response:
    """Returns the archive as a zip. If you can't see all of what it holds anymore, the response is 409
    ``ArchiveExpired``: start a new one."""
    return await archive_answer(context, export_id)
