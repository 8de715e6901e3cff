"""A vendor that answers what a test tells it to: for the answers that no peer gives on request (limits, outages)."""

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest


@dataclass(frozen=True, slots=True)
class Answer:
    """``body`` is sent as JSON, bytes as they are; ``delay`` is in seconds."""

    status: int
    body: object = None
    headers: dict[str, str] = field(default_factory=dict)
    delay: float = 0.0


@dataclass(slots=True)
class ScriptedVendor:
    """Gives ``answers`` in turn, the last one for ever, and keeps ``requests`` as ``GET /path?query``."""

    url: str
    answers: list[Answer] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    bodies: list[object] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    def answer(self, request: str, body: bytes) -> Answer:
        self.requests.append(request)
        self.bodies.append(json.loads(body) if body else None)
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


@pytest.fixture
def scripted_vendor() -> Iterator[ScriptedVendor]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            sent = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            answer = vendor.answer(f"{self.command} {self.path}", sent)
            vendor.over.wait(answer.delay)
            body = answer.body if isinstance(answer.body, bytes) else json.dumps(answer.body).encode()
            self.send_response(answer.status)
            for name, value in {"Content-Length": str(len(body)), **answer.headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_PATCH = do_GET  # noqa: N815 (named by http.server)

        def log_message(self, *what: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    vendor = ScriptedVendor(f"http://localhost:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield vendor
    finally:
        vendor.over.set()
        server.shutdown()
        thread.join()
        server.server_close()
