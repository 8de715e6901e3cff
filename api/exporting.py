"""A postmortem as a file: what the JSON API and the pages answer alike."""

from typing import Any
from urllib.parse import quote

from fastapi import Response

from api.request_context import RequestContext
from application.documents import exports
from domain.documents.formats import Format, file_name, plain_file_name

ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {
        "content": {one.media_type.partition(";")[0]: {} for one in Format},
        "description": "The file, with its name in Content-Disposition",
    }
}


async def export(context: RequestContext, postmortem_id: str, kind: Format, *, with_comments: bool) -> Response:
    """No connection is held while the file is written."""
    document = await exports.read_for_export(
        context.session,
        context.viewer,
        postmortem_id,
        kind,
        context.now,
        context.parts.settings.base_url,
        with_comments=with_comments,
    )

    async def written() -> bytes:
        images = await exports.read_images(context.parts.objects, document, kind)
        return await exports.write(document, kind, images)

    content = await context.between_transactions(written)
    names = (file_name(document.number, document.title, kind), plain_file_name(document.number, document.title, kind))
    return file_answer(content, kind.media_type, *names)


def file_answer(content: bytes, media_type: str, name: str, plain_name: str) -> Response:
    """A file to download (RFC 6266). ``plain_name`` is the same in ASCII, for clients that know no other letters."""
    disposition = f'attachment; filename="{plain_name}"'
    if name != plain_name:
        disposition += f"; filename*=UTF-8''{quote(name, safe='')}"
    headers = {"Content-Disposition": disposition, "Cache-Control": "private, no-store"}
    return Response(content, headers=headers, media_type=media_type)
