"""Answers that are files to keep."""

from urllib.parse import quote

from fastapi import Response


def file_answer(content: bytes, media_type: str, name: str, plain_name: str) -> Response:
    """A file to download (RFC 6266). ``plain_name`` is the same in ASCII, for clients that know no other letters."""
    disposition = f'attachment; filename="{plain_name}"'
    if name != plain_name:
        disposition += f"; filename*=UTF-8''{quote(name, safe='')}"
    headers = {"Content-Disposition": disposition, "Cache-Control": "private, no-store"}
    return Response(content, headers=headers, media_type=media_type)
