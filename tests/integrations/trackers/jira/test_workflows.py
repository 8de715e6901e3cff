"""A status is reached through a workflow's transitions; many tickets at once."""

import math

import pytest

from domain.errors import (
    StatusUnreachable,
)
from domain.tickets.status import CloseReason, TicketState
from integrations.registry import connect
from integrations.ticket import TicketChange, TicketDraft, TicketRef
from integrations.tracker import Tracker
from tests.integrations.trackers.jira.talk import DRAFT, body, sent
from tests.peers.jira import FLOW, Flow, JiraPeer, Way
from tests.peers.tracker_peer import Fault, Kind


def statuses(peer: JiraPeer, external_id: str) -> list[str]:
    """The ways that were taken, by name."""
    names = {way.id: way.name for way in peer.flow.ways}
    taken = sent(peer, "POST", f"/{external_id}/transitions")
    return [names[body(one)["transition"]["id"]] for one in taken]


class TestWorkflows:
    @pytest.mark.parametrize("administers", [True, False])
    def test_the_way_leads_through_no_closed_status(
        self, tracker: Tracker, jira_peer: JiraPeer, administers: bool
    ) -> None:
        """Abandoned and back would lead there as well."""
        jira_peer.administers = administers
        made = tracker.create(DRAFT)
        done = tracker.update(made.ref, TicketChange(state=TicketState.DONE))
        assert (done.state, done.status, done.reason) == (TicketState.DONE, "Done", CloseReason.COMPLETED)
        assert statuses(jira_peer, made.external_id)[0] == "Start"
        assert "Abandon" not in statuses(jira_peer, made.external_id)

    def test_with_the_map_it_is_the_shortest(self, tracker: Tracker, jira_peer: JiraPeer) -> None:
        ways = [Way(str(one), f"{one}", (str(one),), str(one + 1)) for one in range(1, 6)]
        detour = [Way("11", "detour", ("1",), "8"), Way("12", "dead end", ("8",), "9")]
        names = {str(one): (f"S{one}", "indeterminate") for one in range(2, 6)}
        dead = {"8": ("Dead", "indeterminate"), "9": ("End", "indeterminate")}
        jira_peer.flow = Flow({"1": ("S1", "new"), **dead, **names, "6": ("Done", "done")}, (*detour, *ways))
        made = tracker.create(DRAFT)
        assert tracker.update(made.ref, TicketChange(state=TicketState.DONE)).status == "Done"
        assert statuses(jira_peer, made.external_id) == ["1", "2", "3", "4", "5"]

    def test_without_a_way_everything_else_is_written_and_the_issue_stays(
        self, tracker: Tracker, jira_peer: JiraPeer
    ) -> None:
        flow = Flow(FLOW.statuses, tuple(way for way in FLOW.ways if way.to != "10002"))
        jira_peer.flow, jira_peer.administers = flow, False
        made = tracker.create(DRAFT)
        change = TicketChange("New title", "New body", TicketState.DONE, assignee=JiraPeer.other_account)
        with pytest.raises(StatusUnreachable, match=r"can't change OPS-1 to a done status.*from To Do"):
            tracker.update(made.ref, change)
        now = tracker.fetch(made.ref)
        assert (now.title, now.body, now.assignee) == ("New title", "New body", JiraPeer.other_account)
        assert now.status == "To Do"
        assert statuses(jira_peer, made.external_id)[-1] == "Back to the list"

    def test_with_the_map_nothing_is_tried_in_vain(self, tracker: Tracker, jira_peer: JiraPeer) -> None:
        jira_peer.flow = Flow(FLOW.statuses, tuple(way for way in FLOW.ways if way.to != "10002"))
        made = tracker.create(DRAFT)
        with pytest.raises(StatusUnreachable):
            tracker.update(made.ref, TicketChange(state=TicketState.DONE))
        assert statuses(jira_peer, made.external_id) == []

    def test_a_screen_that_wants_more_is_gone_round(self, tracker: Tracker, jira_peer: JiraPeer) -> None:
        direct = Way("71", "Close at once", ("10000",), "10002", resolution=True, required=("customfield_1",))
        jira_peer.flow = Flow(FLOW.statuses, (direct, *FLOW.ways))
        made = tracker.create(DRAFT)
        assert tracker.update(made.ref, TicketChange(state=TicketState.DONE)).state is TicketState.DONE
        assert statuses(jira_peer, made.external_id) == ["Start", "Resolve"]

    @pytest.mark.parametrize(
        ("state", "reason", "resolution"),
        [
            (TicketState.DONE, CloseReason.COMPLETED, "10000"),
            (TicketState.DONE, None, "10000"),
            (TicketState.CANCELLED, CloseReason.NOT_PLANNED, "10001"),
            (TicketState.CANCELLED, None, "10001"),
            (TicketState.CANCELLED, CloseReason.DUPLICATE, "10002"),
        ],
    )
    def test_the_resolution_says_why(
        self, tracker: Tracker, jira_peer: JiraPeer, state: TicketState, reason: CloseReason | None, resolution: str
    ) -> None:
        jira_peer.flow = Flow(FLOW.statuses, tuple(way for way in FLOW.ways if way.name != "Abandon"))
        made = tracker.create(DRAFT)
        now = tracker.update(made.ref, TicketChange(state=state, reason=reason))
        assert now.state is state
        assert reason in {None, now.reason}
        assert body(sent(jira_peer, "POST", "transitions$")[-1])["fields"] == {"resolution": {"id": resolution}}

    def test_cancelled_may_be_a_status_of_its_own(self, tracker: Tracker, jira_peer: JiraPeer) -> None:
        made = tracker.create(DRAFT)
        now = tracker.update(made.ref, TicketChange(state=TicketState.CANCELLED))
        assert (now.status, now.state, now.reason) == ("Abandoned", TicketState.CANCELLED, CloseReason.NOT_PLANNED)
        assert body(sent(jira_peer, "POST", "transitions$")[-1]) == {"transition": {"id": "61"}}

    def test_done_is_no_way_to_cancel(self, tracker: Tracker, jira_peer: JiraPeer) -> None:
        jira_peer.flow = Flow(
            {"1": ("To Do", "new"), "2": ("Done", "done")},
            (Way("1", "Finish", ("1",), "2"), Way("2", "Reopen", ("2",), "1")),
        )
        made = tracker.create(DRAFT)
        with pytest.raises(StatusUnreachable, match="Won't Do"):
            tracker.update(made.ref, TicketChange(state=TicketState.CANCELLED))
        assert tracker.fetch(made.ref).state is TicketState.OPEN
        named = tracker.update(made.ref, TicketChange(state=TicketState.CANCELLED, status="Done"))
        assert named.status == "Done"  # as an administrator has decided
        assert tracker.update(made.ref, TicketChange(state=TicketState.CANCELLED, status="done")) == named

    def test_the_configured_name_comes_first(self, tracker: Tracker, jira_peer: JiraPeer) -> None:
        made = tracker.create(DRAFT)
        now = tracker.update(made.ref, TicketChange(state=TicketState.STARTED, status="in review"))
        assert now.status == "In Review"
        assert statuses(jira_peer, made.external_id) == ["Start", "Ask for review"]

    @pytest.mark.parametrize("administers", [True, False])
    def test_a_name_that_is_not_there_gives_way_to_its_category(
        self, tracker: Tracker, jira_peer: JiraPeer, administers: bool
    ) -> None:
        jira_peer.administers = administers
        made = tracker.create(DRAFT)
        assert tracker.update(made.ref, TicketChange(state=TicketState.STARTED, status="Doing")).status == "In Progress"

    def test_a_human_who_chose_another_status_of_that_category_is_left_alone(
        self, tracker: Tracker, jira_peer: JiraPeer
    ) -> None:
        made = tracker.create(DRAFT)
        jira_peer.edit(made.external_id, status="In Review")
        now = tracker.update(made.ref, TicketChange(state=TicketState.STARTED, status="In Progress"))
        assert now.status == "In Review"
        assert statuses(jira_peer, made.external_id) == []

    def test_from_closed_to_closed_otherwise_leads_through_open(self, tracker: Tracker, jira_peer: JiraPeer) -> None:
        made = tracker.create(DRAFT)
        jira_peer.edit(made.external_id, state=TicketState.DONE)
        now = tracker.update(made.ref, TicketChange(state=TicketState.CANCELLED))
        assert now.state is TicketState.CANCELLED
        assert statuses(jira_peer, made.external_id) == ["Back to the list", "Abandon"]

    @pytest.mark.parametrize("administers", [True, False])
    def test_a_workflow_in_a_circle_ends(self, tracker: Tracker, jira_peer: JiraPeer, administers: bool) -> None:
        jira_peer.administers = administers
        ways = (Way("1", "There", ("1",), "2"), Way("2", "Back", ("2",), "1"))
        jira_peer.flow = Flow({"1": ("To Do", "new"), "2": ("Doing", "indeterminate"), "3": ("Done", "done")}, ways)
        made = tracker.create(DRAFT)
        with pytest.raises(StatusUnreachable):
            tracker.update(made.ref, TicketChange(state=TicketState.DONE))
        assert tracker.fetch(made.ref).status == "To Do"

    def test_other_words_for_not_done_may_be_configured(self, jira_peer: JiraPeer) -> None:
        jira_peer.flow = Flow(
            {"1": ("Offen", "new"), "2": ("Verworfen", "done")}, (Way("1", "Verwerfen", ("1",), "2"),)
        )
        with connect("jira", jira_peer.config | {"notDone": ["verworfen"]}, jira_peer.secrets) as tracker:
            made = tracker.create(DRAFT)
            assert tracker.update(made.ref, TicketChange(state=TicketState.CANCELLED)).status == "Verworfen"


class TestMany:
    def test_five_thousand_take_sixty_calls_at_most(self, tracker: Tracker, jira_peer: JiraPeer) -> None:
        refs = [tracker.create(TicketDraft(f"ai_{one}", f"T{one}", "B")).ref for one in range(3)]
        absent = [TicketRef(str(one), f"OPS-{one}") for one in range(90_000, 90_247)]
        before = tracker.calls
        found = list(tracker.read_many([*absent, *refs]))
        assert {one.ref for one in found} == set(refs)
        assert tracker.calls - before == math.ceil(250 / tracker.page_size)
        assert math.ceil(5_000 / tracker.page_size) <= 60

    def test_an_empty_list_says_nothing(self, tracker: Tracker, jira_peer: JiraPeer) -> None:
        made = tracker.create(DRAFT)
        jira_peer.order(Fault.EMPTY_LIST, Kind.LIST)
        assert list(tracker.read_many([made.ref])) == []
        assert tracker.fetch(made.ref) == made

    def test_none_is_no_call(self, tracker: Tracker) -> None:
        assert list(tracker.read_many([])) == []
        assert tracker.calls == 0
