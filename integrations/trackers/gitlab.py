"""GitLab issues, by REST v4.

https://docs.gitlab.com/api/issues/
https://docs.gitlab.com/api/notes/
https://docs.gitlab.com/api/project_webhooks/
https://docs.gitlab.com/user/project/integrations/webhooks/
https://docs.gitlab.com/user/project/quick_actions/

A ticket's ``external_id`` is the issue's global ``id``; its ``key`` is ``group/project#12``, which the API wants. A
moved issue is closed where it was, and names the new one by its global id, whose key only GraphQL tells.

An issue is opened or closed, no more: that it is in progress, was cancelled or is a duplicate is said by labels, which
the connection names.

Our marker is the comment ``<!-- afterword:MARKER -->`` at the end of the description, looked for in the list of our
account's issues, newest first. A line that begins with ``/`` would be a command, and ``@name`` a mention: both are
broken on the way out and mended on the way in.

Webhooks are signed (``webhook-signature``, GitLab 18 and later) or carry the secret itself (``X-Gitlab-Token``). Their
instants have no milliseconds, so that they would seem older than what was read before: an event has no ticket and no
time, and the ticket is fetched. GitLab sends none for a deleted issue.
"""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from typing import Annotated, Literal, TypeVar
from urllib.parse import quote

import httpx
from pydantic import AwareDatetime, BaseModel, Field, JsonValue, SecretStr, TypeAdapter, ValidationError

from domain.errors import (
    BadSignature,
    CredentialsRejected,
    MalformedWebhook,
    TicketForbidden,
    TicketGone,
    TrackerRefused,
)
from domain.tickets.status import CloseReason, Standing, TicketState
from integrations.connection import ConnectionModel
from integrations.http import Address, HttpClient, Token, retry_after
from integrations.markdown import loud, outside_code, quiet
from integrations.tracker import (
    Account,
    Check,
    News,
    PermissionCheck,
    Registration,
    Ticket,
    TicketAction,
    TicketChange,
    TicketDraft,
    TicketEvent,
    TicketRef,
    Tracker,
)
from integrations.webhook import header, needed_header, payload, secret_list

TITLE_LIMIT = 255
BODY_LIMIT = 1_048_576
NEWEST = 300
"""How many of our issues are looked through for a marker where it is not known since when to look."""
CLOCK_SKEW = timedelta(minutes=5)
FRESH = timedelta(minutes=5)
"""How far the time of a signed webhook may be from ours (https://www.standardwebhooks.com)."""
REPORTER, MAINTAINER = 20, 40
"""Levels of access: who may label, assign, and close issues; who may see webhooks."""

_PATH = r"[A-Za-z0-9_][A-Za-z0-9_.-]*(?:/[A-Za-z0-9_][A-Za-z0-9_.-]*)+"
_KEY = re.compile(rf"({_PATH})#([1-9][0-9]{{0,9}})")
_PAGE = re.compile(rf"/({_PATH})/-/(?:issues|work_items)/([1-9][0-9]{{0,9}})(?:[/?#].*)?")
_MARK = re.compile(r"\s*<!-- afterword:([A-Za-z0-9_.:-]+) -->")
_COMMAND = re.compile(r"^(\s*)/(?=\w)", re.MULTILINE)
_MENDED_COMMAND = re.compile("^(\\s*)\u2060/", re.MULTILINE)
_WHERE_NOW = "query($id: IssueID!) { issue(id: $id) { reference(full: true) } }"

_ACTIONS = {
    "open": TicketAction.OPENED,
    "close": TicketAction.CLOSED,
    "reopen": TicketAction.REOPENED,
    "update": TicketAction.EDITED,
}

Scalar = str | int | bool
N = TypeVar("N")


