"""What is Linear's own: documents against its schema, ids made of markers, its errors, limits, texts and webhooks."""

import json
import uuid
from collections.abc import Iterator
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.errors import (
    BadSignature,
    CredentialsRejected,
    DomainError,
    InvalidIntegrationConfig,
    MalformedWebhook,
    StatusUnreachable,
    TicketForbidden,
    TicketGone,
    TrackerRefused,
)
from domain.tickets.status import CloseReason, TicketState
from integrations.registry import connect
from integrations.text.comparison import looks_same
from integrations.ticket import (
    PullRequest,
    PullRequestEvent,
    PullRequestState,
    Ticket,
    TicketAction,
    TicketChange,
    TicketDraft,
    TicketEvent,
    TicketRef,
)
from integrations.tracker import Registration, Tracker, TrackerUnavailable
from integrations.trackers.linear import queries
from integrations.trackers.linear.answers import Nodes
from integrations.trackers.linear.marker import IDS_OF_A_MARKER, id_for_marker
from integrations.trackers.linear.queries import ISSUE_QUERY, ISSUES_QUERY, STATES_QUERY
from integrations.trackers.linear.status import State, standing_of, wanted_state
from integrations.trackers.linear.texts import as_ours, written
from integrations.trackers.linear.tracker import LinearTracker
from tests.peers.emulate_linear import EmulatedLinear
from tests.peers.linear import TOKEN, LinearPeer, User, serialized
from tests.peers.linear_schema import check, judge, linear_schema, weight
from tests.peers.receiver import Delivery, Receiver
from tests.peers.scripted import Answer, ScriptedVendor
from tests.peers.tracker_peer import Fault, Kind, Request

DRAFT = TicketDraft("ai_1", "Alert on queue depth", "Page before the queue is full.")
REF = TicketRef("b3a1d9a0-6d1f-4c58-9f53-0000000000ff", "ENG-12")

LINES = ["", "text", "- one", "  - two", "1. three", "> said", "@jane", "`@b` *c*", "```\n* d\n```", "| f |\n| - |"]


@pytest.fixture
def peer() -> Iterator[LinearPeer]:
    peer = LinearPeer()
    peer.judges.append(judge)
    with peer.running():
        yield peer
    assert not peer.verdicts, peer.verdicts


@pytest.fixture
def tracker(peer: LinearPeer) -> Iterator[Tracker]:
    with connect("linear", peer.config, peer.secrets) as tracker:
        yield tracker


@pytest.fixture
def scripted(scripted_vendor: ScriptedVendor) -> Iterator[Tracker]:
    with connect("linear", {"team": "ENG", "baseUrl": scripted_vendor.url}, {"token": TOKEN}) as tracker:
        yield tracker


def asked(peer: LinearPeer) -> list[str]:
    """The names of the documents that were sent."""
    documents = [request.json() for request in peer.requests]
    return [one["query"].split("(")[0].split(" {")[0].split()[1] for one in documents if isinstance(one, dict)]


