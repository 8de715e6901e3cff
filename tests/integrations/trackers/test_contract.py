"""One contract, every tracker: a new one needs a bench of its name, and nothing else here."""

import importlib
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import SecretStr

from domain.errors import (
    BadSignature,
    InvalidIntegrationConfig,
    MalformedWebhook,
    TicketForbidden,
    TicketGone,
    TrackerRefused,
    UnknownIntegrationKind,
)
from domain.tickets.status import CloseReason, TicketState
from integrations.registry import connect, tracker, tracker_kinds
from integrations.ticket import Ticket, TicketAction, TicketChange, TicketDraft, TicketEvent, TicketRef
from integrations.tracker import Tracker
from tests.integrations.trackers.benches import Bench
from tests.peers.receiver import Delivery

DRAFT = TicketDraft(
    marker="ai_01JD3X9Q",
    title="Alert on queue depth",
    body="Page before the queue is full.\n\n- [runbook](https://example.com/runbook)\n- `queue_depth > 1000`",
    labels=("postmortem",),
)

SUBJECTS = ("issue", "ticket", "data", "object_attributes")
"""What vendors call the ticket in a webhook."""


@pytest.fixture(params=tracker_kinds())
def bench(request: pytest.FixtureRequest) -> Bench:
    made: Bench = importlib.import_module(f"tests.integrations.trackers.benches.{request.param}").make(request)
    return made


def create_once(tracker: Tracker, draft: TicketDraft = DRAFT) -> Ticket:
    return tracker.find(draft.marker) or tracker.create(draft)


