"""What Asana says, and what it means: pure of any state, or with answers that no peer gives on request."""

import hashlib
import hmac
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from domain.errors import (
    CredentialsRejected,
    DomainError,
    MalformedWebhook,
    TicketForbidden,
    TicketGone,
    TrackerRefused,
)
from domain.tickets.status import CloseReason, TicketState
from integrations.registry import connect
from integrations.ticket import TicketAction, TicketDraft, TicketEvent, TicketRef
from integrations.tracker import Tracker, TrackerUnavailable
from tests.peers.scripted import Answer, ScriptedVendor

TOKEN = "1/1002:0123456789abcdef"
TASK: dict[str, Any] = {
    "gid": "77",
    "name": "Alert on queue depth",
    "html_notes": "<body>Sooner.\n\n<code>afterword:ai_1</code></body>",
    "completed": False,
    "created_by": {"gid": "1001"},
    "modified_at": "2026-11-23T09:30:00.123Z",
    "permalink_url": "https://app.asana.com/1/9/project/7/task/77",
    "memberships": [{"project": {"gid": "7"}, "section": {"gid": "70", "name": "To do"}}],
}
REF = TicketRef("77", "77")
CURLY = "won\u2019t do"


def asana(vendor: ScriptedVendor | None = None, **config: object) -> Tracker:
    url = vendor.url if vendor else "http://localhost:1"
    settings = {"workspace": "9", "project": "7", "baseUrl": url, **config}
    return connect("asana", settings, {"token": TOKEN, "webhookSecret": "s"})


def seen(vendor: ScriptedVendor, task: dict[str, Any], **config: object) -> tuple[TicketState, CloseReason | None, str]:
    vendor.answers = [Answer(200, {"data": TASK | task})]
    with asana(vendor, **config) as tracker:
        ticket = tracker.fetch(REF)
    return ticket.state, ticket.reason, ticket.status


def section(name: str) -> dict[str, Any]:
    return {"memberships": [{"project": {"gid": "7"}, "section": {"gid": "1", "name": name}}]}


def tagged(name: str) -> dict[str, Any]:
    return {"tags": [{"gid": "1", "name": name}]}


class TestStatus:
    @pytest.mark.parametrize(
        ("task", "state", "reason", "status"),
        [
            ({}, TicketState.OPEN, None, "To do"),
            (section("DOING"), TicketState.STARTED, None, "DOING"),
            (section("Review"), TicketState.OPEN, None, "Review"),
            ({"memberships": []}, TicketState.OPEN, None, "Incomplete"),
            ({"completed": True}, TicketState.DONE, CloseReason.COMPLETED, "Completed"),
            ({"completed": True, **section("Doing")}, TicketState.DONE, CloseReason.COMPLETED, "Completed"),
            (
                {"completed": True, **tagged("won\u2019t do")},
                TicketState.CANCELLED,
                CloseReason.NOT_PLANNED,
                "won\u2019t do",
            ),
            ({"completed": True, **section("Cancelled")}, TicketState.CANCELLED, CloseReason.NOT_PLANNED, "Cancelled"),
            ({"completed": True, **tagged("Duplicate")}, TicketState.CANCELLED, CloseReason.DUPLICATE, "Duplicate"),
            (tagged("Duplicate"), TicketState.OPEN, None, "To do"),
            (section("Cancelled"), TicketState.OPEN, None, "Cancelled"),
        ],
    )
    def test_by_section_and_tag(
        self,
        scripted_vendor: ScriptedVendor,
        task: dict[str, Any],
        state: TicketState,
        reason: CloseReason | None,
        status: str,
    ) -> None:
        assert seen(scripted_vendor, task) == (state, reason, status)

    def test_by_the_status_field(self, scripted_vendor: ScriptedVendor) -> None:
        field = {"custom_fields": [{"gid": "60", "enum_value": {"gid": "61", "name": "In progress"}}, {"gid": "62"}]}
        config = {"statusField": "60"}
        assert seen(scripted_vendor, field, **config)[0] is TicketState.STARTED
        assert seen(scripted_vendor, field | section("Cancelled"), **config)[2] == "In progress"
        assert seen(scripted_vendor, section("Doing"), **config)[0] is TicketState.OPEN

    def test_the_section_of_our_project_tells(self, scripted_vendor: ScriptedVendor) -> None:
        elsewhere = {"project": {"gid": "8"}, "section": {"gid": "80", "name": "Doing"}}
        both = {"memberships": [elsewhere, TASK["memberships"][0]]}
        assert seen(scripted_vendor, both)[2] == "To do"
        assert seen(scripted_vendor, {"memberships": [elsewhere]})[2] == "Doing"

    def test_names_may_be_others(self, scripted_vendor: ScriptedVendor) -> None:
        config: dict[str, object] = {"started": ["Wird gemacht"], "cancelled": ["Verworfen"]}
        assert seen(scripted_vendor, section("Wird gemacht"), **config)[0] is TicketState.STARTED
        assert seen(scripted_vendor, {"completed": True, **tagged("verworfen")}, **config)[0] is TicketState.CANCELLED
        assert seen(scripted_vendor, section("Doing"), **config)[0] is TicketState.OPEN

    def test_without_names_for_started_it_is_not_known(self, scripted_vendor: ScriptedVendor) -> None:
        assert asana().knows_started
        assert not asana(started=[]).knows_started
        assert type(asana()).knows_started
        assert seen(scripted_vendor, section("Doing"), started=[])[0] is TicketState.OPEN


