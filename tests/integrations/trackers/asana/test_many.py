"""Many tasks at once, and how a task is found."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from domain.errors import CredentialsRejected, TicketForbidden, TicketGone
from integrations.registry import connect
from integrations.ticket import TicketRef
from integrations.tracker import Tracker, TrackerUnavailable
from tests.integrations.trackers.asana.peer import DRAFT, joined
from tests.peers.asana import OAUTH, THERE, WORKSPACE, AsanaPeer
from tests.peers.tracker_peer import Fault, Kind


class TestManyAtOnce:
    def test_a_hundred_in_one_call(self, tracker: Tracker, peer: AsanaPeer) -> None:
        refs = [TicketRef(gid, gid) for gid in (peer.open(f"Ticket {number}", "Text.") for number in range(250))]
        found = list(tracker.read_many(refs))
        assert [one.ref for one in found] == refs
        assert tracker.calls == 3
        assert found[0] == tracker.fetch(refs[0])

    def test_it_stops_when_all_are_found(self, tracker: Tracker, peer: AsanaPeer) -> None:
        gids = [peer.open(f"Ticket {number}", "") for number in range(150)]
        assert len(list(tracker.read_many([TicketRef(gids[3], gids[3])]))) == 1
        assert tracker.calls == 1

    def test_what_is_gone_or_hidden_is_left_out_and_what_moved_is_followed(
        self, tracker: Tracker, peer: AsanaPeer
    ) -> None:
        refs = [TicketRef(gid, gid) for gid in (peer.open(f"Ticket {number}", "") for number in range(6))]
        peer.delete(refs[0].external_id)
        peer.hide(refs[1].external_id)
        peer.move(refs[2].external_id)
        peer.move(refs[3].external_id)
        found = {one.ref: one for one in tracker.read_many(refs)}
        assert set(found) == set(refs[2:])
        assert found[refs[2]].url == f"https://app.asana.com/1/{WORKSPACE}/project/{THERE}/task/{refs[2].key}"
        with pytest.raises(TicketGone):
            tracker.fetch(refs[0])
        with pytest.raises(TicketForbidden):
            tracker.fetch(refs[1])

    def test_an_empty_list_is_not_believed(self, tracker: Tracker, peer: AsanaPeer) -> None:
        refs = [TicketRef(gid, gid) for gid in (peer.open(f"Ticket {number}", "") for number in range(3))]
        peer.order(Fault.EMPTY_LIST, Kind.LIST)
        assert len(list(tracker.read_many(refs))) == 3  # each was asked for by itself

    def test_a_lost_project_is_no_list_of_the_gone(self, peer: AsanaPeer) -> None:
        with joined(peer, project="7999") as tracker, pytest.raises(TicketForbidden, match="7999"):
            list(tracker.read_many([TicketRef("1", "1")]))

    @pytest.mark.parametrize("fault", [Fault.SERVER_ERROR, Fault.LIMITED, Fault.LIMITED_SILENTLY, Fault.RESET])
    def test_stumbles(self, tracker: Tracker, peer: AsanaPeer, fault: Fault) -> None:
        peer.order(fault, Kind.LIST)
        with pytest.raises(TrackerUnavailable) as caught:
            list(tracker.read_many([TicketRef("1", "1")]))
        assert caught.value.retry_after == {Fault.LIMITED: 1.0}.get(fault)

    def test_a_revoked_token(self, tracker: Tracker, peer: AsanaPeer) -> None:
        peer.revoke()
        with pytest.raises(CredentialsRejected):
            list(tracker.read_many([TicketRef("1", "1")]))
        peer.restore()
        assert list(tracker.read_many([TicketRef("1", "1")])) == []


class TestFind:
    def test_a_lost_answer_is_found_by_its_marker(self, tracker: Tracker, peer: AsanaPeer) -> None:
        began = datetime.now(UTC)
        peer.order(Fault.LOST_ANSWER, Kind.CREATE)
        with pytest.raises(TrackerUnavailable):
            tracker.create(DRAFT)
        found = tracker.find(DRAFT.marker, began)
        assert found is not None
        assert [one.external_id for one in peer.tickets()] == [found.external_id]
        assert peer.tickets()[0].body == DRAFT.body

    def test_what_was_changed_before_is_not_looked_at(self, tracker: Tracker) -> None:
        made = tracker.create(DRAFT)
        assert tracker.find(DRAFT.marker, made.updated_at + timedelta(minutes=4)) == made
        assert tracker.find(DRAFT.marker, made.updated_at + timedelta(minutes=6)) is None

    def test_it_is_found_on_a_later_page_and_in_a_further_project(self, peer: AsanaPeer) -> None:
        for number in range(120):
            peer.open(f"Ticket {number}", "")
        with joined(peer, furtherProjects=[THERE]) as tracker:
            made = tracker.create(replace(DRAFT, project=THERE))
            assert tracker.find(DRAFT.marker) == made
            assert f"/project/{THERE}/" in made.url

    def test_an_oauth_app_keeps_it_out_of_sight_and_asks_once(self, peer: AsanaPeer) -> None:
        with connect("asana", peer.config | {"oauthApp": True}, peer.secrets | {"token": OAUTH}) as tracker:
            assert tracker.find(DRAFT.marker) is None
            made = tracker.create(DRAFT)
            assert made.marker == DRAFT.marker
            assert b"afterword:" not in peer.requests[-1].body
            before = tracker.calls
            assert tracker.find(DRAFT.marker) == made
            assert tracker.calls - before == 1
            peer.move(made.external_id)
            found = tracker.find(DRAFT.marker)
            assert found is not None
            assert found.ref == made.ref

    def test_external_data_is_refused_to_a_personal_token(self, peer: AsanaPeer) -> None:
        with joined(peer, oauthApp=True) as tracker, pytest.raises(TicketForbidden, match="OAuth"):
            tracker.create(DRAFT)
