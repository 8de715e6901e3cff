"""What GitHub holds, how it changes, how it is shown, and what its webhooks tell."""

import hashlib
import hmac
import itertools
import json
from dataclasses import replace
from uuid import uuid4

from tests.peers.github.repository import REPOSITORIES, SECRET, Comment, Issue, Json, instant, time_now
from tests.peers.receiver import Delivery
from tests.peers.tracker_peer import TrackerPeer


class GithubState(TrackerPeer):
    kind = "github"
    account = "afterword-bot"
    other_account = "jane"

    def __init__(self) -> None:
        super().__init__()
        self._ids = itertools.count(4501)
        self._issues: list[Issue] = []
        self._hooks: dict[int, Json] = {}
        self._revoked = False

    def signed(self, body: bytes) -> Delivery:
        return self._delivery("issues", body)

    def _by_id(self, external_id: str) -> Issue:
        issue = next(one for one in self._issues if str(one.id) == external_id)
        return issue.moved_to or issue

    def _next_number(self, repository: str) -> int:
        return 1 + sum(one.repository == repository for one in self._issues)

    def _make(self, repository: str, given: Json, login: str) -> Issue:
        now = time_now()
        number = self._next_number(repository)
        issue = Issue(next(self._ids), repository, number, given["title"], given.get("body") or "", login, now, now)
        issue.assignees = list(given.get("assignees") or [])
        issue.labels = list(given.get("labels") or [])
        self._issues.append(issue)
        self._tell("issues", {"action": "opened", "issue": self._issue(issue)}, login, issue)
        return issue

    def _change(self, issue: Issue, given: Json, login: str) -> None:
        before = replace(issue, assignees=list(issue.assignees))
        for name in ("title", "body", "state", "state_reason", "assignees"):
            if name in given:
                setattr(issue, name, given[name])
        if issue.state == "open" and before.state == "open":
            issue.state_reason = before.state_reason
        issue.updated_at = time_now()
        actions = []
        if (issue.title, issue.body) != (before.title, before.body):
            actions.append("edited")
        if issue.assignees != before.assignees:
            actions.append("assigned" if issue.assignees else "unassigned")
        if (issue.state, issue.state_reason) != (before.state, before.state_reason):
            actions.append("closed" if issue.state == "closed" else "reopened")
        for action in actions:
            self._tell("issues", {"action": action, "issue": self._issue(issue)}, login, issue)

    def _tell(self, event: str, payload: Json, login: str, issue: Issue) -> None:
        told = payload | {
            "sender": {"login": login, "id": 1 if login == self.account else 2, "type": "User"},
            "repository": self._repository(issue.repository),
        }
        self.outbox.append(self._delivery(event, json.dumps(told).encode()))

    def _delivery(self, event: str, body: bytes) -> Delivery:
        signature = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "GitHub-Hookshot/peer",
            "X-GitHub-Event": event,
            "X-GitHub-Delivery": str(uuid4()),
            "X-Hub-Signature-256": f"sha256={signature}",
        }
        return Delivery(headers, body)

    def _account(self, login: str) -> Json:
        return {
            "login": login,
            "id": 1 if login == self.account else 2,
            "type": "User",
            "user_view_type": "public",
            "url": f"{self.url}/users/{login}",
        }

    def _repository(self, name: str) -> Json:
        return {
            "id": REPOSITORIES.get(name, 1),
            "name": name.partition("/")[2],
            "full_name": name,
            "url": f"{self.url}/repos/{name}",
            "html_url": f"{self.url}/{name}",
            "default_branch": "main",
            "has_issues": True,
            "archived": False,
            "permissions": {"admin": True, "push": True, "pull": True, "triage": True, "maintain": True},
        }

    def _issue(self, issue: Issue) -> Json:
        return {
            "id": issue.id,
            "number": issue.number,
            "url": f"{self.url}/repos/{issue.repository}/issues/{issue.number}",
            "html_url": f"{self.url}/{issue.repository}/issues/{issue.number}",
            "title": issue.title,
            "body": issue.body,
            "state": issue.state,
            "state_reason": issue.state_reason,
            "user": self._account(issue.login),
            "assignees": [self._account(one) for one in issue.assignees],
            "labels": [{"name": one} for one in issue.labels],
            "created_at": instant(issue.created_at),
            "updated_at": instant(issue.updated_at),
        }

    def _comment(self, issue: Issue, comment: Comment) -> Json:
        return {
            "id": comment.id,
            "url": f"{self.url}/repos/{issue.repository}/issues/comments/{comment.id}",
            "body": comment.body,
            "user": self._account(comment.login),
            "created_at": instant(issue.created_at),
            "updated_at": instant(issue.updated_at),
        }
