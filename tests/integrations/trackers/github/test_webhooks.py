"""GitHub's recorded webhooks."""

import json
from collections.abc import Sequence

import pytest

from domain.errors import (
    MalformedWebhook,
)
from domain.tickets.status import CloseReason, TicketState
from integrations.ticket import (
    News,
    PullRequest,
    PullRequestEvent,
    PullRequestState,
    Ticket,
    TicketAction,
    TicketEvent,
    TicketRef,
)
from integrations.tracker import Tracker
from tests.integrations.trackers.github.answers import REF, issue
from tests.peers.npm import packed_file


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
