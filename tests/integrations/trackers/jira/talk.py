"""What was sent to Jira's peer."""

import re
from datetime import UTC, datetime
from typing import Any

from integrations.ticket import TicketDraft, TicketEvent, TicketRef
from integrations.tracker import Tracker
from tests.peers.jira import JiraPeer
from tests.peers.tracker_peer import Request

Json = dict[str, Any]

DRAFT = TicketDraft("ai_1", "Alert on queue depth", "Page before the queue is full.")

REF = TicketRef("10100", "OPS-1")

ISSUE = "/rest/api/3/issue"


def sent(peer: JiraPeer, method: str, path: str = "") -> list[Request]:
    return [one for one in peer.requests if one.method == method and re.search(path, one.path)]


def body(request: Request) -> Json:
    told = request.json()
    assert isinstance(told, dict)
    return told


SAID = {"errorMessages": ["Something is wrong."], "errors": {"summary": "Too short."}}

URL = "https://hub.example/webhooks/in_1"


def told(tracker: Tracker, peer: JiraPeer, at: int = -1) -> TicketEvent:
    sent = peer.outbox[at]
    tracker.verify_webhook(sent.headers, sent.body, datetime.now(UTC))
    (event,) = tracker.parse_webhook(sent.headers, sent.body)
    assert isinstance(event, TicketEvent)
    return event
