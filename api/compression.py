"""Answers are compressed where that tells a listener nothing.

Whoever sees the length of compressed answers can guess a secret in them, letter by letter, if they can also have their
own guesses stand in the same answer (BREACH). So a page is compressed only if nothing of its request can be in it: it
was asked for without a query, or with one that only chooses a field, an event, or one of a list's own few words. The
token of its forms is masked anew each time, because other people's comments may stand in the page, too. The JSON API is
compressed: no other site can make a browser ask it.
"""

import asyncio
import re

from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette_compress import CompressMiddleware

SMALLEST = 1_000
"""Bytes."""
PIECE = 128 * 1024
"""Bytes of an answer that are compressed and sent at a time: about 3 ms, in which nobody else is served."""


_OWN_WORDS = (
    rb"(layout=(table|cards|board)|show=(open|overdue|completed|all)|hasPostmortem=(true|false)"
    rb"|status=(DRAFT|IN_REVIEW|PUBLISHED|ARCHIVED|OPEN|ACKNOWLEDGED|RESOLVED)"
    rb"|sort=-?(createdAt|updatedAt|startedAt|dueDate|number|title|description|status|priority))"
)
ECHOES_NOTHING = re.compile(
    rb"((edit|added|removed)=[0-9a-z_]+|whose=everyone|%b(&%b){0,4})?" % (_OWN_WORDS, _OWN_WORDS)
)
"""Queries of which nothing stands in the page, whatever their value is, and those whose values are words of our own,
with which nobody can guess."""


class Compression:
    def __init__(self, app: ASGIApp) -> None:
        self._app = InPieces(app)
        self._compressing = CompressMiddleware(self._app, minimum_size=SMALLEST, zstd=False, brotli_quality=3)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        safe = scope["type"] == "http" and reflects_nothing(scope)
        await (self._compressing if safe else self._app)(scope, receive, send)


class InPieces:
    """Hands a long answer on in pieces, and lets others have their turn in between."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_pieces(message: Message) -> None:
            body = message.get("body", b"") if message["type"] == "http.response.body" else b""
            if len(body) <= PIECE:
                await send(message)
                return
            for start in range(0, len(body), PIECE):
                more = start + PIECE < len(body) or message.get("more_body", False)
                await send({**message, "body": body[start : start + PIECE], "more_body": more})
                await asyncio.sleep(0)

        await self._app(scope, receive, send_pieces)


def reflects_nothing(scope: Scope) -> bool:
    if scope["path"].startswith(("/static/", "/api/")):
        return True
    return scope["method"] in {"GET", "HEAD"} and ECHOES_NOTHING.fullmatch(scope["query_string"]) is not None
