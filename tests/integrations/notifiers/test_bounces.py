"""Mail that came back, as servers write it: what is read out of it, and that nothing in it is an error."""

import random
from base64 import encodebytes
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage

import pytest

from domain.errors import BadSignature, MalformedWebhook
from integrations.bounce import Bounce
from integrations.notifiers.email import bounces
from integrations.webhook import sha256_signature
from tests.peers.returned import by_qmail, report

NOW = datetime(2026, 11, 23, 8, 0, 30, tzinfo=UTC)
JANE = "jane@example.com"
SAID = f"550 5.1.1 <{JANE}>: Recipient address rejected: User unknown"


def letter(address: str = JANE) -> EmailMessage:
    made = EmailMessage()
    made["From"], made["To"], made["Message-ID"] = "afterword@acme.example", address, "<msg_01abc@acme.example>"
    made["References"] = "<pm_1@acme.example>"
    made.set_content("Please review “Outage”\n")
    return made


def parsed(body: bytes) -> Bounce:
    return bounces.parse(body, NOW)


@pytest.mark.parametrize("whole", [False, True])
def test_a_report_of_a_failure(whole: bool) -> None:
    told = parsed(report(JANE, letter(), whole=whole, written_at=NOW - timedelta(minutes=1)))
    assert (told.failed, told.words, told.is_delayed) == ((JANE,), SAID, False)
    assert told.message_ids == ("msg_01abc",)
    assert told.at == NOW - timedelta(minutes=1)


def test_lines_as_they_come() -> None:
    """By a pipe with its first line, and as SMTP has them."""
    body = report(JANE, letter(), first_line=b"From MAILER-DAEMON Mon Nov 23 08:00:00 2026\n")
    for one in (body, body.replace(b"\n", b"\r\n")):
        assert (parsed(one).failed, parsed(one).words, parsed(one).message_ids) == ((JANE,), SAID, ("msg_01abc",))


def test_the_letter_did_not_come_back() -> None:
    told = parsed(report(JANE))
    assert (told.failed, told.message_ids) == ((JANE,), ())


@pytest.mark.parametrize(("action", "delayed"), [("delayed", True), ("relayed", False), ("delivered", False)])
def test_what_was_not_given_up_is_no_failure(action: str, delayed: bool) -> None:
    told = parsed(report(JANE, letter(), action=action, status="4.4.1", said="smtp; 451 try later"))
    assert (told.failed, told.is_delayed) == ((), delayed)


def test_an_address_that_forwards_tells_both() -> None:
    body = report("jane@home.example", letter()).replace(b"Original-Recipient: rfc822;jane@home.example\n", b"")
    assert parsed(body).failed == ("jane@home.example",)
    body = report(JANE, letter()).replace(b"Final-Recipient: rfc822; jane@", b"Final-Recipient: rfc822; j.doe@")
    assert parsed(body).failed == (JANE, "j.doe@example.com")


def test_a_report_in_another_script() -> None:
    jane = "jäne@exämple.com"
    for whole in (False, True):
        told = parsed(report(jane, letter(jane), whole=whole))
        assert (told.failed, told.message_ids) == ((jane,), ("msg_01abc",))
        assert jane in told.words
    coded = report(jane).replace(jane.encode(), rb"j\x{E4}ne@ex\x{E4}mple.com")
    assert parsed(coded).failed == (jane,)


def test_a_report_that_is_encoded() -> None:
    body = report(JANE, letter())
    begin = body.index(b"Reporting-MTA")
    end = body.index(b"--=_b", begin)
    encoded = body[: begin - 1] + b"Content-Transfer-Encoding: base64\n\n" + encodebytes(body[begin:end]) + body[end:]
    assert (parsed(encoded).failed, parsed(encoded).words) == ((JANE,), SAID)


def test_a_server_that_writes_for_people() -> None:
    told = parsed(by_qmail(JANE, letter()))
    assert (told.failed, told.message_ids) == ((JANE,), ("msg_01abc",))
    assert told.words == "550 sorry, no mailbox here by that name"


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ("smtp;550 5.2.1 mailbox\n  disabled,\n\tgo away", "550 5.2.1 mailbox disabled, go away"),
        ("550 without a type", "550 without a type"),
        ("", "5.1.1"),
        ("smtp; 550 a\0b\x1b[31m", "550 a b [31m"),
        ("smtp; " + "5" * 1000, "5" * 300),
    ],
)
def test_the_servers_words_are_one_line(said: str, words: str) -> None:
    assert parsed(report(JANE, said=said)).words == words


