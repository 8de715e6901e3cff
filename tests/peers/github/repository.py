"""Repositories of GitHub, and what an issue holds."""

from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from tests.peers.tracker_peer import Answer

Json = dict[str, Any]

TOKEN = "github_pat_of_a_peer"

SECRET = "a webhook secret of a peer"

HERE, THERE = "acme/api", "acme/web"

REPOSITORIES = {HERE: 1, THERE: 2}

SCOPES = ("admin:repo_hook", "repo")


@dataclass(slots=True)
class Comment:
    id: int
    login: str
    body: str


@dataclass(frozen=True, slots=True)
class Pull:
    number: int
    title: str
    state: str


@dataclass(slots=True)
class Issue:
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
    comments: list[Comment] = field(default_factory=list)
    pulls: list[Pull] = field(default_factory=list)
    gone: bool = False
    hidden: bool = False
    moved_to: "Issue | None" = None


@dataclass(frozen=True, slots=True)
class NoAnswer(Exception):
    answer: Answer


def time_now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


def instant(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")
