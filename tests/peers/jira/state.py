"""What a site of Jira holds, how it changes, how it is shown, and what its webhooks tell."""

import itertools
import json
from datetime import UTC, datetime, timedelta
from typing import Any

from integrations.trackers.jira import adf
from integrations.webhook import sha256_signature
from tests.peers.jira.site import CATEGORIES, FLOW, PROJECTS, RESOLUTIONS, SECRET, TYPES, Comment, Issue, Json, instant
from tests.peers.receiver import Delivery
from tests.peers.tracker_peer import TrackerPeer


class JiraState(TrackerPeer):
    kind = "jira"
    account = "5b10ac8d82e05b22cc7d4ef5"
    other_account = "5b10a2844c20165700ede21g"

    def __init__(self) -> None:
        super().__init__()
        self.flow = FLOW
        self.resolutions = dict(RESOLUTIONS)
        """By their numbers; their names are in the language of our account."""
        self.administers = True
        """Whether our account administers Jira: may register webhooks, and see workflows."""
        self.index_lags = False
        """Issues made now are not found by search until :meth:`index`."""
        self.refused: set[str] = set()
        """Permissions that our account lacks."""
        self.required: dict[str, Json] = {}
        """Further fields of the create form: create metadata by id."""
        self.page = 100
        self.hooks: dict[str, Json] = {}
        self._secret = SECRET
        self._good = True
        self._hidden: set[str] = set()
        self._issues: dict[str, Issue] = {}
        self._numbers = {project: itertools.count(1) for project in PROJECTS}
        self._ids = itertools.count(10100)
        self._people = {self.account: "Afterword", self.other_account: "Jane Doe"}
        self._last = datetime.now(UTC)
        self._actor = self.account

    def signed(self, body: bytes) -> Delivery:
        headers = {
            "Content-Type": "application/json; charset=UTF-8",
            "User-Agent": "Atlassian Webhook HTTP Client",
            "X-Atlassian-Webhook-Identifier": f"{next(self._ids):032x}",
            "X-Hub-Signature": f"sha256={sha256_signature(self._secret, body)}",
        }
        return Delivery(headers, body)

    def _as_somebody_else(self) -> "_Acting":
        return _Acting(self)

    def _now(self) -> datetime:
        """Jira tells milliseconds; no two changes have one time."""
        now = datetime.now(UTC)
        now = now.replace(microsecond=now.microsecond // 1000 * 1000)
        self._last = max(now, self._last + timedelta(milliseconds=1))
        self._last = self._last.replace(microsecond=self._last.microsecond // 1000 * 1000)
        return self._last

    def _made(self, project: str, kind: str, summary: str, description: Json | None) -> Issue:
        now = self._now()
        issue = Issue(
            id=str(next(self._ids)),
            key=f"{project}-{next(self._numbers[project])}",
            project=project,
            type=kind,
            summary=summary,
            description=description,
            status=next(iter(self.flow.statuses)),
            creator=self._actor,
            created=now,
            updated=now,
            is_indexed=not self.index_lags,
        )
        self._issues[issue.id] = issue
        return issue

    def _change(self, issue: Issue, fields: Json) -> None:
        """Writes what differs, and tells of it with ids of fields; nothing happens where nothing differs."""
        attributes = {"duedate": "due", "Key": "key"}
        items = []
        for name, value in fields.items():
            attribute = attributes.get(name, name)
            before = getattr(issue, attribute) if hasattr(issue, attribute) else issue.other.get(name)
            if before == value:
                continue
            if hasattr(issue, attribute):
                setattr(issue, attribute, value)
            else:
                issue.other[name] = value
            items.append(self._item(name, before, value))
        if items:
            issue.updated = self._now()
            self._tell("jira:issue_updated", issue, items)

    def _item(self, name: str, before: Any, after: Any) -> Json:
        def words(value: Any) -> str | None:
            if value is None or name == "description":
                return adf.to_markdown(value) or None
            named = {"status": {key: one[0] for key, one in self.flow.statuses.items()}, "resolution": self.resolutions}
            known = named.get(name, self._people)
            return str(known.get(value, value)) if isinstance(value, str) else str(value)

        has_id = name in {"status", "resolution", "assignee", "project"}
        return {
            "field": name,
            "fieldtype": "jira",
            "fieldId": name if name != "Key" else "",
            "from": before if has_id else None,
            "fromString": words(before),
            "to": after if has_id else None,
            "toString": words(after),
        }

    def _tell(self, event: str, issue: Issue, items: list[Json] | None = None) -> None:
        fields = self._fields(issue)
        fields["description"] = adf.to_markdown(issue.description).replace("**", "*")  # wiki markup, nearly
        body: Json = {
            "timestamp": int(max(issue.updated, self._last).timestamp() * 1000),
            "webhookEvent": event,
            "issue_event_type_name": event.removeprefix("jira:"),
            "user": self._person(self._actor),
            "issue": {"id": issue.id, "self": f"{self.url}/rest/api/2/{issue.id}", "key": issue.key, "fields": fields},
        }
        if items is not None:
            body["changelog"] = {"id": str(next(self._ids)), "items": items}
        self.outbox.append(self.signed(json.dumps(body).encode()))

    def _person(self, account: str) -> Json:
        return {
            "self": f"{self.url}/rest/api/3/user?accountId={account}",
            "accountId": account,
            "accountType": "atlassian",
            "displayName": self._people[account],
            "active": True,
            "timeZone": "Etc/UTC",
        }

    def _status(self, key: str) -> Json:
        name, category = self.flow.statuses[key]
        number, colour, people = CATEGORIES[category]
        return {
            "self": f"{self.url}/rest/api/3/status/{key}",
            "id": key,
            "name": name,
            "description": "",
            "iconUrl": f"{self.url}/images/icons/status.png",
            "statusCategory": {
                "self": f"{self.url}/rest/api/3/statuscategory/{number}",
                "id": number,
                "key": category,
                "colorName": colour,
                "name": people,
            },
        }

    def _fields(self, issue: Issue) -> Json:
        return {
            "summary": issue.summary,
            "description": issue.description,
            "status": self._status(issue.status),
            "resolution": {"id": issue.resolution, "name": self.resolutions[issue.resolution]}
            if issue.resolution
            else None,
            "assignee": self._person(issue.assignee) if issue.assignee else None,
            "creator": self._person(issue.creator),
            "reporter": self._person(issue.creator),
            "duedate": issue.due,
            "labels": sorted(issue.labels),
            "created": instant(issue.created),
            "updated": instant(issue.updated),
            "project": {"id": PROJECTS[issue.project], "key": issue.project, "name": issue.project},
            "issuetype": {"id": issue.type, "name": TYPES[issue.type], "subtask": False},
            **issue.other,
        }

    def _shown(self, issue: Issue, names: list[str] | None) -> Json:
        fields = self._fields(issue)
        if names is not None and "*all" not in names:
            fields = {name: value for name, value in fields.items() if name in names}
        shown: Json = {"id": issue.id, "key": issue.key, "self": f"{self.url}/rest/api/3/issue/{issue.id}"}
        return shown if names == [] else {**shown, "fields": fields}

    def _comment(self, comment: Comment, *, properties: bool = False) -> Json:
        shown: Json = {
            "id": comment.id,
            "self": f"{self.url}/rest/api/3/comment/{comment.id}",
            "author": self._person(comment.author),
            "updateAuthor": self._person(comment.author),
            "body": comment.body,
            "created": instant(comment.created),
            "updated": instant(comment.updated),
        }
        return {**shown, "properties": comment.properties} if properties else shown


class _Acting:
    """While it holds, changes are somebody else's."""

    def __init__(self, peer: JiraState) -> None:
        self._peer = peer

    def __enter__(self) -> None:
        self._peer._actor = self._peer.other_account

    def __exit__(self, *_: object) -> None:
        self._peer._actor = self._peer.account
