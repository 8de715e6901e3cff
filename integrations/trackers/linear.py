"""Linear issues, by GraphQL.

https://linear.app/developers/graphql
https://linear.app/developers/rate-limiting
https://linear.app/developers/webhooks
https://linear.app/developers/attachments
The schema: npm ``@linear/sdk``

A ticket's ``external_id`` is the issue's UUID; its ``key`` is ``ENG-12``, and changes when the issue moves to another
team. A ticket is looked for by the id alone.

Our marker *is* the id: ``issueCreate`` takes one of the client's choice, a UUID v4, which is made of the marker. A
second create with it is refused ("Entity Issue with id ... already exists"), and then answers the issue that is there:
whatever happens to a request, there is one ticket. Somebody's copy of an issue has an id of its own. Nothing of the
marker stands in the issue, so ``Ticket.marker`` is None. Where the issue with that id lies in the bin, the next id made
of the same marker is used, so that a ticket can be made anew. Our comment's id is made in the same way.

An issue in the bin is gone; so is an open one that was archived. Linear archives closed issues by itself after some
months: these stand as they did.

Linear keeps Markdown, and writes it in its own hand (``*`` for a list): it is read with ``-``, and compared by what it
looks like. A person's address in a text mentions that person, and so may ``@name``: both are broken on the way out and
mended on the way in.

A key may ask 2,500 to 5,000 times an hour. A query may weigh 10,000 points: 0.1 a field, 1 an object, times ``first``
for a list. The heaviest here is a page of :attr:`LinearTracker.page_size` issues: 4,321 points as
``tests/peers/linear_schema.py`` reckons them. A limit is answered with 400 and ``RATELIMITED``.
"""

import hashlib
import re
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from typing import Annotated, Generic, TypeVar
from urllib.parse import urlsplit

import httpx
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, JsonValue, SecretStr, TypeAdapter, ValidationError
from pydantic.alias_generators import to_camel

from domain.errors import (
    BadSignature,
    CredentialsRejected,
    StatusUnreachable,
    TicketForbidden,
    TicketGone,
    TrackerRefused,
)
from domain.tickets.status import CloseReason, Standing, TicketState
from integrations.connection import ConnectionModel
from integrations.http import Address, HttpClient, Token, retry_after
from integrations.markdown import looks_same, loud, outside_code, quiet
from integrations.tracker import (
    Account,
    Check,
    News,
    PermissionCheck,
    PullRequest,
    PullRequestEvent,
    PullRequestState,
    Registration,
    Ticket,
    TicketAction,
    TicketChange,
    TicketDraft,
    TicketEvent,
    TicketRef,
    Tracker,
    TrackerUnavailable,
)
from integrations.webhook import check_signature, header, needed_header, payload

FRESH = timedelta(seconds=60)
"""How far a webhook's time may be from ours (Linear's documentation: a minute)."""
RESOURCES = ("Issue", "Attachment")
"""What our webhook is told of."""
IDS_OF_A_MARKER = 5

