"""What other people do in Jira, as a test orders it."""

import json
from datetime import date

from domain.tickets.status import CloseReason, TicketState
from integrations.trackers.jira import adf
from integrations.trackers.jira.answers import Named, Status
from integrations.trackers.jira.settings import NOT_DONE
from integrations.trackers.jira.status import StatusMapping
from tests.peers.jira.site import EMAIL, HERE, SECRET, THERE, TOKEN, Issue, Json
from tests.peers.jira.state import JiraState
from tests.peers.receiver import Delivery
from tests.peers.tracker_peer import PeerTicket, Settings


class JiraPeople(JiraState):
    @property
    def config(self) -> Settings:
        return {"baseUrl": self.url, "email": EMAIL, "project": HERE}

    @property
    def secrets(self) -> Settings:
        return {"apiToken": TOKEN, "webhookSecret": SECRET}

    def index(self) -> None:
        with self.lock:
            for issue in self._issues.values():
                issue.is_indexed = True

    def tickets(self) -> list[PeerTicket]:
        with self.lock:
            return [self._ticket(issue) for issue in self._issues.values()]

    def labels(self, external_id: str) -> list[str]:
        return list(self._issues[external_id].labels)

    def _ticket(self, issue: Issue) -> PeerTicket:
        name, category = self.flow.statuses[issue.status]
        resolution = Named(id=issue.resolution, name=self.resolutions[issue.resolution]) if issue.resolution else None
        status = Status.model_validate({"id": issue.status, "name": name, "statusCategory": {"key": category}})
        standing = StatusMapping((*NOT_DONE, "10001"), ("10002",)).standing(status, resolution)
        return PeerTicket(
            external_id=issue.id,
            key=issue.key,
            url=f"{self.url}/browse/{issue.key}",
            title=issue.summary,
            body=adf.to_markdown(issue.description),
            state=standing.state,
            reason=standing.reason,
            status=name,
            assignee=issue.assignee,
            due_on=date.fromisoformat(issue.due) if issue.due else None,
            comments=tuple(adf.to_markdown(comment.body) for comment in issue.comments),
            updated_at=issue.updated,
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
        with self.lock, self._as_somebody_else():
            issue = self._issues[external_id]
            fields: Json = {}
            if title is not None:
                fields["summary"] = title
            if body is not None:
                fields["description"] = adf.to_adf(body)
            if assignee is not None:
                fields["assignee"] = assignee
            if due_on is not None:
                fields["duedate"] = due_on.isoformat()
            if state is not None or status is not None:
                fields |= self._wanted(state, reason, status)
            self._change(issue, fields)

    def _wanted(self, state: TicketState | None, reason: CloseReason | None, name: str | None) -> Json:
        """As a person with all permissions does it, by whatever way."""
        category = {TicketState.OPEN: "new", TicketState.STARTED: "indeterminate"}.get(state, "done") if state else ""
        fits = {
            key: one for key, one in self.flow.statuses.items() if name in {None, one[0]} and category in {"", one[1]}
        }
        status = next(iter(fits))
        if fits[status][1] != "done":
            return {"status": status, "resolution": None}
        if state is not TicketState.CANCELLED:
            return {"status": status, "resolution": "10000"}
        return {"status": status, "resolution": "10002" if reason is CloseReason.DUPLICATE else "10001"}

    def unassign(self, external_id: str) -> None:
        with self.lock, self._as_somebody_else():
            self._change(self._issues[external_id], {"assignee": None})

    def open(self, title: str, body: str, labels: tuple[str, ...] = ()) -> str:
        with self.lock, self._as_somebody_else():
            issue = self._made(HERE, "10001", title, adf.to_adf(body))
            issue.labels = list(labels)
            self._tell("jira:issue_created", issue)
            return issue.id

    def delete(self, external_id: str) -> None:
        with self.lock, self._as_somebody_else():
            self._tell("jira:issue_deleted", self._issues.pop(external_id))

    def move(self, external_id: str) -> None:
        with self.lock, self._as_somebody_else():
            issue = self._issues[external_id]
            project = THERE if issue.project == HERE else HERE
            self._change(issue, {"project": project, "Key": f"{project}-{next(self._numbers[project])}"})

    def hide(self, external_id: str) -> None:
        """Browse Projects is taken from our account in its project, with all that is in it: what of a single issue is
        hidden (issue security) Jira answers as it does for a deleted one."""
        with self.lock:
            self._hidden.add(self._issues[external_id].project)

    def show(self) -> None:
        """What was hidden is there again."""
        with self.lock:
            self._hidden.clear()

    def revoke(self) -> None:
        self._good = False

    def restore(self) -> None:
        self._good = True

    def unused(self) -> Delivery:
        issue = next(iter(self._issues.values()), None)
        sprint = {"id": 4, "state": "active", "name": "Sprint 4"}
        return self.signed(
            json.dumps(
                {
                    "timestamp": 1795419000000,
                    "webhookEvent": "sprint_started",
                    "sprint": sprint,
                    "of": issue and issue.id,
                }
            ).encode()
        )
