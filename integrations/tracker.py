"""The contract of issue trackers: what ``integrations/trackers/`` holds and what activities call.

A tracker is one file or folder there, found by its name. It is synchronous: activities run it on a thread. One
instance serves one task in one thread, makes no request until it is asked for something, and is closed at the end
(``with connect(...) as tracker``). Rates are capped by the task queue of that tracker, not here.

Instants are aware and in UTC; texts are Markdown, whatever the vendor keeps; a ticket is named by :class:`TicketRef`.

Errors of every method that speaks to the vendor:

- refusals, which a person must resolve: ``CredentialsRejected``, ``TicketForbidden`` (also: the repository or
  project is not visible), ``TicketGone``, ``StatusUnreachable``, ``TrackerRefused`` (with the vendor's own words);
- :class:`TrackerUnavailable`, a stumble: try again, after ``retry_after`` seconds where the vendor said so. After
  :meth:`Tracker.create` it does not say whether the ticket was made: look with :meth:`Tracker.find` first.

No text or repr of an error holds a credential.
"""

from abc import abstractmethod
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar

from pydantic import JsonValue, SecretStr

from domain.errors import DomainError, TrackerRefused
from domain.tickets import texts
from integrations.connection import ConnectedVendor, PermissionCheck, VendorUnavailable
from integrations.ticket import News, Ticket, TicketChange, TicketDraft, TicketRef
from integrations.webhook import secret_list


class TrackerUnavailable(VendorUnavailable):
    """A stumble of a tracker."""


@dataclass(frozen=True, slots=True)
class RequiredField:
    """A field without which the tracker makes no ticket, beyond title and body.

    ``id`` is the vendor's, ``name`` for people, ``kind`` one of ``text``, ``number``, ``date``, ``option``,
    ``account``; ``options`` are the allowed values of an ``option``: value to its name for people.
    """

    id: str
    name: str
    kind: str
    options: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Account:
    """An account of the tracker; ``email`` is None where it is not told."""

    id: str
    name: str
    email: str | None = None


@dataclass(frozen=True, slots=True)
class Registration:
    """Our webhook at the vendor. ``expires_at`` None: it stays until it is taken away."""

    id: str
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Handshake:
    """A vendor's question whether we want its webhooks: answer 200 with these headers, and keep ``secret``."""

    headers: Mapping[str, str]
    secret: str


Check = Callable[[Ticket], None]


