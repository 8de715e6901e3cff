"""One contract, every calendar: a new one needs a peer of its name, and nothing else here."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from domain.errors import CredentialsRejected, EventGone
from domain.meetings.meeting import ConferenceKind, EventTimes, Response
from integrations.calendars.microsoft import MARK
from integrations.meetings.calendar import Calendar, CalendarUnavailable, Event, EventThere, Guest
from integrations.registry import calendar as calendar_class
from integrations.registry import calendar_kinds, connect_calendar
from tests.peers.calendars.google import GooglePeer
from tests.peers.calendars.judges import judge_of
from tests.peers.calendars.microsoft import MicrosoftPeer
from tests.peers.calendars.peer import ORGANIZER, SECRET, TOKEN, CalendarPeer
from tests.peers.calendars.radicale import RadicalePeer
from tests.peers.tracker_peer import Fault, Request

PEERS: dict[str, type[CalendarPeer]] = {one.kind: one for one in (GooglePeer, MicrosoftPeer, RadicalePeer)}
AT = datetime(2027, 3, 25, 13, 0, tzinfo=UTC)
BOB, CY = "bob@acme.example", "cy@acme.example"


def event(at: datetime = AT, title: str = "Postmortem review: Payments", **more: object) -> Event:
    made = Event(
        key="mtg0k3v9s2abc",
        uid="mtg_0k3v9s2abc@afterword",
        sequence=0,
        title=title,
        description="Postmortem: https://afterword.example.com/postmortems/pm_1",
        times=EventTimes(at, 45, "Room 4"),
        time_zone="Europe/Berlin",
        organizer=ORGANIZER,
        organizer_name="Ann Lee",
        guests=(Guest(BOB, "Bob Marsh", required=True), Guest(CY, "Cy Young", required=False)),
        url="https://afterword.example.com/postmortems/pm_1",
        created_at=datetime(2027, 3, 1, tzinfo=UTC),
    )
    return replace(made, **more)  # type: ignore[arg-type]


@pytest.fixture(params=calendar_kinds())
def peer(request: pytest.FixtureRequest) -> Iterator[CalendarPeer]:
    made = PEERS[request.param]()
    if made.kind != "caldav":  # a real server judges for itself
        made.judges.append(judge_of(made.kind))
    with made.running():
        yield made
    assert not made.verdicts, made.verdicts


def connected(peer: CalendarPeer) -> Calendar:
    return connect_calendar(peer.kind, peer.config, peer.secrets)


def created(peer: CalendarPeer, what: Event | None = None) -> EventThere:
    with connected(peer) as calendar:
        return calendar.create(what or event())


def updated(peer: CalendarPeer, id_: str, what: Event) -> EventThere:
    with connected(peer) as calendar:
        return calendar.update(id_, what)


def fetched(peer: CalendarPeer, id_: str) -> EventThere:
    with connected(peer) as calendar:
        return calendar.fetch(id_, ORGANIZER)


def canceled(peer: CalendarPeer, id_: str | None, what: Event | None = None) -> None:
    with connected(peer) as calendar:
        calendar.cancel(id_, what or event())


def told(peer: CalendarPeer) -> list[str]:
    return [one.what for one in peer.notices]


def test_an_event_says_what_the_meeting_says(peer: CalendarPeer) -> None:
    made = created(peer)
    (there,) = peer.events()
    assert (there.title, there.starts_at, there.minutes, there.location) == (event().title, AT, 45, "Room 4")
    assert there.description == event().description
    assert set(there.guests) == {BOB, CY}
    assert (made.times, made.id) == (EventTimes(AT, 45, "Room 4"), there.id)
    assert made.revision
    assert fetched(peer, made.id).times == made.times


def test_created_twice_is_one_event_and_one_invitation(peer: CalendarPeer) -> None:
    assert created(peer).id == created(peer).id
    assert len(peer.events()) == 1
    invites = calendar_class(peer.kind).invites
    assert told(peer).count("invited") == (1 if invites else 0)


def test_it_moves(peer: CalendarPeer) -> None:
    made = created(peer)
    later = AT + timedelta(days=4, minutes=30)
    moved = updated(peer, made.id, event(later, "Another title", sequence=1))
    (there,) = peer.events()
    assert (there.title, there.starts_at) == ("Another title", later)
    assert moved.revision != made.revision


@pytest.mark.parametrize("zone", ["Asia/Kathmandu", "Australia/Lord_Howe", "America/New_York", "UTC"])
def test_instants_survive_every_zone_and_both_changes_of_clocks(peer: CalendarPeer, zone: str) -> None:
    made = created(peer, event(time_zone=zone))
    for at in (
        datetime(2027, 3, 28, 0, 45, tzinfo=UTC),
        datetime(2027, 3, 28, 1, 15, tzinfo=UTC),
        datetime(2027, 10, 31, 0, 45, tzinfo=UTC),
        datetime(2027, 10, 31, 1, 15, tzinfo=UTC),
        datetime(2027, 11, 7, 6, 15, tzinfo=UTC),
    ):
        shown = updated(peer, made.id, event(at, time_zone=zone))
        assert shown.times.starts_at == at
        assert peer.events()[0].starts_at == at


def test_moved_there_answered_there_deleted_there(peer: CalendarPeer) -> None:
    made = created(peer)
    later = AT + timedelta(hours=3)
    peer.someone_moves(later, 60)
    peer.someone_answers(BOB, Response.DECLINED)
    shown = fetched(peer, made.id)
    assert shown.times == EventTimes(later, 60, "Room 4")
    assert shown.responses[BOB] is Response.DECLINED
    assert shown.revision != made.revision
    peer.someone_deletes()
    with pytest.raises(EventGone):
        fetched(peer, made.id)
    with pytest.raises(EventGone):
        updated(peer, made.id, event())
    canceled(peer, made.id)
    again = created(peer, event(key="mtg0aaa"))
    assert len(peer.events()) == 1
    assert fetched(peer, again.id).times.starts_at == AT


def test_answers_and_people_added_there_stay(peer: CalendarPeer) -> None:
    made = created(peer)
    peer.someone_answers(BOB, Response.ACCEPTED)
    peer.someone_invites("extra@acme.example")
    updated(peer, made.id, event(AT + timedelta(days=1), sequence=1))
    (there,) = peer.events()
    assert there.guests == {
        BOB: Response.ACCEPTED,
        CY: Response.NEEDS_ACTION,
        "extra@acme.example": Response.NEEDS_ACTION,
    }
    only_bob = (Guest(BOB, "Bob Marsh", required=True),)
    updated(peer, made.id, event(guests=only_bob, former=(CY,), sequence=2))
    assert set(peer.events()[0].guests) == {BOB, "extra@acme.example"}


def test_it_is_canceled(peer: CalendarPeer) -> None:
    made = created(peer)
    canceled(peer, made.id)
    assert peer.events() == []
    canceled(peer, made.id)
    canceled(peer, None)
    invites = calendar_class(peer.kind).invites
    assert told(peer).count("canceled") == (1 if invites else 0)


def test_an_event_that_was_made_and_not_recorded_is_canceled(peer: CalendarPeer) -> None:
    created(peer)
    canceled(peer, None)
    assert peer.events() == []


@pytest.mark.parametrize("fault", [Fault.LOST_ANSWER, Fault.RESET])
def test_interrupted_at_any_request_there_is_one_event(peer: CalendarPeer, fault: Fault) -> None:
    """As a process that was killed: whoever tries again knows nothing but the row."""
    number = 1
    while interrupted_at(peer, number, fault):
        number += 1
    assert number > 3
    invites = calendar_class(peer.kind).invites
    assert told(peer).count("invited") == (number if invites else 0), "each event was announced once"


def interrupted_at(peer: CalendarPeer, number: int, fault: Fault) -> bool:
    """Creating, moving and canceling, each interrupted at its request of that number, and then done again. False where
    each was over before it."""
    what = event(key=f"mtg0k3v9s2{number:03}", uid=f"mtg_{number}@afterword")
    was_cut = interrupted(peer, number, fault, lambda: created(peer, what))
    first = created(peer, what)
    assert len(peer.events()) == 1, number
    later = replace(what, times=EventTimes(AT + timedelta(days=2), 30, None))
    was_cut |= interrupted(peer, number, fault, lambda: updated(peer, first.id, later))
    updated(peer, first.id, later)
    assert [(one.starts_at, one.minutes) for one in peer.events()] == [(AT + timedelta(days=2), 30)], number
    was_cut |= interrupted(peer, number, fault, lambda: canceled(peer, first.id, later))
    canceled(peer, first.id, later)
    assert peer.events() == [], number
    return was_cut


def interrupted(peer: CalendarPeer, number: int, fault: Fault, act: Callable[[], object]) -> bool:
    """False if it was over before that request."""
    peer.cut_off(number, fault)
    with suppress(CalendarUnavailable):
        act()
    was_cut, peer.cut = peer.was_cut, None
    return was_cut


def test_a_limit_says_how_long_to_wait(peer: CalendarPeer) -> None:
    peer.cut_off(1, Fault.LIMITED)
    with pytest.raises(CalendarUnavailable) as caught:
        created(peer)
    assert caught.value.retry_after == 7.0


def test_rejected_credentials(peer: CalendarPeer) -> None:
    peer.is_revoked = True
    with connected(peer) as calendar:
        with pytest.raises(CredentialsRejected) as caught:
            calendar.create(event())
        checks = calendar.check_permissions()
    assert not checks[-1].granted
    for words in (str(caught.value), *(one.detail for one in checks)):
        assert SECRET not in words
        assert TOKEN not in words


def test_permissions_are_checked(peer: CalendarPeer) -> None:
    with connected(peer) as calendar:
        checks = calendar.check_permissions()
    assert checks
    assert all(one.granted for one in checks), checks
    assert peer.events() == []


@pytest.mark.parametrize("peer", ["google", "microsoft"], indirect=True)
def test_busy_times_without_titles(peer: CalendarPeer) -> None:
    """For more people than one question takes; who has no calendar is unknown, not free."""
    many = [f"p{number}@acme.example" for number in range(60)]
    span = (AT, AT + timedelta(hours=1))
    peer.busy = {one: [span] for one in many[:-1]} | {many[0]: []}
    with connected(peer) as calendar:
        found = calendar.busy(many, AT - timedelta(days=1), AT + timedelta(days=13), ORGANIZER)
    assert found == {one: [span] for one in many[1:-1]} | {many[0]: [], many[-1]: None}


@pytest.mark.parametrize("peer", ["caldav"], indirect=True)
def test_busy_times_of_ones_own_caldav_calendar(peer: CalendarPeer) -> None:
    created(peer)
    address = str(peer.config["baseUrl"])
    with connected(peer) as calendar:
        found = calendar.busy([address], AT - timedelta(days=1), AT + timedelta(days=1), address)
        assert found == {address: [(AT, AT + timedelta(minutes=45))]}
        assert calendar.busy(["ann@acme.example"], AT, AT + timedelta(days=1), "x") == {"ann@acme.example": None}


@pytest.mark.parametrize(
    ("peer", "kind"),
    [("google", ConferenceKind.GOOGLE_MEET), ("microsoft", ConferenceKind.TEAMS)],
    indirect=["peer"],
)
def test_a_video_link_is_asked_for_once(peer: CalendarPeer, kind: ConferenceKind) -> None:
    made = created(peer, event(conference=kind))
    assert made.conference_url
    again = updated(peer, made.id, event(AT + timedelta(days=1), conference=kind))
    assert again.conference_url == made.conference_url
    assert created(peer, event(key="mtg0bbb")).conference_url is None


@pytest.mark.parametrize("peer", ["google"], indirect=True)
def test_a_quiet_change_tells_nobody(peer: CalendarPeer) -> None:
    made = created(peer)
    updated(peer, made.id, event(description="A newer agenda", quietly=True))
    assert peer.events()[0].description == "A newer agenda"
    assert told(peer) == ["invited"]


@pytest.mark.parametrize("peer", ["google"], indirect=True)
def test_a_service_account_acts_as_the_organizer(peer: CalendarPeer) -> None:
    created(peer)
    assert isinstance(peer, GooglePeer)
    assert peer.subjects == {ORGANIZER}


@pytest.mark.parametrize("peer", ["google"], indirect=True)
def test_a_refresh_token_serves_one_account(peer: CalendarPeer) -> None:
    secrets = {"clientId": "c", "clientSecret": SECRET, "refreshToken": "r"}
    config = {**peer.config, "account": ORGANIZER}
    with connect_calendar("google", config, secrets) as calendar:
        made = calendar.create(event())
        assert calendar.fetch(made.id, "somebody@acme.example").times.starts_at == AT


@pytest.mark.parametrize("peer", ["google", "microsoft"], indirect=True)
def test_the_judges_catch_a_wrong_request(peer: CalendarPeer) -> None:
    created(peer)
    sent = next(one for one in peer.requests if one.method == "POST" and one.path.endswith("/events"))
    judge = judge_of(peer.kind)
    judge(sent)
    bodies = [sent.body.replace(b"{", b'{"misspelt": 1, ', 1), sent.body.replace(b"dateTime", b"dateTme")]
    if peer.kind == "microsoft":
        assert MARK.encode() in sent.body
        bodies[1] = sent.body.replace(b'"responseRequested":true', b'"responseRequested":"yes"')
        assert bodies[1] != sent.body
    else:
        bodies[1] = sent.body.replace(b'"guestsCanModify":false', b'"guestsCanModify":"no"')
        assert bodies[1] != sent.body
    for body in bodies:
        with pytest.raises(Exception, match=r"."):
            judge(Request("POST", sent.path, sent.query, sent.headers, body))
    with pytest.raises(Exception, match=r"."):
        judge(Request("POST", sent.path.replace("events", "evenings"), sent.query, sent.headers, sent.body))
