"""Projects of GitLab, what an issue holds, and how its texts and states read."""

import base64
import itertools
import re
from dataclasses import dataclass, field
from datetime import datetime

from domain.tickets.status import CloseReason, TicketState
from tests.peers.tracker_peer import Answer

Json = dict[str, object]

TOKEN = "glpat-notarealtoken"

KEY = bytes(range(32))

SECRET = f"whsec_{base64.b64encode(KEY).decode()}"

STARTED, CANCELLED, DUPLICATE = "in progress", "won't do", "duplicate"

GUEST, MAINTAINER = 10, 40


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


def names_of(labels: object) -> list[str]:
    return [one for one in str(labels or "").split(",") if one]


def state_of(issue: Issue) -> tuple[TicketState, CloseReason | None]:
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


def instant(at: datetime) -> str:
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03}Z"
