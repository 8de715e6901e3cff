"""What GitLab holds, how it changes, and what its webhooks tell."""

import base64
import hashlib
import hmac
import itertools
import json
import re
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import ClassVar

from tests.peers.gitlab.project import KEY, MAINTAINER, Issue, Json, Project, Refusal, instant, names_of
from tests.peers.receiver import Delivery
from tests.peers.tracker_peer import TrackerPeer


class GitlabState(TrackerPeer):
    """The connection's project is acme/api, and there is acme/web/site."""

    kind: ClassVar[str] = "gitlab"
    account: ClassVar[str] = "11"
    other_account: ClassVar[str] = "12"

    def __init__(self) -> None:
        super().__init__()
        self.project = Project("acme/api", 1)
        self.other_project = Project("acme/web/site", 2)
        self.projects = [self.project, self.other_project]
        self.names = {11: "Afterword", 12: "Jane"}
        self.issues: dict[int, Issue] = {}
        self.access = MAINTAINER
        self.is_valid = True
        self.obeyed: list[str] = []
        """Lines that were commands, and people who were mentioned."""
        self._ids = itertools.count(500)
        self._last = datetime.now(UTC)

    def signed(self, body: bytes) -> Delivery:
        number, stamp = str(uuid.uuid4()), str(int(datetime.now(UTC).timestamp()))
        made = hmac.new(self._signing_key(), f"{number}.{stamp}.".encode() + body, hashlib.sha256).digest()
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "GitLab/18.11.0",
            "Idempotency-Key": number,
            "X-Gitlab-Event": "Issue Hook",
            "X-Gitlab-Event-UUID": str(uuid.uuid4()),
            "X-Gitlab-Instance": self.url,
            "webhook-id": number,
            "webhook-timestamp": stamp,
            "webhook-signature": f"v1,{base64.b64encode(made).decode()}",
        }
        return Delivery(headers, body)

    def _signing_key(self) -> bytes:
        for hook in self.project.hooks.values():
            return base64.b64decode(str(hook["signing_token"]).removeprefix("whsec_"))
        return KEY

    def _tell(self, issue: Issue, action: str, actor: int, changes: Json) -> None:
        told = {
            "object_kind": "issue",
            "event_type": "issue",
            "user": {"id": actor, "name": self.names[actor], "username": self.names[actor].lower()},
            "project": {"id": issue.project.id, "path_with_namespace": issue.project.path},
            "object_attributes": {
                "id": issue.id,
                "iid": issue.iid,
                "title": issue.title,
                "description": issue.description,
                "state": issue.state,
                "action": action,
                "author_id": issue.author,
                "assignee_ids": issue.assignees,
                "due_date": issue.due_date,
                "moved_to_id": issue.moved_to,
                "url": self._page(issue),
                "updated_at": f"{issue.updated_at:%Y-%m-%d %H:%M:%S} UTC",
            },
            "labels": [{"title": one} for one in issue.labels],
            "changes": changes,
        }
        self.outbox.append(self.signed(json.dumps(told).encode()))

    def _now(self) -> datetime:
        now = datetime.now(UTC)
        now = now.replace(microsecond=now.microsecond // 1000 * 1000)
        self._last = max(now, self._last + timedelta(milliseconds=1))
        return self._last

    def _page(self, issue: Issue) -> str:
        return f"{self.url}/{issue.project.path}/-/issues/{issue.iid}"

    def _make(self, project: Project, words: Mapping[str, object], actor: int) -> Issue:
        if not str(words.get("title") or "").strip():
            raise Refusal(400, {"title": ["can't be blank"]})
        now = self._now()
        made = Issue(next(self._ids), 0, project, "", "", actor, now, now)
        self._set(made, words)
        made.iid = next(project.numbers)
        self.issues[made.id] = made
        self._tell(made, "open", actor, {})
        return made

    def _change(self, issue: Issue, words: Mapping[str, object], actor: int) -> None:
        before, people = (issue.state, json.dumps(self._shown(issue))), issue.assignees
        self._set(issue, words)
        if before == (issue.state, json.dumps(self._shown(issue))):
            return
        issue.updated_at = self._now()
        action = "update" if issue.state == before[0] else "close" if issue.state == "closed" else "reopen"
        told = {"assignees": {"previous": self._users(people), "current": self._users(issue.assignees)}}
        self._tell(issue, action, actor, told if people != issue.assignees else {})

    def _set(self, issue: Issue, words: Mapping[str, object]) -> None:
        people = words.get("assignee_ids")
        if isinstance(people, list):
            if unknown := [one for one in people if one not in self.names]:
                raise Refusal(400, {"assignee_ids": [f"{unknown[0]} is not a member"]})
            issue.assignees = people
        issue.title = str(words.get("title", issue.title))
        if "description" in words:
            issue.description = self._obey(str(words["description"]))
        if "due_date" in words:
            issue.due_date = str(words["due_date"]) or None
        given = [*names_of(words.get("labels")), *names_of(words.get("add_labels"))]
        kept = [one for one in issue.labels if one not in names_of(words.get("remove_labels"))]
        issue.labels = list(dict.fromkeys([*kept, *given]))
        if "state_event" in words:
            issue.state = {"close": "closed", "reopen": "opened"}[str(words["state_event"])]

    def _obey(self, text: str) -> str:
        """Takes the commands out of a text, as GitLab does, and mentions people; code is left alone."""
        bare = re.sub(r"```.*?(```|\Z)|`[^`\n]*`", "", text, flags=re.DOTALL)
        self.obeyed += re.findall(r"^\s*(/\w+)", bare, re.MULTILINE) + re.findall(r"(?<![\w.])@\w+", bare)
        return text

    def _shown(self, issue: Issue) -> Json:
        return {
            "id": issue.id,
            "iid": issue.iid,
            "project_id": issue.project.id,
            "title": issue.title,
            "description": issue.description,
            "state": issue.state,
            "labels": issue.labels,
            "author": self._users([issue.author])[0],
            "assignees": self._users(issue.assignees),
            "due_date": issue.due_date,
            "created_at": instant(issue.created_at),
            "updated_at": instant(issue.updated_at),
            "moved_to_id": issue.moved_to,
            "web_url": self._page(issue),
            "references": {"short": f"#{issue.iid}", "relative": f"#{issue.iid}", "full": issue.key},
        }

    def _users(self, ids: list[int]) -> list[Json]:
        return [
            {"id": one, "name": self.names[one], "username": self.names[one].lower(), "state": "active"} for one in ids
        ]

    def _project(self, project: Project) -> Json:
        access = {"project_access": None, "group_access": {"access_level": self.access}}
        words: Json = {"id": project.id, "path_with_namespace": project.path, "archived": False}
        return {**words, "issues_enabled": True, "permissions": access}