_TICKET = """
fragment Ticket on Issue {
  id identifier url title description dueDate updatedAt archivedAt trashed
  state { id name type }
  assignee { id }
  creator { id }
  team { id key }
  attachments(first: 10) { nodes { url title sourceType metadata } }
}
"""
_ISSUE = "query Issue($id: String!) { issue(id: $id) { ...Ticket } }" + _TICKET
_ISSUES = (
    """query Issues($ids: [ID!]!, $first: Int!) {
  issues(filter: {id: {in: $ids}}, first: $first, includeArchived: true) { nodes { ...Ticket } }
}"""
    + _TICKET
)
_CREATE = (
    "mutation Create($input: IssueCreateInput!) { issueCreate(input: $input) { success issue { ...Ticket } } }"
    + _TICKET
)
_UPDATE = (
    """mutation Update($id: String!, $input: IssueUpdateInput!) {
  issueUpdate(id: $id, input: $input) { success issue { ...Ticket } }
}"""
    + _TICKET
)
_STATES = "query States($id: String!) { team(id: $id) { states(first: 100) { nodes { id name type position } } } }"
_TEAMS = "query Teams($filter: TeamFilter!) { teams(filter: $filter, first: 10) { nodes { id key name } } }"
_LABELS = """query Labels($filter: IssueLabelFilter!) {
  issueLabels(filter: $filter, first: 250) { nodes { id name } }
}"""
_LABEL_CREATE = """mutation Label($input: IssueLabelCreateInput!) {
  issueLabelCreate(input: $input) { success issueLabel { id name } }
}"""
_COMMENT = "query Comment($id: String!) { comment(id: $id) { id body } }"
_COMMENT_CREATE = "mutation Say($input: CommentCreateInput!) { commentCreate(input: $input) { success } }"
_COMMENT_UPDATE = """mutation SayElse($id: String!, $input: CommentUpdateInput!) {
  commentUpdate(id: $id, input: $input) { success }
}"""
_VIEWER = "query Viewer { viewer { id name } }"
_USERS = """query Users($after: String) {
  users(first: 100, after: $after) {
    nodes { id name email active isAssignable }
    pageInfo { hasNextPage endCursor }
  }
}"""
_WEBHOOKS = """query Webhooks($after: String) {
  webhooks(first: 100, after: $after) {
    nodes { id url allPublicTeams team { id } }
    pageInfo { hasNextPage endCursor }
  }
}"""
_WEBHOOK_CREATE = """mutation Hear($input: WebhookCreateInput!) {
  webhookCreate(input: $input) { success webhook { id } }
}"""
_WEBHOOK_UPDATE = """mutation HearOn($id: String!, $input: WebhookUpdateInput!) {
  webhookUpdate(id: $id, input: $input) { success webhook { id } }
}"""
_WEBHOOK_DELETE = "mutation HearNoMore($id: String!) { webhookDelete(id: $id) { success } }"

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_KEY = re.compile(r"[A-Za-z][A-Za-z0-9]*-[1-9][0-9]{0,9}")
_PAGE = re.compile(r"(https?)://([^/?#\s]+)/([\w.-]+)/issue/([A-Za-z][A-Za-z0-9]*-[1-9][0-9]{0,9})(?:[/?#].*)?")
_PULL = re.compile(r"https?://[^\s]+/(?:pull|merge_requests)/[0-9]+")
_NIL = "00000000-0000-4000-8000-000000000000"

_STATES_OF_TYPE = {
    "triage": TicketState.OPEN,
    "backlog": TicketState.OPEN,
    "unstarted": TicketState.OPEN,
    "started": TicketState.STARTED,
    "completed": TicketState.DONE,
    "canceled": TicketState.CANCELLED,
    "duplicate": TicketState.CANCELLED,
}
_TYPES_TO_TRY = {
    TicketState.OPEN: ("unstarted", "backlog", "triage"),
    TicketState.STARTED: ("started",),
    TicketState.DONE: ("completed",),
    TicketState.CANCELLED: ("canceled",),
}
_PULL_STATES = {"merged": PullRequestState.MERGED, "closed": PullRequestState.CLOSED}


class LinearConfig(ConnectionModel):
    """Where tickets are opened."""

    team: Annotated[
        str,
        Field(
            title="Team",
            description=(
                "The team's key (such as ENG), name, or id. Without it, Afterword accepts webhooks but can't"
                " create tickets."
            ),
        ),
    ] = ""
    labels: Annotated[
        tuple[str, ...],
        Field(
            title="Labels", description="Added to every ticket that Afterword creates here. Missing labels are created."
        ),
    ] = ()
    all_public_teams: Annotated[
        bool,
        Field(
            title="Webhook for all public teams",
            description=(
                "Receive changes from every public team instead of this one only. Turn it on if tickets"
                " go to several teams."
            ),
        ),
    ] = False
    base_url: Annotated[Address, Field(title="API address", description="Without /graphql at the end.")] = (
        "https://api.linear.app"
    )


class LinearSecrets(ConnectionModel):
    """What Linear knows us by, and we Linear."""

    token: Annotated[
        Token,
        Field(title="API key", description="A personal API key (lin_api_…) or an OAuth token (lin_oauth_…)."),
    ] = None
    webhook_secret: Annotated[
        SecretStr | None,
        Field(
            title="Webhook secret",
            description=(
                "The webhook's signing secret in Linear. Required to accept webhooks. While you rotate it,"
                " enter both, separated by a comma."
            ),
        ),
    ] = None


# What Linear answers


class _Wire(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)


N = TypeVar("N")


class _Extensions(_Wire):
    type: str = ""
    code: str = ""
    user_presentable_message: str | None = None


class _Problem(_Wire):
    message: str = ""
    extensions: _Extensions = _Extensions()


class _Problems(_Wire):
    errors: list[_Problem] = []


class _Answer(_Wire):
    data: dict[str, JsonValue]


class _Paging(_Wire):
    has_next_page: bool
    end_cursor: str | None = None


class _Nodes(_Wire, Generic[N]):
    nodes: list[N]
    page_info: _Paging = _Paging(has_next_page=False)


