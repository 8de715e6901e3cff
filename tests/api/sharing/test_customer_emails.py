"""E-mails to customers, by a whole Afterword and a real mail server: each once, and nothing that may not go."""

import asyncio
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import select, text

from application.sharing import mailing
from domain.sharing.mailing import UNKNOWN, Progress
from models.keyring import Keyring
from models.queries.sharing.customer_emails import forget_addresses
from models.sharing import CustomerEmailRecipient
from tests.api import writing
from tests.api.conventions import problem
from tests.api.rows import sessions_of
from tests.api.sharing.sharing import CUSTOMERS, approve, outsider, path_of, save
from tests.api.writing import ok
from tests.peers.returned import report
from tests.peers.smtp import Mailbox, running_smtp
from tests.stack import SECRET_KEY, Person, Stack, eventually

SECRET = f"bounces-{uuid4().hex}"


@pytest.fixture
def mail(stack: Stack) -> Iterator[tuple[Mailbox, Any]]:
    """The only mail server of the organization while the test runs."""
    admin = stack.person("ADMIN")
    with running_smtp() as box:
        config = {"host": box.host, "port": box.port, "security": "NONE", "fromAddress": "news@acme.example"}
        body = {"kind": "email", "name": "Mail", "config": config, "secrets": {"webhookSecret": SECRET}}
        made = ok(admin.post("/api/integrations", json=body), 201)
        yield box, made
        ok(admin.delete(f"/api/integrations/{made['id']}"))


@pytest.fixture
def author(stack: Stack) -> Person:
    return stack.person()


@pytest.fixture
def made(stack: Stack, author: Person) -> Any:
    """A published postmortem with an approved summary."""
    made = writing.published(author, [stack.person()], visibility="ORGANIZATION")
    save(author, made)
    approve(author, made)
    return made


def addresses(count: int) -> list[str]:
    mark = uuid4().hex[:8]
    return [f"c{place}-{mark}@{CUSTOMERS}" for place in range(count)]


def send(person: Person, made: Any, recipients: list[str], **more: Any) -> Any:
    body = {"subject": "What happened", "recipients": recipients, **more}
    return ok(person.post(path_of(made, "customer-emails"), json=body), 202)


def found(person: Person, made: Any, email: Any) -> Any:
    return ok(person.get(path_of(made, f"customer-emails/{email['id']}")))


def over(person: Person, made: Any, email: Any, seconds: float = 40) -> Any:
    def settled() -> Any:
        shown = found(person, made, email)
        return shown if shown["state"] in {"DONE", "STOPPED"} else None

    return eventually(settled, seconds)


def states(shown: Any) -> dict[str, str]:
    return {one["address"]: one["state"] for one in shown["recipients"]}