class TestTickets:
    def test_a_ticket_says_what_its_draft_said(self, bench: Bench) -> None:
        made = bench.tracker().create(DRAFT)
        assert (made.title, made.body) == (DRAFT.title, DRAFT.body)
        assert made.marker in {DRAFT.marker, None}  # None where the ticket's id was made of it
        assert (made.state, made.reason) == (TicketState.OPEN, None)
        assert (made.author, made.assignee) == (bench.account, None)
        assert made.url.startswith("http")

    @pytest.mark.own_clock
    def test_a_ticket_tells_when_it_was_made(self, bench: Bench) -> None:
        made = bench.tracker().create(DRAFT)
        assert made.updated_at.utcoffset() == timedelta(0)
        assert abs(made.updated_at - datetime.now(UTC)) < timedelta(minutes=1)

    def test_it_is_assigned_to_an_account(self, bench: Bench) -> None:
        made = bench.tracker().create(TicketDraft("ai_1", "Assigned", "", assignee=bench.other_account))
        assert made.assignee == bench.other_account

    def test_it_is_found_by_its_marker_and_only_by_that(self, bench: Bench) -> None:
        tracker = bench.tracker()
        assert tracker.find(DRAFT.marker) is None
        made = tracker.create(DRAFT)
        tracker.create(TicketDraft("ai_other", "Another", ""))
        assert tracker.find(DRAFT.marker) == made
        assert tracker.find(DRAFT.marker, since=made.updated_at - timedelta(hours=1)) == made
        assert tracker.find(DRAFT.marker[:-1]) is None

    def test_created_twice_with_one_marker_is_one_ticket(self, bench: Bench) -> None:
        assert create_once(bench.tracker()) == create_once(bench.tracker())

    def test_it_is_found_when_closed(self, bench: Bench) -> None:
        made = bench.tracker().create(DRAFT)
        bench.other_closes(made, CloseReason.NOT_PLANNED)
        found = bench.tracker().find(DRAFT.marker)
        assert found is not None
        assert found.ref == made.ref

    def test_somebody_elses_copy_of_the_marker_is_not_ours(self, bench: Bench) -> None:
        bench.other_opens("Copied", f"stolen <!-- afterword:{DRAFT.marker} -->")
        assert bench.tracker().find(DRAFT.marker) is None

    def test_fetch_answers_the_ticket_as_it_is_now(self, bench: Bench) -> None:
        made = bench.tracker().create(DRAFT)
        assert bench.tracker().fetch(made.ref) == made
        bench.other_closes(made, CloseReason.NOT_PLANNED)
        now = bench.tracker().fetch(made.ref)
        assert (now.state, now.reason) == (TicketState.CANCELLED, CloseReason.NOT_PLANNED)
        assert now.updated_at > made.updated_at

    def test_a_ticket_that_is_not_there_is_no_other(self, bench: Bench) -> None:
        made = bench.tracker().create(DRAFT)
        stem = made.key.rstrip("0123456789")
        with pytest.raises((TicketGone, TicketForbidden)):  # GitHub tells the two apart for what was there once only
            bench.tracker().fetch(TicketRef("999999", f"{stem}999999"))
        with pytest.raises(TicketGone):
            bench.tracker().update(TicketRef("999999", made.key), TicketChange(title="To a stranger"))
        assert bench.tracker().fetch(made.ref) == made

    def test_it_closes_and_reopens(self, bench: Bench) -> None:
        tracker = bench.tracker()
        made = tracker.create(DRAFT)
        done = tracker.update(made.ref, TicketChange(state=TicketState.DONE, reason=CloseReason.COMPLETED))
        assert (done.state, done.reason) == (TicketState.DONE, CloseReason.COMPLETED)
        again = tracker.update(made.ref, TicketChange(state=TicketState.OPEN))
        assert (again.state, again.reason) == (TicketState.OPEN, None)
        dropped = tracker.update(made.ref, TicketChange(state=TicketState.CANCELLED))
        assert (dropped.state, dropped.reason) == (TicketState.CANCELLED, CloseReason.NOT_PLANNED)
        assert dropped.ref == made.ref
        assert tracker.fetch(made.ref) == dropped

    def test_started_is_kept_where_it_is_known(self, bench: Bench) -> None:
        tracker = bench.tracker()
        made = tracker.create(DRAFT)
        moved = tracker.update(made.ref, TicketChange(state=TicketState.STARTED))
        assert moved.state is (TicketState.STARTED if tracker.knows_started else TicketState.OPEN)

    def test_a_new_text_keeps_the_marker(self, bench: Bench) -> None:
        tracker = bench.tracker()
        made = tracker.create(DRAFT)
        now = tracker.update(made.ref, TicketChange(title="Page on queue depth", body="Sooner."))
        assert (now.title, now.body, now.marker) == ("Page on queue depth", "Sooner.", made.marker)
        found = tracker.find(DRAFT.marker)
        assert found is not None
        assert found.title == "Page on queue depth"

    def test_nothing_is_written_where_the_change_holds_already(self, bench: Bench) -> None:
        tracker = bench.tracker()
        made = tracker.create(DRAFT)
        same = TicketChange(title=DRAFT.title, body=DRAFT.body, state=TicketState.OPEN)
        assert tracker.update(made.ref, same) == made
        closed = tracker.update(made.ref, TicketChange(state=TicketState.CANCELLED))
        assert tracker.update(made.ref, TicketChange(state=TicketState.CANCELLED)) == closed

    def test_a_ticket_is_checked_as_it_is_before_the_write(self, bench: Bench) -> None:
        made = bench.tracker().create(DRAFT)
        wanted = TicketChange(title="Page on queue depth", state=TicketState.DONE)
        seen: list[Ticket] = []

        def refuse(found: Ticket) -> None:
            seen.append(found)
            raise LookupError

        with pytest.raises(LookupError):
            bench.tracker().update(made.ref, wanted, refuse)
        assert (seen, bench.tracker().fetch(made.ref)) == ([made], made), "nothing was written"
        assert bench.tracker().update(made.ref, wanted, seen.append).title == "Page on queue depth"
        assert seen == [made, made]

    def test_people_point_at_a_ticket_by_address_or_key(self, bench: Bench) -> None:
        made = bench.tracker().create(DRAFT)
        assert bench.tracker().resolve(f" {made.url} ") == made
        assert bench.tracker().resolve(made.key) == made

    @pytest.mark.parametrize(
        "pointer", ["", "nonsense", "https://elsewhere.example/acme/api/issues/1", "http://[", "\0"]
    )
    def test_what_points_at_nothing_is_refused(self, bench: Bench, pointer: str) -> None:
        bench.tracker().create(DRAFT)
        with pytest.raises(TrackerRefused):
            bench.tracker().resolve(pointer)


