"""One ticket: made and changed, its fields, texts, comments and moves."""

import uuid
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import (
    TicketForbidden,
    TicketGone,
    TrackerRefused,
)
from domain.tickets.status import TicketState
from integrations.registry import connect
from integrations.text.comparison import looks_same
from integrations.ticket import (
    PullRequest,
    PullRequestState,
    Ticket,
    TicketChange,
    TicketDraft,
    TicketRef,
)
from integrations.tracker import Registration, Tracker, TrackerUnavailable
from integrations.trackers.linear.marker import IDS_OF_A_MARKER, id_for_marker
from integrations.trackers.linear.texts import as_ours, written
from tests.integrations.trackers.linear.talk import DRAFT, REF, asked
from tests.peers.linear import LinearPeer, serialized
from tests.peers.tracker_peer import Fault, Kind

LINES = ["", "text", "- one", "  - two", "1. three", "> said", "@jane", "`@b` *c*", "```\n* d\n```", "| f |\n| - |"]


class TestOneTicket:
    def test_the_id_is_made_of_the_marker(self, tracker: Tracker) -> None:
        made = tracker.create(DRAFT)
        assert uuid.UUID(made.external_id).version == 4
        assert made.external_id == id_for_marker("ai_1", 0)
        assert len({id_for_marker(f"ai_{number}", place) for number in range(50) for place in range(5)}) == 250

    def test_created_twice_it_is_one(self, tracker: Tracker, peer: LinearPeer) -> None:
        made = tracker.create(DRAFT)
        peer.edit(made.external_id, title="Somebody else's words")
        again = tracker.create(DRAFT)
        assert (again.ref, again.title) == (made.ref, "Somebody else's words")
        assert len(peer.tickets()) == 1

    def test_an_answer_that_was_lost_is_no_second_ticket(self, tracker: Tracker, peer: LinearPeer) -> None:
        peer.order(Fault.LOST_ANSWER, Kind.CREATE)
        with pytest.raises(TrackerUnavailable):
            tracker.create(DRAFT)
        found = tracker.find(DRAFT.marker)
        assert found == tracker.create(DRAFT)
        assert len(peer.tickets()) == 1

    def test_it_can_be_made_anew_where_it_lies_in_the_bin(self, tracker: Tracker, peer: LinearPeer) -> None:
        old = tracker.create(DRAFT)
        peer.delete(old.external_id)
        assert tracker.find(DRAFT.marker) is None
        new = tracker.create(DRAFT)
        assert new.external_id == id_for_marker("ai_1", 1)
        assert tracker.find(DRAFT.marker) == new == tracker.create(DRAFT)
        for place in range(1, IDS_OF_A_MARKER):
            peer.delete(id_for_marker("ai_1", place)) if place == 1 else peer.delete(tracker.create(DRAFT).external_id)
        with pytest.raises(TrackerRefused, match="in its trash"):
            tracker.create(DRAFT)

    def test_another_refusal_is_told_in_linears_words(self, tracker: Tracker, peer: LinearPeer) -> None:
        with pytest.raises(TrackerRefused, match="title should not be blank"):
            tracker.create(TicketDraft("ai_1", " ", ""))
        with pytest.raises(TrackerRefused, match="Could not find referenced User"):
            tracker.create(TicketDraft("ai_1", "T", "", assignee=str(uuid.uuid4())))
        assert not peer.tickets()

    def test_fields_are_given_by_id_and_never_ours(self, tracker: Tracker, peer: LinearPeer) -> None:
        peer.requests.clear()
        tracker.create(TicketDraft("ai_1", "T", "B", fields={"priority": 2, "title": "Not mine", "id": "nor this"}))
        sent = peer.requests[-1].json()
        assert isinstance(sent, dict)
        assert sent["variables"]["input"] == {
            "priority": 2,
            "title": "T",
            "description": "B",
            "teamId": peer.team.id,
            "id": id_for_marker("ai_1", 0),
        }

    def test_labels_are_found_or_made_once(self, peer: LinearPeer) -> None:
        peer.labels["l-1"] = ("high", None)
        with connect("linear", {**peer.config, "labels": ["postmortem", "high"]}, peer.secrets) as tracker:
            one = tracker.create(TicketDraft("ai_1", "T", "", labels=("high", "api")))
            two = tracker.create(TicketDraft("ai_2", "T", ""))
        named = {one: name for one, (name, _) in peer.labels.items()}
        assert [named[label] for label in peer.issues[one.external_id].labels] == ["postmortem", "high", "api"]
        assert [named[label] for label in peer.issues[two.external_id].labels] == ["postmortem", "high"]
        assert len(peer.labels) == 3

    @pytest.mark.parametrize("pointer", ["WEB", "web", "Web", "id"])
    def test_a_project_is_another_team(self, tracker: Tracker, peer: LinearPeer, pointer: str) -> None:
        pointer = peer.other_team.id if pointer == "id" else pointer
        assert tracker.create(TicketDraft("ai_1", "T", "", project=pointer)).key == "WEB-1"

    def test_what_linear_has_not_is_refused(self, tracker: Tracker) -> None:
        with pytest.raises(TrackerRefused, match="no issue types"):
            tracker.create(TicketDraft("ai_1", "T", "", issue_type="Bug"))
        with pytest.raises(TrackerRefused, match="the team NOPE doesn't exist"):
            tracker.create(TicketDraft("ai_1", "T", "", project="NOPE"))


