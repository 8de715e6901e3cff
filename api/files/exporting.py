"""A postmortem as a file: what the JSON API and the pages answer alike."""

from typing import Any

from fastapi import Response

from api.files.answers import disposition
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
    name = file_name(document.number, document.title, kind)
    plain = plain_file_name(document.number, document.title, kind)
    headers = {"Content-Disposition": disposition(name, plain), "Cache-Control": "private, no-store"}
    return Response(content, headers=headers, media_type=kind.media_type)
