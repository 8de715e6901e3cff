"""A workspace of Linear: teams, people, issues and webhooks, and the errors that it answers."""

import itertools
import uuid
from dataclasses import dataclass, field
from datetime import UTC, datetime

from graphql import GraphQLError

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


def instant(at: datetime | None) -> str | None:
    return at and f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03}Z"
