"""GitLab as a test needs it: two projects over REST v4, with signed webhooks.

Where its behaviours come from:

- issues, their labels as a list with commas, ``state_event``, ``moved_to_id``, ``references.full``, that unknown labels
  are made: https://docs.gitlab.com/api/issues/; pages by ``X-Next-Page``: https://docs.gitlab.com/api/rest/
- notes, members, hooks: https://docs.gitlab.com/api/notes/ https://docs.gitlab.com/api/members/
  https://docs.gitlab.com/api/project_webhooks/
- where an issue was moved to: ``Query.issue`` of https://docs.gitlab.com/api/graphql/reference/
- webhooks, their headers, instants without milliseconds: https://docs.gitlab.com/user/project/integrations/webhook_events/
- signatures: https://www.standardwebhooks.com and GitLab's merge request 230944
- lines that are commands: https://docs.gitlab.com/user/project/quick_actions/
- 404 for what one may not see, 429 with ``Retry-After`` and ``RateLimit-Reset``:
  https://docs.gitlab.com/security/rate_limits/

Stricter than GitLab in one thing: a field or a parameter that it does not know is refused, not ignored.
"""

import base64
import hashlib
import hmac
import itertools
import json
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import ClassVar
from urllib.parse import unquote

from domain.tickets.status import CloseReason, TicketState
from tests.peers.receiver import Delivery
from tests.peers.tracker_peer import Answer, Fault, Kind, PeerTicket, Request, Settings, TrackerPeer

Json = dict[str, object]

TOKEN = "glpat-notarealtoken"
KEY = bytes(range(32))
SECRET = f"whsec_{base64.b64encode(KEY).decode()}"
STARTED, CANCELLED, DUPLICATE = "in progress", "won't do", "duplicate"
GUEST, MAINTAINER = 10, 40
_LIST = {"scope", "author_id", "order_by", "sort", "created_after", "iids[]", "per_page", "page"}
_CREATE = {"title", "description", "labels", "assignee_ids", "due_date", "issue_type", "weight"}
_UPDATE = {"title", "description", "assignee_ids", "due_date", "state_event", "add_labels", "remove_labels"}
_HOOK = {"url", "token", "signing_token", "issues_events", "confidential_issues_events", "push_events"}
_NOTES = {"sort", "order_by", "per_page", "page"}
_PAGE = {"per_page", "page"}


@dataclass
class Project:
    path: str
    id: int
    visible: bool = True
    numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))
    hooks: dict[int, Json] = field(default_factory=dict)


@dataclass
class Issue:
    id: int
    iid: int
    project: Project
    title: str
    description: str
    author: int
    created_at: datetime
    updated_at: datetime
    state: str = "opened"
    labels: list[str] = field(default_factory=list)
    assignees: list[int] = field(default_factory=list)
    due_date: str | None = None
    moved_to: int | None = None
    deleted: bool = False
    confidential: bool = False
    notes: list[Json] = field(default_factory=list)

    @property
    def key(self) -> str:
        return f"{self.project.path}#{self.iid}"

    @property
    def is_seen(self) -> bool:
        return self.project.visible and not self.deleted and not self.confidential


class Refusal(Exception):
    def __init__(self, status: int, message: object) -> None:
        super().__init__(message)
        self.answer = Answer(status, {"message": message})


