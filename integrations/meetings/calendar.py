"""The contract of calendars: what ``integrations/calendars/`` holds and what activities call.

A calendar is one file there, found by its name, and synchronous: activities run it on a thread. One instance serves
one task in one thread, makes no request until it is asked for something, and is closed at the end. One connection
serves everyone in the organization: ``organizer`` is the address of the person whose calendar is meant.

Only the organizer's calendar gets the event. Whether its attendees hear of it from there is ``invites``; where it is
false, we send invitations ourselves, and the calendar is told to send none.

There is exactly one event for each ``Event.key``, whatever is killed when: what an earlier call has made is found by
it. Errors of every method that speaks to the vendor:

- refusals, which a person must resolve: ``CredentialsRejected``, ``EventGone``, ``CalendarRefused`` (with the vendor's
  own words);
- :class:`CalendarUnavailable`, a stumble: try again, after ``retry_after`` seconds where the vendor said so.

No text or repr of an error holds a credential.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import TracebackType
from typing import ClassVar, Self

from domain.errors import CalendarRefused, DomainError
from domain.meetings.meeting import ConferenceKind, EventTimes, Response
from domain.meetings.suggestion import Span
from integrations.connection import ConnectionModel
from integrations.tracker import PermissionCheck


class CalendarUnavailable(Exception):
    """A stumble: the vendor is away, or limits our rate. ``retry_after`` is in seconds, None where it is not told."""

    def __init__(self, calendar: str, detail: str, retry_after: float | None = None) -> None:
        super().__init__(f"{calendar} is unavailable: {detail}")
        self.detail = detail
        self.retry_after = retry_after


@dataclass(frozen=True, slots=True)
class Guest:
    """Somebody who is invited."""

    address: str
    name: str
    required: bool
    response: Response = Response.NEEDS_ACTION


@dataclass(frozen=True, slots=True)
class Event:
    """A meeting as its calendar is to show it. ``key`` (``a-z0-9``) names the event and stays; ``uid`` and ``sequence``
    are iCalendar's. ``former`` are addresses that we took out: they leave the event, others that somebody added there
    stay. ``conference`` asks for a link of the vendor's own. ``quietly``: nobody has to be told of this change."""

    key: str
    uid: str
    sequence: int
    title: str
    description: str
    times: EventTimes
    time_zone: str
    organizer: str
    organizer_name: str
    guests: tuple[Guest, ...]
    former: tuple[str, ...] = ()
    conference: ConferenceKind = ConferenceKind.NONE
    url: str | None = None
    quietly: bool = False
    created_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class EventThere:
    """The event as it is there. ``responses`` are those of people who answered there, by their addresses.
    ``revision`` is the vendor's: another one, somebody changed something."""

    id: str
    revision: str
    times: EventTimes
    responses: Mapping[str, Response]
    url: str | None = None
    conference_url: str | None = None
    title: str = ""
    description: str = ""


class Calendar(ABC):
    """A calendar server, seen through one connection."""

    label: ClassVar[str]
    """Name for people: ``Google Calendar``."""
    Config: ClassVar[type[ConnectionModel]]
    Secrets: ClassVar[type[ConnectionModel]]
    """The two halves of a connection; each field has a title and a description, so that a form can be drawn."""
    invites: ClassVar[bool] = True
    conference: ClassVar[ConferenceKind] = ConferenceKind.NONE
    """The kind of video meeting that its events can have."""

    kept_host: str | None = None
    """A host that this connection may reach although its address is private; see ``integrations.outbound.policy``."""
    calls: int = 0
    request_id: str | None = None

    @abstractmethod
    def __init__(self, config: ConnectionModel, secrets: ConnectionModel) -> None:
        """``config`` and ``secrets`` are instances of this class's ``Config`` and ``Secrets``."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @abstractmethod
    def close(self) -> None:
        """Gives connections back; safe to call twice."""

    def unavailable(self, detail: str, retry_after: float | None = None) -> CalendarUnavailable:
        return CalendarUnavailable(self.label, detail, retry_after)

    def refused(self, detail: str) -> CalendarRefused:
        return CalendarRefused(vendor=self.label, detail=detail)

    @abstractmethod
    def create(self, event: Event) -> EventThere:
        """Our one event with this key; one that an earlier call has made is brought up to date."""

    @abstractmethod
    def update(self, id_: str, event: Event) -> EventThere:
        """Makes the event say this. Answers of attendees and people whom somebody added there stay. Raises
        ``EventGone``."""

    @abstractmethod
    def cancel(self, id_: str | None, event: Event) -> None:
        """Takes it away, and tells its attendees where :attr:`invites`; without an id, whatever an earlier call has
        made. No error where it is gone already."""

    @abstractmethod
    def fetch(self, id_: str, organizer: str) -> EventThere:
        """The event as it is now. Raises ``EventGone``."""

    @abstractmethod
    def busy(
        self, addresses: Sequence[str], begin: datetime, end: datetime, asked_by: str
    ) -> dict[str, list[Span] | None]:
        """When each is busy, in UTC, by address; None where that isn't known."""

    @abstractmethod
    def check_permissions(self) -> list[PermissionCheck]:
        """Each permission that we need, and whether we have it. Refusals become checks that are not granted."""

    def _looked(self, looks: Mapping[str, Callable[[], str]]) -> list[PermissionCheck]:
        """Each look by its name, until the first that is refused."""
        checks: list[PermissionCheck] = []
        for name, look in looks.items():
            try:
                checks.append(PermissionCheck(name, granted=True, detail=look()))
            except DomainError as refusal:
                return [*checks, PermissionCheck(name, granted=False, detail=str(refusal))]
        return checks


def whole_minutes(starts_at: datetime, ends_at: datetime) -> int:
    """How long an event takes that somebody moved there: at least a minute."""
    return max(1, round((ends_at - starts_at) / timedelta(minutes=1)))