class TestConnection:
    def test_each_permission_is_named(self, bench: Bench) -> None:
        checks = bench.tracker().check_permissions()
        assert checks
        assert all(check.granted and check.name and check.detail for check in checks), checks
        assert len({check.name for check in checks}) == len(checks)

    @pytest.mark.parametrize("secret", [None, ""])
    def test_without_a_webhook_secret_a_check_fails(self, bench: Bench, secret: str | None) -> None:
        bench.secrets["webhookSecret"] = secret
        assert [check.name for check in bench.tracker().check_permissions() if not check.granted] == ["Webhook secret"]

    def test_our_account_is_known(self, bench: Bench) -> None:
        assert bench.tracker().own_account() == bench.account

    def test_a_form_can_be_drawn(self, bench: Bench) -> None:
        cls = tracker(bench.kind)
        for name, field in [*cls.Config.model_fields.items(), *cls.Secrets.model_fields.items()]:
            assert field.title, name
            assert field.description, name
        assert all("SecretStr" in str(field.annotation) for field in cls.Secrets.model_fields.values())
        assert cls.Config.model_json_schema()["properties"].keys() >= bench.config.keys()
        assert cls.label

    def test_wrong_settings_are_refused_without_repeating_them(self, bench: Bench) -> None:
        with pytest.raises(InvalidIntegrationConfig) as caught:
            connect(bench.kind, bench.config, {name: ["hunter2"] for name in bench.secrets} | {"other": "hunter2"})
        assert "hunter2" not in f"{caught.value} {caught.value.facts} {caught.value!r}"
        assert len(_reasons(caught.value)) == len(bench.secrets) + 1
        assert all(name in json.dumps(_reasons(caught.value)) for name in [*bench.secrets, "other"])

    def test_secrets_do_not_show(self, bench: Bench) -> None:
        secrets = tracker(bench.kind).Secrets.model_validate(bench.secrets)
        shown = f"{secrets!r} {secrets} {secrets.model_dump_json()} {bench.tracker()!r}"
        for value in bench.secrets.values():
            assert str(value) not in shown
        assert all(isinstance(getattr(secrets, name), SecretStr) for name in type(secrets).model_fields)


def _reasons(error: InvalidIntegrationConfig) -> list[object]:
    reasons = error.facts["reasons"]
    assert isinstance(reasons, list)
    return reasons


def only_event(tracker: Tracker, sent: Delivery) -> TicketEvent:
    (event,) = tracker.parse_webhook(sent.headers, sent.body)
    assert isinstance(event, TicketEvent)
    return event


