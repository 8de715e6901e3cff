"""The page of a postmortem's attachments, uploads from it and from text fields, and the files themselves."""

import tempfile
from pathlib import Path

from fastapi import Response
from fastapi.responses import JSONResponse

from api.errors import problem
from api.files.answers import attachment_answer
from api.files.uploads import attach, received_in_form
from api.pages.routing import Visit, Visiting, router, to
from api.pages.showing import attempted, show
from api.shapes.base import IfNoneMatch, PathId
from application.documents import attachments
from domain import access
from domain.access import Verb
from domain.documents.attachments import IMAGE_TYPES, SIZE_LIMIT, TOTAL_LIMIT, markdown_for
from domain.errors import AttachmentInUse, DomainError
from domain.postmortems.lifecycle import Status
from models.queries.documents import attachments as queries
from models.queries.documents.attachments import ShownAttachment
from models.queries.pagination import Ask
from models.queries.people import people
from models.queries.postmortems.postmortems import get_visible

routes = router()

MB = 1024 * 1024


@routes.get("/attachments/{attachment_id}")
async def read(visit: Visiting, attachment_id: PathId, if_none_match: IfNoneMatch = None) -> Response:
    found = await attachments.get_attachment(visit.context.session, visit.context.viewer, attachment_id)
    return await attachment_answer(visit.context, found, if_none_match)


@routes.get("/attachments/{attachment_id}/thumbnail")
async def read_thumbnail(visit: Visiting, attachment_id: PathId, if_none_match: IfNoneMatch = None) -> Response:
    found = await attachments.get_attachment(visit.context.session, visit.context.viewer, attachment_id)
    return await attachment_answer(visit.context, found, if_none_match, thumbnail=True)


@routes.get("/postmortems/{postmortem_id}/attachments")
async def list_attachments(visit: Visiting, postmortem_id: PathId, cursor: str | None = None) -> Response:
    return await _shown(visit, postmortem_id, cursor=cursor)


async def _shown(
    visit: Visit,
    postmortem_id: str,
    refusal: DomainError | None = None,
    cursor: str | None = None,
    in_use: ShownAttachment | None = None,
) -> Response:
    """``in_use`` is one that somebody wants to delete though the text refers to it."""
    context = visit.context
    seen = await get_visible(context.session, context.viewer, postmortem_id)
    row = seen.postmortem
    page = await attachments.list_attachments(context.session, context.viewer, postmortem_id, Ask(50, cursor))
    uploaders = [one.attachment.uploaded_by for one in page.items]
    writes = bool(visit.request.state.frame["may_write"])
    return await show(
        visit,
        "documents/attachments.html",
        refusal,
        postmortem=row,
        attachments=page,
        people=await people.people_by_id(context.session, uploaders),
        markdown={
            one.attachment.id: markdown_for(one.attachment.id, one.attachment.filename, one.attachment.media_type)
            for one in page.items
        },
        image_types=IMAGE_TYPES,
        may_edit=writes and access.may(Verb.EDIT, Status(row.status), seen.relations),
        in_use=in_use,
        limit=SIZE_LIMIT // MB,
        total_limit=TOTAL_LIMIT // MB,
        total=await queries.sum_sizes(context.session, postmortem_id),
    )


@routes.post("/postmortems/{postmortem_id}/attachments")
async def add(visit: Visiting, postmortem_id: PathId) -> Response:
    """From the page's form; and from a text field, which wants to know what to write into the text."""
    wants_text = "application/json" in visit.request.headers.get("Accept", "")
    is_for_comment = visit.form.get("for") == "comment"
    made: list[ShownAttachment] = []

    async def work() -> None:
        with tempfile.TemporaryDirectory(prefix="afterword-upload-") as folder:
            upload = await received_in_form(visit.request, Path(folder) / "file")
            made.append(await attach(visit.context, postmortem_id, upload, is_for_comment=is_for_comment))

    refusal = await attempted(visit, work())
    if wants_text:
        if refusal is not None:
            return problem(visit.request, refusal)
        one = made[0].attachment
        return JSONResponse({"markdown": markdown_for(one.id, one.filename, one.media_type)}, 201)
    if refusal is not None:
        return await _shown(visit, postmortem_id, refusal)
    return to(f"/postmortems/{postmortem_id}/attachments#{made[0].attachment.id}")


@routes.post("/postmortems/{postmortem_id}/attachments/{attachment_id}/delete")
async def remove(visit: Visiting, postmortem_id: PathId, attachment_id: PathId) -> Response:
    context = visit.context
    force = visit.form.get("force") == "yes"

    async def work() -> None:
        await attachments.remove_attachment(
            context.session, context.viewer, postmortem_id, attachment_id, context.now, force=force
        )

    refusal = await attempted(visit, work())
    if refusal is None:
        return to(f"/postmortems/{postmortem_id}/attachments")
    in_use = None
    if isinstance(refusal, AttachmentInUse):
        found = await attachments.get_attachment(context.session, context.viewer, attachment_id, postmortem_id)
        in_use = ShownAttachment(found, int(str(refusal.facts["count"])))
    return await _shown(visit, postmortem_id, refusal, in_use=in_use)
