"""The answer of a stream: text/event-stream, until the client leaves, its session ends, or this process does."""

import asyncio
from contextlib import suppress

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from api.live.streams import Stream, Streams, retry_after

HEARTBEAT = 20.0
"""Seconds of silence after which something is sent, so that nobody in between takes the connection for dead."""


class EventStream(Response):
    media_type = "text/event-stream"

    def __init__(self, streams: Streams, stream: Stream) -> None:
        super().__init__(headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"})
        del self.headers["content-length"]
        self._streams = streams
        self._stream = stream

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI's own
        self._stream.is_read = True
        leaving = asyncio.create_task(self._wait_until_left(receive))
        try:
            await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
            await self._send(send, f"retry: {retry_after()}\n\n".encode())
            while not self._stream.is_over or self._stream.unsent:
                await self._wait()
                texts = b"".join(self._stream.unsent)
                self._stream.unsent.clear()
                if texts or not self._stream.is_over:
                    await self._send(send, texts or self._streams.still())
            await send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            self._streams.close(self._stream)
            leaving.cancel()
            with suppress(asyncio.CancelledError):
                await leaving

    async def _wait(self) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(HEARTBEAT):
                await self._stream.ready.wait()
        if not self._stream.is_over:
            self._stream.ready.clear()

    async def _send(self, send: Send, body: bytes) -> None:
        await send({"type": "http.response.body", "body": body, "more_body": True})

    async def _wait_until_left(self, receive: Receive) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        self._stream.unsent.clear()
        self._stream.end()
