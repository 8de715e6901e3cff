"""Many people change the same few things at once: nothing makes a 500, and no two transactions wait for each other."""

import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any
from uuid import uuid4

from sqlalchemy import text

from tests.api.incidents.feed import ago
from tests.api.writing import draft, ok
from tests.nightly import tried
from tests.stack import Person, Stack

SECONDS = tried(4, 180)
AT_ONCE = 12
BUSY = {401, 403, 404, 409, 412, 422, 503, 504}
"""What may be answered to somebody who was too late, or whom another person left without the right to do it."""


@dataclass(slots=True)
class Town:
    """A few postmortems, incidents, teams and services, and the people who all work with them."""

    admin: Person
    people: list[Person]
    mark: str = field(default_factory=lambda: uuid4().hex[:6])
    postmortems: list[str] = field(default_factory=list)
    incidents: list[str] = field(default_factory=list)
    teams: list[str] = field(default_factory=list)
    services: list[str] = field(default_factory=list)
    categories: list[str] = field(default_factory=list)
    policies: list[str] = field(default_factory=list)


def settled(stack: Stack) -> Town:
    town = Town(stack.person("ADMIN"), [stack.person() for _ in range(6)])
    admin = town.admin
    for number in range(3):
        team = {"name": f"Team {number} {town.mark}", "memberIds": [one.id for one in town.people[number : number + 3]]}
        town.teams.append(ok(admin.post("/api/teams", json=team), 201)["id"])
        policy = {"name": f"Policy {number} {town.mark}", "teamId": town.teams[-1]}
        town.policies.append(ok(admin.post("/api/policies", json=policy), 201)["id"])
    for number, author in enumerate(town.people):
        town.postmortems.append(draft(author, teamIds=[town.teams[number % 3]])["id"])
        report = {"externalId": f"{number}-{town.mark}", "title": "Slow", "urgency": "LOW", "status": "RESOLVED"}
        report |= {"startedAt": ago(hours=3), "resolvedAt": ago(hours=2), "services": [f"service {number} {town.mark}"]}
        town.incidents.append(ok(admin.post("/api/incidents", json=report), 201)["id"])
        name = {"name": f"Category {number} {town.mark}"}
        town.categories.append(ok(admin.post("/api/root-cause-categories", json=name), 201)["id"])
    listed = ok(admin.get("/api/services", params={"q": town.mark}))["items"]
    town.services.extend(one["id"] for one in listed)
    return town