class TestMarker:
    @pytest.mark.parametrize(
        ("notes", "marker", "body"),
        [
            ("<body>Text.\n\n<code>afterword:ai_1</code></body>", "ai_1", "Text."),
            ("<body><code>afterword:ai_1</code></body>", "ai_1", ""),
            ("<body>Text.\nafterword:ai_1</body>", "ai_1", "Text."),
            ("<body>Text.\n\n<code>afterword:ai_1</code>\n\nA person wrote below.</body>", "ai_1", None),
            ("<body>it says afterword:ai_1 there</body>", None, "it says afterword:ai_1 there"),
            ("<body>&lt;!-- afterword:ai_1 --&gt;</body>", None, "<!-- afterword:ai_1 -->"),
            ("<body></body>", None, ""),
        ],
    )
    def test_it_is_the_last_line(
        self, scripted_vendor: ScriptedVendor, notes: str, marker: str | None, body: str | None
    ) -> None:
        scripted_vendor.answers = [Answer(200, {"data": TASK | {"html_notes": notes}})]
        ticket = asana(scripted_vendor).fetch(REF)
        assert ticket.marker == marker
        assert ticket.body == (body if body is not None else "Text.\n\nA person wrote below.")

    def test_a_wrong_one_is_a_defect(self) -> None:
        with pytest.raises(ValueError, match="marker"):
            asana().create(TicketDraft("no marker", "T", ""))


class TestRefusals:
    @pytest.mark.parametrize(
        ("status", "error"),
        [
            (400, TrackerRefused),
            (401, CredentialsRejected),
            (402, TrackerRefused),
            (403, TicketForbidden),
            (404, TicketGone),
            (410, TrackerRefused),
            (451, TrackerRefused),
        ],
    )
    def test_they_carry_asanas_words_and_no_token(
        self, scripted_vendor: ScriptedVendor, status: int, error: type[DomainError]
    ) -> None:
        words = f"due_on: not a date. You sent {TOKEN}."
        scripted_vendor.answers = [Answer(status, {"errors": [{"message": words}, {"message": "And more."}]})]
        with pytest.raises(error) as caught:
            asana(scripted_vendor).fetch(REF)
        shown = f"{caught.value} {caught.value!r} {caught.value.facts}"
        assert TOKEN not in shown
        if error in {TrackerRefused, TicketForbidden}:
            assert "due_on: not a date. You sent ***.; And more." in shown
        assert ("another Asana plan" in shown) is (status == 402)

    @pytest.mark.parametrize(("status", "wait"), [(429, 30.0), (500, None), (503, 30.0)])
    def test_stumbles(self, scripted_vendor: ScriptedVendor, status: int, wait: float | None) -> None:
        headers = {"Retry-After": "30"} if wait else {}
        scripted_vendor.answers = [Answer(status, {"errors": [{"message": "Later"}]}, headers)]
        with pytest.raises(TrackerUnavailable) as caught:
            asana(scripted_vendor).fetch(REF)
        assert caught.value.retry_after == wait

    @pytest.mark.parametrize(
        "body", [{}, {"data": None}, {"data": {"gid": "77"}}, [], b"<html>a proxy</html>", TASK, {"data": [TASK]}]
    )
    def test_what_is_not_asanas_is_a_stumble(self, scripted_vendor: ScriptedVendor, body: object) -> None:
        scripted_vendor.answers = [Answer(200, body)]
        with pytest.raises(TrackerUnavailable, match="it sent an unexpected answer"):
            asana(scripted_vendor).fetch(REF)

    def test_a_list_that_does_not_end(self, scripted_vendor: ScriptedVendor) -> None:
        scripted_vendor.answers = [Answer(200, {"data": [], "next_page": {"offset": "same"}})]
        with pytest.raises(TrackerUnavailable, match="its list doesn't end"):
            list(asana(scripted_vendor).read_many([REF]))

    def test_without_settings_nothing_is_sent(self) -> None:
        for config, secrets in (({"project": "7"}, {"token": TOKEN}), ({"workspace": "9", "project": "7"}, {})):
            with pytest.raises(TrackerRefused):
                connect("asana", config, secrets).fetch(REF)

    def test_a_project_outside_of_the_connection_is_refused(self) -> None:
        with pytest.raises(TrackerRefused, match="further projects"):
            asana().create(TicketDraft("ai_1", "T", "", project="8"))


