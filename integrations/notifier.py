"""The contract of channels: what ``integrations/notifiers/`` holds and what activities call.

A channel is one file or folder there, found by its name (``slack.py`` is the kind ``slack``); the connection is a row
of ``integration`` of that kind. One instance serves one connection for one task, makes no request until it is asked for
something, and is closed at the end (``async with connect_notifier(...) as notifier``). It is asynchronous: a library
that blocks is called with ``asyncio.to_thread``, with retries of its own off. Rates are capped by the task queue
``notify``, not here.

A message is the same for every channel; each shows it in its own manner. Texts are plain, one line each, and never
trusted: a channel escapes what its own markup would take for more. Instants are aware and already in the receiver's
zone, whose name is ``Message.zone``: show both. What may be pressed is ``Entry.acts``; a channel without buttons
shows the links instead. A receiver was allowed to see every entry when the message was made, a moment ago.

Sending is at least once: an activity that dies between the vendor's answer and our record runs again, with the same
``Message.id``. A channel derives its vendor's own id from it where the vendor takes one (a ``Message-ID``), so that
the second is recognised as the first.

Errors of every method that speaks to the vendor:

- refusals, for good, until a person acts: ``AddressGone`` (nobody there: deactivated, mailbox unknown, never joined),
  ``ChannelArchived`` (a team's channel is gone, archived, or shut to us), ``CredentialsRejected`` (token revoked, wrong
  password), ``NotifierRefused`` (with the vendor's words; the connection's settings must change). The last two and
  ``ChannelArchived`` mark the connection; the first only that address;
- :class:`NotifierUnavailable`, a stumble: try again, after ``retry_after`` seconds where the vendor said so.

No text or repr of an error holds a credential.
"""

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from types import TracebackType
from typing import Any, ClassVar, Protocol, Self

from integrations.bounce import BounceReader
from integrations.connection import ConnectionModel, PermissionCheck, SetupStep, VendorUnavailable

__all__ = [
    "Act",
    "Entry",
    "Fact",
    "Group",
    "HandOverLost",
    "Invitation",
    "Letter",
    "Link",
    "MailSender",
    "Message",
    "MessageKind",
    "Notifier",
    "NotifierUnavailable",
    "PermissionCheck",
    "Point",
    "Post",
    "PutOff",
    "Receipt",
    "Recipient",
]


class NotifierUnavailable(VendorUnavailable):
    """A stumble of a channel."""


class PutOff(Exception):
    """The server did not take this letter now, and may later (4xx). Its text is what the server said."""


class HandOverLost(Exception):
    """The connection broke while a letter was handed over: it isn't known whether the server took it."""


class MessageKind(StrEnum):
    """Why it comes. A digest is the one unasked message of a day. Escalations come at once, and so do prompts, which
    are of no use later, what a person did that addresses the receiver, and reminders that they want at once."""

    DIGEST = "DIGEST"
    ESCALATION = "ESCALATION"
    PROMPT = "PROMPT"
    DIRECT = "DIRECT"
    REMINDER = "REMINDER"
    REPORT = "REPORT"
    PUBLISHED = "PUBLISHED"


class Group(StrEnum):
    """The parts of a message, in this order. A part without entries is not shown."""

    OVERDUE = "OVERDUE"
    NEEDS_YOU = "NEEDS_YOU"
    WAITING = "WAITING"
    NEWS = "NEWS"
    MOVED = "MOVED"
    WAIVED = "WAIVED"

    @property
    def words(self) -> str:
        return {
            Group.OVERDUE: "Overdue",
            Group.NEEDS_YOU: "For your attention",
            Group.WAITING: "Waiting on others",
            Group.NEWS: "For your information",
            Group.MOVED: "Progress",
            Group.WAIVED: "Waived and extended",
        }[self]


class Act(StrEnum):
    """What a receiver may do about an entry, by a button where there are any. Checked again when it is pressed."""

    APPROVE = "APPROVE"
    REQUEST_CHANGES = "REQUEST_CHANGES"
    START = "START"
    MARK_DONE = "MARK_DONE"
    SNOOZE = "SNOOZE"
    WONT_DO = "WONT_DO"


@dataclass(frozen=True, slots=True)
class Link:
    """``label`` is what a button says, such as "View comment"; ``url`` leads to a page of ours."""

    label: str
    url: str


@dataclass(frozen=True, slots=True)
class Fact:
    """``label`` is a noun such as "Due"; the message's zone holds for times in ``value``."""

    label: str
    value: str


@dataclass(frozen=True, slots=True)
class Point:
    """One thing about an entry: a line without its title. ``quote`` is what somebody wrote, perhaps cut; ``link`` leads
    to it, and is empty if the entry's own does."""

    text: str
    quote: str = ""
    link: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """Everything that a message says about one postmortem, action item, team or connection.

    ``id`` is our notice's, or made for this message; ``kind`` is the notice's kind. ``title`` is the subject's own name
    and ``link`` its page; ``text`` says what happened, next to the title. ``quote`` is what somebody wrote about it. If
    there are several ``points``, they say more than ``text``, which counts them. ``why`` is a sentence that says why
    the receiver gets this. ``action`` is what to do first, and ``links`` what else.
    """

    id: str
    kind: str
    group: Group
    text: str
    title: str
    link: str
    postmortem_id: str | None = None
    action_item_id: str | None = None
    quote: str = ""
    points: tuple[Point, ...] = ()
    facts: tuple[Fact, ...] = ()
    why: str = ""
    action: Link | None = None
    links: tuple[Link, ...] = ()
    acts: tuple[Act, ...] = ()


