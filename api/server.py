"""How connections are served: a limit to how many there are, and to how long one may take to say what it wants.

uvicorn itself waits for a request's headers for ever, so that a few thousand silent connections would occupy it.
"""

import asyncio
import signal
from threading import Event, Timer
from types import FrameType
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEADER_SECONDS = 15.0
"""From the first byte of a request (or from connecting) until its headers are complete."""
HEADER_BYTES = 64 * 1024
CONNECTIONS = 2000
"""Open at once; more are answered with 503."""


draining = Event()
"""Set once this process was asked to end: it isn't ready for new work, though it still takes some."""


class DrainingServer(uvicorn.Server):
    """On SIGTERM it is "not ready" for a while before it closes; a second signal, or Ctrl-C, closes it at once."""

    def __init__(self, config: uvicorn.Config, seconds: float) -> None:
        super().__init__(config)
        self._seconds = seconds

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        if sig != signal.SIGTERM or draining.is_set() or self._seconds == 0:
            super().handle_exit(sig, frame)
            return
        draining.set()
        closing = Timer(self._seconds, super().handle_exit, (sig, frame))
        closing.daemon = True
        closing.start()


class TimedProtocol(HttpToolsProtocol):
    """Closes a connection whose headers do not arrive in time, or are too long. ``api.middleware`` times bodies."""

    _waiting: asyncio.TimerHandle | None = None
    _read = 0

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._wait_for_headers()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
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
        self._waiting = self.loop.call_later(HEADER_SECONDS, self._give_up)

    def _stop_waiting(self) -> None:
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None

    def _give_up(self) -> None:
        self._waiting = None
        if not self.transport.is_closing():
            self.transport.close()
