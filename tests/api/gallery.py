"""A postmortem in each status and visibility, and somebody of each kind: what every way out is tried with."""

from collections.abc import Mapping, Set
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest

from domain import access
from domain.access import Relation, Visibility
from domain.postmortems.lifecycle import Status
from tests.api import writing
from tests.api.writing import ok
from tests.stack import Person, Stack

CHOICES = ("PRIVATE", "TEAM", "ORGANIZATION", "UNCHOSEN_WITH_TEAM", "UNCHOSEN")
RELATIONS: Mapping[str, Set[Relation]] = {
    "admin": {Relation.ADMIN},
    "author": {Relation.AUTHOR},
    "editor": {Relation.EDITOR},
    "commenter": {Relation.COMMENTER},
    "reviewer": {Relation.REVIEWER},
    "participant": {Relation.PARTICIPANT},
    "member": {Relation.TEAM},
    "responder": set(),
    "outsider": set(),
    "owner": set(),
}
"""What each is to every postmortem. ``owner`` only owns its action item."""
POWERLESS = ("deactivated", "reading")
"""An editor who left, and the author with a token that only reads."""


@dataclass(frozen=True)
class Picture:
    """One postmortem. ``thread`` was opened by the participant and answered, ``other_thread`` by the author."""

    status: Status
    choice: str
    id: str
    title: str
    word: str
    thread: str
    other_thread: str
    item: str
    event: str

    @property
    def path(self) -> str:
        return f"/api/postmortems/{self.id}"

    @property
    def name(self) -> str:
        return f"{self.status} {self.choice}"

    @property
    def has_team(self) -> bool:
        return self.choice != "UNCHOSEN"

    @property
    def chosen(self) -> str | None:
        return self.choice if self.choice in Visibility.__members__ else None

    @property
    def visibility(self) -> Visibility:
        if self.chosen:
            return Visibility(self.chosen)
        return access.default_visibility(self.status, has_team=self.has_team)

    def relations(self, who: str) -> Set[Relation]:
        held = RELATIONS[who]
        return held if self.has_team else held - {Relation.TEAM}

    def seen_by(self, who: str) -> bool:
        return access.may_see(self.visibility, self.relations(who))


@dataclass(frozen=True)
class Gallery:
    stack: Stack
    people: Mapping[str, Person]
    pictures: list[Picture]
    team_id: str
    incident: Any


def _reading(stack: Stack, author: Person) -> Person:
    body = {"name": "only reads", "userId": author.id, "scopes": ["read"]}
    return Person(author.id, stack.client(ok(stack.client().post("/api/tokens", json=body), 201)["token"]))


def _incident(admin: Person, participant: Person) -> Any:
    body = {
        "externalId": uuid4().hex,
        "title": f"Outage {uuid4().hex[:6]}",
        "urgency": "LOW",
        "status": "RESOLVED",
        "startedAt": "2026-11-20T07:00:00Z",
        "resolvedAt": "2026-11-20T07:20:00Z",
        "responders": [ok(admin.get(f"/api/users/{participant.id}"))["email"]],
    }
    return ok(admin.post("/api/incidents", json=body), 201)


def paint(stack: Stack, people: Mapping[str, Person], team_id: str, incident: Any, status: Status, choice: str) -> Any:
    """Through HTTP, each step as somebody who may make it. A draft cannot be submitted, nor one in review published."""
    admin, author, reviewer, participant = (people[one] for one in ("admin", "author", "reviewer", "participant"))
    word = f"zq{uuid4().hex[:10]}k"
    fields: dict[str, Any] = {"incidentId": incident["id"], "title": f"Secret {word}"}
    fields["teamIds"] = [] if choice == "UNCHOSEN" else [team_id]
    if choice in Visibility.__members__:
        fields["visibility"] = choice
    if status is Status.DRAFT:
        fields["summary"] = ""
    made = writing.draft(author, **fields)
    path = f"/api/postmortems/{made['id']}"
    for who, level in (("editor", "EDIT"), ("commenter", "COMMENT"), ("deactivated", "EDIT")):
        ok(author.post(f"{path}/editors", json={"userId": people[who].id, "level": level}), 201)
    ok(author.post(f"{path}/reviewers", json={"userId": reviewer.id}), 201)
    item = writing.with_item(author, made["id"], people["owner"].id, description=f"Item {word}")
    threads = [
        ok(who.post(f"{path}/comments", json={"body": f"Why? {word}"}), 201)["id"] for who in (participant, author)
    ]
    ok(people["commenter"].post(f"{path}/comments", json={"body": "Fascinating.", "parentId": threads[0]}), 201)
    if status is not Status.DRAFT:
        ok(author.post(f"{path}/submit", json={}))
    if status in {Status.PUBLISHED, Status.ARCHIVED}:
        ok(reviewer.post(f"{path}/reviews", json={"decision": "APPROVE"}), 201)
        for one in threads:
            ok(author.patch(f"{path}/comments/{one}", json={"resolved": True}))
        ok(author.post(f"{path}/publish"))
        for one in threads:
            ok(author.patch(f"{path}/comments/{one}", json={"resolved": False}))
    if status is Status.ARCHIVED:
        ok(admin.post(f"{path}/archive"))
    event = made["timeline"][-1]["id"]
    return Picture(status, choice, made["id"], fields["title"], word, *threads, item["id"], event)


@pytest.fixture(scope="session")
def gallery(stack: Stack) -> Gallery:
    admin = stack.person("ADMIN")
    member = stack.person()
    team = ok(admin.post("/api/teams", json={"name": f"T{uuid4().hex}", "memberIds": [member.id]}), 201)
    people = {one: stack.person() for one in ("author", "editor", "commenter", "reviewer", "participant", "responder")}
    people |= {one: stack.person("MEMBER") for one in ("outsider", "owner", "deactivated")}
    people |= {"admin": admin, "member": member, "reading": _reading(stack, people["author"])}
    incident = _incident(admin, people["participant"])
    wanted = [(status, choice) for status in Status for choice in CHOICES]
    with ThreadPoolExecutor(4) as pool:
        pictures = list(pool.map(lambda one: paint(stack, people, team["id"], incident, *one), wanted))
    ok(admin.patch(f"/api/users/{people['deactivated'].id}", json={"active": False}))
    return Gallery(stack, people, pictures, team["id"], incident)
