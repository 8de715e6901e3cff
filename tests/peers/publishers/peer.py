"""A system that copies are published to, as a test needs it: what is there, what others do there, faults to order."""

from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar

from tests.peers.cutting import CutPeer
from tests.peers.tracker_peer import Answer, Fault, Kind, Request

TOKEN = "s3cret-token-of-a-publisher"


@dataclass(frozen=True, slots=True)
class Place:
    """What a reader finds there. ``is_proposed``: in a pull request that nobody has merged."""

    id: str
    title: str
    text: str
    is_proposed: bool = False


class PublisherPeer(CutPeer):
    kind: ClassVar[str]

    def __init__(self) -> None:
        super().__init__()
        self.is_revoked = False

    def writes(self) -> list[Request]:
        return [one for one in self.requests if one.method != "GET"]

    def kind_of(self, request: Request) -> Kind:
        return Kind.READ if request.method == "GET" else Kind.UPDATE

    def fault(self, fault: Fault, request: Request) -> Answer:
        if fault is Fault.LIMITED:
            return Answer(429, {"message": "slow down"}, {"Retry-After": "7"})
        return Answer(503, {"message": "out of order"})

    @property
    @abstractmethod
    def config(self) -> dict[str, object]: ...

    @property
    def secrets(self) -> dict[str, object]:
        return {"token": TOKEN}

    @abstractmethod
    def places(self) -> list[Place]:
        """Each copy that a reader finds, without what was taken away."""

    @abstractmethod
    def someone_edits(self, words: str) -> None:
        """Adds the words to the only copy."""

    @abstractmethod
    def someone_deletes(self) -> None:
        """Takes the only copy away."""
