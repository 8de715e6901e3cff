"""A vendor whose connection is cut at a request of a given number: as a process that is killed there."""

from tests.peers.tracker_peer import Answer, Fault, Peer, Request


class CutPeer(Peer):
    """``cut`` is the number of the request, from 1, that goes wrong in the way of ``fault_there``."""

    def __init__(self) -> None:
        super().__init__()
        self.cut: int | None = None
        self.fault_there = Fault.LOST_ANSWER
        self.count = 0

    def cut_off(self, number: int, fault: Fault) -> None:
        """The connection is cut at that request from now on, and at none after it."""
        self.cut, self.fault_there, self.count = number, fault, 0

    def handle(self, request: Request) -> tuple[Answer | None, Fault | None]:
        self.count += 1
        if self.count == self.cut:
            self.order(self.fault_there)
        return super().handle(request)

    @property
    def was_cut(self) -> bool:
        return self.cut is not None and self.count >= self.cut
