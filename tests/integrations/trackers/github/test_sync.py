"""GitHub beyond one ticket at a time: many at once, comments, accounts, its webhook; every request judged by GitHub's
own documents."""

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest
import requests
from openapi_core.exceptions import OpenAPIError

from domain.errors import CredentialsRejected, TicketForbidden, TicketGone
from domain.tickets.status import TicketState
from integrations.registry import connect
from integrations.text.mentions import disable_mentions
from integrations.ticket import PullRequest, PullRequestState, TicketChange, TicketDraft, TicketRef
from integrations.tracker import Account, Registration, Tracker, TrackerUnavailable
from tests.peers.github import GithubPeer
from tests.peers.github_openapi import GithubAnswers, GithubRequests, WrongQuery
from tests.peers.tracker_peer import Fault, Kind

HOOK = "https://afterword.example/api/webhooks/github/int_1"


@pytest.fixture
def peer(github_requests: GithubRequests) -> Iterator[GithubPeer]:
    peer = GithubPeer()
    with peer.running():
        yield peer


@pytest.fixture
def tracker(peer: GithubPeer) -> Iterator[Tracker]:
    with connect("github", peer.config, peer.secrets) as tracker:
        yield tracker


class TestManyAtOnce:
    def test_a_hundred_in_one_call(self, tracker: Tracker, peer: GithubPeer) -> None:
        made = [TicketRef(peer.open(f"Ticket {number}", "Text."), f"acme/api#{number + 1}") for number in range(150)]
        before = tracker.calls
        found = list(tracker.read_many(made))
        assert {one.ref for one in found} == set(made)
        assert tracker.calls - before == 2
        assert tracker.request_id
        assert found[0] == replace(tracker.fetch(found[0].ref), pull_requests=())

    def test_what_is_gone_moved_or_hidden_is_left_out(self, tracker: Tracker, peer: GithubPeer) -> None:
        refs = [TicketRef(peer.open(f"Ticket {number}", ""), f"acme/api#{number + 1}") for number in range(4)]
        peer.delete(refs[0].external_id)
        peer.move(refs[1].external_id)
        peer.hide(refs[2].external_id)
        assert [one.ref for one in tracker.read_many(refs)] == [refs[3]]
        with pytest.raises(TicketGone):
            tracker.fetch(refs[0])
        assert tracker.fetch(refs[1]).key == "acme/web#1"
        with pytest.raises(TicketForbidden, match="transferred"):
            tracker.fetch(refs[2])

    def test_pull_requests_come_along(self, tracker: Tracker, peer: GithubPeer) -> None:
        made = TicketRef(peer.open("Ticket", ""), "acme/api#1")
        page = peer.pull_request(made.external_id, "merged")
        (found,) = tracker.read_many([made])
        assert found.pull_requests == (PullRequest(page, "Alert sooner", PullRequestState.MERGED),)

    @pytest.mark.parametrize("fault", [Fault.EMPTY_LIST])
    def test_an_empty_answer_says_nothing(self, tracker: Tracker, peer: GithubPeer, fault: Fault) -> None:
        made = TicketRef(peer.open("Ticket", ""), "acme/api#1")
        peer.order(fault, Kind.LIST)
        assert list(tracker.read_many([made])) == []

    @pytest.mark.parametrize("fault", [Fault.SERVER_ERROR, Fault.LIMITED, Fault.LIMITED_SILENTLY, Fault.RESET])
    def test_stumbles(self, tracker: Tracker, peer: GithubPeer, fault: Fault) -> None:
        peer.order(fault, Kind.LIST)
        with pytest.raises(TrackerUnavailable) as caught:
            list(tracker.read_many([TicketRef("1", "acme/api#1")]))
        assert caught.value.retry_after == {Fault.LIMITED: 1.0, Fault.LIMITED_SILENTLY: 60.0}.get(fault)

    def test_a_revoked_token(self, tracker: Tracker, peer: GithubPeer) -> None:
        peer.revoke()
        with pytest.raises(CredentialsRejected):
            list(tracker.read_many([TicketRef("1", "acme/api#1")]))

    def test_a_wrong_query_is_caught(self, github_requests: GithubRequests) -> None:
        for query in ("query { repository(owner: 1) { id } }", "query { repo }", "query {"):
            request = requests.Request("POST", "http://localhost/graphql", json={"query": query})
            with pytest.raises(WrongQuery):
                github_requests.check(request.prepare())


class TestComments:
    def test_one_living_comment(self, tracker: Tracker, peer: GithubPeer) -> None:
        made = tracker.create(TicketDraft("tkt_1", "T", "B"))
        for text in ("The owner is Jane.", "The owner is Jane.", "The owner is Kim."):
            tracker.comment(made.ref, "owner", text)
        tracker.comment(made.ref, "another", "Something else.")
        assert peer.tickets()[0].comments == ("The owner is Kim.", "Something else.")
        writes = [f"{one.method} {one.path}" for one in peer.requests if "/comments" in one.path and one.body]
        assert [one.split()[0] for one in writes] == ["POST", "PATCH", "POST"]