class Hand:
    """What one of them does next."""

    def __init__(self, town: Town, seed: int) -> None:
        self.town, self.random = town, Random(seed)
        self.who, self.path = town.admin, ""

    def anyone(self) -> str:
        return self.random.choice(self.town.people).id

    def some(self, things: list[Any], count: int = 2) -> list[Any]:
        return self.random.sample(things, min(count, len(things)))

    def name(self, kind: str, most: int = 9) -> str:
        return f"{kind} {self.random.randint(0, most)} {self.town.mark}"

    def time(self, **least: float) -> str:
        return (datetime.now(UTC) + timedelta(days=self.random.randint(3, 60), **least)).isoformat()

    def items(self) -> list[str]:
        answer = self.who.get(f"{self.path}/action-items")
        return [one["id"] for one in answer.json()["items"]] if answer.status_code == 200 else []

    def writing(self) -> list[Callable[[], Any]]:
        who, path, town = self.who, self.path, self.town
        change = {
            "tags": [self.name("tag", 3)],
            "teamIds": self.some(town.teams),
            "serviceIds": self.some(town.services),
        }
        people = {"userIds": [one.id for one in self.some(town.people)]}
        item = {"description": "Alert", "ownerId": self.anyone(), "dueDate": self.time()[:10], "priority": "HIGH"}
        meeting = {"startsAt": self.time(), "durationMinutes": 30, "timeZone": "UTC", "attendeeIds": [self.anyone()]}
        return [
            lambda: who.patch(path, json=dict(self.some(list(change.items())))),
            lambda: who.patch(path, json={"rootCauseCategory": self.name("Category", 5), "authorId": self.anyone()}),
            lambda: who.put(f"{path}/sections/summary", json={"body": self.name("text")}),
            lambda: who.post(f"{path}/editors", json={"userId": self.anyone(), "level": "EDIT"}),
            lambda: who.delete(f"{path}/editors/{self.anyone()}"),
            lambda: who.post(f"{path}/participants", json={"userId": self.anyone()}),
            lambda: who.delete(f"{path}/participants/{self.anyone()}"),
            lambda: who.post(f"{path}/comments", json={"body": self.name("comment"), "section": "summary"}),
            lambda: who.post(f"{path}/timeline", json={"at": ago(hours=2), "event": self.name("event")}),
            lambda: who.post(f"{path}/action-items", json=item),
            lambda: who.patch("/api/action-items", json={"ids": self.items(), "changes": {"priority": "LOW"}}),
            lambda: who.post(f"{path}/meetings", json=meeting),
            lambda: who.post(f"{path}/reviewers", json=people),
            lambda: who.post(f"{path}/reviewers/{self.anyone()}/replace", json={"userId": self.anyone()}),
            lambda: who.delete(f"{path}/reviewers/{self.anyone()}"),
            lambda: who.post(f"{path}/submit", json={}),
            lambda: who.post(f"{path}/withdraw", json={}),
            lambda: who.post(f"{path}/reviews", json={"decision": "APPROVE"}),
            lambda: who.post(f"{path}/targets/published/extend", json={"until": self.time(), "reason": "Busy"}),
            lambda: who.post(f"{path}/incidents", json={"incidentId": self.random.choice(town.incidents)}),
            lambda: who.delete(f"{path}/incidents/{self.random.choice(town.incidents)}"),
            *(
                lambda one=one: who.patch(f"/api/action-items/{one}", json={"ownerId": self.anyone()})
                for one in self.items()[:1]
            ),
            *(lambda one=one: who.delete(f"/api/action-items/{one}") for one in self.items()[3:4]),
            lambda: who.post("/api/me/notifications/read", json={}),
            lambda: who.patch("/api/me", json={"timeZone": self.random.choice(["UTC", "Europe/Berlin"])}),
        ]

    def managing(self) -> list[Callable[[], Any]]:
        admin, town = self.town.admin, self.town
        pick = self.random.choice
        report = {
            "externalId": self.name("e", 5).replace("e ", "").replace(" ", "-"),
            "title": self.name("title"),
            "urgency": pick(["HIGH", "LOW"]),
            "status": "RESOLVED",
            "startedAt": ago(hours=self.random.randint(3, 9)),
            "resolvedAt": ago(hours=2),
            "services": [self.name("service") for _ in range(2)],
            "responders": [f"{self.random.randint(0, 9)}-{town.mark}@storm.example"],
        }
        return [
            lambda: admin.post("/api/webhooks/generic", json=report),
            lambda: admin.patch(f"/api/incidents/{pick(town.incidents)}", json={"services": report["services"]}),
            lambda: admin.patch(f"/api/incidents/{pick(town.incidents)}", json={"responders": report["responders"]}),
            lambda: admin.post(f"/api/incidents/{pick(town.incidents)}/postmortem", json={}),
            lambda: self.add(town.services, admin.post("/api/services", json={"name": self.name("service")})),
            lambda: admin.post(f"/api/services/{pick(town.services)}/merge", json={"into": pick(town.services)}),
            lambda: admin.patch(f"/api/services/{pick(town.services)}", json={"aliases": [self.name("alias")]}),
            lambda: admin.patch(f"/api/services/{pick(town.services)}", json={"name": self.name("service")}),
            lambda: admin.patch(f"/api/teams/{pick(town.teams)}", json={"leadId": self.anyone()}),
            lambda: admin.patch(f"/api/users/{self.anyone()}", json={"active": pick([True, True, False])}),
            lambda: admin.patch(f"/api/users/{self.anyone()}", json={"teamIds": self.some(town.teams)}),
            lambda: admin.patch(f"/api/policies/{pick(town.policies)}", json={"minReviewers": pick([1, 2])}),
            lambda: admin.post(f"/api/policies/{pick(town.policies)}/apply", json={}),
            lambda: admin.patch(
                f"/api/root-cause-categories/{pick(town.categories)}", json={"name": self.name("Category")}
            ),
        ]

    @staticmethod
    def add(things: list[str], answer: Any) -> Any:
        if answer.status_code == 201:
            things.append(answer.json()["id"])
        return answer

    def work(self, until: float) -> Counter[str]:
        seen: Counter[str] = Counter()
        while time.monotonic() < until:
            self.who = self.random.choice([self.town.admin, *self.town.people])
            self.path = f"/api/postmortems/{self.random.choice(self.town.postmortems)}"
            answer = self.random.choice(self.writing() if self.random.random() < 0.6 else self.managing())()
            known = answer.status_code < 300 or answer.status_code in BUSY
            seen["" if known else f"{answer.request.method} {answer.request.url.path}: {answer.text[:300]}"] += 1
        return seen


def test_a_storm_of_changes_passes_without_deadlocks(stack: Stack) -> None:
    assert stack.direct is not None
    deadlocks = text("select deadlocks from pg_stat_database where datname = current_database()")
    (before,) = stack.direct.rows(deadlocks)
    town = settled(stack)
    hands, until = [Hand(town, seed) for seed in range(AT_ONCE)], time.monotonic() + SECONDS
    with ThreadPoolExecutor(AT_ONCE) as pool:
        seen = sum(pool.map(lambda one: one.work(until), hands), Counter[str]())
    time.sleep(1.5)  # each connection tells its numbers once a second
    (after,) = stack.direct.rows(deadlocks)
    assert [one for one in seen if one] == []
    assert after - before == 0, f"{after - before} deadlocks in {seen.total()} requests: see PostgreSQL's log"
    assert seen.total() > SECONDS
