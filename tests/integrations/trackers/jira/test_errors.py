"""Jira's errors and limits."""

from datetime import UTC, datetime, timedelta

import pytest

from domain.errors import (
    CredentialsRejected,
    TicketForbidden,
    TicketGone,
    TrackerRefused,
)
from integrations.registry import connect
from integrations.tracker import Tracker, TrackerUnavailable
from integrations.trackers.jira.site import LIMITED_FOR
from tests.integrations.trackers.jira.talk import DRAFT, ISSUE, REF, SAID, URL
from tests.peers.jira import TOKEN, JiraPeer
from tests.peers.scripted import Answer, ScriptedVendor
from tests.peers.tracker_peer import Request


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
