"""A worker killed between the mail server's answer and our record: the message is sent again, and says that it is the
same one. That is what at least once means: two messages, one ``Message-ID``, one row."""

import asyncio
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from uuid import uuid4

import pytest
from sqlalchemy import select, update

from application.notifications import notices
from models.notification import Message, Notice
from tests.api.rows import sessions_of
from tests.api.writing import draft, ok
from tests.peers.smtp import Mailbox, running_smtp
from tests.stack import Person, Stack, eventually

ALWAYS = {"workingDays": ["MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN"], "opens": "00:00", "closes": "24:00"}


@pytest.fixture
def box(stack: Stack) -> Iterator[Mailbox]:
    admin = stack.person("ADMIN")
    with running_smtp() as one:
        config = {"host": one.host, "port": one.port, "security": "NONE", "fromAddress": "afterword@acme.example"}
        made = ok(admin.post("/api/integrations", json={"kind": "email", "name": "Mail", "config": config}), 201)
        yield one
        ok(admin.patch(f"/api/integrations/{made['id']}", json={"enabled": False}))


def listener(stack: Stack) -> tuple[Person, str]:
    person = stack.person()
    return person, str(ok(person.patch("/api/me", json=ALWAYS))["email"])


def escalate(stack: Stack, person: Person, postmortem_id: str) -> None:
    """An hour after the last one."""

    async def put() -> None:
        async with sessions_of(stack) as sessions, sessions.begin() as session:
            key, now = uuid4().hex, datetime.now(UTC)
            told = update(Message).where(Message.receiver_id == person.id, Message.state == "SENT")
            await session.execute(told.values(created_at=now - timedelta(hours=1)))
            await notices.notify(
                session, [person.id], "changes_requested", key, at=now, postmortem_id=postmortem_id, is_escalation=True
            )

    asyncio.run(put())


def rows(stack: Stack, person: Person) -> tuple[list[Message], list[Notice]]:
    async def read() -> tuple[list[Message], list[Notice]]:
        async with sessions_of(stack) as sessions, sessions.begin() as session:
            messages = await session.execute(select(Message).where(Message.receiver_id == person.id))
            told = await session.execute(select(Notice).where(Notice.person_id == person.id))
            return list(messages.scalars()), list(told.scalars())

    return asyncio.run(read())


def test_killed_between_sending_and_recording(stack: Stack, box: Mailbox) -> None:
    person, address = listener(stack)
    killed: list[str] = []

    def kill_once(letter: EmailMessage) -> None:
        if not killed and address in str(letter["To"]):
            killed.append(str(letter["Message-ID"]))
            stack.kill("worker")

    box.on_data = kill_once
    escalate(stack, person, draft(person)["id"])
    eventually(lambda: killed)
    (message,), (told,) = rows(stack, person)
    assert (message.state, told.outcome) == ("WAITING", None)
    stack.start("worker")
    eventually(lambda: len(box.to(address)) == 2)
    eventually(lambda: rows(stack, person)[0][0].state == "SENT")
    (message,), (told,) = rows(stack, person)
    told_as = [str(one["Message-ID"]) for one in box.to(address)]
    assert told_as == [killed[0], killed[0]] == [message.external_id] * 2
    assert (told.outcome, told.channel) == ("TOLD", "email")


def test_a_notice_that_nobody_was_woken_for_is_told_by_the_sweep(stack: Stack, box: Mailbox) -> None:
    """The row was committed, and everything died: the worker that comes up finds it."""
    person, address = listener(stack)
    pm = draft(person)["id"]
    stack.kill("worker")
    escalate(stack, person, pm)
    assert not rows(stack, person)[1][0].is_heard
    stack.start("worker")
    eventually(lambda: len(box.to(address)) == 1)
    eventually(lambda: rows(stack, person)[1][0].outcome == "TOLD")