class _Node(_Wire):
    id: str


def _id(node: _Node | None) -> str | None:
    return node.id if node else None


class _State(_Node):
    name: str
    type: str
    position: float = 0.0


class _Team(_Node):
    key: str
    name: str = ""


class _Pull(_Wire):
    """An attachment: perhaps a pull request."""

    url: str
    title: str = ""
    source_type: str | None = None
    metadata: dict[str, JsonValue] = {}


class _Body(_Node):
    """What an answer's and a webhook's issue have in common."""

    identifier: str
    url: str
    title: str
    description: str | None = None
    due_date: date | None = None
    updated_at: AwareDatetime
    archived_at: AwareDatetime | None = None
    trashed: bool | None = None
    state: _State

    def is_gone(self) -> bool:
        return bool(self.trashed) or (self.archived_at is not None and not _standing(self.state).state.is_closed)

    def ticket(self, assignee: str | None, author: str | None, pull_requests: tuple[PullRequest, ...] | None) -> Ticket:
        standing = _standing(self.state)
        return Ticket(
            external_id=self.id,
            key=self.identifier,
            url=self.url,
            title=self.title.replace("\0", ""),
            body=_read(self.description or ""),
            state=standing.state,
            reason=standing.reason,
            status=self.state.name,
            assignee=assignee,
            author=author,
            marker=None,
            updated_at=self.updated_at.astimezone(UTC),
            due_on=self.due_date,
            pull_requests=pull_requests,
        )


class _Issue(_Body):
    assignee: _Node | None = None
    creator: _Node | None = None
    team: _Team
    attachments: _Nodes[_Pull]

    def as_ticket(self) -> Ticket:
        pulls = tuple(pull for one in self.attachments.nodes if (pull := _pull_request(one)))
        return self.ticket(_id(self.assignee), _id(self.creator), pulls)


class _Label(_Node):
    name: str


class _Comment(_Node):
    body: str


class _Success(_Wire):
    success: bool


class _User(_Node):
    name: str
    email: str | None = None
    active: bool = True
    is_assignable: bool = True


class _Webhook(_Node):
    url: str | None = None
    all_public_teams: bool = False
    team: _Node | None = None


# What its webhooks say


class _AnyEvent(_Wire):
    """An event of whatever kind; the time is signed with the rest, so an event without one is none of Linear's."""

    type: str
    action: str
    webhook_timestamp: float


class _IssueData(_Body):
    assignee_id: str | None = None
    creator_id: str | None = None
    team_id: str | None = None

    def as_ticket(self) -> Ticket:
        return self.ticket(self.assignee_id, self.creator_id, None)


class _IssueEvent(_AnyEvent):
    actor: _Node | None = None
    data: _IssueData
    updated_from: dict[str, JsonValue] | None = None


class _PullData(_Pull):
    issue_id: str
    updated_at: AwareDatetime | None = None


class _PullEvent(_AnyEvent):
    data: _PullData


class _Stamp(_Wire):
    webhook_timestamp: float


class _Refused(Exception):
    """What Linear says against a request; never leaves this file."""

    def __init__(self, status: int, problem: _Problem, words: str, wait: float | None) -> None:
        super().__init__(words)
        self.status = status
        self.code = problem.extensions.code.upper()
        self.type = problem.extensions.type.lower()
        self.message = problem.message
        self.words = words
        self.wait = wait

    @property
    def is_limit(self) -> bool:
        return self.code == "RATELIMITED" or self.type == "ratelimited"

    @property
    def is_stumble(self) -> bool:
        kinds = {"internal error", "lock timeout", "network error", "bootstrap error"}
        return self.is_limit or self.code == "INTERNAL_SERVER_ERROR" or self.type in kinds

    @property
    def is_about_credentials(self) -> bool:
        return self.status == 401 or self.code == "AUTHENTICATION_ERROR" or self.type == "authentication error"

    @property
    def is_about_rights(self) -> bool:
        return self.status == 403 or self.code == "FORBIDDEN" or self.type in {"forbidden", "feature not accessible"}

    @property
    def is_final(self) -> bool:
        """Whether the same request, with other values, would be refused as well."""
        return self.is_stumble or self.is_about_credentials or self.is_about_rights

    def is_absent(self, entity: str) -> bool:
        """Whether it says that there is no such thing, or none that we may see: Linear does not tell which."""
        return self.message.startswith(f"Entity not found: {entity}")


