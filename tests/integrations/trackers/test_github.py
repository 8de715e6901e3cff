"""What is GitHub's own: requests against its OpenAPI document, its errors, its limits, its recorded webhooks."""

import json
import socket
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

import pytest
import requests
from openapi_core.exceptions import OpenAPIError

from domain.errors import (
    CredentialsRejected,
    DomainError,
    InvalidIntegrationConfig,
    MalformedWebhook,
    TicketForbidden,
    TicketGone,
    TrackerRefused,
)
from domain.tickets.status import CloseReason, TicketState
from integrations.registry import connect
from integrations.ticket import (
    News,
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
from integrations.tracker import Tracker, TrackerUnavailable
from integrations.trackers.github.errors import LIMITED_FOR
from integrations.trackers.github.issues import BODY_LIMIT, TITLE_LIMIT
from tests.peers.emulate import EmulatedGithub
from tests.peers.github_openapi import GithubRequests
from tests.peers.npm import packed_file
from tests.peers.scripted import Answer, ScriptedVendor

TOKEN = "github_pat_11AAAAAAA0notarealtoken"
REF = TicketRef("4501", "acme/api#12")
ACCOUNT = {"login": "afterword-bot", "id": 1}
REPOSITORY = {
    "id": 1,
    "full_name": "acme/api",
    "url": "https://api.github.com/repos/acme/api",
    "has_issues": True,
    "archived": False,
    "permissions": {"pull": True, "triage": True, "push": True},
}
DRAFT = TicketDraft("ai_1", "Alert on queue depth", "Page before the queue is full.")


def issue(**fields: object) -> dict[str, object]:
    """The parts of GitHub's issue that matter here, in its shape."""
    number = fields.get("number", 12)
    page = f"https://github.com/acme/api/issues/{number}"
    return {
        "id": 4501,
        "number": number,
        "url": f"https://api.github.com/repos/acme/api/issues/{number}",
        "html_url": page,
        "title": "Alert on queue depth",
        "body": "Page before the queue is full.\n\n<!-- afterword:ai_1 -->",
        "state": "open",
        "state_reason": None,
        "user": {"login": "afterword-bot", "id": 1},
        "assignees": [],
        "created_at": "2026-11-23T07:30:00Z",
        "updated_at": "2026-11-23T07:30:00Z",
    } | fields


def pull_request(**fields: object) -> dict[str, object]:
    """The webhook of a pull request, with the parts that matter here."""
    pull = {
        "html_url": "https://github.com/acme/api/pull/20",
        "title": "Alert sooner",
        "body": None,
        "state": "open",
        "updated_at": "2026-11-23T07:30:00Z",
        "head": {"ref": "sooner"},
    }
    return {"action": "opened", "pull_request": pull | fields, "repository": {"full_name": "acme/api"}}


@pytest.fixture
def tracker(emulate_github: EmulatedGithub, github_requests: GithubRequests) -> Iterator[Tracker]:
    config = {"repository": emulate_github.repository, "baseUrl": emulate_github.url, "secondsBetweenWrites": 0}
    with connect("github", config, {"token": emulate_github.token}) as tracker:
        yield tracker


@pytest.fixture
def scripted(scripted_vendor: ScriptedVendor) -> Iterator[Tracker]:
    config = {"repository": "acme/api", "baseUrl": scripted_vendor.url, "secondsBetweenWrites": 0}
    with connect("github", config, {"token": TOKEN, "webhookSecret": "s"}) as tracker:
        yield tracker


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


NOT_FOUND = {"message": "Not Found", "documentation_url": "https://docs.github.com/rest"}
LIMITED = {"message": "API rate limit exceeded for user ID 1."}
SECONDARY = {"message": "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."}


class TestRefusals:
    @pytest.mark.parametrize(
        ("answers", "refusal", "words"),
        [
            ([Answer(401, {"message": "Bad credentials"})], CredentialsRejected, "GitHub rejected"),
            ([Answer(404, NOT_FOUND), Answer(200, {"id": 1})], TicketForbidden, "acme/api#12: there is no issue"),
            ([Answer(404, NOT_FOUND)], TicketForbidden, "acme/api doesn't exist, or the token can't see it"),
            ([Answer(410, {"message": "This issue was deleted"})], TicketGone, "acme/api#12"),
            (
                [Answer(403, {"message": "Resource not accessible by personal access token"})],
                TicketForbidden,
                "Resource not accessible by personal access token",
            ),
            ([Answer(451, {"message": "Repository access blocked"})], TrackerRefused, "Repository access blocked"),
        ],
    )
    def test_of_a_ticket(
        self,
        scripted: Tracker,
        scripted_vendor: ScriptedVendor,
        answers: list[Answer],
        refusal: type[DomainError],
        words: str,
    ) -> None:
        scripted_vendor.answers = answers
        with pytest.raises(refusal, match=words):
            scripted.fetch(REF)

    @pytest.mark.parametrize(
        ("answer", "refusal", "words"),
        [
            (Answer(404, NOT_FOUND), TrackerRefused, "acme/api doesn't exist, or the token can't see it"),
            (Answer(410, {"message": "Issues are disabled for this repo"}), TrackerRefused, "Issues are disabled"),
            (Answer(403, {"message": "Must have admin rights"}), TicketForbidden, "acme/api: Must have admin rights"),
            (
                Answer(
                    422,
                    {
                        "message": "Validation Failed",
                        "errors": [
                            {"resource": "Issue", "field": "assignees", "code": "invalid"},
                            {"resource": "Issue", "code": "custom", "message": "body is too long"},
                            "nonsense",
                        ],
                    },
                ),
                TrackerRefused,
                "Validation Failed: assignees invalid; body is too long; nonsense",
            ),
            (Answer(422, {"message": "Validation Failed", "errors": "a sentence"}), TrackerRefused, "Failed"),
        ],
    )
    def test_of_a_new_ticket(
        self,
        scripted: Tracker,
        scripted_vendor: ScriptedVendor,
        answer: Answer,
        refusal: type[DomainError],
        words: str,
    ) -> None:
        scripted_vendor.answers = [Answer(200, REPOSITORY), answer]
        with pytest.raises(refusal, match=words):
            scripted.create(DRAFT)
        assert len(scripted_vendor.requests) == 2

    def test_a_redirection_elsewhere_is_for_a_person(self, scripted: Tracker, scripted_vendor: ScriptedVendor) -> None:
        scripted_vendor.answers = [Answer(301, {}, {"Location": "https://github.example.com/api/v3/user"})]
        with pytest.raises(TrackerRefused, match="Correct the API address"):
            scripted.fetch(REF)

    def test_permissions_stop_at_the_first_that_is_missing(
        self, scripted: Tracker, scripted_vendor: ScriptedVendor
    ) -> None:
        scripted_vendor.answers = [Answer(200, ACCOUNT), Answer(404, NOT_FOUND)]
        checks = scripted.check_permissions()
        assert [(check.name, check.granted) for check in checks] == [
            ("Webhook secret", True),
            ("Token", True),
            ("Repository", False),
        ]
        assert "can't see it" in checks[-1].detail

    @pytest.mark.parametrize(
        ("repository", "missing"),
        [
            ({"archived": True}, "Repository"),
            ({"has_issues": False}, "Repository"),
            ({"permissions": {"pull": True, "push": False, "triage": False}}, "Write issues"),
        ],
    )
    def test_a_missing_permission_is_named(
        self, scripted: Tracker, scripted_vendor: ScriptedVendor, repository: dict[str, object], missing: str
    ) -> None:
        scripted_vendor.answers = [Answer(200, ACCOUNT), Answer(200, REPOSITORY | repository), Answer(200, [])]
        assert [check.name for check in scripted.check_permissions() if not check.granted] == [missing]


class TestStumbles:
    @pytest.mark.parametrize(
        ("answer", "least", "most"),
        [
            (Answer(403, SECONDARY, {"Retry-After": "30"}), 30, 30),
            (Answer(429, SECONDARY, {"Retry-After": "7"}), 7, 7),
            (Answer(403, SECONDARY), LIMITED_FOR, LIMITED_FOR),
            (Answer(429, {"message": "Too many"}), LIMITED_FOR, LIMITED_FOR),
            (Answer(403, LIMITED, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "{in 100 s}"}), 98, 102),
            (Answer(403, LIMITED, {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "1"}), 1, 1),
            (Answer(503, {"message": "Down"}, {"Retry-After": "120"}), 120, 120),
            (Answer(503, {"message": "Down"}), None, None),
            (Answer(502, b"<html>Bad gateway</html>"), None, None),
        ],
    )
    def test_the_wait_is_told(
        self,
        scripted: Tracker,
        scripted_vendor: ScriptedVendor,
        answer: Answer,
        least: float | None,
        most: float | None,
    ) -> None:
        soon = str(int(datetime.now(UTC).timestamp()) + 100)
        headers = {name: value.replace("{in 100 s}", soon) for name, value in answer.headers.items()}
        scripted_vendor.answers = [Answer(200, REPOSITORY), Answer(answer.status, answer.body, headers)]
        with pytest.raises(TrackerUnavailable) as caught:
            scripted.create(DRAFT)
        wait = caught.value.retry_after
        assert (wait is None) if least is None or most is None else (wait is not None and least <= wait <= most)
        assert len(scripted_vendor.requests) == 2, "a write is never sent again by the library"

    @pytest.mark.parametrize(
        "body",
        [b"<html>Please sign in to the guest network</html>", b"{}", b"{", {"error": 1}, issue(title=["x"])],
    )
    def test_something_that_is_not_of_its_api(
        self, scripted: Tracker, scripted_vendor: ScriptedVendor, body: object
    ) -> None:
        scripted_vendor.answers = [Answer(200, body)]
        with pytest.raises(TrackerUnavailable):
            scripted.fetch(REF)
        with pytest.raises(TrackerUnavailable):
            scripted.create(DRAFT)
        with pytest.raises(TrackerUnavailable):
            scripted.find("ai_1")

    def test_nobody_there(self) -> None:
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            config = {"repository": "acme/api", "baseUrl": f"http://127.0.0.1:{taken.getsockname()[1]}"}
            with connect("github", config, {"token": TOKEN}) as tracker, pytest.raises(TrackerUnavailable):
                tracker.fetch(REF)