class TestFields:
    def test_a_human_stays_assigned(self, tracker: Tracker, peer: LinearPeer) -> None:
        made = tracker.create(DRAFT)
        peer.edit(made.external_id, assignee=LinearPeer.other_account)
        now = tracker.update(made.ref, TicketChange(title="New"))
        assert (now.title, now.assignee) == ("New", LinearPeer.other_account)
        sent = peer.requests[-1].json()
        assert isinstance(sent, dict)
        assert sent["variables"]["input"] == {"title": "New"}

    def test_a_due_date_is_set_moved_and_taken_away(self, tracker: Tracker) -> None:
        made = tracker.create(TicketDraft("ai_1", "T", "", due_on=date(2026, 12, 1)))
        assert made.due_on == date(2026, 12, 1)
        assert tracker.update(made.ref, TicketChange(due_on=date(2027, 1, 2))).due_on == date(2027, 1, 2)
        assert tracker.update(made.ref, TicketChange(title="Other")).due_on == date(2027, 1, 2)
        assert tracker.update(made.ref, TicketChange(no_due_date=True)).due_on is None
        calls = tracker.calls
        tracker.update(made.ref, TicketChange(no_due_date=True))
        assert tracker.calls == calls + 1

    def test_pull_requests_are_told_with_their_state(self, tracker: Tracker, peer: LinearPeer) -> None:
        made = tracker.create(DRAFT)
        assert made.pull_requests == ()
        peer.attach(made.external_id, "https://github.com/acme/api/pull/7", "Fix the queue", "merged")
        peer.attach(made.external_id, "https://gitlab.com/acme/api/-/merge_requests/8", "Fix it", "draft", "gitlab")
        peer.attach(made.external_id, "https://github.com/acme/api/commit/abc", "A commit", "", "github")
        peer.attach(made.external_id, "https://figma.com/file/1", "A design", "open", "figma")
        assert tracker.fetch(made.ref).pull_requests == (
            PullRequest("https://github.com/acme/api/pull/7", "Fix the queue", PullRequestState.MERGED),
            PullRequest("https://gitlab.com/acme/api/-/merge_requests/8", "Fix it", PullRequestState.OPEN),
        )


class TestTexts:
    BODY = (
        "Intro @jane and jane@example.com:\n\n- one\n- two `@app.route`\n\n"
        "```\n* @decorator\n```\n\n| a | b |\n| - | - |\n| 1 | 2 |"
    )

    def test_markdown_comes_back_as_it_went(self, tracker: Tracker, peer: LinearPeer) -> None:
        made = tracker.create(TicketDraft("ai_1", "T", self.BODY))
        assert "* one" in peer.issues[made.external_id].description, "Linear writes lists in its own hand"
        assert made.body == tracker.fetch(made.ref).body == self.BODY
        calls = tracker.calls
        tracker.update(made.ref, TicketChange(body=self.BODY))
        tracker.update(made.ref, TicketChange(body=self.BODY.replace("- one\n- two", "*   one\n\n*   two")))
        assert tracker.calls == calls + 2, "what looks the same is not written again"

    @given(st.lists(st.sampled_from(LINES), max_size=8).map("\n".join))
    def test_whatever_is_written_comes_back(self, body: str) -> None:
        """Through Linear's hand, which writes lists with ``*``, in both directions and twice."""
        once = as_ours(serialized(written(body)))
        assert once == as_ours(serialized(written(once))) == body.strip("\n").rstrip()
        assert looks_same(serialized(written(body)), written(body))

    def test_a_rule_is_no_list(self) -> None:
        assert as_ours("a\n\n* * *\n\n* **b**") == "a\n\n* * *\n\n- **b**"

    def test_nobody_is_mentioned(self, tracker: Tracker, peer: LinearPeer) -> None:
        body = "Ask @jane, see https://linear.app/acme/profiles/jane or `@jane`"
        made = tracker.create(TicketDraft("ai_1", "T", body))
        tracker.comment(made.ref, "c", body)
        for text in (peer.issues[made.external_id].description, *peer.issues[made.external_id].comments.values()):
            assert "@jane," not in text
            assert " https://linear.app/acme/profiles" not in text
            assert "`@jane`" in text, "code is left alone"
        assert made.body == body

    def test_nul_and_foreign_line_ends_do_not_come_through(self, tracker: Tracker) -> None:
        made = tracker.create(TicketDraft("ai_1", "a\0b\nc", "one\r\ntwo\0"))
        assert (made.title, made.body) == ("ab c", "one\ntwo")


