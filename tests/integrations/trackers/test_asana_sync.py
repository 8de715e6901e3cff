"""Asana beyond one ticket at a time, against its peer; both are judged by Asana's own document."""

import itertools
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from openapi_core.exceptions import OpenAPIError

from domain.errors import CredentialsRejected, StatusUnreachable, TicketForbidden, TicketGone, TrackerRefused
from domain.tickets.status import CloseReason, TicketState
from integrations.registry import connect
from integrations.ticket import TicketAction, TicketChange, TicketDraft, TicketEvent, TicketRef
from integrations.tracker import Account, Registration, Tracker, TrackerUnavailable
from tests.peers.asana import BASE, BOB, HERE, JANE, OAUTH, PERSONAL, STATUS, THERE, WORKSPACE, AsanaPeer
from tests.peers.asana_openapi import AsanaJudge, OutsideTheDocument, asana_document
from tests.peers.tracker_peer import Answer, Fault, Kind, Request

DRAFT = TicketDraft("tkt_1", "Alert on queue depth", "Page *before* the queue is full.")


class JudgedPeer(AsanaPeer):
    """Its answers must be such as Asana documents, too."""

    def handle(self, request: Request) -> tuple[Answer | None, Fault | None]:
        answer, fault = super().handle(request)
        if answer is not None:
            try:
                asana_document().check_answer(request, answer)
            except Exception as error:  # noqa: BLE001 - a verdict, kept for the test
                self.verdicts.append(error)
        return answer, fault


@pytest.fixture
def peer() -> Iterator[AsanaPeer]:
    peer = JudgedPeer()
    peer.judges.append(AsanaJudge())
    with peer.running():
        yield peer
    assert peer.verdicts == []


def joined(peer: AsanaPeer, **config: object) -> Tracker:
    return connect("asana", peer.config | config, peer.secrets)


@pytest.fixture
def tracker(peer: AsanaPeer) -> Iterator[Tracker]:
    with joined(peer) as tracker:
        yield tracker


def writes(peer: AsanaPeer) -> list[str]:
    return [f"{one.method} {one.path.removeprefix(BASE)}" for one in peer.requests if one.method != "GET"]


class TestManyAtOnce:
    def test_a_hundred_in_one_call(self, tracker: Tracker, peer: AsanaPeer) -> None:
        refs = [TicketRef(gid, gid) for gid in (peer.open(f"Ticket {number}", "Text.") for number in range(250))]
        found = list(tracker.read_many(refs))
        assert [one.ref for one in found] == refs
        assert tracker.calls == 3
        assert found[0] == tracker.fetch(refs[0])

    def test_it_stops_when_all_are_found(self, tracker: Tracker, peer: AsanaPeer) -> None:
        gids = [peer.open(f"Ticket {number}", "") for number in range(150)]
        assert len(list(tracker.read_many([TicketRef(gids[3], gids[3])]))) == 1
        assert tracker.calls == 1

    def test_what_is_gone_or_hidden_is_left_out_and_what_moved_is_followed(
        self, tracker: Tracker, peer: AsanaPeer
    ) -> None:
        refs = [TicketRef(gid, gid) for gid in (peer.open(f"Ticket {number}", "") for number in range(6))]
        peer.delete(refs[0].external_id)
        peer.hide(refs[1].external_id)
        peer.move(refs[2].external_id)
        peer.move(refs[3].external_id)
        found = {one.ref: one for one in tracker.read_many(refs)}
        assert set(found) == set(refs[2:])
        assert found[refs[2]].url == f"https://app.asana.com/1/{WORKSPACE}/project/{THERE}/task/{refs[2].key}"
        with pytest.raises(TicketGone):
            tracker.fetch(refs[0])
        with pytest.raises(TicketForbidden):
            tracker.fetch(refs[1])

    def test_an_empty_list_is_not_believed(self, tracker: Tracker, peer: AsanaPeer) -> None:
        refs = [TicketRef(gid, gid) for gid in (peer.open(f"Ticket {number}", "") for number in range(3))]
        peer.order(Fault.EMPTY_LIST, Kind.LIST)
        assert len(list(tracker.read_many(refs))) == 3  # each was asked for by itself

    def test_a_lost_project_is_no_list_of_the_gone(self, peer: AsanaPeer) -> None:
        with joined(peer, project="7999") as tracker, pytest.raises(TicketForbidden, match="7999"):
            list(tracker.read_many([TicketRef("1", "1")]))

    @pytest.mark.parametrize("fault", [Fault.SERVER_ERROR, Fault.LIMITED, Fault.LIMITED_SILENTLY, Fault.RESET])
    def test_stumbles(self, tracker: Tracker, peer: AsanaPeer, fault: Fault) -> None:
        peer.order(fault, Kind.LIST)
        with pytest.raises(TrackerUnavailable) as caught:
            list(tracker.read_many([TicketRef("1", "1")]))
        assert caught.value.retry_after == {Fault.LIMITED: 1.0}.get(fault)

    def test_a_revoked_token(self, tracker: Tracker, peer: AsanaPeer) -> None:
        peer.revoke()
        with pytest.raises(CredentialsRejected):
            list(tracker.read_many([TicketRef("1", "1")]))
        peer.restore()
        assert list(tracker.read_many([TicketRef("1", "1")])) == []