class GitlabConfig(ConnectionModel):
    """Where tickets are opened."""

    project: Annotated[
        str,
        Field(
            title="Project",
            description="As group/project. Without it, Afterword accepts webhooks but can't create tickets.",
            pattern=f"^({_PATH})?$",
        ),
    ] = ""
    base_url: Annotated[
        Address, Field(title="Address", description="The address of GitLab, such as https://gitlab.example.com.")
    ] = "https://gitlab.com"
    labels: Annotated[
        tuple[str, ...], Field(title="Labels", description="Added to every ticket that Afterword creates here.")
    ] = ()
    started_label: Annotated[
        str,
        Field(
            title="Label for in progress", description="An open ticket with this label is in progress.", min_length=1
        ),
    ] = "in progress"
    cancelled_label: Annotated[
        str,
        Field(title="Label for won't do", description="A closed ticket with this label won't be done.", min_length=1),
    ] = "won't do"
    duplicate_label: Annotated[
        str,
        Field(
            title="Label for duplicates", description="A closed ticket with this label is a duplicate.", min_length=1
        ),
    ] = "duplicate"


class GitlabSecrets(ConnectionModel):
    """What GitLab knows us by, and we GitLab."""

    token: Annotated[
        Token,
        Field(title="Token", description="A personal, project or group access token with the scope api."),
    ] = None
    webhook_secret: Annotated[
        SecretStr | None,
        Field(
            title="Webhook secret",
            description=(
                "The webhook's signing token (whsec_…) or secret token in GitLab. Required to accept webhooks."
                " While you rotate it, enter both, separated by a comma."
            ),
        ),
    ] = None


# What GitLab answers


class _User(BaseModel):
    id: int
    username: str = ""
    name: str = ""
    state: str = "active"


class _References(BaseModel):
    full: Annotated[str, Field(pattern=f"^{_KEY.pattern}$")]


class _Issue(BaseModel):
    id: int
    iid: int
    web_url: str
    title: str
    description: str | None = None
    state: Literal["opened", "closed"]
    labels: list[str] = []
    author: _User | None = None
    assignees: list[_User] = []
    due_date: date | None = None
    updated_at: AwareDatetime
    created_at: AwareDatetime
    moved_to_id: int | None = None

    references: _References

    @property
    def key(self) -> str:
        return self.references.full


class _Note(BaseModel):
    id: int
    body: str
    author: _User


class _Access(BaseModel):
    access_level: int = 0


class _Permissions(BaseModel):
    project_access: _Access | None = None
    group_access: _Access | None = None

    @property
    def level(self) -> int:
        return max((one.access_level for one in (self.project_access, self.group_access) if one), default=0)


class _Project(BaseModel):
    id: int
    path_with_namespace: str
    archived: bool = False
    issues_enabled: bool = True
    permissions: _Permissions = _Permissions()


class _Hook(BaseModel):
    id: int
    url: str


class _Moved(BaseModel):
    reference: str


class _MovedIssue(BaseModel):
    issue: _Moved | None = None


class _MovedAnswer(BaseModel):
    data: _MovedIssue


# What its webhooks say


class _AnyEvent(BaseModel):
    object_kind: str


class _EventProject(BaseModel):
    path_with_namespace: str


class _EventIssue(BaseModel):
    id: int
    iid: int
    title: str
    state: Literal["opened", "closed"]
    action: str | None = None


class _EventAssignees(BaseModel):
    previous: list[_User] = []
    current: list[_User] = []


class _EventChanges(BaseModel):
    assignees: _EventAssignees | None = None


class _IssueEvent(_AnyEvent):
    user: _User | None = None
    project: _EventProject
    object_attributes: _EventIssue
    changes: _EventChanges = _EventChanges()