class TestPeople:
    def test_accounts(self, tracker: Tracker) -> None:
        assert list(tracker.accounts()) == [Account("afterword-bot", "afterword-bot"), Account("jane", "jane")]

    def test_the_owner_is_the_first_assignee_and_the_others_stay(self, tracker: Tracker, peer: GithubPeer) -> None:
        made = tracker.create(TicketDraft("tkt_1", "T", "B", assignee="jane"))
        assert tracker.update(made.ref, TicketChange(title="T2")).assignee == "jane"
        assert tracker.update(made.ref, TicketChange(assignee="afterword-bot")).assignee == "afterword-bot"
        patches = [json.loads(one.body) for one in peer.requests if one.method == "PATCH"]
        assert patches == [{"title": "T2"}, {"assignees": ["afterword-bot"]}]

    def test_nobody_is_pinged_by_accident(self, tracker: Tracker, peer: GithubPeer) -> None:
        text = "Ask @jane, mail jane@example.com, run `@decorator`.\n\n```\n@code\n```\n\n(@acme/team)"
        made = tracker.create(TicketDraft("tkt_1", "T", text))
        assert made.body == text
        sent = json.loads(next(one.body for one in peer.requests if one.method == "POST"))["body"]
        assert sent.startswith(disable_mentions(text))
        assert disable_mentions(text).count("@jane") == 0
        assert disable_mentions(text).count("@code") == 1
        assert tracker.update(made.ref, TicketChange(body=text)) == made


class TestWebhook:
    def test_it_is_made_once_and_adopted(self, tracker: Tracker, peer: GithubPeer) -> None:
        made = tracker.register_webhook(HOOK, "s")
        assert tracker.register_webhook(HOOK, "s") == made
        assert tracker.register_webhook(HOOK, "s", made) == made
        assert [one.method for one in peer.requests if "/hooks" in one.path] == [
            "GET", "POST", "GET", "PATCH", "GET", "PATCH"
        ]  # fmt: skip

    def test_one_that_was_taken_away_is_made_anew(self, tracker: Tracker) -> None:
        made = tracker.register_webhook(HOOK, "s")
        tracker.remove_webhook(made)
        tracker.remove_webhook(made)
        assert tracker.register_webhook(HOOK, "s", made) != made

    def test_one_that_points_elsewhere_is_not_ours(self, tracker: Tracker) -> None:
        other = tracker.register_webhook("https://other.example/hook", "s")
        assert tracker.register_webhook(HOOK, "s") != other
        assert isinstance(other, Registration)


class TestFaults:
    def test_a_lost_answer_is_found_by_its_marker(self, tracker: Tracker, peer: GithubPeer) -> None:
        peer.order(Fault.LOST_ANSWER, Kind.CREATE)
        with pytest.raises(TrackerUnavailable):
            tracker.create(TicketDraft("tkt_1", "T", "B"))
        found = tracker.find("tkt_1", datetime.now(UTC))
        assert found is not None
        assert [one.external_id for one in peer.tickets()] == [found.external_id]

    def test_a_human_change_is_told_as_the_vendor_tells_it(self, tracker: Tracker, peer: GithubPeer) -> None:
        made = tracker.create(TicketDraft("tkt_1", "T", "B"))
        peer.edit(made.external_id, title="T2", state=TicketState.DONE, assignee="jane")
        told = [one for sent in peer.outbox for one in tracker.parse_webhook(sent.headers, sent.body)]
        for sent in peer.outbox:
            tracker.verify_webhook(sent.headers, sent.body, datetime.now(UTC))
        assert [one.action.value for one in told] == ["OPENED", "EDITED", "ASSIGNED", "CLOSED"]  # type: ignore[union-attr]
        assert told[-1].ticket == tracker.fetch(made.ref)  # type: ignore[union-attr]


class TestPeer:
    """The peer's answers have the shape that GitHub documents, as far as they go: it leaves out what nobody reads."""

    def test_its_answers_are_githubs(self, tracker: Tracker, peer: GithubPeer, github_answers: GithubAnswers) -> None:
        made = tracker.create(TicketDraft("tkt_1", "T", "B", assignee="jane"))
        tracker.update(made.ref, TicketChange(state=TicketState.CANCELLED))
        tracker.comment(made.ref, "owner", "Jane.")
        tracker.comment(made.ref, "owner", "Kim.")
        tracker.find("tkt_1")
        list(tracker.accounts())
        tracker.check_permissions()
        tracker.register_webhook(HOOK, "s", tracker.register_webhook(HOOK, "s"))
        assert len(github_answers.seen) >= 12

    def test_a_wrong_answer_is_caught(self, github_answers: GithubAnswers) -> None:
        request = requests.Request("GET", "http://localhost/repos/acme/api/issues/1").prepare()
        github_answers.check(request, _json({"number": 1, "title": "T", "state": "open", "assignees": []}))
        for wrong in ({"number": "one"}, {"assignees": {}}, {"created_at": 5}, {"user": "jane"}):
            with pytest.raises(OpenAPIError):
                github_answers.check(request, _json(wrong))


def _json(body: object) -> requests.Response:
    answer = requests.Response()
    answer.status_code = 200
    answer.headers["Content-Type"] = "application/json"
    answer._content = json.dumps(body).encode()
    return answer
