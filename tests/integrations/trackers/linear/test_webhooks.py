"""Webhooks are registered, checked and read."""

import json
from datetime import UTC, date, datetime

import pytest

from domain.errors import (
    BadSignature,
    MalformedWebhook,
    TicketForbidden,
)
from domain.tickets.status import CloseReason, TicketState
from integrations.registry import connect
from integrations.ticket import (
    PullRequestEvent,
    PullRequestState,
    TicketAction,
    TicketEvent,
    TicketRef,
)
from integrations.tracker import Tracker
from tests.integrations.trackers.linear.talk import DRAFT
from tests.peers.linear import TOKEN, LinearPeer
from tests.peers.receiver import Delivery

URL = "https://afterword.example.com/webhooks/1"


class TestRegistration:
    def test_it_is_made_once_and_renewed(self, tracker: Tracker, peer: LinearPeer) -> None:
        made = tracker.register_webhook(URL, "first")
        assert made == tracker.register_webhook(URL, "second") == tracker.register_webhook(f"{URL}0", "third", made)
        (hook,) = peer.webhooks
        assert (hook.url, hook.secret, hook.team, hook.types) == (
            f"{URL}0",
            "third",
            peer.team.id,
            ["Issue", "Attachment"],
        )
        tracker.remove_webhook(made)
        tracker.remove_webhook(made)
        assert not peer.webhooks
        assert tracker.register_webhook(URL, "fourth", made) != made

    def test_one_of_another_team_is_not_adopted(self, tracker: Tracker, peer: LinearPeer) -> None:
        with connect("linear", {**peer.config, "team": "WEB"}, peer.secrets) as other:
            theirs = other.register_webhook(URL, "s")
        assert tracker.register_webhook(URL, "s") != theirs

    def test_it_may_hear_every_public_team(self, peer: LinearPeer) -> None:
        with connect("linear", {**peer.config, "allPublicTeams": True}, peer.secrets) as tracker:
            made = tracker.register_webhook(URL, "s")
            assert made == tracker.register_webhook(URL, "s")
        assert (peer.webhooks[0].all_teams, peer.webhooks[0].team) == (True, None)

    def test_who_is_no_administrator_is_told(self, tracker: Tracker, peer: LinearPeer) -> None:
        peer.is_admin = False
        with pytest.raises(TicketForbidden, match="administrators"):
            tracker.register_webhook(URL, "s")

    def test_what_was_registered_signs(self, tracker: Tracker, peer: LinearPeer) -> None:
        tracker.register_webhook(URL, "of our choice")
        tracker.create(DRAFT)
        with connect("linear", peer.config, {"token": TOKEN, "webhookSecret": "of our choice"}) as hearing:
            hearing.verify_webhook(peer.outbox[-1].headers, peer.outbox[-1].body, datetime.now(UTC))
        with pytest.raises(BadSignature):
            tracker.verify_webhook(peer.outbox[-1].headers, peer.outbox[-1].body, datetime.now(UTC))


