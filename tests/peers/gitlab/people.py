"""What other people do on GitLab, as a test orders it."""

import json
from datetime import date

from domain.tickets.status import CloseReason, TicketState
from tests.peers.gitlab.project import CANCELLED, DUPLICATE, SECRET, STARTED, TOKEN, Issue, Json, plain, state_of
from tests.peers.gitlab.state import GitlabState
from tests.peers.receiver import Delivery
from tests.peers.tracker_peer import PeerTicket, Settings


class GitlabPeople(GitlabState):
    @property
    def config(self) -> Settings:
        return {"project": "acme/api", "baseUrl": self.url}

    @property
    def secrets(self) -> Settings:
        return {"token": TOKEN, "webhookSecret": SECRET}

    def tickets(self) -> list[PeerTicket]:
        with self.lock:
            there = [one for one in self.issues.values() if not one.deleted and one.moved_to is None]
            return [self._told(one) for one in there]

    def _told(self, issue: Issue) -> PeerTicket:
        state, reason = state_of(issue)
        return PeerTicket(
            external_id=str(issue.id),
            key=issue.key,
            url=self._page(issue),
            title=issue.title,
            body=plain(issue.description),
            state=state,
            reason=reason,
            status=issue.state,
            assignee=str(issue.assignees[0]) if issue.assignees else None,
            due_on=date.fromisoformat(issue.due_date) if issue.due_date else None,
            comments=tuple(plain(str(note["body"])) for note in issue.notes),
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
            words["assignee_ids"] = [int(assignee)]
        if due_on is not None:
            words["due_date"] = due_on.isoformat()
        wanted = {
            TicketState.STARTED: STARTED,
            TicketState.CANCELLED: DUPLICATE if reason is CloseReason.DUPLICATE else CANCELLED,
        }
        if state is not None:
            words["remove_labels"] = ",".join({STARTED, CANCELLED, DUPLICATE} - {wanted.get(state, "")})
            words["add_labels"] = wanted.get(state, "")
            words["state_event"] = "close" if state.is_closed else "reopen"
        with self.lock:
            self._change(self.issues[int(external_id)], words, int(self.other_account))

    def unassign(self, external_id: str) -> None:
        with self.lock:
            self._change(self.issues[int(external_id)], {"assignee_ids": []}, int(self.other_account))

    def open(self, title: str, body: str) -> str:
        with self.lock:
            return str(self._make(self.project, {"title": title, "description": body}, int(self.other_account)).id)

    def delete(self, external_id: str) -> None:
        with self.lock:
            self.issues[int(external_id)].deleted = True

    def move(self, external_id: str) -> None:
        with self.lock:
            old = self.issues[int(external_id)]
            words: Json = {"title": old.title, "description": old.description, "labels": ",".join(old.labels)}
            new = self._make(self.other_project, words, old.author)
            new.assignees, new.due_date = old.assignees, old.due_date
            old.state, old.moved_to, old.updated_at = "closed", new.id, self._now()
            self._tell(old, "close", int(self.other_account), {})

    def hide(self, external_id: str) -> None:
        """Its project becomes private, without us; all that it holds goes with it."""
        with self.lock:
            self.issues[int(external_id)].project.visible = False

    def seclude(self, external_id: str) -> None:
        """It becomes confidential, and we are guests: whether it is there at all GitLab does not tell then."""
        with self.lock:
            self.issues[int(external_id)].confidential = True

    def revoke(self) -> None:
        self.is_valid = False

    def restore(self) -> None:
        self.is_valid = True

    def unused(self) -> Delivery:
        sent = self.signed(json.dumps({"object_kind": "push", "ref": "refs/heads/main"}).encode())
        return Delivery({**sent.headers, "X-Gitlab-Event": "Push Hook"}, sent.body)