class TestComment:
    def test_it_is_one_and_edited_in_place(self, tracker: Tracker, peer: LinearPeer) -> None:
        made, other = tracker.create(DRAFT), tracker.create(TicketDraft("ai_2", "T", ""))
        tracker.comment(made.ref, "living", "- One")
        tracker.comment(other.ref, "living", "Other")
        tracker.comment(made.ref, "living", "- Two")
        calls = len(peer.requests)
        tracker.comment(made.ref, "living", "- Two")
        assert asked(peer)[calls:] == ["Comment"], "nothing is written where it says so already"
        assert [one.comments for one in peer.tickets()] == [("- Two",), ("Other",)]

    def test_an_answer_that_was_lost_is_no_second_comment(self, tracker: Tracker, peer: LinearPeer) -> None:
        made = tracker.create(DRAFT)
        tracker.find("warm")
        peer.order(Fault.LOST_ANSWER, Kind.OTHER, times=2)  # the look, then the write
        for _ in range(2):
            with pytest.raises(TrackerUnavailable):
                tracker.comment(made.ref, "living", "One")
        tracker.comment(made.ref, "living", "One")
        assert [one.comments for one in peer.tickets()] == [("One",)]

    def test_on_a_ticket_that_is_gone(self, tracker: Tracker) -> None:
        with pytest.raises(TicketGone):
            tracker.comment(REF, "living", "One")


class TestMoves:
    def test_in_another_team_it_keeps_its_id(self, tracker: Tracker, peer: LinearPeer) -> None:
        made = tracker.create(DRAFT)
        peer.move(made.external_id)
        now = tracker.fetch(made.ref)
        assert now.ref == TicketRef(made.external_id, "WEB-1")
        assert tracker.update(made.ref, TicketChange(state=TicketState.DONE)).status == "Done"
        assert tracker.resolve("ENG-1").key == "WEB-1"

    def test_in_the_bin_it_is_gone(self, tracker: Tracker, peer: LinearPeer) -> None:
        made = tracker.create(DRAFT)
        peer.delete(made.external_id)
        for call in (tracker.fetch, lambda ref: tracker.update(ref, TicketChange(title="x"))):
            with pytest.raises(TicketGone):
                call(made.ref)
        assert not list(tracker.read_many([made.ref]))
        with pytest.raises(TicketGone):
            tracker.resolve(made.key)

    @pytest.mark.parametrize(("state", "is_gone"), [(TicketState.DONE, False), (TicketState.OPEN, True)])
    def test_archived_when_closed_it_stands(
        self, tracker: Tracker, peer: LinearPeer, state: TicketState, is_gone: bool
    ) -> None:
        made = tracker.create(DRAFT)
        peer.edit(made.external_id, state=state)
        peer.archive(made.external_id)
        assert len(list(tracker.read_many([made.ref]))) == (0 if is_gone else 1)
        if is_gone:
            with pytest.raises(TicketGone):
                tracker.fetch(made.ref)
        else:
            assert tracker.fetch(made.ref).state is state

    def test_in_a_team_that_we_do_not_see_it_is_forbidden(self, tracker: Tracker, peer: LinearPeer) -> None:
        made = tracker.create(DRAFT)
        peer.hide(made.external_id)
        with pytest.raises(TicketForbidden, match="the team ENG doesn't exist, or the key can't see it"):
            tracker.fetch(made.ref)
        assert not list(tracker.read_many([made.ref]))

    def test_moved_to_such_a_team_it_is_gone_for_all_that_linear_tells(
        self, tracker: Tracker, peer: LinearPeer
    ) -> None:
        made = tracker.create(DRAFT)
        peer.seclude(made.external_id)
        with pytest.raises(TicketGone):
            tracker.fetch(made.ref)

    def test_the_address_of_another_workspace_is_refused(self, tracker: Tracker, peer: LinearPeer) -> None:
        made = tracker.create(DRAFT)
        with pytest.raises(TrackerRefused, match="for the workspace acme, not for other"):
            tracker.resolve(made.url.replace("/acme/", "/other/"))
        assert tracker.resolve(made.url.rpartition("/")[0]) == tracker.resolve("eng-1") == made


def test_a_ticket_knows_no_marker(tracker: Tracker) -> None:
    """Its id is the marker: what a person copies has another."""
    made: Ticket = tracker.create(DRAFT)
    assert made.marker is None
    assert Registration("x").expires_at is None, "Linear's webhooks stay"