class TestRequests:
    def test_every_operation_sends_what_linear_knows(self, tracker: Tracker, peer: LinearPeer) -> None:
        made = tracker.create(
            TicketDraft(
                "ai_1", "T", "B", ("one", "two"), LinearPeer.other_account, date(2026, 12, 1), fields={"priority": 2}
            )
        )
        tracker.find("ai_1")
        tracker.update(
            made.ref,
            TicketChange(
                "T2", "B2", TicketState.DONE, CloseReason.COMPLETED, "Done", LinearPeer.account, date(2027, 1, 1)
            ),
        )
        tracker.update(made.ref, TicketChange(no_due_date=True))
        tracker.fetch(made.ref)
        list(tracker.read_many([made.ref]))
        tracker.comment(made.ref, "c", "One")
        tracker.comment(made.ref, "c", "Two")
        tracker.resolve(made.key)
        list(tracker.accounts())
        tracker.check_permissions()
        hook = tracker.register_webhook("https://afterword.example.com/hooks/1", "s3cret")
        tracker.register_webhook("https://afterword.example.com/hooks/1", "s3cret", hook)
        tracker.remove_webhook(hook)
        assert not peer.verdicts
        constants = [value for name, value in vars(queries).items() if name.isupper() and isinstance(value, str)]
        documents = {value for value in constants if value.startswith(("query ", "mutation "))}
        sent = {str(one["query"]) for request in peer.requests if isinstance(one := request.json(), dict)}
        assert sent == documents, "every document of the tracker was sent and judged"
        assert tracker.calls == len(peer.requests)
        assert tracker.request_id == f"request-{len(peer.requests)}"

    @pytest.mark.parametrize(
        ("query", "variables"),
        [
            ("query A { issue(id: 1) { id } }", {}),
            ("query A { issue { id } }", {}),
            ("query A($id: String!) { issue(id: $id) { id key } }", {"id": "x"}),
            ("query A($id: String!) { issue(id: $id) { id } }", {}),
            ("query A($id: String!) { issue(id: $id) { id } }", {"id": "x", "other": "y"}),
            ("query A($id: String!) { issue(id: $id) { state } }", {"id": "x"}),
            (
                "mutation A($input: IssueCreateInput!) { issueCreate(input: $input) { success } }",
                {"input": {"title": "T"}},
            ),
            (
                "mutation A($input: IssueCreateInput!) { issueCreate(input: $input) { success } }",
                {"input": {"teamId": "x", "titel": "T"}},
            ),
            (
                "mutation A($input: IssueCreateInput!) { issueCreate(input: $input) { success } }",
                {"input": {"teamId": "x", "labelIds": [1]}},
            ),
            ("query A { issues(first: 250) { nodes { comments { nodes { id } } } } }", {}),
        ],
    )
    def test_a_wrong_document_is_caught(self, query: str, variables: dict[str, object]) -> None:
        with pytest.raises(AssertionError):
            check(query, variables)

    def test_a_right_one_is_not(self) -> None:
        query = "mutation A($input: IssueCreateInput!) { issueCreate(input: $input) { success issue { id } } }"
        check(query, {"input": {"teamId": "x", "title": "T", "labelIds": ["y"], "dueDate": "2026-12-01"}})

    def test_a_wrong_request_ends_in_the_verdicts(self, peer: LinearPeer) -> None:
        peer.handle(Request("POST", "/graphql", {}, {}, b'{"query": "query A { viewer { id } }"}'))
        assert len(peer.verdicts) == 1
        peer.verdicts.clear()

    def test_the_schema_is_linears(self) -> None:
        assert len(linear_schema().type_map) > 1_100

    def test_a_page_weighs_less_than_linear_allows(self) -> None:
        assert weight(ISSUES_QUERY, {"first": LinearTracker.page_size}) == 4_321
        assert weight(ISSUE_QUERY, {}) < 30


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


class TestMany:
    def test_a_few_calls_show_them_all(self, tracker: Tracker, peer: LinearPeer) -> None:
        for number in range(450):
            peer.open(f"Ticket {number}", "")
        refs = [TicketRef(one.external_id, one.key) for one in peer.tickets()]
        before = tracker.calls
        found = list(tracker.read_many([*refs, REF]))
        assert tracker.calls - before == 3
        assert {ticket.external_id for ticket in found} == {ref.external_id for ref in refs}
        assert found[0] == tracker.fetch(found[0].ref)

    def test_an_empty_list_is_no_news(self, tracker: Tracker, peer: LinearPeer) -> None:
        made = tracker.create(DRAFT)
        peer.order(Fault.EMPTY_LIST, Kind.LIST)
        assert not list(tracker.read_many([made.ref]))
        assert tracker.fetch(made.ref) == made


def error(message: str, code: str = "", kind: str = "", words: str | None = None) -> dict[str, object]:
    told = {"code": code, "type": kind} | ({} if words is None else {"userPresentableMessage": words})
    return {"errors": [{"message": message, "extensions": told}], "data": None}


LIMITED = error("Rate limit exceeded", "RATELIMITED", "ratelimited", "Only 2500 requests are allowed.")
ABSENT = error("Entity not found: Issue", "INPUT_ERROR", "invalid input", "Could not find referenced Issue.")
TEAM = {"data": {"teams": {"nodes": [{"id": "t", "key": "ENG", "name": "Engineering"}]}}}


