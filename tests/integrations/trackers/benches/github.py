import hashlib
import hmac
import json
from dataclasses import dataclass, field

import pytest

from domain.tickets.status import CloseReason
from integrations.registry import connect
from integrations.ticket import Ticket, TicketAction
from integrations.tracker import Tracker
from tests.integrations.trackers.benches import Settings
from tests.peers.emulate import EmulatedGithub
from tests.peers.receiver import Delivery, Receiver

SECRET = "It's a Secret to Everybody"
SIGNATURE = "X-Hub-Signature-256"


@dataclass
class GithubBench:
    github: EmulatedGithub
    receiver: Receiver
    hook: int
    config: Settings
    secrets: Settings
    trackers: list[Tracker] = field(default_factory=list)
    kind: str = "github"

    def __post_init__(self) -> None:
        self.account = self.github.account
        self.other_account = self.github.other_account

    def tracker(self) -> Tracker:
        self.trackers.append(connect(self.kind, self.config, self.secrets))
        return self.trackers[-1]

    def clear(self) -> None:
        self.github.remove_webhook(self.hook)
        for tracker in self.trackers:
            tracker.close()

    def other_closes(self, ticket: Ticket, reason: CloseReason) -> None:
        self.github.close_issue(ticket.key, reason.value.lower())

    def other_reopens(self, ticket: Ticket) -> None:
        self.github.reopen_issue(ticket.key)

    def other_opens(self, title: str, body: str) -> None:
        self.github.open_issue(title, body)

    def delivered(self, ticket: Ticket, action: TicketAction, actor: str) -> Delivery:
        wanted = (action.value.lower(), int(ticket.external_id), actor)
        while True:
            sent = self.receiver.next()
            told = json.loads(sent.body)
            if "issue" in told and (told["action"], told["issue"]["id"], told["sender"]["login"]) == wanted:
                return sent

    def unused(self) -> Delivery:
        self.github.ping_webhook(self.hook)
        return self.receiver.next()

    def signed(self, body: bytes) -> Delivery:
        signature = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
        headers = {"X-GitHub-Event": "issues", "X-GitHub-Delivery": "1", SIGNATURE: f"sha256={signature}"}
        return Delivery(headers, body)

    def unsigned(self, delivery: Delivery) -> Delivery:
        kept = {name: value for name, value in delivery.headers.items() if name.lower() != SIGNATURE.lower()}
        return Delivery(kept, delivery.body)


def make(request: pytest.FixtureRequest) -> GithubBench:
    request.getfixturevalue("github_requests")  # every request must be one that GitHub documents
    github: EmulatedGithub = request.getfixturevalue("emulate_github")
    receiver: Receiver = request.getfixturevalue("receiver")
    bench = GithubBench(
        github=github,
        receiver=receiver,
        hook=github.add_webhook(receiver.url, SECRET),
        config={"repository": github.repository, "baseUrl": github.url, "secondsBetweenWrites": 0},
        secrets={"token": github.token, "webhookSecret": SECRET},
    )
    request.addfinalizer(bench.clear)
    return bench
