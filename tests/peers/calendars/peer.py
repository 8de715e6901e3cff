"""A calendar as a test needs it: what is there, what others do there, whom it told, faults to order."""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import ClassVar

from domain.meetings.meeting import Response
from tests.peers.cutting import CutPeer
from tests.peers.tracker_peer import Answer, Fault, Kind, Request

SECRET = "s3cret-of-a-calendar"
TOKEN = "short-lived-token-of-a-calendar"
ORGANIZER = "ann@acme.example"
Span = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class PeerEvent:
    """An event as its organizer sees it there. ``guests`` are addresses with their answers."""

    id: str
    title: str
    description: str
    starts_at: datetime
    minutes: int
    location: str
    guests: Mapping[str, Response]
    link: str | None = None


@dataclass(frozen=True, slots=True)
class Notice:
    """A mail that the vendor sent to attendees: ``what`` is invited, updated, or canceled."""

    what: str
    event_id: str
    addresses: frozenset[str]


class CalendarPeer(CutPeer):
    kind: ClassVar[str]

    def __init__(self) -> None:
        super().__init__()
        self.is_revoked = False
        self.notices: list[Notice] = []
        self.busy: dict[str, list[Span]] = {}
        """By address; one that is missing can't be asked."""

    def kind_of(self, request: Request) -> Kind:
        return Kind.READ if request.method == "GET" else Kind.UPDATE

    def fault(self, fault: Fault, request: Request) -> Answer:
        if fault is Fault.LIMITED:
            return Answer(429, {"error": {"message": "slow down"}}, {"Retry-After": "7"})
        return Answer(503, {"error": {"message": "out of order"}})

    @property
    @abstractmethod
    def config(self) -> dict[str, object]: ...

    @property
    @abstractmethod
    def secrets(self) -> dict[str, object]: ...

    @abstractmethod
    def events(self) -> Sequence[PeerEvent]:
        """Each event that its organizer sees."""

    @abstractmethod
    def someone_moves(self, starts_at: datetime, minutes: int) -> None:
        """The only event."""

    @abstractmethod
    def someone_deletes(self) -> None: ...

    @abstractmethod
    def someone_answers(self, address: str, response: Response) -> None: ...

    @abstractmethod
    def someone_invites(self, address: str) -> None:
        """Somebody adds an attendee there."""