class GitlabPeer(TrackerPeer):
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

    # What a test orders

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
        state, reason = _state(issue)
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

    # Changes

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
        given = [*_names(words.get("labels")), *_names(words.get("add_labels"))]
        kept = [one for one in issue.labels if one not in _names(words.get("remove_labels"))]
        issue.labels = list(dict.fromkeys([*kept, *given]))
        if "state_event" in words:
            issue.state = {"close": "closed", "reopen": "opened"}[str(words["state_event"])]

    def _obey(self, text: str) -> str:
        """Takes the commands out of a text, as GitLab does, and mentions people; code is left alone."""
        bare = re.sub(r"```.*?(```|\Z)|`[^`\n]*`", "", text, flags=re.DOTALL)
        self.obeyed += re.findall(r"^\s*(/\w+)", bare, re.MULTILINE) + re.findall(r"(?<![\w.])@\w+", bare)
        return text

    # What GitLab answers

    def kind_of(self, request: Request) -> Kind:
        if re.search(r"/issues$", request.path):
            return Kind.CREATE if request.method == "POST" else Kind.LIST
        if re.search(r"/issues/\d+$", request.path):
            return Kind.UPDATE if request.method == "PUT" else Kind.READ
        return Kind.OTHER

    def answer(self, request: Request) -> Answer:
        if not self.is_valid or request.headers.get("authorization") != f"Bearer {TOKEN}":
            return Answer(401, {"message": "401 Unauthorized"})
        try:
            answer = self._answered(request)
        except Refusal as refusal:
            answer = refusal.answer
        return Answer(answer.status, answer.body, {"X-Request-Id": str(uuid.uuid4()), **answer.headers})

    def _answered(self, request: Request) -> Answer:  # noqa: PLR0911 (one door after another)
        if request.path == "/api/graphql":
            return self._asked_where(request)
        parts = [unquote(one) for one in request.path.removeprefix("/api/v4/").split("/")]
        if parts == ["user"]:
            return Answer(200, self._users([int(self.account)])[0])
        if parts[0] != "projects":
            raise Refusal(404, "404 Not Found")
        project = self._visible(parts[1])
        match (request.method, *parts[2:]):
            case ("GET",):
                return Answer(200, self._project(project))
            case ("GET", "issues"):
                return self._paged(self._listed(project, request), request)
            case ("POST", "issues"):
                made = self._make(project, _body(request, _CREATE), int(self.account))
                return Answer(201, self._shown(made))
            case ("GET", "issues", iid):
                return Answer(200, self._shown(self._issue(project, iid)))
            case ("PUT", "issues", iid):
                issue = self._issue(project, iid)
                self._change(issue, _body(request, _UPDATE), int(self.account))
                return Answer(200, self._shown(issue))
            case ("GET", "issues", iid, "notes"):
                _allowed(request.query, _NOTES)
                return self._paged(self._issue(project, iid).notes, request)
            case ("POST", "issues", iid, "notes"):
                return Answer(201, self._say(self._issue(project, iid), _body(request, {"body"})))
            case ("PUT", "issues", iid, "notes", number):
                (note,) = [one for one in self._issue(project, iid).notes if str(one["id"]) == number]
                note["body"] = self._obey(str(_body(request, {"body"})["body"]))
                return Answer(200, note)
            case ("GET", "members", "all"):
                _allowed(request.query, _PAGE)
                return self._paged(self._users(list(self.names)), request)
            case (_, "hooks", *number):
                return self._hooked(project, request, number)
        raise Refusal(404, "404 Not Found")

    def _visible(self, path: str) -> Project:
        for project in self.projects:
            if project.path.lower() == path.lower() and project.visible:
                return project
        raise Refusal(404, "404 Project Not Found")

    def _issue(self, project: Project, iid: str) -> Issue:
        for issue in self.issues.values():
            if (issue.project, str(issue.iid)) == (project, iid) and issue.is_seen:
                return issue
        raise Refusal(404, "404 Issue Not Found")

    def _listed(self, project: Project, request: Request) -> list[Json]:
        _allowed(request.query, _LIST)
        assert request.query["scope"] == "all", "else only those that are assigned or created by us"
        there = [one for one in self.issues.values() if one.project is project and one.is_seen]
        author, since, iids = (request.query.get(name) for name in ("author_id", "created_after", "iids[]"))
        if author is not None:
            there = [one for one in there if str(one.author) == author]
        if since is not None:
            there = [one for one in there if one.created_at >= datetime.fromisoformat(since)]
        if iids is not None:
            there = [one for one in there if str(one.iid) in iids.split(",")]
        return [self._shown(one) for one in reversed(there)]

    def _paged(self, found: list[Json], request: Request) -> Answer:
        size, page = int(request.query.get("per_page", 20)), int(request.query.get("page", 1))
        assert size <= 100
        more = str(page + 1) if len(found) > size * page else ""
        return Answer(200, found[size * (page - 1) : size * page], {"X-Next-Page": more})

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
            "created_at": _instant(issue.created_at),
            "updated_at": _instant(issue.updated_at),
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

    def _say(self, issue: Issue, words: Json) -> Json:
        note: Json = {"id": next(self._ids), "system": False, "author": self._users([int(self.account)])[0]}
        note["body"] = self._obey(str(words["body"]))
        issue.notes.append(note)
        return note

    def _hooked(self, project: Project, request: Request, number: list[str]) -> Answer:
        if self.access < MAINTAINER:
            raise Refusal(403, "403 Forbidden")
        if request.method == "GET":
            _allowed(request.query, _PAGE)
            return self._paged([{"id": one, "url": hook["url"]} for one, hook in project.hooks.items()], request)
        if request.method == "POST":
            hook_id = next(self._ids)
        else:
            hook_id = int(number[0])
            if hook_id not in project.hooks:
                raise Refusal(404, "404 Not found")
        if request.method == "DELETE":
            del project.hooks[hook_id]
            return Answer(204)
        words = _body(request, _HOOK)
        key = base64.b64decode(str(words["signing_token"]).removeprefix("whsec_"), validate=True)
        if len(key) != 32:
            raise Refusal(422, "Signing token is invalid")
        project.hooks[hook_id] = {**project.hooks.get(hook_id, {}), **words}
        return Answer(201 if request.method == "POST" else 200, {"id": hook_id, "url": words["url"]})

    def _asked_where(self, request: Request) -> Answer:
        asked = request.json()
        assert isinstance(asked, dict)
        assert "issue(id: $id) { reference(full: true) }" in asked["query"]
        found = self.issues[int(asked["variables"]["id"].removeprefix("gid://gitlab/Issue/"))]
        return Answer(200, {"data": {"issue": {"reference": found.key} if found.is_seen else None}})

    def fault(self, fault: Fault, request: Request) -> Answer:
        if fault is Fault.EMPTY_LIST:
            return Answer(200, [], {"X-Next-Page": ""})
        if fault is Fault.LIMITED:
            return Answer(429, {"message": "Too Many Requests"}, {"Retry-After": "1"})
        if fault is Fault.LIMITED_SILENTLY:
            return Answer(429, {"message": "Too Many Requests"})
        if fault is Fault.GONE:
            return Answer(410, {"message": "410 Gone"})
        return Answer(500, {"message": "500 Internal Server Error"})


def _body(request: Request, allowed: set[str]) -> Json:
    words = request.json()
    assert isinstance(words, dict)
    _allowed(words, allowed)
    return words


def _allowed(given: Mapping[str, object], allowed: set[str]) -> None:
    if unknown := given.keys() - allowed:
        raise Refusal(400, f"{', '.join(sorted(unknown))} is unknown")


def _names(labels: object) -> list[str]:
    return [one for one in str(labels or "").split(",") if one]


def _state(issue: Issue) -> tuple[TicketState, CloseReason | None]:
    if issue.state == "opened":
        return (TicketState.STARTED if STARTED in issue.labels else TicketState.OPEN), None
    if DUPLICATE in issue.labels:
        return TicketState.CANCELLED, CloseReason.DUPLICATE
    if CANCELLED in issue.labels:
        return TicketState.CANCELLED, CloseReason.NOT_PLANNED
    return TicketState.DONE, CloseReason.COMPLETED


def plain(text: str) -> str:
    """A text as a reader sees it."""
    return re.sub(r"\s*<!-- afterword:.*? -->", "", text).replace("\u2060", "")


def _instant(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03}Z"