def test_each_customer_gets_the_approved_summary_once(
    stack: Stack, mail: tuple[Mailbox, Any], author: Person, made: Any
) -> None:
    box, (one, two, odd) = mail[0], addresses(3)
    box.replies[odd] = ["550 no such mailbox"]
    asked = send(author, made, [one, two.upper(), one, odd], subject="What happened\r\nBcc: other@example.com")
    assert (asked["state"], len(asked["recipients"])) == ("QUEUED", 3)
    shown = over(author, made, asked)
    assert shown["state"] == "DONE"
    assert states(shown) == {one: "SENT", two: "SENT", odd: "FAILED"}
    assert shown["counts"] == {"queued": 0, "sent": 2, "bounced": 0, "skipped": 1}
    assert [one["reason"] for one in shown["recipients"]] == [None, None, "550 no such mailbox"]
    assert sorted(box.at(CUSTOMERS)) == sorted([[one], [two]])
    letter = box.to(one)[0]
    body = letter.get_body(("plain",))
    assert body is not None
    assert "customers could not pay" in body.get_content()
    html = letter.get_body(("html",))
    assert html is not None
    assert "<h1>Checkout was down</h1>" in html.get_content()
    assert made["title"] not in str(letter)
    assert letter["To"].addresses[0].addr_spec in {one, two}
    assert (str(letter["Subject"]), letter["Bcc"]) == ("What happened Bcc: other@example.com", None)
    assert letter["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert str(letter["Message-ID"]).startswith(f"<{asked['id']}.")
    listed = ok(author.get(path_of(made, "customer-emails")))["items"]
    assert [(one["id"], one["counts"]["sent"], one["recipients"]) for one in listed] == [(asked["id"], 2, [])]


def test_a_preview_sends_and_keeps_nothing(mail: tuple[Mailbox, Any], author: Person, made: Any) -> None:
    body = {"subject": "What happened", "recipients": addresses(2), "preview": True}
    shown = ok(author.post(path_of(made, "customer-emails"), json=body))
    assert (shown["recipients"], shown["unsubscribed"]) == (2, 0)
    assert shown["text"] == ok(author.get(path_of(made)))["text"]
    assert ok(author.get(path_of(made, "customer-emails")))["items"] == []
    assert mail[0].at(CUSTOMERS) == []


def test_what_is_refused(stack: Stack, author: Person, made: Any) -> None:
    """Without a mail server, too."""
    path, body = path_of(made, "customer-emails"), {"subject": "News", "recipients": addresses(1)}
    problem(stack.person().post(path, json=body), 403, "NotAllowed")
    problem(stack.person().get(path), 403, "NotAllowed")
    for wrong in ("nobody", "a@b\r\nBcc: c@d", "", "a b@c.example"):
        refused = problem(author.post(path, json={**body, "recipients": [*addresses(1), wrong]}), 422)
        assert "recipients.1" in str(refused["reasons"]), wrong
    problem(author.post(path, json={**body, "recipients": []}), 422)
    problem(author.post(path, json={**body, "recipients": addresses(5001)}), 422)
    problem(author.post(path, json=body), 409, "NoMailConnection")
    draft = writing.draft(author, visibility="ORGANIZATION")
    save(author, draft)
    approve(author, draft)
    problem(author.post(path_of(draft, "customer-emails"), json=body), 409, "NotShareable")
    ok(author.delete(path_of(made, "public-summary/approve")), 204)
    refused = problem(author.post(path, json=body), 409, "NotShareable")
    assert [one["code"] for one in refused["reasons"]] == ["NotApproved"]


def test_who_unsubscribed_is_left_out(stack: Stack, mail: tuple[Mailbox, Any], author: Person, made: Any) -> None:
    box, (one, two) = mail[0], addresses(2)
    over(author, made, send(author, made, [one]))
    link = str(box.to(one)[0]["List-Unsubscribe"]).strip("<>")
    visitor, at = outsider(stack), urlsplit(link).path
    page = visitor.get(at)
    assert (page.status_code, "Unsubscribe</button>" in page.text) == (200, True)
    assert over(author, made, send(author, made, [one]))["counts"]["sent"] == 1, "opening it changes nothing"
    done = visitor.post(at, content="List-Unsubscribe=One-Click")
    assert (done.status_code, one in done.text) == (200, False)
    assert visitor.post(at).status_code == 200
    assert visitor.get(f"{at}x").status_code == 404
    shown = over(author, made, send(author, made, [one.upper(), two]))
    assert states(shown) == {one: "UNSUBSCRIBED", two: "SENT"}
    assert sum([one] == to for to in box.at(CUSTOMERS)) == 2
    preview = author.post(
        path_of(made, "customer-emails"), json={"subject": "N", "recipients": [one, two], "preview": True}
    )
    assert ok(preview)["unsubscribed"] == 1


def test_an_e_mail_that_comes_back_is_shown(mail: tuple[Mailbox, Any], author: Person, made: Any) -> None:
    box, connection = mail
    (one,) = addresses(1)
    asked = send(author, made, [one])
    over(author, made, asked)
    letter = box.to(one)[0]
    body = report(one, letter, said="smtp; 550 5.1.1 mailbox full of ghosts")
    headers = {"Authorization": f"Bearer {SECRET}", "Content-Type": "message/rfc822"}
    answer = httpx.post(connection["webhookUrl"], content=body, headers=headers, timeout=30)
    assert answer.json()["status"] == "accepted"
    (recipient,) = found(author, made, asked)["recipients"]
    assert recipient["state"] == "BOUNCED"
    assert "ghosts" in recipient["reason"]


def test_the_mail_server_puts_one_off_and_the_rest_goes(mail: tuple[Mailbox, Any], author: Person, made: Any) -> None:
    box, (slow, quick) = mail[0], addresses(2)
    box.replies[slow] = ["451 try again later"]
    asked = send(author, made, [slow, quick])
    eventually(lambda: states(found(author, made, asked))[quick] == "SENT")
    assert states(found(author, made, asked))[slow] == "QUEUED"
    assert found(author, made, asked)["recipients"][0]["reason"] == "451 try again later"
    del box.replies[slow]
    assert set(states(over(author, made, asked, 60)).values()) == {"SENT"}


def test_a_letter_that_is_refused_is_the_only_one(mail: tuple[Mailbox, Any], author: Person, made: Any) -> None:
    box, some = mail[0], addresses(3)
    box.on_data = lambda letter: "554 no, thanks" if letter["To"].addresses[0].addr_spec == some[1] else None
    shown = over(author, made, send(author, made, some))
    assert list(states(shown).values()) == ["SENT", "FAILED", "SENT"]
    assert shown["recipients"][1]["reason"] == "554 no, thanks"


def run_batch(stack: Stack, email_id: str) -> Progress:
    """As the activity does."""

    async def run() -> Progress:
        async with sessions_of(stack) as sessions:
            now = datetime.now(UTC)
            return await mailing.send_batch(sessions, Keyring(SECRET_KEY), email_id, now, "http://x")

    return asyncio.run(run())


def test_taken_back_in_the_middle_nothing_more_is_sent_until_it_is_approved_again(
    stack: Stack, mail: tuple[Mailbox, Any], author: Person, made: Any
) -> None:
    box, some = mail[0], addresses(4)

    def take_back(letter: EmailMessage) -> None:
        if letter["To"].addresses[0].addr_spec == some[1]:
            ok(author.delete(path_of(made, "public-summary/approve")), 204)

    box.on_data = take_back
    asked = send(author, made, some)
    eventually(lambda: (found(author, made, asked)["problem"] or "").startswith("Suspended."))
    shown = found(author, made, asked)
    assert (shown["state"], list(states(shown).values())) == ("SENDING", ["SENT", "SENT", "QUEUED", "QUEUED"])
    assert run_batch(stack, asked["id"]) is Progress.SUSPENDED
    problem(
        author.post(path_of(made, "customer-emails"), json={"subject": "N", "recipients": some}), 409, "NotShareable"
    )
    approve(author, made)
    problem(
        author.post(path_of(made, "customer-emails"), json={"subject": "N", "recipients": some}), 409, "MailRunning"
    )
    assert run_batch(stack, asked["id"]) is Progress.OVER
    assert set(states(found(author, made, asked)).values()) == {"SENT"}
    assert sorted(box.at(CUSTOMERS)) == sorted([one] for one in some)


@pytest.mark.parametrize("cause", ["private", "another text"])
def test_what_stops_it_for_good(stack: Stack, mail: tuple[Mailbox, Any], author: Person, made: Any, cause: str) -> None:
    box, some = mail[0], addresses(3)

    def stop(letter: EmailMessage) -> None:
        if letter["To"].addresses[0].addr_spec != some[0]:
            return
        if cause == "private":
            ok(stack.client().patch(f"/api/postmortems/{made['id']}", json={"visibility": "PRIVATE"}))
        else:
            save(stack_admin(stack), made, "# Other\n\nOther words.")
            approve(stack_admin(stack), made)

    box.on_data = stop
    asked = send(author, made, some)
    admin = stack.person("ADMIN")
    shown = over(admin, made, asked)
    assert (shown["state"], list(states(shown).values())) == ("STOPPED", ["SENT", "QUEUED", "QUEUED"])
    assert len(box.at(CUSTOMERS)) == 1


def stack_admin(stack: Stack) -> Person:
    return stack.person("ADMIN")


@pytest.mark.parametrize("step", ["address", "letter"])
def test_a_worker_killed_in_the_middle_sends_nothing_twice(
    stack: Stack, mail: tuple[Mailbox, Any], author: Person, made: Any, step: str
) -> None:
    """Before the letter is handed over it is sent after all; while it is, nobody knows, and that is said."""
    box, some = mail[0], addresses(3)
    held, opened = threading.Event(), threading.Event()

    def hold(address: str) -> None:
        if address == some[1] and not held.is_set():
            held.set()
            opened.wait(60)

    if step == "address":
        box.on_rcpt = hold
    else:
        box.on_data = on_letter(hold)
    asked = send(author, made, some)
    assert held.wait(30)
    stack.kill("worker")
    opened.set()
    stack.revive("worker")
    stack.wait_until_ready()
    shown = over(author, made, asked, 60)
    expected = ["SENT", "SENT", "SENT"] if step == "address" else ["SENT", "FAILED", "SENT"]
    assert list(states(shown).values()) == expected
    assert [one["reason"] for one in shown["recipients"]].count(UNKNOWN) == expected.count("FAILED")
    assert all(box.recipients.count([one]) <= 1 for one in some)
    assert box.recipients.count([some[0]]) == box.recipients.count([some[2]]) == 1


def on_letter(hold: Callable[[str], None]) -> Callable[[EmailMessage], None]:
    return lambda letter: hold(letter["To"].addresses[0].addr_spec)


def test_addresses_are_sealed_and_removed_after_90_days(
    stack: Stack, mail: tuple[Mailbox, Any], author: Person, made: Any
) -> None:
    (one,) = addresses(1)
    asked = send(author, made, [one])
    over(author, made, asked)
    assert stack.direct is not None
    (sealed,) = stack.direct.rows(
        select(CustomerEmailRecipient.address).where(CustomerEmailRecipient.email_id == asked["id"])
    )
    assert one.encode() not in sealed
    audited = ok(author.get(f"/api/postmortems/{made['id']}/audit?limit=200"))["items"]
    assert one not in str(audited)
    old = text("update customer_email_recipient set at = now() - interval '91 days' where email_id = :id")
    stack.direct.write(old, id=asked["id"])

    async def forget() -> None:
        async with sessions_of(stack) as sessions, sessions.begin() as session:
            await forget_addresses(session, datetime.now(UTC) - timedelta(days=90), 1000)

    asyncio.run(forget())
    (recipient,) = found(author, made, asked)["recipients"]
    assert (recipient["address"], recipient["state"]) == (None, "SENT")