class GitlabTracker(Tracker):
    """One project's issues."""

    label = "GitLab"
    Config = GitlabConfig
    Secrets = GitlabSecrets
    knows_started = True
    lookup_lag = 5.0

    def __init__(self, config: GitlabConfig, secrets: GitlabSecrets) -> None:
        self._config = config
        self._secrets = secrets

    @cached_property
    def _http(self) -> HttpClient:
        if self._secrets.token is None or not self._config.project:
            raise TrackerRefused(tracker=self.label, detail="this connection has no token or no project.")
        token = self._secrets.token.get_secret_value()
        authorization = {"Authorization": f"Bearer {token}"}
        return HttpClient(self, self._config.base_url, authorization, hidden=[token], wait=_seconds_to_wait)

    def close(self) -> None:
        if "_http" in self.__dict__:
            self._http.close()

    # Tickets

    def find(self, marker: str, since: datetime | None = None) -> Ticket | None:
        mine = self.own_account()
        for issue in self._newest(mine, since):
            if _mark_in(issue.description) == marker and issue.author and str(issue.author.id) == mine:
                return self._ticket(issue)
        return None

    def _newest(self, author: str, since: datetime | None) -> Iterator[_Issue]:
        asked: dict[str, Scalar] = {"scope": "all", "author_id": author, "order_by": "created_at", "sort": "desc"}
        if since is not None:
            asked["created_after"] = f"{since.astimezone(UTC) - CLOCK_SKEW:%Y-%m-%dT%H:%M:%SZ}"
        for count, issue in enumerate(self._pages(f"{_project(self._config.project)}/issues", _Issue, asked)):
            if since is None and count >= NEWEST:
                return
            yield issue

    def create(self, draft: TicketDraft) -> Ticket:
        ours: dict[str, JsonValue] = {
            "title": _short(draft.title),
            "description": _marked(draft.body, draft.marker),
            "labels": ",".join(dict.fromkeys((*self._config.labels, *draft.labels))),
        }
        if draft.assignee:
            ours["assignee_ids"] = [int(draft.assignee)]
        if draft.due_on:
            ours["due_date"] = draft.due_on.isoformat()
        if draft.issue_type:
            ours["issue_type"] = draft.issue_type
        path = f"{_project(draft.project or self._config.project)}/issues"
        return self._ticket(self._ask("POST", path, _Issue, json={**draft.fields, **ours}))

    def fetch(self, ref: TicketRef) -> Ticket:
        return self._ticket(self._issue(ref))

    def read_many(self, refs: Sequence[TicketRef]) -> Iterator[Ticket]:
        by_project: dict[str, dict[str, str]] = {}
        for ref in refs:
            if named := _KEY.fullmatch(ref.key):
                by_project.setdefault(named[1], {})[named[2]] = ref.external_id
        for project, wanted in by_project.items():
            numbers = list(wanted)
            for start in range(0, len(numbers), self.page_size):
                asked: dict[str, Scalar | Sequence[str]] = {"scope": "all", "per_page": self.page_size}
                asked["iids[]"] = numbers[start : start + self.page_size]
                answer = self._send("GET", f"{_project(project)}/issues", params=asked)
                if answer.status_code == 404:
                    continue  # a project that is gone says nothing of the others
                for issue in self._read(self._checked(answer), list[_Issue]):
                    if wanted.get(str(issue.iid)) == str(issue.id) and issue.moved_to_id is None:
                        yield self._ticket(issue)

    def update(self, ref: TicketRef, change: TicketChange, check: Check | None = None) -> Ticket:
        issue = self._issue(ref)
        if check is not None:
            check(self._ticket(issue))
        edit = self._difference(issue, change)
        if edit:
            issue = self._ask("PUT", _path(issue.key), _Issue, key=ref.key, json=edit)
        return self._ticket(issue)

    def _difference(self, issue: _Issue, change: TicketChange) -> dict[str, JsonValue]:
        edit: dict[str, JsonValue] = {}
        if change.title is not None and _short(change.title) != issue.title:
            edit["title"] = _short(change.title)
        if change.body is not None:
            body = _marked(change.body, _mark_in(issue.description))
            if body != _unix(issue.description):
                edit["description"] = body
        if change.assignee is not None and change.assignee not in {str(one.id) for one in issue.assignees[:1]}:
            edit["assignee_ids"] = [int(change.assignee)]
        due = None if change.no_due_date else change.due_on
        if (due or change.no_due_date) and due != issue.due_date:
            edit["due_date"] = due.isoformat() if due else ""
        return edit | self._move(issue, change)

    def _move(self, issue: _Issue, change: TicketChange) -> dict[str, JsonValue]:
        """An event for GitLab's two states, and labels for ours."""
        now = self._standing(issue)
        if change.state is None or (now.state is change.state and change.reason in {None, now.reason}):
            return {}
        wanted = {self._label_of(change)} - {None}
        known = {self._config.started_label, self._config.cancelled_label, self._config.duplicate_label}
        added = sorted(str(one) for one in wanted if one not in issue.labels)
        removed = sorted(known.intersection(issue.labels) - wanted)
        move: dict[str, JsonValue] = {}
        if added:
            move["add_labels"] = ",".join(added)
        if removed:
            move["remove_labels"] = ",".join(removed)
        if change.state.is_closed != (issue.state == "closed"):
            move["state_event"] = "close" if change.state.is_closed else "reopen"
        return move

    def _label_of(self, change: TicketChange) -> str | None:
        if change.state is TicketState.STARTED:
            return self._config.started_label
        if change.state is TicketState.CANCELLED:
            duplicate = change.reason is CloseReason.DUPLICATE
            return self._config.duplicate_label if duplicate else self._config.cancelled_label
        return None

    def _standing(self, issue: _Issue) -> Standing:
        if issue.state == "opened":
            started = self._config.started_label in issue.labels
            return Standing(TicketState.STARTED if started else TicketState.OPEN)
        if self._config.duplicate_label in issue.labels:
            return Standing(TicketState.CANCELLED, CloseReason.DUPLICATE)
        if self._config.cancelled_label in issue.labels:
            return Standing(TicketState.CANCELLED, CloseReason.NOT_PLANNED)
        return Standing(TicketState.DONE, CloseReason.COMPLETED)

    def _ticket(self, issue: _Issue) -> Ticket:
        standing = self._standing(issue)
        status = {
            TicketState.STARTED: self._config.started_label,
            TicketState.CANCELLED: self._config.duplicate_label
            if standing.reason is CloseReason.DUPLICATE
            else self._config.cancelled_label,
        }
        return Ticket(
            external_id=str(issue.id),
            key=issue.key,
            url=issue.web_url,
            title=issue.title.replace("\0", ""),
            body=_plain(issue.description),
            state=standing.state,
            reason=standing.reason,
            status=status.get(standing.state, issue.state),
            assignee=str(issue.assignees[0].id) if issue.assignees else None,
            author=str(issue.author.id) if issue.author else None,
            marker=_mark_in(issue.description),
            updated_at=issue.updated_at.astimezone(UTC),
            due_on=issue.due_date,
        )

    def comment(self, ref: TicketRef, marker: str, body: str) -> None:
        issue, mine, text = self._issue(ref), self.own_account(), _marked(body, marker)
        notes = f"{_path(issue.key)}/notes"
        for note in self._pages(notes, _Note, {"sort": "asc", "order_by": "created_at"}, ref.key):
            if _mark_in(note.body) == marker and str(note.author.id) == mine:
                if _unix(note.body) != text:
                    self._ask("PUT", f"{notes}/{note.id}", _Note, key=ref.key, json={"body": text})
                return
        self._ask("POST", notes, _Note, key=ref.key, json={"body": text})

    def resolve(self, pointer: str) -> Ticket:
        key = self._pointed_at(pointer.strip())
        ours = self._config.project
        if not key.lower().startswith(f"{ours}#".lower()):
            raise TrackerRefused(tracker=self.label, detail=f"this connection is for {ours}, not for {key}.")
        return self._ticket(self._followed(self._seen(key), key))

    def _pointed_at(self, pointer: str) -> str:
        """The key in ``group/project#12``, ``#12``, ``12`` or the address of an issue's page."""
        if pointer.lower().startswith(f"{self._config.base_url}/".lower()):
            page = _PAGE.fullmatch(pointer[len(self._config.base_url) :])
            pointer = f"{page[1]}#{page[2]}" if page else ""
        for key in (pointer, f"{self._config.project}#{pointer.removeprefix('#')}"):
            if _KEY.fullmatch(key):
                return key
        raise TrackerRefused(tracker=self.label, detail="enter an issue's URL or a key like #12.")

    def _issue(self, ref: TicketRef) -> _Issue:
        """The issue as and where it is now."""
        issue = self._seen(ref.key)
        if str(issue.id) != ref.external_id:
            raise TicketGone(tracker=self.label, key=ref.key)  # another issue has this key now
        return self._followed(issue, ref.key)

    def _followed(self, issue: _Issue, key: str) -> _Issue:
        """Where it was moved, however often."""
        for _ in range(10):
            if issue.moved_to_id is None:
                return issue
            asked = {"query": _WHERE_NOW, "variables": {"id": f"gid://gitlab/Issue/{issue.moved_to_id}"}}
            answer = self._read(self._checked(self._http.send("POST", "/api/graphql", json=asked), key), _MovedAnswer)
            if answer.data.issue is None:
                detail = "it was moved to a project that the token can't see."
                raise TicketForbidden(tracker=self.label, key=key, detail=detail)
            issue = self._seen(answer.data.issue.reference)
        raise TrackerRefused(tracker=self.label, detail=f"{key} was moved too many times.")

    def _seen(self, key: str) -> _Issue:
        answer = self._send("GET", _path(key))
        if answer.status_code == 404:
            self._must_see(key)
        return self._read(self._checked(answer, key), _Issue)

    def _must_see(self, key: str) -> None:
        """GitLab answers 404 for what is gone and for what the token may not see; its project tells which."""
        project = key.partition("#")[0]
        if self._send("GET", _project(project)).status_code == 404:
            detail = f"{project} doesn't exist, or the token can't see it."
            raise TicketForbidden(tracker=self.label, key=key, detail=detail)

    # The connection

    def own_account(self) -> str:
        return str(self._me.id)

    @cached_property
    def _me(self) -> _User:
        return self._ask("GET", "/user", _User)

    @cached_property
    def _here(self) -> _Project:
        return self._ask("GET", _project(self._config.project), _Project)

    def accounts(self) -> Iterator[Account]:
        for member in self._pages(f"{_project(self._config.project)}/members/all", _User, {}):
            if member.state == "active":
                yield Account(str(member.id), member.name or member.username)

    def check_permissions(self) -> list[PermissionCheck]:
        looks = {
            "Token": self._see_account,
            "Project": self._see_project,
            "Write issues": self._see_reporter,
            "Webhooks": self._see_maintainer,
        }
        return self._permission_checks(self._secrets.webhook_secret, looks, aside={"Write issues"})

    def _see_project(self) -> tuple[bool, str]:
        project = self._here
        if project.archived:
            return False, f"{project.path_with_namespace} is archived."
        if not project.issues_enabled:
            return False, f"Issues are turned off in {project.path_with_namespace}."
        return True, f"{project.path_with_namespace} accepts issues."

    def _see_account(self) -> tuple[bool, str]:
        return True, f"Signed in as {self._me.name or self._me.username}."

    def _see_reporter(self) -> tuple[bool, str]:
        return self._see_role(REPORTER, "Reporter", "label, assign, and close issues")

    def _see_maintainer(self) -> tuple[bool, str]:
        return self._see_role(MAINTAINER, "Maintainer", "register webhooks")

    def _see_role(self, level: int, role: str, what: str) -> tuple[bool, str]:
        if self._here.permissions.level >= level:
            return True, f"The account can {what}."
        return False, f"The account can't {what}. Give it the role {role}."

    # Webhooks

    def register_webhook(self, url: str, secret: str, current: Registration | None = None) -> Registration:
        """GitLab's webhooks do not expire. A GitLab that cannot sign ignores ``signing_token``."""
        hooks = f"{_project(self._config.project)}/hooks"
        words: dict[str, JsonValue] = {
            "url": url,
            "issues_events": True,
            "confidential_issues_events": True,
            "push_events": False,
            "signing_token": f"whsec_{base64.b64encode(_key_of(secret)).decode()}",
        }
        if not secret.startswith("whsec_"):
            words["token"] = secret
        for hook in self._pages(hooks, _Hook, {}):
            if hook.url == url or (current is not None and str(hook.id) == current.id):
                return Registration(str(self._ask("PUT", f"{hooks}/{hook.id}", _Hook, json=words).id))
        return Registration(str(self._ask("POST", hooks, _Hook, json=words).id))

    def remove_webhook(self, current: Registration) -> None:
        answer = self._send("DELETE", f"{_project(self._config.project)}/hooks/{quote(current.id, safe='')}")
        if answer.status_code != 404:
            self._checked(answer)

    def verify_webhook(self, headers: Mapping[str, str], body: bytes, now: datetime) -> None:
        """A signature where there is one, else the secret itself, unless ours is a signing token."""
        secrets = secret_list(self._secrets.webhook_secret)
        if not secrets:
            raise BadSignature(detail="this connection has no webhook secret.")
        if header(headers, "webhook-signature"):
            _check_signed(secrets, headers, body, now)
            return
        given = (header(headers, "X-Gitlab-Token") or "").encode(errors="replace")
        plain = [one.encode() for one in secrets if not one.startswith("whsec_")]
        matches = [hmac.compare_digest(one, given) for one in plain]  # each is compared, whichever it is
        if not any(matches):
            raise BadSignature(detail="it has neither a signature nor this connection's secret.")

    def delivery_id(self, headers: Mapping[str, str], body: bytes) -> str:  # noqa: ARG002 (it numbers them)
        told = header(headers, "webhook-id") or header(headers, "Idempotency-Key")
        return told or needed_header(headers, "X-Gitlab-Event-UUID")

    def parse_webhook(self, headers: Mapping[str, str], body: bytes) -> Sequence[News]:
        delivery = self.delivery_id(headers, body)
        if payload(_AnyEvent, body).object_kind != "issue":
            return ()
        event = payload(_IssueEvent, body)
        issue = event.object_attributes
        action = _ACTIONS.get(issue.action or "update", TicketAction.EDITED)
        if action is TicketAction.EDITED and event.changes.assignees is not None:
            action = TicketAction.ASSIGNED if event.changes.assignees.current else TicketAction.UNASSIGNED
        key = f"{event.project.path_with_namespace}#{issue.iid}"
        if not _KEY.fullmatch(key):
            raise MalformedWebhook(where="project.path_with_namespace", what="not the path of a project")
        actor = str(event.user.id) if event.user else None
        return (TicketEvent(delivery, action, TicketRef(str(issue.id), key), None, actor),)

    # How to speak

    def _send(
        self, method: str, path: str, params: Mapping[str, Scalar | Sequence[str]] | None = None, json: object = None
    ) -> httpx.Response:
        return self._http.send(method, f"/api/v4{path}", params=params, json=json)

    def _ask(self, method: str, path: str, shape: type[N], *, key: str | None = None, json: object = None) -> N:
        return self._read(self._checked(self._send(method, path, json=json), key), shape)

    def _pages(self, path: str, shape: type[N], asked: Mapping[str, Scalar], key: str | None = None) -> Iterator[N]:
        page = "1"
        while page:
            answer = self._checked(self._send("GET", path, params={**asked, "per_page": 100, "page": page}), key)
            yield from self._read(answer, list[shape])  # type: ignore[valid-type]
            page = answer.headers.get("X-Next-Page", "")

    def _read(self, answer: httpx.Response, shape: type[N]) -> N:
        return self._http.decoded(answer, TypeAdapter(shape))

    def _checked(self, answer: httpx.Response, key: str | None = None) -> httpx.Response:
        """Turns GitLab's refusals into the contract's; ``key`` is the ticket spoken of, None for the project."""
        if answer.is_success:
            return answer
        words = self._http.shown(_words(answer))
        if answer.status_code == 401:
            raise CredentialsRejected(tracker=self.label)
        if answer.status_code == 403:
            raise TicketForbidden(tracker=self.label, key=key or self._config.project, detail=words)
        if answer.status_code in {404, 410} and key:
            raise TicketGone(tracker=self.label, key=key)
        if answer.status_code == 404:
            words = f"{self._config.project} doesn't exist, or the token can't see it ({words})."
        raise TrackerRefused(tracker=self.label, detail=words)