class LinearTracker(Tracker):
    """One team's issues."""

    label = "Linear"
    Config = LinearConfig
    Secrets = LinearSecrets
    knows_started = True
    page_size = 200

    def __init__(self, config: LinearConfig, secrets: LinearSecrets) -> None:
        self._config = config
        self._secrets = secrets
        self._teams: dict[str, _Team] = {}

    @cached_property
    def _http(self) -> HttpClient:
        if self._secrets.token is None:
            raise TrackerRefused(tracker=self.label, detail="this connection has no API key.")
        token = self._secrets.token.get_secret_value()
        # a personal key goes as it is, an OAuth token with "Bearer"
        authorization = f"Bearer {token}" if token.startswith("lin_oauth_") else token
        return HttpClient(
            self, self._config.base_url, {"Authorization": authorization}, hidden=[token], wait=_seconds_to_wait
        )

    def close(self) -> None:
        if "_http" in self.__dict__:
            self._http.close()

    # Tickets

    def find(self, marker: str, since: datetime | None = None) -> Ticket | None:  # noqa: ARG002 (the id is known)
        with self._speaking():
            for place in range(IDS_OF_A_MARKER):
                issue = self._look(_id_of(marker, place))
                if issue is None or not issue.is_gone():
                    return None if issue is None else issue.as_ticket()
        return None

    def create(self, draft: TicketDraft) -> Ticket:
        """As the contract has it, but a second call with the same marker answers the ticket that is there."""
        with self._speaking():
            words = self._drafted(draft)
            for place in range(IDS_OF_A_MARKER):
                issue = self._made(words | {"id": _id_of(draft.marker, place)})
                if not issue.is_gone():
                    return issue.as_ticket()
        raise TrackerRefused(
            tracker=self.label, detail=f"{IDS_OF_A_MARKER} tickets of this action item are in its trash."
        )

    def _made(self, words: dict[str, object]) -> _Issue:
        try:
            return self._ask(_CREATE, "issueCreate.issue", _Issue, input=words)
        except _Refused as refused:
            if refused.is_final:
                raise
            there = self._look(str(words["id"]))  # "already exists", in whichever words
            if there is None:
                raise
            return there

    def _drafted(self, draft: TicketDraft) -> dict[str, object]:
        if draft.issue_type:
            raise TrackerRefused(tracker=self.label, detail="it has no issue types.")
        team = self._team(draft.project or self._config.team)
        ours: dict[str, object] = {"teamId": team.id, "title": _line(draft.title), "description": _written(draft.body)}
        names = tuple(dict.fromkeys((*self._config.labels, *draft.labels)))
        if names:
            ours["labelIds"] = self._labels(team, names)
        if draft.assignee:
            ours["assigneeId"] = draft.assignee
        if draft.due_on:
            ours["dueDate"] = draft.due_on.isoformat()
        return {**draft.fields, **ours}

    def _team(self, pointer: str) -> _Team:
        """The team with this key, name or id."""
        if not pointer:
            raise TrackerRefused(tracker=self.label, detail="this connection has no team.")
        if pointer not in self._teams:
            found = self._teams_like(pointer)
            if not found:
                detail = f"the team {pointer} doesn't exist, or the key can't see it."
                raise TrackerRefused(tracker=self.label, detail=detail)
            self._teams[pointer] = next((one for one in found if one.key.lower() == pointer.lower()), found[0])
        return self._teams[pointer]

    def _teams_like(self, pointer: str) -> list[_Team]:
        named = [{"key": {"eqIgnoreCase": pointer}}, {"name": {"eqIgnoreCase": pointer}}]
        like = {"id": {"eq": pointer}} if _UUID.fullmatch(pointer) else {"or": named}
        return self._ask(_TEAMS, "teams", _Nodes[_Team], filter=like).nodes

    def _labels(self, team: _Team, names: Sequence[str]) -> list[str]:
        """Their ids, in this team or for all; those that are not there are made in the team."""
        here = [{"team": {"id": {"eq": team.id}}}, {"team": {"null": True}}]
        there = self._ask(
            _LABELS, "issueLabels", _Nodes[_Label], filter={"name": {"in": list(names)}, "or": here}
        ).nodes
        known = {label.name: label.id for label in there}
        return [known.get(name) or self._make_label(team, name) for name in names]

    def _make_label(self, team: _Team, name: str) -> str:
        words = {"name": name, "teamId": team.id}
        return self._ask(_LABEL_CREATE, "issueLabelCreate.issueLabel", _Label, input=words).id

    def fetch(self, ref: TicketRef) -> Ticket:
        with self._speaking(ref.key):
            return self._present(ref).as_ticket()

    def read_many(self, refs: Sequence[TicketRef]) -> Iterator[Ticket]:
        for start in range(0, len(refs), self.page_size):
            ids = [ref.external_id for ref in refs[start : start + self.page_size]]
            with self._speaking():
                found = self._ask(_ISSUES, "issues", _Nodes[_Issue], ids=ids, first=len(ids)).nodes
            yield from (issue.as_ticket() for issue in found if not issue.is_gone())

    def update(self, ref: TicketRef, change: TicketChange, check: Check | None = None) -> Ticket:
        with self._speaking(ref.key):
            issue = self._present(ref)
            if check is not None:
                check(issue.as_ticket())
            edit = _difference(issue, change)
            unreachable = None
            if change.state is not None and not _holds(issue.state, change):
                try:
                    wanted = self._state(issue, change)
                except StatusUnreachable as refusal:
                    unreachable = refusal
                else:
                    edit |= {"stateId": wanted.id} if wanted.id != issue.state.id else {}
            if edit:
                issue = self._ask(_UPDATE, "issueUpdate.issue", _Issue, id=issue.id, input=edit)
            if unreachable:
                raise unreachable
            return issue.as_ticket()

    def _state(self, issue: _Issue, change: TicketChange) -> _State:
        """The team's state that the change wants; any of them is one step away."""
        states = self._ask(_STATES, "team.states", _Nodes[_State], id=issue.team.id).nodes
        found = _fitting(sorted(states, key=lambda one: one.position), change)
        if found is None:
            status = change.status or (change.state.value if change.state else "")
            detail = f"the team {issue.team.key} has no state of that kind."
            raise StatusUnreachable(tracker=self.label, status=status, key=issue.identifier, detail=detail)
        return found

    def comment(self, ref: TicketRef, marker: str, body: str) -> None:
        text = _written(body)
        with self._speaking(ref.key):
            for place in range(IDS_OF_A_MARKER):
                comment = _id_of(f"{ref.external_id}/{marker}", place)
                if self._said(comment, text) or self._say(ref, comment, text):
                    return
        raise TrackerRefused(tracker=self.label, detail="Afterword's comment was deleted too many times.")

    def _said(self, comment: str, text: str) -> bool:
        """Whether the comment is there; it says ``text`` then."""
        try:
            now = self._ask(_COMMENT, "comment", _Comment, id=comment)
        except _Refused as refused:
            if refused.is_absent("Comment"):
                return False
            raise
        if not looks_same(now.body, text):
            self._ask(_COMMENT_UPDATE, "commentUpdate", _Success, id=comment, input={"body": text})
        return True

    def _say(self, ref: TicketRef, comment: str, text: str) -> bool:
        """Whether it could be written: not with the id of one that was deleted, or that came in between."""
        words = {"id": comment, "issueId": ref.external_id, "body": text}
        try:
            self._ask(_COMMENT_CREATE, "commentCreate", _Success, input=words)
        except _Refused as refused:
            if refused.is_final or refused.is_absent("Issue"):
                raise
            if not refused.message.lower().startswith("conflict on insert"):
                raise
            return self._said(comment, text)
        return True

    def resolve(self, pointer: str) -> Ticket:
        pointer = pointer.strip()
        page = _PAGE.fullmatch(pointer)
        key = page[4] if page and page[2].lower() == self._web_host else pointer
        if not _KEY.fullmatch(key):
            raise TrackerRefused(tracker=self.label, detail="enter an issue's URL or a key like ENG-12.")
        key = key.upper()
        with self._speaking(key):
            ticket = self._present(TicketRef(key, key)).as_ticket()
        there = _PAGE.fullmatch(ticket.url)
        if page and there and page[3].lower() != there[3].lower():
            detail = f"this connection is for the workspace {there[3]}, not for {page[3]}."
            raise TrackerRefused(tracker=self.label, detail=detail)
        return ticket

    @property
    def _web_host(self) -> str:
        return urlsplit(self._config.base_url).netloc.lower().removeprefix("api.")

    def _look(self, id_or_key: str) -> _Issue | None:
        try:
            return self._ask(_ISSUE, "issue", _Issue, id=id_or_key)
        except _Refused as refused:
            if refused.is_absent("Issue"):
                return None
            raise

    def _present(self, ref: TicketRef) -> _Issue:
        issue = self._look(ref.external_id)
        if issue is None:
            self._must_see_team(ref.key)
        if issue is None or issue.is_gone():
            raise TicketGone(tracker=self.label, key=ref.key)
        return issue

    def _must_see_team(self, key: str) -> None:
        """Linear says "not found" for what is gone and for what we may not see; the team of the key tells which."""
        team = key.rpartition("-")[0]
        if not any(one.key.lower() == team.lower() for one in self._teams_like(team)):
            detail = f"the team {team} doesn't exist, or the key can't see it."
            raise TicketForbidden(tracker=self.label, key=key, detail=detail)

    # The connection

    def own_account(self) -> str:
        return self._viewer.id

    @cached_property
    def _viewer(self) -> _User:
        with self._speaking():
            return self._ask(_VIEWER, "viewer", _User)

    def accounts(self) -> Iterator[Account]:
        after: str | None = None
        while True:
            with self._speaking():
                page = self._ask(_USERS, "users", _Nodes[_User], after=after)
            for user in page.nodes:
                if user.active and user.is_assignable:
                    yield Account(user.id, user.name, user.email or None)
            after = page.page_info.end_cursor
            if not page.page_info.has_next_page or after is None:
                return

    def check_permissions(self) -> list[PermissionCheck]:
        looks = {
            "API key": self._see_account,
            "Team": self._see_team,
            "Create issues": self._see_create,
            "Webhooks": self._see_webhooks,
        }
        return self._permission_checks(
            self._secrets.webhook_secret, looks, aside={"Create issues"}, speaking=self._speaking
        )

    def _see_account(self) -> tuple[bool, str]:
        return True, f"Signed in as {self._viewer.name}."

    def _see_team(self) -> tuple[bool, str]:
        team = self._team(self._config.team)
        return True, f"The key can see the team {team.name or team.key}."

    def _see_create(self) -> tuple[bool, str]:
        """A key's rights are told by no query: ask for an issue in a team that cannot be, and look what is refused."""
        try:
            self._ask(
                _CREATE, "issueCreate.issue", _Issue, input={"teamId": _NIL, "title": "Afterword asks whether it may"}
            )
        except _Refused as refused:
            if refused.is_final:
                raise
        return True, "The key can create issues in the teams it can see."

    def _see_webhooks(self) -> tuple[bool, str]:
        next(self._webhooks(), None)
        return True, "The key can register webhooks."

    # Webhooks

    def register_webhook(self, url: str, secret: str, current: Registration | None = None) -> Registration:
        """Linear's webhooks do not expire; its team cannot be changed, so one of another team is not adopted."""
        with self._speaking():
            team = None if self._config.all_public_teams else self._team(self._config.team)
            wanted = {"url": url, "secret": secret, "resourceTypes": list(RESOURCES), "enabled": True}
            for hook in self._webhooks():
                scoped = hook.all_public_teams if team is None else hook.team is not None and hook.team.id == team.id
                if scoped and (hook.url == url or (current is not None and hook.id == current.id)):
                    self._ask(_WEBHOOK_UPDATE, "webhookUpdate", _Success, id=hook.id, input=wanted)
                    return Registration(hook.id)
            scope = {"allPublicTeams": True} if team is None else {"teamId": team.id}
            words = {**wanted, **scope, "label": "Afterword"}
            return Registration(self._ask(_WEBHOOK_CREATE, "webhookCreate.webhook", _Node, input=words).id)

    def _webhooks(self) -> Iterator[_Webhook]:
        after: str | None = None
        while True:
            page = self._ask(_WEBHOOKS, "webhooks", _Nodes[_Webhook], after=after)
            yield from page.nodes
            after = page.page_info.end_cursor
            if not page.page_info.has_next_page or after is None:
                return

    def remove_webhook(self, current: Registration) -> None:
        with self._speaking():
            try:
                self._ask(_WEBHOOK_DELETE, "webhookDelete", _Success, id=current.id)
            except _Refused as refused:
                if not refused.is_absent("Webhook"):
                    raise

    def verify_webhook(self, headers: Mapping[str, str], body: bytes, now: datetime) -> None:
        """Where a rightly signed body holds no time, :meth:`parse_webhook` refuses it."""
        check_signature(header(headers, "Linear-Signature"), body, self._secrets.webhook_secret)
        try:
            stamp = _Stamp.model_validate_json(body)
        except ValidationError:
            return
        if abs(stamp.webhook_timestamp / 1000 - now.timestamp()) > FRESH.total_seconds():
            raise BadSignature(detail="it was signed more than a minute ago, or its clock is wrong.")

    def delivery_id(self, headers: Mapping[str, str], body: bytes) -> str:  # noqa: ARG002 (it numbers them)
        return needed_header(headers, "Linear-Delivery")

    def parse_webhook(self, headers: Mapping[str, str], body: bytes) -> Sequence[News]:
        delivery = self.delivery_id(headers, body)
        kind = payload(_AnyEvent, body).type
        if kind == "Issue":
            return (_issue_news(delivery, payload(_IssueEvent, body)),)
        if kind == "Attachment":
            return _pull_news(delivery, payload(_PullEvent, body))
        return ()

    # How to speak

    def _ask(self, document: str, path: str, shape: type[N], **variables: object) -> N:
        """What stands at ``path`` of Linear's answer to a document: ``issueCreate.issue``.

        Raises :class:`_Refused` or ``TrackerUnavailable``.
        """
        answer = self._http.send("POST", "/graphql", json={"query": document, "variables": variables})
        problem = _problem(answer)
        if problem is not None:
            words = problem.extensions.user_presentable_message or problem.message or f"status {answer.status_code}"
            raise _Refused(answer.status_code, problem, self._http.shown(words), _seconds_to_wait(answer))
        found: JsonValue = dict(self._http.decoded(answer, _Answer).data)
        for name in path.split("."):
            found = found.get(name) if isinstance(found, dict) else None
        try:
            return TypeAdapter(shape).validate_python(found)
        except ValidationError:
            raise TrackerUnavailable(self.label, f"it answered no {path} as its schema has it") from None

    @contextmanager
    def _speaking(self, key: str | None = None) -> Iterator[None]:
        """Turns Linear's refusals into the contract's; ``key`` is the ticket spoken of, None for the team."""
        try:
            yield
        except _Refused as refused:
            raise self._translated(refused, key) from None

    def _translated(self, refused: _Refused, key: str | None) -> Exception:
        if refused.is_stumble:
            return TrackerUnavailable(self.label, refused.words, refused.wait if refused.is_limit else None)
        if refused.is_about_credentials:
            return CredentialsRejected(tracker=self.label)
        if refused.is_about_rights:
            return TicketForbidden(tracker=self.label, key=key or self._config.team, detail=refused.words)
        if key and refused.is_absent("Issue"):
            return TicketGone(tracker=self.label, key=key)
        return TrackerRefused(tracker=self.label, detail=refused.words)


