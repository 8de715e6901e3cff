"""Statuspage's postmortems of incidents, by https://developer.statuspage.io/#tag/incident-postmortem.

No registry has its document, only clients made of it: paths and fields are those of PyPI's ``atlassian-statuspage``
1.0.2. The peer refuses fields that it does not know.
"""

import re
from dataclasses import dataclass
from typing import Any

from tests.peers.publishers.peer import TOKEN, Place, PublisherPeer
from tests.peers.tracker_peer import Answer, Fault, Request

PAGE, INCIDENT = "kctbh9vrtdwd", "p31zjtct2jer"


@dataclass
class Postmortem:
    body: str | None = None
    draft: str | None = None
    published_at: str | None = None


class StatuspagePeer(PublisherPeer):
    kind = "statuspage"

    def __init__(self) -> None:
        super().__init__()
        self.postmortem = Postmortem()
        self.told = 0
        """How often subscribers were told."""

    @property
    def config(self) -> dict[str, object]:
        return {"baseUrl": self.url, "page": PAGE, "notifySubscribers": True}

    def places(self) -> list[Place]:
        with self.lock:
            found = self.postmortem
            return [Place(INCIDENT, "", found.body or "")] if found.published_at else []

    def someone_edits(self, words: str) -> None:
        self.postmortem.body = self.postmortem.draft = f"{self.postmortem.body}\r\n{words}"

    def someone_deletes(self) -> None:
        self.postmortem = Postmortem()

    def fault(self, fault: Fault, request: Request) -> Answer:
        if fault is Fault.LIMITED:
            return Answer(420, {"error": "too many requests"})
        return super().fault(fault, request)

    def answer(self, request: Request) -> Answer:
        if self.is_revoked or request.headers.get("authorization") != f"OAuth {TOKEN}":
            return Answer(401, {"error": "Could not authenticate"})
        if request.path == f"/v1/pages/{PAGE}":
            return Answer(200, {"id": PAGE, "name": "Acme"})
        at = re.fullmatch(rf"/v1/pages/{PAGE}/incidents/(\w+)(/postmortem)?(/publish|/revert)?", request.path)
        if at is None or at[1] != INCIDENT:
            return Answer(404, {"error": "not found"})
        if not at[2]:
            return Answer(200, {"id": INCIDENT, "status": "resolved", "shortlink": f"https://stspg.io/{INCIDENT}"})
        return self._publish(request) if at[3] == "/publish" else self._postmortem(request)

    def _postmortem(self, request: Request) -> Answer:
        if request.method == "DELETE":
            self.postmortem = Postmortem()
            return Answer(204)
        if request.method == "PUT":
            given: Any = request.json()
            if set(given) != {"postmortem"} or set(given["postmortem"]) != {"body_draft"}:
                return Answer(422, {"error": ["unknown fields"]})
            self.postmortem.draft = given["postmortem"]["body_draft"]
            if self.postmortem.published_at is None:
                self.postmortem.body = None
        elif self.postmortem == Postmortem():
            return Answer(404, {"error": "not found"})
        return Answer(200, self._shown())

    def _publish(self, request: Request) -> Answer:
        given: Any = request.json()
        known = {"notify_twitter", "notify_subscribers", "custom_tweet"}
        if request.method != "PUT" or set(given) != {"postmortem"} or set(given["postmortem"]) - known:
            return Answer(422, {"error": ["unknown fields"]})
        self.told += given["postmortem"]["notify_subscribers"]
        self.postmortem.body = self.postmortem.draft
        self.postmortem.published_at = "2026-11-01T10:00:00Z"
        return Answer(200, self._shown())

    def _shown(self) -> dict[str, Any]:
        found = self.postmortem
        return {"body": found.body, "body_draft": found.draft, "published_at": found.published_at}