def _project(path: str) -> str:
    return f"/projects/{quote(path, safe='')}"


def _path(key: str) -> str:
    named = _KEY.fullmatch(key)
    if named is None:
        raise ValueError(f"not a GitLab key: {key}")
    return f"{_project(named[1])}/issues/{named[2]}"


def _seconds_to_wait(answer: httpx.Response) -> float | None:
    """``Retry-After``, else ``RateLimit-Reset`` (seconds since 1970)."""
    told = retry_after(answer)
    reset = answer.headers.get("RateLimit-Reset", "")
    if told is None and answer.status_code == 429 and reset.isdigit():
        return max(float(reset) - datetime.now(UTC).timestamp(), 0.0)
    return told


class _Problem(BaseModel):
    message: JsonValue = None
    error: str | None = None
    error_description: str | None = None


def _words(answer: httpx.Response) -> str:
    """What GitLab says of it: ``title can't be blank``."""
    try:
        told = _Problem.model_validate_json(answer.content)
    except ValidationError:
        told = _Problem()
    if isinstance(told.message, dict):
        return "; ".join(f"{name} {_spoken(what)}" for name, what in told.message.items())
    return _spoken(told.message) or told.error_description or told.error or f"status {answer.status_code}"


def _spoken(what: JsonValue) -> str:
    if isinstance(what, list):
        return ", ".join(str(one) for one in what)
    return "" if what is None else str(what)


