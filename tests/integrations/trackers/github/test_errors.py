"""GitHub's errors and limits, and that no error tells a token."""

import socket
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
from integrations.trackers.github.errors import LIMITED_FOR
from tests.integrations.trackers.github.answers import ACCOUNT, DRAFT, REF, REPOSITORY, TOKEN, issue
from tests.peers.scripted import Answer, ScriptedVendor

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
