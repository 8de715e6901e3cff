"""GitHub as the conformance suite needs it: two repositories on a socket, with faults.

Each behaviour is from GitHub's documentation:

- issues: https://docs.github.com/en/rest/issues/issues (a transferred one redirects with 301; one that is deleted is
  410 where the repository is visible; one that was transferred out of sight is 404; times are in whole seconds)
- comments: https://docs.github.com/en/rest/issues/comments
- webhooks: https://docs.github.com/en/rest/repos/webhooks and
  https://docs.github.com/en/webhooks/webhook-events-and-payloads#issues (``transferred`` comes with
  ``changes.new_issue``)
- limits: https://docs.github.com/en/rest/using-the-rest-api/rate-limits-for-the-rest-api (403 or 429)
- a missing object in GraphQL is null in its place, with an error of type NOT_FOUND beside it:
  https://docs.github.com/en/graphql/guides/using-pagination-in-the-graphql-api

``tests/integrations/trackers/github/test_sync.py`` checks what it answers against GitHub's OpenAPI document.
"""

import hashlib
import hmac
import itertools
import json
import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

from domain.tickets.status import CloseReason, TicketState
from integrations.trackers.github.issues import mark_in, plain
from integrations.trackers.github.status import standing_of
from tests.peers.receiver import Delivery
from tests.peers.tracker_peer import Answer, Fault, Kind, PeerTicket, Request, Settings, TrackerPeer

Json = dict[str, Any]
TOKEN = "github_pat_of_a_peer"
SECRET = "a webhook secret of a peer"
HERE, THERE = "acme/api", "acme/web"
REPOSITORIES = {HERE: 1, THERE: 2}
SCOPES = ("admin:repo_hook", "repo")

_ISSUES = re.compile(r"/repos/([^/]+/[^/]+)/issues")
_ISSUE = re.compile(r"/(?:repos/([^/]+/[^/]+)|repositories/(\d+))/issues/(\d+)")
_COMMENTS = re.compile(r"/repos/([^/]+/[^/]+)/issues/(\d+)/comments")
_COMMENT = re.compile(r"/repos/([^/]+/[^/]+)/issues/comments/(\d+)")
_HOOKS = re.compile(r"/repos/([^/]+/[^/]+)/hooks(?:/(\d+))?")
_ASSIGNEES = re.compile(r"/repos/([^/]+/[^/]+)/assignees")
_REPOSITORY = re.compile(r"/repos/([^/]+/[^/]+)|/repositories/(\d+)")
_NODE = re.compile(r'(t\d+): repository\(owner: "([^"]+)", name: "([^"]+)"\) \{ issue\(number: (\d+)\)')


@dataclass(slots=True)
class _Comment:
    id: int
    login: str
    body: str


@dataclass(frozen=True, slots=True)
class _Pull:
    number: int
    title: str
    state: str


@dataclass(slots=True)
class _Issue:
    id: int
    repository: str
    number: int
    title: str
    body: str
    login: str
    created_at: datetime
    updated_at: datetime
    state: str = "open"
    state_reason: str | None = None
    assignees: list[str] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    comments: list[_Comment] = field(default_factory=list)
    pulls: list[_Pull] = field(default_factory=list)
    gone: bool = False
    hidden: bool = False
    moved_to: "_Issue | None" = None


@dataclass(frozen=True, slots=True)
class _NoAnswer(Exception):
    answer: Answer


def _now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


