"""A vendor of tickets as a test needs it: stateful, on a socket, in its own wire format, with faults to order.

:class:`TrackerPeer` is what the conformance suite (``tests/sync``) speaks to, whatever the vendor; a subclass in a file
of its own answers requests in that vendor's words, and says which of the vendor's pages each behaviour comes from.
A peer runs on a thread in the test's process; its state is guarded by ``lock``.
"""

import json
import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar
from urllib.parse import parse_qsl, urlsplit

from domain.tickets.status import CloseReason, TicketState
from tests.peers.receiver import Delivery

Settings = dict[str, object]


class Fault(StrEnum):
    """What goes wrong with a request."""

    LOST_ANSWER = "lost answer"
    """It is carried out, and the connection is cut before the answer: a time-out after the commit."""
    RESET = "reset"
    """The connection is cut before anything is done."""
    SERVER_ERROR = "server error"
    LIMITED = "limited"
    """The vendor's way to say too many requests, with the time to wait in its header: 1 s."""
    LIMITED_SILENTLY = "limited silently"
    """The same without a time."""
    SLOW = "slow"
    """Answered after ``SLOW_SECONDS``."""
    EMPTY_LIST = "empty list"
    """A list is answered 200 and empty, though it is not."""
    GONE = "gone"
    """410, as for an API that the vendor took away."""


SLOW_SECONDS = 2.0


class Kind(StrEnum):
    """What a request is for, so that faults can be ordered for some only."""

    CREATE = "create"
    UPDATE = "update"
    READ = "read"
    LIST = "list"
    OTHER = "other"


@dataclass(frozen=True, slots=True)
class Request:
    """As it came: ``path`` without the query, a repeated name of which has its values with commas between; ``headers``
    in small letters."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> object:
        return json.loads(self.body) if self.body else None


@dataclass(frozen=True, slots=True)
class Answer:
    """``body`` is sent as JSON; None is no body, and bytes are sent as they are."""

    status: int
    body: object = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class PeerTicket:
    """A ticket as somebody sees it at the vendor. ``body`` is Markdown as a reader would write it, marker and all
    decoration of ours taken off; ``status`` the vendor's word; ``comments`` in order, as Markdown."""

    external_id: str
    key: str
    url: str
    title: str
    body: str
    state: TicketState
    reason: CloseReason | None
    status: str
    assignee: str | None
    due_on: date | None
    comments: tuple[str, ...]
    updated_at: datetime


class Peer(ABC):
    """A vendor on a socket, with faults to order."""

    def __init__(self) -> None:
        self.url = ""
        """Where it listens."""
        self.lock = threading.RLock()
        self.requests: list[Request] = []
        self.judges: list[Callable[[Request], None]] = []
        """Called with each request that we sent; what they raise ends up in ``verdicts``."""
        self.verdicts: list[BaseException] = []
        self.faults: list[tuple[Fault, Kind | None]] = []

    # What a test orders

    def order(self, fault: Fault, on: Kind | None = None, times: int = 1) -> None:
        """The next ``times`` requests of that kind go wrong; None is any kind."""
        with self.lock:
            self.faults += [(fault, on)] * times

    # What a vendor answers

    @abstractmethod
    def kind_of(self, request: Request) -> Kind: ...

    @abstractmethod
    def answer(self, request: Request) -> Answer:
        """Called with ``lock`` held; checks the credentials first."""

    @abstractmethod
    def fault(self, fault: Fault, request: Request) -> Answer:
        """In this vendor's words: SERVER_ERROR, LIMITED, LIMITED_SILENTLY, EMPTY_LIST, GONE."""

    def _due_fault(self, kind: Kind) -> Fault | None:
        for place, (fault, on) in enumerate(self.faults):
            if on is None or on is kind:
                del self.faults[place]
                return fault
        return None

    def handle(self, request: Request) -> tuple[Answer | None, Fault | None]:
        """The answer, None where the connection is cut."""
        kind = self.kind_of(request)
        with self.lock:
            self.requests.append(request)
            for judge in self.judges:
                try:
                    judge(request)
                except Exception as error:  # noqa: BLE001 - a verdict, kept for the test
                    self.verdicts.append(error)
            fault = self._due_fault(kind)
            if fault is Fault.RESET:
                return None, fault
            if fault in {None, Fault.LOST_ANSWER, Fault.SLOW}:
                answer = self.answer(request)
                return (None if fault is Fault.LOST_ANSWER else answer), fault
            assert fault is not None
            return self.fault(fault, request), fault

    @contextmanager
    def running(self) -> Iterator[None]:
        """Listens at ``url`` on a port of its own until the end."""
        over = threading.Event()
        server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self, over))
        server.daemon_threads = True
        self.url = f"http://localhost:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield
        finally:
            over.set()
            server.shutdown()
            thread.join()
            server.server_close()


