"""What is Jira's own: requests against Atlassian's documents, workflows, its errors and limits, its webhooks."""

import json
import math
import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from jsonschema_rs import ValidationError
from openapi_core.exceptions import OpenAPIError

from domain.errors import (
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
from integrations.ticket import TicketAction, TicketChange, TicketDraft, TicketEvent, TicketRef
from integrations.tracker import Account, Registration, RequiredField, Tracker, TrackerUnavailable
from integrations.trackers.jira.changes import BODY_LIMIT, TITLE_LIMIT
from integrations.trackers.jira.connection import PERMISSIONS
from integrations.trackers.jira.site import LIMITED_FOR
from tests.peers.jira import FLOW, TOKEN, Flow, JiraPeer, Way
from tests.peers.jira_openapi import JiraJudge, asked
from tests.peers.scripted import Answer, ScriptedVendor
from tests.peers.tracker_peer import Answer as PeerAnswer
from tests.peers.tracker_peer import Fault, Kind, Request

Json = dict[str, Any]

DRAFT = TicketDraft("ai_1", "Alert on queue depth", "Page before the queue is full.")
REF = TicketRef("10100", "OPS-1")
ISSUE = "/rest/api/3/issue"


@pytest.fixture
def tracker(jira_peer: JiraPeer) -> Iterator[Tracker]:
    with connect("jira", jira_peer.config, jira_peer.secrets) as tracker:
        yield tracker
    assert not jira_peer.verdicts, jira_peer.verdicts


@pytest.fixture
def scripted(scripted_vendor: ScriptedVendor) -> Iterator[Tracker]:
    config = {"baseUrl": scripted_vendor.url, "email": "bot@acme.example", "project": "OPS"}
    with connect("jira", config, {"apiToken": TOKEN, "webhookSecret": "s"}) as tracker:
        yield tracker


def sent(peer: JiraPeer, method: str, path: str = "") -> list[Request]:
    return [one for one in peer.requests if one.method == method and re.search(path, one.path)]


def body(request: Request) -> Json:
    told = request.json()
    assert isinstance(told, dict)
    return told


class TestRequests:
    def test_every_operation_sends_what_jira_documents(
        self, tracker: Tracker, jira_peer: JiraPeer, jira_judge: JiraJudge
    ) -> None:
        tracker.find("ai_1")
        made = tracker.create(TicketDraft("ai_1", "T", "B", ("one",), JiraPeer.other_account, date(2026, 12, 1)))
        tracker.update(made.ref, TicketChange("T2", "B2", TicketState.DONE, assignee=JiraPeer.account))
        tracker.update(made.ref, TicketChange(state=TicketState.OPEN, no_due_date=True))
        tracker.fetch(made.ref)
        assert len(list(tracker.read_many([made.ref]))) == 1
        tracker.comment(made.ref, "owner", "**Jane** owns this.")
        tracker.comment(made.ref, "owner", "Bob owns this.")
        tracker.resolve(made.key)
        tracker.own_account()
        assert list(tracker.accounts())
        tracker.check_permissions()
        tracker.required_fields()
        hook = tracker.register_webhook("https://hub.example/webhooks/1", "secret")
        tracker.register_webhook("https://hub.example/webhooks/1", "another", hook)
        tracker.remove_webhook(hook)
        patterns = {re.sub(r"\b\d{5,}\b", "N", one) for one in jira_judge.seen}
        assert patterns == {
            f"POST {ISSUE}",
            f"GET {ISSUE}/N",
            f"GET {ISSUE}/OPS-1",
            f"PUT {ISSUE}/N",
            f"PUT {ISSUE}/N/assignee",
            f"GET {ISSUE}/N/transitions",
            f"POST {ISSUE}/N/transitions",
            f"GET {ISSUE}/N/comment",
            f"POST {ISSUE}/N/comment",
            f"PUT {ISSUE}/N/comment/N",
            "POST /rest/api/3/comment/list",
            f"POST {ISSUE}/bulkfetch",
            "POST /rest/api/3/search/jql",
            "POST /rest/api/3/workflows",
            f"GET {ISSUE}/createmeta/OPS/issuetypes",
            f"GET {ISSUE}/createmeta/OPS/issuetypes/N",
            "GET /rest/api/3/myself",
            "GET /rest/api/3/mypermissions",
            "GET /rest/api/3/project/OPS",
            "GET /rest/api/3/user/assignable/search",
            "GET /rest/webhooks/1.0/webhook",
            "POST /rest/webhooks/1.0/webhook",
            "PUT /rest/webhooks/1.0/webhook/N",
            "DELETE /rest/webhooks/1.0/webhook/N",
        }
        assert tracker.calls == len(jira_peer.requests)

    @pytest.mark.parametrize(
        "request_",
        [
            asked("POST", "/rest/api/3/search", {"jql": "project = OPS", "field": ["summary"]}),
            asked("POST", "/rest/api/3/search/jql", {"jql": "project = OPS"}),
            asked("POST", "/rest/api/3/search/jql", {"jql": "ORDER BY created", "fields": ["summary"]}),
            asked("POST", "/rest/api/3/search/jql", {"jql": "project = OPS", "fields": ["summary"], "startAt": 1}),
            asked("POST", "/rest/api/3/search/jql", {"jql": "project = OPS", "fields": "summary"}),
            asked("POST", f"{ISSUE}/bulkfetch", {"issueIdsOrKeys": [str(one) for one in range(101)], "fields": ["id"]}),
            asked("POST", f"{ISSUE}/bulkfetch", {"issueIdsOrKeys": [10100], "fields": ["id"]}),
            asked("POST", f"{ISSUE}/bulkfetch", {"ids": ["10100"], "fields": ["id"]}),
            asked("POST", f"{ISSUE}/1/transitions", {"transition": {"id": 31}}),
            asked("POST", f"{ISSUE}/1/transitions", {"transition": "31"}),
            asked("POST", f"{ISSUE}/1/transitions", {"transitions": {"id": "31"}}),
            asked("POST", ISSUE, {"field": {}}),
            asked("POST", ISSUE, {"fields": {"description": "plain text"}}),
            asked(
                "POST", ISSUE, {"fields": {"description": {"type": "doc", "version": 1, "content": [{"type": "x"}]}}}
            ),
            asked("PUT", f"{ISSUE}/1/assignee", {"accountId": 1}),
            asked("PUT", f"{ISSUE}/1/assignee", {"account": "a"}),
            asked("POST", f"{ISSUE}/1/assignee", {"accountId": "a"}),
            asked("POST", f"{ISSUE}/1/comment", {"body": "plain text"}),
            asked("POST", f"{ISSUE}/1/comment", {"bod": {}}),
            asked("POST", "/rest/api/3/comment/list", {"ids": ["one"]}),
            asked("POST", "/rest/api/3/comment/list", {}),
            asked("GET", "/rest/api/3/mypermissions", permission="BROWSE_PROJECTS"),
            asked("GET", "/rest/api/3/user/assignable/search", project="OPS", startAt="one"),
            asked("GET", f"{ISSUE}/createmeta/OPS/issuetypes/Task"),
            asked("GET", "/rest/api/3/tickets"),
            asked(
                "POST", "/rest/api/3/workflows", {"projectAndIssueTypes": [{"projectId": "OPS", "issueTypeId": "1"}]}
            ),
            asked("POST", "/rest/webhooks/1.0/webhook", {"name": "A", "url": "https://x.example", "events": ["issue"]}),
            asked("POST", "/rest/webhooks/1.0/webhook", {"name": "A", "events": ["jira:issue_updated"]}),
        ],
        ids=lambda one: f"{one.method} {one.path}",
    )
    def test_a_wrong_request_is_caught(self, jira_judge: JiraJudge, request_: Request) -> None:
        with pytest.raises((OpenAPIError, ValidationError, ValueError)):
            jira_judge.check(request_)

    def test_the_right_ones_are_known(self, jira_judge: JiraJudge) -> None:
        jira_judge.check(asked("POST", f"{ISSUE}/1/transitions", {"transition": {"id": "31"}}))
        jira_judge.check(asked("PUT", f"{ISSUE}/1/assignee", {"accountId": "a"}))
        jira_judge.check(asked("POST", "/rest/api/3/search/jql", {"jql": "project = OPS", "fields": ["id"]}))

    def test_nothing_is_sent_twice_by_itself(self, tracker: Tracker, jira_peer: JiraPeer) -> None:
        for fault in (Fault.SERVER_ERROR, Fault.LIMITED, Fault.RESET):
            jira_peer.order(fault, Kind.CREATE)
            with pytest.raises(TrackerUnavailable):
                tracker.create(DRAFT)
        assert len(sent(jira_peer, "POST", f"{ISSUE}$")) == 3
        assert jira_peer.tickets() == []

    def test_jiras_own_id_of_a_request_is_kept(self, tracker: Tracker) -> None:
        tracker.create(DRAFT)
        assert tracker.request_id is not None
        assert re.fullmatch(r"[0-9a-f]{32}", tracker.request_id)


class TestMarkers:
    def test_it_is_a_label_in_the_request_that_makes_the_issue(self, tracker: Tracker, jira_peer: JiraPeer) -> None:
        made = tracker.create(TicketDraft("ai_1", "T", "B", labels=("post mortem", "x")))
        assert jira_peer.labels(made.external_id) == ["afterword-ai_1", "post-mortem", "x"]
        assert len(sent(jira_peer, "POST", f"{ISSUE}$")) == 1

    def test_an_answer_lost_after_the_commit_is_found(self, tracker: Tracker, jira_peer: JiraPeer) -> None:
        jira_peer.order(Fault.LOST_ANSWER, Kind.CREATE)
        with pytest.raises(TrackerUnavailable):
            tracker.create(DRAFT)
        found = tracker.find("ai_1")
        assert found is not None
        assert found.external_id == jira_peer.tickets()[0].external_id

    def test_what_the_index_does_not_know_yet_is_not_found(self, tracker: Tracker, jira_peer: JiraPeer) -> None:
        jira_peer.index_lags = True
        made = tracker.create(DRAFT)
        assert tracker.find("ai_1") is None
        assert tracker.lookup_lag >= 30
        jira_peer.index()
        assert tracker.find("ai_1") == made

    def test_it_is_found_after_a_move_to_another_project(self, tracker: Tracker, jira_peer: JiraPeer) -> None:
        made = tracker.create(DRAFT)
        jira_peer.move(made.external_id)
        found = tracker.find("ai_1")
        assert found is not None
        assert (found.external_id, found.key) == (made.external_id, "WEB-1")

    def test_ours_is_found_behind_many_copies(self, tracker: Tracker, jira_peer: JiraPeer) -> None:
        jira_peer.page = 2
        for _ in range(3):
            jira_peer.open("Cloned", "", ("afterword-ai_1",))
        made = tracker.create(DRAFT)
        assert tracker.find("ai_1") == made

    def test_an_index_older_than_the_issue_misleads_nobody(
        self, scripted: Tracker, scripted_vendor: ScriptedVendor
    ) -> None:
        found = {"issues": [{"id": "10100", "key": "OPS-1"}], "isLast": True}
        scripted_vendor.answers = [
            Answer(200, {"accountId": "a"}),
            Answer(200, found),
            Answer(404, SAID),
            Answer(200, {}),
        ]
        assert scripted.find("ai_1") is None

    @pytest.mark.parametrize("marker", ["", "a b", 'a"b', "a\n", "é"])
    def test_a_marker_that_could_not_be_found_again_is_a_defect(self, tracker: Tracker, marker: str) -> None:
        with pytest.raises(ValueError, match="marker"):
            tracker.create(TicketDraft(marker, "T", "B"))


class TestTexts:
    def test_what_is_too_long_is_cut(self, tracker: Tracker, jira_peer: JiraPeer) -> None:
        made = tracker.create(TicketDraft("ai_1", "t" * 300, "b" * 70_000))
        assert (len(made.title), len(made.body)) == (TITLE_LIMIT, BODY_LIMIT)
        assert tracker.update(made.ref, TicketChange(title="t" * 300, body="b" * 70_000)) == made
        assert not sent(jira_peer, "PUT")

    def test_a_title_is_one_line(self, tracker: Tracker) -> None:
        assert tracker.create(TicketDraft("ai_1", "two\nlines ", "")).title == "two lines"

    def test_a_body_that_means_the_same_is_not_written(self, tracker: Tracker, jira_peer: JiraPeer) -> None:
        made = tracker.create(TicketDraft("ai_1", "T", "* one\n* two\n\n\n1) three"))
        assert tracker.update(made.ref, TicketChange(body="* one\n* two\n\n\n1) three")) == made
        assert tracker.update(made.ref, TicketChange(body=made.body)) == made
        assert not sent(jira_peer, "PUT")

    def test_only_what_differs_is_written(self, tracker: Tracker, jira_peer: JiraPeer) -> None:
        made = tracker.create(TicketDraft("ai_1", "T", "B", due_on=date(2026, 12, 1)))
        now = tracker.update(made.ref, TicketChange("T", "B", due_on=date(2026, 12, 2)))
        assert now.due_on == date(2026, 12, 2)
        assert [body(one) for one in sent(jira_peer, "PUT")] == [{"fields": {"duedate": "2026-12-02"}}]
        assert tracker.update(made.ref, TicketChange(no_due_date=True)).due_on is None

    def test_a_linked_issue_gets_no_marker(self, tracker: Tracker, jira_peer: JiraPeer) -> None:
        linked = tracker.resolve(jira_peer.tickets()[0].key if jira_peer.open("By hand", "") else "")
        assert tracker.update(linked.ref, TicketChange(body="New.")).marker is None
        assert jira_peer.labels(linked.external_id) == []


class TestAssignees:
    def test_one_is_given_and_never_taken(self, tracker: Tracker, jira_peer: JiraPeer) -> None:
        made = tracker.create(DRAFT)
        assert (
            tracker.update(made.ref, TicketChange(assignee=JiraPeer.other_account)).assignee == JiraPeer.other_account
        )
        now = tracker.update(made.ref, TicketChange(title="New", assignee=None))
        assert now.assignee == JiraPeer.other_account
        assert [body(one) for one in sent(jira_peer, "PUT", "assignee")] == [{"accountId": JiraPeer.other_account}]

    def test_one_who_cannot_be_assigned_is_refused_in_jiras_words(self, tracker: Tracker) -> None:
        with pytest.raises(TrackerRefused, match="User 'nobody' cannot be assigned issues"):
            tracker.create(TicketDraft("ai_1", "T", "B", assignee="nobody"))

    def test_all_who_may_be_are_told(self, tracker: Tracker, jira_peer: JiraPeer) -> None:
        assert list(tracker.accounts()) == [
            Account(JiraPeer.account, "Afterword"),
            Account(JiraPeer.other_account, "Jane Doe"),
        ]
        starts = [one.query["startAt"] for one in sent(jira_peer, "GET", "assignable")]
        assert starts == [str(at) for at in range(0, 1000, 100)]  # a page may be empty and the next one not


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


class TestComments:
    def test_there_is_one_and_it_is_edited_in_place(self, tracker: Tracker, jira_peer: JiraPeer) -> None:
        made = tracker.create(DRAFT)
        tracker.comment(made.ref, "owner", "Jane owns this, @jane.")
        tracker.comment(made.ref, "other", "Another one.")
        tracker.comment(made.ref, "owner", "Bob owns this.")
        assert jira_peer.tickets()[0].comments == ("Bob owns this.", "Another one.")

    def test_what_it_says_already_is_not_written(self, tracker: Tracker, jira_peer: JiraPeer) -> None:
        made = tracker.create(DRAFT)
        tracker.comment(made.ref, "owner", "* Jane")
        tracker.comment(made.ref, "owner", "* Jane")
        assert not sent(jira_peer, "PUT")
        assert len(sent(jira_peer, "POST", "/comment$")) == 1

    def test_a_lost_answer_makes_no_second_one(self, tracker: Tracker, jira_peer: JiraPeer) -> None:
        made = tracker.create(DRAFT)
        jira_peer.order(Fault.LOST_ANSWER, Kind.UPDATE)
        with pytest.raises(TrackerUnavailable):
            tracker.comment(made.ref, "owner", "Jane")
        tracker.comment(made.ref, "owner", "Jane")
        assert jira_peer.tickets()[0].comments == ("Jane",)

    def test_it_is_found_among_many(self, tracker: Tracker, jira_peer: JiraPeer) -> None:
        jira_peer.page = 2
        made = tracker.create(DRAFT)
        for marker in ("a", "b", "c"):
            tracker.comment(made.ref, marker, marker)
        tracker.comment(made.ref, "c", "changed")
        assert jira_peer.tickets()[0].comments == ("a", "b", "changed")

    def test_somebody_elses_comment_with_our_property_is_not_ours(self, tracker: Tracker, jira_peer: JiraPeer) -> None:
        made = tracker.create(DRAFT)
        tracker.comment(made.ref, "owner", "theirs")
        jira_peer._issues[made.external_id].comments[0].author = JiraPeer.other_account
        tracker.comment(made.ref, "owner", "ours")
        assert jira_peer.tickets()[0].comments == ("theirs", "ours")


class TestWhereItIs:
    def test_a_moved_one_has_another_key_and_the_same_id(self, tracker: Tracker, jira_peer: JiraPeer) -> None:
        made = tracker.create(DRAFT)
        jira_peer.move(made.external_id)
        now = tracker.update(made.ref, TicketChange(title="Moved"))
        assert (now.external_id, now.key, now.title) == (made.external_id, "WEB-1", "Moved")
        assert now.url.endswith("/browse/WEB-1")
        assert [one.key for one in tracker.read_many([made.ref])] == ["WEB-1"]

    def test_a_deleted_one_is_gone(self, tracker: Tracker, jira_peer: JiraPeer) -> None:
        made = tracker.create(DRAFT)
        jira_peer.delete(made.external_id)
        for speak in (lambda: tracker.fetch(made.ref), lambda: tracker.comment(made.ref, "m", "x")):
            with pytest.raises(TicketGone, match="OPS-1"):
                speak()

    def test_one_in_a_project_that_we_do_not_see_is_forbidden(self, tracker: Tracker, jira_peer: JiraPeer) -> None:
        made = tracker.create(DRAFT)
        jira_peer.hide(made.external_id)
        with pytest.raises(TicketForbidden, match="OPS"):
            tracker.fetch(made.ref)
        with pytest.raises(TicketForbidden):
            tracker.update(made.ref, TicketChange(title="x"))

    def test_one_that_we_may_see_and_not_change_is_forbidden(self, tracker: Tracker, jira_peer: JiraPeer) -> None:
        made = tracker.create(DRAFT)
        jira_peer.refused.add("EDIT_ISSUES")
        with pytest.raises(TicketForbidden, match="EDIT_ISSUES"):
            tracker.update(made.ref, TicketChange(title="x"))

    @pytest.mark.parametrize(
        "pointer",
        [
            "OPS-1",
            "ops-1",
            "{url}/browse/OPS-1",
            "{url}/browse/OPS-1?focusedCommentId=1#comment",
            "{url}/jira/software/projects/OPS/boards/1?selectedIssue=OPS-1",
            "{url}/jira/core/projects/OPS/issues/OPS-1/",
            "{url}/projects/OPS/queues/custom/4/OPS-1",
        ],
    )
    def test_people_point_at_it_in_many_ways(self, tracker: Tracker, jira_peer: JiraPeer, pointer: str) -> None:
        made = tracker.create(DRAFT)
        assert tracker.resolve(pointer.format(url=jira_peer.url)) == made

    @pytest.mark.parametrize("pointer", ["OPS", "OPS-0", "12", "https://evil.example/browse/OPS-1", "{url}/browse/"])
    def test_what_points_elsewhere_is_not_asked_for(self, tracker: Tracker, jira_peer: JiraPeer, pointer: str) -> None:
        with pytest.raises(TrackerRefused):
            tracker.resolve(pointer.format(url=jira_peer.url))
        assert tracker.calls == 0


TEAM = {
    "name": "Team",
    "required": True,
    "hasDefaultValue": False,
    "schema": {"type": "option", "custom": "com.atlassian.jira.plugin.system.customfieldtypes:select", "customId": 1},
    "allowedValues": [{"id": "501", "value": "Payments"}, {"id": "502", "value": "Search"}],
}
POINTS = {"name": "Story Points", "required": True, "hasDefaultValue": False, "schema": {"type": "number"}}
LEADS = {"name": "Leads", "required": True, "hasDefaultValue": False, "schema": {"type": "array", "items": "user"}}
WHY = {
    "name": "Why",
    "required": True,
    "hasDefaultValue": False,
    "schema": {"type": "string", "custom": "com.atlassian.jira.plugin.system.customfieldtypes:textarea"},
}
EASY = {"name": "Easy", "required": True, "hasDefaultValue": True, "schema": {"type": "string"}}
SINCE = {"name": "Since", "required": True, "hasDefaultValue": False, "schema": {"type": "date"}}


class TestRequiredFields:
    def test_they_are_told_by_id_with_their_choices(self, tracker: Tracker, jira_peer: JiraPeer) -> None:
        jira_peer.page = 3
        fields = {"cf_1": TEAM, "cf_2": POINTS, "cf_3": LEADS, "cf_4": WHY, "cf_5": EASY, "cf_6": SINCE}
        jira_peer.required = fields
        assert tracker.required_fields() == [
            RequiredField("cf_1", "Team", "option", {"501": "Payments", "502": "Search"}),
            RequiredField("cf_2", "Story Points", "number"),
            RequiredField("cf_3", "Leads", "account"),
            RequiredField("cf_4", "Why", "text"),
            RequiredField("cf_6", "Since", "date"),
        ]
        assert tracker.required_fields("WEB", "bug")

    def test_values_get_the_shape_that_the_form_says(self, tracker: Tracker, jira_peer: JiraPeer) -> None:
        """By the field, not by the value: 501 is an option in one field and a number in another."""
        jira_peer.required = {"cf_1": TEAM, "cf_2": POINTS, "cf_3": LEADS, "cf_4": WHY, "cf_6": SINCE}
        values = {"cf_1": "501", "cf_2": "501", "cf_3": JiraPeer.account, "cf_4": "Because.", "cf_6": "2026-11-23"}
        tracker.create(TicketDraft("ai_1", "T", "B", fields=values))
        fields = body(sent(jira_peer, "POST", f"{ISSUE}$")[0])["fields"]
        assert fields["cf_1"] == {"id": "501"}
        assert fields["cf_2"] == 501
        assert fields["cf_3"] == [{"id": JiraPeer.account}]
        assert fields["cf_4"]["type"] == "doc"
        assert fields["cf_6"] == "2026-11-23"

    def test_without_them_jira_says_what_is_missing(self, tracker: Tracker, jira_peer: JiraPeer) -> None:
        jira_peer.required = {"cf_1": TEAM}
        with pytest.raises(TrackerRefused, match="cf_1: Team is required"):
            tracker.create(DRAFT)
        assert jira_peer.tickets() == []

    def test_an_issue_type_that_is_not_there_is_named(self, tracker: Tracker) -> None:
        with pytest.raises(TrackerRefused, match=r"no issue type Story.*Task, Bug"):
            tracker.required_fields(issue_type="Story")

    def test_another_project_and_type_may_be_asked_for(self, tracker: Tracker, jira_peer: JiraPeer) -> None:
        made = tracker.create(TicketDraft("ai_1", "T", "B", project="WEB", issue_type="10002"))
        assert made.key == "WEB-1"
        assert jira_peer._issues[made.external_id].type == "10002"


class TestPermissions:
    @pytest.mark.parametrize("permission", PERMISSIONS)
    def test_a_missing_one_is_named(self, tracker: Tracker, jira_peer: JiraPeer, permission: str) -> None:
        jira_peer.refused.add(permission)
        missing = [check.name for check in tracker.check_permissions() if not check.granted]
        assert missing == [permission.replace("_", " ").title()]

    def test_a_project_out_of_sight_is_named(self, tracker: Tracker, jira_peer: JiraPeer) -> None:
        jira_peer.hide(jira_peer.open("x", ""))
        (check,) = [check for check in tracker.check_permissions() if not check.granted]
        assert check.name == "Project"
        assert "OPS doesn't exist, or the account can't see it" in check.detail

    def test_an_issue_type_out_of_sight_is_named(self, jira_peer: JiraPeer) -> None:
        with connect("jira", jira_peer.config | {"issueType": "Story"}, jira_peer.secrets) as tracker:
            assert [check.name for check in tracker.check_permissions() if not check.granted] == ["Issue type"]

    def test_a_revoked_token_is_one_check(self, tracker: Tracker, jira_peer: JiraPeer) -> None:
        jira_peer.revoke()
        assert [check.name for check in tracker.check_permissions() if not check.granted] == ["API token"]
        jira_peer.restore()
        assert all(check.granted for check in tracker.check_permissions())

    def test_without_a_token_nothing_is_asked(self, jira_peer: JiraPeer) -> None:
        with connect("jira", jira_peer.config, {"webhookSecret": "s"}) as tracker:
            assert [check.name for check in tracker.check_permissions() if not check.granted] == ["API token"]
            with pytest.raises(TrackerRefused, match="no API token"):
                tracker.fetch(REF)
        assert jira_peer.requests == []

    @pytest.mark.parametrize(
        "wrong",
        [
            {"baseUrl": "acme.atlassian.net"},
            {"baseUrl": "https://user:pass@acme.atlassian.net"},
            {"baseUrl": "ftp://acme.atlassian.net"},
            {"email": "nobody"},
            {"email": "a:b@acme.example"},
            {"project": "OPS/../x"},
            {"issueType": ""},
        ],
    )
    def test_settings_are_checked(self, wrong: Json) -> None:
        right: Json = {"baseUrl": "https://acme.atlassian.net", "email": "bot@acme.example", "project": "OPS"}
        connect("jira", right, {"apiToken": TOKEN}).close()
        with pytest.raises(InvalidIntegrationConfig):
            connect("jira", right | wrong, {"apiToken": TOKEN})

    @pytest.mark.parametrize("missing", ["baseUrl", "email", "project"])
    def test_a_connection_that_only_receives_opens_no_tickets(self, missing: str) -> None:
        config = {"baseUrl": "https://acme.atlassian.net", "email": "bot@acme.example", "project": "OPS"}
        del config[missing]
        with (
            connect("jira", config, {"apiToken": TOKEN}) as tracker,
            pytest.raises(TrackerRefused, match="has no site, e-mail, or project"),
        ):
            tracker.find("ai_1")

    def test_a_token_with_a_line_break_is_refused(self) -> None:
        config = {"baseUrl": "https://acme.atlassian.net", "email": "bot@acme.example", "project": "OPS"}
        with pytest.raises(InvalidIntegrationConfig):
            connect("jira", config, {"apiToken": "to\nken"})


SAID = {"errorMessages": ["Something is wrong."], "errors": {"summary": "Too short."}}


class TestErrors:
    @pytest.mark.parametrize(
        ("answer", "expected"),
        [
            (Answer(401, SAID), CredentialsRejected),
            (Answer(200, {}, {"X-Seraph-LoginReason": "AUTHENTICATED_FAILED"}), CredentialsRejected),
            (Answer(403, SAID, {"X-Seraph-LoginReason": "AUTHENTICATION_DENIED"}), CredentialsRejected),
            (Answer(403, SAID), TicketForbidden),
            (Answer(400, SAID), TrackerRefused),
            (Answer(410, SAID), TrackerRefused),
            (Answer(302, {}, {"Location": "https://elsewhere.example/"}), TrackerRefused),
            (Answer(409, SAID), TrackerUnavailable),
            (Answer(429, SAID), TrackerUnavailable),
            (Answer(500, SAID), TrackerUnavailable),
            (Answer(502, b"<html>bad gateway</html>"), TrackerUnavailable),
            (Answer(200, b"<html>a proxy's page</html>"), TrackerUnavailable),
            (Answer(200, {"id": "1"}), TrackerUnavailable),
            (Answer(200, []), TrackerUnavailable),
            (Answer(200, None), TrackerUnavailable),
            (Answer(400, []), TrackerRefused),
            (Answer(400, "text"), TrackerRefused),
            (Answer(404, 1), TicketGone),
        ],
        ids=lambda one: f"{one.status} {one.body}" if isinstance(one, Answer) else "",
    )
    def test_each_answer_has_its_meaning(
        self, scripted: Tracker, scripted_vendor: ScriptedVendor, answer: Answer, expected: type[Exception]
    ) -> None:
        scripted_vendor.answers = [answer, Answer(200, {})]
        with pytest.raises(expected) as caught:
            scripted.fetch(REF)
        assert type(caught.value) is expected
        assert TOKEN not in f"{caught.value} {caught.value!r} {caught.value.__cause__!r}"
        assert scripted_vendor.requests[0].startswith(f"GET {ISSUE}/10100?fields=summary")

    def test_its_own_words_are_told(self, scripted: Tracker, scripted_vendor: ScriptedVendor) -> None:
        scripted_vendor.answers = [Answer(400, SAID)]
        with pytest.raises(TrackerRefused, match=r"Something is wrong\. summary: Too short\."):
            scripted.fetch(REF)

    def test_a_token_in_its_words_is_blotted_out(self, scripted: Tracker, scripted_vendor: ScriptedVendor) -> None:
        scripted_vendor.answers = [Answer(400, {"errorMessages": [f"bad token {TOKEN}"]})]
        with pytest.raises(TrackerRefused, match=r"bad token \*\*\*"):
            scripted.fetch(REF)

    @pytest.mark.parametrize(
        ("status", "headers", "least", "most"),
        [
            (429, {"Retry-After": "7"}, 7, 7),
            (429, {"X-RateLimit-Reset": "{in five minutes}"}, 200, 302),
            (429, {"X-RateLimit-Reset": "2020-01-01T00:00Z"}, 1, 1),
            (429, {"RateLimit": '"burst";r=0;t=12'}, 12, 12),
            (429, {"Beta-RateLimit": '"tenant-app-quota";r=0;t=2788'}, 2788, 2788),
            (429, {"Retry-After": "soon", "X-RateLimit-Reset": "soon"}, LIMITED_FOR, LIMITED_FOR),
            (429, {}, LIMITED_FOR, LIMITED_FOR),
            (503, {"Retry-After": "3"}, 3, 3),
        ],
    )
    def test_it_waits_as_long_as_it_is_told(
        self,
        scripted: Tracker,
        scripted_vendor: ScriptedVendor,
        status: int,
        headers: dict[str, str],
        least: float,
        most: float,
    ) -> None:
        soon = (datetime.now(UTC) + timedelta(minutes=5)).strftime("%Y-%m-%dT%H:%MZ")
        told = {name: value.replace("{in five minutes}", soon) for name, value in headers.items()}
        scripted_vendor.answers = [Answer(status, SAID, told)]
        with pytest.raises(TrackerUnavailable) as caught:
            scripted.fetch(REF)
        assert caught.value.retry_after is not None
        assert least <= caught.value.retry_after <= most

    def test_an_outage_says_no_time(self, scripted: Tracker, scripted_vendor: ScriptedVendor) -> None:
        scripted_vendor.answers = [Answer(500, SAID)]
        with pytest.raises(TrackerUnavailable) as caught:
            scripted.fetch(REF)
        assert caught.value.retry_after is None

    def test_the_old_search_would_be_gone(self, jira_peer: JiraPeer) -> None:
        with connect("jira", jira_peer.config, jira_peer.secrets) as tracker:
            tracker.own_account()
        authorization = jira_peer.requests[0].headers["authorization"]
        request = Request("POST", "/rest/api/3/search", {}, {"authorization": authorization}, b"{}")
        assert jira_peer.answer(request).status == 410

    def test_a_revoked_token_is_no_missing_ticket(self, tracker: Tracker, jira_peer: JiraPeer) -> None:
        made = tracker.create(DRAFT)
        jira_peer.revoke()
        for speak in (
            lambda: tracker.fetch(made.ref),
            lambda: list(tracker.read_many([made.ref])),
            lambda: tracker.find("ai_1"),
            lambda: tracker.create(DRAFT),
            lambda: tracker.comment(made.ref, "m", "x"),
            lambda: tracker.register_webhook(URL, "s"),
        ):
            with pytest.raises(CredentialsRejected):
                speak()

    def test_a_wrong_token_is_rejected(self, jira_peer: JiraPeer) -> None:
        with connect("jira", jira_peer.config, {"apiToken": "wrong"}) as tracker, pytest.raises(CredentialsRejected):
            tracker.find("ai_1")

    def test_nobody_listens(self) -> None:
        config = {"baseUrl": "http://localhost:9", "email": "bot@acme.example", "project": "OPS"}
        with connect("jira", config, {"apiToken": TOKEN}) as tracker, pytest.raises(TrackerUnavailable) as caught:
            tracker.fetch(REF)
        assert caught.value.__cause__ is None


URL = "https://hub.example/webhooks/in_1"


class TestRegistration:
    def test_it_is_signed_for_the_project_and_never_expires(self, tracker: Tracker, jira_peer: JiraPeer) -> None:
        made = tracker.register_webhook(URL, "a new secret")
        assert made.expires_at is None
        assert jira_peer.hooks[made.id] == {
            "name": "Afterword",
            "description": "Changes of the tickets of action items",
            "url": URL,
            "events": ["jira:issue_created", "jira:issue_updated", "jira:issue_deleted"],
            "filters": {"issue-related-events-section": 'project = "OPS"'},
            "excludeBody": False,
            "secret": "a new secret",
        }

    def test_one_with_our_address_is_adopted(self, tracker: Tracker, jira_peer: JiraPeer) -> None:
        first = tracker.register_webhook(URL, "one")
        assert tracker.register_webhook(URL, "two") == first
        assert jira_peer.hooks[first.id]["secret"] == "two"

    def test_ours_follows_a_new_address(self, tracker: Tracker, jira_peer: JiraPeer) -> None:
        first = tracker.register_webhook(URL, "one")
        assert tracker.register_webhook("https://new.example/in_1", "one", first) == first
        assert [hook["url"] for hook in jira_peer.hooks.values()] == ["https://new.example/in_1"]

    def test_one_that_was_taken_away_is_made_again(self, tracker: Tracker, jira_peer: JiraPeer) -> None:
        made = tracker.register_webhook(URL, "one", Registration("99999"))
        assert made.id in jira_peer.hooks
        tracker.remove_webhook(made)
        tracker.remove_webhook(made)
        assert jira_peer.hooks == {}

    def test_who_does_not_administer_jira_is_told_what_to_do(self, tracker: Tracker, jira_peer: JiraPeer) -> None:
        jira_peer.administers = False
        with pytest.raises(TrackerRefused, match="Create the webhook in Jira yourself"):
            tracker.register_webhook(URL, "one")

    def test_the_filter_may_be_chosen(self, jira_peer: JiraPeer) -> None:
        config = jira_peer.config | {"webhookFilter": "project in (OPS, WEB)"}
        with connect("jira", config, jira_peer.secrets) as tracker:
            made = tracker.register_webhook(URL, "one")
        assert jira_peer.hooks[made.id]["filters"] == {"issue-related-events-section": "project in (OPS, WEB)"}


def told(tracker: Tracker, peer: JiraPeer, at: int = -1) -> TicketEvent:
    sent = peer.outbox[at]
    tracker.verify_webhook(sent.headers, sent.body, datetime.now(UTC))
    (event,) = tracker.parse_webhook(sent.headers, sent.body)
    assert isinstance(event, TicketEvent)
    return event


class TestWebhooks:
    def test_each_change_has_its_name(self, tracker: Tracker, jira_peer: JiraPeer) -> None:
        made = tracker.create(DRAFT)
        assert told(tracker, jira_peer).action is TicketAction.OPENED
        actions = []
        for change in (
            lambda: jira_peer.edit(made.external_id, title="New"),
            lambda: jira_peer.edit(made.external_id, assignee=JiraPeer.other_account),
            lambda: jira_peer.unassign(made.external_id),
            lambda: jira_peer.edit(made.external_id, state=TicketState.DONE),
            lambda: jira_peer.edit(made.external_id, state=TicketState.OPEN),
            lambda: jira_peer.move(made.external_id),
            lambda: jira_peer.delete(made.external_id),
        ):
            change()
            actions.append(told(tracker, jira_peer).action)
        assert actions == [
            TicketAction.EDITED,
            TicketAction.ASSIGNED,
            TicketAction.UNASSIGNED,
            TicketAction.CLOSED,
            TicketAction.REOPENED,
            TicketAction.TRANSFERRED,
            TicketAction.DELETED,
        ]

    def test_it_tells_the_name_the_actor_and_the_time_and_leaves_the_rest(
        self, tracker: Tracker, jira_peer: JiraPeer
    ) -> None:
        made = tracker.create(DRAFT)
        jira_peer.move(made.external_id)
        event = told(tracker, jira_peer)
        assert event.ref == TicketRef(made.external_id, "WEB-1")
        assert (event.ticket, event.actor, event.moved_to) == (None, JiraPeer.other_account, None)
        assert event.at is not None
        assert abs(event.at - datetime.now(UTC)) < timedelta(minutes=1)

    def test_a_delivery_keeps_its_name_when_it_is_sent_again(self, tracker: Tracker, jira_peer: JiraPeer) -> None:
        tracker.create(DRAFT)
        sent = jira_peer.outbox[0]
        again = sent.headers | {"X-Atlassian-Webhook-Retry": "1"}
        assert tracker.delivery_id(again, sent.body) == tracker.delivery_id(sent.headers, sent.body)

    def test_a_field_is_known_by_its_id_not_by_its_name(self, tracker: Tracker, jira_peer: JiraPeer) -> None:
        """A custom field may be called Status."""
        tracker.create(DRAFT)
        whole = json.loads(jira_peer.outbox[0].body)
        item = {"field": "status", "fieldtype": "custom", "fieldId": "customfield_1", "from": None, "to": None}
        whole |= {"webhookEvent": "jira:issue_updated", "changelog": {"id": "1", "items": [item]}}
        whole["issue"]["fields"]["status"]["statusCategory"]["key"] = "done"
        sent = jira_peer.signed(json.dumps(whole).encode())
        (event,) = tracker.parse_webhook(sent.headers, sent.body)
        assert isinstance(event, TicketEvent)
        assert event.action is TicketAction.EDITED

    @pytest.mark.parametrize(
        "change",
        [
            {"timestamp": -1},
            {"timestamp": "soon"},
            {"timestamp": 10**15},
            {"issue": {"id": "../x", "key": "OPS-1"}},
            {"issue": {"id": "1", "key": "nothing"}},
            {"issue": None},
            {"user": "jane"},
            {"changelog": {"items": [1]}},
        ],
    )
    def test_what_is_not_jiras_shape_is_malformed(self, tracker: Tracker, jira_peer: JiraPeer, change: Json) -> None:
        tracker.create(DRAFT)
        whole = json.loads(jira_peer.outbox[0].body)
        sent = jira_peer.signed(json.dumps(whole | change).encode())
        with pytest.raises(MalformedWebhook):
            tracker.parse_webhook(sent.headers, sent.body)

    def test_who_did_it_may_be_unknown(self, tracker: Tracker, jira_peer: JiraPeer) -> None:
        tracker.create(DRAFT)
        whole = json.loads(jira_peer.outbox[0].body)
        del whole["user"]
        sent = jira_peer.signed(json.dumps(whole).encode())
        (event,) = tracker.parse_webhook(sent.headers, sent.body)
        assert isinstance(event, TicketEvent)
        assert event.actor is None


class TestPeer:
    """The peer itself answers as Atlassian documents: the fixture judges each answer. Here is its negative control."""

    @pytest.mark.parametrize(
        ("request_", "answer"),
        [
            (asked("GET", "/rest/api/3/myself"), {"accountId": 1}),
            (asked("GET", f"{ISSUE}/1"), {"id": 1, "key": "OPS-1"}),
            (asked("GET", f"{ISSUE}/1/transitions"), {"transitions": [{"id": 11}]}),
            (asked("GET", "/rest/api/3/mypermissions"), {"permissions": {"X": {"havePermission": "yes"}}}),
            (asked("GET", f"{ISSUE}/1/comment"), {"comments": {}}),
        ],
    )
    def test_a_wrong_answer_is_caught(self, jira_judge: JiraJudge, request_: Request, answer: Json) -> None:
        with pytest.raises(OpenAPIError):
            jira_judge.check_answer(request_, PeerAnswer(200, answer))

    def test_the_verdicts_are_kept(self, jira_peer: JiraPeer) -> None:
        jira_peer.handle(asked("POST", f"{ISSUE}/1/transitions", {"transition": {"id": 31}}))
        assert len(jira_peer.verdicts) == 1

    def test_errors_are_refusals_or_stumbles(self, tracker: Tracker, jira_peer: JiraPeer) -> None:
        made = tracker.create(DRAFT)
        for fault in Fault:
            if fault in {Fault.SLOW, Fault.EMPTY_LIST}:
                continue
            jira_peer.order(fault, Kind.READ)
            with pytest.raises((DomainError, TrackerUnavailable)):
                tracker.fetch(made.ref)
