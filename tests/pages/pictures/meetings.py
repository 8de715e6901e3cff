"""Pages of review meetings, for the pictures."""

from typing import Any

from sqlalchemy import text

from tests.api import writing
from tests.api.meetings.meetings import door, soon
from tests.api.writing import ok
from tests.pages.pictures.documents import unfold
from tests.pages.pictures.texts import LONG
from tests.stack import Person


def add_meetings(scene: Any) -> None:
    """One that is planned with all kinds of answers, one that waits for a word, and what became of others."""
    people, author = scene.people, scene.people["author"]
    made = writing.in_review(
        author, [people["reviewer"]], visibility="ORGANIZATION", title=f"The pool of {LONG} ran dry"
    )
    path = f"/postmortems/{made['id']}/meetings"
    scene.add("meetings none", path, "author", "reader")
    _everyone_in(author, made, people)
    scene.add("meeting dialog", f"{path}/new", "author", "reviewer")
    outside = {"email": f"{LONG}@customers.example", "required": False}
    attendees = [{"userId": people[role].id} for role in ("author", "reviewer", "editor")]
    planned = plan(author, made, attendees=[*attendees, outside], location=LONG, notes="Bring the graphs.\n\nPlease.")
    answers = {"reviewer": "ACCEPTED", "editor": "DECLINED"}
    for role, answer in answers.items():
        change = "update meeting_attendee set response = :answer where meeting_id = :id and person_id = :person"
        scene.stack.direct.write(text(change), answer=answer, id=planned["id"], person=people[role].id)
    trouble = "update meeting set calendar_state = 'REFUSED', calendar_problem = :problem where id = :id"
    problem = "The event was deleted in the calendar. Make it again by saving the meeting, or cancel the meeting."
    scene.stack.direct.write(text(trouble), problem=problem, id=planned["id"])
    over = plan(author, made, additional=True)
    scene.stack.direct.write(
        text("update meeting set starts_at = now() - interval '2 hours' where id = :id"), id=over["id"]
    )
    off = plan(author, made, additional=True, startsAt=soon(9))
    ok(author.delete(door(made, f"/{off['id']}")), 204)
    held = plan(author, made, additional=True, startsAt=soon(8))
    ok(author.post(door(made, f"/{held['id']}/held"), json={"held": True, "notes": "We watch the pool now."}))
    scene.add("meetings", path, "author", "reader")
    scene.add("meeting changed", path, "author", prepare=unfold("main details"))
    own = {"kind": "google", "address": f"{LONG}@acme.example"}
    ok(author.post("/api/me/calendars", json=own), 201)
    scene.add("own calendars", "/settings/calendars", "author", "reader")
    scene.add("meeting agenda", f"{path}/{planned['id']}/agenda", "author")


def plan(author: Person, made: Any, **more: Any) -> Any:
    return ok(author.post(door(made), json={"startsAt": soon(5), **more}), 201)


def _everyone_in(author: Person, made: Any, people: Any) -> None:
    """People in several zones, so that the grid has something to show."""
    zones = {"reviewer": "America/New_York", "editor": "Asia/Kolkata", "commenter": "Asia/Shanghai"}
    for role, zone in zones.items():
        ok(people[role].patch("/api/me", json={"timeZone": zone}))
    for role in ("editor", "commenter"):
        body = {"userId": people[role].id, "level": "EDIT"}
        ok(author.post(f"/api/postmortems/{made['id']}/editors", json=body), 201)
