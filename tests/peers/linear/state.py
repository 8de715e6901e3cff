"""What a workspace of Linear holds, how it changes, and what its webhooks tell."""

import itertools
import json
import re
import uuid
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import ClassVar

from integrations.webhook import sha256_signature
from tests.peers.linear.texts import serialized
from tests.peers.linear.workspace import (
    SECRET,
    STATES,
    WORKSPACE,
    Issue,
    Json,
    Team,
    User,
    Webhook,
    conflict,
    instant,
    not_found,
    problem,
)
from tests.peers.receiver import Delivery
from tests.peers.tracker_peer import TrackerPeer


class LinearState(TrackerPeer):
    """One workspace; the connection's team is ENG, and there is WEB."""

    kind: ClassVar[str] = "linear"
    account: ClassVar[str] = "b3a1d9a0-6d1f-4c58-9f53-000000000001"
    other_account: ClassVar[str] = "b3a1d9a0-6d1f-4c58-9f53-000000000002"

    def __init__(self) -> None:
        super().__init__()
        self.team = Team("ENG", "Engineering")
        self.other_team = Team("WEB", "Web")
        self.teams = [self.team, self.other_team]
        self.users = [
            User("Afterword", "afterword@example.com", self.account),
            User("Jane", "jane@example.com", self.other_account),
            User("Gone", "gone@example.com", active=False),
            User("Robot", "robot@oauthapp.linear.app", app=True),
        ]
        self.issues: dict[str, Issue] = {}
        self.labels: dict[str, tuple[str, str | None]] = {}
        """Id to name and team; no team is every team."""
        self.webhooks: list[Webhook] = []
        self.organization = str(uuid.uuid4())
        self.is_valid = True
        self.may_create = True
        self.is_admin = True
        self._last = datetime.now(UTC)
        self._requests = itertools.count(1)

    def signed(self, body: bytes) -> Delivery:
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "User-Agent": "Linear-Webhook",
            "Linear-Delivery": str(uuid.uuid4()),
            "Linear-Event": "Issue",
            "Linear-Signature": sha256_signature(self._secret(), body),
        }
        return Delivery(headers, body)

    def _secret(self) -> str:
        return self.webhooks[-1].secret if self.webhooks else SECRET

    def _sign(self, event: Json) -> Delivery:
        sent = self.signed(json.dumps(event).encode())
        return Delivery({**sent.headers, "Linear-Event": str(event["type"])}, sent.body)

    def _event(self, kind: str, action: str, data: Json, actor: str | None, before: Json | None = None) -> Json:
        now = datetime.now(UTC)
        user = next((one for one in self.users if one.id == actor), None)
        told: Json = {
            "action": action,
            "type": kind,
            "actor": user and {"id": user.id, "type": "user", "name": user.name, "email": user.email},
            "createdAt": instant(now),
            "data": data,
            "organizationId": self.organization,
            "webhookTimestamp": int(now.timestamp() * 1000),
            "webhookId": self.webhooks[-1].id if self.webhooks else str(uuid.uuid4()),
        }
        return told if before is None else {**told, "updatedFrom": before}

    def _deliver(self, kind: str, action: str, data: Json, actor: str | None, before: Json | None = None) -> None:
        self.outbox.append(self._sign(self._event(kind, action, data, actor, before)))

    def _tell(self, issue: Issue, action: str, actor: str, before: Json | None = None) -> None:
        data: Json = {
            "id": issue.id,
            "createdAt": instant(issue.created_at),
            "updatedAt": instant(issue.updated_at),
            "archivedAt": instant(issue.archived_at),
            "number": issue.number,
            "title": issue.title,
            "identifier": issue.identifier,
            "url": self._address(issue),
            "previousIdentifiers": issue.previous,
            "priority": 0,
            "priorityLabel": "No priority",
            "description": issue.description or None,
            "dueDate": issue.due_date,
            "trashed": issue.trashed or None,
            "completedAt": instant(issue.completed_at),
            "canceledAt": instant(issue.canceled_at),
            "teamId": issue.team.id,
            "team": {"id": issue.team.id, "key": issue.team.key, "name": issue.team.name},
            "stateId": issue.team.states[issue.state],
            "state": {"id": issue.team.states[issue.state], "name": issue.state, "type": issue.type, "color": "#000"},
            "assigneeId": issue.assignee,
            "creatorId": issue.creator,
            "labelIds": issue.labels,
        }
        self._deliver(
            "Issue", action, {name: value for name, value in data.items() if value is not None}, actor, before
        )

    def _now(self) -> datetime:
        """Later than ever before, by a millisecond at least: Linear's clock tells no more."""
        now = datetime.now(UTC).replace(microsecond=datetime.now(UTC).microsecond // 1000 * 1000)
        self._last = max(now, self._last + timedelta(milliseconds=1))
        return self._last

    def _address(self, issue: Issue) -> str:
        slug = re.sub(r"[^a-z0-9]+", "-", issue.title.lower()).strip("-")
        return f"{self.url}/{WORKSPACE}/issue/{issue.identifier}/{slug}"

    def _visible_team(self, team_id: object) -> Team:
        for team in self.teams:
            if team.id == team_id and team.visible:
                return team
        raise not_found("Team")

    def _visible_issue(self, id_or_key: str) -> Issue:
        found = self.issues.get(id_or_key)
        if found is None:
            keyed = (one for one in self.issues.values() if id_or_key in {one.identifier, *one.previous})
            found = next(keyed, None)
        if found is None or not found.team.visible:
            raise not_found("Issue")
        return found

    def _account(self, user_id: object) -> str:
        for user in self.users:
            if user.id == user_id and user.active and not user.app:
                return user.id
        raise not_found("User")

    def _make(self, words: Mapping[str, object], actor: str) -> Issue:
        team = self._visible_team(words["teamId"])
        title = str(words.get("title") or "").strip()
        if not title:
            raise problem("Argument Validation Error", "title should not be blank.")
        issue_id = self._free_id(words.get("id"))
        if issue_id in self.issues:
            raise conflict("Issue", issue_id)
        now = self._now()
        issue = Issue(
            id=issue_id,
            team=team,
            number=0,
            title=title,
            description=serialized(str(words.get("description") or "")),
            creator=actor,
            state="Backlog",
            created_at=now,
            updated_at=now,
        )
        self._set(issue, {name: value for name, value in words.items() if name in _SETTABLE})
        issue.number = next(team.numbers)
        self.issues[issue.id] = issue
        self._tell(issue, "create", actor)
        return issue

    def _free_id(self, wanted: object) -> str:
        if wanted is None:
            return str(uuid.uuid4())
        if not re.fullmatch(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", str(wanted)):
            raise problem("Argument Validation Error", "id must be a UUID.")
        return str(wanted)

    def _change(self, issue: Issue, words: Mapping[str, object], actor: str) -> None:
        before = self._fields(issue)
        self._set(issue, words)
        after = self._fields(issue)
        changed = {name: value for name, value in before.items() if value != after[name]}
        if changed:
            changed["updatedAt"] = instant(issue.updated_at)
            issue.updated_at = self._now()
            self._tell(issue, "update", actor, changed)

    def _fields(self, issue: Issue) -> Json:
        return {
            "title": issue.title,
            "description": issue.description,
            "stateId": issue.team.states[issue.state],
            "assigneeId": issue.assignee,
            "dueDate": issue.due_date,
            "teamId": issue.team.id,
            "number": issue.number,
            "completedAt": instant(issue.completed_at),
            "canceledAt": instant(issue.canceled_at),
        }

    def _set(self, issue: Issue, words: Mapping[str, object]) -> None:
        """Everything, or nothing where one value is refused."""
        if words.get("assigneeId") is not None:
            self._account(words["assigneeId"])
        if words.get("stateId") is not None:
            issue.team.state(str(words["stateId"]))
        for label in self._list(words.get("labelIds")):
            if label not in self.labels:
                raise not_found("IssueLabel")
        for name, value in words.items():
            if name == "title":
                issue.title = str(value)
            elif name == "description":
                issue.description = serialized(str(value or ""))
            elif name == "assigneeId":
                issue.assignee = value and str(value)
            elif name == "dueDate":
                issue.due_date = value and str(value)
            elif name == "labelIds":
                issue.labels = self._list(value)
            elif name == "stateId" and value is not None:
                self._to(issue, issue.team.state(str(value)))
            elif name == "teamId" and value != issue.team.id:
                issue.previous.append(issue.identifier)
                issue.team = self._visible_team(value)
                issue.number = next(issue.team.numbers)

    def _list(self, value: object) -> list[str]:
        return [str(one) for one in value] if isinstance(value, list) else []

    def _to(self, issue: Issue, state: str) -> None:
        kind = STATES[state]
        issue.state = state
        issue.completed_at = (issue.completed_at or self._now()) if kind == "completed" else None
        issue.canceled_at = (issue.canceled_at or self._now()) if kind in {"canceled", "duplicate"} else None


_SETTABLE = {"stateId", "assigneeId", "dueDate", "labelIds"}