class TestWebhooks:
    def test_somebody_elses_change_is_told(self, bench: Bench) -> None:
        made = bench.tracker().create(DRAFT)
        bench.other_closes(made, CloseReason.NOT_PLANNED)
        sent = bench.delivered(made, TicketAction.CLOSED, bench.other_account)
        tracker = bench.tracker()
        tracker.verify_webhook(sent.headers, sent.body, datetime.now(UTC))
        event = only_event(tracker, sent)
        assert (event.action, event.actor) == (TicketAction.CLOSED, bench.other_account)
        assert event.ref == made.ref
        now = tracker.fetch(made.ref)
        assert event.ticket in {None, now, replace(now, pull_requests=None)}
        assert event.delivery_id == only_event(tracker, sent).delivery_id
        assert event.moved_to is None

    def test_reopened_is_told(self, bench: Bench) -> None:
        made = bench.tracker().create(DRAFT)
        bench.other_closes(made, CloseReason.COMPLETED)
        bench.other_reopens(made)
        sent = bench.delivered(made, TicketAction.REOPENED, bench.other_account)
        event = only_event(bench.tracker(), sent)
        ticket = event.ticket or bench.tracker().fetch(event.ref)
        assert (event.action, ticket.state) == (TicketAction.REOPENED, TicketState.OPEN)

    def test_our_own_change_comes_back_with_our_account(self, bench: Bench) -> None:
        tracker = bench.tracker()
        made = tracker.create(DRAFT)
        tracker.update(made.ref, TicketChange(state=TicketState.DONE))
        sent = bench.delivered(made, TicketAction.CLOSED, bench.account)
        event = only_event(tracker, sent)
        assert event.actor == tracker.own_account()

    def test_header_names_may_come_in_any_case(self, bench: Bench) -> None:
        made = bench.tracker().create(DRAFT)
        sent = bench.delivered(made, TicketAction.OPENED, bench.account)
        for change in (str.lower, str.upper):
            headers = {change(name): value for name, value in sent.headers.items()}
            bench.tracker().verify_webhook(headers, sent.body, datetime.now(UTC))
            assert bench.tracker().parse_webhook(headers, sent.body)

    def test_what_we_do_not_use_is_none(self, bench: Bench) -> None:
        sent = bench.unused()
        bench.tracker().verify_webhook(sent.headers, sent.body, datetime.now(UTC))
        assert not bench.tracker().parse_webhook(sent.headers, sent.body)

    def test_a_changed_body_is_refused(self, bench: Bench) -> None:
        sent = bench.signed(b'{"action": "closed"}')
        bench.tracker().verify_webhook(sent.headers, sent.body, datetime.now(UTC))
        with pytest.raises(BadSignature):
            bench.tracker().verify_webhook(sent.headers, sent.body + b" ", datetime.now(UTC))

    def test_no_signature_is_refused(self, bench: Bench) -> None:
        sent = bench.unsigned(bench.signed(b"{}"))
        with pytest.raises(BadSignature):
            bench.tracker().verify_webhook(sent.headers, sent.body, datetime.now(UTC))

    def test_another_secret_is_refused(self, bench: Bench) -> None:
        sent = bench.signed(b"{}")
        bench.secrets["webhookSecret"] = "another"
        with pytest.raises(BadSignature):
            bench.tracker().verify_webhook(sent.headers, sent.body, datetime.now(UTC))

    @pytest.mark.parametrize("secret", [None, "", " , "])
    def test_without_a_secret_nothing_is_believed(self, bench: Bench, secret: str | None) -> None:
        sent = bench.signed(b"{}")
        bench.secrets["webhookSecret"] = secret
        with pytest.raises(BadSignature):
            bench.tracker().verify_webhook(sent.headers, sent.body, datetime.now(UTC))

    def test_two_secrets_hold_while_one_is_replaced(self, bench: Bench) -> None:
        sent = bench.signed(b"{}")
        bench.secrets["webhookSecret"] = f"a new one, {bench.secrets['webhookSecret']}"
        bench.tracker().verify_webhook(sent.headers, sent.body, datetime.now(UTC))

    @pytest.mark.parametrize(
        "signature", ["sha256=", "sha256=é", "sha256=\ud800", "sha1=00", "sha256=" + "0" * 64, "0"]
    )
    def test_nonsense_for_a_signature_is_refused(self, bench: Bench, signature: str) -> None:
        sent = bench.signed(b"{}")
        headers = {name: signature if "signature" in name.lower() else value for name, value in sent.headers.items()}
        with pytest.raises(BadSignature):
            bench.tracker().verify_webhook(headers, sent.body, datetime.now(UTC))

    @pytest.mark.parametrize(
        "body",
        [b"", b"\xff", b"null", b"[]", b'"text"', b"{", b"{}", b'{"action": 1}', b"payload=%7B%7D", b"[" * 100_000],
        ids=["empty", "bytes", "null", "list", "text", "cut", "bare", "typed", "form", "deep"],
    )
    def test_what_is_not_the_vendors_shape_is_malformed(self, bench: Bench, body: bytes) -> None:
        sent = bench.signed(body)
        bench.tracker().verify_webhook(sent.headers, sent.body, datetime.now(UTC))
        with pytest.raises(MalformedWebhook):
            bench.tracker().parse_webhook(sent.headers, sent.body)

    def test_a_ticket_without_its_parts_is_malformed(self, bench: Bench) -> None:
        if bench.kind == "asana":
            pytest.skip("its webhooks tell no ticket; test_asana.py takes the parts of its events away")
        made = bench.tracker().create(DRAFT)
        whole = json.loads(bench.delivered(made, TicketAction.OPENED, bench.account).body)
        subject = next(name for name in SUBJECTS if name in whole)
        parts = [part for part in ("title", "state", "id", "externalId", "key") if part in whole[subject]]
        assert len(parts) > 1
        for part in parts:
            told = whole | {subject: {name: value for name, value in whole[subject].items() if name != part}}
            sent = bench.signed(json.dumps(told).encode())
            with pytest.raises(MalformedWebhook, match=part):
                bench.tracker().parse_webhook(sent.headers, sent.body)

    def test_no_headers_at_all_is_malformed(self, bench: Bench) -> None:
        with pytest.raises(MalformedWebhook):
            bench.tracker().parse_webhook({}, b"{}")
        with pytest.raises(MalformedWebhook):
            bench.tracker().delivery_id({}, b"{}")


class TestShelf:
    def test_it_holds_a_file_for_each_kind(self) -> None:
        assert {"console", "github"} <= set(tracker_kinds())
        for kind in tracker_kinds():
            assert issubclass(tracker(kind), Tracker)

    @pytest.mark.parametrize("kind", ["", "GitHub", "nope", "..registry", "__init__"])
    def test_an_unknown_kind_is_refused(self, kind: str) -> None:
        with pytest.raises(UnknownIntegrationKind):
            tracker(kind)
