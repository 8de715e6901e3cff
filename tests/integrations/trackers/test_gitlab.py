"""What is GitLab's own: labels for states, commands and mentions, moved issues, signatures, its errors and limits."""

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest

from domain.errors import (
    BadSignature,
    CredentialsRejected,
    DomainError,
    MalformedWebhook,
    TicketForbidden,
    TicketGone,
    TrackerRefused,
)
from domain.tickets.status import CloseReason, TicketState
from integrations.registry import connect
from integrations.ticket import TicketAction, TicketChange, TicketDraft, TicketEvent, TicketRef
from integrations.tracker import Account, Registration, Tracker, TrackerUnavailable
from integrations.trackers.gitlab.texts import BODY_LIMIT, TITLE_LIMIT
from tests.peers.gitlab import CANCELLED, DUPLICATE, SECRET, STARTED, TOKEN, GitlabPeer
from tests.peers.scripted import Answer, ScriptedVendor
from tests.peers.tracker_peer import Fault, Kind, Request

DRAFT = TicketDraft("ai_1", "Alert on queue depth", "Page before the queue is full.")
REF = TicketRef("500", "acme/api#12")
URL = "https://afterword.example.com/webhooks/1"


@pytest.fixture
def peer() -> Iterator[GitlabPeer]:
    peer = GitlabPeer()
    with peer.running():
        yield peer


@pytest.fixture
def tracker(peer: GitlabPeer) -> Iterator[Tracker]:
    with connect("gitlab", peer.config, peer.secrets) as tracker:
        yield tracker


@pytest.fixture
def scripted(scripted_vendor: ScriptedVendor) -> Iterator[Tracker]:
    with connect("gitlab", {"project": "acme/api", "baseUrl": scripted_vendor.url}, {"token": TOKEN}) as tracker:
        yield tracker


class TestStates:
    @pytest.mark.parametrize(
        ("change", "state", "labels"),
        [
            (TicketChange(state=TicketState.STARTED), "opened", ["api", STARTED]),
            (TicketChange(state=TicketState.DONE), "closed", ["api"]),
            (TicketChange(state=TicketState.CANCELLED), "closed", ["api", CANCELLED]),
            (
                TicketChange(state=TicketState.CANCELLED, reason=CloseReason.DUPLICATE),
                "closed",
                ["api", DUPLICATE],
            ),
        ],
    )
    def test_labels_say_what_gitlab_cannot(
        self, tracker: Tracker, peer: GitlabPeer, change: TicketChange, state: str, labels: list[str]
    ) -> None:
        made = tracker.create(TicketDraft("ai_1", "T", "", labels=("api",)))
        now = tracker.update(made.ref, change)
        issue = peer.issues[int(made.external_id)]
        assert (issue.state, sorted(issue.labels)) == (state, sorted(labels))
        assert (now.state, now.reason) == (change.state, change.reason or now.reason)
        calls = tracker.calls
        assert tracker.update(made.ref, change) == now
        assert tracker.calls == calls + 1, "what holds already is only looked at"
        assert tracker.update(made.ref, TicketChange(state=TicketState.OPEN)).status == "opened"
        assert issue.labels == ["api"]

    def test_a_connection_names_its_own(self, peer: GitlabPeer) -> None:
        with connect("gitlab", {**peer.config, "startedLabel": "workflow::doing"}, peer.secrets) as tracker:
            made = tracker.create(DRAFT)
            assert tracker.update(made.ref, TicketChange(state=TicketState.STARTED)).status == "workflow::doing"


class TestFields:
    def test_everything_is_set(self, tracker: Tracker, peer: GitlabPeer) -> None:
        made = tracker.create(
            TicketDraft("ai_1", "T", "B", ("x",), "12", date(2026, 12, 1), issue_type="incident", fields={"weight": 3})
        )
        assert (made.assignee, made.due_on, made.key) == ("12", date(2026, 12, 1), "acme/api#1")
        now = tracker.update(made.ref, TicketChange(assignee="11", due_on=date(2027, 1, 1)))
        assert (now.assignee, now.due_on) == ("11", date(2027, 1, 1))
        assert tracker.update(made.ref, TicketChange(no_due_date=True)).due_on is None
        peer.edit(made.external_id, assignee="12")
        assert tracker.update(made.ref, TicketChange(title="Other")).assignee == "12", "a human stays"

    def test_another_project(self, tracker: Tracker) -> None:
        assert tracker.create(TicketDraft("ai_1", "T", "", project="acme/web/site")).key == "acme/web/site#1"

    def test_what_is_too_long_is_cut(self, tracker: Tracker, peer: GitlabPeer) -> None:
        made = tracker.create(TicketDraft("ai_1", "t" * 300, "b" * (BODY_LIMIT + 9)))
        issue = peer.issues[int(made.external_id)]
        assert (len(issue.title), len(issue.description.encode()), made.marker) == (TITLE_LIMIT, BODY_LIMIT, "ai_1")

    def test_a_misspelt_field_is_caught(self, tracker: Tracker) -> None:
        with pytest.raises(TrackerRefused, match="wieght is unknown"):
            tracker.create(TicketDraft("ai_1", "T", "", fields={"wieght": 3}))