def _told(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


class GithubPeer(TrackerPeer):
    kind = "github"
    account = "afterword-bot"
    other_account = "jane"

    def __init__(self) -> None:
        super().__init__()
        self._ids = itertools.count(4501)
        self._issues: list[_Issue] = []
        self._hooks: dict[int, Json] = {}
        self._revoked = False

    @property
    def config(self) -> Settings:
        return {"repository": HERE, "baseUrl": self.url, "secondsBetweenWrites": 0}

    @property
    def secrets(self) -> Settings:
        return {"token": TOKEN, "webhookSecret": SECRET}

    # Somebody else at work

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
            there = replace(issue, id=next(self._ids), repository=THERE, number=number, updated_at=_now())
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
            issue.pulls = [_Pull(number, title, state)]
            page = f"{self.url}/{issue.repository}/pull/{number}"
            pull = {
                "html_url": page,
                "number": number,
                "title": title,
                "body": f"Fixes #{issue.number}",
                "state": "open" if state == "open" else "closed",
                "merged": state == "merged",
                "merged_at": _told(_now()) if state == "merged" else None,
                "updated_at": _told(_now()),
                "head": {"ref": "sooner"},
            }
            action = "opened" if state == "open" else "closed"
            told = {"action": action, "number": number, "pull_request": pull}
            self._tell("pull_request", told, self.other_account, issue)
            return page

    def unused(self) -> Delivery:
        return self._delivery("ping", json.dumps({"zen": "Design for failure.", "hook_id": 1}).encode())

    def signed(self, body: bytes) -> Delivery:
        return self._delivery("issues", body)

    # State

    def _by_id(self, external_id: str) -> _Issue:
        issue = next(one for one in self._issues if str(one.id) == external_id)
        return issue.moved_to or issue

    def _next_number(self, repository: str) -> int:
        return 1 + sum(one.repository == repository for one in self._issues)

    def _make(self, repository: str, given: Json, login: str) -> _Issue:
        now = _now()
        number = self._next_number(repository)
        issue = _Issue(next(self._ids), repository, number, given["title"], given.get("body") or "", login, now, now)
        issue.assignees = list(given.get("assignees") or [])
        issue.labels = list(given.get("labels") or [])
        self._issues.append(issue)
        self._tell("issues", {"action": "opened", "issue": self._issue(issue)}, login, issue)
        return issue

    def _change(self, issue: _Issue, given: Json, login: str) -> None:
        before = replace(issue, assignees=list(issue.assignees))
        for name in ("title", "body", "state", "state_reason", "assignees"):
            if name in given:
                setattr(issue, name, given[name])
        if issue.state == "open" and before.state == "open":
            issue.state_reason = before.state_reason
        issue.updated_at = _now()
        actions = []
        if (issue.title, issue.body) != (before.title, before.body):
            actions.append("edited")
        if issue.assignees != before.assignees:
            actions.append("assigned" if issue.assignees else "unassigned")
        if (issue.state, issue.state_reason) != (before.state, before.state_reason):
            actions.append("closed" if issue.state == "closed" else "reopened")
        for action in actions:
            self._tell("issues", {"action": action, "issue": self._issue(issue)}, login, issue)

    def _tell(self, event: str, payload: Json, login: str, issue: _Issue) -> None:
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

    def _seen(self, issue: _Issue) -> PeerTicket:
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

    # Answers

    def kind_of(self, request: Request) -> Kind:
        if request.method == "POST" and _ISSUES.fullmatch(request.path):
            return Kind.CREATE
        if request.path == "/graphql" or _ISSUES.fullmatch(request.path):
            return Kind.LIST
        if _ISSUE.fullmatch(request.path):
            return Kind.READ if request.method == "GET" else Kind.UPDATE
        if request.method in {"POST", "PATCH"} and "/comments" in request.path:
            return Kind.UPDATE
        return Kind.OTHER

    def answer(self, request: Request) -> Answer:
        if self._revoked or request.headers.get("authorization") != f"token {TOKEN}":
            return Answer(401, {"message": "Bad credentials", "documentation_url": "https://docs.github.com/rest"})
        try:
            found = self._routed(request)
        except _NoAnswer as refusal:
            found = refusal.answer
        headers = {"X-GitHub-Request-Id": uuid4().hex[:12].upper(), "X-OAuth-Scopes": ", ".join(SCOPES)}
        return Answer(found.status, found.body, {**headers, **found.headers})

    def fault(self, fault: Fault, request: Request) -> Answer:
        match fault:
            case Fault.SERVER_ERROR:
                return Answer(502, {"message": "Server Error"})
            case Fault.LIMITED:
                words = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."
                return Answer(403, {"message": words}, {"Retry-After": "1"})
            case Fault.LIMITED_SILENTLY:
                return Answer(429, {"message": "API rate limit exceeded for user ID 1."})
            case Fault.GONE:
                return Answer(410, {"message": "Issues are disabled for this repo"})
            case Fault.EMPTY_LIST if request.path == "/graphql":
                return Answer(200, {"data": dict.fromkeys(found[1] for found in _asked(request))})
            case _:
                return Answer(200, [])

    def _routed(self, request: Request) -> Answer:
        given: Any = request.json()
        for shape, answer in self._routes.items():
            if found := shape.fullmatch(request.path):
                return answer(request, given, *found.groups())
        return Answer(404, {"message": "Not Found"})

    @property
    def _routes(self) -> dict[re.Pattern[str], Callable[..., Answer]]:
        return {
            re.compile("/user"): lambda request, given: Answer(200, self._account(self.account)),
            re.compile("/graphql"): lambda request, given: self._nodes(request),
            _COMMENT: lambda request, given, repository, number: self._edit_comment(repository, int(number), given),
            _COMMENTS: lambda request, given, repository, number: self._comments(
                self._visible(repository, int(number)), request.method, given
            ),
            _ISSUE: self._one,
            _ISSUES: self._several,
            _HOOKS: lambda request, given, _, number: self._hook(
                request.method, int(number) if number else None, given
            ),
            _ASSIGNEES: lambda request, given, _: Answer(
                200, [self._account(self.account), self._account(self.other_account)]
            ),
            _REPOSITORY: lambda request, given, name, _: Answer(200, self._repository(name or HERE)),
        }

    def _one(self, request: Request, given: Any, name: str | None, numbered: str | None, number: str) -> Answer:
        repository = name or next(one for one, there in REPOSITORIES.items() if str(there) == numbered)
        issue = self._visible(repository, int(number))
        if request.method == "PATCH":
            self._change(issue, given, self.account)
        return Answer(200, self._issue(issue))

    def _several(self, request: Request, given: Any, repository: str) -> Answer:
        if request.method == "POST":
            return Answer(201, self._issue(self._make(repository, given, self.account)))
        return self._list(repository, request)

    def _visible(self, repository: str, number: int) -> _Issue:
        for issue in self._issues:
            if (issue.repository, issue.number) == (repository, number) and not issue.hidden:
                if issue.gone:
                    raise _NoAnswer(Answer(410, {"message": "This issue was deleted"}))
                if issue.moved_to is not None:
                    to = issue.moved_to
                    there = f"{self.url}/repositories/{REPOSITORIES[to.repository]}/issues/{to.number}"
                    raise _NoAnswer(Answer(301, {"message": "Moved Permanently", "url": there}, {"Location": there}))
                return issue
        raise _NoAnswer(Answer(404, {"message": "Not Found"}))

    def _list(self, repository: str, request: Request) -> Answer:
        since = request.query.get("since", "")
        found = [
            one
            for one in self._issues
            if one.repository == repository
            and not (one.gone or one.hidden or one.moved_to)
            and _told(one.updated_at) >= since
            and request.query.get("state", "open") in {"all", one.state}
        ]
        found.sort(key=lambda one: (one.created_at, one.number), reverse=request.query.get("direction") != "asc")
        size, page = int(request.query.get("per_page", 30)), int(request.query.get("page", 1))
        headers = {}
        if len(found) > size * page:
            there = urlencode({**request.query, "page": page + 1})
            headers["Link"] = f'<{self.url}{request.path}?{there}>; rel="next"'
        return Answer(200, [self._issue(one) for one in found[size * (page - 1) : size * page]], headers)

    def _comments(self, issue: _Issue, method: str, given: Json) -> Answer:
        if method == "GET":
            return Answer(200, [self._comment(issue, one) for one in issue.comments])
        issue.comments.append(_Comment(next(self._ids), self.account, given["body"]))
        return Answer(201, self._comment(issue, issue.comments[-1]))

    def _edit_comment(self, repository: str, number: int, given: Json) -> Answer:
        for issue in self._issues:
            for one in issue.comments:
                if issue.repository == repository and one.id == number:
                    one.body = given["body"]
                    return Answer(200, self._comment(issue, one))
        return Answer(404, {"message": "Not Found"})

    def _hook(self, method: str, number: int | None, given: Json) -> Answer:
        if number is not None and number not in self._hooks:
            return Answer(404, {"message": "Not Found"})
        match method:
            case "POST":
                number = next(self._ids)
                self._hooks[number] = given
                return Answer(201, self._told_hook(number))
            case "PATCH" if number is not None:
                self._hooks[number] |= given
            case "DELETE" if number is not None:
                del self._hooks[number]
                return Answer(204)
        if number is not None:
            return Answer(200, self._told_hook(number))
        return Answer(200, [self._told_hook(one) for one in self._hooks])

    def _told_hook(self, number: int) -> Json:
        config = self._hooks[number]["config"] | {"secret": "********"}
        at = f"{self.url}/repos/{HERE}/hooks/{number}"
        return {**self._hooks[number], "type": "Repository", "id": number, "url": at, "config": config}

    def _nodes(self, request: Request) -> Answer:
        data: Json = {}
        errors: list[Json] = []
        for _, place, owner, name, number in _asked(request):
            try:
                issue = self._visible(f"{owner}/{name}", int(number))
            except _NoAnswer:
                data[place] = {"issue": None}
                errors.append(
                    {"type": "NOT_FOUND", "path": [place, "issue"], "message": "Could not resolve to an Issue"}
                )
            else:
                data[place] = {"issue": self._node(issue)}
        return Answer(200, {"data": data} | ({"errors": errors} if errors else {}))

    def _node(self, issue: _Issue) -> Json:
        pulls = [
            {"url": f"{self.url}/{issue.repository}/pull/{one.number}", "title": one.title, "state": one.state.upper()}
            for one in issue.pulls
        ]
        return {
            "databaseId": issue.id,
            "url": f"{self.url}/{issue.repository}/issues/{issue.number}",
            "title": issue.title,
            "body": issue.body,
            "state": issue.state.upper(),
            "stateReason": issue.state_reason.upper() if issue.state_reason else None,
            "updatedAt": _told(issue.updated_at),
            "author": {"__typename": "User", "login": issue.login},
            "assignees": {"nodes": [{"__typename": "User", "login": one} for one in issue.assignees]},
            "closedByPullRequestsReferences": {"nodes": pulls},
        }

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

    def _issue(self, issue: _Issue) -> Json:
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
            "created_at": _told(issue.created_at),
            "updated_at": _told(issue.updated_at),
        }

    def _comment(self, issue: _Issue, comment: _Comment) -> Json:
        return {
            "id": comment.id,
            "url": f"{self.url}/repos/{issue.repository}/issues/comments/{comment.id}",
            "body": comment.body,
            "user": self._account(comment.login),
            "created_at": _told(issue.created_at),
            "updated_at": _told(issue.updated_at),
        }


def _asked(request: Request) -> list[tuple[str, str, str, str, str]]:
    given: Any = request.json()
    return [(found[0], found[1], found[2], found[3], found[4]) for found in _NODE.finditer(given["query"])]
