import itertools
from dataclasses import dataclass, field

import pytest

from domain.tickets.status import CloseReason, TicketState
from integrations.registry import connect
from integrations.ticket import Ticket, TicketAction, TicketChange, TicketDraft
from integrations.tracker import Tracker
from integrations.trackers.console import delivery
from integrations.webhook import sha256_signature
from tests.integrations.trackers.benches import Settings
from tests.peers.receiver import Delivery

SECRET = "a secret of the console"
SIGNATURE = "X-Console-Signature-256"
_projects = itertools.count(1)


@dataclass
class ConsoleBench:
    config: Settings
    secrets: Settings = field(default_factory=lambda: {"webhookSecret": SECRET})
    kind: str = "console"
    account: str = "afterword"
    other_account: str = "jane"

    def tracker(self) -> Tracker:
        return connect(self.kind, self.config, self.secrets)

    def _other(self) -> Tracker:
        return connect(self.kind, self.config | {"account": self.other_account}, {})

    def other_closes(self, ticket: Ticket, reason: CloseReason) -> None:
        state = TicketState.DONE if reason is CloseReason.COMPLETED else TicketState.CANCELLED
        self._other().update(ticket.ref, TicketChange(state=state, reason=reason))

    def other_reopens(self, ticket: Ticket) -> None:
        self._other().update(ticket.ref, TicketChange(state=TicketState.OPEN))

    def other_opens(self, title: str, body: str) -> None:
        self._other().create(TicketDraft(marker="ai_copied", title=title, body=body))

    def delivered(self, ticket: Ticket, action: TicketAction, actor: str) -> Delivery:
        return Delivery(*delivery(self.tracker().fetch(ticket.ref), action, actor, SECRET))

    def unused(self) -> Delivery:
        sent = self.signed(b"{}")
        return Delivery(sent.headers | {"X-Console-Event": "ping"}, sent.body)

    def signed(self, body: bytes) -> Delivery:
        headers = {
            "X-Console-Event": "ticket",
            "X-Console-Delivery": "1",
            SIGNATURE: f"sha256={sha256_signature(SECRET, body)}",
        }
        return Delivery(headers, body)

    def unsigned(self, delivery: Delivery) -> Delivery:
        return Delivery({name: value for name, value in delivery.headers.items() if name != SIGNATURE}, delivery.body)


def make(request: pytest.FixtureRequest) -> ConsoleBench:
    return ConsoleBench(config={"project": f"P{next(_projects)}"})
