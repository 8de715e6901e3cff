"""Files as answers: images are shown, everything else is a download, and nothing of them can run on our pages."""

import asyncio
from collections.abc import Iterable
from urllib.parse import quote

from fastapi import Response
from fastapi.responses import StreamingResponse

from api.answers import matches
from api.request_context import RequestContext
from application.documents import archives
from application.meetings.documents import load_file
from domain.content.attachment_links import referenced_in
from domain.documents.attachments import IMAGE_TYPES, object_key, served_type, thumbnail_key
from domain.documents.jobs import archive_key
from domain.documents.placeholders import ShownFile
from domain.errors import ArchiveExpired, NotFound
from integrations.object_store import StoredFile
from models.documents import Attachment
from models.queries.documents import attachments as queries

GUARDS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "private, no-cache",
}


def disposition(filename: str, plain: str | None = None, *, inline: bool = False) -> str:
    """RFC 6266: a plain name for every client, and the whole one in UTF-8, unless ``plain`` is that already."""
    shown = "inline" if inline else "attachment"
    whole = "" if filename == plain else f"; filename*=UTF-8''{quote(filename, safe='')}"
    return f'{shown}; filename="{plain or _plain(filename)}"{whole}'


def _plain(filename: str) -> str:
    return "".join(one if one.isascii() and one.isprintable() and one not in '"\\%' else "_" for one in filename)


def stored_answer(stored: StoredFile, filename: str, media_type: str, *, inline: bool = False, **more: str) -> Response:
    """A file, streamed from the store. ``more`` headers, with underscores, replace those that every file has."""
    headers = {
        **GUARDS,
        "Content-Length": str(stored.size),
        "Content-Disposition": disposition(filename, inline=inline),
        **{name.replace("_", "-"): value for name, value in more.items()},
    }
    return StreamingResponse(stored.pieces, headers=headers, media_type=media_type)


async def archive_answer(context: RequestContext, export_id: str) -> Response:
    """An archive, to whoever asked for it. Raises NotFound, NotFinished, ArchiveExpired, StorageUnavailable."""
    job = await archives.get_archive(context.session, context.viewer, export_id, context.now)
    name = f"afterword-{job.created_at:%Y-%m-%d}.zip"
    stored = await context.between_transactions(lambda: context.parts.objects.open(archive_key(export_id)))
    if stored is None:
        raise ArchiveExpired()
    return stored_answer(stored, name, "application/zip")


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
    return stored_answer(stored, name, media_type, inline=is_image, ETag=tag)


async def calendar_answer(context: RequestContext, postmortem_id: str, meeting_id: str) -> Response:
    """A meeting as a file that every calendar can import. Raises NotFound."""
    base_url = context.parts.settings.base_url
    loaded = await load_file(context.session, context.viewer, postmortem_id, meeting_id, context.now, base_url)
    content = await context.between_transactions(lambda: asyncio.to_thread(loaded.content, base_url))
    headers = {"Content-Disposition": disposition(f"{meeting_id}.ics", f"{meeting_id}.ics")}
    return Response(content, media_type="text/calendar; charset=utf-8; method=PUBLISH", headers=headers)