class TestRefusals:
    @pytest.mark.parametrize("status", [200, 400])
    @pytest.mark.parametrize(
        ("answers", "refusal", "words"),
        [
            ([error("No", "AUTHENTICATION_ERROR")], CredentialsRejected, "Linear rejected"),
            ([error("No", kind="authentication error")], CredentialsRejected, "Linear rejected"),
            (
                [error("No", "FORBIDDEN", "forbidden", "You lack the role.")],
                TicketForbidden,
                "ENG-12: You lack the role",
            ),
            ([error("No", kind="feature not accessible", words="Buy it")], TicketForbidden, "Buy it"),
            ([ABSENT, TEAM], TicketGone, "ENG-12 no longer exists in Linear"),
            (
                [error("Argument Validation Error", "INPUT_ERROR", words="first is too big")],
                TrackerRefused,
                "first is too",
            ),
            ([error("usage", kind="usage limit exceeded")], TrackerRefused, "usage"),
            ([{"errors": [{"message": "Only that"}]}], TrackerRefused, "Only that"),
        ],
    )
    def test_of_a_ticket(
        self,
        scripted: Tracker,
        scripted_vendor: ScriptedVendor,
        status: int,
        answers: list[dict[str, object]],
        refusal: type[DomainError],
        words: str,
    ) -> None:
        scripted_vendor.answers = [Answer(200 if one.get("data") else status, one) for one in answers]
        with pytest.raises(refusal, match=words):
            scripted.fetch(REF)

    @pytest.mark.parametrize(
        ("status", "refusal"),
        [(401, CredentialsRejected), (403, TicketForbidden), (404, TrackerRefused), (410, TrackerRefused)],
    )
    def test_a_status_alone_says_enough(
        self, scripted: Tracker, scripted_vendor: ScriptedVendor, status: int, refusal: type[DomainError]
    ) -> None:
        scripted_vendor.answers = [Answer(status, b"<html>")]
        with pytest.raises(refusal):
            scripted.fetch(REF)

    @pytest.mark.parametrize(
        "answer",
        [
            Answer(200, b"<html>"),
            Answer(200, {"data": {"issue": {"id": 1}}}),
            Answer(200, {"data": {"issue": None}}),
            Answer(200, {"data": None}),
            Answer(200, []),
            Answer(200, error("Oops", "INTERNAL_SERVER_ERROR")),
            Answer(400, error("Oops", kind="lock timeout")),
            Answer(502, b"Bad gateway"),
        ],
        ids=str,
    )
    def test_a_stumble(self, scripted: Tracker, scripted_vendor: ScriptedVendor, answer: Answer) -> None:
        scripted_vendor.answers = [answer]
        with pytest.raises(TrackerUnavailable) as caught:
            scripted.fetch(REF)
        assert caught.value.retry_after is None

    @pytest.mark.parametrize("status", [400, 429])
    @pytest.mark.parametrize(
        ("headers", "least", "most"),
        [
            ({"Retry-After": "7"}, 7, 7),
            ({"X-RateLimit-Requests-Remaining": "0", "X-RateLimit-Requests-Reset": 30}, 25, 30),
            ({"X-RateLimit-Requests-Reset": 30}, 25, 30),
            (
                {
                    "X-RateLimit-Requests-Remaining": "9",
                    "X-RateLimit-Requests-Reset": 900,
                    "X-RateLimit-Complexity-Remaining": "0",
                    "X-RateLimit-Complexity-Reset": 20,
                },
                15,
                20,
            ),
            ({}, None, None),
        ],
    )
    def test_a_limit_says_how_long(
        self,
        scripted: Tracker,
        scripted_vendor: ScriptedVendor,
        status: int,
        headers: dict[str, object],
        least: float | None,
        most: float | None,
    ) -> None:
        now = datetime.now(UTC).timestamp()
        told = {name: str(int((now + at) * 1000)) if isinstance(at, int) else str(at) for name, at in headers.items()}
        scripted_vendor.answers = [Answer(status, LIMITED, told)]
        with pytest.raises(TrackerUnavailable) as caught:
            scripted.create(DRAFT)
        wait = caught.value.retry_after
        assert wait is None if least is None or most is None else wait is not None and least <= wait <= most
        assert len(scripted_vendor.requests) == 1

    def test_no_error_shows_the_key(self, scripted: Tracker, scripted_vendor: ScriptedVendor) -> None:
        scripted_vendor.answers = [Answer(400, error(f"the key {TOKEN} is odd", "INPUT_ERROR"))]
        with pytest.raises(TrackerRefused, match=r"the key \*\*\* is odd") as caught:
            scripted.fetch(REF)
        assert TOKEN not in f"{caught.value!r} {caught.value.facts} {caught.value.__cause__!r}"

    @pytest.mark.parametrize("token", ["a b", "a\nb", ""])
    def test_a_key_that_cannot_be_one_is_refused(self, token: str) -> None:
        with pytest.raises(InvalidIntegrationConfig):
            connect("linear", {}, {"token": token})

    def test_without_a_key_or_a_team_nothing_is_asked(self, peer: LinearPeer) -> None:
        with connect("linear", {"baseUrl": peer.url}, {}) as tracker, pytest.raises(TrackerRefused, match="no API key"):
            tracker.fetch(REF)
        with (
            connect("linear", {"baseUrl": peer.url}, peer.secrets) as tracker,
            pytest.raises(TrackerRefused, match="no team"),
        ):
            tracker.create(DRAFT)
        assert not peer.requests

    @pytest.mark.parametrize(("token", "sent"), [("lin_api_x", "lin_api_x"), ("lin_oauth_x", "Bearer lin_oauth_x")])
    def test_an_oauth_token_is_a_bearers(self, peer: LinearPeer, token: str, sent: str) -> None:
        with connect("linear", peer.config, {"token": token}) as tracker, pytest.raises(CredentialsRejected):
            tracker.own_account()
        assert peer.requests[0].headers["authorization"] == sent