@dataclass(frozen=True, slots=True)
class Message:
    """What is said. ``id`` is the same for each attempt to send it.

    ``intro`` is a sentence before the entries, perhaps empty. ``threads`` are the postmortems that it is about, the
    first one first: channels with threads answer there if it is only one. ``preferences_url`` is where the receiver
    changes what comes; ``unsubscribe_url`` takes a POST of one click (RFC 8058) and is None for what cannot be
    unsubscribed. ``shared_subject`` is the first subject of a thread whose messages should keep it, where a channel
    threads by subjects; ``is_reply``: there are earlier ones.
    """

    id: str
    kind: MessageKind
    subject: str
    entries: tuple[Entry, ...]
    zone: str
    created_at: datetime
    intro: str = ""
    threads: tuple[str, ...] = ()
    preferences_url: str | None = None
    unsubscribe_url: str | None = None
    shared_subject: str | None = None
    is_reply: bool = False

    def grouped(self) -> list[tuple[Group, list[Entry]]]:
        """The parts in order, without empty ones."""
        parts = [(group, [one for one in self.entries if one.group is group]) for group in Group]
        return [(group, entries) for group, entries in parts if entries]


@dataclass(frozen=True, slots=True)
class Recipient:
    """To whom: ``address`` is the channel's own word (an e-mail address, a Slack user or channel id; "" where the
    connection is one channel). Exactly one of ``person_id`` and ``team_id`` is set. ``thread`` is the ``external_id``
    of the message there that this one is to stand under, where the channel has threads."""

    address: str
    name: str
    person_id: str | None = None
    team_id: str | None = None
    thread: str | None = None


@dataclass(frozen=True, slots=True)
class Receipt:
    """``external_id`` is the channel's own name of what was sent (a ``Message-ID``, a Slack ``channel:ts``);
    ``thread`` is that of the message that it stands under, None where it stands by itself."""

    external_id: str
    thread: str | None = None


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail to any address, in both forms. ``id`` is part of its ``Message-ID``, and the same whenever it is sent;
    ``unsubscribe_url`` takes a POST of one click (RFC 8058), and is None for what its receiver has asked for."""

    id: str
    subject: str
    text: str
    html: str
    unsubscribe_url: str | None
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Invitation:
    """A mail that mail programs show as an invitation: ``calendar`` is an iCalendar file of that ``method``. ``id`` is
    part of its ``Message-ID``, and the same whenever it is sent; ``thread`` is what the mails about one meeting share.
    ``reply_to`` is the person who invites."""

    id: str
    thread: str
    subject: str
    text: str
    html: str
    method: str
    calendar: bytes
    reply_to: str
    created_at: datetime


Claim = Callable[[], Awaitable[None]]
Post = Callable[[Letter, str, Claim], Awaitable[None]]
"""Sends a letter to an address. ``Claim`` is awaited right before it is handed over, once the server has accepted the
address: whatever comes after it may have been sent. Raises ``AddressGone`` and ``NotifierRefused`` for good,
:class:`PutOff`, :class:`HandOverLost`, and :class:`NotifierUnavailable` if the conversation is over."""


class MailSender(Protocol):
    """A channel that writes to any address."""

    def posting(self) -> AbstractAsyncContextManager[Post]:
        """One conversation with the server. Raises as :meth:`Notifier.send` does where there is none."""

    @property
    def reply_address(self) -> str | None:
        """A mailbox whose mail comes back to us, where answers to invitations go; None where there is none."""

    async def invite(self, invitation: Invitation, recipient: Recipient) -> None:
        """Sends it, each time it is called. Raises as :meth:`Notifier.send` does."""


class Notifier(ABC):
    """A channel, seen through one connection."""

    label: ClassVar[str]
    """Name for people: ``Slack``."""
    Config: ClassVar[type[ConnectionModel]]
    Secrets: ClassVar[type[ConnectionModel]]
    """The two halves of a connection; each field has a title and a description, so that a form can be drawn."""
    setup: ClassVar[tuple[SetupStep, ...]]
    """How an administrator sets it up."""
    reaches_people: ClassVar[bool] = True
    """False where a connection is one channel, and so never a person's."""
    rank: ClassVar[int] = 50
    """Which channel a person is tried on first: the lowest (Slack 10, e-mail 20)."""
    bounces: ClassVar[BounceReader | None] = None
    """What reads the mail that comes back, where undeliverable messages do."""

    kept_host: str | None = None
    """A host that this connection may reach although its address is private; see ``integrations.outbound.policy``."""

    @abstractmethod
    def __init__(self, config: ConnectionModel, secrets: ConnectionModel) -> None:
        """``config`` and ``secrets`` are instances of this class's ``Config`` and ``Secrets``."""

    @staticmethod
    def manifest(webhook_url: str, base_url: str) -> dict[str, Any] | None:  # noqa: ARG004 (most take none)
        """What the vendor makes our app from, where it takes such a file."""
        return None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:  # noqa: B027 (a channel without connections has nothing to close)
        """Gives connections back; safe to call twice."""

    @abstractmethod
    async def send(self, message: Message, recipient: Recipient) -> Receipt:
        """Sends it, each time it is called."""

    @abstractmethod
    async def find_address(self, email: str) -> str | None:
        """The address of the person with that e-mail here; None where there is none. It is kept in ``channel_address``
        (connection, person), where an administrator may write another one; it is asked for again once it is gone."""

    @abstractmethod
    async def check_permissions(self) -> list[PermissionCheck]:
        """Each permission that we need, and whether we have it. Refusals become checks that are not granted."""
