"""What other people do in Linear, as a test orders it."""

import uuid
from datetime import date

from domain.tickets.status import CloseReason, TicketState
from tests.peers.linear.state import LinearState
from tests.peers.linear.texts import plain
from tests.peers.linear.workspace import SECRET, TOKEN, Issue, Json, Team, instant
from tests.peers.receiver import Delivery
from tests.peers.tracker_peer import PeerTicket, Settings

_CATEGORY = {
    "triage": TicketState.OPEN,
    "backlog": TicketState.OPEN,
    "unstarted": TicketState.OPEN,
    "started": TicketState.STARTED,
    "completed": TicketState.DONE,
    "canceled": TicketState.CANCELLED,
    "duplicate": TicketState.CANCELLED,
}

_REASON = {
    "completed": CloseReason.COMPLETED,
    "canceled": CloseReason.NOT_PLANNED,
    "duplicate": CloseReason.DUPLICATE,
}

_NAMES = {
    TicketState.OPEN: "Todo",
    TicketState.STARTED: "In Progress",
    TicketState.DONE: "Done",
    TicketState.CANCELLED: "Canceled",
}


class LinearPeople(LinearState):
    @property
    def config(self) -> Settings:
        return {"team": "ENG", "baseUrl": self.url}

    @property
    def secrets(self) -> Settings:
        return {"token": TOKEN, "webhookSecret": SECRET}

    def tickets(self) -> list[PeerTicket]:
        with self.lock:
            return [self._seen(issue) for issue in self.issues.values() if not issue.trashed]

    def _seen(self, issue: Issue) -> PeerTicket:
        return PeerTicket(
            external_id=issue.id,
            key=issue.identifier,
            url=self._address(issue),
            title=issue.title,
            body=plain(issue.description),
            state=_CATEGORY[issue.type],
            reason=_REASON.get(issue.type),
            status=issue.state,
            assignee=issue.assignee,
            due_on=date.fromisoformat(issue.due_date) if issue.due_date else None,
            comments=tuple(plain(body) for body in issue.comments.values()),
            updated_at=issue.updated_at,
        )

    def edit(
        self,
        external_id: str,
        *,
        title: str | None = None,
        body: str | None = None,
        state: TicketState | None = None,
        reason: CloseReason | None = None,
        status: str | None = None,
        assignee: str | None = None,
        due_on: date | None = None,
    ) -> None:
        words: Json = {}
        if title is not None:
            words["title"] = title
        if body is not None:
            words["description"] = body
        if assignee is not None:
            words["assigneeId"] = assignee
        if due_on is not None:
            words["dueDate"] = due_on.isoformat()
        with self.lock:
            issue = self.issues[external_id]
            name = status or ("Duplicate" if reason is CloseReason.DUPLICATE else state and _NAMES[state])
            if name is not None:
                words["stateId"] = issue.team.states[name]
            self._change(issue, words, self.other_account)

    def unassign(self, external_id: str) -> None:
        with self.lock:
            self._change(self.issues[external_id], {"assigneeId": None}, self.other_account)

    def open(self, title: str, body: str) -> str:
        with self.lock:
            words: Json = {"teamId": self.team.id, "title": title, "description": body}
            return self._make(words, self.other_account).id

    def delete(self, external_id: str) -> None:
        """Into the bin, as Linear's menu does."""
        with self.lock:
            issue = self.issues[external_id]
            issue.trashed, issue.archived_at, issue.updated_at = True, self._now(), self._now()
            self._tell(issue, "remove", self.other_account)

    def archive(self, external_id: str) -> None:
        """As Linear does by itself, months after an issue was closed."""
        with self.lock:
            issue = self.issues[external_id]
            issue.archived_at = issue.updated_at = self._now()

    def move(self, external_id: str) -> None:
        with self.lock:
            self._change(self.issues[external_id], {"teamId": self.other_team.id}, self.other_account)

    def hide(self, external_id: str) -> None:
        """Its team becomes private, without us; all that it holds goes with it."""
        with self.lock:
            self.issues[external_id].team.visible = False

    def seclude(self, external_id: str) -> None:
        """It moves to a private team that we are not in. Whether it is there at all Linear does not tell then."""
        with self.lock:
            issue = self.issues[external_id]
            issue.previous.append(issue.identifier)
            issue.team = Team("SEC", "Security", visible=False)
            issue.number = next(issue.team.numbers)

    def revoke(self) -> None:
        self.is_valid = False

    def restore(self) -> None:
        self.is_valid = True

    def attach(self, external_id: str, url: str, title: str, status: str, source: str = "github") -> None:
        """The integration with GitHub links a pull request to an issue, or tells that its state changed."""
        with self.lock:
            issue, now = self.issues[external_id], self._now()
            known = [one for one in issue.attachments if one["url"] == url]
            made: Json = {
                "id": known[0]["id"] if known else str(uuid.uuid4()),
                "url": url,
                "title": title,
                "sourceType": source,
                "metadata": {"url": url, "title": title, "status": status},
            }
            issue.attachments = [*(one for one in issue.attachments if one["url"] != url), made]
            told = {
                **made,
                "issueId": issue.id,
                "createdAt": instant(now),
                "updatedAt": instant(now),
                "groupBySource": False,
            }
            self._deliver("Attachment", "update" if known else "create", told, None)

    def unused(self) -> Delivery:
        return self._sign(self._event("Reaction", "create", {"id": str(uuid.uuid4()), "emoji": "tada"}, None))
