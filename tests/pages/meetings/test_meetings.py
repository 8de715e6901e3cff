"""The pages of review meetings, without JavaScript: suggested, scheduled, changed, held, canceled."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from tests.api import writing
from tests.api.meetings.meetings import door, soon
from tests.api.writing import ok
from tests.pages.visiting import buttons, told, visitor
from tests.stack import Person, Stack

pytestmark = pytest.mark.usefixtures("no_meetings_left")


@pytest.fixture
def author(stack: Stack) -> Person:
    return stack.person(timeZone="Europe/Berlin")


@pytest.fixture
def made(stack: Stack, author: Person) -> Any:
    return writing.in_review(author, [stack.person()], visibility="ORGANIZATION")


def test_scheduled_from_the_postmortem(stack: Stack, author: Person, made: Any) -> None:
    mine, at = visitor(stack, author), f"/postmortems/{made['id']}/meetings"
    assert f'href="{at}/new"' in mine.get(f"/postmortems/{made['id']}")
    page = mine.get(f"{at}/new")
    assert "hours__cell--proposed" in page
    assert "reviewer" in page
    reviewer = ok(author.get(f"/api/postmortems/{made['id']}"))["reviewers"][0]["userId"]
    slot = ok(author.get(door(made, "/suggestion")))["slots"][1]["startsAt"]
    outside = f"out-{uuid4().hex[:6]}@else.example"
    form = {
        "minutes": "45",
        "slot": slot,
        f"who-{author.id}": "required",
        f"who-{reviewer}": "optional",
        "more": f"{outside}, @{ok(stack.client().get('/api/me'))['handle']}",
        "location": "Room 4",
    }
    assert mine.done(at, f"{at}/new", **form) == at
    (meeting,) = ok(author.get(door(made)))["items"]
    assert (meeting["startsAt"], meeting["timeZone"], meeting["location"]) == (slot, "Europe/Berlin", "Room 4")
    required = {one["userId"] or one["email"]: one["required"] for one in meeting["attendees"]}
    assert (required[author.id], required[reviewer], required[outside], len(required)) == (True, False, False, 4)
    shown = mine.get(at)
    assert "Room 4" in shown
    assert "no answer yet" in shown
    assert "of 4 accepted" in mine.get(f"/postmortems/{made['id']}")
    again = mine.send(at, f"{at}/new", minutes="45", slot=slot)
    assert again.status_code == 409
    assert "additional" in again.text
    agenda = mine.get(f"{at}/{meeting['id']}/agenda")
    assert "Incident summary review" in agenda
    file = mine.http.get(f"{at}/{meeting['id']}.ics")
    assert file.text.startswith("BEGIN:VCALENDAR")


def test_changed_and_canceled(stack: Stack, author: Person, made: Any) -> None:
    mine, at = visitor(stack, author), f"/postmortems/{made['id']}/meetings"
    day = (datetime.now(UTC) + timedelta(days=9)).date().isoformat()
    assert mine.done(at, f"{at}/new", minutes="30", slot="own", day=day, time="15:30") == at
    (meeting,) = ok(author.get(door(made)))["items"]
    assert datetime.fromisoformat(meeting["startsAt"]).astimezone(UTC).strftime("%H:%M") in {"14:30", "13:30"}
    one = f"{at}/{meeting['id']}"
    change = {"slot": "own", "version": "1", "day": day, "time": "16:00", "minutes": "60", "location": "Here"}
    change |= {f"who-{author.id}": "optional", "more": "out@else.example"}
    assert mine.done(one, at, **change) == at
    changed = ok(author.get(door(made, f"/{meeting['id']}")))
    assert (changed["durationMinutes"], changed["location"], changed["sequence"]) == (60, "Here", 1)
    assert {one["email"]: one["required"] for one in changed["attendees"]} == {
        ok(author.get("/api/me"))["email"]: False,
        "out@else.example": False,
    }
    page = mine.get(at)
    assert f'name="who-{author.id}"' in page
    assert 'name="out-out@else.example"' in page
    assert mine.send(one, at, **change).status_code == 412
    wrong = mine.send(one, at, **(change | {"version": "2", "day": "nonsense"}))
    assert wrong.status_code == 422
    assert told(wrong.text) == ["The time: Choose one of the times, or enter a day and a time."]
    assert mine.done(f"{one}/cancel", at) == at
    assert "Canceled" in mine.get(at)
    assert not {"Save", "Cancel meeting"} & buttons(mine.get(at))


def test_held_with_notes_and_action_items(stack: Stack, author: Person, made: Any) -> None:
    mine, at = visitor(stack, author), f"/postmortems/{made['id']}/meetings"
    meeting = ok(author.post(door(made), json={"startsAt": soon()}), 201)
    form = {"held": "yes", "notes": "We agreed.", "items": "- Watch the pool\n\n* Add an alert\n"}
    assert mine.done(f"{at}/{meeting['id']}/held", at, **form) == at
    assert ok(author.get(door(made, f"/{meeting['id']}")))["status"] == "HELD"
    items = ok(author.get(f"/api/postmortems/{made['id']}/action-items"))["items"]
    assert {"Watch the pool", "Add an alert"} <= {one["description"] for one in items}
    assert "We agreed." in mine.get(f"/postmortems/{made['id']}")


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"slot": "2020-01-01T10:00:00+00:00"},
        {"slot": "nonsense"},
        {"slot": "own", "day": "2126-01-01"},
        {"slot": "2126-01-01T10:00:00+00:00", "more": "Nobody of that name"},
        {"slot": "2126-01-01T10:00:00+00:00", "conference": "zoom"},
        {"slot": "2126-01-01T10:00:00+00:00", "conference": "phone"},
        {"slot": "2126-01-01T10:00:00+00:00", "minutes": "x", "who-user_nobody": "required"},
        {"slot": "9999-12-31T23:59:59-23:00"},
        {"slot": "own", "day": "9999-12-31", "time": "23:59"},
    ],
)
def test_wrong_input_is_said_and_kept(stack: Stack, author: Person, made: Any, form: dict[str, str]) -> None:
    mine, at = visitor(stack, author), f"/postmortems/{made['id']}/meetings"
    sent = {"location": "Room 7", **form}
    refused = mine.send(at, f"{at}/new", **sent)
    assert refused.status_code in {409, 422}, refused.text[:300]
    assert "Room 7" in refused.text
    assert ok(author.get(door(made)))["items"] == []


def test_who_may_not_sees_meetings_and_no_forms(stack: Stack, author: Person, made: Any) -> None:
    meeting = ok(author.post(door(made), json={"startsAt": soon()}), 201)
    reader, at = visitor(stack, stack.person("MEMBER")), f"/postmortems/{made['id']}/meetings"
    page = reader.get(at)
    assert meeting["id"] in page
    assert not {"Save", "Cancel meeting"} & buttons(page)
    assert f'href="{at}/new"' not in page
    assert reader.http.get(f"{at}/new").status_code == 403
    hidden = writing.draft(author, visibility="PRIVATE")
    other = ok(author.post(door(hidden), json={"startsAt": soon()}), 201)
    for path in ("", "/new", f"/{other['id']}/agenda", f"/{other['id']}.ics"):
        assert reader.http.get(f"/postmortems/{hidden['id']}/meetings{path}").status_code == 404


def test_ones_own_calendars(stack: Stack, author: Person) -> None:
    mine, at = visitor(stack, author), "/settings/calendars"
    assert f'href="{at}"' in mine.get("/settings/notifications")
    page = mine.get(at)
    assert "Google Calendar" in page
    secret = f"s3cret-{uuid4().hex}"
    address = f"me-{uuid4().hex[:6]}@acme.example"
    assert mine.done(at, at, kind="google", address=address, password=secret) == at
    (made,) = ok(author.get("/api/me/calendars"))["items"]
    assert (made["kind"], made["address"], made["state"]) == ("google", address, "REFUSED")
    shown = mine.get(at)
    assert address in shown
    assert "Ask an administrator to connect one." in shown
    assert secret not in shown
    for wrong in (
        {"kind": "google", "address": address},
        {"kind": "google", "address": "no address"},
        {"kind": "caldav", "address": "https://user:pw@dav.example/x", "username": "u", "password": secret},
        {"kind": "caldav", "address": "http://169.254.169.254/latest", "username": "u", "password": secret},
        {"kind": "nothing", "address": address},
    ):
        refused = mine.send(at, at, **wrong)
        assert refused.status_code in {409, 422}, (wrong, refused.status_code)
        assert secret not in refused.text
    assert mine.done(f"{at}/{made['id']}/remove", at) == at
    assert ok(author.get("/api/me/calendars"))["items"] == []
