"""What is sent to GitHub, against its OpenAPI document; texts, and how tickets are found."""

import json
from datetime import UTC, datetime

import pytest
import requests
from openapi_core.exceptions import OpenAPIError

from domain.errors import (
    TicketForbidden,
    TicketGone,
    TrackerRefused,
)
from domain.tickets.status import CloseReason, TicketState
from integrations.registry import connect
from integrations.ticket import (
    TicketChange,
    TicketDraft,
    TicketRef,
)
from integrations.tracker import Tracker
from integrations.trackers.github.issues import BODY_LIMIT, TITLE_LIMIT
from tests.integrations.trackers.github.answers import ACCOUNT, DRAFT, REF, REPOSITORY, issue
from tests.peers.emulate import EmulatedGithub
from tests.peers.github_openapi import GithubRequests
from tests.peers.scripted import Answer, ScriptedVendor


class TestRequests:
    def test_every_operation_sends_what_github_documents(
        self, tracker: Tracker, emulate_github: EmulatedGithub, github_requests: GithubRequests
    ) -> None:
        repository = f"/repos/{emulate_github.repository}"
        issues = f"{repository}/issues"
        tracker.find("ai_1", since=datetime.now(UTC))
        made = tracker.create(TicketDraft("ai_1", "T", "B", ("one", "two"), assignee="jane"))
        tracker.update(made.ref, TicketChange("T2", "B2", TicketState.DONE))
        tracker.update(made.ref, TicketChange(state=TicketState.OPEN))
        tracker.update(made.ref, TicketChange(state=TicketState.CANCELLED, reason=CloseReason.DUPLICATE))
        tracker.fetch(made.ref)
        tracker.resolve(made.key)
        tracker.check_permissions()
        assert github_requests.seen == [
            "GET /user",
            f"GET {repository}",
            f"GET {issues}",
            f"POST {issues}",
            *[f"GET {issues}/1", f"PATCH {issues}/1"] * 3,
            f"GET {issues}/1",
            f"GET {issues}/1",
            f"GET {issues}",
        ]

    @pytest.mark.parametrize(
        ("method", "path", "body"),
        [
            ("PATCH", "/repos/acme/api/issues/1", {"state": "klosed"}),
            ("PATCH", "/repos/acme/api/issues/1", {"state": "closed", "state_reason": "wontfix"}),
            ("PATCH", "/repos/acme/api/issues/1", {"stat": "closed"}),
            ("PATCH", "/repos/acme/api/issues/1", {"labels": "postmortem"}),
            ("PATCH", "/repos/acme/api/issues/one", {"state": "closed"}),
            ("POST", "/repos/acme/api/issues", {"body": "a body and no title"}),
            ("POST", "/repos/acme/api/issues", {"title": "T", "assignees": [1]}),
            ("POST", "/repos/acme/api/issues", None),
            ("GET", "/repos/acme/api/issues?state=every", None),
            ("GET", "/repos/acme/api/issues?since=yesterday", None),
            ("GET", "/repos/acme/api/tickets", None),
            ("PUT", "/repos/acme/api/issues/1", {"state": "closed"}),
        ],
    )
    def test_a_wrong_request_is_caught(
        self, github_requests: GithubRequests, method: str, path: str, body: object
    ) -> None:
        data = None if body is None else json.dumps(body)
        with pytest.raises(OpenAPIError):
            requests.request(
                method, f"http://localhost:9{path}", data=data, headers={"Content-Type": "application/json"}, timeout=1
            )

    def test_the_vendors_documentation_knows_the_right_ones(self, github_requests: GithubRequests) -> None:
        wanted = {"state": "closed", "state_reason": "duplicate"}
        request = requests.Request("PATCH", "http://localhost/repos/acme/api/issues/1", json=wanted)
        github_requests.check(request.prepare())
        assert github_requests.seen == ["PATCH /repos/acme/api/issues/1"]