class TestFind:
    def test_a_lost_answer_is_found_by_its_marker(self, tracker: Tracker, peer: AsanaPeer) -> None:
        began = datetime.now(UTC)
        peer.order(Fault.LOST_ANSWER, Kind.CREATE)
        with pytest.raises(TrackerUnavailable):
            tracker.create(DRAFT)
        found = tracker.find(DRAFT.marker, began)
        assert found is not None
        assert [one.external_id for one in peer.tickets()] == [found.external_id]
        assert peer.tickets()[0].body == DRAFT.body

    def test_what_was_changed_before_is_not_looked_at(self, tracker: Tracker) -> None:
        made = tracker.create(DRAFT)
        assert tracker.find(DRAFT.marker, made.updated_at + timedelta(minutes=4)) == made
        assert tracker.find(DRAFT.marker, made.updated_at + timedelta(minutes=6)) is None

    def test_it_is_found_on_a_later_page_and_in_a_further_project(self, peer: AsanaPeer) -> None:
        for number in range(120):
            peer.open(f"Ticket {number}", "")
        with joined(peer, furtherProjects=[THERE]) as tracker:
            made = tracker.create(replace(DRAFT, project=THERE))
            assert tracker.find(DRAFT.marker) == made
            assert f"/project/{THERE}/" in made.url

    def test_an_oauth_app_keeps_it_out_of_sight_and_asks_once(self, peer: AsanaPeer) -> None:
        with connect("asana", peer.config | {"oauthApp": True}, peer.secrets | {"token": OAUTH}) as tracker:
            assert tracker.find(DRAFT.marker) is None
            made = tracker.create(DRAFT)
            assert made.marker == DRAFT.marker
            assert b"afterword:" not in peer.requests[-1].body
            before = tracker.calls
            assert tracker.find(DRAFT.marker) == made
            assert tracker.calls - before == 1
            peer.move(made.external_id)
            found = tracker.find(DRAFT.marker)
            assert found is not None
            assert found.ref == made.ref

    def test_external_data_is_refused_to_a_personal_token(self, peer: AsanaPeer) -> None:
        with joined(peer, oauthApp=True) as tracker, pytest.raises(TicketForbidden, match="OAuth"):
            tracker.create(DRAFT)


