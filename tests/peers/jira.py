"""Jira Cloud as the conformance suite needs it: two projects of a site on a socket, with a workflow and with faults.

Each behaviour is from Atlassian's documentation:

- issues, create metadata, transitions, bulk fetch:
  https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issues/
  (one that is gone and one that may not be seen are both 404; a moved one keeps its id; transitions are those of the
  status it has now)
- search: https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issue-search/ and
  https://developer.atlassian.com/cloud/jira/platform/search-and-reconcile (ids only unless ``fields`` are asked for; no
  total; a query must be bounded; the index may lag: ``index_lags``; ``POST /rest/api/3/search`` is 410)
- comments and their properties: https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-issue-comments/
- permissions: https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-permissions/
- workflows: https://developer.atlassian.com/cloud/jira/platform/rest/v3/api-group-workflows/ (administrators only)
- webhooks: https://developer.atlassian.com/cloud/jira/platform/webhooks/ (an issue as in v2, its description no
  document; ``X-Hub-Signature``; ``X-Atlassian-Webhook-Identifier``; registered by administrators only)
- limits: https://developer.atlassian.com/cloud/jira/platform/rate-limiting/
- a wrong token: https://developer.atlassian.com/cloud/jira/platform/basic-auth-for-rest-apis/, and what the peer
  ``backlot`` says to have measured: most reads are answered as to anybody, with ``X-Seraph-LoginReason``

``tests.peers.jira_openapi.JudgedJiraPeer`` checks what it answers against Atlassian's OpenAPI document.
"""

import base64
import itertools
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from domain.tickets.status import CloseReason, TicketState
from integrations.trackers.jira import adf
from integrations.trackers.jira.answers import Named, Status
from integrations.trackers.jira.connection import PERMISSIONS
from integrations.trackers.jira.settings import NOT_DONE
from integrations.trackers.jira.status import StatusMapping
from integrations.webhook import sha256_signature
from tests.peers.receiver import Delivery
from tests.peers.tracker_peer import Answer, Fault, Kind, PeerTicket, Request, Settings, TrackerPeer

Json = dict[str, Any]

EMAIL, TOKEN = "afterword@acme.example", "ATATT3xFfGF0-token-of-a-peer"
SECRET = "a webhook secret of a peer"
HERE, THERE = "OPS", "WEB"
PROJECTS = {HERE: "10000", THERE: "10001"}
TYPES = {"10001": "Task", "10002": "Bug"}
CATEGORIES = {
    "new": (2, "blue-gray", "To Do"),
    "indeterminate": (4, "yellow", "In Progress"),
    "done": (3, "green", "Done"),
}
RESOLUTIONS = {"10000": "Done", "10001": "Won't Do", "10002": "Duplicate"}
GONE_WORDS = "Issue does not exist or you do not have permission to see it."
FORM = ("summary", "description", "issuetype", "project", "labels", "assignee", "duedate", "reporter")


@dataclass(frozen=True, slots=True)
class Way:
    """A transition; ``sources`` None is from everywhere. ``required`` are fields of its screen."""

    id: str
    name: str
    sources: tuple[str, ...] | None
    to: str
    resolution: bool = False
    required: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Flow:
    """``statuses``: id to name and category; an issue begins in the first."""

    statuses: dict[str, tuple[str, str]]
    ways: tuple[Way, ...]


FLOW = Flow(
    statuses={
        "10000": ("To Do", "new"),
        "3": ("In Progress", "indeterminate"),
        "10001": ("In Review", "indeterminate"),
        "10002": ("Done", "done"),
        "10003": ("Abandoned", "done"),
    },
    ways=(
        Way("11", "Back to the list", ("3", "10001", "10002"), "10000"),
        Way("21", "Start", ("10000", "10001"), "3"),
        Way("31", "Ask for review", ("3",), "10001"),
        Way("41", "Resolve", ("3", "10001"), "10002", resolution=True),
        Way("51", "Reconsider", ("10003",), "3"),
        Way("61", "Abandon", ("10000",), "10003"),
    ),
)
"""From To Do no transition leads to Done, but through In Progress, and through the closed Abandoned."""


