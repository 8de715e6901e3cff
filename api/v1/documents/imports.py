"""Imports of postmortems from elsewhere: start one, follow it, read its report, run it for real, and undo it."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response, Security

from api.files.archives import ArchiveRoute
from api.files.imports import start_import
from api.request_context import Context
from api.shapes.base import Listing, PathId, ask
from api.shapes.documents import JobOut, ReportLineOut, import_out
from api.v1.routing import BEARER, router
from application.documents import imports
from domain.documents.jobs import JobKind
from models.queries.documents import jobs
from models.queries.pagination import Ask

routes: APIRouter = router("imports", prefix="/imports")
uploads = APIRouter(
    prefix="/api/imports",
    tags=["imports"],
    route_class=ArchiveRoute,
    dependencies=[Security(BEARER)],
)

Paging = Annotated[Ask, Depends(ask)]
_BYTES: dict[str, Any] = {"type": "string", "format": "binary"}
_SENT = {
    "requestBody": {
        "required": True,
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {
                        "file": {"type": "array", "items": _BYTES},
                        "dryRun": {"type": "boolean"},
                        "keep": {"type": "boolean"},
                    },
                }
            },
            "application/json": {"schema": {"$ref": "#/components/schemas/OpsgenieImport"}},
            "application/zip": {"schema": _BYTES},
            "text/markdown": {"schema": _BYTES},
        },
    }
}


@uploads.post("", status_code=202, openapi_extra=_SENT)
async def create_import(
    context: Context,
    request: Request,
    response: Response,
    filename: Annotated[  # noqa: ARG001 - read where the body is received
        str | None, Query(max_length=1000, description="The file's name, if the body is the file itself")
    ] = None,
    dry_run: Annotated[bool | None, Query(alias="dryRun", description="Also taken as a field of the form")] = None,
    keep: Annotated[
        bool | None,
        Query(description="Postmortems of Afterword's own archives keep status, visibility, author, and owners"),
    ] = None,
) -> JobOut:
    """Imports postmortems from an archive that Afterword exported, or from Markdown files and JSON exports, also in a
    zip, up to 500 MB together. Administrators only.

    A JSON body ``{"source": "opsgenie", "apiKey", "ids", "baseUrl", "dryRun"}`` has postmortems fetched from Opsgenie;
    the key is encrypted, and deleted once they are fetched.

    Each becomes a private draft without an author. With ``dryRun``, only the report is made.
    """
    context.require_admin("import postmortems")
    job = await start_import(context, request, dry_run=dry_run, keep=keep)
    response.headers["Location"] = f"/api/imports/{job.id}"
    return import_out(job)


@routes.get("")
async def list_imports(context: Context, page: Paging) -> Listing[JobOut]:
    """Lists the imports, newest first. Administrators only."""
    context.require_admin("see imports")
    found = await jobs.list_jobs(context.session, context.viewer, JobKind.IMPORT, page)
    return Listing(items=[import_out(one) for one in found.items], next_cursor=found.next_cursor)


@routes.get("/{import_id}")
async def get_import(context: Context, import_id: PathId) -> JobOut:
    """Returns an import with its progress. Administrators only."""
    context.require_admin("see imports")
    return import_out(await imports.get_import(context.session, context.viewer, import_id))


@routes.get("/{import_id}/report")
async def get_import_report(context: Context, import_id: PathId, page: Paging) -> Listing[ReportLineOut]:
    """Lists what went where, line by line. Administrators only."""
    context.require_admin("see imports")
    found = await imports.list_report(context.session, context.viewer, import_id, page)
    items = [ReportLineOut.model_validate(one) for one in found.items]
    return Listing(items=items, next_cursor=found.next_cursor)


@routes.post("/{import_id}/run", status_code=202)
async def run_import(context: Context, import_id: PathId) -> JobOut:
    """Runs a dry run for real. Administrators only."""
    context.require_admin("import postmortems")
    job = await imports.run_for_real(context.session, context.viewer, import_id, context.now)
    context.after_commit.append(lambda: context.parts.dispatch.start_import(import_id))
    return import_out(job)


@routes.post("/{import_id}/undo", status_code=202)
async def undo_import(context: Context, import_id: PathId) -> JobOut:
    """Deletes the postmortems that the import created and that no one has worked on since. The report names the others.
    Administrators only."""
    context.require_admin("undo an import")
    job = await imports.undo(context.session, context.viewer, import_id, context.now)
    context.after_commit.append(lambda: context.parts.dispatch.start_import(import_id))
    return import_out(job)
