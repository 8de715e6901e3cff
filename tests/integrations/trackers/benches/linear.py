import json
from dataclasses import dataclass, field

import pytest

from domain.tickets.status import CloseReason, TicketState
from integrations.registry import connect
from integrations.ticket import Ticket, TicketAction
from integrations.tracker import Tracker
from tests.integrations.trackers.benches import Settings
from tests.peers.linear import LinearPeer
from tests.peers.linear_schema import judge
from tests.peers.receiver import Delivery

CLOSED = {"completed", "canceled", "duplicate"}


@dataclass
class LinearBench:
    peer: LinearPeer
    config: Settings
    secrets: Settings
    trackers: list[Tracker] = field(default_factory=list)
    kind: str = "linear"
    account: str = LinearPeer.account
    other_account: str = LinearPeer.other_account

    def tracker(self) -> Tracker:
        self.trackers.append(connect(self.kind, self.config, self.secrets))
        return self.trackers[-1]

    def clear(self) -> None:
        for tracker in self.trackers:
            tracker.close()
        assert not self.peer.verdicts, self.peer.verdicts  # every request must be one that Linear knows

    def other_closes(self, ticket: Ticket, reason: CloseReason) -> None:
        state = TicketState.DONE if reason is CloseReason.COMPLETED else TicketState.CANCELLED
        self.peer.edit(ticket.external_id, state=state, reason=reason)

    def other_reopens(self, ticket: Ticket) -> None:
        self.peer.edit(ticket.external_id, state=TicketState.OPEN)

    def other_opens(self, title: str, body: str) -> None:
        self.peer.open(title, body)

    def delivered(self, ticket: Ticket, action: TicketAction, actor: str) -> Delivery:
        for sent in self.peer.outbox:
            told = json.loads(sent.body)
            if (told["data"]["id"], told["actor"]["id"]) == (ticket.external_id, actor) and _action(told) is action:
                return sent
        raise AssertionError(f"no webhook tells that {ticket.key} was {action}")

    def unused(self) -> Delivery:
        return self.peer.unused()

    def signed(self, body: bytes) -> Delivery:
        return self.peer.signed(body)

    def unsigned(self, delivery: Delivery) -> Delivery:
        return Delivery(
            {name: value for name, value in delivery.headers.items() if name != "Linear-Signature"}, delivery.body
        )


def _action(told: dict[str, object]) -> TicketAction:
    data, before = told["data"], told.get("updatedFrom")
    assert isinstance(data, dict)
    if told["action"] == "create":
        return TicketAction.OPENED
    if isinstance(before, dict) and "stateId" in before:
        return TicketAction.CLOSED if data["state"]["type"] in CLOSED else TicketAction.REOPENED
    return TicketAction.EDITED


def make(request: pytest.FixtureRequest) -> LinearBench:
    peer = LinearPeer()
    peer.judges.append(judge)
    running = peer.running()
    running.__enter__()
    bench = LinearBench(peer, config=peer.config, secrets=peer.secrets)
    request.addfinalizer(lambda: running.__exit__(None, None, None))
    request.addfinalizer(bench.clear)
    return bench
