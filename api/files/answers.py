"""Files as answers: images are shown, everything else is a download, and nothing of them can run on our pages."""

from collections.abc import Iterable
from urllib.parse import quote

from fastapi import Response
from fastapi.responses import StreamingResponse

from api.answers import matches
from api.request_context import RequestContext
from domain.content.attachment_links import referenced_in
from domain.documents.attachments import IMAGE_TYPES, object_key, served_type, thumbnail_key
from domain.documents.placeholders import ShownFile
from domain.errors import NotFound
from models.documents import Attachment
from models.queries.documents import attachments as queries

GUARDS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "private, no-cache",
}


def disposition(filename: str, *, inline: bool = False) -> str:
    """RFC 6266: a plain name for everybody, and the whole one in UTF-8."""
    plain = "".join(one if one.isascii() and one.isprintable() and one not in '"\\%' else "_" for one in filename)
    shown = "inline" if inline else "attachment"
    return f"{shown}; filename=\"{plain}\"; filename*=UTF-8''{quote(filename, safe='')}"


async def shown_files(
    context: RequestContext, postmortem_id: str, texts: Iterable[str], base: str
) -> dict[str, ShownFile]:
    """The attachments that Markdown texts of a postmortem refer to, as far as the viewer may see them."""
    ids = list(dict.fromkeys(one for text in texts if "attachment:" in text for one in referenced_in(text)))
    found = await queries.list_referenced(context.session, context.viewer, postmortem_id, ids)
    return {id_: ShownFile(id_, f"{base}/{id_}", one.filename, one.width, one.height) for id_, one in found.items()}


async def attachment_answer(
    context: RequestContext, found: Attachment, if_none_match: str | None, *, thumbnail: bool = False
) -> Response:
    """The bytes, streamed from the store while no connection of the database is held. 304 for who has them already.

    Raises NotFound where the bytes are gone, and StorageUnavailable."""
    is_image = found.media_type in IMAGE_TYPES
    if thumbnail and not is_image:
        raise NotFound(kind="thumbnail of the attachment", id=found.id)
    tag = f'"{"t-" if thumbnail else ""}{found.sha256[:32]}"'
    if if_none_match is not None and matches(if_none_match, tag):
        return Response(status_code=304, headers={"ETag": tag, **GUARDS})
    key = thumbnail_key(found.id) if thumbnail else object_key(found.id)
    media_type = "image/webp" if thumbnail else served_type(found.media_type)
    name, attachment_id = found.filename, found.id
    stored = await context.between_transactions(lambda: context.parts.objects.open(key))
    if stored is None:
        raise NotFound(kind="file of the attachment", id=attachment_id)
    headers = {
        **GUARDS,
        "ETag": tag,
        "Content-Length": str(stored.size),
        "Content-Disposition": disposition(name, inline=is_image),
    }
    return StreamingResponse(stored.pieces, headers=headers, media_type=media_type)
