"""Zoom: one meeting whatever is interrupted when, judged by its own document; its token is in no error."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from domain.errors import ConferenceRefused, CredentialsRejected
from domain.meetings.meeting import EventTimes
from integrations.meetings.conference import Call, Conference, ConferenceUnavailable
from integrations.registry import connect_conference
from tests.peers.calendars.judges import judge_of
from tests.peers.calendars.peer import SECRET, TOKEN
from tests.peers.calendars.zoom import ZoomPeer
from tests.peers.tracker_peer import Fault, Request

AT = datetime(2027, 3, 25, 13, 0, tzinfo=UTC)
CALL = Call("mtg0k3v9s2abc", "Postmortem review: Payments", EventTimes(AT, 45, None), "Europe/Berlin")
LATER = replace(CALL, times=EventTimes(AT + timedelta(days=2), 30, None))


@pytest.fixture
def peer() -> Iterator[ZoomPeer]:
    made = ZoomPeer()
    made.judges.append(judge_of("zoom"))
    with made.running():
        yield made
    assert not made.verdicts, made.verdicts


def connected(peer: ZoomPeer) -> Conference:
    return connect_conference("zoom", peer.config, peer.secrets)


def test_a_link_is_made_moved_and_taken_away(peer: ZoomPeer) -> None:
    with connected(peer) as zoom:
        made = zoom.keep(None, CALL)
        assert made.url.startswith("https://us02web.zoom.us/j/")
        assert zoom.keep(made.id, LATER) == made
        (there,) = peer.meetings.values()
        assert (there["topic"], there["start_time"], there["duration"]) == (CALL.title, "2027-03-27T13:00:00Z", 30)
        zoom.cancel(made.id, LATER)
        zoom.cancel(made.id, LATER)
        assert peer.meetings == {}
        assert zoom.keep(made.id, CALL).id != made.id, "one that is gone is made again"


@pytest.mark.parametrize("fault", [Fault.LOST_ANSWER, Fault.RESET])
def test_interrupted_at_any_request_there_is_one_meeting(peer: ZoomPeer, fault: Fault) -> None:
    number, was_cut = 0, True
    while was_cut:
        number += 1
        peer.cut_off(number, fault)
        with connected(peer) as zoom, suppress(ConferenceUnavailable):
            zoom.keep(None, CALL)
        was_cut, peer.cut = peer.was_cut, None
        with connected(peer) as zoom:
            zoom.keep(None, LATER)
            assert len(peer.meetings) == 1
            zoom.cancel(None, LATER)
        assert peer.meetings == {}
    assert number > 3


def test_what_goes_wrong_holds_no_credential(peer: ZoomPeer) -> None:
    peer.cut_off(1, Fault.LIMITED)
    with connected(peer) as zoom, pytest.raises(ConferenceUnavailable) as limited:
        zoom.keep(None, CALL)
    assert limited.value.retry_after == 7.0
    peer.cut = None
    peer.is_revoked = True
    with connected(peer) as zoom:
        with pytest.raises(CredentialsRejected) as refused:
            zoom.keep(None, CALL)
        (check,) = zoom.check_permissions()
    assert not check.granted
    for words in (str(refused.value), str(limited.value), check.detail):
        assert SECRET not in words
        assert TOKEN not in words
    with connect_conference("zoom", peer.config, {}) as zoom, pytest.raises(ConferenceRefused):
        zoom.keep(None, CALL)


def test_permissions_are_checked(peer: ZoomPeer) -> None:
    with connected(peer) as zoom:
        assert all(one.granted for one in zoom.check_permissions())


def test_the_judge_catches_a_wrong_request(peer: ZoomPeer) -> None:
    with connected(peer) as zoom:
        zoom.keep(None, CALL)
    sent = next(one for one in peer.requests if one.method == "POST" and one.path.endswith("/meetings"))
    judge = judge_of("zoom")
    judge(sent)
    for wrong in (sent.body.replace(b"{", b'{"misspelt": 1, ', 1), sent.body.replace(b'"type":2', b'"type":"two"')):
        assert wrong != sent.body
        with pytest.raises(Exception, match=r"."):
            judge(Request("POST", sent.path, sent.query, sent.headers, wrong))
