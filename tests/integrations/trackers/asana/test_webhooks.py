"""The connection is checked, and webhooks are registered and read."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from domain.errors import TicketForbidden, TrackerRefused
from domain.tickets.status import TicketState
from integrations.registry import connect
from integrations.ticket import TicketAction, TicketEvent
from integrations.tracker import Account, Tracker
from tests.integrations.trackers.asana.peer import DRAFT, joined
from tests.peers.asana import BOB, JANE, PERSONAL, AsanaPeer


class TestConnection:
    def test_accounts(self, tracker: Tracker) -> None:
        assert list(tracker.accounts()) == [
            Account("1001", "Afterword", "afterword@example.com"),
            Account(JANE, "Jane", "jane@example.com"),
            Account(BOB, "Bob", None),
        ]

    def test_nothing_is_required(self, tracker: Tracker) -> None:
        assert tracker.required_fields() == []

    @pytest.mark.parametrize(
        ("config", "failed"),
        [
            ({}, []),
            ({"workspace": "9999"}, ["Workspace"]),
            ({"project": "7999"}, ["Project"]),
            ({"started": ["Nowhere"]}, ["Status"]),
            ({"statusField": "6999"}, ["Status"]),
        ],
    )
    def test_each_permission_is_named(self, peer: AsanaPeer, config: dict[str, object], failed: list[str]) -> None:
        with joined(peer, **config) as tracker:
            assert [one.name for one in tracker.check_permissions() if not one.granted] == failed

    def test_a_viewer_may_not_write(self, tracker: Tracker, peer: AsanaPeer) -> None:
        peer.access = "commenter"
        (failed,) = [one for one in tracker.check_permissions() if not one.granted]
        assert (failed.name, "editor" in failed.detail) == ("Write tasks", True)
        with pytest.raises(TicketForbidden):
            tracker.create(DRAFT)

    def test_a_revoked_token_is_named_once(self, tracker: Tracker, peer: AsanaPeer) -> None:
        peer.revoke()
        assert [one.name for one in tracker.check_permissions() if not one.granted] == ["Token"]


@contextmanager
def door(tracker: Tracker, *, answers: bool = True) -> Iterator[tuple[str, list[str]]]:
    """Our side of the handshake: an address, and the secrets that came there."""
    secrets: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            asked = tracker.handshake(dict(self.headers), body) if answers else None
            self.send_response(200)
            if asked is not None:
                secrets.append(asked.secret)
                for name, value in asked.headers.items():
                    self.send_header(name, value)
            self.end_headers()

        def log_message(self, *what: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield f"http://localhost:{server.server_port}/hook", secrets
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class TestWebhook:
    def test_the_handshake_is_answered_while_its_create_call_is_open(self, tracker: Tracker, peer: AsanaPeer) -> None:
        with door(tracker) as (url, secrets):
            made = tracker.register_webhook(url, "ours is not asked for")
            assert secrets == [peer.secrets["webhookSecret"]]
            assert made.expires_at is None
        with joined(peer) as later:
            sent = peer.unused()
            later.verify_webhook(sent.headers, sent.body, datetime.now(UTC))
            assert later.register_webhook(url, "", made) == made
            assert later.register_webhook(url, "") == made
            assert all(one.granted for one in later.check_permissions())

    def test_without_an_answer_it_is_not_made(self, tracker: Tracker) -> None:
        with door(tracker, answers=False) as (url, _), pytest.raises(TrackerRefused, match="handshake secret"):
            tracker.register_webhook(url, "")

    def test_one_that_asana_deleted_or_stopped_is_made_anew(self, tracker: Tracker, peer: AsanaPeer) -> None:
        with door(tracker) as (url, secrets):
            first = tracker.register_webhook(url, "")
            peer.expire_webhooks()
            second = tracker.register_webhook(url, "", first)
            assert second != first
            peer.fail_webhook(second.id, active=False)
            assert tracker.check_permissions()[-1].detail == f"Webhook {second.id} is inactive."
            third = tracker.register_webhook(url, "", second)
            assert third != second
            peer.fail_webhook(third.id, active=True)
            failed = tracker.check_permissions()[-1]
            assert (failed.granted, "500 Server Error" in failed.detail) == (False, True)
            assert len(set(secrets)) == 3

    def test_one_whose_secret_we_do_not_hold_is_made_anew(self, tracker: Tracker, peer: AsanaPeer) -> None:
        with door(tracker) as (url, _):
            first = tracker.register_webhook(url, "")
            with connect("asana", peer.config, {"token": PERSONAL}) as forgetful:
                assert forgetful.register_webhook(url, "") != first

    def test_a_new_address_replaces_the_old_one_and_others_stay(self, tracker: Tracker, peer: AsanaPeer) -> None:
        with door(tracker) as (url, _):
            theirs = tracker.register_webhook(f"{url}/another", "")
            ours = tracker.register_webhook(url, "")
            moved = tracker.register_webhook(f"{url}/moved", "", ours)
            assert len({theirs.id, ours.id, moved.id}) == 3
            tracker.remove_webhook(moved)
            tracker.remove_webhook(moved)
            tracker.remove_webhook(ours)
            assert tracker.register_webhook(f"{url}/another", "") == theirs

    def test_a_persons_change_is_told(self, tracker: Tracker, peer: AsanaPeer) -> None:
        made = tracker.create(DRAFT)
        peer.edit(made.external_id, title="T2", state=TicketState.DONE, assignee=JANE)
        peer.unassign(made.external_id)
        peer.move(made.external_id)
        peer.delete(made.external_id)
        told: list[TicketEvent] = []
        for sent in peer.outbox:
            tracker.verify_webhook(sent.headers, sent.body, datetime.now(UTC))
            told += [one for one in tracker.parse_webhook(sent.headers, sent.body) if isinstance(one, TicketEvent)]
        assert [one.action for one in told] == [
            TicketAction.OPENED,
            TicketAction.CLOSED,
            TicketAction.UNASSIGNED,
            TicketAction.EDITED,
            TicketAction.DELETED,
        ]
        assert [one.actor for one in told] == [tracker.own_account(), JANE, JANE, JANE, JANE]
        assert {one.ref for one in told} == {made.ref}
        assert len({one.delivery_id for one in told}) == len(told)
