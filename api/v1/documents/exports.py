"""Exports of one postmortem, and the schema of those in JSON."""

from typing import Annotated, Any

from fastapi import APIRouter, Query, Response

from api.files.exporting import ANSWERS, export
from api.request_context import Context
from api.shapes.base import PathId
from api.v1.routing import router
from domain.documents.formats import Format
from integrations.documents.writers import json_schema

routes: APIRouter = router("documents", prefix="/postmortems/{postmortem_id}/export")
public_routes = APIRouter(prefix="/api/schemas", tags=["documents"])


@routes.get("", response_class=Response, responses=ANSWERS)
async def export_postmortem(
    context: Context,
    postmortem_id: PathId,
    format: Annotated[Format, Query()],  # noqa: A002 - the contract's name
    comments: bool = False,
) -> Response:
    """Exports a postmortem as a file: PDF (tagged, PDF/UA), Markdown with YAML front matter, one HTML file, JSON, or
    Word. ``comments=true`` adds its comments. What takes more than 20 seconds or 50 MB is refused."""
    return await export(context, postmortem_id, format, with_comments=comments)


@public_routes.get("/postmortem.json")
def get_postmortem_schema() -> dict[str, Any]:
    """Returns the JSON Schema of the JSON export. Needs no token."""
    return json_schema()
