"""A postmortem as a file: what the JSON API and the pages answer alike."""

from functools import partial
from typing import Any

from fastapi import Response

from api.downloads import file_answer
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
    content = await context.between_transactions(partial(exports.write, document, kind, {}))
    names = (file_name(document.number, document.title, kind), plain_file_name(document.number, document.title, kind))
    return file_answer(content, kind.media_type, *names)
