"""Mail that bounces after the mail server accepted it: from the mailbox's pipe to the next channel."""

import asyncio
import hashlib
import hmac
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import update

from application.notifications import notices
from models.notification import ChannelAddress
from models.person import Person as PersonRow
from tests.api.rows import sessions_of
from tests.api.writing import draft, ok
from tests.peers.returned import by_qmail, report
from tests.peers.smtp import Mailbox, running_smtp
from tests.stack import Person, Stack, eventually
from tests.stories.test_voice_killed import escalate, listener, rows

SECRET = "bounces-" + uuid4().hex
MEBIBYTE = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Mail:
    """A connection and the server behind it; ``bring`` is that server's pipe."""

    made: dict[str, Any]
    box: Mailbox

    def bring(self, body: bytes, **headers: str) -> httpx.Response:
        given = {"Authorization": f"Bearer {SECRET}", "Content-Type": "message/rfc822"} | headers
        return httpx.post(self.made["webhookUrl"], content=body, headers=given, timeout=30)

    def comes_back(self, body: bytes, status: int = 202, answer: str = "accepted") -> None:
        assert ok(self.bring(body), status)["status"] == answer

    def log(self, stack: Stack) -> list[dict[str, Any]]:
        """Newest first."""
        found = ok(stack.client().get(f"/api/integrations/{self.made['id']}/deliveries", params={"direction": "IN"}))
        return list(found["items"])


@contextmanager
def connected(stack: Stack, **secrets: str) -> Iterator[Mail]:
    admin = stack.person("ADMIN")
    with running_smtp() as box:
        config = {"host": box.host, "port": box.port, "security": "NONE", "fromAddress": "afterword@acme.example"}
        body = {
            "kind": "email",
            "name": "Mail",
            "config": config | {"bounceAddress": "bounces@acme.example"},
            "secrets": secrets,
        }
        made = ok(admin.post("/api/integrations", json=body), 201)
        try:
            yield Mail(made, box)
        finally:
            ok(admin.patch(f"/api/integrations/{made['id']}", json={"enabled": False}))


@pytest.fixture
def mail(stack: Stack) -> Iterator[Mail]:
    with connected(stack, webhookSecret=SECRET) as one:
        yield one


def told(stack: Stack, mail: Mail, *, count: int = 1) -> tuple[Person, str, EmailMessage]:
    """Somebody, and the letter that the server took for them."""
    person, address = listener(stack)
    escalate(stack, person, draft(person)["id"])
    return person, address, arrived(stack, person, mail.box, address, count)


def arrived(stack: Stack, person: Person, box: Mailbox, address: str, count: int = 1) -> EmailMessage:
    eventually(lambda: len(box.to(address)) == count)
    eventually(lambda: all(one.state == "SENT" for one in rows(stack, person)[0]))
    return box.to(address)[-1]


def unreachable(stack: Stack, person: Person) -> list[str]:
    found = ok(stack.client().get("/api/health/people", params={"limit": 200}))["items"]
    return [one["reason"] for one in found if one["userId"] == person.id]


def test_a_letter_that_came_back_is_told_by_the_next_way(stack: Stack, mail: Mail) -> None:
    with connected(stack) as second:
        person, address, letter = told(stack, mail)
        assert mail.box.sender_of(letter) == "bounces@acme.example"
        body = report(address, letter)
        mail.comes_back(body)
        again = arrived(stack, person, second.box, address)
        assert again["Message-ID"] == letter["Message-ID"], "who has both sees one"
        (message,), (notice,) = rows(stack, person)
        assert (message.integration_id, message.channel) == (second.made["id"], "email")
        assert (notice.outcome, notice.channel) == ("TOLD", "email")
        assert unreachable(stack, person) == []
        mail.comes_back(body, 200, "duplicate")
        mail.comes_back(report(address, letter), 200, "ignored")
        escalate(stack, person, draft(person)["id"])
        arrived(stack, person, second.box, address, 2)
        assert len(mail.box.to(address)) == 1, "nobody is there for a week"
    assert [one["result"] for one in mail.log(stack)] == ["unknown", "bounced"]


