"""Mail that came back: what reports of delivery say (RFC 3464, RFC 6533), and what servers without them write. Also
answers to invitations (RFC 6047), which come to the same mailbox.

A report that programs can read is read here; of servers that write to people only, flufl.bounce knows the sentences:
https://fluflbounce.readthedocs.io. Anybody may write to a return address, so that mail of every kind arrives: what is
no report of delivery has no failures, and is no error.

A delivery is signed as a generic webhook is, or carries the secret itself (``Authorization: Bearer``): a mail server's
pipe cannot sign what it has not read yet.
"""

import hashlib
import hmac
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import Message
from email.parser import BytesHeaderParser
from email.utils import parsedate_to_datetime

from flufl.bounce import all_failures

from domain.errors import BadSignature, MalformedWebhook
from integrations.bounce import Bounce, MeetingAnswer
from integrations.meetings.invitation import read_replies
from integrations.webhook import check_generic_signature, header

READ_LIMIT = 128 * 1024
"""Bytes that are looked at: what is reported stands before the letter that came back."""
GUESS_LIMIT = 32 * 1024
"""Bytes in which sentences for people are looked for."""
PART_LIMIT, RECIPIENT_LIMIT, FIELDS_LIMIT = 100, 50, 4096
"""Parts of a mail, recipients in its report, bytes about each: with more, reading takes seconds."""
WORDS_LIMIT = 300
DELIMITER = re.compile(rb"[\r\n]--")
OURS = re.compile(rb"<((?:msg_[0-9a-z]{1,64})|(?:mail_[0-9a-z]{1,64}\.[0-9]{1,6}))@")
"""``Message-ID`` of a letter of ours (``integrations.notifiers.email``), in whatever form it came back."""
STATUS_TYPE = re.compile(rb"message/(?:global-)?delivery-status", re.IGNORECASE)
STATUS = "text/x-delivery-status"
REPLY = re.compile(r"\b5\d\d[ -][^\r\n]+")
"""A server's reply that refuses for good, in a text for people."""
CODED = re.compile(r"\\x\{([0-9A-Fa-f]{2,6})\}")
"""A character of an address in a report that is ASCII (RFC 6533, 3)."""


@dataclass(frozen=True, slots=True)
class _Told:
    failed: tuple[str, ...] = ()
    words: str = ""
    is_delayed: bool = False


def verify(headers: Mapping[str, str], body: bytes, secrets: Sequence[str]) -> None:
    """Raises ``BadSignature`` unless ``body`` was signed with one of ``secrets``, or came with one of them."""
    scheme, _, given = (header(headers, "Authorization") or "").partition(" ")
    if scheme.lower() != "bearer":
        check_generic_signature(headers, body, secrets)
        return
    token = given.strip().encode(errors="replace")
    matches = [hmac.compare_digest(one.encode(), token) for one in secrets if one.strip()]
    if not any(matches):
        raise BadSignature(detail="it has neither a signature nor this connection's secret.")


def parse(body: bytes, received_at: datetime) -> Bounce:
    """What a mail says of letters of ours. Raises ``MalformedWebhook`` for what is no mail, and nothing else."""
    looked_at = body[:READ_LIMIT]
    mail = BytesHeaderParser().parsebytes(looked_at)
    if "From" not in mail:
        raise MalformedWebhook(where="body", what="it isn't an e-mail: it has no From header")
    try:
        told = _told(looked_at)
    except Exception:
        told = _Told()
    return Bounce(
        delivery_id=_delivery_id(mail, body),
        at=min(_written_at(mail) or received_at, received_at),
        failed=told.failed,
        words=told.words,
        is_delayed=told.is_delayed,
        answers=_answers(looked_at),
        message_ids=tuple(dict.fromkeys(one.decode() for one in OURS.findall(looked_at)))[:5],
    )


def _answers(body: bytes) -> tuple[MeetingAnswer, ...]:
    """None where the mail has no calendar, or one that can't be read."""
    if b"text/calendar" not in body.lower() or len(DELIMITER.findall(body)) > PART_LIMIT:
        return ()
    found: list[MeetingAnswer] = []
    try:
        for part in _parts(message_from_bytes(body)):
            content = part.get_payload(decode=True) if part.get_content_type() == "text/calendar" else None
            if isinstance(content, bytes):
                found += [MeetingAnswer(one.uid, one.address, one.response) for one in read_replies(content)]
    except Exception:
        return ()
    return tuple(dict.fromkeys(found))[:RECIPIENT_LIMIT]