def test_a_mail_is_known_by_its_own_id() -> None:
    body = report(JANE, letter())
    assert parsed(b"From x Mon Nov 23 08:00:00 2026\n" + body).delivery_id == parsed(body).delivery_id
    assert parsed(report(JANE, letter())).delivery_id != parsed(body).delivery_id
    nameless = b"From: a@b\nMessage-ID: \xff\xfe\n\n"
    assert parsed(nameless).delivery_id != parsed(nameless + b"x").delivery_id
    assert len(parsed(nameless).delivery_id) == 64


@pytest.mark.parametrize("written", ["", "yesterday", "Mon, 23 Nov 2099 08:00:00 +0000", "0", "Mon, 99 Foo -1 99:99"])
def test_a_date_that_is_none_is_its_arrival(written: str) -> None:
    assert parsed(f"From: a@b\nDate: {written}\n\n".encode()).at == NOW


@pytest.mark.parametrize("body", [b"", b"\n\n", b"{}", b"\xff\xfe\0", b"Dear Sir,\n", b"From a Mon\n\nx", b"\0" * 9000])
def test_what_is_no_mail_is_said(body: bytes) -> None:
    with pytest.raises(MalformedWebhook):
        parsed(body)


HEAD = b"From: a@b\nContent-Type: "
ODD = {
    "a letter of a person": b"From: a@b\nIn-Reply-To: <msg_01abc@acme.example>\n\nThank you, 550 times!\n",
    "an absence": b"From: jane@example.com\nAuto-Submitted: auto-replied\nSubject: Out of office\n\nBack on Monday\n",
    "a report without an end": report(JANE, action="relayed")[:-20],
    "a report without fields": HEAD + b"message/delivery-status\n\n\n\n\n",
    "a report without an address": HEAD + b"message/delivery-status\n\nAction: failed\nFinal-Recipient: rfc822\n",
    "a code beyond all characters": HEAD
    + b"message/global-delivery-status\n\nAction: failed\nFinal-Recipient: utf-8; \\x{FFFFFF}\\x{D800}\n",
    "an unknown encoding": HEAD + b"message/delivery-status\nContent-Transfer-Encoding: x-none\n\n\xff\n",
    "an unknown charset": HEAD + b"text/plain; charset=klingon\n\n\xff\xfe\n",
    "parts within parts": b"From: a@b\n"
    + b"".join(b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (one, one) for one in range(5000)),
    "many parts": HEAD + b"multipart/report; boundary=b\n\n" + b"--b\n\n\n" * 40_000,
    "many recipients": HEAD + b"message/delivery-status\n\n" + b"Action: relayed\n\n" * 40_000,
    "many lines": b"From: a@b\n\n" + b"a\n" * 900_000,
    "many words in code": HEAD + b"message/delivery-status\n\nX: " + b"=?utf-8?q?=41?= " * 100_000,
}


@pytest.mark.parametrize("name", ODD)
def test_mail_of_every_kind_is_no_error(name: str) -> None:
    assert parsed(ODD[name]).failed == ()


def test_bytes_changed_at_random_are_no_error() -> None:
    dice = random.Random(7)
    for _ in range(300):
        body = bytearray(dice.choice([report(JANE, letter()), report("jäne@exämple.com"), by_qmail(JANE, letter())]))
        for _ in range(dice.randrange(1, 40)):
            at = dice.randrange(len(body))
            body[at : at + dice.randrange(3)] = dice.randbytes(dice.randrange(3))
        try:
            told = parsed(bytes(body))
        except MalformedWebhook:
            continue
        assert "\0" not in told.words + "".join(told.failed) + told.delivery_id
        "".join((told.words, *told.failed)).encode()


def test_who_may_bring_it() -> None:
    body = report(JANE)
    signed = {"X-Hub-Signature-256": f"sha256={sha256_signature('new', body)}"}
    for headers in (signed, {"authorization": "Bearer new"}, {"Authorization": "bearer  old "}):
        bounces.verify(headers, body, ["new", "old"])
    for headers in ({}, {"Authorization": "Bearer "}, {"Authorization": "Bearer ä"}, {"Authorization": "Basic new"}):
        with pytest.raises(BadSignature):
            bounces.verify(headers, body, ["new", "old", ""])
    for secrets in ([], [""], ["other"]):
        for headers in (signed, {"Authorization": "Bearer new"}, {"Authorization": "Bearer "}):
            with pytest.raises(BadSignature):
                bounces.verify(headers, body, secrets)
