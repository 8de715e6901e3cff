"""An incident that is reopened and resolved again after its postmortem was begun."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from application.escalation import reminders
from tests.api.incidents.feed import Feed, ago
from tests.api.rows import sessions_of
from tests.api.writing import ok
from tests.stack import Person, Stack


@pytest.fixture(scope="module")
def admin(stack: Stack) -> Person:
    return stack.person("ADMIN")


@pytest.fixture
def feed(stack: Stack, admin: Person) -> Feed:
    return Feed(stack, admin)


def resolved(feed: Feed, minutes: int) -> Any:
    feed.tells(status="OPEN", urgency="HIGH", startedAt=ago(minutes=minutes + 1))
    feed.tells(status="RESOLVED", resolvedAt=ago(minutes=1))
    return feed.incident()


def begun(stack: Stack, admin: Person, feed: Feed) -> tuple[Person, str, Any]:
    """Its author, its path, and the incident."""
    incident = resolved(feed, 45)
    author = stack.person()
    path = f"/api/postmortems/{incident['postmortemId']}"
    ok(admin.patch(path, json={"authorId": author.id, "visibility": "ORGANIZATION", "summary": "It was slow."}))
    return author, path, incident


def notices(person: Person, kind: str = "incident_changed") -> list[str]:
    found = ok(person.get("/api/me/notifications", params={"kind": kind}))["items"]
    return [one["postmortemId"] for one in found]


def test_its_author_is_told_and_takes_the_new_times(stack: Stack, admin: Person, feed: Feed) -> None:
    author, path, _ = begun(stack, admin, feed)
    assert ok(author.get(f"{path}/duration"))["reported"] is None
    feed.tells(status="OPEN")
    assert ok(author.get(f"{path}/duration"))["reported"] == {"durationMinutes": None, "resolvedAt": None}
    assert len(notices(author)) == 1
    assert ok(author.post(f"{path}/duration"), 409)["code"] == "IncidentNotResolved"
    feed.tells(status="RESOLVED", resolvedAt=ago(minutes=-50))
    told = ok(author.get(f"{path}/duration"))
    assert (told["stated"]["durationMinutes"], told["reported"]["durationMinutes"]) == (45, 96)
    assert len(notices(author)) == 2
    before = ok(author.get(path))
    assert before["durationMinutes"] == 45
    reader = stack.person()
    assert ok(reader.post(f"{path}/duration"), 403)["code"] == "NotAllowed"
    after = ok(author.post(f"{path}/duration"))
    assert (after["durationMinutes"], after["impactMetrics"]["durationMinutes"]) == (96, 96)
    assert after["version"] > before["version"]
    assert ok(author.get(f"{path}/duration"))["reported"] is None
    assert ok(author.post(f"{path}/duration"))["version"] == after["version"], "the same again changes nothing"
    actions = [one["action"] for one in ok(author.get(f"{path}/audit"))["items"]]
    assert actions.count("postmortem.incident_changed") == 2
    assert actions.count("postmortem.incident_times_taken") == 1


def test_whoever_changed_the_incident_is_not_told(stack: Stack, admin: Person, feed: Feed) -> None:
    author, path, incident = begun(stack, admin, feed)
    ok(admin.patch(path, json={"authorId": admin.id}))
    ok(admin.patch(f"/api/incidents/{incident['id']}", json={"status": "OPEN"}))
    assert path.rpartition("/")[2] not in notices(admin)
    assert not notices(author), "who is no longer its author"


async def reminded_of(stack: Stack, postmortem_id: str) -> list[str]:
    """The targets that its workflow would wait for, or remind of, a year from now."""
    async with sessions_of(stack) as sessions, sessions.begin() as session:
        later = datetime.now(UTC) + timedelta(days=365)
        sent = await reminders.send_postmortem_reminders(session, postmortem_id, later)
        await session.rollback()
    return [one.target for one in sent]


def test_targets_of_a_draft_that_nobody_began_rest(stack: Stack, admin: Person, feed: Feed) -> None:
    feed.tells(status="OPEN", urgency="HIGH", startedAt=ago(days=40))
    feed.tells(status="RESOLVED", resolvedAt=ago(days=30))
    path = f"/api/postmortems/{feed.incident()['postmortemId']}"
    overdue = {"overdue": True, "limit": 200}

    def targets() -> list[Any]:
        return list(ok(admin.get(f"{path}/targets"))["items"])

    def is_late() -> bool:
        return path.rpartition("/")[2] in {
            one["id"] for one in ok(admin.get("/api/postmortems", params=overdue))["items"]
        }

    assert {(one["state"], one["resting"]) for one in targets()} == {("MISSED", False)}
    assert is_late()
    feed.tells(status="OPEN")
    assert {(one["state"], one["resting"]) for one in targets()} == {("PENDING", True)}
    assert not is_late()
    assert asyncio.run(reminded_of(stack, path.rpartition("/")[2])) == []
    feed.tells(status="RESOLVED")
    again = targets()
    assert {(one["state"], one["resting"]) for one in again} == {("PENDING", False)}
    assert all(one["remainingSeconds"] > 0 for one in again)
