"""E-mail against a real SMTP server: what arrives, and what each refusal means."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from domain.errors import AddressGone, CredentialsRejected, NotifierRefused
from integrations import registry
from integrations.notifier import (
    Entry,
    Fact,
    Group,
    Link,
    Message,
    MessageKind,
    Notifier,
    NotifierUnavailable,
    Recipient,
)
from tests.cli.running import free_port
from tests.peers.smtp import Certificate, Mailbox, make_certificate, only, running_smtp

JANE = Recipient("jane@example.com", "Jane Doe", person_id="user_jane")


@pytest.fixture
def box() -> Iterator[Mailbox]:
    with running_smtp() as one:
        yield one


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return make_certificate(tmp_path_factory.mktemp("tls"))


def notifier(port: int, security: str = "NONE", secrets: dict[str, object] | None = None, **config: Any) -> Notifier:
    settings = {"host": "127.0.0.1", "port": port, "security": security, "fromAddress": "afterword@acme.example"}
    return registry.connect_notifier("email", settings | config, secrets or {})


def message(
    name: str = "msg_1", *, threads: tuple[str, ...] = ("pm_1",), title: str = "Outage", **more: Any
) -> Message:
    berlin = ZoneInfo("Europe/Berlin")
    entries = tuple(
        Entry(
            f"ntc_{one}",
            "review_requested",
            Group.NEEDS_YOU,
            "Bob Marsh asked for your review",
            title,
            f"https://a/postmortems/{one}",
            one,
            quote=f"Once more, {title}?",
            facts=(Fact("Due", "Wed, Nov 25, 9:00 AM"),),
            why="You get this because you are a reviewer.",
            action=Link("Review", f"https://a/postmortems/{one}#next-step"),
        )
        for one in threads
    )
    given: dict[str, Any] = {
        "kind": MessageKind.DIGEST,
        "subject": f"{title}: Bob Marsh asked for your review",
        "entries": entries,
        "zone": "Europe/Berlin",
        "created_at": datetime(2026, 11, 23, 8, tzinfo=UTC).astimezone(berlin),
        "threads": threads,
        "preferences_url": "https://a/preferences",
        "unsubscribe_url": "https://a/unsubscribe/user_jane.abc",
    }
    return Message(name, **given | more)


async def test_a_letter_says_the_same_in_text_and_html(box: Mailbox) -> None:
    async with notifier(box.port) as mail:
        receipt = await mail.send(
            message(title="<b>Zürich & 東京</b> 🔥"), Recipient("jane@example.com", "Jäne “J” Doe")
        )
    (letter,) = box.letters
    assert letter["Subject"] == "<b>Zürich & 東京</b> 🔥: Bob Marsh asked for your review"
    assert letter["To"].addresses[0].display_name == "Jäne “J” Doe"
    assert letter["Message-ID"] == receipt.external_id == "<msg_1@acme.example>"
    assert letter["List-Unsubscribe"] == "<https://a/unsubscribe/user_jane.abc>"
    assert letter["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    plain, html = letter.get_body(("plain",)), letter.get_body(("html",))
    assert plain is not None
    assert html is not None
    said = plain.get_content().replace("\r\n", "\n")
    assert said.startswith(
        "<b>Zürich & 東京</b> 🔥\nBob Marsh asked for your review\n> Once more, <b>Zürich & 東京</b> 🔥?\n"
        "Due: Wed, Nov 25, 9:00 AM\nYou get this because you are a reviewer.\n"
        "Review: https://a/postmortems/pm_1#next-step\n"
    )
    assert "All times are in Europe/Berlin." in said
    assert "Unsubscribe: https://a/unsubscribe/user_jane.abc" in said
    shown = html.get_content()
    assert "&lt;b&gt;Zürich &amp; 東京&lt;/b&gt; 🔥" in shown
    assert "<b>" not in shown


async def test_the_mark_comes_with_the_letter_and_is_no_attachment(box: Mailbox) -> None:
    async with notifier(box.port) as mail:
        await mail.send(message(), JANE)
    (letter,) = box.letters
    assert not list(letter.iter_attachments())
    (image,) = [one for one in letter.walk() if one.get_content_type() == "image/png"]
    assert image["Content-ID"] == "<mark>"
    html = letter.get_body(("html",))
    assert html is not None
    shown = html.get_content()
    assert re.findall(r'(?:src|href|background)="?([a-z]+:)', shown).count("cid:") == 1
    assert "http" not in re.sub(r'href="[^"]*"', "", shown), "nothing is loaded from elsewhere"
    assert "prefers-color-scheme: dark" in shown


async def test_messages_about_one_postmortem_are_one_thread(box: Mailbox) -> None:
    async with notifier(box.port) as mail:
        await mail.send(message("msg_1"), JANE)
        await mail.send(message("msg_2"), JANE)
        await mail.send(message("msg_3", threads=("pm_1", "pm_2")), JANE)
    first, second, both = box.letters
    assert first["References"] == second["References"] == second["In-Reply-To"] == "<pm_1@acme.example>"
    assert both["References"] is None
    assert len({*box.ids()}) == 3


async def test_a_line_break_in_a_title_is_no_header(box: Mailbox) -> None:
    async with notifier(box.port) as mail:
        await mail.send(message(subject="A\r\nBcc: eve@example.com\nB"), Recipient("jane@example.com", "J\nX: y"))
    assert box.letters[0]["Bcc"] is None
    assert box.letters[0]["Subject"] == "A Bcc: eve@example.com B"
    assert box.recipients == [["jane@example.com"]]


async def test_an_address_in_another_script(box: Mailbox) -> None:
    async with notifier(box.port) as mail:
        await mail.send(message(), Recipient("jäne@example.com", "Jäne"))
    assert box.recipients == [["jäne@example.com"]]


async def test_a_return_address_is_the_envelopes_alone(box: Mailbox) -> None:
    for given in ({}, {"bounceAddress": "bounces@acme.example"}, {"bounceAddress": "rückläufer@acme.example"}):
        async with notifier(box.port, **given) as mail:
            await mail.send(message(), JANE)
    assert box.senders == ["afterword@acme.example", "bounces@acme.example", "rückläufer@acme.example"]
    assert {str(one["From"]) for one in box.letters} == {"Afterword <afterword@acme.example>"}


async def test_an_address_that_is_none(box: Mailbox) -> None:
    async with notifier(box.port) as mail:
        for address in ("jane", "@example.com", "jane@", "a\r\nb@example.com"):
            with pytest.raises(AddressGone):
                await mail.send(message(), Recipient(address, "Jane"))
    assert not box.letters


@pytest.mark.parametrize(
    ("reply", "error"),
    [
        ("550 5.1.1 no such user", AddressGone),
        ("553 bad mailbox", AddressGone),
        ("554 5.7.1 relaying denied", NotifierRefused),
        ("530 5.7.0 sign in first", CredentialsRejected),
        ("450 4.2.1 try later", NotifierUnavailable),
        ("452 too many", NotifierUnavailable),
    ],
)
async def test_what_a_refused_recipient_means(box: Mailbox, reply: str, error: type[Exception]) -> None:
    box.replies["jane@example.com"] = [reply]
    async with notifier(box.port) as mail:
        with pytest.raises(error) as told:
            await mail.send(message(), JANE)
        await mail.send(message(), Recipient("bob@example.com", "Bob"))
    assert reply[:3] in str(told.value) or error is CredentialsRejected
    assert box.recipients == [["bob@example.com"]]


@pytest.mark.parametrize(
    ("reply", "error"), [("451 greylisted", NotifierUnavailable), ("552 too big", NotifierRefused)]
)
async def test_what_a_refused_message_means(box: Mailbox, reply: str, error: type[Exception]) -> None:
    box.on_data = lambda _: reply
    async with notifier(box.port) as mail:
        with pytest.raises(error):
            await mail.send(message(), JANE)


async def test_nobody_there_is_a_stumble() -> None:
    async with notifier(free_port()) as mail:
        with pytest.raises(NotifierUnavailable):
            await mail.send(message(), JANE)
        (check,) = await mail.check_permissions()
    assert not check.granted


async def test_starttls_checks_the_certificate(certificate: Certificate) -> None:
    with running_smtp(tls_context=certificate.server, require_starttls=True) as box:
        async with notifier(box.port, "STARTTLS", certificate=certificate.pem) as mail:
            await mail.send(message(), JANE)
        async with notifier(box.port, "STARTTLS") as mail:
            with pytest.raises(NotifierRefused, match="certificate"):
                await mail.send(message(), JANE)
        async with notifier(box.port, "NONE") as mail:
            with pytest.raises(CredentialsRejected):
                await mail.send(message(), JANE)
    assert len(box.letters) == 1


async def test_starttls_is_never_done_without(box: Mailbox) -> None:
    async with notifier(box.port, "STARTTLS") as mail:
        with pytest.raises(NotifierRefused):
            await mail.send(message(), JANE)
    assert not box.letters


async def test_tls_from_the_first_byte(certificate: Certificate) -> None:
    with running_smtp(ssl_context=certificate.server) as box:
        async with notifier(box.port, "TLS", certificate=certificate.pem) as mail:
            await mail.send(message(), JANE)
        async with notifier(box.port, "TLS") as mail:
            with pytest.raises(NotifierRefused, match="certificate"):
                await mail.send(message(), JANE)
    assert len(box.letters) == 1


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
async def test_a_password_is_checked_and_never_told() -> None:
    with running_smtp(**only("jane", "right-password")) as box:
        async with notifier(box.port, secrets={"username": "jane", "password": "right-password"}) as mail:
            await mail.send(message(), JANE)
            (check,) = await mail.check_permissions()
            assert check.granted
        async with notifier(box.port, secrets={"username": "jane", "password": "wrong-password"}) as mail:
            with pytest.raises(CredentialsRejected) as told:
                await mail.send(message(), JANE)
            (check,) = await mail.check_permissions()
    assert "wrong-password" not in f"{told.value!r} {check} {mail!r}"
    assert not check.granted
    assert len(box.letters) == 1