class TestSecrecy:
    def test_a_vendor_that_repeats_the_token_does_not_publish_it(
        self, scripted: Tracker, scripted_vendor: ScriptedVendor
    ) -> None:
        scripted_vendor.answers = [Answer(200, REPOSITORY), Answer(422, {"message": f"{'odd ' * 120}{TOKEN}"})]
        with pytest.raises(TrackerRefused) as caught:
            scripted.create(DRAFT)
        error = caught.value
        assert TOKEN[:8] not in f"{error} {error!r} {error.facts}"
        assert error.__cause__ is None

    @pytest.mark.parametrize("token", ["", "two words", "line\nbreak", "é", "a\0b"])
    def test_a_token_that_a_header_cannot_hold_is_refused_early(self, token: str) -> None:
        with pytest.raises(InvalidIntegrationConfig) as caught:
            connect("github", {"repository": "acme/api"}, {"token": token})
        assert not token or token not in f"{caught.value.facts}"

    @pytest.mark.parametrize(
        "config",
        [
            {"repository": "acme"},
            {"repository": "acme/api/x"},
            {"repository": "../api"},
            {"repository": "acme/api", "baseUrl": "file:///etc/passwd"},
            {"repository": "acme/api", "baseUrl": "https://user:pass@github.example.com"},
            {"repository": "acme/api", "baseUrl": "github.example.com"},
            {"repository": "acme/api", "secondsBetweenWrites": -1},
        ],
    )
    def test_settings_that_cannot_work_are_refused(self, config: dict[str, object]) -> None:
        with pytest.raises(InvalidIntegrationConfig):
            connect("github", config, {"token": TOKEN})

    @pytest.mark.parametrize(("config", "secrets"), [({}, {"token": TOKEN}), ({"repository": "acme/api"}, {})])
    def test_a_connection_that_only_receives_opens_no_tickets(
        self, config: dict[str, object], secrets: dict[str, object]
    ) -> None:
        with connect("github", config, secrets) as tracker, pytest.raises(TrackerRefused):
            tracker.find("ai_1")