# Signatures: https://www.standardwebhooks.com


def _key_of(secret: str) -> bytes:
    """The key in a signing token, 32 bytes; one made of any other secret."""
    if secret.startswith("whsec_"):
        try:
            return base64.b64decode(secret.removeprefix("whsec_"), validate=True)
        except binascii.Error:
            pass
    return hashlib.sha256(secret.encode()).digest()


def _check_signed(secrets: Sequence[str], headers: Mapping[str, str], body: bytes, now: datetime) -> None:
    number, stamp = header(headers, "webhook-id") or "", header(headers, "webhook-timestamp") or ""
    given = (header(headers, "webhook-signature") or "").encode(errors="replace").split()
    signed = f"{number}.{stamp}.".encode(errors="replace") + body
    made = [hmac.new(_key_of(secret), signed, hashlib.sha256).digest() for secret in secrets]
    wanted = [b"v1," + base64.b64encode(one) for one in made]
    matches = [hmac.compare_digest(one, other) for one in wanted for other in given]
    if not any(matches):
        raise BadSignature(detail="no secret of this connection matches it.")
    if not re.fullmatch(r"[0-9]{1,12}", stamp) or abs(int(stamp) - now.timestamp()) > FRESH.total_seconds():
        raise BadSignature(detail="it was signed more than five minutes ago, or its clock is wrong.")