def _id_of(marker: str, place: int) -> str:
    """A UUID v4 that is always the same for this marker; ``place`` counts further ones."""
    seed = f"afterword:{marker}" if place == 0 else f"afterword:{marker}:{place}"
    return str(uuid.UUID(bytes=hashlib.sha256(seed.encode()).digest()[:16], version=4))


def _problem(answer: httpx.Response) -> _Problem | None:
    """What is wrong with the answer; None where nothing is, as far as its status and ``errors`` tell."""
    try:
        errors = _Problems.model_validate_json(answer.content).errors
    except ValidationError:
        errors = []
    if errors:
        return errors[0]
    return None if answer.is_success else _Problem()


def _seconds_to_wait(answer: httpx.Response) -> float | None:
    """``Retry-After``, else until the latest reset of those limits that are used up (milliseconds since 1970)."""
    told = retry_after(answer)
    if told is not None:
        return told
    resets = []
    for limit in ("Requests", "Complexity", "Endpoint-Requests"):
        reset = answer.headers.get(f"X-RateLimit-{limit}-Reset", "")
        if reset.isdigit() and answer.headers.get(f"X-RateLimit-{limit}-Remaining", "0") == "0":
            resets.append(int(reset) / 1000)
    return max(max(resets) - datetime.now(UTC).timestamp(), 0.0) if resets else None