def test_whom_nothing_else_reaches_shows_with_the_servers_words(stack: Stack, mail: Mail) -> None:
    person, address, letter = told(stack, mail)
    mail.comes_back(report(address, letter, said="smtp; 550 5.2.1 mailbox of {address} is closed"))
    assert "5.2.1 mailbox" in unreachable(stack, person)[0], "at once"
    eventually(lambda: rows(stack, person)[1][0].outcome == "TOLD")
    (message,), (notice,) = rows(stack, person)
    assert (message.state, message.channel, notice.channel) == ("SENT", "inbox", "inbox")
    (why,) = unreachable(stack, person)
    assert f"E-mail can't deliver to {address}: 550 5.2.1 mailbox of {address} is closed" in why
    assert len(mail.box.to(address)) == 1
    (logged,) = mail.log(stack)
    assert "is closed" in logged["detail"]
    ok(person.patch("/api/me", json={"preferredChannel": None}))  # as one does who has mended it
    escalate(stack, person, draft(person)["id"])
    arrived(stack, person, mail.box, address, 2)
    assert unreachable(stack, person) == []


def test_what_was_read_meanwhile_is_not_told_again(stack: Stack, mail: Mail) -> None:
    with connected(stack) as second:
        person, address = listener(stack)
        pm = draft(person)["id"]

        async def put() -> None:
            async with sessions_of(stack) as sessions, sessions.begin() as session:
                at = datetime.now(UTC) - timedelta(hours=1)
                await notices.notify(session, [person.id], "changes_requested", pm, at=at, postmortem_id=pm)

        asyncio.run(put())
        letter = arrived(stack, person, mail.box, address)
        ok(person.post("/api/me/notifications/read"))
        mail.comes_back(report(address, letter))
        eventually(lambda: rows(stack, person)[0][0].state == "VOID")
        assert rows(stack, person)[1][0].outcome == "READ"
    assert not second.box.to(address)


@pytest.mark.parametrize("action", ["delayed", "relayed"])
def test_what_was_not_given_up_changes_nothing(stack: Stack, mail: Mail, action: str) -> None:
    person, address, letter = told(stack, mail)
    mail.comes_back(report(address, letter, action=action, status="4.2.2", said="smtp; 452 full"), 200, "ignored")
    assert mail.log(stack)[0]["result"] == ("delayed" if action == "delayed" else "ignored")
    assert rows(stack, person)[0][0].state == "SENT"
    assert unreachable(stack, person) == []


def test_a_report_without_the_letter_is_known_by_its_address(stack: Stack, mail: Mail) -> None:
    person, address, letter = told(stack, mail)
    for body in (
        report(f"somebody-else-{uuid4().hex}@example.com"),
        report(address, written_at=datetime.now(UTC) - timedelta(hours=1)),
        report(address, written_at=datetime.now(UTC) - timedelta(days=400)),
    ):
        mail.comes_back(body, 200, "ignored")
    with connected(stack, webhookSecret=SECRET) as other:
        other.comes_back(report(address), 200, "ignored")
        other.comes_back(report(address, letter), 200, "ignored")
    assert {one["result"] for one in mail.log(stack) + other.log(stack)} == {"unknown"}
    assert unreachable(stack, person) == []
    mail.comes_back(report(address.upper()))
    assert unreachable(stack, person)


def test_a_server_that_writes_for_people(stack: Stack, mail: Mail) -> None:
    person, address, letter = told(stack, mail)
    mail.comes_back(by_qmail(address, letter))
    assert "550 sorry, no mailbox here" in unreachable(stack, person)[0]


def test_an_address_in_another_script(stack: Stack, mail: Mail) -> None:
    person, _ = listener(stack)
    address = f"jäne-{uuid4().hex[:8]}@exämple.com"

    async def rename() -> None:
        async with sessions_of(stack) as sessions, sessions.begin() as session:
            (await session.get_one(PersonRow, person.id)).email = address

    asyncio.run(rename())
    for place, whole in enumerate((True, False)):
        escalate(stack, person, draft(person)["id"])
        letter = arrived(stack, person, mail.box, address, place + 1)
        mail.comes_back(report(address, letter if whole else None, whole=whole))
        assert address in unreachable(stack, person)[0]
        eventually(lambda: [one.channel for one in rows(stack, person)[0]] == ["inbox"] * (place + 1), 30)  # noqa: B023
        ok(person.patch("/api/me", json={"preferredChannel": None}))


def test_a_letter_that_comes_back_too_late(stack: Stack, mail: Mail) -> None:
    """They were found there again after it was sent."""
    person, address, letter = told(stack, mail)

    async def found_again() -> None:
        async with sessions_of(stack) as sessions, sessions.begin() as session:
            statement = update(ChannelAddress).where(ChannelAddress.person_id == person.id)
            await session.execute(statement.values(found_at=datetime.now(UTC)))

    asyncio.run(found_again())
    mail.comes_back(report(address, letter), 200, "ignored")
    assert mail.log(stack)[0]["result"] == "late"
    assert unreachable(stack, person) == []