def _told(body: bytes) -> _Told:
    if len(DELIMITER.findall(body)) > PART_LIMIT:
        return _Told()
    return _reported(body) or _guessed(body[:GUESS_LIMIT])


def _delivery_id(mail: Message, body: bytes) -> str:
    """The mail's own id; a pipe that is run again may write another first line."""
    given = str(mail["Message-ID"] or "").strip()
    usable = 2 < len(given) <= 200 and given.isascii() and given.isprintable()
    return given if usable else hashlib.sha256(body).hexdigest()


def _written_at(mail: Message) -> datetime | None:
    try:
        written = parsedate_to_datetime(str(mail["Date"]))
        return written.replace(tzinfo=UTC) if written.tzinfo is None else written.astimezone(UTC)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None


# A report


def _reported(body: bytes) -> _Told | None:
    """None where there is no report. Its type is renamed, since the standard library takes such a part for a mail of
    its own, and so does not decode it."""
    mail = message_from_bytes(STATUS_TYPE.sub(STATUS.encode(), body))
    reports = [part for part in _parts(mail) if part.get_content_type() == STATUS]
    if not reports:
        return None
    fields = [block for report in reports for block in _blocks(report)]
    failed = [one for one in fields if one.get("action", "").lower().startswith(("fail", "error"))]
    return _Told(
        tuple(dict.fromkeys(address for one in failed for address in _addresses(one))),
        next((words for one in failed if (words := _diagnosis(one))), ""),
        any(one.get("action", "").lower().startswith("delayed") for one in fields),
    )


def _parts(mail: Message) -> Iterator[Message]:
    """Of this mail, not of a letter inside of it."""
    yield mail
    if mail.get_content_maintype() == "multipart" and mail.is_multipart():
        for part in mail.get_payload():
            if isinstance(part, Message):
                yield from _parts(part)


def _blocks(report: Message) -> Iterator[dict[str, str]]:
    """Fields by their names in lower case; those of the whole report first, then of each recipient."""
    content = report.get_payload(decode=True)
    if isinstance(content, bytes):
        for block in re.split(rb"\r?\n[ \t]*\r?\n", content.strip(), maxsplit=RECIPIENT_LIMIT)[:RECIPIENT_LIMIT]:
            fields = message_from_bytes(block[:FIELDS_LIMIT], policy=policy.default)
            yield {name.lower(): " ".join(str(value).split()) for name, value in fields.items()}


def _addresses(fields: Mapping[str, str]) -> Iterator[str]:
    """As we wrote it, where that is told, and as it was at the end."""
    for name in ("original-recipient", "final-recipient"):
        kind, _, address = fields.get(name, "").rpartition(";")
        if kind.strip().lower() == "utf-8":
            address = CODED.sub(lambda found: _character(found[1]), address)
        address = address.strip().removeprefix("<").removesuffix(">").lower()
        if "@" in address:
            yield _plain(address)


def _character(code: str) -> str:
    number = int(code, 16)
    return chr(number) if number <= 0x10FFFF and not 0xD800 <= number <= 0xDFFF else "?"


def _diagnosis(fields: Mapping[str, str]) -> str:
    kind, separator, words = fields.get("diagnostic-code", "").partition(";")
    return _plain(words if separator else kind) or _plain(fields.get("status", ""))


# A text for people


def _guessed(body: bytes) -> _Told:
    temporary, permanent = all_failures(message_from_bytes(body))
    failed = tuple(sorted(one.decode(errors="replace").lower() for one in permanent if b"@" in one))
    said = REPLY.search(body.decode(errors="replace")) if failed else None
    return _Told(failed, _plain(said[0]) if said else "", bool(temporary))


def _plain(words: str) -> str:
    """One line that a database can hold."""
    printable = "".join(one if one.isprintable() else " " for one in words)
    return " ".join(printable.split())[:WORDS_LIMIT]
