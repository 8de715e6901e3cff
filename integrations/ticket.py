"""A ticket as every tracker has it, and what happens to one."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from pydantic import JsonValue

from domain.tickets.status import CloseReason, Standing, TicketState


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


class PullRequestState(StrEnum):
    OPEN = "open"
    MERGED = "merged"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class PullRequest:
    """A pull request that closes or mentions a ticket. ``url`` names it."""

    url: str
    title: str
    state: PullRequestState


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
    of those of the connection; ``assignee`` is an account of the tracker, None leaves it unassigned. ``project`` and
    ``issue_type`` are the tracker's own names or ids, None the connection's; ``fields`` are further values by the
    vendor's field id, as :meth:`Tracker.required_fields` describes them.
    """

    marker: str
    title: str
    body: str
    labels: tuple[str, ...] = ()
    assignee: str | None = None
    due_on: date | None = None
    project: str | None = None
    issue_type: str | None = None
    fields: Mapping[str, JsonValue] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TicketChange:
    """What should hold of a ticket; None leaves that part alone, also the assignee: one is never taken away.

    ``reason`` matters only with a closed ``state``. ``status`` is the vendor's name for the wanted state, to be tried
    before any other of that category. ``no_due_date`` takes the due date away.
    """

    title: str | None = None
    body: str | None = None
    state: TicketState | None = None
    reason: CloseReason | None = None
    status: str | None = None
    assignee: str | None = None
    due_on: date | None = None
    no_due_date: bool = False


@dataclass(frozen=True, slots=True)
class Ticket:
    """A ticket as its tracker has it.

    ``status`` is the state in the vendor's words; ``assignee`` and ``author`` are accounts of the tracker. ``body``
    is without our marker. ``marker`` is a hint only: anybody may write one, so trust it where ``author`` is our own
    account; None also where the tracker keeps it elsewhere. ``updated_at`` orders what arrives out of order.
    ``pull_requests`` is None where this look did not tell.
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
    due_on: date | None = None
    pull_requests: tuple[PullRequest, ...] | None = None

    @property
    def ref(self) -> TicketRef:
        return TicketRef(self.external_id, self.key)

    @property
    def standing(self) -> Standing:
        return Standing(self.state, self.reason)


@dataclass(frozen=True, slots=True)
class TicketEvent:
    """A webhook's news of one ticket. ``delivery_id`` is this event's own, the same when it is sent again; ``actor`` is
    the account that caused it, None where the vendor does not tell.

    ``ticket`` is the ticket after the event; None where the webhook does not say it all, or is not signed: then it
    has to be fetched by ``ref``. On TRANSFERRED ``moved_to`` is where it lives now, which may have another
    ``external_id``. ``at`` is the vendor's time of the event.
    """

    delivery_id: str
    action: TicketAction
    ref: TicketRef
    ticket: Ticket | None
    actor: str | None
    at: datetime | None = None
    moved_to: Ticket | None = None


@dataclass(frozen=True, slots=True)
class PullRequestEvent:
    """A webhook's news of a pull request that closes or mentions the tickets with these keys (or, where the vendor
    links them itself, external ids)."""

    delivery_id: str
    tickets: tuple[str, ...]
    pull_request: PullRequest
    at: datetime | None = None


News = TicketEvent | PullRequestEvent
