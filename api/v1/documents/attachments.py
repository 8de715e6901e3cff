"""Files that are attached to a postmortem: add, list, fetch and delete."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request, Response, Security

from api.answers import NOT_MODIFIED
from api.files.answers import attachment_answer
from api.files.uploads import UploadRoute, attach
from api.request_context import Context
from api.shapes.base import IfNoneMatch, Listing, PathId, ask
from api.shapes.documents import AttachmentOut, attachment_out
from api.v1.routing import BEARER, router
from application.documents import attachments
from models.queries.pagination import Ask

routes: APIRouter = router("attachments", prefix="/postmortems/{postmortem_id}/attachments")
uploads = APIRouter(
    prefix="/api/postmortems/{postmortem_id}/attachments",
    tags=["attachments"],
    route_class=UploadRoute,
    dependencies=[Security(BEARER)],
)

Paging = Annotated[Ask, Depends(ask)]
_BYTES: dict[str, Any] = {"schema": {"type": "string", "format": "binary"}}
_FILE: dict[int | str, dict[str, Any]] = {
    200: {"description": "The file", "content": {"application/octet-stream": _BYTES}},
    **NOT_MODIFIED,
}
_FORM = {"type": "object", "required": ["file"], "properties": {"file": {"type": "string", "format": "binary"}}}
_SENT = {
    "requestBody": {
        "required": True,
        "content": {"multipart/form-data": {"schema": _FORM}, "application/octet-stream": _BYTES},
    }
}


@uploads.post("", status_code=201, openapi_extra=_SENT)
async def add_attachment(
    context: Context,
    postmortem_id: PathId,
    request: Request,
    response: Response,
    filename: Annotated[  # noqa: ARG001 - read where the body is received
        str | None, Query(max_length=1000, description="The file's name, if the body is the file itself")
    ] = None,
    purpose: Annotated[
        Literal["content", "comment"],
        Query(
            alias="for",
            description="Use 'comment' for a file in a comment of your own; anyone who can comment may attach those",
        ),
    ] = "content",
) -> AttachmentOut:
    """Attaches a file of up to 25 MB: the field ``file`` of a form, or the body itself.

    Its type is detected from its content. Images are re-encoded without their metadata and get a thumbnail. A file that
    no text has referred to for 7 days is deleted.
    """
    made = await attach(context, postmortem_id, request.state.upload, is_for_comment=purpose == "comment")
    shown = attachment_out(made, context.parts.settings.base_url)
    response.headers["Location"] = f"/api/postmortems/{postmortem_id}/attachments/{shown.id}"
    return shown


@routes.get("")
async def list_attachments(context: Context, postmortem_id: PathId, page: Paging) -> Listing[AttachmentOut]:
    """Lists the attachments, oldest first."""
    found = await attachments.list_attachments(context.session, context.viewer, postmortem_id, page)
    base_url = context.parts.settings.base_url
    return Listing(items=[attachment_out(one, base_url) for one in found.items], next_cursor=found.next_cursor)


@routes.get("/{attachment_id}", response_class=Response, responses=_FILE)
async def download_attachment(
    context: Context, postmortem_id: PathId, attachment_id: PathId, if_none_match: IfNoneMatch = None
) -> Response:
    """Returns the file. What a browser could run has the ``Content-Type`` ``application/octet-stream``."""
    found = await attachments.get_attachment(context.session, context.viewer, attachment_id, postmortem_id)
    return await attachment_answer(context, found, if_none_match)


@routes.get("/{attachment_id}/thumbnail", response_class=Response, responses=_FILE)
async def download_thumbnail(
    context: Context, postmortem_id: PathId, attachment_id: PathId, if_none_match: IfNoneMatch = None
) -> Response:
    """Returns an image's thumbnail, a WebP of at most 480 by 360 pixels."""
    found = await attachments.get_attachment(context.session, context.viewer, attachment_id, postmortem_id)
    return await attachment_answer(context, found, if_none_match, thumbnail=True)


@routes.delete("/{attachment_id}", status_code=204)
async def delete_attachment(
    context: Context, postmortem_id: PathId, attachment_id: PathId, force: bool = False
) -> None:
    """Deletes the attachment. If the text still refers to it, that needs ``force=true``: 409 ``AttachmentInUse`` names
    the places."""
    await attachments.remove_attachment(
        context.session, context.viewer, postmortem_id, attachment_id, context.now, force=force
    )
