"""What Linear answers, by its GraphQL schema."""

import re
from datetime import UTC, date
from typing import Generic, TypeVar

from pydantic import AwareDatetime, Field, JsonValue

from integrations.ticket import PullRequest, PullRequestState, Ticket
from integrations.trackers.linear.status import State, standing_of
from integrations.trackers.linear.texts import as_ours
from integrations.trackers.linear.wire import Node, Wire, id_of

_PULL = re.compile(r"https?://[^\s]+/(?:pull|merge_requests)/[0-9]+")
_PULL_STATES = {"merged": PullRequestState.MERGED, "closed": PullRequestState.CLOSED}
N = TypeVar("N")


class Extensions(Wire):
    type: str = ""
    code: str = ""
    user_presentable_message: str | None = None


class Problem(Wire):
    message: str = ""
    extensions: Extensions = Extensions()


class Problems(Wire):
    errors: list[Problem] = Field(default_factory=list)


class Answer(Wire):
    data: dict[str, JsonValue]


class Paging(Wire):
    has_next_page: bool
    end_cursor: str | None = None


class Nodes(Wire, Generic[N]):
    nodes: list[N]
    page_info: Paging = Paging(has_next_page=False)


class Team(Node):
    key: str
    name: str = ""


class Pull(Wire):
    """An attachment: perhaps a pull request."""

    url: str
    title: str = ""
    source_type: str | None = None
    metadata: dict[str, JsonValue] = Field(default_factory=dict)


class Body(Node):
    """What an answer's and a webhook's issue have in common."""

    identifier: str
    url: str
    title: str
    description: str | None = None
    due_date: date | None = None
    updated_at: AwareDatetime
    archived_at: AwareDatetime | None = None
    trashed: bool | None = None
    state: State

    def is_gone(self) -> bool:
        return bool(self.trashed) or (self.archived_at is not None and not standing_of(self.state).state.is_closed)

    def ticket(self, assignee: str | None, author: str | None, pull_requests: tuple[PullRequest, ...] | None) -> Ticket:
        standing = standing_of(self.state)
        return Ticket(
            external_id=self.id,
            key=self.identifier,
            url=self.url,
            title=self.title.replace("\0", ""),
            body=as_ours(self.description or ""),
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


class Issue(Body):
    assignee: Node | None = None
    creator: Node | None = None
    team: Team
    attachments: Nodes[Pull]

    def as_ticket(self) -> Ticket:
        pulls = tuple(pull for one in self.attachments.nodes if (pull := pull_request_of(one)))
        return self.ticket(id_of(self.assignee), id_of(self.creator), pulls)


class Label(Node):
    name: str


class Comment(Node):
    body: str


class Success(Wire):
    success: bool


class User(Node):
    name: str
    email: str | None = None
    active: bool = True
    is_assignable: bool = True


class Webhook(Node):
    url: str | None = None
    all_public_teams: bool = False
    team: Node | None = None


def pull_request_of(attachment: Pull) -> PullRequest | None:
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