class TestPermissions:
    def denied(self, tracker: Tracker) -> dict[str, str]:
        return {check.name: check.detail for check in tracker.check_permissions() if not check.granted}

    def test_a_revoked_key(self, tracker: Tracker, peer: LinearPeer) -> None:
        peer.revoke()
        assert list(self.denied(tracker)) == ["API key"]
        peer.restore()
        assert not self.denied(tracker)

    def test_a_team_that_is_not_visible(self, tracker: Tracker, peer: LinearPeer) -> None:
        peer.team.visible = False
        assert list(self.denied(tracker)) == ["Team"]

    def test_a_key_that_only_reads_for_no_administrator(self, tracker: Tracker, peer: LinearPeer) -> None:
        peer.may_create = peer.is_admin = False
        denied = self.denied(tracker)
        assert list(denied) == ["Create issues", "Webhooks"]
        assert "issues:create" in denied["Create issues"]
        assert "administrators" in denied["Webhooks"]

    def test_to_ask_makes_nothing(self, tracker: Tracker, peer: LinearPeer) -> None:
        tracker.check_permissions()
        assert not peer.issues
        assert not peer.outbox

    def test_linear_requires_nothing(self, tracker: Tracker) -> None:
        assert tracker.required_fields() == []

    def test_accounts_come_page_by_page(self, tracker: Tracker, peer: LinearPeer) -> None:
        peer.users += [User(f"Person {number}", f"p{number}@example.com") for number in range(150)]
        found = list(tracker.accounts())
        assert len(found) == 152
        assert tracker.calls == 2
        assert (found[1].id, found[1].name, found[1].email) == (peer.other_account, "Jane", "jane@example.com")


URL = "https://afterword.example.com/webhooks/1"


class TestRegistration:
    def test_it_is_made_once_and_renewed(self, tracker: Tracker, peer: LinearPeer) -> None:
        made = tracker.register_webhook(URL, "first")
        assert made == tracker.register_webhook(URL, "second") == tracker.register_webhook(f"{URL}0", "third", made)
        (hook,) = peer.webhooks
        assert (hook.url, hook.secret, hook.team, hook.types) == (
            f"{URL}0",
            "third",
            peer.team.id,
            ["Issue", "Attachment"],
        )
        tracker.remove_webhook(made)
        tracker.remove_webhook(made)
        assert not peer.webhooks
        assert tracker.register_webhook(URL, "fourth", made) != made

    def test_one_of_another_team_is_not_adopted(self, tracker: Tracker, peer: LinearPeer) -> None:
        with connect("linear", {**peer.config, "team": "WEB"}, peer.secrets) as other:
            theirs = other.register_webhook(URL, "s")
        assert tracker.register_webhook(URL, "s") != theirs

    def test_it_may_hear_every_public_team(self, peer: LinearPeer) -> None:
        with connect("linear", {**peer.config, "allPublicTeams": True}, peer.secrets) as tracker:
            made = tracker.register_webhook(URL, "s")
            assert made == tracker.register_webhook(URL, "s")
        assert (peer.webhooks[0].all_teams, peer.webhooks[0].team) == (True, None)

    def test_who_is_no_administrator_is_told(self, tracker: Tracker, peer: LinearPeer) -> None:
        peer.is_admin = False
        with pytest.raises(TicketForbidden, match="administrators"):
            tracker.register_webhook(URL, "s")

    def test_what_was_registered_signs(self, tracker: Tracker, peer: LinearPeer) -> None:
        tracker.register_webhook(URL, "of our choice")
        tracker.create(DRAFT)
        with connect("linear", peer.config, {"token": TOKEN, "webhookSecret": "of our choice"}) as hearing:
            hearing.verify_webhook(peer.outbox[-1].headers, peer.outbox[-1].body, datetime.now(UTC))
        with pytest.raises(BadSignature):
            tracker.verify_webhook(peer.outbox[-1].headers, peer.outbox[-1].body, datetime.now(UTC))


