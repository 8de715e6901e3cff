"""A web server that keeps what it is sent: where a peer's webhooks go when the application is not what is tested."""

import queue
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest


@dataclass(frozen=True, slots=True)
class Delivery:
    """One request as it came: headers as sent, body byte for byte."""

    headers: dict[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Receiver:
    url: str
    _deliveries: "queue.Queue[Delivery]"

    def next(self) -> Delivery:
        """The next delivery; ``queue.Empty`` where none comes within 10 s."""
        return self._deliveries.get(timeout=10)


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    deliveries: queue.Queue[Delivery] = queue.Queue()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            deliveries.put(Delivery(dict(self.headers), body))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *what: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield Receiver(f"http://localhost:{server.server_port}/hook", deliveries)
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