class TestStates:
    @pytest.mark.parametrize("field", ["", STATUS])
    def test_every_way(self, peer: AsanaPeer, field: str) -> None:
        """From each standing to each other, by sections or by a status field."""
        ways = [
            (TicketState.OPEN, None),
            (TicketState.STARTED, None),
            (TicketState.DONE, CloseReason.COMPLETED),
            (TicketState.CANCELLED, CloseReason.NOT_PLANNED),
            (TicketState.CANCELLED, CloseReason.DUPLICATE),
        ]
        route = [
            one
            for here, at in enumerate(ways)
            for one in (at, at, *(step for to in ways[here + 1 :] for step in (to, at)))
        ]
        assert len({*itertools.pairwise(route)}) == len(ways) ** 2
        with joined(peer, statusField=field) as tracker:
            made = tracker.create(DRAFT)
            before = ways[0]
            for way in route:
                count = len(writes(peer))
                now = tracker.update(made.ref, TicketChange(state=way[0], reason=way[1]))
                assert (now.state, now.reason) == way, (before, way)
                assert (len(writes(peer)) == count) is (way == before)
                before = way

    def test_dropped_is_never_seen_as_done_on_the_way(self, tracker: Tracker, peer: AsanaPeer) -> None:
        made = tracker.create(DRAFT)
        tracker.update(made.ref, TicketChange(title="Dropped", state=TicketState.CANCELLED))
        assert [one.split("/")[-1] for one in writes(peer)] == ["tasks", "tags", "addTag", made.key]
        tracker.update(made.ref, TicketChange(state=TicketState.STARTED))
        assert [one.split("/")[-1] for one in writes(peer)][4:] == [made.key, "addTask", "removeTag"]

    def test_a_named_status_comes_first(self, tracker: Tracker, peer: AsanaPeer) -> None:
        made = tracker.create(DRAFT)
        done = tracker.update(made.ref, TicketChange(state=TicketState.DONE, status="done"))
        assert (done.state, done.status) == (TicketState.DONE, "Completed")
        assert peer.tickets()[0].state is TicketState.DONE
        assert tracker.update(made.ref, TicketChange(state=TicketState.OPEN, status="Done")).status == "Done"
        assert tracker.update(made.ref, TicketChange(state=TicketState.OPEN, status="No such section")).status == "Done"

    def test_no_section_for_started_is_refused_and_the_rest_is_written(self, peer: AsanaPeer) -> None:
        with joined(peer, started=["Being worked on"]) as tracker:
            made = tracker.create(DRAFT)
            with pytest.raises(StatusUnreachable, match="Being worked on"):
                tracker.update(made.ref, TicketChange(title="New", state=TicketState.STARTED))
            assert tracker.fetch(made.ref).title == "New"

    def test_without_names_for_started_it_stays_open(self, peer: AsanaPeer) -> None:
        with joined(peer, started=[]) as tracker:
            made = tracker.create(DRAFT)
            assert tracker.update(made.ref, TicketChange(state=TicketState.STARTED)) == made

    def test_after_a_move_the_sections_there_hold(self, tracker: Tracker, peer: AsanaPeer) -> None:
        made = tracker.create(DRAFT)
        peer.move(made.external_id)
        now = tracker.update(made.ref, TicketChange(state=TicketState.STARTED))
        assert (now.ref, now.state) == (made.ref, TicketState.STARTED)


class TestFields:
    def test_due_dates_and_assignees(self, tracker: Tracker, peer: AsanaPeer) -> None:
        due = date(2027, 1, 22)
        made = tracker.create(replace(DRAFT, due_on=due, assignee=JANE, labels=("postmortem", "new label")))
        assert (made.due_on, made.assignee) == (due, JANE)
        assert tracker.update(made.ref, TicketChange(due_on=due, assignee=JANE)) == made
        peer.edit(made.external_id, assignee=BOB)
        now = tracker.update(made.ref, TicketChange(title="T", no_due_date=True))
        assert (now.due_on, now.assignee) == (None, BOB)
        sent = [json.loads(one.body)["data"] for one in peer.requests if one.method == "PUT"]
        assert sent == [{"name": "T", "due_on": None}]

    def test_a_text_that_asana_writes_otherwise_is_not_written_again(self, tracker: Tracker, peer: AsanaPeer) -> None:
        body = "### Why\n\n* a\n* b\n\n```python\nx = 1\n```\n\n| a | b |\n|---|:-:|\n| [l](https://x.y) | @jane |"
        made = tracker.create(replace(DRAFT, body=body))
        assert tracker.update(made.ref, TicketChange(body=body)) == made
        assert tracker.update(made.ref, TicketChange(body=made.body)) == made
        assert len(writes(peer)) == 1

    def test_an_unknown_assignee_is_refused_in_asanas_words(self, tracker: Tracker) -> None:
        with pytest.raises(TrackerRefused, match="assignee: Not a recognized ID: 5"):
            tracker.create(replace(DRAFT, assignee="5"))

    def test_a_paid_feature_is_refused_in_asanas_words(self, tracker: Tracker, peer: AsanaPeer) -> None:
        peer.paid = False
        with pytest.raises(TrackerRefused, match=r"not available for free users.*another Asana plan"):
            tracker.create(replace(DRAFT, fields={STATUS: "6101"}))

    def test_long_texts_are_cut(self, tracker: Tracker) -> None:
        made = tracker.create(replace(DRAFT, title="t" * 5000, body="b " * 50_000))
        assert (len(made.title), made.title[-1], made.body[-1]) == (1024, "…", "…")
        assert made.marker == DRAFT.marker
        assert tracker.update(made.ref, TicketChange(title="t" * 5000, body="b " * 50_000)) == made