class TestTexts:
    def test_the_marker_is_hidden_at_the_end_of_the_body(
        self, tracker: Tracker, emulate_github: EmulatedGithub
    ) -> None:
        tracker.create(DRAFT)
        assert emulate_github.issue(1)["body"] == "Page before the queue is full.\n\n<!-- afterword:ai_1 -->"

    def test_a_marker_in_the_text_is_taken_out(self, tracker: Tracker) -> None:
        made = tracker.create(TicketDraft("ai_1", "T", "before <!-- afterword:ai_2 --> after"))
        assert (made.body, made.marker) == ("before after", "ai_1")
        assert tracker.find("ai_2") is None

    def test_a_linked_issue_gets_no_marker(self, tracker: Tracker, emulate_github: EmulatedGithub) -> None:
        emulate_github.open_issue("By hand")
        linked = tracker.resolve("#1")
        assert tracker.update(linked.ref, TicketChange(body="New.")).marker is None
        assert emulate_github.issue(1)["body"] == "New."

    def test_line_ends_of_the_web_form_are_no_change(self, tracker: Tracker, emulate_github: EmulatedGithub) -> None:
        made = tracker.create(TicketDraft("ai_1", "T", "one\ntwo"))
        emulate_github.edit_issue(1, body="one\r\ntwo\r\n\r\n<!-- afterword:ai_1 -->")
        before = tracker.fetch(made.ref)
        assert before.body == "one\ntwo"
        assert tracker.update(made.ref, TicketChange(body="one\ntwo")) == before

    def test_what_is_too_long_is_cut(self, tracker: Tracker, emulate_github: EmulatedGithub) -> None:
        made = tracker.create(TicketDraft("ai_1", "t" * 300, "b" * 70_000))
        raw = emulate_github.issue(1)
        assert len(str(raw["title"])) == TITLE_LIMIT
        assert len(str(raw["body"])) == BODY_LIMIT
        assert made.marker == "ai_1"
        assert tracker.update(made.ref, TicketChange(title="t" * 300, body="b" * 70_000)) == made

    def test_a_marker_that_could_not_be_found_again_is_a_defect(self, tracker: Tracker) -> None:
        with pytest.raises(ValueError, match="marker"):
            tracker.create(TicketDraft("ai 1 -->", "T", "B"))

    def test_labels_of_the_connection_come_first_and_once(self, emulate_github: EmulatedGithub) -> None:
        config = {
            "repository": emulate_github.repository,
            "baseUrl": emulate_github.url,
            "labels": ["postmortem", "reliability"],
            "secondsBetweenWrites": 0,
        }
        with connect("github", config, {"token": emulate_github.token}) as tracker:
            tracker.create(TicketDraft("ai_1", "T", "B", labels=("reliability", "high")))
        labels = emulate_github.issue(1)["labels"]
        assert isinstance(labels, list)
        assert [label["name"] for label in labels] == ["postmortem", "reliability", "high"]


class TestFind:
    def test_it_looks_no_further_back_than_it_is_told(self, scripted: Tracker, scripted_vendor: ScriptedVendor) -> None:
        page = [issue(body=None), issue(body="x", created_at="2026-11-20T07:30:00Z")]
        more = {"Link": f'<{scripted_vendor.url}/repositories/1/issues?page=2>; rel="next"'}
        scripted_vendor.answers = [Answer(200, ACCOUNT), Answer(200, REPOSITORY), Answer(200, page, more), Answer(500)]
        since, told = datetime(2026, 11, 21, 9, 0, tzinfo=UTC), "2026-11-21T08%3A55%3A00Z"
        assert scripted.find("ai_1", since) is None
        assert scripted_vendor.requests[2:] == [
            f"GET /repos/acme/api/issues?direction=desc&per_page=100&since={told}&sort=created&state=all"
        ]

    def test_it_turns_pages(self, tracker: Tracker, emulate_github: EmulatedGithub) -> None:
        made = tracker.create(DRAFT)
        for number in range(120):
            emulate_github.open_issue(f"Other {number}")
        assert tracker.find("ai_1") == made
        assert tracker.find("ai_1", since=made.updated_at) == made

    def test_without_a_date_it_stops_after_the_newest(self, scripted: Tracker, scripted_vendor: ScriptedVendor) -> None:
        page = [issue(number=number, body=None) for number in range(100, 0, -1)]
        more = {"Link": f'<{scripted_vendor.url}/repositories/1/issues?page=2>; rel="next"'}
        scripted_vendor.answers = [Answer(200, ACCOUNT), Answer(200, REPOSITORY), Answer(200, page, more)]
        assert scripted.find("ai_1") is None
        assert len(scripted_vendor.requests) == 5


