"""Linear as a test needs it: two teams, stateful, answering any document of Linear's own schema, with signed webhooks.

Documents are run against the schema that ``linear_schema`` rebuilds, so that nothing can be asked for, or answered,
that Linear does not have. Where its behaviours come from:

- the endpoint, authentication and errors in a 200: https://linear.app/developers/graphql; the types and codes of
  errors: ``@linear/sdk``; their words as people report them ("Entity not found: Issue", "conflict on insert of Issue")
- a limit is 400 with ``RATELIMITED`` and ``X-RateLimit-*-Reset`` in milliseconds:
  https://linear.app/developers/rate-limiting
- at most 250 to a page: https://linear.app/developers/pagination
- webhooks, their headers, ``webhookTimestamp``, ``updatedFrom``, and that only administrators register them:
  https://linear.app/developers/webhooks; the shape of ``data``: ``IssueWebhookPayload`` in the schema
- a pull request is an attachment with ``metadata.status``: https://linear.app/developers/attachments
- deleted issues lie in the bin (``trashed``), a team's key stands in front of a number, an issue that moves keeps its
  id and its ``previousIdentifiers``: the schema's descriptions
- lists are written with ``*``: as ProseMirror's Markdown serializer does, which its editor is made of

What a team that we do not see holds is "not found", like what does not exist.
"""

import itertools
import json
import re
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import ClassVar

from graphql import FieldNode, GraphQLError, OperationDefinitionNode, execute_sync, parse

from domain.tickets.status import CloseReason, TicketState
from integrations.webhook import sha256_signature
from tests.peers.linear_schema import known, linear_schema
from tests.peers.receiver import Delivery
from tests.peers.tracker_peer import Answer, Fault, Kind, PeerTicket, Request, Settings, TrackerPeer

Json = dict[str, object]

WORKSPACE = "acme"
TOKEN = "lin_api_0123456789notarealkey"
SECRET = "lin_wh_notarealsecret"
PAGE_LIMIT = 250
STATES = {
    "Triage": "triage",
    "Backlog": "backlog",
    "Todo": "unstarted",
    "In Progress": "started",
    "In Review": "started",
    "Done": "completed",
    "Canceled": "canceled",
    "Duplicate": "duplicate",
}
_CATEGORY = {
    "triage": TicketState.OPEN,
    "backlog": TicketState.OPEN,
    "unstarted": TicketState.OPEN,
    "started": TicketState.STARTED,
    "completed": TicketState.DONE,
    "canceled": TicketState.CANCELLED,
    "duplicate": TicketState.CANCELLED,
}
_REASON = {
    "completed": CloseReason.COMPLETED,
    "canceled": CloseReason.NOT_PLANNED,
    "duplicate": CloseReason.DUPLICATE,
}
_NAMES = {
    TicketState.OPEN: "Todo",
    TicketState.STARTED: "In Progress",
    TicketState.DONE: "Done",
    TicketState.CANCELLED: "Canceled",
}
_KINDS = {
    "issueCreate": Kind.CREATE,
    "issueUpdate": Kind.UPDATE,
    "issue": Kind.READ,
    "issues": Kind.LIST,
}


@dataclass
class Team:
    key: str
    name: str
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    visible: bool = True
    numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))
    states: dict[str, str] = field(default_factory=lambda: {name: str(uuid.uuid4()) for name in STATES})
    """Name to id."""

    def state(self, state_id: str) -> str:
        for name, one in self.states.items():
            if one == state_id:
                return name
        raise not_found("WorkflowState")


@dataclass
class User:
    name: str
    email: str
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    active: bool = True
    app: bool = False


@dataclass
class Issue:
    id: str
    team: Team
    number: int
    title: str
    description: str
    creator: str
    state: str
    created_at: datetime
    updated_at: datetime
    assignee: str | None = None
    due_date: str | None = None
    trashed: bool = False
    archived_at: datetime | None = None
    completed_at: datetime | None = None
    canceled_at: datetime | None = None
    previous: list[str] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)
    comments: dict[str, str] = field(default_factory=dict)
    attachments: list[Json] = field(default_factory=list)

    @property
    def identifier(self) -> str:
        return f"{self.team.key}-{self.number}"

    @property
    def type(self) -> str:
        return STATES[self.state]


@dataclass
class Webhook:
    id: str
    url: str
    secret: str
    types: list[str]
    team: str | None
    all_teams: bool
    enabled: bool = True


