"""The contract of issue trackers: what the shelf ``integrations/trackers/`` holds and what activities call.

A tracker is one file there, found by its file name. It is synchronous: activities run it on a thread. One
instance serves one task in one thread, makes no request until it is asked for something, and is closed at the end
(``with connect(...) as tracker``). Rates are capped by the task queue of that tracker, not here.

Instants are aware and in UTC; texts are Markdown; a ticket is named by :class:`TicketRef`.

Errors of every method that speaks to the vendor:

- refusals, which a person must resolve: ``CredentialsRejected``, ``TicketForbidden`` (also: the repository or
  project is not visible), ``TicketGone``, ``TrackerRefused`` (with the vendor's own words);
- :class:`TrackerUnavailable`, a stumble: try again, after ``retry_after`` seconds where the vendor said so. After
  :meth:`Tracker.create` it does not say whether the ticket was made: look with :meth:`Tracker.find` first.

No text or repr of an error holds a credential.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import TracebackType
from typing import ClassVar, Self

from domain.tickets import CloseReason, Standing, TicketState
from integrations.connection import ConnectionModel


class TrackerUnavailable(Exception):
    """A stumble: the tracker is away, or limits our rate. ``retry_after`` is in seconds, None where it is not told."""

    def __init__(self, tracker: str, detail: str, retry_after: float | None = None) -> None:
        super().__init__(f"{tracker} is unavailable: {detail}")
        self.tracker = tracker
        self.detail = detail
        self.retry_after = retry_after


class TicketAction(StrEnum):
    """What happened to a ticket, as a webhook tells it."""

    OPENED = "OPENED"
    EDITED = "EDITED"
    CLOSED = "CLOSED"
    REOPENED = "REOPENED"
    ASSIGNED = "ASSIGNED"
    UNASSIGNED = "UNASSIGNED"
    DELETED = "DELETED"
    TRANSFERRED = "TRANSFERRED"


@dataclass(frozen=True, slots=True)
class TicketRef:
    """Names a ticket: ``external_id`` is the vendor's immutable id, ``key`` what people say (``acme/api#12``).

    Links are keyed by ``external_id``; ``key`` may go stale when a ticket moves, and is refreshed from each
    :class:`Ticket`.
    """

    external_id: str
    key: str


@dataclass(frozen=True, slots=True)
class TicketDraft:
    """A ticket to be made.

    ``marker`` is ours (letters, digits, ``_.:-``), unique for one ticket, and finds it again; ``labels`` come on top
    of those of the connection; ``assignee`` is an account of the tracker, None leaves it unassigned.
    """

    marker: str
    title: str
    body: str
    labels: tuple[str, ...] = ()
    assignee: str | None = None


@dataclass(frozen=True, slots=True)
class TicketChange:
    """What should hold of a ticket; None leaves that part alone. ``reason`` matters only with a closed ``state``."""

    title: str | None = None
    body: str | None = None
    state: TicketState | None = None
    reason: CloseReason | None = None


@dataclass(frozen=True, slots=True)
class Ticket:
    """A ticket as its tracker has it.

    ``status`` is the state in the vendor's words; ``assignee`` and ``author`` are accounts of the tracker. ``body``
    is without our marker. ``marker`` is a hint only: anybody may write one, so trust it where ``author`` is our own
    account. ``updated_at`` orders what arrives out of order.
    """

    external_id: str
    key: str
    url: str
    title: str
    body: str
    state: TicketState
    reason: CloseReason | None
    status: str
    assignee: str | None
    author: str | None
    marker: str | None
    updated_at: datetime

    @property
    def ref(self) -> TicketRef:
        return TicketRef(self.external_id, self.key)

    @property
    def standing(self) -> Standing:
        return Standing(self.state, self.reason)


@dataclass(frozen=True, slots=True)
class TicketEvent:
    """A webhook about a ticket. ``actor`` is the account that caused it, None where the vendor does not tell.

    ``ticket`` is the ticket after the event. On TRANSFERRED ``moved_to`` is where it lives now, which may have
    another ``external_id``.
    """

    delivery_id: str
    action: TicketAction
    ticket: Ticket
    actor: str | None
    moved_to: Ticket | None = None


@dataclass(frozen=True, slots=True)
class PermissionCheck:
    """One permission that a connection needs: ``name`` and ``detail`` are words for people."""

    name: str
    granted: bool
    detail: str


class Tracker(ABC):
    """An issue tracker, seen through one connection."""

    label: ClassVar[str]
    """Name for people: ``GitHub``."""
    Config: ClassVar[type[ConnectionModel]]
    Secrets: ClassVar[type[ConnectionModel]]
    """The two halves of a connection; each field has a title and a description, so that a form can be drawn."""
    knows_started: ClassVar[bool]
    """Whether it tells a ticket in progress from an open one."""
    lookup_lag: ClassVar[float] = 0.0
    """Seconds after a create without an answer until :meth:`find` can be trusted to see the ticket."""

    @abstractmethod
    def __init__(self, config: ConnectionModel, secrets: ConnectionModel) -> None:
        """``config`` and ``secrets`` are instances of this class's ``Config`` and ``Secrets``."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:  # noqa: B027 (a tracker without connections has nothing to close)
        """Gives connections back; safe to call twice."""

    @abstractmethod
    def find(self, marker: str, since: datetime | None = None) -> Ticket | None:
        """The ticket that we made with this marker, in any state, or None.

        ``since``, the earliest instant at which it can have been made, lets the search stop early and be complete.
        """

    @abstractmethod
    def create(self, draft: TicketDraft) -> Ticket:
        """Makes a ticket, each time it is called: call :meth:`find` first."""

    @abstractmethod
    def fetch(self, ref: TicketRef) -> Ticket:
        """The ticket now; where it has moved, the answer carries its new key, and perhaps a new id."""

    @abstractmethod
    def update(self, ref: TicketRef, change: TicketChange) -> Ticket:
        """Makes ``change`` hold and answers the ticket; writes nothing where it holds already."""

    @abstractmethod
    def resolve(self, pointer: str) -> Ticket:
        """The ticket that a person means by its address or key; ``TrackerRefused`` where it is neither."""

    @abstractmethod
    def own_account(self) -> str:
        """The account that our credentials act as: what an event's ``actor`` is for our own changes."""

    @abstractmethod
    def check_permissions(self) -> list[PermissionCheck]:
        """Each permission that we need, and whether we have it. Refusals become checks that are not granted."""

    @abstractmethod
    def verify_webhook(self, headers: Mapping[str, str], body: bytes) -> None:
        """Raises ``BadSignature`` unless ``body``, byte for byte, was signed with this connection's secret."""

    @abstractmethod
    def delivery_id(self, headers: Mapping[str, str], body: bytes) -> str:
        """What makes this delivery one, also when it is sent again. Raises ``MalformedWebhook``."""

    @abstractmethod
    def parse_webhook(self, headers: Mapping[str, str], body: bytes) -> TicketEvent | None:
        """The event, or None for one that we do not use. Verify first. Raises ``MalformedWebhook``."""
