"""What other people do on GitHub, as a test orders it."""

import json
from dataclasses import replace
from datetime import date

from domain.tickets.status import CloseReason, TicketState
from integrations.trackers.github.issues import mark_in, plain
from integrations.trackers.github.status import standing_of
from tests.peers.github.repository import HERE, SECRET, THERE, TOKEN, Issue, Json, Pull, instant, time_now
from tests.peers.github.state import GithubState
from tests.peers.receiver import Delivery
from tests.peers.tracker_peer import PeerTicket, Settings


class GithubPeople(GithubState):
    @property
    def config(self) -> Settings:
        return {"repository": HERE, "baseUrl": self.url, "secondsBetweenWrites": 0}

    @property
    def secrets(self) -> Settings:
        return {"token": TOKEN, "webhookSecret": SECRET}

    def tickets(self) -> list[PeerTicket]:
        with self.lock:
            return [self._seen(one) for one in self._issues if not one.gone and one.moved_to is None]

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
        if due_on is not None:
            raise ValueError("GitHub's issues have no due date")
        with self.lock:
            issue = self._by_id(external_id)
            changes: Json = {}
            if title is not None:
                changes["title"] = title
            if body is not None:
                mark = mark_in(issue.body)
                changes["body"] = f"{body}\n\n<!-- afterword:{mark} -->" if mark else body
            if assignee is not None:
                changes["assignees"] = [assignee]
            if state is not None or status is not None:
                closed = status == "closed" if status else bool(state and state.is_closed)
                default = "completed" if state is TicketState.DONE else "not_planned"
                why = reason.value.lower() if reason else default
                changes |= {"state": "closed" if closed else "open", "state_reason": why if closed else "reopened"}
            self._change(issue, changes, self.other_account)

    def unassign(self, external_id: str) -> None:
        with self.lock:
            self._change(self._by_id(external_id), {"assignees": []}, self.other_account)

    def open(self, title: str, body: str) -> str:
        with self.lock:
            return str(self._make(HERE, {"title": title, "body": body}, self.other_account).id)

    def delete(self, external_id: str) -> None:
        with self.lock:
            issue = self._by_id(external_id)
            issue.gone = True
            self._tell("issues", {"action": "deleted", "issue": self._issue(issue)}, self.other_account, issue)

    def move(self, external_id: str) -> None:
        with self.lock:
            issue = self._by_id(external_id)
            number = self._next_number(THERE)
            there = replace(issue, id=next(self._ids), repository=THERE, number=number, updated_at=time_now())
            self._issues.append(there)
            issue.moved_to = there
            told = {"action": "transferred", "issue": self._issue(issue), "changes": {"new_issue": self._issue(there)}}
            self._tell("issues", told, self.other_account, issue)

    def hide(self, external_id: str) -> None:
        """Transferred to a repository that our account does not see."""
        with self.lock:
            self._by_id(external_id).hidden = True

    def revoke(self) -> None:
        self._revoked = True

    def restore(self) -> None:
        self._revoked = False

    def pull_request(self, external_id: str, state: str, title: str = "Alert sooner") -> str:
        """One that closes the ticket by its body; ``state`` is open, merged or closed. Its address."""
        with self.lock:
            issue = self._by_id(external_id)
            number = issue.pulls[0].number if issue.pulls else 1000 + issue.number
            issue.pulls = [Pull(number, title, state)]
            page = f"{self.url}/{issue.repository}/pull/{number}"
            pull = {
                "html_url": page,
                "number": number,
                "title": title,
                "body": f"Fixes #{issue.number}",
                "state": "open" if state == "open" else "closed",
                "merged": state == "merged",
                "merged_at": instant(time_now()) if state == "merged" else None,
                "updated_at": instant(time_now()),
                "head": {"ref": "sooner"},
            }
            action = "opened" if state == "open" else "closed"
            told = {"action": action, "number": number, "pull_request": pull}
            self._tell("pull_request", told, self.other_account, issue)
            return page

    def unused(self) -> Delivery:
        return self._delivery("ping", json.dumps({"zen": "Design for failure.", "hook_id": 1}).encode())

    def _seen(self, issue: Issue) -> PeerTicket:
        standing = standing_of(issue.state, issue.state_reason)
        return PeerTicket(
            external_id=str(issue.id),
            key=f"{issue.repository}#{issue.number}",
            url=f"{self.url}/{issue.repository}/issues/{issue.number}",
            title=issue.title,
            body=plain(issue.body),
            state=standing.state,
            reason=standing.reason,
            status=issue.state,
            assignee=issue.assignees[0] if issue.assignees else None,
            due_on=None,
            comments=tuple(plain(one.body) for one in issue.comments),
            updated_at=issue.updated_at,
        )