class TestWebhooks:
    def last(self, tracker: Tracker, peer: LinearPeer) -> TicketEvent:
        (news,) = tracker.parse_webhook(peer.outbox[-1].headers, peer.outbox[-1].body)
        assert isinstance(news, TicketEvent)
        return news

    @pytest.mark.parametrize(
        ("seconds", "is_fresh"), [(-61, False), (-59, True), (59, True), (61, False), (86_400, False)]
    )
    def test_an_old_one_is_not_believed(self, tracker: Tracker, peer: LinearPeer, seconds: int, is_fresh: bool) -> None:
        sent = peer.unused()
        signed_at = json.loads(sent.body)["webhookTimestamp"] / 1000
        now = datetime.fromtimestamp(signed_at + seconds, UTC)
        if is_fresh:
            tracker.verify_webhook(sent.headers, sent.body, now)
        else:
            with pytest.raises(BadSignature, match="more than a minute"):
                tracker.verify_webhook(sent.headers, sent.body, now)

    @pytest.mark.parametrize("stamp", [None, "soon", [], {}])
    def test_without_a_time_it_is_not_linears(self, tracker: Tracker, peer: LinearPeer, stamp: object) -> None:
        told = json.loads(peer.unused().body) | {"webhookTimestamp": stamp}
        sent = peer.signed(json.dumps(told).encode())
        with pytest.raises(MalformedWebhook, match="webhookTimestamp"):
            tracker.parse_webhook(sent.headers, sent.body)

    def test_each_change_by_its_name(self, tracker: Tracker, peer: LinearPeer) -> None:
        made = tracker.create(DRAFT)
        opened = self.last(tracker, peer)
        assert (opened.action, opened.actor, opened.ref) == (TicketAction.OPENED, LinearPeer.account, made.ref)
        changes: list[tuple[TicketAction, dict[str, object]]] = [
            (TicketAction.ASSIGNED, {"assignee": LinearPeer.other_account}),
            (TicketAction.EDITED, {"title": "Other"}),
            (TicketAction.EDITED, {"state": TicketState.STARTED}),
            (TicketAction.CLOSED, {"state": TicketState.DONE}),
            (TicketAction.EDITED, {"state": TicketState.CANCELLED}),
            (TicketAction.REOPENED, {"state": TicketState.OPEN}),
            (TicketAction.CLOSED, {"reason": CloseReason.DUPLICATE}),
            (TicketAction.EDITED, {"due_on": date(2026, 12, 24)}),
        ]
        for action, words in changes:
            peer.edit(made.external_id, **words)  # type: ignore[arg-type]
            event = self.last(tracker, peer)
            now = tracker.fetch(made.ref)
            assert (event.action, event.actor, event.at) == (action, LinearPeer.other_account, now.updated_at), words
            assert event.ticket is not None
            assert (event.ticket.standing, event.ticket.assignee, event.ticket.due_on, event.ticket.pull_requests) == (
                now.standing,
                now.assignee,
                now.due_on,
                None,
            )
        peer.unassign(made.external_id)
        assert self.last(tracker, peer).action is TicketAction.UNASSIGNED

    def test_a_move_tells_the_new_key(self, tracker: Tracker, peer: LinearPeer) -> None:
        made = tracker.create(DRAFT)
        peer.move(made.external_id)
        event = self.last(tracker, peer)
        assert event.action is TicketAction.TRANSFERRED
        assert event.moved_to is not None
        assert event.moved_to.ref == TicketRef(made.external_id, "WEB-1")

    def test_deleted_it_has_to_be_looked_for(self, tracker: Tracker, peer: LinearPeer) -> None:
        made = tracker.create(DRAFT)
        peer.delete(made.external_id)
        event = self.last(tracker, peer)
        assert (event.action, event.ticket, event.ref) == (TicketAction.DELETED, None, made.ref)

    def test_a_pull_request_is_news_of_its_ticket(self, tracker: Tracker, peer: LinearPeer) -> None:
        made = tracker.create(DRAFT)
        told = []
        for status in ("draft", "open", "merged", "closed"):
            peer.attach(made.external_id, "https://github.com/acme/api/pull/7", "Fix the queue", status)
            told += tracker.parse_webhook(peer.outbox[-1].headers, peer.outbox[-1].body)
        assert all(isinstance(news, PullRequestEvent) and news.tickets == (made.external_id,) for news in told)
        assert [news.pull_request.state for news in told if isinstance(news, PullRequestEvent)] == [
            PullRequestState.OPEN,
            PullRequestState.OPEN,
            PullRequestState.MERGED,
            PullRequestState.CLOSED,
        ]
        peer.attach(made.external_id, "https://figma.com/file/1", "A design", "open", "figma")
        assert not tracker.parse_webhook(peer.outbox[-1].headers, peer.outbox[-1].body)

    def test_automation_is_nobody(self, tracker: Tracker, peer: LinearPeer) -> None:
        tracker.create(DRAFT)
        told = json.loads(peer.outbox[-1].body) | {"actor": None}
        sent = peer.signed(json.dumps(told).encode())
        (event,) = tracker.parse_webhook(sent.headers, sent.body)
        assert isinstance(event, TicketEvent)
        assert event.actor is None

    @pytest.mark.parametrize(
        "wrong",
        [{"updatedAt": "2026-11-23T07:30:00"}, {"dueDate": "soon"}, {"state": {"id": "x"}}, {"title": None}, {"id": 7}],
    )
    def test_a_wrong_part_is_named(self, tracker: Tracker, peer: LinearPeer, wrong: dict[str, object]) -> None:
        tracker.create(DRAFT)
        told = json.loads(peer.outbox[-1].body)
        told["data"] |= wrong
        sent = peer.signed(json.dumps(told).encode())
        with pytest.raises(MalformedWebhook, match=f"data.{next(iter(wrong))}"):
            tracker.parse_webhook(sent.headers, sent.body)

    def test_other_kinds_are_taken_and_not_used(self, tracker: Tracker, peer: LinearPeer) -> None:
        for kind in ("Comment", "IssueLabel", "Project", "Cycle", "SomethingNew", "OAuthApp"):
            told = json.loads(peer.unused().body) | {"type": kind}
            sent: Delivery = peer.signed(json.dumps(told).encode())
            assert not tracker.parse_webhook(sent.headers, sent.body)


