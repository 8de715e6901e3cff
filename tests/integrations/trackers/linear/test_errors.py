"""Linear's errors, limits and permissions."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from domain.errors import (
    CredentialsRejected,
    DomainError,
    InvalidIntegrationConfig,
    TicketForbidden,
    TicketGone,
    TrackerRefused,
)
from integrations.registry import connect
from integrations.tracker import Tracker, TrackerUnavailable
from tests.integrations.trackers.linear.talk import DRAFT, REF
from tests.peers.linear import TOKEN, LinearPeer, User
from tests.peers.scripted import Answer, ScriptedVendor


@pytest.fixture
def scripted(scripted_vendor: ScriptedVendor) -> Iterator[Tracker]:
    with connect("linear", {"team": "ENG", "baseUrl": scripted_vendor.url}, {"token": TOKEN}) as tracker:
        yield tracker


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