def problem(message: str, words: str, code: str = "INPUT_ERROR", kind: str = "invalid input") -> GraphQLError:
    told = {
        "type": kind,
        "code": code,
        "statusCode": 400,
        "userError": True,
        "userPresentableMessage": words,
    }
    return GraphQLError(message, extensions=told)


def not_found(entity: str) -> GraphQLError:
    return problem(f"Entity not found: {entity}", f"Could not find referenced {entity}.")


def conflict(entity: str, entity_id: str) -> GraphQLError:
    return problem(f"conflict on insert of {entity}", f"Entity {entity} with id {entity_id} already exists.")


def forbidden(words: str) -> GraphQLError:
    return problem("Forbidden", words, "FORBIDDEN", "forbidden")


class LinearPeer(TrackerPeer):
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

    # What a test orders

    @property
    def config(self) -> Settings:
        return {"team": "ENG", "baseUrl": self.url}

    @property
    def secrets(self) -> Settings:
        return {"token": TOKEN, "webhookSecret": SECRET}

    def tickets(self) -> list[PeerTicket]:
        with self.lock:
            return [self._seen(issue) for issue in self.issues.values() if not issue.trashed]

    def _seen(self, issue: Issue) -> PeerTicket:
        return PeerTicket(
            external_id=issue.id,
            key=issue.identifier,
            url=self._address(issue),
            title=issue.title,
            body=plain(issue.description),
            state=_CATEGORY[issue.type],
            reason=_REASON.get(issue.type),
            status=issue.state,
            assignee=issue.assignee,
            due_on=date.fromisoformat(issue.due_date) if issue.due_date else None,
            comments=tuple(plain(body) for body in issue.comments.values()),
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
            words["assigneeId"] = assignee
        if due_on is not None:
            words["dueDate"] = due_on.isoformat()
        with self.lock:
            issue = self.issues[external_id]
            name = status or ("Duplicate" if reason is CloseReason.DUPLICATE else state and _NAMES[state])
            if name is not None:
                words["stateId"] = issue.team.states[name]
            self._change(issue, words, self.other_account)

    def unassign(self, external_id: str) -> None:
        with self.lock:
            self._change(self.issues[external_id], {"assigneeId": None}, self.other_account)

    def open(self, title: str, body: str) -> str:
        with self.lock:
            words: Json = {"teamId": self.team.id, "title": title, "description": body}
            return self._make(words, self.other_account).id

    def delete(self, external_id: str) -> None:
        """Into the bin, as Linear's menu does."""
        with self.lock:
            issue = self.issues[external_id]
            issue.trashed, issue.archived_at, issue.updated_at = True, self._now(), self._now()
            self._tell(issue, "remove", self.other_account)

    def archive(self, external_id: str) -> None:
        """As Linear does by itself, months after an issue was closed."""
        with self.lock:
            issue = self.issues[external_id]
            issue.archived_at = issue.updated_at = self._now()

    def move(self, external_id: str) -> None:
        with self.lock:
            self._change(self.issues[external_id], {"teamId": self.other_team.id}, self.other_account)

    def hide(self, external_id: str) -> None:
        """Its team becomes private, without us; all that it holds goes with it."""
        with self.lock:
            self.issues[external_id].team.visible = False

    def seclude(self, external_id: str) -> None:
        """It moves to a private team that we are not in. Whether it is there at all Linear does not tell then."""
        with self.lock:
            issue = self.issues[external_id]
            issue.previous.append(issue.identifier)
            issue.team = Team("SEC", "Security", visible=False)
            issue.number = next(issue.team.numbers)

    def revoke(self) -> None:
        self.is_valid = False

    def restore(self) -> None:
        self.is_valid = True

    def attach(self, external_id: str, url: str, title: str, status: str, source: str = "github") -> None:
        """The integration with GitHub links a pull request to an issue, or tells that its state changed."""
        with self.lock:
            issue, now = self.issues[external_id], self._now()
            known = [one for one in issue.attachments if one["url"] == url]
            made: Json = {
                "id": known[0]["id"] if known else str(uuid.uuid4()),
                "url": url,
                "title": title,
                "sourceType": source,
                "metadata": {"url": url, "title": title, "status": status},
            }
            issue.attachments = [*(one for one in issue.attachments if one["url"] != url), made]
            told = {
                **made,
                "issueId": issue.id,
                "createdAt": instant(now),
                "updatedAt": instant(now),
                "groupBySource": False,
            }
            self._deliver("Attachment", "update" if known else "create", told, None)

    def unused(self) -> Delivery:
        return self._sign(self._event("Reaction", "create", {"id": str(uuid.uuid4()), "emoji": "tada"}, None))

    def signed(self, body: bytes) -> Delivery:
        headers = {
            "Content-Type": "application/json; charset=utf-8",
            "User-Agent": "Linear-Webhook",
            "Linear-Delivery": str(uuid.uuid4()),
            "Linear-Event": "Issue",
            "Linear-Signature": sha256_signature(self._secret(), body),
        }
        return Delivery(headers, body)

    # Webhooks

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

    # Changes

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

    # What Linear answers

    def kind_of(self, request: Request) -> Kind:
        return _KINDS.get(_root(request), Kind.OTHER)

    def answer(self, request: Request) -> Answer:
        headers = {"X-Request-Id": f"request-{next(self._requests)}", "X-Complexity": "1"}
        if not self.is_valid or request.headers.get("authorization") != TOKEN:
            words = "You need to authenticate to access this operation."
            error = problem(
                "Authentication required, not authenticated", words, "AUTHENTICATION_ERROR", "authentication error"
            )
            return Answer(401, {"errors": [error.formatted]}, headers)
        asked = request.json()
        assert isinstance(asked, dict)
        try:
            document = known(asked["query"])
        except (AssertionError, GraphQLError) as error:
            words = problem(str(error), str(error), "GRAPHQL_VALIDATION_FAILED", "graphql error")
            return Answer(400, {"errors": [words.formatted]}, headers)
        variables = asked.get("variables")
        done = execute_sync(linear_schema(), document, self._roots(), variable_values=variables).formatted
        broken = any("extensions" not in error for error in done.get("errors", []))
        return Answer(400 if broken else 200, done, headers)

    def fault(self, fault: Fault, request: Request) -> Answer:
        if fault is Fault.EMPTY_LIST:
            page = {"hasNextPage": False, "endCursor": None}
            return Answer(200, {"data": {_root(request): {"nodes": [], "pageInfo": page}}})
        if fault in {Fault.LIMITED, Fault.LIMITED_SILENTLY}:
            words = "Rate limit exceeded. Only 2500 requests are allowed per 1 hour."
            error = problem("Rate limit exceeded", words, "RATELIMITED", "ratelimited")
            soon = datetime.now(UTC) + timedelta(seconds=1)
            reset = {
                "X-RateLimit-Requests-Remaining": "0",
                "X-RateLimit-Requests-Reset": str(int(soon.timestamp() * 1000)),
            }
            return Answer(400, {"errors": [error.formatted]}, reset if fault is Fault.LIMITED else {})
        if fault is Fault.GONE:
            return Answer(410, {"errors": [problem("Gone", "This API is no more.").formatted]})
        error = problem("Internal server error", "Something went wrong.", "INTERNAL_SERVER_ERROR", "internal error")
        return Answer(500, {"errors": [error.formatted]})

    def _roots(self) -> Json:
        """Resolvers by the name of the field, called with graphql-core's ``info`` and the field's arguments."""
        return {
            "viewer": lambda _info: self._user(self.account),
            "issue": lambda _info, id: self._issue(self._visible_issue(id)),  # noqa: A006 (Linear's own names)
            "issues": lambda _info, **asked: self._page(self._filtered(asked), asked),
            "team": lambda _info, id: self._team(self._visible_team(id)),  # noqa: A006
            "teams": lambda _info, **asked: self._page(self._teams_like(asked.get("filter", {})), asked),
            "users": lambda _info, **asked: self._page([self._user(one.id) for one in self.users], asked),
            "issueLabels": lambda _info, **asked: self._page(self._labels_like(asked["filter"]), asked),
            "comment": lambda _info, id: self._comment(id),  # noqa: A006
            "webhooks": lambda _info, **asked: self._page(self._hooks(), asked),
            "issueCreate": lambda _info, input: self._create(input),  # noqa: A006
            "issueUpdate": lambda _info, id, input: self._update(id, input),  # noqa: A006
            "issueLabelCreate": lambda _info, input: self._create_label(input),  # noqa: A006
            "commentCreate": lambda _info, input: self._create_comment(input),  # noqa: A006
            "commentUpdate": lambda _info, id, input: self._update_comment(id, input),  # noqa: A006
            "webhookCreate": lambda _info, input: self._create_hook(input),  # noqa: A006
            "webhookUpdate": lambda _info, id, input: self._update_hook(id, input),  # noqa: A006
            "webhookDelete": lambda _info, id: self._delete_hook(id),  # noqa: A006
        }

    def _page(self, nodes: list[Json], asked: Mapping[str, object]) -> Json:
        first = int(str(asked.get("first") or 50))
        if first > PAGE_LIMIT:
            raise problem("Argument Validation Error", f"first must not be greater than {PAGE_LIMIT}.")
        start = int(str(asked.get("after") or 0))
        page = nodes[start : start + first]
        more = start + first < len(nodes)
        return {"nodes": page, "pageInfo": {"hasNextPage": more, "endCursor": str(start + len(page)) if page else None}}

    def _issue(self, issue: Issue) -> Json:
        return {
            "id": issue.id,
            "identifier": issue.identifier,
            "number": issue.number,
            "url": self._address(issue),
            "title": issue.title,
            "description": issue.description or None,
            "dueDate": issue.due_date,
            "createdAt": instant(issue.created_at),
            "updatedAt": instant(issue.updated_at),
            "archivedAt": instant(issue.archived_at),
            "trashed": issue.trashed or None,
            "state": self._state(issue.team, issue.state),
            "assignee": issue.assignee and self._user(issue.assignee),
            "creator": self._user(issue.creator),
            "team": self._team(issue.team),
            "attachments": lambda _info, **asked: self._page(issue.attachments, asked),
        }

    def _state(self, team: Team, name: str) -> Json:
        return {"id": team.states[name], "name": name, "type": STATES[name], "position": float([*STATES].index(name))}

    def _team(self, team: Team) -> Json:
        states = [self._state(team, name) for name in reversed(team.states)]
        return {
            "id": team.id,
            "key": team.key,
            "name": team.name,
            "states": lambda _info, **asked: self._page(states, asked),
        }

    def _user(self, user_id: str) -> Json:
        (user,) = [one for one in self.users if one.id == user_id]
        words: Json = {"id": user.id, "name": user.name, "displayName": user.name.lower(), "email": user.email}
        return {**words, "active": user.active, "app": user.app, "isAssignable": user.active and not user.app}

    def _filtered(self, asked: Mapping[str, object]) -> list[Json]:
        wanted = asked["filter"]
        assert isinstance(wanted, dict)
        assert wanted.keys() == {"id"}
        named = [self.issues[one] for one in wanted["id"]["in"] if one in self.issues]
        seen = [issue for issue in named if issue.team.visible]
        return [self._issue(issue) for issue in seen if asked.get("includeArchived") or issue.archived_at is None]

    def _teams_like(self, wanted: object) -> list[Json]:
        return [self._team(team) for team in self.teams if team.visible and matches(team, wanted)]

    def _labels_like(self, wanted: Mapping[str, object]) -> list[Json]:
        names = wanted["name"]
        assert isinstance(names, dict)
        return [{"id": one, "name": name} for one, (name, _) in self.labels.items() if name in names["in"]]

    def _create(self, words: Mapping[str, object]) -> Json:
        if not self.may_create:
            raise forbidden("You do not have the scope issues:create.")
        return {"success": True, "lastSyncId": 1.0, "issue": self._issue(self._make(words, self.account))}

    def _update(self, issue_id: str, words: Mapping[str, object]) -> Json:
        issue = self._visible_issue(issue_id)
        self._change(issue, words, self.account)
        return {"success": True, "lastSyncId": 1.0, "issue": self._issue(issue)}

    def _create_label(self, words: Mapping[str, object]) -> Json:
        made = str(uuid.uuid4())
        self.labels[made] = (str(words["name"]), str(words["teamId"]))
        return {"success": True, "lastSyncId": 1.0, "issueLabel": {"id": made, "name": words["name"]}}

    def _comment(self, comment_id: object) -> Json:
        for issue in self.issues.values():
            if comment_id in issue.comments:
                return {"id": comment_id, "body": issue.comments[str(comment_id)]}
        raise not_found("Comment")

    def _create_comment(self, words: Mapping[str, object]) -> Json:
        issue = self._visible_issue(str(words["issueId"]))
        comment = self._free_id(words.get("id"))
        if any(comment in one.comments for one in self.issues.values()):
            raise conflict("Comment", comment)
        issue.comments[comment] = serialized(str(words["body"]))
        return {"success": True, "lastSyncId": 1.0, "comment": self._comment(comment)}

    def _update_comment(self, comment_id: str, words: Mapping[str, object]) -> Json:
        self._comment(comment_id)
        for issue in self.issues.values():
            if comment_id in issue.comments:
                issue.comments[comment_id] = serialized(str(words["body"]))
        return {"success": True, "lastSyncId": 1.0, "comment": self._comment(comment_id)}

    def _must_be_admin(self) -> None:
        if not self.is_admin:
            raise forbidden("Only workspace administrators may see or make webhooks.")

    def _hooks(self) -> list[Json]:
        self._must_be_admin()
        return [self._hook(hook) for hook in self.webhooks]

    def _hook(self, hook: Webhook) -> Json:
        team = hook.team and self._team(self._visible_team(hook.team))
        return {"id": hook.id, "url": hook.url, "enabled": hook.enabled, "allPublicTeams": hook.all_teams, "team": team}

    def _create_hook(self, words: Mapping[str, object]) -> Json:
        self._must_be_admin()
        made = Webhook(
            id=str(uuid.uuid4()),
            url=str(words["url"]),
            secret=str(words.get("secret") or uuid.uuid4()),
            types=self._list(words["resourceTypes"]),
            team=words.get("teamId") and self._visible_team(words["teamId"]).id,  # type: ignore[arg-type]
            all_teams=bool(words.get("allPublicTeams")),
        )
        self.webhooks.append(made)
        return {"success": True, "lastSyncId": 1.0, "webhook": self._hook(made)}

    def _update_hook(self, hook_id: str, words: Mapping[str, object]) -> Json:
        self._must_be_admin()
        for hook in self.webhooks:
            if hook.id == hook_id:
                hook.url = str(words.get("url") or hook.url)
                hook.secret = str(words.get("secret") or hook.secret)
                hook.types = self._list(words.get("resourceTypes")) or hook.types
                hook.enabled = bool(words.get("enabled", hook.enabled))
                return {"success": True, "lastSyncId": 1.0, "webhook": self._hook(hook)}
        raise not_found("Webhook")

    def _delete_hook(self, hook_id: str) -> Json:
        self._must_be_admin()
        if hook_id not in {hook.id for hook in self.webhooks}:
            raise not_found("Webhook")
        self.webhooks = [hook for hook in self.webhooks if hook.id != hook_id]
        return {"success": True, "lastSyncId": 1.0, "entityId": hook_id}


_SETTABLE = {"stateId", "assigneeId", "dueDate", "labelIds"}


def _root(request: Request) -> str:
    """The field that a document asks for: ``issueCreate``."""
    asked = request.json()
    assert isinstance(asked, dict)
    for one in parse(asked["query"]).definitions:
        if isinstance(one, OperationDefinitionNode):
            (root,) = one.selection_set.selections
            assert isinstance(root, FieldNode)
            return root.name.value
    raise AssertionError("no operation")


def matches(team: Team, wanted: object) -> bool:
    """The little of ``TeamFilter`` that is used: ``or``, ``id.eq``, ``key`` and ``name`` with ``eqIgnoreCase``."""
    assert isinstance(wanted, dict)
    if "or" in wanted:
        return any(matches(team, one) for one in wanted["or"])
    ((name, comparator),) = wanted.items()
    ((how, value),) = comparator.items()
    told = {"id": team.id, "key": team.key, "name": team.name}[name]
    return told == value if how == "eq" else told.lower() == value.lower()


def instant(at: datetime | None) -> str | None:
    return at and f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03}Z"


def serialized(markdown: str) -> str:
    """A text as Linear's editor writes it."""
    return _bullets(markdown.strip("\n").rstrip(), "-", "*")


def plain(markdown: str) -> str:
    """A text as a reader would write it, without what keeps it from mentioning people."""
    text = re.sub(r"`(https://linear\.app/[\w.-]+/profiles/[\w.@-]+)`", r"\1", markdown.replace("@\u2060", "@"))
    return _bullets(text, "*", "-")


def _bullets(markdown: str, old: str, new: str) -> str:
    lines, fenced = [], False
    for line in markdown.split("\n"):
        fenced ^= line.lstrip().startswith("```")
        lines.append(line if fenced else re.sub(rf"^(\s*){re.escape(old)} ", rf"\1{new} ", line))
    return "\n".join(lines)
