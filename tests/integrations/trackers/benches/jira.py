import json
from dataclasses import dataclass, field
from typing import Any

import pytest

from domain.tickets.status import CloseReason, TicketState
from integrations.registry import connect
from integrations.ticket import Ticket, TicketAction
from integrations.tracker import Tracker
from tests.integrations.trackers.benches import Settings
from tests.peers.jira import JiraPeer
from tests.peers.receiver import Delivery


@dataclass
class JiraBench:
    peer: JiraPeer
    config: Settings
    secrets: Settings
    trackers: list[Tracker] = field(default_factory=list)
    kind: str = "jira"
    account: str = JiraPeer.account
    other_account: str = JiraPeer.other_account

    def tracker(self) -> Tracker:
        self.trackers.append(connect(self.kind, self.config, self.secrets))
        return self.trackers[-1]

    def clear(self) -> None:
        for tracker in self.trackers:
            tracker.close()
        assert not self.peer.verdicts, self.peer.verdicts  # every request must be one that Jira documents

    def other_closes(self, ticket: Ticket, reason: CloseReason) -> None:
        state = TicketState.DONE if reason is CloseReason.COMPLETED else TicketState.CANCELLED
        self.peer.edit(ticket.external_id, state=state, reason=reason)

    def other_reopens(self, ticket: Ticket) -> None:
        self.peer.edit(ticket.external_id, state=TicketState.OPEN)

    def other_opens(self, title: str, body: str) -> None:
        label = body.partition("afterword:")[2].partition(" ")[0]
        self.peer.open(title, body, (f"afterword-{label}",) if label else ())

    def delivered(self, ticket: Ticket, action: TicketAction, actor: str) -> Delivery:
        for sent in self.peer.outbox:
            told = json.loads(sent.body)
            if (told["issue"]["id"], told["user"]["accountId"]) == (ticket.external_id, actor) and _is(told, action):
                return sent
        raise AssertionError(f"no webhook tells that {ticket.key} was {action}")

    def unused(self) -> Delivery:
        return self.peer.unused()

    def signed(self, body: bytes) -> Delivery:
        return self.peer.signed(body)

    def unsigned(self, delivery: Delivery) -> Delivery:
        kept = {name: value for name, value in delivery.headers.items() if name != "X-Hub-Signature"}
        return Delivery(kept, delivery.body)


def _is(told: dict[str, Any], action: TicketAction) -> bool:
    if action is TicketAction.OPENED:
        return bool(told["webhookEvent"] == "jira:issue_created")
    moved = any(item["fieldId"] == "status" for item in told.get("changelog", {"items": []})["items"])
    done = told["issue"]["fields"]["status"]["statusCategory"]["key"] == "done"
    return moved and done is (action is TicketAction.CLOSED)


def make(request: pytest.FixtureRequest) -> JiraBench:
    peer: JiraPeer = request.getfixturevalue("jira_peer")
    bench = JiraBench(peer, config=peer.config, secrets=peer.secrets)
    request.addfinalizer(bench.clear)
    return bench
