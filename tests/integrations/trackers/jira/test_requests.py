"""What is sent to Jira, against Atlassian's documents: markers, texts, assignees."""

import re
from datetime import date

import pytest
from jsonschema_rs import ValidationError
from openapi_core.exceptions import OpenAPIError

from domain.errors import (
    TrackerRefused,
)
from domain.tickets.status import TicketState
from integrations.ticket import TicketChange, TicketDraft
from integrations.tracker import Account, Tracker, TrackerUnavailable
from integrations.trackers.jira.changes import BODY_LIMIT, TITLE_LIMIT
from tests.integrations.trackers.jira.talk import DRAFT, ISSUE, SAID, body, sent
from tests.peers.jira import JiraPeer
from tests.peers.jira_openapi import JiraJudge, asked
from tests.peers.scripted import Answer, ScriptedVendor
from tests.peers.tracker_peer import Fault, Kind, Request


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
            "GET /rest/api/3/project/OPS/statuses",
            "GET /rest/api/3/resolution",
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
