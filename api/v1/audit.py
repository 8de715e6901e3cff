"""The audit log: of one postmortem, and of everything."""

import json
from collections.abc import AsyncIterator
from dataclasses import asdict, replace
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Response
from fastapi.responses import StreamingResponse
from pydantic import JsonValue

from api.csv_export import csv_answer
from api.request_context import Context, RequestContext
from api.shapes.base import Listing, PathId, RefQuery, Shape, ask
from api.v1.routing import router
from application.audit import audit_log
from integrations.fields import Instant
from models.audit import AuditEntry
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


class AuditOut(Shape):
    id: int
    at: datetime
    actor_id: str | None
    origin: str
    action: str
    entity_kind: str
    entity_id: str
    postmortem_id: str | None
    before: dict[str, JsonValue] | None
    after: dict[str, JsonValue] | None


async def filters(
    actor_id: Annotated[RefQuery, Query(alias="actorId")] = None,
    action: Annotated[str | None, Query(max_length=100, pattern=r"^[a-z_]+(\.[a-z_]+)?$")] = None,
    at_from: Annotated[Instant | None, Query(alias="from")] = None,
    at_to: Annotated[Instant | None, Query(alias="to")] = None,
) -> AuditFilters:
    return AuditFilters(actor_id=actor_id, action=action, at_from=at_from, at_to=at_to)


Wanted = Annotated[AuditFilters, Depends(filters)]


@routes.get("/postmortems/{postmortem_id}/audit", response_model=Listing[AuditOut], responses=ANSWERS)
async def list_audit_of_postmortem(
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
        return _export(context, wanted, format)
    return await _page(context, wanted, page)


@routes.get("/audit", response_model=Listing[AuditOut], responses=ANSWERS)
async def list_audit(
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
        after = audit_log.json_values({name: value for name, value in asdict(wanted).items() if value is not None})
        audit_log.audit(context.session, context.viewer, "audit.exported", "audit", format, after=after)
        return _export(context, wanted, format)
    return await _page(context, wanted, page)


async def _page(context: RequestContext, wanted: AuditFilters, page: Ask) -> Listing[AuditOut]:
    found = await audit_queries.list_audit(context.session, context.viewer, wanted, page)
    postmortem_ids = {one.postmortem_id for one in found.items if one.postmortem_id}
    await audit_queries.note_reads(context.session, context.viewer, postmortem_ids)
    return Listing(items=[AuditOut.model_validate(one) for one in found.items], next_cursor=found.next_cursor)


def _export(context: RequestContext, wanted: AuditFilters, kind: Literal["csv", "jsonl"]) -> Response:
    entries = audit_log.export_audit_log(context.parts.sessions, context.viewer, wanted)
    if kind == "csv":
        return csv_answer("audit", CSV_COLUMNS, _rows(entries))
    headers = {"Content-Disposition": 'attachment; filename="audit.jsonl"'}
    return StreamingResponse(_as_jsonl(entries), media_type="application/jsonl", headers=headers)


async def _as_jsonl(entries: AsyncIterator[AuditEntry]) -> AsyncIterator[str]:
    """In ASCII, so that characters which some readers take for a line end, such as U+2028, are escaped."""
    async for entry in entries:
        yield json.dumps(AuditOut.model_validate(entry).model_dump(mode="json", by_alias=True)) + "\n"


CSV_COLUMNS = (
    "id",
    "at",
    "actorId",
    "origin",
    "action",
    "entityKind",
    "entityId",
    "postmortemId",
    "before",
    "after",
)


async def _rows(entries: AsyncIterator[AuditEntry]) -> AsyncIterator[list[str]]:
    """``before`` and ``after`` are JSON."""
    async for entry in entries:
        values = AuditOut.model_validate(entry).model_dump(mode="json", by_alias=True)
        yield [_cell(values[name]) for name in CSV_COLUMNS]


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict) else str(value)
