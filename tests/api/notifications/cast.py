"""Who gets a notice, what it says, and the subjects of notices."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

from sqlalchemy import text

from domain.notifications.notices import NoticeKind
from tests.api import writing
from tests.api.notifications.test_me import notify
from tests.api.writing import ok
from tests.stack import Person, Stack

ALWAYS_SEEN = {"visibility": "ORGANIZATION"}
DUE = datetime.now(UTC) + timedelta(days=10)


def name_of(person: Person) -> str:
    return str(ok(person.get("/api/me"))["name"])


@dataclass(slots=True)
class Occasion:
    """``receiver`` has one notice of the kind, which says ``says``; ``actor`` did it, if anybody did."""

    receiver: Person
    says: str
    settle: Callable[[], Any] | None = None
    actor: Person | None = None


@dataclass(slots=True)
class Cast:
    """People, and the subjects that they make."""

    stack: Stack
    folder: Path
    author: Person = field(init=False)
    other: Person = field(init=False)
    admin: Person = field(init=False)
    title: str = field(default_factory=lambda: f"Outage {uuid4().hex[:8]}")

    def __post_init__(self) -> None:
        self.author, self.other = self.stack.person(), self.stack.person()
        self.admin = self.stack.person("ADMIN")

    def write(self, statement: str, **values: Any) -> None:
        assert self.stack.direct is not None
        self.stack.direct.write(text(statement), **values)

    def plant(self, person: Person, kind: NoticeKind, **facts: Any) -> None:
        notify(self.stack, person, kind, **facts)

    def draft(self, **fields: Any) -> str:
        return f"/api/postmortems/{writing.draft(self.author, title=self.title, **ALWAYS_SEEN, **fields)['id']}"

    def in_review(self, *reviewers: Person) -> str:
        made = writing.in_review(self.author, list(reviewers or [self.other]), title=self.title, **ALWAYS_SEEN)
        return f"/api/postmortems/{made['id']}"

    def item(self, path: str, owner: Person, **fields: Any) -> Any:
        return writing.with_item(self.author, id_of(path), owner.id, description=self.title, **fields)

    def approve(self, path: str, reviewer: Person | None = None) -> Any:
        return ok((reviewer or self.other).post(f"{path}/reviews", json={"decision": "APPROVE"}), 201)

    def comment(self, path: str, who: Person, body: str = "Why?", **fields: Any) -> Any:
        return ok(who.post(f"{path}/comments", json={"body": body, **fields}), 201)

    def resolve(self, path: str, comment: Any) -> Callable[[], Any]:
        return lambda: ok(self.author.patch(f"{path}/comments/{comment['id']}", json={"resolved": True}))


def id_of(path: str) -> str:
    return path.rpartition("/")[2]
