"""What the contract test needs of each tracker: one file per tracker, of the same name, with ``make(request)``."""

from typing import Protocol

from domain.tickets.status import CloseReason
from integrations.ticket import Ticket, TicketAction
from integrations.tracker import Tracker
from tests.peers.receiver import Delivery

Settings = dict[str, object]


class Bench(Protocol):
    """A tracker's fresh, empty project, and somebody else at work in it."""

    kind: str
    config: Settings
    secrets: Settings
    account: str
    other_account: str

    def tracker(self) -> Tracker:
        """A new instance for the same project."""

    def other_closes(self, ticket: Ticket, reason: CloseReason) -> None: ...

    def other_reopens(self, ticket: Ticket) -> None: ...

    def other_opens(self, title: str, body: str) -> None: ...

    def delivered(self, ticket: Ticket, action: TicketAction, actor: str) -> Delivery:
        """The vendor's webhook that tells of it."""

    def unused(self) -> Delivery:
        """A webhook that the vendor sends and we do not use."""

    def signed(self, body: bytes) -> Delivery:
        """Any bytes as a rightly signed webhook about a ticket."""

    def unsigned(self, delivery: Delivery) -> Delivery:
        """The same without its signature."""
