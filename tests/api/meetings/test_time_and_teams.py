"""What time asks of a meeting, its target, and what a team has for its reviews: a room, a weekly time, fairness."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text

from tests.api.conventions import problem
from tests.api.meetings.meetings import door, found, plan, soon
from tests.api.writing import draft, ok
from tests.stack import Person, Stack, eventually

pytestmark = pytest.mark.usefixtures("no_meetings_left")


@pytest.fixture
def author(stack: Stack) -> Person:
    return stack.person()


@pytest.fixture
def made(author: Person) -> Any:
    return draft(author, visibility="ORGANIZATION")


def at(words: str) -> datetime:
    return datetime.fromisoformat(words)


def test_reminders_and_the_question_at_the_end(stack: Stack, author: Person, made: Any) -> None:
    guest = stack.person()
    asked = plan(author, made, attendeeIds=[author.id, guest.id], startsAt=soon(0.9))

    def kinds(person: Person) -> list[str]:
        items = ok(person.get("/api/me/notifications"))["items"]
        return [one["kind"] for one in items if one["kind"].startswith("meeting_")]

    eventually(lambda: "meeting_tomorrow" in kinds(guest) and "meeting_tomorrow" in kinds(author))
    begins = datetime.now(UTC) + timedelta(minutes=5)
    ok(author.patch(door(made, f"/{asked['id']}"), json={"startsAt": begins.isoformat()}))
    eventually(lambda: "meeting_begins" in kinds(guest))
    over = text("update meeting set starts_at = now() - interval '2 hours', workflow_started = false where id = :id")
    stack.direct.write(over, id=asked["id"])  # type: ignore[union-attr]
    eventually(lambda: "meeting_ended" in kinds(author))
    assert "meeting_ended" not in kinds(guest)
    ok(author.post(door(made, f"/{asked['id']}/held"), json={"held": True}))


def test_a_deactivated_organizer_is_replaced_by_the_author(stack: Stack, author: Person, made: Any) -> None:
    admin, organizer = stack.person("ADMIN"), stack.person("ADMIN")
    asked = plan(organizer, made, attendeeIds=[author.id])
    ok(admin.patch(f"/api/users/{organizer.id}", json={"active": False}))
    over = text("update meeting set starts_at = now() - interval '2 hours', workflow_started = false where id = :id")
    stack.direct.write(over, id=asked["id"])  # type: ignore[union-attr]

    def was_asked() -> bool:
        return "meeting_ended" in {one["kind"] for one in ok(author.get("/api/me/notifications"))["items"]}

    eventually(was_asked)


def test_it_follows_its_target(stack: Stack, author: Person) -> None:
    reviewer = stack.person()
    made = draft(author, visibility="ORGANIZATION")
    path = f"/api/postmortems/{made['id']}"
    due = {one["name"]: one for one in ok(author.get(f"{path}/targets"))["items"]}
    assert due, "a policy sets targets"
    asked = plan(author, made, attendeeIds=[author.id, reviewer.id], followTarget=True, startsAt=soon(2))
    eventually(lambda: found(author, made, asked)["followTarget"])
    until = (datetime.now(UTC) + timedelta(days=40)).isoformat()
    ok(author.post(f"{path}/targets/review_completed/extend", json={"until": until, "reason": "Too early"}))

    def moved() -> Any:
        shown = found(author, made, asked)
        return shown if shown["startsAt"] != asked["startsAt"] else None

    shown = eventually(moved)
    assert at(shown["endsAt"]) <= at(until)
    assert shown["sequence"] == 1


def test_a_team_has_a_room_and_keeps_time_for_reviews(stack: Stack, author: Person) -> None:
    admin = stack.person("ADMIN")
    team = ok(admin.post("/api/teams", json={"name": f"T{uuid4().hex[:8]}", "memberIds": [author.id]}), 201)
    path = f"/api/teams/{team['id']}"
    slot = {"weekday": "THU", "opens": "15:00", "minutes": 45, "timeZone": "Europe/Berlin"}
    room = {"kind": "zoom", "url": "https://zoom.example/room"}
    changed = ok(admin.patch(path, json={"reviewSlot": slot, "room": room}))
    assert (changed["reviewSlot"], changed["room"]) == (slot, room)
    assert ok(admin.patch(path, json=changed))["reviewSlot"] == slot
    problem(admin.patch(path, json={"reviewSlot": {**slot, "opens": "15:10"}}), 422)
    made = draft(author, visibility="ORGANIZATION", teamIds=[team["id"]])
    first = ok(author.get(door(made, "/suggestion")))["slots"][0]
    assert at(first["startsAt"]).isoweekday() == 4
    assert first["notes"][0] == "the time that the team keeps for reviews"
    meeting = plan(author, made, attendeeIds=[author.id], startsAt=first["startsAt"], conference="team_room")
    assert meeting["conference"] == {"kind": "team_room", "url": "https://zoom.example/room"}
    other = draft(author, visibility="ORGANIZATION", teamIds=[team["id"]])
    later = ok(author.get(door(other, "/suggestion")))["slots"][0]
    assert later["startsAt"] != first["startsAt"], "taken by another review"
    cleared = ok(admin.patch(path, json={"reviewSlot": None, "room": None}))
    assert (cleared["reviewSlot"], cleared["room"]) == (None, None)


@pytest.mark.parametrize(("hour", "spared"), [(18, "Europe/Berlin"), (15, "America/Los_Angeles")])
def test_whoever_was_outside_of_their_hours_lately_is_spared(
    stack: Stack, author: Person, hour: int, spared: str
) -> None:
    """Berlin and Los Angeles share no working hour: 18:00 UTC is evening in one, 15:00 is early in the other."""
    admin, zones = stack.person("ADMIN"), ("Europe/Berlin", "America/Los_Angeles")
    people = {zone: stack.person(timeZone=zone) for zone in zones}
    ok(admin.put(f"/api/users/{author.id}/calendar", json={"opens": "00:00", "closes": "24:00"}))
    team = ok(admin.post("/api/teams", json={"name": f"T{uuid4().hex[:8]}", "memberIds": [author.id]}), 201)
    past = text(f"update meeting set starts_at = timestamptz '2026-11-24 {hour}:00+00', status = 'HELD' where id = :id")
    for _ in range(3):
        before = draft(author, visibility="ORGANIZATION", teamIds=[team["id"]])
        held = plan(author, before, attendeeIds=[one.id for one in people.values()])
        stack.direct.write(past, id=held["id"])  # type: ignore[union-attr]
    made = draft(author, visibility="ORGANIZATION", teamIds=[team["id"]])
    for one in people.values():
        ok(author.post(f"/api/postmortems/{made['id']}/reviewers", json={"userId": one.id}), 201)
    first = ok(author.get(door(made, "/suggestion")))["slots"][0]
    (other,) = set(zones) - {spared}
    name = ok(people[other].get("/api/me"))["name"]
    assert first["notes"] == [f"outside working hours for {name}"]