class TestTexts:
    BODY = "Ask @jane:\n/close\n\n- a\n- /b\n\n```\n/assign @jane\n```\n`@app`, jane@example.com"

    def test_nobody_is_mentioned_and_nothing_commanded(self, tracker: Tracker, peer: GitlabPeer) -> None:
        made = tracker.create(TicketDraft("ai_1", "T", self.BODY))
        tracker.comment(made.ref, "c", self.BODY)
        assert not peer.obeyed
        assert made.body == tracker.fetch(made.ref).body == self.BODY
        assert peer.tickets()[0].comments == (self.BODY,)
        calls = tracker.calls
        tracker.update(made.ref, TicketChange(body=self.BODY))
        assert tracker.calls == calls + 1

    def test_the_peer_would_have_obeyed(self, peer: GitlabPeer) -> None:
        peer.open("T", self.BODY)
        assert peer.obeyed == ["/close", "@jane"]

    def test_a_comment_is_one_and_edited_in_place(self, tracker: Tracker, peer: GitlabPeer) -> None:
        made = tracker.create(DRAFT)
        tracker.comment(made.ref, "c", "One")
        tracker.comment(made.ref, "c", "Two")
        sent = len(peer.requests)
        tracker.comment(made.ref, "c", "Two")
        assert {request.method for request in peer.requests[sent:]} == {"GET"}
        tracker.comment(made.ref, "other", "Else")
        assert peer.tickets()[0].comments == ("Two", "Else")


class TestFind:
    def test_an_answer_that_was_lost_is_found(self, tracker: Tracker, peer: GitlabPeer) -> None:
        since = datetime.now(UTC)
        peer.order(Fault.LOST_ANSWER, Kind.CREATE)
        with pytest.raises(TrackerUnavailable):
            tracker.create(DRAFT)
        for number in range(120):
            tracker.create(TicketDraft(f"ai_other_{number}", "T", ""))
        assert tracker.find("ai_1") == tracker.find("ai_1", since)
        assert tracker.find("ai_1") is not None
        assert tracker.find("ai_1", since + timedelta(hours=1)) is None

    def test_many_are_read_by_project(self, tracker: Tracker, peer: GitlabPeer) -> None:
        for number in range(120):
            peer.open(f"T{number}", "")
        there = tracker.create(TicketDraft("ai_1", "T", "", project="acme/web/site"))
        refs = [TicketRef(one.external_id, one.key) for one in peer.tickets()]
        moved = refs[0]
        peer.move(moved.external_id)
        before = tracker.calls
        strangers = [TicketRef("1", there.key.replace("#1", "#99")), TicketRef("2", "not/seen#1")]
        found = {ticket.ref for ticket in tracker.read_many([*refs, *strangers])}
        assert tracker.calls - before == 4
        assert found == {*refs} - {moved}
        assert there.ref in found

    def test_another_issue_under_the_same_key_is_not_ours(self, tracker: Tracker) -> None:
        made = tracker.create(DRAFT)
        assert not list(tracker.read_many([TicketRef("1", made.key)]))

    def test_a_list_that_is_refused_says_why(self, tracker: Tracker, peer: GitlabPeer) -> None:
        peer.revoke()
        with pytest.raises(CredentialsRejected):
            list(tracker.read_many([REF]))


class TestMoves:
    def test_a_moved_issue_is_followed(self, tracker: Tracker, peer: GitlabPeer) -> None:
        made = tracker.create(DRAFT)
        peer.move(made.external_id)
        now = tracker.fetch(made.ref)
        assert (now.key, now.state, now.marker) == ("acme/web/site#1", TicketState.OPEN, "ai_1")
        assert now.external_id != made.external_id
        tracker.update(made.ref, TicketChange(title="There"))
        assert peer.issues[int(now.external_id)].title == "There"
        peer.hide(now.external_id)
        with pytest.raises(TicketForbidden, match="moved to a project that the token can't see"):
            tracker.fetch(made.ref)

    def test_gone_and_hidden_are_told_apart(self, tracker: Tracker, peer: GitlabPeer) -> None:
        made = tracker.create(DRAFT)
        peer.delete(made.external_id)
        with pytest.raises(TicketGone):
            tracker.fetch(made.ref)
        other = tracker.create(TicketDraft("ai_2", "T", ""))
        peer.seclude(other.external_id)
        with pytest.raises(TicketGone):  # for all that GitLab tells
            tracker.fetch(other.ref)
        peer.hide(other.external_id)
        with pytest.raises(TicketForbidden, match="acme/api doesn't exist, or the token can't see it"):
            tracker.fetch(other.ref)

    @pytest.mark.parametrize("pointer", ["#1", "1", "acme/api#1", "{url}/acme/api/-/work_items/1#note_3"])
    def test_people_point_in_many_ways(self, tracker: Tracker, peer: GitlabPeer, pointer: str) -> None:
        made = tracker.create(DRAFT)
        assert tracker.resolve(pointer.format(url=peer.url)) == made

    def test_another_project_is_refused(self, tracker: Tracker) -> None:
        with pytest.raises(TrackerRefused, match="not for acme/private"):
            tracker.resolve("acme/private#1")