class TestWebhooks:
    def last(self, tracker: Tracker, peer: LinearPeer) -> TicketEvent:
        (news,) = tracker.parse_webhook(peer.outbox[-1].headers, peer.outbox[-1].body)
        assert isinstance(news, TicketEvent)
        return news

    @pytest.mark.parametrize(
        ("seconds", "is_fresh"), [(-61, False), (-59, True), (59, True), (61, False), (86_400, False)]
    )
    def test_an_old_one_is_not_believed(self, tracker: Tracker, peer: LinearPeer, seconds: int, is_fresh: bool) -> None:
        sent = peer.unused()
        signed_at = json.loads(sent.body)["webhookTimestamp"] / 1000
        now = datetime.fromtimestamp(signed_at + seconds, UTC)
        if is_fresh:
            tracker.verify_webhook(sent.headers, sent.body, now)
        else:
            with pytest.raises(BadSignature, match="more than a minute"):
                tracker.verify_webhook(sent.headers, sent.body, now)

    @pytest.mark.parametrize("stamp", [None, "soon", [], {}])
    def test_without_a_time_it_is_not_linears(self, tracker: Tracker, peer: LinearPeer, stamp: object) -> None:
        told = json.loads(peer.unused().body) | {"webhookTimestamp": stamp}
        sent = peer.signed(json.dumps(told).encode())
        with pytest.raises(MalformedWebhook, match="webhookTimestamp"):
            tracker.parse_webhook(sent.headers, sent.body)

    def test_each_change_by_its_name(self, tracker: Tracker, peer: LinearPeer) -> None:
        made = tracker.create(DRAFT)
        opened = self.last(tracker, peer)
        assert (opened.action, opened.actor, opened.ref) == (TicketAction.OPENED, LinearPeer.account, made.ref)
        changes: list[tuple[TicketAction, dict[str, object]]] = [
            (TicketAction.ASSIGNED, {"assignee": LinearPeer.other_account}),
            (TicketAction.EDITED, {"title": "Other"}),
            (TicketAction.EDITED, {"state": TicketState.STARTED}),
            (TicketAction.CLOSED, {"state": TicketState.DONE}),
            (TicketAction.EDITED, {"state": TicketState.CANCELLED}),
            (TicketAction.REOPENED, {"state": TicketState.OPEN}),
            (TicketAction.CLOSED, {"reason": CloseReason.DUPLICATE}),
            (TicketAction.EDITED, {"due_on": date(2026, 12, 24)}),
        ]
        for action, words in changes:
            peer.edit(made.external_id, **words)  # type: ignore[arg-type]
            event = self.last(tracker, peer)
            now = tracker.fetch(made.ref)
            assert (event.action, event.actor, event.at) == (action, LinearPeer.other_account, now.updated_at), words
            assert event.ticket is not None
            assert (event.ticket.standing, event.ticket.assignee, event.ticket.due_on, event.ticket.pull_requests) == (
                now.standing,
                now.assignee,
                now.due_on,
                None,
            )
        peer.unassign(made.external_id)
        assert self.last(tracker, peer).action is TicketAction.UNASSIGNED

    def test_a_move_tells_the_new_key(self, tracker: Tracker, peer: LinearPeer) -> None:
        made = tracker.create(DRAFT)
        peer.move(made.external_id)
        event = self.last(tracker, peer)
        assert event.action is TicketAction.TRANSFERRED
        assert event.moved_to is not None
        assert event.moved_to.ref == TicketRef(made.external_id, "WEB-1")

    def test_deleted_it_has_to_be_looked_for(self, tracker: Tracker, peer: LinearPeer) -> None:
        made = tracker.create(DRAFT)
        peer.delete(made.external_id)
        event = self.last(tracker, peer)
        assert (event.action, event.ticket, event.ref) == (TicketAction.DELETED, None, made.ref)

    def test_a_pull_request_is_news_of_its_ticket(self, tracker: Tracker, peer: LinearPeer) -> None:
        made = tracker.create(DRAFT)
        told = []
        for status in ("draft", "open", "merged", "closed"):
            peer.attach(made.external_id, "https://github.com/acme/api/pull/7", "Fix the queue", status)
            told += tracker.parse_webhook(peer.outbox[-1].headers, peer.outbox[-1].body)
        assert all(isinstance(news, PullRequestEvent) and news.tickets == (made.external_id,) for news in told)
        assert [news.pull_request.state for news in told if isinstance(news, PullRequestEvent)] == [
            PullRequestState.OPEN,
            PullRequestState.OPEN,
            PullRequestState.MERGED,
            PullRequestState.CLOSED,
        ]
        peer.attach(made.external_id, "https://figma.com/file/1", "A design", "open", "figma")
        assert not tracker.parse_webhook(peer.outbox[-1].headers, peer.outbox[-1].body)

    def test_automation_is_nobody(self, tracker: Tracker, peer: LinearPeer) -> None:
        tracker.create(DRAFT)
        told = json.loads(peer.outbox[-1].body) | {"actor": None}
        sent = peer.signed(json.dumps(told).encode())
        (event,) = tracker.parse_webhook(sent.headers, sent.body)
        assert isinstance(event, TicketEvent)
        assert event.actor is None

    @pytest.mark.parametrize(
        "wrong",
        [{"updatedAt": "2026-11-23T07:30:00"}, {"dueDate": "soon"}, {"state": {"id": "x"}}, {"title": None}, {"id": 7}],
    )
    def test_a_wrong_part_is_named(self, tracker: Tracker, peer: LinearPeer, wrong: dict[str, object]) -> None:
        tracker.create(DRAFT)
        told = json.loads(peer.outbox[-1].body)
        told["data"] |= wrong
        sent = peer.signed(json.dumps(told).encode())
        with pytest.raises(MalformedWebhook, match=f"data.{next(iter(wrong))}"):
            tracker.parse_webhook(sent.headers, sent.body)

    def test_other_kinds_are_taken_and_not_used(self, tracker: Tracker, peer: LinearPeer) -> None:
        for kind in ("Comment", "IssueLabel", "Project", "Cycle", "SomethingNew", "OAuthApp"):
            told = json.loads(peer.unused().body) | {"type": kind}
            sent: Delivery = peer.signed(json.dumps(told).encode())
            assert not tracker.parse_webhook(sent.headers, sent.body)
