import json
from dataclasses import dataclass, field

import pytest

from domain.tickets.status import CloseReason, TicketState
from integrations.registry import connect
from integrations.ticket import Ticket, TicketAction
from integrations.tracker import Tracker
from tests.integrations.trackers.benches import Settings
from tests.peers.gitlab import GitlabPeer
from tests.peers.receiver import Delivery

WORDS = {TicketAction.OPENED: "open", TicketAction.CLOSED: "close", TicketAction.REOPENED: "reopen"}


@dataclass
class GitlabBench:
    peer: GitlabPeer
    config: Settings
    secrets: Settings
    trackers: list[Tracker] = field(default_factory=list)
    kind: str = "gitlab"
    account: str = GitlabPeer.account
    other_account: str = GitlabPeer.other_account

    def tracker(self) -> Tracker:
        self.trackers.append(connect(self.kind, self.config, self.secrets))
        return self.trackers[-1]

    def clear(self) -> None:
        for tracker in self.trackers:
            tracker.close()

    def other_closes(self, ticket: Ticket, reason: CloseReason) -> None:
        state = TicketState.DONE if reason is CloseReason.COMPLETED else TicketState.CANCELLED
        self.peer.edit(ticket.external_id, state=state, reason=reason)

    def other_reopens(self, ticket: Ticket) -> None:
        self.peer.edit(ticket.external_id, state=TicketState.OPEN)

    def other_opens(self, title: str, body: str) -> None:
        self.peer.open(title, body)

    def delivered(self, ticket: Ticket, action: TicketAction, actor: str) -> Delivery:
        wanted = (int(ticket.external_id), int(actor), WORDS[action])
        for sent in self.peer.outbox:
            told = json.loads(sent.body)
            issue = told["object_attributes"]
            if (issue["id"], told["user"]["id"], issue["action"]) == wanted:
                return sent
        raise AssertionError(f"no webhook tells that {ticket.key} was {action}")

    def unused(self) -> Delivery:
        return self.peer.unused()

    def signed(self, body: bytes) -> Delivery:
        return self.peer.signed(body)

    def unsigned(self, delivery: Delivery) -> Delivery:
        kept = {name: value for name, value in delivery.headers.items() if name != "webhook-signature"}
        return Delivery(kept, delivery.body)


def make(request: pytest.FixtureRequest) -> GitlabBench:
    peer = GitlabPeer()
    running = peer.running()
    running.__enter__()
    bench = GitlabBench(peer, config=peer.config, secrets=peer.secrets)
    request.addfinalizer(lambda: running.__exit__(None, None, None))
    request.addfinalizer(bench.clear)
    return bench
