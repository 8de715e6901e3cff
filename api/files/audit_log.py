"""The audit log outside: an entry of the API, and the complete export as CSV or JSON Lines."""

import json
from collections.abc import AsyncIterator
from dataclasses import asdict
from datetime import datetime
from typing import Any, Literal

from fastapi import Response
from fastapi.responses import StreamingResponse
from pydantic import JsonValue

from api.files.csv_export import csv_answer
from api.request_context import RequestContext
from api.shapes.base import Shape
from application.audit import audit_log
from models.audit import AuditEntry
from models.queries.audit.audit_log import AuditFilters


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


def export_everything(context: RequestContext, wanted: AuditFilters, kind: Literal["csv", "jsonl"]) -> Response:
    """The whole log, as far as it is wanted. The export is audited, too."""
    after = audit_log.json_values({name: value for name, value in asdict(wanted).items() if value is not None})
    audit_log.audit(context.session, context.viewer, "audit.exported", "audit", kind, after=after)
    return export(context, wanted, kind)


def export(context: RequestContext, wanted: AuditFilters, kind: Literal["csv", "jsonl"]) -> Response:
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