class Tracker(ConnectedVendor):
    """An issue tracker, seen through one connection."""

    knows_started: ClassVar[bool]
    """Whether it tells a ticket in progress from an open one."""
    knows_due: ClassVar[bool] = True
    """Whether a ticket has a due date."""
    lookup_lag: ClassVar[float] = 0.0
    """Seconds after a create without an answer until :meth:`find` can be trusted to see the ticket."""
    page_size: ClassVar[int] = 100
    """How many tickets :meth:`read_many` asks for in one call."""
    reads_at_once: ClassVar[int] = 1
    """How many such calls' tickets it is best asked for at once: more, where it lists a project to find some."""
    calls_per_second: ClassVar[float] = 5.0
    """What its task queue is capped at, over all workers."""

    text_limit: ClassVar[int | None] = None
    """The longest text that it takes, in what :meth:`text_size` counts; None where it names no limit."""

    def close(self) -> None:
        """Gives connections back; safe to call twice."""

    def unavailable(self, detail: str, retry_after: float | None = None) -> TrackerUnavailable:
        return TrackerUnavailable(self.label, detail, retry_after)

    def refused(self, detail: str) -> TrackerRefused:
        return TrackerRefused(tracker=self.label, detail=detail)

    # Texts

    @classmethod
    def canonical(cls, text: str) -> str:
        """What a ticket here can express of a Markdown text. Two texts with one canonical form are the same here, and
        whatever else differs is somebody's edit, be it a ticked box or a link's target."""
        return text

    @classmethod
    def text_size(cls, text: str) -> int:
        """The length of a text as this tracker counts it."""
        return len(text)

    @classmethod
    def shortened(cls, body: str) -> str:
        """A ticket's text as there is room for it: its end is cut, its footer stays."""
        return body if cls.text_limit is None else texts.shortened(body, cls.text_limit, cls.text_size)

    # Tickets

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
    def read_many(self, refs: Sequence[TicketRef]) -> Iterator[Ticket]:
        """Those of the tickets that a few calls show, ``page_size`` to a call, in any order.

        One that is not among them is not said to be gone: it may be moved, hidden, or the list may be wrong. Ask for
        it with :meth:`fetch`.
        """

    @abstractmethod
    def update(self, ref: TicketRef, change: TicketChange, check: Check | None = None) -> Ticket:
        """Makes ``change`` hold and answers the ticket; writes nothing where it holds already.

        ``check`` gets the ticket as it is read right before the write; where it raises, nothing is written.

        The state comes last: ``StatusUnreachable`` says that everything else was written. The way to it never leads
        through a closed state that is not the wanted one.

        What our text has no word for, such as a picture or a mention, stays as it is where a new ``body`` is written.
        ``TextNotKept``: it would be lost, and nothing was written.
        """

    @abstractmethod
    def comment(self, ref: TicketRef, marker: str, body: str) -> None:
        """Our one comment with this marker says ``body``: edited in place, written first where there is none."""

    @abstractmethod
    def resolve(self, pointer: str) -> Ticket:
        """The ticket that a person means by its address or key; ``TrackerRefused`` where it is neither."""

    # The connection

    @abstractmethod
    def own_account(self) -> str:
        """The account that our credentials act as: what an event's ``actor`` is for our own changes."""

    @abstractmethod
    def accounts(self) -> Iterator[Account]:
        """Whom a ticket may be assigned to, page by page."""

    def _permission_checks(
        self,
        secret: SecretStr | None,
        looks: Mapping[str, Callable[[], tuple[bool, str]]],
        *,
        aside: Collection[str] = (),
        around: Callable[[], AbstractContextManager[object]] = nullcontext,
    ) -> list[PermissionCheck]:
        """Whether webhooks can be verified by ``secret``, then each look by its name, within ``around``.

        Where one is not granted the rest would fail for the same reason, and is not asked; unless it is ``aside``.
        """
        checks = [self._hears(secret)]
        for name, look in looks.items():
            try:
                with around():
                    granted, detail = look()
            except DomainError as refusal:
                granted, detail = False, str(refusal)
            checks.append(PermissionCheck(name, granted, detail))
            if not granted and name not in aside:
                break
        return checks

    def _hears(self, secret: SecretStr | None) -> PermissionCheck:
        known = bool(secret_list(secret))
        return PermissionCheck("Webhook secret", known, "Webhooks can be verified." if known else self._deaf)

    @property
    def _deaf(self) -> str:
        return f"No webhook secret is set, so changes in {self.label} aren't synced right away. Enter one."

    def settled_config(self) -> Mapping[str, JsonValue]:
        """Settings that the vendor's answers complete or correct, by their names outside: what a person entered by a
        name that may change, by an id that does not. Nothing, where every name stays."""
        return {}

    def required_fields(
        self,
        project: str | None = None,  # noqa: ARG002 (the same everywhere)
        issue_type: str | None = None,  # noqa: ARG002
    ) -> list[RequiredField]:
        """What its create form asks for that we do not give by ourselves; None is the connection's own. Nothing, where
        a title is enough."""
        return []

    # Webhooks

    @abstractmethod
    def register_webhook(self, url: str, secret: str, current: Registration | None = None) -> Registration:
        """Our webhook is there, pointing to ``url`` and signed with ``secret`` where the vendor lets us choose.

        Renews ``current`` where it expires, adopts one that points to ``url`` already, else makes one. A vendor with
        a handshake asks ``url`` before this call is answered.
        """

    @abstractmethod
    def remove_webhook(self, current: Registration) -> None:
        """No error where it is gone already."""

    def handshake(self, headers: Mapping[str, str], body: bytes) -> Handshake | None:  # noqa: ARG002
        """What this delivery is, if it is the vendor's question at registration; never verified, so answer only while
        a registration of ours is open."""
        return None

    @abstractmethod
    def verify_webhook(self, headers: Mapping[str, str], body: bytes, now: datetime) -> None:
        """Raises ``BadSignature`` unless ``body``, byte for byte, was signed with this connection's secret; and, where
        the vendor signs a time, unless that was just now."""

    @abstractmethod
    def delivery_id(self, headers: Mapping[str, str], body: bytes) -> str:
        """What makes this delivery one, also when it is sent again: the vendor's number, else a hash of its content.
        Raises ``MalformedWebhook``."""

    @abstractmethod
    def parse_webhook(self, headers: Mapping[str, str], body: bytes) -> Sequence[News]:
        """The news in it, none for what we do not use. Verify first. Raises ``MalformedWebhook``."""
