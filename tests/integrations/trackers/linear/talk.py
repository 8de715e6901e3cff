"""What was sent to Linear's peer, and what is said to it."""

from integrations.ticket import (
    TicketDraft,
    TicketRef,
)
from tests.peers.linear import LinearPeer

DRAFT = TicketDraft("ai_1", "Alert on queue depth", "Page before the queue is full.")

REF = TicketRef("b3a1d9a0-6d1f-4c58-9f53-0000000000ff", "ENG-12")


def asked(peer: LinearPeer) -> list[str]:
    """The names of the documents that were sent."""
    documents = [request.json() for request in peer.requests]
    return [one["query"].split("(")[0].split(" {")[0].split()[1] for one in documents if isinstance(one, dict)]