def test_a_letter_that_comes_back_before_it_is_recorded_as_sent(stack: Stack, mail: Mail) -> None:
    person, address = listener(stack)
    answers: list[httpx.Response] = []

    def bring_it_back(letter: EmailMessage) -> None:
        if address in str(letter["To"]):  # others are told things meanwhile
            answers.append(mail.bring(report(address, letter)))

    mail.box.on_data = bring_it_back
    escalate(stack, person, draft(person)["id"])
    eventually(lambda: answers)
    assert ok(answers[0], 202)["status"] == "accepted"
    assert "User unknown" in eventually(lambda: unreachable(stack, person), 30)[0]
    eventually(lambda: rows(stack, person)[0][0].channel == "inbox")
    assert len(mail.box.to(address)) == 1


def test_two_letters_that_come_back_are_both_told_again(stack: Stack, mail: Mail) -> None:
    with connected(stack) as second:
        person, address, first = told(stack, mail)
        escalate(stack, person, draft(person)["id"])
        other = arrived(stack, person, mail.box, address, 2)
        mail.comes_back(report(address, first))
        mail.comes_back(report(address, other))
        arrived(stack, person, second.box, address, 2)
    again = [one["Message-ID"] for one in second.box.to(address)]
    assert sorted(again) == sorted([first["Message-ID"], other["Message-ID"]])


def test_a_teams_mailbox_is_a_connection_in_trouble(stack: Stack, mail: Mail) -> None:
    admin, address = stack.client(), f"team-{uuid4().hex[:8]}@example.com"
    lead, _ = listener(stack)
    team = ok(admin.post("/api/teams", json={"name": f"T{uuid4().hex}", "leadId": lead.id}), 201)["id"]
    channel = {"integrationId": mail.made["id"], "address": address}
    ok(admin.patch(f"/api/teams/{team}", json={"channel": channel}))
    pm = draft(lead, teamIds=[team])["id"]

    async def put() -> None:
        async with sessions_of(stack) as sessions, sessions.begin() as session:
            facts = {"postmortem_id": pm, "is_escalation": True}
            await notices.notify_teams(session, [team], "target_due", uuid4().hex, at=datetime.now(UTC), **facts)

    asyncio.run(put())
    eventually(lambda: mail.box.to(address))
    letter = mail.box.to(address)[0]
    eventually(lambda: mail.bring(report(address, letter)).status_code == 202)

    def trouble() -> Any:
        return ok(admin.get(f"/api/integrations/{mail.made['id']}"))["needsAttention"]

    assert "User unknown" in eventually(trouble)
    found = ok(admin.get("/api/health/people", params={"limit": 200}))["items"]
    assert [one["reason"] for one in found if one["teamId"] == team]


def test_who_may_bring_what(stack: Stack, mail: Mail) -> None:
    person, address, letter = told(stack, mail)
    body = report(address, letter)
    for headers in ({"Authorization": ""}, {"Authorization": "Bearer guess"}, {"Authorization": f"Basic {SECRET}"}):
        assert mail.bring(body, **headers).status_code == 401
    assert mail.bring(body + b" " * 2 * MEBIBYTE).status_code == 413
    for shapeless in (b"", b"{}", b"\xff\xfe\0\0", b"Dear Sir"):
        answer = mail.bring(shapeless)
        assert (answer.status_code, answer.json()["code"]) == (400, "MalformedWebhook")
    odd = (
        b"From: \xff\0\n\n\0",
        b"From: a\nMessage-ID: <\0>\nContent-Type: message/delivery-status\n\nAction: failed\n",
    )
    for one in odd:
        mail.comes_back(one, 200, "ignored")
    with connected(stack) as trusting_nobody:
        assert trusting_nobody.bring(body).status_code == 401
    assert unreachable(stack, person) == []
    digest = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    signed = {"Authorization": "", "X-Hub-Signature-256": f"sha256={digest}", "Content-Type": "text/plain"}
    assert ok(mail.bring(body, **signed), 202)["status"] == "accepted"
    assert SECRET not in stack.log("api") + stack.log("worker")


def test_what_a_paused_connection_is_brought_is_kept(stack: Stack, mail: Mail) -> None:
    person, address, letter = told(stack, mail)
    admin, url = stack.client(), f"/api/integrations/{mail.made['id']}"
    ok(admin.patch(url, json={"enabled": False}))
    mail.comes_back(report(address, letter), 200, "ignored")
    (paused,) = mail.log(stack)
    assert (paused["result"], paused["replayable"]) == ("paused", True)
    assert unreachable(stack, person) == []
    ok(admin.patch(url, json={"enabled": True}))
    ok(admin.post(f"{url}/deliveries/{paused['id']}/replay"), 202)
    eventually(lambda: unreachable(stack, person))
