"""Linear's states and ours."""

import pytest

from domain.errors import (
    StatusUnreachable,
)
from domain.tickets.status import CloseReason, TicketState
from integrations.ticket import (
    TicketChange,
)
from integrations.tracker import Tracker
from integrations.trackers.linear.status import State, standing_of
from tests.integrations.trackers.linear.talk import DRAFT, asked
from tests.peers.linear import LinearPeer
from tests.peers.scripted import ScriptedVendor


class TestStates:
    @pytest.mark.parametrize(
        ("status", "state", "reason"),
        [
            ("Triage", TicketState.OPEN, None),
            ("Backlog", TicketState.OPEN, None),
            ("Todo", TicketState.OPEN, None),
            ("In Progress", TicketState.STARTED, None),
            ("In Review", TicketState.STARTED, None),
            ("Done", TicketState.DONE, CloseReason.COMPLETED),
            ("Canceled", TicketState.CANCELLED, CloseReason.NOT_PLANNED),
            ("Duplicate", TicketState.CANCELLED, CloseReason.DUPLICATE),
        ],
    )
    def test_a_type_is_a_category(
        self, tracker: Tracker, peer: LinearPeer, status: str, state: TicketState, reason: CloseReason | None
    ) -> None:
        made = tracker.create(DRAFT)
        peer.edit(made.external_id, status=status)
        now = tracker.fetch(made.ref)
        assert (now.status, now.state, now.reason) == (status, state, reason)
        calls = tracker.calls
        assert tracker.update(made.ref, TicketChange(state=state)) == now
        assert tracker.calls == calls + 1, "what holds already is only looked at"

    @pytest.mark.parametrize(
        ("change", "status"),
        [
            (TicketChange(state=TicketState.STARTED), "In Progress"),
            (TicketChange(state=TicketState.STARTED, status="in review"), "In Review"),
            (TicketChange(state=TicketState.STARTED, status="No such"), "In Progress"),
            (TicketChange(state=TicketState.DONE, status="In Review"), "In Review"),
            (TicketChange(state=TicketState.DONE), "Done"),
            (TicketChange(state=TicketState.CANCELLED), "Canceled"),
            (TicketChange(state=TicketState.CANCELLED, reason=CloseReason.DUPLICATE), "Duplicate"),
        ],
    )
    def test_the_configured_name_comes_first(
        self, tracker: Tracker, peer: LinearPeer, change: TicketChange, status: str
    ) -> None:
        made = tracker.create(DRAFT)
        assert tracker.update(made.ref, change).status == status
        written = len(asked(peer))
        assert tracker.update(made.ref, change).status == status
        assert "Update" not in asked(peer)[written:]

    def test_reopened_it_stands_in_the_teams_first_unstarted_state(self, tracker: Tracker, peer: LinearPeer) -> None:
        made = tracker.create(DRAFT)
        peer.edit(made.external_id, state=TicketState.DONE)
        assert tracker.update(made.ref, TicketChange(state=TicketState.OPEN)).status == "Todo"

    def test_without_a_way_everything_else_is_written(self, tracker: Tracker, peer: LinearPeer) -> None:
        made = tracker.create(DRAFT)
        for name in ("In Progress", "In Review"):
            del peer.team.states[name]
        with pytest.raises(StatusUnreachable, match="can't change ENG-1 to started"):
            tracker.update(made.ref, TicketChange(title="New", state=TicketState.STARTED))
        assert tracker.fetch(made.ref).title == "New"

    def test_a_type_of_2031_is_open(self, tracker: Tracker, scripted_vendor: ScriptedVendor) -> None:
        state = State(id="s", name="Paused", type="paused")
        assert standing_of(state).state is TicketState.OPEN
