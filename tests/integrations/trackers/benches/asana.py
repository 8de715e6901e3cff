import json
from dataclasses import dataclass, field

import pytest

from domain.tickets.status import CloseReason, TicketState
from integrations.registry import connect
from integrations.ticket import Ticket, TicketAction
from integrations.tracker import Tracker
from tests.integrations.trackers.benches import Settings
from tests.peers.asana import AsanaPeer
from tests.peers.asana_openapi import AsanaJudge
from tests.peers.receiver import Delivery

STORIES = {TicketAction.CLOSED: "marked_complete", TicketAction.REOPENED: "marked_incomplete"}


@dataclass
class AsanaBench:
    peer: AsanaPeer
    config: Settings
    secrets: Settings
    trackers: list[Tracker] = field(default_factory=list)
    kind: str = "asana"
    account: str = AsanaPeer.account
    other_account: str = AsanaPeer.other_account

    def tracker(self) -> Tracker:
        self.trackers.append(connect(self.kind, self.config, self.secrets))
        return self.trackers[-1]

    def clear(self) -> None:
        for tracker in self.trackers:
            tracker.close()
        assert self.peer.verdicts == []

    def other_closes(self, ticket: Ticket, reason: CloseReason) -> None:
        state = TicketState.DONE if reason is CloseReason.COMPLETED else TicketState.CANCELLED
        self.peer.edit(ticket.external_id, state=state, reason=reason)

    def other_reopens(self, ticket: Ticket) -> None:
        self.peer.edit(ticket.external_id, state=TicketState.OPEN)

    def other_opens(self, title: str, body: str) -> None:
        self.peer.open(title, body)

    def delivered(self, ticket: Ticket, action: TicketAction, actor: str) -> Delivery:
        return next(one for one in self.peer.outbox if self._tells(one, ticket, action, actor))

    def _tells(self, delivery: Delivery, ticket: Ticket, action: TicketAction, actor: str) -> bool:
        for event in json.loads(delivery.body)["events"]:
            told = {event["resource"]["gid"], (event["parent"] or {}).get("gid")}
            story = event["resource"].get("resource_subtype")
            made = event["action"] == "added" and event["resource"]["resource_type"] == "task"
            wanted = made if action is TicketAction.OPENED else story == STORIES[action]
            if wanted and ticket.external_id in told and event["user"]["gid"] == actor:
                return True
        return False

    def unused(self) -> Delivery:
        return self.peer.unused()

    def signed(self, body: bytes) -> Delivery:
        return self.peer.signed(body)

    def unsigned(self, delivery: Delivery) -> Delivery:
        return Delivery(
            {name: value for name, value in delivery.headers.items() if "Signature" not in name}, delivery.body
        )


def make(request: pytest.FixtureRequest) -> AsanaBench:
    peer = AsanaPeer()
    peer.judges.append(AsanaJudge())  # every request must be one that Asana documents
    running = peer.running()
    running.__enter__()
    request.addfinalizer(lambda: running.__exit__(None, None, None))
    bench = AsanaBench(peer, config=peer.config, secrets=peer.secrets)
    request.addfinalizer(bench.clear)
    return bench