# Standing


def _standing(state: _State) -> Standing:
    kind = _STATES_OF_TYPE.get(state.type, TicketState.OPEN)
    if kind is TicketState.DONE:
        return Standing(kind, CloseReason.COMPLETED)
    if kind is TicketState.CANCELLED:
        return Standing(kind, CloseReason.DUPLICATE if _is_duplicate(state) else CloseReason.NOT_PLANNED)
    return Standing(kind)


def _is_duplicate(state: _State) -> bool:
    """Linear's own "Duplicate" had the type ``canceled`` before it got one of its own."""
    return state.type == "duplicate" or (state.type == "canceled" and state.name.lower() == "duplicate")


def _holds(state: _State, change: TicketChange) -> bool:
    if change.status and change.status.lower() == state.name.lower():
        return True
    now = _standing(state)
    return now.state is change.state and (change.reason is None or now.reason in {change.reason, None})


def _fitting(states: Sequence[_State], change: TicketChange) -> _State | None:
    """The state of the configured name, else the first of the wanted category in the team's own order."""
    named = [one for one in states if change.status and one.name.lower() == change.status.lower()]
    if named or change.state is None:
        return named[0] if named else None
    duplicates = [one for one in states if _is_duplicate(one)]
    if change.reason is CloseReason.DUPLICATE and change.state is TicketState.CANCELLED and duplicates:
        return duplicates[0]
    for kind in _TYPES_TO_TRY[change.state]:
        for one in states:
            if one.type == kind and not _is_duplicate(one):
                return one
    return None