class TestRefusals:
    @pytest.mark.parametrize(
        ("answers", "refusal", "words"),
        [
            ([Answer(401, {"message": "401 Unauthorized"})], CredentialsRejected, "GitLab rejected"),
            (
                [Answer(403, {"error": "insufficient_scope", "error_description": "It needs the scope api."})],
                TicketForbidden,
                "It needs the scope api",
            ),
            ([Answer(404, {"message": "404 Not Found"})], TicketForbidden, "acme/api doesn't exist"),
            ([Answer(410, {"message": "410 Gone"})], TicketGone, "acme/api#12"),
            (
                [Answer(400, {"message": {"title": ["is too long", "is odd"]}})],
                TrackerRefused,
                "title is too long, is odd",
            ),
            ([Answer(422, b"<html>")], TrackerRefused, "status 422"),
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
        with pytest.raises(refusal, match=words) as caught:
            scripted.fetch(REF)
        assert TOKEN not in f"{caught.value!r} {caught.value.facts}"

    @pytest.mark.parametrize(
        ("headers", "least", "most"),
        [({"Retry-After": "7"}, 7, 7), ({"RateLimit-Reset": "soon"}, None, None), ({"RateLimit-Reset": "30"}, 25, 30)],
    )
    def test_a_limit_says_how_long(
        self,
        scripted: Tracker,
        scripted_vendor: ScriptedVendor,
        headers: dict[str, str],
        least: float | None,
        most: float | None,
    ) -> None:
        if headers.get("RateLimit-Reset") == "30":
            headers = {"RateLimit-Reset": str(int(datetime.now(UTC).timestamp()) + 30)}
        scripted_vendor.answers = [Answer(429, {"message": "Too Many Requests"}, headers)]
        with pytest.raises(TrackerUnavailable) as caught:
            scripted.fetch(REF)
        wait = caught.value.retry_after
        assert wait is None if least is None or most is None else wait is not None and least <= wait <= most

    def test_what_is_not_gitlabs_is_a_stumble(self, scripted: Tracker, scripted_vendor: ScriptedVendor) -> None:
        scripted_vendor.answers = [Answer(200, {"id": 1})]
        with pytest.raises(TrackerUnavailable, match="it sent an unexpected answer"):
            scripted.fetch(REF)


class TestConnection:
    def test_permissions_by_their_level(self, tracker: Tracker, peer: GitlabPeer) -> None:
        peer.access = 20
        denied = {check.name for check in tracker.check_permissions() if not check.granted}
        assert denied == {"Webhooks"}
        with connect("gitlab", peer.config, peer.secrets) as again:
            peer.access = 10
            assert {check.name for check in again.check_permissions() if not check.granted} == {
                "Write issues",
                "Webhooks",
            }

    def test_a_revoked_token(self, tracker: Tracker, peer: GitlabPeer) -> None:
        peer.revoke()
        assert [check.name for check in tracker.check_permissions() if not check.granted] == ["Token"]

    def test_accounts(self, tracker: Tracker) -> None:
        assert list(tracker.accounts()) == [Account("11", "Afterword"), Account("12", "Jane")]
        assert tracker.required_fields() == []

    def test_a_webhook_is_registered_once(self, tracker: Tracker, peer: GitlabPeer) -> None:
        made = tracker.register_webhook(URL, "of our choice")
        assert tracker.register_webhook(URL, "of our choice") == made
        assert tracker.register_webhook(f"{URL}0", "another", made) == made
        (hook,) = peer.project.hooks.values()
        assert (hook["url"], hook["token"], hook["issues_events"]) == (f"{URL}0", "another", True)
        tracker.create(DRAFT)
        with connect("gitlab", peer.config, {"token": TOKEN, "webhookSecret": "another"}) as hearing:
            hearing.verify_webhook(peer.outbox[-1].headers, peer.outbox[-1].body, datetime.now(UTC))
        tracker.remove_webhook(made)
        tracker.remove_webhook(made)
        assert not peer.project.hooks
        assert made == Registration(made.id)

    def test_a_signing_token_is_not_sent_as_a_secret(self, tracker: Tracker, peer: GitlabPeer) -> None:
        tracker.register_webhook(URL, SECRET)
        (hook,) = peer.project.hooks.values()
        assert (hook["signing_token"], "token" in hook) == (SECRET, False)


class TestWebhooks:
    BODY = b'{"object_kind": "push"}'

    def believed(self, secret: str, headers: dict[str, str], now: datetime | None = None) -> bool:
        with connect("gitlab", {}, {"webhookSecret": secret}) as tracker:
            try:
                tracker.verify_webhook(headers, self.BODY, now or datetime.now(UTC))
            except BadSignature:
                return False
            return True

    def test_a_plain_secret_is_believed_where_nothing_is_signed(self) -> None:
        assert self.believed("s3cret", {"X-Gitlab-Token": "s3cret"})
        assert self.believed("new, s3cret", {"x-gitlab-token": "s3cret"})
        assert not self.believed("s3cret", {"X-Gitlab-Token": "s3cre"})
        assert not self.believed("s3cret", {"X-Gitlab-Token": "s3cret", "webhook-signature": "v1,AAAA"})
        assert not self.believed(SECRET, {"X-Gitlab-Token": SECRET}), "who can sign has to"

    def test_a_signature_by_the_specification(self) -> None:
        """As standardwebhooks.com reckons it, without our own code."""
        key, stamp = bytes(range(32)), str(int(datetime.now(UTC).timestamp()))
        made = base64.b64encode(hmac.new(key, f"msg_1.{stamp}.".encode() + self.BODY, hashlib.sha256).digest()).decode()
        headers = {"webhook-id": "msg_1", "webhook-timestamp": stamp, "webhook-signature": f"v1,AAAA v1,{made}"}
        assert self.believed(SECRET, headers)
        assert not self.believed(SECRET, headers | {"webhook-id": "msg_2"})
        assert not self.believed(SECRET, headers | {"webhook-timestamp": str(int(stamp) + 1)})
        assert not self.believed(SECRET, headers, datetime.now(UTC) + timedelta(minutes=6))
        assert not self.believed(
            SECRET, {name: value for name, value in headers.items() if name != "webhook-timestamp"}
        )

    def test_each_change_by_its_name_and_to_be_fetched(self, tracker: Tracker, peer: GitlabPeer) -> None:
        made = tracker.create(DRAFT)
        told = []
        for change in (
            {"assignee": "12"},
            {"title": "Other"},
            {"state": TicketState.DONE},
            {"state": TicketState.OPEN},
        ):
            peer.edit(made.external_id, **change)  # type: ignore[arg-type]
        peer.unassign(made.external_id)
        for sent in peer.outbox:
            (event,) = tracker.parse_webhook(sent.headers, sent.body)
            assert isinstance(event, TicketEvent)
            assert (event.ref, event.ticket, event.at) == (made.ref, None, None)
            told.append((event.action, event.actor))
        assert told == [
            (TicketAction.OPENED, "11"),
            (TicketAction.ASSIGNED, "12"),
            (TicketAction.EDITED, "12"),
            (TicketAction.CLOSED, "12"),
            (TicketAction.REOPENED, "12"),
            (TicketAction.UNASSIGNED, "12"),
        ]
        assert len({tracker.delivery_id(sent.headers, sent.body) for sent in peer.outbox}) == len(peer.outbox)

    @pytest.mark.parametrize("path", ["acme", "acme/api#1", ""])
    def test_a_project_that_cannot_be_is_malformed(self, tracker: Tracker, peer: GitlabPeer, path: str) -> None:
        tracker.create(DRAFT)
        told = json.loads(peer.outbox[0].body)
        told["project"]["path_with_namespace"] = path
        sent = peer.signed(json.dumps(told).encode())
        with pytest.raises(MalformedWebhook, match="path_with_namespace"):
            tracker.parse_webhook(sent.headers, sent.body)


def test_the_peer_refuses_what_gitlab_does_not_know(peer: GitlabPeer) -> None:
    headers = {"authorization": f"Bearer {TOKEN}"}
    for method, path, body in [
        ("POST", "issues", {"title": "T", "assignee": 1}),
        ("POST", "issues", {"description": "no title"}),
        ("GET", "tickets", None),
    ]:
        sent = Request(method, f"/api/v4/projects/acme%2Fapi/{path}", {}, headers, json.dumps(body).encode())
        answer, _ = peer.handle(sent)
        assert answer is not None
        assert answer.status in {400, 404}