@dataclass(slots=True)
class _Comment:
    id: str
    author: str
    body: Json
    properties: list[Json]
    created: datetime
    updated: datetime


@dataclass(slots=True)
class _Issue:
    id: str
    key: str
    project: str
    type: str
    summary: str
    description: Json | None
    status: str
    creator: str
    created: datetime
    updated: datetime
    resolution: str | None = None
    assignee: str | None = None
    due: str | None = None
    labels: list[str] = field(default_factory=list)
    other: Json = field(default_factory=dict)
    comments: list[_Comment] = field(default_factory=list)
    is_indexed: bool = True


class _Refused(Exception):
    def __init__(self, status: int, *messages: str, **fields: str) -> None:
        self.answer = Answer(status, {"errorMessages": list(messages), "errors": fields})


class JiraPeer(TrackerPeer):
    kind = "jira"
    account = "5b10ac8d82e05b22cc7d4ef5"
    other_account = "5b10a2844c20165700ede21g"

    def __init__(self) -> None:
        super().__init__()
        self.flow = FLOW
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
        self._issues: dict[str, _Issue] = {}
        self._numbers = {project: itertools.count(1) for project in PROJECTS}
        self._ids = itertools.count(10100)
        self._people = {self.account: "Afterword", self.other_account: "Jane Doe"}
        self._last = datetime.now(UTC)
        self._actor = self.account

    # What a test orders

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

    def _ticket(self, issue: _Issue) -> PeerTicket:
        name, category = self.flow.statuses[issue.status]
        resolution = Named(name=RESOLUTIONS[issue.resolution]) if issue.resolution else None
        status = Status.model_validate({"id": issue.status, "name": name, "statusCategory": {"key": category}})
        standing = StatusMapping(NOT_DONE).standing(status, resolution)
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
        word = "Done"
        if state is TicketState.CANCELLED:
            word = "Duplicate" if reason is CloseReason.DUPLICATE else "Won't Do"
        return {"status": status, "resolution": next(key for key, one in RESOLUTIONS.items() if one == word)}

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

    def signed(self, body: bytes) -> Delivery:
        headers = {
            "Content-Type": "application/json; charset=UTF-8",
            "User-Agent": "Atlassian Webhook HTTP Client",
            "X-Atlassian-Webhook-Identifier": f"{next(self._ids):032x}",
            "X-Hub-Signature": f"sha256={sha256_signature(self._secret, body)}",
        }
        return Delivery(headers, body)

    # State

    def _as_somebody_else(self) -> "_Acting":
        return _Acting(self)

    def _now(self) -> datetime:
        """Jira tells milliseconds; no two changes have one time."""
        now = datetime.now(UTC)
        now = now.replace(microsecond=now.microsecond // 1000 * 1000)
        self._last = max(now, self._last + timedelta(milliseconds=1))
        self._last = self._last.replace(microsecond=self._last.microsecond // 1000 * 1000)
        return self._last

    def _made(self, project: str, kind: str, summary: str, description: Json | None) -> _Issue:
        now = self._now()
        issue = _Issue(
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

    def _change(self, issue: _Issue, fields: Json) -> None:
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
            named = {"status": {key: one[0] for key, one in self.flow.statuses.items()}, "resolution": RESOLUTIONS}
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

    def _tell(self, event: str, issue: _Issue, items: list[Json] | None = None) -> None:
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

    # How Jira shows things

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

    def _fields(self, issue: _Issue) -> Json:
        return {
            "summary": issue.summary,
            "description": issue.description,
            "status": self._status(issue.status),
            "resolution": {"id": issue.resolution, "name": RESOLUTIONS[issue.resolution]} if issue.resolution else None,
            "assignee": self._person(issue.assignee) if issue.assignee else None,
            "creator": self._person(issue.creator),
            "reporter": self._person(issue.creator),
            "duedate": issue.due,
            "labels": sorted(issue.labels),
            "created": _instant(issue.created),
            "updated": _instant(issue.updated),
            "project": {"id": PROJECTS[issue.project], "key": issue.project, "name": issue.project},
            "issuetype": {"id": issue.type, "name": TYPES[issue.type], "subtask": False},
            **issue.other,
        }

    def _shown(self, issue: _Issue, names: list[str] | None) -> Json:
        fields = self._fields(issue)
        if names is not None and "*all" not in names:
            fields = {name: value for name, value in fields.items() if name in names}
        shown: Json = {"id": issue.id, "key": issue.key, "self": f"{self.url}/rest/api/3/issue/{issue.id}"}
        return shown if names == [] else {**shown, "fields": fields}

    def _comment(self, comment: _Comment, *, properties: bool = False) -> Json:
        shown: Json = {
            "id": comment.id,
            "self": f"{self.url}/rest/api/3/comment/{comment.id}",
            "author": self._person(comment.author),
            "updateAuthor": self._person(comment.author),
            "body": comment.body,
            "created": _instant(comment.created),
            "updated": _instant(comment.updated),
        }
        return {**shown, "properties": comment.properties} if properties else shown

    # What it answers

    def kind_of(self, request: Request) -> Kind:
        for method, pattern, kind in _KINDS:
            if request.method == method and re.fullmatch(pattern, request.path):
                return kind
        return Kind.OTHER

    def answer(self, request: Request) -> Answer:
        given = request.headers.get("authorization", "").removeprefix("Basic ")
        if not self._good or given != base64.b64encode(f"{EMAIL}:{TOKEN}".encode()).decode():
            return self._to_a_stranger(request)
        self._actor = self.account
        for method, pattern, door in _DOORS:
            found = re.fullmatch(pattern, request.path)
            if found and request.method == method:
                try:
                    told = door(self, request, *found.groups())
                except _Refused as refusal:
                    told = refusal.answer
                return Answer(told.status, told.body, {"Atl-Traceid": f"{next(self._ids):032x}", **told.headers})
        return Answer(404, {"errorMessages": [f"No endpoint {request.method} {request.path}."], "errors": {}})

    def _to_a_stranger(self, request: Request) -> Answer:
        """Who is not known sees what anybody may see: no issue here, and an empty list. Only a header tells why."""
        told = {"X-Seraph-LoginReason": "AUTHENTICATED_FAILED"}
        if self.kind_of(request) is Kind.LIST:
            return Answer(200, {"issues": [], "isLast": True}, told)
        if request.method == "GET" and not request.path.endswith("/myself"):
            return Answer(404, {"errorMessages": [GONE_WORDS], "errors": {}}, told)
        words = "Client must be authenticated to access this resource."
        return Answer(401, {"errorMessages": [words], "errors": {}}, told)

    def fault(self, fault: Fault, request: Request) -> Answer:
        said: Json = {"errorMessages": [], "errors": {}}
        match fault:
            case Fault.LIMITED | Fault.LIMITED_SILENTLY:
                told = {"Retry-After": "1"} if fault is Fault.LIMITED else {}
                return Answer(
                    429,
                    said | {"errorMessages": ["Rate limit exceeded."]},
                    {**told, "RateLimit-Reason": "jira-burst-based"},
                )
            case Fault.GONE:
                return Answer(410, said | {"errorMessages": ["The requested API has been removed."]})
            case Fault.EMPTY_LIST:
                return Answer(
                    200, {"issues": [], "isLast": True, "issueErrors": [], "values": [], "comments": [], "total": 0}
                )
            case _:
                return Answer(503, said | {"errorMessages": ["The service is temporarily unavailable."]})

    def _allowed(self, permission: str, project: str = HERE) -> None:
        if project in self._hidden or permission in self.refused:
            raise _Refused(403, f"You do not have the permission {permission}.")

    def _seen(self, named: str) -> _Issue:
        for issue in self._issues.values():
            if named in {issue.id, issue.key} and issue.project not in self._hidden:
                return issue
        raise _Refused(404, GONE_WORDS)

    def _visible_project(self, named: str) -> str:
        for key, number in PROJECTS.items():
            if named in {key, number} and key not in self._hidden:
                return key
        raise _Refused(404, f"No project could be found with key '{named}'.")

    def _myself(self, _request: Request) -> Answer:
        return Answer(200, self._person(self.account))

    def _project(self, _request: Request, named: str) -> Answer:
        key = self._visible_project(named)
        types = [{"id": one, "name": name, "subtask": False} for one, name in TYPES.items()]
        return Answer(
            200, {"id": PROJECTS[key], "key": key, "name": f"Project {key}", "archived": False, "issueTypes": types}
        )

    def _permissions(self, request: Request) -> Answer:
        if not request.query.get("permissions"):
            raise _Refused(400, "The permissions query parameter is required.")
        self._visible_project(request.query["projectKey"])
        told = {}
        for key in request.query["permissions"].split(","):
            if key not in PERMISSIONS:
                raise _Refused(400, f"Unrecognized permission: {key}")
            name = key.replace("_", " ").title()
            told[key] = {
                "id": "1",
                "key": key,
                "name": name,
                "type": "PROJECT",
                "havePermission": key not in self.refused,
            }
        return Answer(200, {"permissions": told})

    def _types(self, _request: Request, named: str) -> Answer:
        self._visible_project(named)
        types = [{"id": one, "name": name, "description": "", "subtask": False} for one, name in TYPES.items()]
        return Answer(200, {"issueTypes": types, "maxResults": 50, "startAt": 0, "total": len(types)})

    def _form(self, request: Request, named: str, kind: str) -> Answer:
        self._visible_project(named)
        if kind not in TYPES:
            raise _Refused(404, "The issue type was not found.")
        needed = {"summary", "issuetype", "project", "reporter"}
        known = [
            {
                "fieldId": name,
                "key": name,
                "name": name.title(),
                "required": name in needed,
                "hasDefaultValue": name == "reporter",
                "schema": {"type": "array", "items": "string"}
                if name == "labels"
                else {"type": "string", "system": name},
                "operations": ["set"],
            }
            for name in FORM
        ]
        known += [{"fieldId": name, "key": name, **meta} for name, meta in self.required.items()]
        at, size = int(request.query.get("startAt", 0)), min(int(request.query.get("maxResults", 50)), self.page)
        return Answer(200, {"fields": known[at : at + size], "maxResults": size, "startAt": at, "total": len(known)})

    def _create(self, request: Request) -> Answer:
        fields = _object(request, "fields")
        wanted = fields.get("project", {})
        project = self._visible_project(str(wanted.get("key") or wanted.get("id")))
        self._allowed("CREATE_ISSUES", project)
        kind = self._named(TYPES, fields.get("issuetype", {}), "issuetype")
        if not fields.get("summary"):
            raise _Refused(400, summary="You must specify a summary of the issue.")
        for name, meta in self.required.items():
            if meta.get("required") and not meta.get("hasDefaultValue") and fields.get(name) is None:
                raise _Refused(400, **{name: f"{meta['name']} is required."})
        values = self._checked({name: one for name, one in fields.items() if name not in {"project", "issuetype"}})
        issue = self._made(project, kind, values.pop("summary"), values.pop("description", None))
        for name, value in values.items():
            if name in {"labels", "assignee"}:
                setattr(issue, name, value)
            elif name == "duedate":
                issue.due = value
            else:
                issue.other[name] = value
        self._tell("jira:issue_created", issue)
        return Answer(201, {"id": issue.id, "key": issue.key, "self": f"{self.url}/rest/api/3/issue/{issue.id}"})

    def _named(self, known: dict[str, str], given: Json, what: str) -> str:
        for key, name in known.items():
            if given.get("id") == key or given.get("name") == name:
                return key
        raise _Refused(400, **{what: f"Specify a valid {what}"})

    def _checked(self, fields: Json) -> Json:
        """Values as the issue holds them; raises in Jira's words."""
        values: Json = {}
        for name, value in fields.items():
            check = _CHECKS.get(name)
            if check is None and name not in self.required:
                words = f"Field '{name}' cannot be set. It is not on the appropriate screen, or unknown."
                raise _Refused(400, **{name: words})
            values[name] = check(self, value) if check else self._checked_custom(name, value)
        return values

    def _checked_custom(self, name: str, value: Any) -> Any:
        kind = self.required[name].get("schema", {}).get("type")
        if kind == "option":
            allowed = [one["id"] for one in self.required[name]["allowedValues"]]
            if not isinstance(value, dict) or value.get("id") not in allowed:
                raise _Refused(400, **{name: "Specify a valid value"})
        elif kind == "number" and not isinstance(value, int | float):
            raise _Refused(400, **{name: "Specify a number"})
        elif kind == "array" and not isinstance(value, list):
            raise _Refused(400, **{name: "data was not an array"})
        return value

    def _check_summary(self, value: Any) -> str:
        if not isinstance(value, str) or not value.strip():
            raise _Refused(400, summary="You must specify a summary of the issue.")
        if "\n" in value:
            raise _Refused(400, summary="The summary is invalid because it contains newline characters.")
        if len(value) > 255:
            raise _Refused(400, summary="Summary can't exceed 255 characters.")
        return value

    def _check_document(self, value: Any) -> Json | None:
        if value is not None and (
            not isinstance(value, dict) or value.get("type") != "doc" or value.get("version") != 1
        ):
            raise _Refused(
                400, description="Operation value must be an Atlassian Document (see the Atlassian Document Format)"
            )
        if value is not None and len(adf.to_markdown(value)) > 32_767:
            raise _Refused(400, description="CONTENT_LIMIT_EXCEEDED")
        return value if value is None or value["content"] else None

    def _check_labels(self, value: Any) -> list[str]:
        for label in value:
            if re.search(r"\s", label):
                raise _Refused(400, labels=f"The label '{label}' contains spaces which is invalid.")
            if len(label) > 255:
                raise _Refused(400, labels="The label is too long.")
        return sorted(value)

    def _check_assignee(self, value: Any) -> str | None:
        account = None if value is None else value.get("accountId") or value.get("id")
        if account is not None and account not in self._people:
            raise _Refused(400, assignee=f"User '{account}' cannot be assigned issues.")
        return account

    def _check_due(self, value: Any) -> str | None:
        try:
            return None if value is None else date.fromisoformat(value).isoformat()
        except (ValueError, TypeError):
            raise _Refused(400, duedate="Error parsing date string") from None

    def _read(self, request: Request, named: str) -> Answer:
        names = request.query["fields"].split(",") if "fields" in request.query else None
        return Answer(200, self._shown(self._seen(named), names))

    def _edit(self, request: Request, named: str) -> Answer:
        issue = self._seen(named)
        self._allowed("EDIT_ISSUES", issue.project)
        self._change(issue, self._checked(_object(request, "fields")))
        return Answer(204)

    def _assign(self, request: Request, named: str) -> Answer:
        issue = self._seen(named)
        self._allowed("ASSIGN_ISSUES", issue.project)
        body = request.json()
        assert isinstance(body, dict)
        self._change(issue, {"assignee": self._check_assignee(body)})
        return Answer(204)

    def _ways(self, issue: _Issue) -> list[Way]:
        if "TRANSITION_ISSUES" in self.refused:
            return []
        return [way for way in self.flow.ways if way.sources is None or issue.status in way.sources]

    def _transitions(self, request: Request, named: str) -> Answer:
        found = []
        for way in self._ways(self._seen(named)):
            shown: Json = {
                "id": way.id,
                "name": way.name,
                "to": self._status(way.to),
                "hasScreen": way.resolution or bool(way.required),
                "isGlobal": way.sources is None,
                "isInitial": False,
                "isAvailable": True,
                "isConditional": False,
            }
            if "transitions.fields" in request.query.get("expand", ""):
                shown["fields"] = self._screen(way)
            found.append(shown)
        return Answer(200, {"expand": "transitions", "transitions": found})

    def _screen(self, way: Way) -> Json:
        allowed = [
            {"id": key, "name": name, "self": f"{self.url}/rest/api/3/resolution/{key}"}
            for key, name in RESOLUTIONS.items()
        ]
        common = {"operations": ["set"], "hasDefaultValue": False, "required": True}
        screen: Json = {
            name: {**common, "name": name, "key": name, "schema": {"type": "string", "custom": "textfield"}}
            for name in way.required
        }
        if way.resolution:
            schema = {"type": "resolution", "system": "resolution"}
            screen["resolution"] = {
                **common,
                "name": "Resolution",
                "key": "resolution",
                "schema": schema,
                "allowedValues": allowed,
            }
        return screen

    def _transition(self, request: Request, named: str) -> Answer:
        issue = self._seen(named)
        body = request.json()
        wanted = body.get("transition", {}).get("id") if isinstance(body, dict) else None
        way = next((one for one in self._ways(issue) if one.id == wanted), None)
        if way is None:  # also for an id that is a number
            raise _Refused(400, f"Transition id '{wanted}' is not valid for this issue.")
        fields = body.get("fields", {}) if isinstance(body, dict) else {}
        for name in way.required:
            if name not in fields:
                raise _Refused(400, **{name: f"{name} is required."})
        if not way.resolution and "resolution" in fields:
            raise _Refused(
                400, resolution="Field 'resolution' cannot be set. It is not on the appropriate screen, or unknown."
            )
        resolution = None
        if way.resolution:
            resolution = self._named(RESOLUTIONS, fields.get("resolution") or {}, "resolution")
        self._change(issue, {"status": way.to, "resolution": resolution})
        return Answer(204)

    def _comments(self, request: Request, named: str) -> Answer:
        issue = self._seen(named)
        at, size = int(request.query.get("startAt", 0)), min(int(request.query.get("maxResults", 100)), self.page)
        shown = [self._comment(one) for one in issue.comments[at : at + size]]
        return Answer(200, {"comments": shown, "startAt": at, "maxResults": size, "total": len(issue.comments)})

    def _add_comment(self, request: Request, named: str) -> Answer:
        issue = self._seen(named)
        self._allowed("ADD_COMMENTS", issue.project)
        body = request.json()
        assert isinstance(body, dict)
        now = self._now()
        made = _Comment(str(next(self._ids)), self._actor, body["body"], body.get("properties", []), now, now)
        issue.comments.append(made)
        issue.updated = now
        return Answer(201, self._comment(made))

    def _edit_comment(self, request: Request, named: str, number: str) -> Answer:
        issue = self._seen(named)
        found = next((one for one in issue.comments if one.id == number), None)
        if found is None:
            raise _Refused(404, "Can not find a comment for the id.")
        self._allowed("EDIT_OWN_COMMENTS", issue.project)
        body = request.json()
        assert isinstance(body, dict)
        found.body = body["body"]
        new = {one["key"]: one for one in body.get("properties", [])}
        found.properties = [one for one in found.properties if one["key"] not in new] + list(new.values())
        found.updated = issue.updated = self._now()
        return Answer(200, self._comment(found))

    def _comment_list(self, request: Request) -> Answer:
        body = request.json()
        assert isinstance(body, dict)
        properties = "properties" in request.query.get("expand", "")
        known = [one for issue in self._issues.values() if issue.project not in self._hidden for one in issue.comments]
        shown = [self._comment(one, properties=properties) for one in known if int(one.id) in body["ids"]]
        return Answer(200, {"values": shown, "startAt": 0, "maxResults": 1000, "total": len(shown), "isLast": True})

    def _bulk_fetch(self, request: Request) -> Answer:
        body = request.json()
        assert isinstance(body, dict)
        if len(body["issueIdsOrKeys"]) > 100:
            raise _Refused(400, "The maximum number of issues that can be fetched is 100.")
        wanted = set(body["issueIdsOrKeys"])
        found = [one for one in self._issues.values() if {one.id, one.key} & wanted and one.project not in self._hidden]
        shown = [self._shown(one, body.get("fields", [])) for one in found]
        return Answer(200, {"issues": shown, "issueErrors": []})

    def _search(self, request: Request) -> Answer:
        body = request.json()
        assert isinstance(body, dict)
        matches = _jql(body["jql"])
        known = [one for one in self._issues.values() if one.project not in self._hidden and one.is_indexed]
        found = [one for one in known if matches(one)]
        at = int(body.get("nextPageToken") or 0)
        size = min(body.get("maxResults", 50), self.page)
        page: Json = {"issues": [self._shown(one, body.get("fields", [])) for one in found[at : at + size]]}
        if at + size < len(found):
            return Answer(200, {**page, "nextPageToken": str(at + size), "isLast": False})
        return Answer(200, {**page, "isLast": True})

    def _old_search(self, _request: Request) -> Answer:
        words = "The requested API has been removed. Please migrate to the /rest/api/3/search/jql API."
        raise _Refused(410, words)

    def _assignable(self, request: Request) -> Answer:
        self._visible_project(request.query["project"])
        at = int(request.query.get("startAt", 0))
        return Answer(200, [self._person(one) for one in self._people] if at == 0 else [])

    def _workflows(self, _request: Request) -> Answer:
        if not self.administers:
            raise _Refused(403, "Only administrators can access this resource.")
        categories = {"new": "TODO", "indeterminate": "IN_PROGRESS", "done": "DONE"}
        statuses = [
            {"id": key, "statusReference": key, "name": name, "statusCategory": categories[category]}
            for key, (name, category) in self.flow.statuses.items()
        ]
        first = next(iter(self.flow.statuses))
        ways: list[Json] = [{"id": "1", "name": "Create", "type": "INITIAL", "toStatusReference": first, "links": []}]
        for way in self.flow.ways:
            links = [{"fromStatusReference": one, "fromPort": 0, "toPort": 1} for one in way.sources or ()]
            kind = "GLOBAL" if way.sources is None else "DIRECTED"
            ways.append({"id": way.id, "name": way.name, "type": kind, "toStatusReference": way.to, "links": links})
        flow = {"id": "w1", "name": "Flow", "statuses": [{"statusReference": key} for key in self.flow.statuses]}
        return Answer(200, {"statuses": statuses, "workflows": [{**flow, "transitions": ways}]})

    def _hooks_admin(self) -> None:
        if not self.administers:
            raise _Refused(403, "You are not authorized to perform this action.")

    def _hook(self, number: str) -> Json:
        shown = {name: value for name, value in self.hooks[number].items() if name != "secret"}
        return {**shown, "self": f"{self.url}/rest/webhooks/1.0/webhook/{number}", "enabled": True, "isSigned": True}

    def _list_hooks(self, _request: Request) -> Answer:
        self._hooks_admin()
        return Answer(200, [self._hook(number) for number in self.hooks])

    def _put_hook(self, request: Request, number: str = "") -> Answer:
        self._hooks_admin()
        if number and number not in self.hooks:
            raise _Refused(404, "No webhook with this id.")
        body = request.json()
        assert isinstance(body, dict)
        status, number = (200, number) if number else (201, str(next(self._ids)))
        self.hooks[number] = self.hooks.get(number, {}) | body
        self._secret = self.hooks[number].get("secret", self._secret)
        return Answer(status, self._hook(number))

    def _delete_hook(self, _request: Request, number: str) -> Answer:
        self._hooks_admin()
        if self.hooks.pop(number, None) is None:
            raise _Refused(404, "No webhook with this id.")
        return Answer(204)


class _Acting:
    """While it holds, changes are somebody else's."""

    def __init__(self, peer: JiraPeer) -> None:
        self._peer = peer

    def __enter__(self) -> None:
        self._peer._actor = self._peer.other_account

    def __exit__(self, *_: object) -> None:
        self._peer._actor = self._peer.account


def _instant(value: datetime) -> str:
    return f"{value:%Y-%m-%dT%H:%M:%S}.{value.microsecond // 1000:03d}+0000"


def _object(request: Request, name: str) -> Json:
    body = request.json()
    if not isinstance(body, dict) or not isinstance(body.get(name), dict):
        raise _Refused(400, f"'{name}' must be an object.")
    found: Json = body[name]
    return found


def _jql(query: str) -> Callable[[_Issue], bool]:
    """The little of JQL that is asked here: ``a = "b" AND id in (1, 2) ORDER BY created ASC``."""
    conditions = re.sub(r"\s*ORDER BY created ASC$", "", query)
    if not conditions.strip():
        raise _Refused(
            400, "Unbounded JQL queries are not allowed here. Please add a search restriction to your query."
        )
    tests = list(_conditions(conditions))
    return lambda issue: all(test(issue) for test in tests)


def _conditions(text: str) -> Iterator[Callable[[_Issue], bool]]:
    for part in text.split(" AND "):
        found = re.fullmatch(r'\s*(labels|project) = "([^"]+)"\s*', part)
        if found is None:
            raise _Refused(400, f"Error in the JQL Query: '{part}'")
        name, value = found.groups()
        if name == "labels":
            yield lambda issue, value=value: value in issue.labels  # type: ignore[misc]
        else:
            yield lambda issue, value=value: issue.project == value  # type: ignore[misc]


_CHECKS: dict[str, Callable[[JiraPeer, Any], Any]] = {
    "summary": JiraPeer._check_summary,
    "description": JiraPeer._check_document,
    "labels": JiraPeer._check_labels,
    "assignee": JiraPeer._check_assignee,
    "duedate": JiraPeer._check_due,
}
_V3 = "/rest/api/3"
_ISSUE = rf"{_V3}/issue/([A-Za-z0-9_-]+)"
_HOOKS = "/rest/webhooks/1.0/webhook"
_DOORS: tuple[tuple[str, str, Callable[..., Answer]], ...] = (
    ("GET", rf"{_V3}/myself", JiraPeer._myself),
    ("GET", rf"{_V3}/project/(\w+)", JiraPeer._project),
    ("GET", rf"{_V3}/mypermissions", JiraPeer._permissions),
    ("GET", rf"{_V3}/issue/createmeta/(\w+)/issuetypes", JiraPeer._types),
    ("GET", rf"{_V3}/issue/createmeta/(\w+)/issuetypes/(\w+)", JiraPeer._form),
    ("POST", rf"{_V3}/issue", JiraPeer._create),
    ("POST", rf"{_V3}/issue/bulkfetch", JiraPeer._bulk_fetch),
    ("GET", _ISSUE, JiraPeer._read),
    ("PUT", _ISSUE, JiraPeer._edit),
    ("PUT", rf"{_ISSUE}/assignee", JiraPeer._assign),
    ("GET", rf"{_ISSUE}/transitions", JiraPeer._transitions),
    ("POST", rf"{_ISSUE}/transitions", JiraPeer._transition),
    ("GET", rf"{_ISSUE}/comment", JiraPeer._comments),
    ("POST", rf"{_ISSUE}/comment", JiraPeer._add_comment),
    ("PUT", rf"{_ISSUE}/comment/(\d+)", JiraPeer._edit_comment),
    ("POST", rf"{_V3}/comment/list", JiraPeer._comment_list),
    ("POST", rf"{_V3}/search/jql", JiraPeer._search),
    ("POST", rf"{_V3}/search", JiraPeer._old_search),
    ("GET", rf"{_V3}/user/assignable/search", JiraPeer._assignable),
    ("POST", rf"{_V3}/workflows", JiraPeer._workflows),
    ("GET", _HOOKS, JiraPeer._list_hooks),
    ("POST", _HOOKS, JiraPeer._put_hook),
    ("PUT", rf"{_HOOKS}/(\d+)", JiraPeer._put_hook),
    ("DELETE", rf"{_HOOKS}/(\d+)", JiraPeer._delete_hook),
)
_KINDS = (
    ("POST", rf"{_V3}/issue", Kind.CREATE),
    ("PUT", rf"{_ISSUE}(?:/assignee|/comment/\d+)?", Kind.UPDATE),
    ("POST", rf"{_ISSUE}/(?:transitions|comment)", Kind.UPDATE),
    ("POST", rf"{_V3}/(?:issue/bulkfetch|search/jql)", Kind.LIST),
    ("GET", _ISSUE, Kind.READ),
)
