"""Exports from a postmortem's page: the Export menu is a form that asks for a file."""

from typing import Annotated

from fastapi import Query, Response

from api.files.exporting import export
from api.pages.routing import Visiting, router
from api.shapes.base import PathId
from domain.documents.formats import Format

routes = router()


@routes.get("/postmortems/{postmortem_id}/export")
async def export_postmortem(
    visit: Visiting,
    postmortem_id: PathId,
    format: Annotated[Format, Query()],  # noqa: A002 - as in the API
    comments: bool = False,
) -> Response:
    return await export(visit.context, postmortem_id, format, with_comments=comments)