class TestPointers:
    @pytest.mark.parametrize(
        "pointer",
        [
            "77",
            " https://app.asana.com/0/7/77 ",
            "https://app.asana.com/0/7/77/f",
            "https://app.asana.com/0/0/77/f",
            "https://app.asana.com/0/inbox/77",
            "https://app.asana.com/1/9/project/7/task/77",
            "https://app.asana.com/1/9/project/7/task/77?focus=true",
            "https://app.asana.com/1/9/project/7/list/70/task/77",
            "https://app.asana.com/1/9/task/77#comment",
            "https://APP.asana.com/1/9/home/task/77",
        ],
    )
    def test_the_older_and_the_newer_address(self, scripted_vendor: ScriptedVendor, pointer: str) -> None:
        scripted_vendor.answers = [Answer(200, {"data": TASK})]
        assert asana(scripted_vendor).resolve(pointer).ref == REF
        assert scripted_vendor.requests[0].startswith("GET /tasks/77?")

    @pytest.mark.parametrize(
        "pointer",
        [
            "https://app.asana.com/0/7/list",
            "https://app.asana.com/1/9/project/7",
            "https://app.asana.com.evil.example/0/7/77",
            "https://evil.example/app.asana.com/0/7/77",
            "http://app.asana.com/0/7/77",
            "https://user@app.asana.com/0/7/77",
            "../users/me",
            "external:ai_1",
            "\u0667\u0667",
        ],
    )
    def test_others_are_refused_unasked(self, pointer: str) -> None:
        with pytest.raises(TrackerRefused):
            asana().resolve(pointer)

    def test_a_task_of_another_project_is_refused(self, scripted_vendor: ScriptedVendor) -> None:
        scripted_vendor.answers = [Answer(200, {"data": TASK})]
        with pytest.raises(TrackerRefused, match="project 8"):
            asana(scripted_vendor, project="8").resolve("77")
        assert asana(scripted_vendor, project="8", furtherProjects=["7"]).resolve("77").ref == REF


def event(
    action: str = "changed", user: str | None = "1002", gid: str = "77", at: str = "09:00", **more: object
) -> Any:
    told: dict[str, Any] = {
        "action": action,
        "resource": {"gid": gid, "resource_type": "task", "resource_subtype": "default_task"},
        "parent": None,
        "user": {"gid": user, "resource_type": "user"} if user else None,
        "created_at": f"2026-11-23T{at}:00.000Z",
    }
    return told | more


def changed(field: str, value: object = None, **more: Any) -> Any:
    return event(change={"field": field, "action": "changed", "new_value": value}, **more)


def story(subtype: str, **more: Any) -> Any:
    return event(
        "added",
        resource={"gid": "5", "resource_type": "story", "resource_subtype": subtype},
        parent={"gid": "77", "resource_type": "task"},
        **more,
    )


def news(*events: Any) -> list[TicketEvent]:
    body = json.dumps({"events": list(events)}).encode()
    told = asana().parse_webhook({}, body)
    assert all(isinstance(one, TicketEvent) for one in told)
    return list(told)  # type: ignore[arg-type]


PROJECT = {"gid": "7", "resource_type": "project"}
JANE = {"gid": "1002", "resource_type": "user"}


