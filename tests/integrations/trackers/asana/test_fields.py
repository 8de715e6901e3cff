"""States, fields and comments of a task."""

import itertools
import json
from dataclasses import replace
from datetime import date

import pytest

from domain.errors import StatusUnreachable, TicketGone, TrackerRefused
from domain.tickets.status import CloseReason, TicketState
from integrations.ticket import TicketChange
from integrations.tracker import Tracker
from tests.integrations.trackers.asana.peer import DRAFT, joined
from tests.peers.asana import BASE, BOB, JANE, STATUS, AsanaPeer


def writes(peer: AsanaPeer) -> list[str]:
    return [f"{one.method} {one.path.removeprefix(BASE)}" for one in peer.requests if one.method != "GET"]


class TestStates:
    @pytest.mark.parametrize("field", ["", STATUS])
    def test_every_way(self, peer: AsanaPeer, field: str) -> None:
        """From each standing to each other, by sections or by a status field."""
        ways = [
            (TicketState.OPEN, None),
            (TicketState.STARTED, None),
            (TicketState.DONE, CloseReason.COMPLETED),
            (TicketState.CANCELLED, CloseReason.NOT_PLANNED),
            (TicketState.CANCELLED, CloseReason.DUPLICATE),
        ]
        route = [
            one
            for here, at in enumerate(ways)
            for one in (at, at, *(step for to in ways[here + 1 :] for step in (to, at)))
        ]
        assert len({*itertools.pairwise(route)}) == len(ways) ** 2
        with joined(peer, statusField=field) as tracker:
            made = tracker.create(DRAFT)
            before = ways[0]
            for way in route:
                count = len(writes(peer))
                now = tracker.update(made.ref, TicketChange(state=way[0], reason=way[1]))
                assert (now.state, now.reason) == way, (before, way)
                assert (len(writes(peer)) == count) is (way == before)
                before = way

    def test_dropped_is_never_seen_as_done_on_the_way(self, tracker: Tracker, peer: AsanaPeer) -> None:
        made = tracker.create(DRAFT)
        tracker.update(made.ref, TicketChange(title="Dropped", state=TicketState.CANCELLED))
        assert [one.split("/")[-1] for one in writes(peer)] == ["tasks", "tags", "addTag", made.key]
        tracker.update(made.ref, TicketChange(state=TicketState.STARTED))
        assert [one.split("/")[-1] for one in writes(peer)][4:] == [made.key, "addTask", "removeTag"]

    def test_a_named_status_comes_first(self, tracker: Tracker, peer: AsanaPeer) -> None:
        made = tracker.create(DRAFT)
        done = tracker.update(made.ref, TicketChange(state=TicketState.DONE, status="done"))
        assert (done.state, done.status) == (TicketState.DONE, "Completed")
        assert peer.tickets()[0].state is TicketState.DONE
        assert tracker.update(made.ref, TicketChange(state=TicketState.OPEN, status="Done")).status == "Done"
        assert tracker.update(made.ref, TicketChange(state=TicketState.OPEN, status="No such section")).status == "Done"

    def test_no_section_for_started_is_refused_and_the_rest_is_written(self, peer: AsanaPeer) -> None:
        with joined(peer, started=["Being worked on"]) as tracker:
            made = tracker.create(DRAFT)
            with pytest.raises(StatusUnreachable, match="Being worked on"):
                tracker.update(made.ref, TicketChange(title="New", state=TicketState.STARTED))
            assert tracker.fetch(made.ref).title == "New"

    def test_without_names_for_started_it_stays_open(self, peer: AsanaPeer) -> None:
        with joined(peer, started=[]) as tracker:
            made = tracker.create(DRAFT)
            assert tracker.update(made.ref, TicketChange(state=TicketState.STARTED)) == made

    def test_after_a_move_the_sections_there_hold(self, tracker: Tracker, peer: AsanaPeer) -> None:
        made = tracker.create(DRAFT)
        peer.move(made.external_id)
        now = tracker.update(made.ref, TicketChange(state=TicketState.STARTED))
        assert (now.ref, now.state) == (made.ref, TicketState.STARTED)


class TestFields:
    def test_due_dates_and_assignees(self, tracker: Tracker, peer: AsanaPeer) -> None:
        due = date(2027, 1, 22)
        made = tracker.create(replace(DRAFT, due_on=due, assignee=JANE, labels=("postmortem", "new label")))
        assert (made.due_on, made.assignee) == (due, JANE)
        assert tracker.update(made.ref, TicketChange(due_on=due, assignee=JANE)) == made
        peer.edit(made.external_id, assignee=BOB)
        now = tracker.update(made.ref, TicketChange(title="T", no_due_date=True))
        assert (now.due_on, now.assignee) == (None, BOB)
        sent = [json.loads(one.body)["data"] for one in peer.requests if one.method == "PUT"]
        assert sent == [{"name": "T", "due_on": None}]

    def test_a_text_that_asana_writes_otherwise_is_not_written_again(self, tracker: Tracker, peer: AsanaPeer) -> None:
        body = "### Why\n\n* a\n* b\n\n```python\nx = 1\n```\n\n| a | b |\n|---|:-:|\n| [l](https://x.y) | @jane |"
        made = tracker.create(replace(DRAFT, body=body))
        assert tracker.update(made.ref, TicketChange(body=body)) == made
        assert tracker.update(made.ref, TicketChange(body=made.body)) == made
        assert len(writes(peer)) == 1

    def test_an_unknown_assignee_is_refused_in_asanas_words(self, tracker: Tracker) -> None:
        with pytest.raises(TrackerRefused, match="assignee: Not a recognized ID: 5"):
            tracker.create(replace(DRAFT, assignee="5"))

    def test_a_paid_feature_is_refused_in_asanas_words(self, tracker: Tracker, peer: AsanaPeer) -> None:
        peer.paid = False
        with pytest.raises(TrackerRefused, match=r"not available for free users.*another Asana plan"):
            tracker.create(replace(DRAFT, fields={STATUS: "6101"}))

    def test_long_texts_are_cut(self, tracker: Tracker) -> None:
        made = tracker.create(replace(DRAFT, title="t" * 5000, body="b " * 50_000))
        assert (len(made.title), made.title[-1], made.body[-1]) == (1024, "…", "…")
        assert made.marker == DRAFT.marker
        assert tracker.update(made.ref, TicketChange(title="t" * 5000, body="b " * 50_000)) == made


class TestComments:
    def test_one_living_comment(self, tracker: Tracker, peer: AsanaPeer) -> None:
        made = tracker.create(DRAFT)
        for text in ("The owner is *Jane*.", "The owner is *Jane*.", "# Owner\n\n---\n\nKim."):
            tracker.comment(made.ref, "owner", text)
        tracker.comment(made.ref, "another", "Something else.")
        assert peer.tickets()[0].comments == ("**Owner**\n\n———\n\nKim.", "Something else.")
        assert [one.split()[0] for one in writes(peer)] == ["POST", "POST", "PUT", "POST"]

    def test_on_a_task_that_is_gone(self, tracker: Tracker, peer: AsanaPeer) -> None:
        made = tracker.create(DRAFT)
        peer.delete(made.external_id)
        with pytest.raises(TicketGone):
            tracker.comment(made.ref, "owner", "Jane.")
