"""The headers of mails, line by line: RFC 5322 and 2369, as programs that are not ours read them."""

from collections.abc import Iterator
from email import message_from_bytes
from email.policy import strict

import pytest
from fast_mail_parser import parse_email

from integrations.notifier import Letter, Recipient
from tests.integrations.notifiers.test_email import JANE, message, notifier
from tests.peers.smtp import Mailbox, running_smtp

LONG = f"https://postmortems.{'platform-reliability.' * 6}example.com/afterword/unsubscribe/"
TOKEN = "user_01kb5s2f0e8x7n7t6q0c3w2r1m.Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4"


@pytest.fixture
def box() -> Iterator[Mailbox]:
    with running_smtp() as one:
        yield one


def header_lines(raw: bytes) -> list[bytes]:
    return raw.replace(b"\r\n", b"\n").partition(b"\n\n")[0].split(b"\n")


def unfolded(raw: bytes, name: bytes) -> bytes:
    """By RFC 5322, 2.2.3: a line that begins with a space continues the one before it. Nothing is decoded."""
    whole = b"\n".join(header_lines(raw)).replace(b"\n ", b" ").replace(b"\n\t", b" ")
    (found,) = [one for one in whole.split(b"\n") if one.lower().startswith(name.lower() + b":")]
    return found.partition(b":")[2].strip()


@pytest.mark.parametrize("base", ["https://a.example/unsubscribe/", LONG, "https://bücher.example/über/unsubscribe/"])
async def test_one_click_unsubscribes_whatever_the_address(box: Mailbox, base: str) -> None:
    async with notifier(box.port) as mail:
        await mail.send(message(unsubscribe_url=base + TOKEN), JANE)
        async with mail.posting() as post:  # type: ignore[attr-defined]
            await post(
                Letter("mail_1", "S", "t", "<p>t</p>", base + TOKEN, message().created_at), "o@example.com", _claimed
            )
    expected = base if base.isascii() else "https://b%C3%BCcher.example/%C3%BCber/unsubscribe/"
    for raw in box.raw:
        assert unfolded(raw, b"List-Unsubscribe") == f"<{expected}{TOKEN}>".encode()
        assert unfolded(raw, b"List-Unsubscribe-Post") == b"List-Unsubscribe=One-Click"
        assert parse_email(raw).headers["List-Unsubscribe"] == [f"<{expected}{TOKEN}>"]
        assert message_from_bytes(raw)["List-Unsubscribe"].strip() == f"<{expected}{TOKEN}>", "without decoding"


async def _claimed() -> None:
    pass


@pytest.mark.parametrize("domain", ["acme.example", f"{'mail.platform-reliability.' * 5}acme.example"])
async def test_threads_and_ids_are_written_whole(box: Mailbox, domain: str) -> None:
    async with notifier(box.port, fromAddress=f"afterword@{domain}") as mail:
        await mail.send(message("msg_01kb5s2f0e8x7n7t6q0c3w2r1m", threads=("pm_01kb5s2f0e8x7n7t6q0c3w2r1m",)), JANE)
    (raw,) = box.raw
    assert unfolded(raw, b"Message-ID") == f"<msg_01kb5s2f0e8x7n7t6q0c3w2r1m@{domain}>".encode()
    for name in (b"References", b"In-Reply-To"):
        assert unfolded(raw, name) == f"<pm_01kb5s2f0e8x7n7t6q0c3w2r1m@{domain}>".encode()


async def test_every_line_is_of_rfc_5322(box: Mailbox) -> None:
    """No line of more than 998 characters, none that is blank but folded, nothing but ASCII, no header twice."""
    name = "Jäne Doe of the very long and winding department of platform reliability engineering"
    async with notifier(box.port, fromName=name) as mail:
        for title in ("Zürich & 東京 🔥 " * 12, "x" * 300, "word " * 60, "Out\r\nBcc: eve@example.com"):
            told = message(title=title, unsubscribe_url=LONG + TOKEN)
            await mail.send(told, Recipient("jane@example.com", name))
    for raw in box.raw:
        for line in header_lines(raw):
            assert len(line) <= 998
            assert line.isascii()
            assert line.strip(), "a folded line with nothing on it"
            assert line[:1] in b" \t" or b":" in line
        for encoded in raw.partition(b"\r\n\r\n")[0].split():
            assert not encoded.startswith(b"=?") or len(encoded) <= 75, "RFC 2047, 2"
        parsed = message_from_bytes(raw, policy=strict)
        assert not parsed.defects
        assert not [one for part in parsed.walk() for one in part.defects]
        names = [one.lower() for one in list(parsed)]
        assert len(names) == len(set(names))
        theirs = parse_email(raw)
        assert not theirs.warnings
        assert theirs.subject == str(parsed["Subject"])
        assert [one.address for one in theirs.to] == ["jane@example.com"]
        assert theirs.to[0].display_name == name
        assert len(theirs.text_plain) == len(theirs.text_html) == 1