def _difference(issue: _Issue, change: TicketChange) -> dict[str, object]:
    edit: dict[str, object] = {}
    if change.title is not None and _line(change.title) != issue.title:
        edit["title"] = _line(change.title)
    if change.body is not None and not looks_same(_written(change.body), issue.description or ""):
        edit["description"] = _written(change.body)
    if change.assignee is not None and change.assignee != _id(issue.assignee):
        edit["assigneeId"] = change.assignee
    due = None if change.no_due_date else change.due_on
    if (due or change.no_due_date) and due != issue.due_date:
        edit["dueDate"] = due and due.isoformat()
    return edit


# Texts

_PROFILE = re.compile(r"https?://linear\.app/[\w.-]+/profiles/[\w.@-]+")
_MENDED_PROFILE = re.compile(r"`(https?://linear\.app/[\w.-]+/profiles/[\w.@-]+)`")
_BULLET = re.compile(r"^(\s*)\*(?= )(?!(?:[ \t]*\*)+[ \t]*$)", re.MULTILINE)  # a line of stars is a rule


def _line(title: str) -> str:
    return " ".join(title.replace("\0", "").split())


def _written(body: str) -> str:
    """Markdown as it is sent: it mentions nobody."""
    return outside_code(quiet(body), lambda part: _PROFILE.sub(r"`\g<0>`", part))


