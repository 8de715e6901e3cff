"""Answers of reads: JSON that is written once, by orjson, with an ``ETag``; and 304 for who has it already.

The shapes in ``api.shapes`` document these answers. They don't build them, because the database shaped them already;
``tests/api/test_answers.py`` holds each one to its schema in the OpenAPI document.
"""

from hashlib import blake2b
from typing import Any

import orjson
from fastapi import Response

OPTIONS = orjson.OPT_UTC_Z
RELEASE = 1
"""Increase it with a change of what an answer holds: nobody may keep an answer of the old shape for that of the new."""


def json_answer(content: Any, tag: str | None = None, *, status: int = 200, location: str | None = None) -> Response:
    """``tag`` becomes the ``ETag``."""
    headers = {name: value for name, value in (("ETag", tag), ("Location", location)) if value}
    return Response(orjson.dumps(content, option=OPTIONS), status, headers, "application/json")


def hashed_answer(content: Any, if_none_match: str | None) -> Response:
    """The ``ETag`` is the hash of the answer itself, for what has no version; 304 to who has it already."""
    body = orjson.dumps(content, option=OPTIONS)
    tag = f'"{int.from_bytes(blake2b(body, digest_size=7).digest(), "big")}"'
    if if_none_match is not None and matches(if_none_match, tag):
        return not_modified(tag)
    return Response(body, headers={"ETag": tag}, media_type="application/json")


def state_tag(version: int | None, *state: Any) -> str:
    """``"<version>.<n>"``, for a list ``"<n>"``: ``n`` changes with each part of the state, and with the shape."""
    digest = blake2b(repr((RELEASE, *state)).encode(), digest_size=6).digest()
    number = int.from_bytes(digest, "big")
    return f'"{number}"' if version is None else f'"{version}.{number}"'


def matches(if_none_match: str, tag: str) -> bool:
    """Whether the caller has what this tag names, so that 304 says it all."""
    return if_none_match.strip() == "*" or tag in {one.strip().removeprefix("W/") for one in if_none_match.split(",")}


def not_modified(tag: str) -> Response:
    return Response(status_code=304, headers={"ETag": tag})


NOT_MODIFIED: dict[int | str, dict[str, Any]] = {304: {"description": "Nothing changed since the ETag you sent"}}
