"""Invitations as files, by two judges that nobody here wrote: ``vobject``, strictly, and npm ``ical.js``."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import vobject
from hypothesis import given, settings
from hypothesis import strategies as st

from domain.meetings.meeting import EventTimes, Response
from integrations.meetings.calendar import Event, Guest
from integrations.meetings.invitation import Method, NotACalendar, read_busy, read_event, read_replies, write
from tests.peers.calendars import icaljs

NOW = datetime(2026, 11, 29, 12, 0, tzinfo=UTC)
ZONES = (
    *("Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Chatham"),
    *("America/St_Johns", "Africa/Casablanca", "Asia/Kolkata", "UTC"),
)
BOB = "bob@acme.example"
HOSTILE = 'Über "quoted"; with, commas: and \\ a very long name that goes on for more than seventy-five octets 🙂'


def event(at: datetime, zone: str = "Europe/Berlin", **more: object) -> Event:
    made = Event(
        key="mtg0abc",
        uid="mtg_abc@afterword",
        sequence=3,
        title="Postmortem review: Payments",
        description="Postmortem: https://x.example/postmortems/pm_1\n\n# Agenda\n\n1. **Summary** (5 min)",
        times=EventTimes(at, 45, "https://meet.example/x"),
        time_zone=zone,
        organizer="ann@acme.example",
        organizer_name="Ann Lee",
        guests=(
            Guest("bob@acme.example", "Bob Marsh", required=True, response=Response.ACCEPTED),
            Guest("cy@acme.example", HOSTILE, required=False),
        ),
        url="https://x.example/postmortems/pm_1",
    )
    return replace(made, **more)  # type: ignore[arg-type]


def by_vobject(file: bytes) -> datetime:
    calendar = vobject.readOne(file.decode())
    calendar.validate(raiseException=True)
    start: datetime = calendar.vevent.dtstart.value
    return start.astimezone(UTC)


def hours_around_changes(zone: str) -> list[datetime]:
    """Each quarter of an hour from two hours before until two hours after the clocks change, both ways."""
    found, rules = [], ZoneInfo(zone)
    at = datetime(2027, 1, 1, tzinfo=UTC)
    while at < datetime(2028, 1, 1, tzinfo=UTC):
        following = at + timedelta(hours=1)
        if at.astimezone(rules).utcoffset() != following.astimezone(rules).utcoffset():
            found += [at + timedelta(minutes=15 * step) for step in range(-8, 9)]
        at = following
    return found or [datetime(2027, 6, 1, 9, 45, tzinfo=UTC)]


@pytest.mark.parametrize("zone", ZONES)
def test_every_judge_reads_the_same_instant(zone: str) -> None:
    instants = hours_around_changes(zone)
    files = [write(event(at, zone), Method.REQUEST, NOW) for at in instants]
    for at, file, told in zip(instants, files, icaljs.read(*files), strict=True):
        assert by_vobject(file) == at
        assert (told["start"], told["end"]) == (at, at + timedelta(minutes=45)), (zone, at)
        read = read_event(file)
        assert read is not None
        assert read.times == event(at).times


def test_a_control_a_wrong_time_zone_is_noticed() -> None:
    at = datetime(2027, 3, 28, 1, 30, tzinfo=UTC)
    file = write(event(at), Method.REQUEST, NOW)
    wrong = file.replace(b"DTSTART:20270328T020000", b"DTSTART:20270328T040000")
    assert wrong != file
    assert icaljs.read(wrong)[0]["start"] != at


@pytest.mark.parametrize("method", Method)
def test_what_programs_need_is_there(method: Method) -> None:
    at = datetime(2027, 3, 25, 13, 0, tzinfo=UTC)
    file = write(event(at), method, NOW, reply_to="replies@acme.example")
    (told,) = icaljs.read(file)
    assert (told["method"], told["uid"], told["sequence"]) == (method.value, "mtg_abc@afterword", 3)
    assert (told["summary"], told["location"]) == ("Postmortem review: Payments", "https://meet.example/x")
    assert told["description"] == event(at).description
    assert told["zone"] == "Europe/Berlin"
    assert told["organizer"] == "mailto:replies@acme.example"
    bob, cy = told["attendees"]
    assert (bob["address"], bob["role"], bob["rsvp"], bob["said"]) == (
        "mailto:bob@acme.example",
        "REQ-PARTICIPANT",
        "TRUE",
        "ACCEPTED",
    )
    assert (cy["role"], cy["name"]) == ("OPT-PARTICIPANT", HOSTILE.replace('"', "'"))
    assert told["alarms"] == ([] if method is Method.CANCEL else ["-PT10M"])
    text = file.decode()
    assert f"STATUS:{'CANCELLED' if method is Method.CANCEL else 'CONFIRMED'}" in text


WORDS = st.text(st.characters(blacklist_categories=["Cs"]), max_size=300)


@settings(max_examples=150, deadline=None)
@given(title=WORDS, description=WORDS, name=WORDS, place=WORDS)
def test_lines_are_folded_and_end_as_they_must(title: str, description: str, name: str, place: str) -> None:
    """CRLF, at most 75 octets, no character torn apart, and no line of somebody's that is one of the file's."""
    at = datetime(2027, 3, 25, 13, 0, tzinfo=UTC)
    guests = (Guest("bob@acme.example", name, required=True),)
    made = event(at, title=title, description=description, guests=guests, times=EventTimes(at, 45, place))
    file = write(made, Method.REQUEST, NOW)
    assert file.endswith(b"END:VCALENDAR\r\n")
    lines = file.split(b"\r\n")
    assert all(len(one) <= 75 for one in lines)
    assert not any(b"\n" in one or b"\r" in one for one in lines)
    for one in lines:
        one.decode()
    assert by_vobject(file) == at
    unfolded = file.decode().replace("\r\n ", "").split("\r\n")
    assert sum(one.startswith("ATTENDEE") for one in unfolded) == 1
    assert sum(one.startswith("BEGIN:VEVENT") for one in unfolded) == 1


def reply(lines: str) -> bytes:
    head = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nMETHOD:REPLY\r\nBEGIN:VEVENT\r\nUID:mtg_abc@afterword\r\n"
    return (head + lines + "END:VEVENT\r\nEND:VCALENDAR\r\n").encode()


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("ATTENDEE;PARTSTAT=ACCEPTED:mailto:Bob@Acme.example", (BOB, Response.ACCEPTED)),
        ('ATTENDEE;CN="Marsh, Bob";PARTSTAT=DECLINED:MAILTO:bob@acme.example', ("bob@acme.example", Response.DECLINED)),
        (
            "ATTENDEE;PARTSTAT=TENTATIVE;RSVP=TRUE:\r\n mailto:bob@acme.example",
            ("bob@acme.example", Response.TENTATIVE),
        ),
        ("ATTENDEE;PARTSTAT=NEEDS-ACTION:mailto:bob@acme.example", None),
        ("ATTENDEE;PARTSTAT=DELEGATED:mailto:bob@acme.example", None),
        ("ATTENDEE:mailto:bob@acme.example", None),
        ("X-NOTHING:1", None),
    ],
)
def test_replies(line: str, expected: tuple[str, Response] | None) -> None:
    found = [(one.address, one.response) for one in read_replies(reply(f"{line}\r\n"))]
    assert found == ([] if expected is None else [expected])
    assert all(one.uid == "mtg_abc@afterword" for one in read_replies(reply(f"{line}\r\n")))


def test_only_a_reply_is_one() -> None:
    at = datetime(2027, 3, 25, 13, 0, tzinfo=UTC)
    assert read_replies(write(event(at), Method.REQUEST, NOW)) == []


@pytest.mark.parametrize(
    "body", [b"", b"x", b"BEGIN:VCALENDAR", b"BEGIN:VEVENT\r\nEND:VEVENT\r\n", b"\xff\xfe\x00", b"A" * 10**6]
)
def test_what_is_no_calendar(body: bytes) -> None:
    with pytest.raises(NotACalendar):
        read_replies(body)


def test_busy_times() -> None:
    body = (
        b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nBEGIN:VFREEBUSY\r\nDTSTAMP:20270101T000000Z\r\n"
        b"FREEBUSY;FBTYPE=BUSY:20270325T130000Z/20270325T140000Z,20270325T150000Z/PT30M\r\n"
        b"FREEBUSY;FBTYPE=FREE:20270325T160000Z/20270325T170000Z\r\nEND:VFREEBUSY\r\nEND:VCALENDAR\r\n"
    )
    one, two = datetime(2027, 3, 25, 13, tzinfo=UTC), datetime(2027, 3, 25, 15, tzinfo=UTC)
    assert read_busy(body) == [(one, one + timedelta(hours=1)), (two, two + timedelta(minutes=30))]