# Texts


def _short(title: str) -> str:
    line = " ".join(title.replace("\0", "").split())
    return line if len(line) <= TITLE_LIMIT else f"{line[: TITLE_LIMIT - 1]}…"


def _marked(body: str, marker: str | None) -> str:
    """``body`` as it is sent, with our marker at its end and no other; without any where ``marker`` is None."""
    mark = "" if marker is None else f"\n\n<!-- afterword:{marker} -->"
    if mark and not _MARK.fullmatch(mark):
        raise ValueError("a marker has letters, digits, '_', '.', ':' and '-' only")
    text = outside_code(quiet(_MARK.sub("", body)), lambda part: _COMMAND.sub("\\1\u2060/", part))
    if len(text) + len(mark) > BODY_LIMIT:
        text = f"{text[: BODY_LIMIT - len(mark) - 1]}…"
    return f"{text}{mark}".lstrip("\n")


def _plain(body: str | None) -> str:
    """A description as it was before :func:`_marked`."""
    return _MENDED_COMMAND.sub(r"\1/", loud(_MARK.sub("", _unix(body))))


def _unix(body: str | None) -> str:
    return (body or "").replace("\r\n", "\n").replace("\0", "")


def _mark_in(body: str | None) -> str | None:
    marks = _MARK.findall(body or "")
    return str(marks[-1]) if marks else None