class TestEvents:
    @pytest.mark.parametrize(
        ("events", "action"),
        [
            ([event("added", parent=PROJECT)], TicketAction.OPENED),
            ([event("added", parent={"gid": "70", "resource_type": "section"})], TicketAction.EDITED),
            ([changed("name")], TicketAction.EDITED),
            ([changed("custom_fields", "text")], TicketAction.EDITED),
            ([changed("completed")], TicketAction.EDITED),
            ([changed("completed"), story("marked_complete")], TicketAction.CLOSED),
            ([story("marked_incomplete"), changed("completed")], TicketAction.REOPENED),
            ([story("marked_complete"), story("marked_incomplete")], TicketAction.REOPENED),
            ([changed("assignee", JANE)], TicketAction.ASSIGNED),
            ([changed("assignee")], TicketAction.UNASSIGNED),
            ([changed("assignee", JANE), changed("name")], TicketAction.EDITED),
            ([event("removed", parent=PROJECT)], TicketAction.EDITED),
            ([event("deleted")], TicketAction.DELETED),
            ([event("deleted"), event("undeleted")], TicketAction.EDITED),
            ([event("undeleted"), event("deleted"), changed("name")], TicketAction.DELETED),
        ],
    )
    def test_one_news_of_a_task(self, events: list[Any], action: TicketAction) -> None:
        (told,) = news(*events)
        assert (told.action, told.ref, told.ticket) == (action, REF, None)

    def test_one_for_each_task_with_an_id_of_its_own(self) -> None:
        first, second = news(event(), event(gid="78"), changed("name", at="09:05"))
        assert (first.ref.external_id, second.ref.external_id) == ("77", "78")
        assert first.delivery_id != second.delivery_id
        assert first.at == datetime(2026, 11, 23, 9, 5, tzinfo=UTC)
        assert [first, second] == news(event(), event(gid="78"), changed("name", at="09:05"))

    def test_the_actor_is_told_only_where_it_is_one(self) -> None:
        assert news(event(), event())[0].actor == "1002"
        assert news(event(), event(user="1001"))[0].actor is None
        assert news(event(user=None))[0].actor is None

    @pytest.mark.parametrize(
        "other",
        [
            story("comment_added"),
            event(resource={"gid": "7", "resource_type": "project"}),
            event(resource={"gid": "5", "resource_type": "story", "resource_subtype": "marked_complete"}),
        ],
    )
    def test_what_we_do_not_use(self, other: Any) -> None:
        assert news(other) == []

    def test_a_heartbeat_is_no_news(self) -> None:
        assert news() == []

    @pytest.mark.parametrize("part", ["action", "resource", "created_at"])
    def test_an_event_without_its_parts_is_malformed(self, part: str) -> None:
        whole = event()
        del whole[part]
        body = json.dumps({"events": [whole]}).encode()
        with pytest.raises(MalformedWebhook, match=part):
            asana().parse_webhook({}, body)
        with pytest.raises(MalformedWebhook):
            asana().delivery_id({}, body)

    def test_a_delivery_is_known_by_its_content(self) -> None:
        one, other = b'{"events":[]}', b'{"events": []}'
        assert asana().delivery_id({}, one) == asana().delivery_id({"X-Request-Id": "1"}, one)
        assert asana().delivery_id({}, one) != asana().delivery_id({}, other)

    def test_the_signature_is_plain_hexadecimal(self) -> None:
        body = b'{"events":[]}'
        signature = hmac.new(b"s", body, hashlib.sha256).hexdigest()
        asana().verify_webhook({"x-hook-signature": signature}, body, datetime.now(UTC))


class TestHandshake:
    def test_the_secret_is_given_back(self) -> None:
        asked = asana().handshake({"x-hook-secret": "b537207f20cbfa02"}, b"")
        assert asked is not None
        assert (asked.headers, asked.secret) == ({"X-Hook-Secret": "b537207f20cbfa02"}, "b537207f20cbfa02")

    @pytest.mark.parametrize("secret", ["", "a,b", "a b", "a\r\nSet-Cookie: x", "é", "a" * 501])
    def test_what_is_no_secret_is_no_handshake(self, secret: str) -> None:
        assert asana().handshake({"X-Hook-Secret": secret}, b"") is None
        assert asana().handshake({"X-Hook-Signature": "00"}, b"") is None
