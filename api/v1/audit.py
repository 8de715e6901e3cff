"""The audit log: of one postmortem, and of everything."""

from dataclasses import replace
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query

from api.files.audit_log import AuditOut, export, export_everything
from api.request_context import Context, RequestContext
from api.shapes.base import Listing, PathId, RefQuery, ask
from api.v1.routing import router
from integrations.fields import Instant
from models.queries.audit import audit_log as audit_queries
from models.queries.audit.audit_log import AuditFilters
from models.queries.pagination import Ask
from models.queries.postmortems.postmortems import get_visible

routes: APIRouter = router("audit", prefix="")

Format = Literal["json", "csv", "jsonl"]
Paging = Annotated[Ask, Depends(ask)]
ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {"text/csv": {}, "application/jsonl": {}},
        "description": "A page of entries, or a complete export",
    }
}


async def filters(
    actor_id: Annotated[RefQuery, Query(alias="actorId")] = None,
    action: Annotated[str | None, Query(max_length=100, pattern=r"^[a-z_]+(\.[a-z_]+)?$")] = None,
    at_from: Annotated[Instant | None, Query(alias="from")] = None,
    at_to: Annotated[Instant | None, Query(alias="to")] = None,
) -> AuditFilters:
    return AuditFilters(actor_id=actor_id, action=action, at_from=at_from, at_to=at_to)


Wanted = Annotated[AuditFilters, Depends(filters)]


@routes.get("/postmortems/{postmortem_id}/audit", response_model=Listing[AuditOut], responses=ANSWERS)
async def list_postmortem_audit_entries(
    context: Context,
    postmortem_id: PathId,
    wanted: Wanted,
    page: Paging,
    format: Format = "json",  # noqa: A002 - the name on the wire
) -> Any:
    """Lists every change of the postmortem and its action items, and each read that only an administrator's role
    allowed, newest first.

    Anyone who can see the postmortem can see this. `action` is one action (`comment.added`) or a group (`comment`).
    `format=csv` and `format=jsonl` export everything.
    """
    seen = await get_visible(context.session, context.viewer, postmortem_id)
    wanted = replace(wanted, postmortem_id=seen.postmortem.id)
    if format != "json":
        return export(context, wanted, format)
    return await _page(context, wanted, page)


@routes.get("/audit", response_model=Listing[AuditOut], responses=ANSWERS)
async def list_audit_entries(
    context: Context,
    wanted: Wanted,
    page: Paging,
    postmortem_id: Annotated[RefQuery, Query(alias="postmortemId")] = None,
    entity_id: Annotated[RefQuery, Query(alias="entityId")] = None,
    format: Format = "json",  # noqa: A002
) -> Any:
    """Lists every change in Afterword, newest first. Exports are audited too. Administrators only."""
    context.require_admin("read the audit log")
    wanted = replace(wanted, postmortem_id=postmortem_id, entity_id=entity_id)
    if format != "json":
        return export_everything(context, wanted, format)
    return await _page(context, wanted, page)


async def _page(context: RequestContext, wanted: AuditFilters, page: Ask) -> Listing[AuditOut]:
    found = await audit_queries.list_audit(context.session, context.viewer, wanted, page)
    postmortem_ids = {one.postmortem_id for one in found.items if one.postmortem_id}
    await audit_queries.note_reads(context.session, context.viewer, postmortem_ids)
    return Listing(items=[AuditOut.model_validate(one) for one in found.items], next_cursor=found.next_cursor)