def _read(body: str) -> str:
    """Markdown as it was before :func:`_written`, in our hand."""
    return outside_code(loud(_MENDED_PROFILE.sub(r"\1", body)), lambda part: _BULLET.sub(r"\1-", part))


# News


def _pull_request(attachment: _Pull) -> PullRequest | None:
    """None for what is no pull request: Linear attaches designs, conversations and commits as well."""
    source = (attachment.source_type or "").lower()
    if not source.startswith(("github", "gitlab")) or not _PULL.fullmatch(attachment.url):
        return None
    title, status = attachment.metadata.get("title"), attachment.metadata.get("status")
    return PullRequest(
        url=attachment.url,
        title=title if isinstance(title, str) and title else attachment.title,
        state=_PULL_STATES.get(status if isinstance(status, str) else "", PullRequestState.OPEN),
    )


def _pull_news(delivery: str, event: _PullEvent) -> Sequence[News]:
    pull = _pull_request(event.data)
    if pull is None or event.action == "remove":
        return ()
    return (PullRequestEvent(delivery, (event.data.issue_id,), pull, _utc(event.data.updated_at)),)


def _issue_news(delivery: str, event: _IssueEvent) -> TicketEvent:
    ticket = event.data.as_ticket()
    action = _action(event)
    return TicketEvent(
        delivery_id=delivery,
        action=action,
        ref=ticket.ref,
        ticket=None if action is TicketAction.DELETED else ticket,
        actor=_id(event.actor),
        at=ticket.updated_at,
        moved_to=ticket if action is TicketAction.TRANSFERRED else None,
    )


def _action(event: _IssueEvent) -> TicketAction:
    """``updatedFrom`` holds what the fields were that have changed."""
    issue, before = event.data, event.updated_from or {}
    if issue.is_gone() or (event.action == "remove" and issue.archived_at is None):
        return TicketAction.DELETED
    if event.action == "create":
        return TicketAction.OPENED
    if "teamId" in before and before["teamId"] != issue.team_id:
        return TicketAction.TRANSFERRED
    if "stateId" in before and before["stateId"] != issue.state.id:
        closed = _standing(issue.state).state.is_closed
        was_closed = any(before.get(name) for name in ("completedAt", "canceledAt"))
        if closed != was_closed:
            return TicketAction.CLOSED if closed else TicketAction.REOPENED
    elif "assigneeId" in before and before["assigneeId"] != issue.assignee_id:
        return TicketAction.ASSIGNED if issue.assignee_id else TicketAction.UNASSIGNED
    return TicketAction.EDITED


def _utc(at: datetime | None) -> datetime | None:
    return at and at.astimezone(UTC)