def test_a_ticket_knows_no_marker(tracker: Tracker) -> None:
    """Its id is the marker: what a person copies has another."""
    made: Ticket = tracker.create(DRAFT)
    assert made.marker is None
    assert Registration("x").expires_at is None, "Linear's webhooks stay"


class TestAgainstSomebodyElsesLinear:
    """What ``emulate`` has of Linear; the schema's judge and our own peer have the rest."""

    def test_account_team_states_and_webhooks(self, emulate_linear: EmulatedLinear, receiver: Receiver) -> None:
        config = {"team": emulate_linear.team.lower(), "baseUrl": emulate_linear.url}
        with connect("linear", config, {"token": TOKEN, "webhookSecret": "s3cret"}) as tracker:
            assert isinstance(tracker, LinearTracker)
            known = {account.id: account.email for account in tracker.accounts()}
            assert known[emulate_linear.other_account] == "jane@example.com"
            assert tracker.own_account() in known
            team = tracker._team(emulate_linear.team)
            states = tracker._ask(STATES_QUERY, "team.states", Nodes[State], id=team.id).nodes
            found = wanted_state(states, TicketChange(state=TicketState.DONE))
            assert found is not None
            assert found.name == "Done"
            checks = {check.name: check.granted for check in tracker.check_permissions()}
            assert (checks["API key"], checks["Team"], checks["Webhooks"]) == (True, True, True)

            made = tracker.register_webhook(receiver.url, "s3cret")
            emulate_linear.open_issue("Heard")
            sent = receiver.next()
            tracker.verify_webhook(sent.headers, sent.body, datetime.now(UTC))
            assert uuid.UUID(tracker.delivery_id(sent.headers, sent.body))
            with pytest.raises(BadSignature):
                tracker.verify_webhook(sent.headers, sent.body + b" ", datetime.now(UTC))
            with pytest.raises(MalformedWebhook, match=r"data\.state"):  # which Linear's own schema says is there
                tracker.parse_webhook(sent.headers, sent.body)
            tracker.remove_webhook(made)
