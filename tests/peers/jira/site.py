"""A site of Jira: its projects, types, statuses and workflow, and what an issue holds."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from tests.peers.tracker_peer import Answer, Request

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
class Comment:
    id: str
    author: str
    body: Json
    properties: list[Json]
    created: datetime
    updated: datetime


@dataclass(slots=True)
class Issue:
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
    comments: list[Comment] = field(default_factory=list)
    is_indexed: bool = True


class Refused(Exception):
    def __init__(self, status: int, *messages: str, **fields: str) -> None:
        self.answer = Answer(status, {"errorMessages": list(messages), "errors": fields})


def instant(value: datetime) -> str:
    return f"{value:%Y-%m-%dT%H:%M:%S}.{value.microsecond // 1000:03d}+0000"


def object_in(request: Request, name: str) -> Json:
    body = request.json()
    if not isinstance(body, dict) or not isinstance(body.get(name), dict):
        raise Refused(400, f"'{name}' must be an object.")
    found: Json = body[name]
    return found