class TestComments:
    def test_one_living_comment(self, tracker: Tracker, peer: AsanaPeer) -> None:
        made = tracker.create(DRAFT)
        for text in ("The owner is *Jane*.", "The owner is *Jane*.", "# Owner\n\n---\n\nKim."):
            tracker.comment(made.ref, "owner", text)
        tracker.comment(made.ref, "another", "Something else.")
        assert peer.tickets()[0].comments == ("**Owner**\n\n———\n\nKim.", "Something else.")
        assert [one.split()[0] for one in writes(peer)] == ["POST", "POST", "PUT", "POST"]

    def test_on_a_task_that_is_gone(self, tracker: Tracker, peer: AsanaPeer) -> None:
        made = tracker.create(DRAFT)
        peer.delete(made.external_id)
        with pytest.raises(TicketGone):
            tracker.comment(made.ref, "owner", "Jane.")


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


def asked(method: str, path: str, data: object = None, **query: str) -> Request:
    headers = {"authorization": f"Bearer {PERSONAL}", "content-type": "application/json"}
    return Request(method, f"{BASE}{path}", query, headers, b"" if data is None else json.dumps(data).encode())


class TestJudge:
    @pytest.mark.parametrize(
        "wrong",
        [
            asked("POST", "/tasks", {"name": "T"}),
            asked("POST", "/tasks", {"data": {"name": "T"}, "more": 1}),
            asked("POST", "/tasks", {"data": {"nam": "T"}}),
            asked("POST", "/tasks", {"data": {"name": 5}}),
            asked("POST", "/tasks", {"data": {"projects": "7"}}),
            asked("PUT", "/tasks/1", {"data": {"completed": "yes"}}),
            asked("PUT", "/tasks/1", {"data": {"due_on": "tomorrow"}}),
            asked("POST", "/sections/1/addTask", {"data": {}}),
            asked("POST", "/webhooks", {"data": {"target": "https://x.y"}}),
            asked("GET", "/tasks", opt_fields="name,nope"),
            asked("GET", "/tasks", limit="500"),
            asked("GET", "/no/such/thing"),
            replace(asked("GET", "/tasks"), path="/tasks"),
            replace(asked("GET", "/tasks"), headers={}),
        ],
    )
    def test_a_wrong_request_is_caught(self, wrong: Request) -> None:
        with pytest.raises((OpenAPIError, OutsideTheDocument)):
            asana_document().check(wrong)

    @pytest.mark.parametrize(
        "wrong",
        [
            {"gid": "1"},
            {"data": {"gid": 1}},
            {"data": {"completed": "no"}},
            {"data": {"memberships": {}}},
            {"data": {"assignee": "jane"}},
            {"data": {"modified_at": "yesterday"}},
        ],
    )
    def test_a_wrong_answer_is_caught(self, wrong: object) -> None:
        right: Any = {"data": {"gid": "1", "name": "T", "assignee": None, "due_on": None, "memberships": []}}
        asana_document().check_answer(asked("GET", "/tasks/1"), Answer(200, right))
        with pytest.raises((OpenAPIError, OutsideTheDocument)):
            asana_document().check_answer(asked("GET", "/tasks/1"), Answer(200, wrong))

    def test_the_peer_catches_what_asana_refuses(self, peer: AsanaPeer) -> None:
        for html in ("<body><p>x</p></body>", "<body>x", "<b>x</b>", "<body><a data-asana-gid='1'/></body>"):
            data = {"data": {"name": "T", "projects": [HERE], "html_notes": html}}
            assert peer.answer(asked("POST", "/tasks", data)).status == 400
        assert peer.answer(asked("POST", "/tasks", {"name": "T"})).status == 400
        assert isinstance(Registration("1"), Registration)
