"""Review meetings through the API: who may, what is refused, and what becomes of one."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
import vobject
from sqlalchemy import select

from models.meeting import Meeting
from tests.api import writing
from tests.api.conventions import problem
from tests.api.meetings.meetings import door, found, plan, responses, soon
from tests.api.writing import archived, draft, in_review, ok
from tests.stack import Person, Stack, eventually

pytestmark = pytest.mark.usefixtures("no_meetings_left")


@pytest.fixture
def author(stack: Stack) -> Person:
    return stack.person()


@pytest.fixture
def made(author: Person) -> Any:
    return draft(author, visibility="ORGANIZATION")


def test_a_meeting_is_planned_changed_and_cancelled(stack: Stack, author: Person, made: Any) -> None:
    guest = stack.person()
    meeting = plan(
        author,
        made,
        attendees=[{"userId": author.id}, {"userId": guest.id, "required": False}, {"email": "Out@Else.Example"}],
        location="Room 4",
        notes="Bring graphs.",
    )
    assert (meeting["status"], meeting["version"], meeting["sequence"]) == ("SCHEDULED", 1, 0)
    assert meeting["title"] == f"Postmortem review: {made['title']}"
    assert meeting["organizerId"] == author.id
    assert meeting["conference"] == {"kind": "none", "url": None}
    assert meeting["calendar"] is None
    begin, end = (datetime.fromisoformat(meeting[key]) for key in ("startsAt", "endsAt"))
    assert end - begin == timedelta(minutes=45)
    people = {one["email"]: (one["userId"], one["required"], one["response"]) for one in meeting["attendees"]}
    assert people["out@else.example"] == (None, True, "NEEDS_ACTION")
    assert (author.id, True, "ACCEPTED") in people.values()
    assert (guest.id, False, "NEEDS_ACTION") in people.values()
    assert found(guest, made, meeting) == found(author, made, meeting)
    assert [one["id"] for one in ok(guest.get(door(made)))["items"]] == [meeting["id"]]
    refused = problem(author.post(door(made), json={"startsAt": soon()}), 409, "MeetingExists")
    assert meeting["id"] in refused["detail"]
    path = door(made, f"/{meeting['id']}")
    moved = ok(author.patch(path, json={"startsAt": soon(4)}, headers={"If-Match": '"1"'}))
    assert (moved["startsAt"], moved["sequence"], moved["version"]) == (soon(4), 1, 2)
    problem(author.patch(path, json={"durationMinutes": 30}, headers={"If-Match": '"1"'}), 412, "StaleVersion")
    same = ok(author.patch(path, json=moved))
    assert (same["sequence"], same["version"]) == (1, 2), "nothing changed"
    noted = ok(author.patch(path, json={"notes": "Bring more."}))
    assert (noted["sequence"], noted["version"], noted["notes"]) == (1, 3, "Bring more.")
    fewer = ok(author.patch(path, json={"attendeeIds": [author.id]}))
    assert (len(fewer["attendees"]), fewer["sequence"]) == (1, 2)
    ok(author.delete(path), 204)
    ok(author.delete(path), 204)
    off = found(author, made, meeting)
    assert (off["status"], off["sequence"]) == ("CANCELLED", 3)
    assert off["cancelledReason"].startswith("Canceled by ")
    problem(author.patch(path, json={"durationMinutes": 30}), 409, "MeetingOver")
    again = plan(author, made)
    assert again["uid"] != meeting["uid"]


def test_suggested_people_are_invited_where_nobody_is_named(stack: Stack, author: Person) -> None:
    reviewer = stack.person()
    made = in_review(author, [reviewer])
    meeting = plan(reviewer, made)
    assert {one["userId"] for one in meeting["attendees"]} == {author.id, reviewer.id}
    assert meeting["organizerId"] == reviewer.id
    ok(reviewer.patch(door(made, f"/{meeting['id']}"), json={"location": "Here"}))


def test_attendance_grants_nothing(stack: Stack, author: Person) -> None:
    made, stranger = draft(author, visibility="PRIVATE"), stack.person()
    name = ok(stranger.get("/api/me"))["name"]
    refused = problem(
        author.post(door(made), json={"startsAt": soon(), "attendeeIds": [author.id, stranger.id]}),
        409,
        "AttendeesCannotSee",
    )
    assert name in refused["detail"]
    assert stranger.get(f"/api/postmortems/{made['id']}").status_code == 404
    assert ok(author.get(door(made)))["items"] == []
    meeting = plan(author, made, attendeeIds=[author.id, stranger.id], addAsCommenter=True)
    assert meeting["title"] == f"Postmortem review #{made['number']}"
    assert ok(stranger.get(f"/api/postmortems/{made['id']}"))["id"] == made["id"]
    reviewer, other = stack.person(), stack.person()
    shown = in_review(author, [reviewer], visibility="PRIVATE")
    body = {"startsAt": soon(), "attendeeIds": [other.id], "addAsCommenter": True}
    problem(reviewer.post(door(shown), json=body), 409, "AttendeesCannotSee")
    assert other.get(door(shown)).status_code == 404
    assert other.get(door(made, f"/{meeting['id']}.ics")).status_code == 404


def test_held_is_final_and_its_notes_are_in_the_postmortem(author: Person, made: Any) -> None:
    meeting = plan(author, made, attendeeIds=[author.id])
    path = door(made, f"/{meeting['id']}")
    held = ok(author.post(f"{path}/held", json={"held": True, "notes": "We **decided** to watch the pool."}))
    assert (held["status"], held["notes"]) == ("HELD", "We **decided** to watch the pool.")
    assert held["heldAt"]
    assert ok(author.post(f"{path}/held", json={"held": True}))["version"] == held["version"]
    for answer in (
        author.patch(path, json={"durationMinutes": 30}),
        author.delete(path),
        author.post(f"{path}/held", json={"held": False}),
    ):
        problem(answer, 409, "MeetingOver")
    (comment,) = ok(author.get(f"/api/postmortems/{made['id']}/comments"))["items"]
    assert comment["body"].endswith("We **decided** to watch the pool.")
    other = plan(author, made)
    off = ok(author.post(door(made, f"/{other['id']}/held"), json={"held": False}))
    assert (off["status"], off["cancelledReason"]) == ("CANCELLED", "It wasn't held.")


def test_it_goes_with_its_postmortem(stack: Stack, author: Person) -> None:
    admin = stack.person("ADMIN")
    gone = archived(author, [stack.person()], stack)
    problem(author.post(door(gone), json={"startsAt": soon()}), 403, "NotAllowed")
    later = writing.published(author, [stack.person()], visibility="ORGANIZATION")
    meeting = plan(author, later)
    ok(admin.post(f"/api/postmortems/{later['id']}/archive"))
    off = found(author, later, meeting)
    assert (off["status"], off["cancelledReason"]) == ("CANCELLED", "The postmortem was archived.")
    doomed = draft(author)
    plan(author, doomed)
    ok(admin.delete(f"/api/postmortems/{doomed['id']}"), 204)


def test_the_file_and_the_agenda(author: Person, made: Any) -> None:
    meeting = plan(author, made, attendeeIds=[author.id], location="https://meet.example/x")
    answer = author.get(door(made, f"/{meeting['id']}.ics"))
    assert answer.headers["Content-Type"] == "text/calendar; charset=utf-8; method=PUBLISH"
    assert meeting["icsUrl"].endswith(door(made, f"/{meeting['id']}.ics"))
    calendar = vobject.readOne(answer.text)
    calendar.validate(raiseException=True)
    event = calendar.vevent
    assert event.uid.value == meeting["uid"]
    assert event.dtstart.value == datetime.fromisoformat(meeting["startsAt"])
    assert event.location.value == "https://meet.example/x"
    assert "# Agenda" in event.description.value
    agenda = author.get(door(made, f"/{meeting['id']}/agenda"))
    assert agenda.headers["Content-Type"].startswith("text/markdown")
    assert agenda.text.startswith(f"# Agenda: Postmortem review: {made['title']}")


@pytest.mark.parametrize(
    ("body", "where"),
    [
        ({"startsAt": "2020-01-01T10:00:00Z"}, "body.startsAt"),
        ({"startsAt": "tomorrow"}, "body.startsAt"),
        ({}, "body.startsAt"),
        ({"startsAt": "2126-01-01T10:00:00Z", "durationMinutes": 0}, "body.durationMinutes"),
        ({"startsAt": "2126-01-01T10:00:00Z", "timeZone": "Mars"}, "body.timeZone"),
        ({"startsAt": "2126-01-01T10:00:00Z", "attendees": [{}]}, "body.attendees.0"),
        ({"startsAt": "2126-01-01T10:00:00Z", "attendees": [{"email": "a b"}]}, "body.attendees.0.email"),
        ({"startsAt": "2126-01-01T10:00:00Z", "conference": "phone"}, "body.conference"),
        ({"startsAt": "2126-01-01T10:00:00Z", "attendeeIds": [], "attendees": []}, "body"),
        ({"startsAt": "2126-01-01T10:00:00Z", "surprise": 1}, "body.surprise"),
    ],
)
def test_what_is_refused(author: Person, made: Any, body: dict[str, Any], where: str) -> None:
    refused = problem(author.post(door(made), json=body), 422)
    assert refused["reasons"][0]["where"].startswith(where)


def test_references_and_kinds_that_are_not_there(stack: Stack, author: Person, made: Any) -> None:
    at = {"startsAt": soon()}
    problem(author.post(door(made), json={**at, "attendeeIds": ["user_nobody"]}), 422, "UnknownReference")
    problem(author.post(door(made), json={**at, "integrationId": "int_nothing"}), 404, "NotFound")
    for kind in ("google_meet", "zoom", "teams", "team_room"):
        problem(author.post(door(made), json={**at, "conference": kind}), 409, "NoConference")
    admin = stack.person("ADMIN")
    source = ok(
        admin.post("/api/integrations", json={"kind": "generic", "name": f"G {uuid4().hex[:5]}", "config": {}}), 201
    )
    problem(author.post(door(made), json={**at, "integrationId": source["id"]}), 409, "NoCalendar")
    problem(author.get(door(made, "/mtg_nothing")), 404, "NotFound")
    problem(stack.person().post(door(made), json=at), 403, "NotAllowed")


def test_a_workflow_follows_each_meeting(stack: Stack, author: Person, made: Any) -> None:
    meeting = plan(author, made, attendeeIds=[author.id])

    def looked() -> Any:
        (row,) = stack.direct.rows(select(Meeting).where(Meeting.id == meeting["id"]))  # type: ignore[union-attr]
        return row.workflow_started and row.told_request == row.request and row.next_at

    assert eventually(looked)
    assert responses(found(author, made, meeting)) == {ok(author.get("/api/me"))["email"]: "ACCEPTED"}


def test_a_door_and_the_workflow_never_wait_for_each_other(author: Person) -> None:
    """Each change wakes the workflow, which writes notices about the postmortem that the next change has locked."""
    for _ in range(4):
        made = draft(author, visibility="ORGANIZATION")
        path = door(made, f"/{plan(author, made, startsAt=in_minutes(5))['id']}")
        for minute in range(12):
            ok(author.patch(path, json={"startsAt": in_minutes(6 + minute % 3), "location": f"Room {minute}"}))
        ok(author.delete(path), 204)


def in_minutes(minutes: float) -> str:
    return (datetime.now(UTC) + timedelta(minutes=minutes)).isoformat()
