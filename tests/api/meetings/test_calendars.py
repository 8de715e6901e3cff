"""Meetings and the calendars that they are in, by a whole Afterword and each vendor: made, moved, answered, deleted, on
either side, and killed in between."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select, text

from domain.meetings.meeting import Response
from integrations.registry import calendar as calendar_class
from models.meeting import Meeting
from tests.api.conventions import problem
from tests.api.meetings.meetings import door, found, mail_server, plan, responses, soon
from tests.api.writing import draft, ok, published
from tests.peers.calendars.google import GooglePeer
from tests.peers.calendars.microsoft import MicrosoftPeer
from tests.peers.calendars.peer import CalendarPeer, PeerEvent
from tests.peers.calendars.radicale import RadicalePeer
from tests.peers.calendars.zoom import ZoomPeer
from tests.peers.tracker_peer import Fault, Kind
from tests.stack import Person, Stack, eventually

pytestmark = pytest.mark.usefixtures("no_meetings_left")

PEERS = {one.kind: one for one in (GooglePeer, MicrosoftPeer, RadicalePeer)}


@pytest.fixture(params=sorted(PEERS))
def peer(request: pytest.FixtureRequest, stack: Stack) -> Iterator[CalendarPeer]:
    """The only calendar of the organization while the test runs."""
    made: CalendarPeer = PEERS[request.param]()
    admin = stack.person("ADMIN")
    with made.running():
        body = {
            "kind": made.kind,
            "name": f"Calendar {uuid4().hex[:6]}",
            "config": made.config,
            "secrets": made.secrets,
        }
        connection = ok(admin.post("/api/integrations", json=body), 201)
        yield made
        ok(admin.delete(f"/api/integrations/{connection['id']}"))


@pytest.fixture
def author(stack: Stack) -> Person:
    return stack.person()


@pytest.fixture
def made(author: Person) -> Any:
    return draft(author, visibility="ORGANIZATION")


def email(person: Person) -> str:
    return str(ok(person.get("/api/me"))["email"])


def troubled(admin: Person) -> list[str]:
    """The calendars and video services that need attention."""
    listed = ok(admin.get("/api/integrations", params={"limit": 100}))["items"]
    meant = [one for one in listed if one["kind"] in {*PEERS, "zoom"}]
    return [one["id"] for one in meant if one["needsAttention"] is not None]


def look(stack: Stack, meeting: Any) -> None:
    """As if a quarter of an hour had passed, and the workflow had slept on."""
    statement = text("update meeting set next_at = now() - interval '3 minutes' where id = :id")
    stack.direct.write(statement, id=meeting["id"])  # type: ignore[union-attr]


def there(peer: CalendarPeer) -> PeerEvent:
    (one,) = peer.events()
    return one


def settled(author: Person, made: Any, meeting: Any, state: str = "OK") -> Any:
    def reached() -> Any:
        shown = found(author, made, meeting)
        return shown if shown["calendar"]["state"] == state else None

    return eventually(reached)


def is_reached(peer: CalendarPeer, author: Person, made: Any, meeting: Any) -> bool:
    return peer.was_cut or found(author, made, meeting)["calendar"]["state"] == "OK"


def at(words: str) -> datetime:
    return datetime.fromisoformat(words)


def test_the_event_follows_the_meeting(stack: Stack, peer: CalendarPeer, author: Person, made: Any) -> None:
    guest = stack.person()
    asked = plan(author, made, attendeeIds=[author.id, guest.id], location="Room 4")
    assert asked["calendar"]["state"] == "PENDING"
    settled(author, made, asked)
    event = there(peer)
    assert (event.title, event.starts_at, event.minutes) == (asked["title"], at(asked["startsAt"]), 45)
    assert set(event.guests) == {email(author), email(guest)}
    assert "# Agenda" in event.description
    path = door(made, f"/{asked['id']}")
    ok(author.patch(path, json={"startsAt": soon(6), "durationMinutes": 30, "attendeeIds": [author.id]}))
    settled(author, made, asked)
    event = there(peer)
    assert (event.starts_at, event.minutes, set(event.guests)) == (at(soon(6)), 30, {email(author)})
    ok(author.delete(path), 204)
    settled(author, made, asked)
    assert eventually(lambda: peer.events() == [])


def test_the_provider_or_we_tell_people_never_both(stack: Stack, peer: CalendarPeer, author: Person, made: Any) -> None:
    guest = stack.person()
    with mail_server(stack) as (box, _):
        asked = plan(author, made, attendeeIds=[author.id, guest.id])
        settled(author, made, asked)
        ok(author.patch(door(made, f"/{asked['id']}"), json={"startsAt": soon(6)}))
        settled(author, made, asked)
        ok(author.delete(door(made, f"/{asked['id']}")), 204)
        settled(author, made, asked)
        eventually(lambda: peer.events() == [])
        whats = [one.what for one in peer.notices if email(guest) in one.addresses]
        if calendar_class(peer.kind).invites:
            assert (whats, box.to(email(guest))) == (["invited", "updated", "canceled"], [])
        else:
            eventually(lambda: len(box.to(email(guest))) == 3)
            assert whats == []


def test_what_others_do_there_comes_back(stack: Stack, peer: CalendarPeer, author: Person, made: Any) -> None:
    """Moved, answered, and deleted in the calendar."""
    guest = stack.person()
    asked = plan(author, made, attendeeIds=[author.id, guest.id])
    settled(author, made, asked)
    peer.someone_moves(at(soon(5)), 60)
    peer.someone_answers(email(guest), Response.DECLINED)
    look(stack, asked)

    def moved() -> Any:
        shown = found(author, made, asked)
        return shown if at(shown["startsAt"]) == at(soon(5)) and shown["durationMinutes"] == 60 else None

    shown = eventually(moved)
    assert responses(shown)[email(guest)] == "DECLINED"
    assert shown["sequence"] > asked["sequence"]
    eventually(
        lambda: "meeting_declined" in {one["kind"] for one in ok(author.get("/api/me/notifications"))["items"]}, 20
    )
    settled(author, made, asked)
    peer.someone_deletes()
    look(stack, asked)
    lost = settled(author, made, asked, "REFUSED")
    assert "deleted in the calendar" in lost["calendar"]["problem"]
    assert lost["status"] == "SCHEDULED"
    kinds = [one["kind"] for one in ok(author.get("/api/me/notifications"))["items"]]
    assert kinds.count("meeting_event_deleted") == 1
    ok(author.patch(door(made, f"/{asked['id']}"), json={"startsAt": shown["startsAt"]}))
    settled(author, made, asked)
    assert there(peer).starts_at == at(soon(5))


def test_a_later_change_here_wins(stack: Stack, peer: CalendarPeer, author: Person, made: Any) -> None:
    """Field by field: their length stays, since ours was not touched."""
    asked = plan(author, made, attendeeIds=[author.id])
    settled(author, made, asked)
    peer.someone_moves(at(soon(5)), 60)
    ok(author.patch(door(made, f"/{asked['id']}"), json={"startsAt": soon(8)}))
    settled(author, made, asked)
    event = there(peer)
    assert (event.starts_at, event.minutes) == (at(soon(8)), 60)
    shown = found(author, made, asked)
    assert (at(shown["startsAt"]), shown["durationMinutes"]) == (at(soon(8)), 60)


def test_archived_and_its_event_is_gone(stack: Stack, peer: CalendarPeer, author: Person) -> None:
    admin = stack.person("ADMIN")
    one = published(author, [stack.person()], visibility="ORGANIZATION")
    asked = plan(author, one, attendeeIds=[author.id])
    settled(author, one, asked)
    ok(admin.post(f"/api/postmortems/{one['id']}/archive"))
    eventually(lambda: peer.events() == [])
    doomed = draft(author)
    settled(author, doomed, plan(author, doomed, attendeeIds=[author.id]))
    ok(admin.delete(f"/api/postmortems/{doomed['id']}"), 204)
    eventually(lambda: peer.events() == [])


def test_a_meeting_that_was_held_stays_in_the_calendar(
    stack: Stack, peer: CalendarPeer, author: Person, made: Any
) -> None:
    """Also one whose last change was not told yet."""
    asked = plan(author, made, attendeeIds=[author.id])
    settled(author, made, asked)
    peer.order(Fault.SERVER_ERROR, times=2)
    ok(author.patch(door(made, f"/{asked['id']}"), json={"location": "Room 9"}))
    ok(author.post(door(made, f"/{asked['id']}/held"), json={"held": True}))
    told = select(Meeting.told_request == Meeting.request).where(Meeting.id == asked["id"])
    eventually(lambda: stack.direct.rows(told) == [True], 40)  # type: ignore[union-attr]
    assert len(peer.events()) == 1
    assert "canceled" not in {one.what for one in peer.notices}


def test_a_change_while_the_last_one_is_being_told(peer: CalendarPeer, author: Person, made: Any) -> None:
    asked = plan(author, made, attendeeIds=[author.id])
    settled(author, made, asked)
    before = len(peer.requests)
    peer.order(Fault.SLOW, Kind.UPDATE, times=3)  # a token, perhaps, and the change
    path = door(made, f"/{asked['id']}")
    ok(author.patch(path, json={"startsAt": soon(6)}))
    eventually(lambda: [one for one in peer.requests[before:] if one.method in {"PATCH", "PUT"}])
    ok(author.patch(path, json={"startsAt": soon(7)}))
    eventually(lambda: there(peer).starts_at == at(soon(7)))
    settled(author, made, asked)


def test_a_calendar_that_is_away_gets_it_later(peer: CalendarPeer, author: Person, made: Any) -> None:
    peer.order(Fault.SERVER_ERROR, times=2)
    asked = plan(author, made, attendeeIds=[author.id])
    settled(author, made, asked)
    assert len(peer.events()) == 1


def test_refused_credentials_are_said(stack: Stack, peer: CalendarPeer, author: Person, made: Any) -> None:
    peer.is_revoked = True
    asked = plan(author, made, attendeeIds=[author.id])
    shown = settled(author, made, asked, "REFUSED")
    assert "credentials" in shown["calendar"]["problem"].lower()
    peer.is_revoked = False
    ok(author.patch(door(made, f"/{asked['id']}"), json={"location": "Here"}))
    settled(author, made, asked)


@pytest.mark.parametrize("peer", ["google", "microsoft"], indirect=True)
def test_a_video_link_of_the_calendar(peer: CalendarPeer, author: Person, made: Any) -> None:
    kind = calendar_class(peer.kind).conference.value
    asked = plan(author, made, attendeeIds=[author.id], conference=kind)
    settled(author, made, asked)
    shown = found(author, made, asked)
    assert shown["conference"] == {"kind": kind, "url": there(peer).link}
    assert shown["conference"]["url"]


@pytest.mark.parametrize("peer", ["google"], indirect=True)
def test_a_zoom_link_is_in_the_event(stack: Stack, peer: CalendarPeer, author: Person, made: Any) -> None:
    admin, zoom = stack.person("ADMIN"), ZoomPeer()
    with zoom.running():
        body = {"kind": "zoom", "name": f"Zoom {uuid4().hex[:6]}", "config": zoom.config, "secrets": zoom.secrets}
        connection = ok(admin.post("/api/integrations", json=body), 201)
        asked = plan(author, made, attendeeIds=[author.id], conference="zoom")
        settled(author, made, asked)
        (call,) = zoom.meetings.values()
        assert found(author, made, asked)["conference"]["url"] == call["join_url"]
        assert there(peer).location == call["join_url"]
        ok(author.patch(door(made, f"/{asked['id']}"), json={"startsAt": soon(6)}))
        settled(author, made, asked)
        assert [one["start_time"] for one in zoom.meetings.values()] == [soon(6)]
        ok(author.delete(door(made, f"/{asked['id']}")), 204)
        eventually(lambda: zoom.meetings == {} and peer.events() == [])
        ok(admin.delete(f"/api/integrations/{connection['id']}"))


@pytest.mark.parametrize("peer", ["google"], indirect=True)
def test_without_its_link_the_meeting_is_in_the_calendar(
    stack: Stack, peer: CalendarPeer, author: Person, made: Any
) -> None:
    admin, zoom = stack.person("ADMIN"), ZoomPeer()
    with zoom.running():
        body = {"kind": "zoom", "name": f"Zoom {uuid4().hex[:6]}", "config": zoom.config, "secrets": zoom.secrets}
        connection = ok(admin.post("/api/integrations", json=body), 201)
        zoom.is_revoked = True
        asked = plan(author, made, attendeeIds=[author.id], conference="zoom")
        shown = settled(author, made, asked, "REFUSED")
        assert "Zoom" in shown["calendar"]["problem"]
        assert troubled(admin) == [connection["id"]]  # and not the calendar, which did its part
        assert there(peer).starts_at == at(asked["startsAt"])
        zoom.is_revoked = False
        ok(author.patch(door(made, f"/{asked['id']}"), json={"durationMinutes": 30}))
        settled(author, made, asked)
        assert there(peer).location == found(author, made, asked)["conference"]["url"]
        assert troubled(admin) == []
        ok(author.delete(door(made, f"/{asked['id']}")), 204)
        eventually(lambda: zoom.meetings == {} and peer.events() == [])
        ok(admin.delete(f"/api/integrations/{connection['id']}"))


@pytest.mark.parametrize("peer", ["google"], indirect=True)
def test_a_worker_killed_at_each_request_makes_no_second_event(
    stack: Stack, peer: CalendarPeer, author: Person, made: Any
) -> None:
    """Each request is carried out, and whoever asked is killed before the answer."""
    number = 0
    while True:
        number += 1
        peer.cut_off(number, Fault.SLOW)
        asked = plan(author, made, attendeeIds=[author.id])
        eventually(partial(is_reached, peer, author, made, asked))
        was_cut, peer.cut = peer.was_cut, None
        if was_cut:
            stack.kill("worker")
            stack.revive("worker")
            stack.wait_until_ready()
        settled(author, made, asked)
        assert len(peer.events()) == 1, number
        ok(author.delete(door(made, f"/{asked['id']}")), 204)
        eventually(lambda: peer.events() == [])
        if not was_cut:
            break
    assert number > 2
    invited = [one for one in peer.notices if one.what == "invited"]
    assert len(invited) == number


def test_busy_times_come_from_ones_own_calendar(stack: Stack, peer: CalendarPeer, author: Person, made: Any) -> None:
    """Only when, never what; kept for an hour at most; forgotten with the calendar."""
    own: dict[str, Any] = {"kind": peer.kind, "address": email(author)}
    if peer.kind == "caldav":
        own |= {"address": peer.config["baseUrl"], **peer.secrets}
    free = ok(author.get(door(made, "/suggestion")))["slots"][0]
    begin = at(free["startsAt"])
    if peer.kind == "caldav":
        other = draft(author, visibility="ORGANIZATION")
        settled(author, other, plan(author, other, attendeeIds=[author.id], startsAt=free["startsAt"]))
    else:
        peer.busy[email(author)] = [(begin, begin + timedelta(minutes=45))]
    calendar = ok(author.post("/api/me/calendars", json=own), 201)
    assert calendar["kind"] == peer.kind
    assert "password" not in str(calendar).lower()
    problem(author.post("/api/me/calendars", json=own), 409, "AlreadyExists")
    suggestion = ok(author.get(door(made, "/suggestion")))
    (mine,) = [one for one in suggestion["people"] if one["userId"] == author.id]
    assert [(at(one["from"]), at(one["to"])) for one in mine["busy"]] == [(begin, begin + timedelta(minutes=45))]
    assert set(mine["busy"][0]) == {"from", "to"}
    best = suggestion["slots"][0]
    assert (best["available"], best["unknown"]) == (1, 0)
    assert not at(best["startsAt"]) < begin + timedelta(minutes=45) < at(best["endsAt"]) + timedelta(minutes=45)
    asked_before = len(peer.requests)
    ok(author.get(door(made, "/suggestion")))
    assert len(peer.requests) == asked_before, "kept for a while"
    (listed,) = ok(author.get("/api/me/calendars"))["items"]
    assert listed["state"] == "OK"
    other_person = stack.person()
    assert ok(other_person.get("/api/me/calendars"))["items"] == []
    problem(other_person.delete(f"/api/me/calendars/{calendar['id']}"), 404, "NotFound")
    ok(author.delete(f"/api/me/calendars/{calendar['id']}"), 204)
    assert ok(author.get(door(made, "/suggestion")))["people"][0]["busy"] is None


@pytest.mark.parametrize("peer", ["google"], indirect=True)
def test_a_calendar_that_does_not_answer_is_unknown(peer: CalendarPeer, author: Person, made: Any) -> None:
    """The suggestion comes all the same."""
    ok(author.post("/api/me/calendars", json={"kind": "google", "address": email(author)}), 201)
    peer.order(Fault.SERVER_ERROR, times=5)
    suggestion = ok(author.get(door(made, "/suggestion")))
    assert suggestion["slots"]
    assert suggestion["people"][0]["busy"] is None
    (mine,) = ok(author.get("/api/me/calendars"))["items"]
    assert mine["state"] == "REFUSED"
    assert "503" in mine["problem"]
