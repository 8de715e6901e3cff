"""Answers are compressed where that tells a listener nothing.

Whoever sees the length of compressed answers can guess a secret in them, letter by letter, if they can also have their
own guesses stand in the same answer (BREACH). So a page is compressed only if nothing of its request can be in it: it
was asked for without a query. The token of its forms is masked anew each time, because other people's comments may
stand in the page, too. The JSON API is compressed: no other site can make a browser ask it.
"""

from starlette.types import ASGIApp, Receive, Scope, Send
from starlette_compress import CompressMiddleware

SMALLEST = 1_000
"""Bytes."""


class Compression:
    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._compressing = CompressMiddleware(app, minimum_size=SMALLEST, zstd=False)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        safe = scope["type"] == "http" and reflects_nothing(scope)
        await (self._compressing if safe else self._app)(scope, receive, send)


def reflects_nothing(scope: Scope) -> bool:
    if scope["path"].startswith(("/static/", "/api/")):
        return True
    return scope["method"] in {"GET", "HEAD"} and not scope["query_string"]
