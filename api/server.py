"""How connections are served: a limit to how many there are, and to how long one may take to say what it wants.

uvicorn itself waits for a request's headers for ever, so that a few thousand silent connections would occupy it.
"""

import asyncio
import signal
from collections.abc import Callable
from socket import socket
from threading import Event, Timer
from types import FrameType
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from runtime.garbage import set_aside_what_stays

HEADER_SECONDS = 15.0
"""From the first byte of a request (or from connecting) until its headers are complete."""
HEADER_BYTES = 64 * 1024
CONNECTIONS = 2000
"""Open at once; more are answered with 503 and closed, and those that are open go on as before."""
REFUSAL_SECONDS = 1.0
"""How long a connection too many may take to send something, so that it gets its answer."""
GRACE_SECONDS = 12
"""For what is being answered when the process closes: more than ``runtime.dispatch.COMMAND_BUDGET``."""

_FULL = b"This process has as many connections as it serves. Try again in a few seconds.\n"
_REFUSAL = (
    b"HTTP/1.1 503 Service Unavailable\r\ncontent-type: text/plain; charset=utf-8\r\nretry-after: 2\r\n"
    b"connection: close\r\ncontent-length: %d\r\n\r\n%s" % (len(_FULL), _FULL)
)

draining = Event()
"""Set once this process was asked to end: it isn't ready for new work, though it still takes some."""
on_draining: list[Callable[[], object]] = []
"""Called then, from a signal's handler: event streams end first, since they would be waited for."""


class DrainingServer(uvicorn.Server):
    """On SIGTERM it is "not ready" for a while before it closes; Ctrl-C closes it at once.

    Another SIGTERM changes nothing: service managers send one to each process, and the parent of several passes its
    own on.
    """

    def __init__(self, config: uvicorn.Config, seconds: float) -> None:
        super().__init__(config)
        self._seconds = seconds

    async def startup(self, sockets: list[socket] | None = None) -> None:
        await super().startup(sockets)
        set_aside_what_stays()

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        if sig == signal.SIGTERM and draining.is_set():
            return
        draining.set()
        for call in on_draining:
            call()
        if sig != signal.SIGTERM or self._seconds == 0:
            super().handle_exit(sig, frame)
            return
        closing = Timer(self._seconds, super().handle_exit, (sig, frame))
        closing.daemon = True
        closing.start()


class TimedProtocol(HttpToolsProtocol):
    """Closes a connection whose headers do not arrive in time, or are too long, and one too many.

    Bodies are timed by ``api.middleware``. uvicorn itself would answer every request with 503 while there are too many
    connections, also those on the others.
    """

    _waiting: asyncio.TimerHandle | None = None
    _read = 0
    _is_refused = False

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self._connections_at_once, self.limit_concurrency = self.limit_concurrency, None

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        if self._connections_at_once is not None and len(self.connections) > self._connections_at_once:
            self._is_refused = True
            self.connections.discard(self)
        self._wait_for_headers()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._is_refused:
            self._refuse()
            return
        super().data_received(data)
        if self._waiting is None:
            return
        self._read += len(data)
        if self._read > HEADER_BYTES and not self.transport.is_closing():
            self.send_400_response("The request's headers are too long.")

    def on_message_begin(self) -> None:
        super().on_message_begin()
        if self._waiting is None:
            self._wait_for_headers()

    def on_headers_complete(self) -> None:
        self._stop_waiting()
        super().on_headers_complete()

    def _wait_for_headers(self) -> None:
        self._read = 0
        seconds = REFUSAL_SECONDS if self._is_refused else HEADER_SECONDS
        self._waiting = self.loop.call_later(seconds, self._give_up)

    def _stop_waiting(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None

    def _give_up(self) -> None:
        self._waiting = None
        if not self.transport.is_closing():
            self.transport.close()

    def _refuse(self) -> None:
        """Once it has sent something: a client that is answered before it asks takes that for an error."""
        if not self.transport.is_closing():
            self.transport.write(_REFUSAL)
            self.transport.close()
