"""Invitations by mail, through a real mail server, and the answers to them."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import httpx
import pytest
import vobject

from tests.api.meetings.meetings import (
    REPLIES,
    SECRET,
    door,
    file_in,
    found,
    letters,
    mail_server,
    plan,
    reply_mail,
    responses,
    soon,
)
from tests.api.writing import draft, ok
from tests.peers.smtp import Mailbox
from tests.stack import NO_TLS, Person, Stack, eventually

pytestmark = pytest.mark.usefixtures("no_meetings_left")


@pytest.fixture
def mail(stack: Stack) -> Iterator[tuple[Mailbox, Any]]:
    with mail_server(stack, replyAddress=REPLIES) as found:
        yield found


@pytest.fixture
def author(stack: Stack) -> Person:
    return stack.person()


@pytest.fixture
def made(author: Person) -> Any:
    return draft(author, visibility="ORGANIZATION")


def email(person: Person) -> str:
    return str(ok(person.get("/api/me"))["email"])


def event_in(letter: Any) -> tuple[str, Any]:
    calendar = vobject.readOne(file_in(letter).decode())
    calendar.validate(raiseException=True)
    return calendar.method.value, calendar.vevent


def post(connection: Any, mail: bytes, secret: str = SECRET) -> httpx.Response:
    headers = {"Authorization": f"Bearer {secret}", "Content-Type": "message/rfc822"}
    return httpx.post(connection["webhookUrl"], content=mail, headers=headers, timeout=30, verify=NO_TLS)


def test_invited_changed_answered_and_cancelled(
    stack: Stack, mail: tuple[Mailbox, Any], author: Person, made: Any
) -> None:
    """The whole round trip: each is told once of each step, under one UID, and an answer comes back."""
    box, connection = mail
    guest, late = stack.person(timeZone="Asia/Kathmandu"), stack.person()
    mine, theirs = email(author), email(guest)
    meeting = plan(author, made, attendeeIds=[author.id, guest.id], location="https://meet.example/x")
    (first,) = letters(box, theirs, 1)
    method, event = event_in(first)
    assert (method, event.uid.value, event.sequence.value) == ("REQUEST", meeting["uid"], "0")
    assert event.dtstart.value == datetime.fromisoformat(meeting["startsAt"])
    assert event.organizer.value == f"mailto:{REPLIES}"
    assert {one.value for one in event.attendee_list} == {f"mailto:{mine}", f"mailto:{theirs}"}
    assert all(one.rsvp_param == "TRUE" for one in event.attendee_list)
    assert made["title"] in str(first["Subject"])
    body = first.get_body(("plain",))
    assert body is not None
    assert "(Asia/Kathmandu)" in body.get_content()
    assert "# Agenda" in body.get_content()
    (part,) = [one for one in first.walk() if one.get_content_type() == "text/calendar"]
    assert part.get_param("method") == "REQUEST"

    answer = post(connection, reply_mail(file_in(first), theirs, "ACCEPTED"))
    assert (answer.status_code, answer.json()["status"]) == (202, "accepted")
    assert responses(found(author, made, meeting)) == {mine: "ACCEPTED", theirs: "ACCEPTED"}

    path = door(made, f"/{meeting['id']}")
    ok(author.patch(path, json={"startsAt": soon(5), "attendeeIds": [author.id, guest.id, late.id]}))
    _, second = letters(box, theirs, 2)
    method, event = event_in(second)
    assert (method, event.uid.value, event.sequence.value) == ("REQUEST", meeting["uid"], "1")
    assert event.dtstart.value == datetime.fromisoformat(soon(5))
    (only,) = letters(box, email(late), 1)
    assert str(only["Subject"]).startswith("Invitation: ")
    assert str(second["Subject"]).startswith("Updated invitation: ")
    assert post(connection, reply_mail(file_in(second), theirs, "DECLINED")).status_code == 202
    assert responses(found(author, made, meeting))[theirs] == "DECLINED"
    declined = [one for one in ok(author.get("/api/me/notifications"))["items"] if one["kind"] == "meeting_declined"]
    assert len(declined) == 1

    ok(author.patch(path, json={"attendeeIds": [author.id, guest.id]}))
    gone = letters(box, email(late), 2)[1]
    method, event = event_in(gone)
    assert (method, event.uid.value, event.sequence.value) == ("CANCEL", meeting["uid"], "2")
    assert event.attendee_list[0].value == f"mailto:{email(late)}"

    ok(author.delete(path), 204)
    last = letters(box, theirs, 4)[3]
    method, event = event_in(last)
    assert (method, event.uid.value, event.sequence.value) == ("CANCEL", meeting["uid"], "3")
    assert event.status.value == "CANCELLED"
    assert str(last["Subject"]).startswith("Canceled: ")
    assert len(box.to(email(late))) == 2, "who was taken out hears no more of it"
    told = [(str(one["Message-ID"]), str(one["To"])) for one in box.letters]
    assert len(told) == len(set(told)), "nobody is told of the same twice"


def test_an_answer_is_believed_by_uid_and_address_only(mail: tuple[Mailbox, Any], author: Person, made: Any) -> None:
    box, connection = mail
    meeting = plan(author, made, attendees=[{"userId": author.id}, {"email": "out@else.example"}])
    (letter,) = letters(box, "out@else.example", 1)
    file = file_in(letter)
    for wrong in (
        reply_mail(file, "stranger@else.example", "DECLINED"),
        reply_mail(file.replace(meeting["uid"].encode(), b"mtg_other@afterword"), "out@else.example", "DECLINED"),
        reply_mail(file.replace(b"@afterword", b"@elsewhere"), "out@else.example", "DECLINED"),
    ):
        answer = post(connection, wrong)
        assert (answer.status_code, answer.json()["status"]) == (200, "ignored")
    assert post(connection, reply_mail(file, "out@else.example", "DECLINED"), "wrong").status_code == 401
    assert set(responses(found(author, made, meeting)).values()) == {"ACCEPTED", "NEEDS_ACTION"}
    good = reply_mail(file, "Out@Else.Example", "TENTATIVE")
    assert post(connection, good).json()["status"] == "accepted"
    assert post(connection, good).json()["status"] == "duplicate"
    assert responses(found(author, made, meeting))["out@else.example"] == "TENTATIVE"


@pytest.mark.parametrize("shares", [False, True])
def test_addresses_outside_get_title_and_time(
    mail: tuple[Mailbox, Any], author: Person, made: Any, shares: bool
) -> None:
    box, _ = mail
    address = f"out{shares}@else.example".lower()
    plan(author, made, attendees=[{"userId": author.id}, {"email": address}], notes="Inside.", shareOutside=shares)
    (letter,) = letters(box, address, 1)
    text = str(letter) + file_in(letter).decode().replace("\r\n ", "")
    assert ("# Agenda" in text) == shares
    assert (f"/postmortems/{made['id']}" in text) == shares
    assert ("Inside." in text) == shares
    assert made["title"] in text
    (own,) = letters(box, email(author), 1)
    assert "# Agenda" in file_in(own).decode()


def test_a_private_title_and_agenda_stay_inside(mail: tuple[Mailbox, Any], author: Person) -> None:
    box, _ = mail
    made = draft(author, visibility="PRIVATE")
    plan(author, made, attendees=[{"userId": author.id}, {"email": "private@else.example"}], shareOutside=True)
    for address in (email(author), "private@else.example"):
        (letter,) = letters(box, address, 1)
        text = str(letter) + file_in(letter).decode().replace("\r\n ", "")
        assert made["title"] not in text
        assert f"Postmortem review #{made['number']}" in text
        assert "# Agenda" not in text


def test_an_address_that_is_refused_is_shown(mail: tuple[Mailbox, Any], author: Person, made: Any) -> None:
    box, _ = mail
    box.replies["gone@else.example"] = ["550 no such mailbox"]
    meeting = plan(author, made, attendees=[{"userId": author.id}, {"email": "gone@else.example"}])

    def problem() -> Any:
        return {one["email"]: one["problem"] for one in found(author, made, meeting)["attendees"]}["gone@else.example"]

    assert "550 no such mailbox" in eventually(problem)
    letters(box, email(author), 1)


def test_a_mail_server_that_stumbles_gets_it_later(mail: tuple[Mailbox, Any], author: Person, made: Any) -> None:
    box, _ = mail
    box.replies["slow@else.example"] = ["451 later", "451 later", "250 OK"]
    plan(author, made, attendees=[{"userId": author.id}, {"email": "slow@else.example"}])

    def told() -> bool:
        return not box.replies["slow@else.example"][1:]

    eventually(told)
    assert len(letters(box, email(author), 1)) == 1
