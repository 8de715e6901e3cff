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

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar

from domain.errors import CalendarRefused
from domain.meetings.meeting import ConferenceKind, EventTimes, Response
from domain.meetings.suggestion import Span
from integrations.connection import ConnectedVendor, VendorUnavailable


class CalendarUnavailable(VendorUnavailable):
    """A stumble of a calendar."""


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


class Calendar(ConnectedVendor):
    """A calendar server, seen through one connection."""

    invites: ClassVar[bool] = True
    conference: ClassVar[ConferenceKind] = ConferenceKind.NONE
    """The kind of video meeting that its events can have."""

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


def whole_minutes(starts_at: datetime, ends_at: datetime) -> int:
    """How long an event takes that somebody moved there: at least a minute."""
    return max(1, round((ends_at - starts_at) / timedelta(minutes=1)))