EXAMPLES = ("@octokit/webhooks-examples", "7.6.1", "api.github.com/index.json")


@pytest.fixture(scope="module")
def recorded() -> dict[str, list[dict[str, object]]]:
    """GitHub's recorded payloads by event."""
    every = json.loads(packed_file(*EXAMPLES).read_bytes())
    return {one["name"]: one["examples"] for one in every}


class TestWebhooks:
    def news(self, tracker: Tracker, event: str, payload: object) -> Sequence[News]:
        headers = {"X-GitHub-Event": event, "X-GitHub-Delivery": "72d3162e-cc78-11e3-81ab-4c9367dc0958"}
        return tracker.parse_webhook(headers, json.dumps(payload).encode())

    def parse(self, tracker: Tracker, event: str, payload: object) -> TicketEvent | None:
        for one in self.news(tracker, event, payload):
            assert isinstance(one, TicketEvent)
            return one
        return None

    def tell(self, tracker: Tracker, payload: object) -> tuple[TicketEvent, Ticket]:
        event = self.parse(tracker, "issues", payload)
        assert event is not None
        assert event.ticket is not None
        return event, event.ticket

    def test_recorded_issues_are_understood(
        self, scripted: Tracker, recorded: dict[str, list[dict[str, object]]]
    ) -> None:
        told = [event for payload in recorded["issues"] if (event := self.parse(scripted, "issues", payload))]
        assert {event.action for event in told} >= {
            TicketAction.OPENED,
            TicketAction.EDITED,
            TicketAction.REOPENED,
            TicketAction.ASSIGNED,
            TicketAction.UNASSIGNED,
            TicketAction.DELETED,
            TicketAction.TRANSFERRED,
        }
        for event in told:
            assert event.actor == "Codertocat"
            assert event.ref.key in {"Codertocat/Hello-World#1", "octo-org/hello-world-npm#1"}
            assert event.ref.external_id.isdigit()

    def test_every_other_recorded_event_is_taken_and_not_used(
        self, scripted: Tracker, recorded: dict[str, list[dict[str, object]]]
    ) -> None:
        used = {"issues", "pull_request", "push"}
        others = [(name, payload) for name, payloads in recorded.items() if name not in used for payload in payloads]
        assert len(others) > 200
        assert {self.parse(scripted, name, payload) for name, payload in others} == {None}

    def test_recorded_pull_requests_and_pushes_are_understood(
        self, scripted: Tracker, recorded: dict[str, list[dict[str, object]]]
    ) -> None:
        assert len(recorded["pull_request"]) > 10
        told = [
            one
            for kind in ("pull_request", "push")
            for payload in recorded[kind]
            for one in self.news(scripted, kind, payload)
        ]
        assert all(isinstance(one, PullRequestEvent) for one in told)

    @pytest.mark.parametrize(
        ("text", "tickets"),
        [
            ("Fixes #12", ("acme/api#12",)),
            ("closes: acme/web#3, and GH-4", ("acme/web#3", "acme/api#4")),
            ("see https://github.com/acme/web/issues/3#issuecomment-1 and acme/web#3", ("acme/web#3",)),
            ("mentions #12 twice: #12", ("acme/api#12",)),
            ("&#12; color #12ab, issue#12, /#12, #0", ()),
            (None, ()),
        ],
    )
    def test_a_pull_request_names_its_tickets(
        self, scripted: Tracker, text: str | None, tickets: tuple[str, ...]
    ) -> None:
        told = self.news(scripted, "pull_request", pull_request(body=text))
        assert tuple(key for one in told if isinstance(one, PullRequestEvent) for key in one.tickets) == tickets

    @pytest.mark.parametrize(
        ("fields", "state"),
        [
            ({"state": "open"}, PullRequestState.OPEN),
            ({"state": "closed", "merged": True}, PullRequestState.MERGED),
            ({"state": "closed", "merged": False, "merged_at": None}, PullRequestState.CLOSED),
        ],
    )
    def test_its_state_is_told(self, scripted: Tracker, fields: dict[str, object], state: PullRequestState) -> None:
        (event,) = self.news(scripted, "pull_request", pull_request(body="Fixes #12", **fields))
        assert isinstance(event, PullRequestEvent)
        assert event.pull_request == PullRequest("https://github.com/acme/api/pull/20", "Alert sooner", state)

    def test_a_branch_that_github_made_for_an_issue_is_linked(self, scripted: Tracker) -> None:
        (event,) = self.news(scripted, "pull_request", pull_request(head={"ref": "12-alert-sooner"}))
        assert isinstance(event, PullRequestEvent)
        assert event.tickets == ("acme/api#12",)

    @pytest.mark.parametrize(
        ("ref", "state"), [("refs/heads/main", PullRequestState.MERGED), ("refs/heads/x", PullRequestState.OPEN)]
    )
    def test_a_commit_is_shown_like_a_pull_request(self, scripted: Tracker, ref: str, state: PullRequestState) -> None:
        commit = {"url": "https://github.com/acme/api/commit/1", "timestamp": "2026-11-23T07:30:00Z"}
        push = {
            "ref": ref,
            "repository": {"full_name": "acme/api", "default_branch": "main"},
            "commits": [commit | {"message": "Alert sooner\n\nFixes #12"}, commit | {"message": "Unrelated"}],
        }
        (event,) = self.news(scripted, "push", push)
        assert isinstance(event, PullRequestEvent)
        assert event.tickets == ("acme/api#12",)
        assert event.pull_request == PullRequest("https://github.com/acme/api/commit/1", "Alert sooner", state)

    @pytest.mark.parametrize("kind", ["pull_request", "push"])
    def test_a_pull_request_without_its_parts_is_malformed(self, scripted: Tracker, kind: str) -> None:
        with pytest.raises(MalformedWebhook):
            self.news(scripted, kind, {"action": "opened", "repository": {"full_name": "acme/api"}})

    def test_unused_actions_are_taken(self, scripted: Tracker) -> None:
        for action in ("labeled", "pinned", "milestoned", "typed", "something_new"):
            assert self.parse(scripted, "issues", {"action": action, "issue": issue()}) is None

    @pytest.mark.parametrize(
        ("reason", "state", "why"),
        [
            ("completed", TicketState.DONE, CloseReason.COMPLETED),
            ("not_planned", TicketState.CANCELLED, CloseReason.NOT_PLANNED),
            ("duplicate", TicketState.CANCELLED, CloseReason.DUPLICATE),
            (None, TicketState.DONE, CloseReason.COMPLETED),
            ("a reason of 2031", TicketState.DONE, CloseReason.COMPLETED),
        ],
    )
    def test_closed_says_why(self, scripted: Tracker, reason: str | None, state: TicketState, why: CloseReason) -> None:
        payload = {"action": "closed", "issue": issue(state="closed", state_reason=reason), "sender": {"login": "jane"}}
        event, ticket = self.tell(scripted, payload)
        assert (event.action, event.actor) == (TicketAction.CLOSED, "jane")
        assert (ticket.state, ticket.reason) == (state, why)
        assert ticket.status == f"closed as {why.value.lower().replace('_', ' ')}"
        assert (ticket.body, ticket.marker) == ("Page before the queue is full.", "ai_1")
        assert event.delivery_id == "72d3162e-cc78-11e3-81ab-4c9367dc0958"

    def test_reopened_is_open_without_a_reason(self, scripted: Tracker) -> None:
        event, ticket = self.tell(scripted, {"action": "reopened", "issue": issue(state_reason="reopened")})
        assert (ticket.state, ticket.reason, ticket.status) == (TicketState.OPEN, None, "open")
        assert event.actor is None

    def test_transferred_tells_the_new_issue(self, scripted: Tracker) -> None:
        there = issue(id=9001, number=3, html_url="https://github.com/acme/web/issues/3")
        payload = {"action": "transferred", "issue": issue(), "changes": {"new_issue": there}}
        event, _ = self.tell(scripted, payload)
        assert event.ref == REF
        assert event.moved_to is not None
        assert event.moved_to.ref == TicketRef("9001", "acme/web#3")

    def test_an_account_that_is_gone_is_nobody(self, scripted: Tracker) -> None:
        _, ticket = self.tell(scripted, {"action": "edited", "issue": issue(user=None), "sender": None})
        assert ticket.author is None

    def test_a_pull_request_is_not_a_ticket(self, scripted: Tracker) -> None:
        pull = issue(html_url="https://github.com/acme/api/pull/12", pull_request={"url": "https://x"})
        assert self.parse(scripted, "issues", {"action": "closed", "issue": pull}) is None

    @pytest.mark.parametrize(
        "wrong",
        [
            {"html_url": "https://github.com/acme"},
            {"state": "ajar"},
            {"updated_at": "2026-11-23T07:30:00"},
            {"updated_at": None},
            {"id": "x"},
            {"user": "jane"},
            {"title": None},
        ],
    )
    def test_a_wrong_part_is_named(self, scripted: Tracker, wrong: dict[str, object]) -> None:
        with pytest.raises(MalformedWebhook, match=f"issue.{next(iter(wrong))}"):
            self.parse(scripted, "issues", {"action": "closed", "issue": issue(**wrong)})

    def test_nul_does_not_come_through(self, scripted: Tracker) -> None:
        _, ticket = self.tell(scripted, {"action": "edited", "issue": issue(title="a\0b", body="c\0d")})
        assert (ticket.title, ticket.body) == ("ab", "cd")