class TrackerPeer(Peer):
    """One project at one vendor, our account in it and somebody else's."""

    kind: ClassVar[str]
    """The tracker's kind."""
    account: ClassVar[str]
    """Our own account as the tracker tells it."""
    other_account: ClassVar[str]

    def __init__(self) -> None:
        super().__init__()
        self.outbox: list[Delivery] = []
        """Signed webhooks, oldest first, since the connection was made: a test posts them, loses or doubles them."""

    @property
    @abstractmethod
    def config(self) -> Settings:
        """What ``POST /api/integrations`` takes for it."""

    @property
    @abstractmethod
    def secrets(self) -> Settings: ...

    @abstractmethod
    def tickets(self) -> list[PeerTicket]:
        """Every ticket that is there and not deleted, oldest first."""

    @abstractmethod
    def edit(
        self,
        external_id: str,
        *,
        title: str | None = None,
        body: str | None = None,
        state: TicketState | None = None,
        reason: CloseReason | None = None,
        status: str | None = None,
        assignee: str | None = None,
        due_on: date | None = None,
    ) -> None:
        """Somebody else changes a ticket; the webhook that tells of it goes to the outbox. ``status`` by its name."""

    @abstractmethod
    def unassign(self, external_id: str) -> None: ...

    @abstractmethod
    def open(self, title: str, body: str) -> str:
        """Somebody else makes a ticket; its external id."""

    @abstractmethod
    def delete(self, external_id: str) -> None: ...

    @abstractmethod
    def move(self, external_id: str) -> None:
        """To another project or repository that our account sees: a new key, where the vendor gives one."""

    @abstractmethod
    def hide(self, external_id: str) -> None:
        """Our account sees it no more, as the vendor answers then."""

    @abstractmethod
    def revoke(self) -> None:
        """Our credentials are good no more."""

    @abstractmethod
    def restore(self) -> None:
        """They are good again."""

    @abstractmethod
    def unused(self) -> Delivery:
        """A signed webhook that the vendor sends and we do not use."""

    @abstractmethod
    def signed(self, body: bytes) -> Delivery:
        """Any bytes as a rightly signed webhook about a ticket."""


def _handler(peer: Peer, over: threading.Event) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = 65_536  # headers and body in one piece: else each answer waits 40 ms for the client's acknowledgment

        def do_GET(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            sent = self.rfile.read(length)
            if len(sent) < length:  # whoever asked was killed meanwhile
                self.close_connection = True
                return
            parts = urlsplit(self.path)
            headers = {name.lower(): value for name, value in self.headers.items()}
            query: dict[str, str] = {}
            for name, value in parse_qsl(parts.query, keep_blank_values=True):
                query[name] = f"{query[name]},{value}" if name in query else value
            answer, fault = peer.handle(Request(self.command, parts.path, query, headers, sent))
            if fault is Fault.SLOW:
                over.wait(SLOW_SECONDS)
            if answer is None:
                self.close_connection = True
                return
            body = answer.body if isinstance(answer.body, bytes) else json.dumps(answer.body).encode()
            body = b"" if answer.body is None else body
            self.send_response(answer.status)
            for name, value in {"Content-Type": "application/json", **answer.headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_PATCH = do_PUT = do_DELETE = do_GET  # noqa: N815 (named by http.server)
        do_REPORT = do_OPTIONS = do_GET  # noqa: N815 - of CalDAV

        def log_message(self, *what: object) -> None:
            pass

    return Handler