class TestPointers:
    @pytest.mark.parametrize("pointer", ["#1", "1", "{repository}#1", "{url}/{repository}/issues/1#issuecomment-3"])
    def test_forms(self, tracker: Tracker, emulate_github: EmulatedGithub, pointer: str) -> None:
        made = tracker.create(DRAFT)
        assert tracker.resolve(pointer.format(repository=emulate_github.repository, url=emulate_github.url)) == made

    def test_another_repository_is_refused(self, tracker: Tracker) -> None:
        with pytest.raises(TrackerRefused, match="not for acme/private"):
            tracker.resolve("acme/private#1")

    def test_an_issue_that_is_not_there_is_not_seen(self, tracker: Tracker) -> None:
        with pytest.raises(TicketForbidden, match="there is no issue with that number"):
            tracker.resolve("#77")

    def test_a_pull_request_is_not_an_issue(self, scripted: Tracker, scripted_vendor: ScriptedVendor) -> None:
        pull = issue(html_url="https://github.com/acme/api/pull/12", pull_request={"url": "https://x"})
        scripted_vendor.answers = [Answer(200, pull)]
        with pytest.raises(TrackerRefused, match="pull request"):
            scripted.resolve("#12")


class TestMoves:
    def test_a_renamed_repository_is_followed(self, scripted: Tracker, scripted_vendor: ScriptedVendor) -> None:
        renamed = REPOSITORY | {"full_name": "acme/web", "url": "https://api.github.com/repos/acme/web"}
        there = {"Location": f"{scripted_vendor.url}/repositories/1"}
        made = issue(html_url="https://github.com/acme/web/issues/12")
        scripted_vendor.answers = [Answer(301, {}, there), Answer(200, renamed), Answer(201, made)]
        assert scripted.create(DRAFT).key == "acme/web#12"
        assert scripted_vendor.requests == [
            "GET /repos/acme/api",
            "GET /repositories/1",
            "POST /repos/acme/web/issues",
        ]

    def test_a_transferred_issue_answers_with_its_new_name(
        self, scripted: Tracker, scripted_vendor: ScriptedVendor
    ) -> None:
        moved = issue(id=9001, number=3, html_url="https://github.com/acme/web/issues/3")
        there = f"{scripted_vendor.url}/repositories/2/issues/3"
        scripted_vendor.answers = [Answer(301, {}, {"Location": there}), Answer(200, moved)]
        assert scripted.fetch(REF).ref == TicketRef("9001", "acme/web#3")

    def test_a_transferred_issue_is_written_where_it_is_now(
        self, scripted: Tracker, scripted_vendor: ScriptedVendor
    ) -> None:
        moved = issue(id=9001, number=3, html_url="https://github.com/acme/web/issues/3")
        there = f"{scripted_vendor.url}/repositories/2/issues/3"
        scripted_vendor.answers = [Answer(301, {}, {"Location": there}), Answer(200, moved)]
        scripted.update(REF, TicketChange(state=TicketState.DONE))
        assert scripted_vendor.requests[-1] == "PATCH /repos/acme/web/issues/3"
        assert scripted_vendor.bodies[-1] == {"state": "closed", "state_reason": "completed"}

    def test_another_issue_under_the_same_key_is_not_ours(
        self, scripted: Tracker, scripted_vendor: ScriptedVendor
    ) -> None:
        scripted_vendor.answers = [Answer(200, issue(id=1))]
        with pytest.raises(TicketGone):
            scripted.update(REF, TicketChange(title="x"))
        assert len(scripted_vendor.requests) == 1
