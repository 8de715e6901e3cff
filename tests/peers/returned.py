"""Mail as servers send it back: reports after RFC 3464 and RFC 6533, and the sentences of those that send none."""

from datetime import UTC, datetime
from email.message import EmailMessage
from email.utils import format_datetime
from uuid import uuid4

NO_SUCH_USER = "smtp; 550 5.1.1 <{address}>: Recipient address rejected: User unknown"


def report(
    address: str,
    letter: EmailMessage | None = None,
    *,
    action: str = "failed",
    status: str = "5.1.1",
    said: str = NO_SUCH_USER,
    whole: bool = False,
    written_at: datetime | None = None,
    first_line: bytes = b"",
) -> bytes:
    """A server's report about one recipient; of ``letter`` the header comes back, or all of it."""
    is_plain = address.isascii()
    kind, scope = ("rfc822", "") if is_plain else ("utf-8", "global-")
    returned = b""
    if letter is not None:
        content = letter.as_bytes()
        inside = "message/rfc822" if whole else "text/rfc822-headers"
        if not is_plain:
            inside = "message/global" if whole else "message/global-headers"
        returned = _part(inside, content if whole else content.partition(b"\n\n")[0] + b"\n")
    diagnosis = said.format(address=address)
    status_fields = (
        "Reporting-MTA: dns; mx.example.com\n"
        "X-Queue-ID: 4B2F1\n\n"
        f"Final-Recipient: {kind}; {address}\n"
        f"Original-Recipient: {kind};{address}\n"
        f"Action: {action}\n"
        f"Status: {status}\n"
        f"Diagnostic-Code: {diagnosis}\n"
    )
    head = (
        f"Return-Path: <>\nDate: {format_datetime(written_at or datetime.now(UTC))}\n"
        "From: MAILER-DAEMON@mx.example.com (Mail Delivery System)\nSubject: Undelivered Mail Returned to Sender\n"
        f"To: bounces@acme.example\nAuto-Submitted: auto-replied\nMessage-ID: <{uuid4().hex}@mx.example.com>\n"
        'MIME-Version: 1.0\nContent-Type: multipart/report; report-type=delivery-status; boundary="=_b"\n\n'
    )
    words = f"This is the mail system at host mx.example.com.\n\n<{address}>: {diagnosis}\n"
    parts = _part("text/plain; charset=utf-8", words.encode())
    parts += _part(f"message/{scope}delivery-status", status_fields.encode()) + returned
    return first_line + head.encode() + parts + b"--=_b--\n"


def _part(kind: str, content: bytes) -> bytes:
    encoding = b"" if content.isascii() else b"Content-Transfer-Encoding: 8bit\n"
    return b"--=_b\nContent-Type: " + kind.encode() + b"\n" + encoding + b"\n" + content + b"\n"


def by_qmail(address: str, letter: EmailMessage) -> bytes:
    """Written for people, with the letter below."""
    words = (
        f"From: MAILER-DAEMON@mx.example.com\nTo: bounces@acme.example\nSubject: failure notice\n"
        f"Date: {format_datetime(datetime.now(UTC))}\nMessage-ID: <{uuid4().hex}@mx.example.com>\n\n"
        "Hi. This is the qmail-send program at mx.example.com.\n"
        "I'm afraid I wasn't able to deliver your message to the following addresses.\n"
        "This is a permanent error; I've given up. Sorry it didn't work out.\n\n"
        f"<{address}>:\nSorry, no mailbox here by that name. (#5.1.1)\n"
        "Remote host said: 550 sorry, no mailbox here by that name\n\n"
        "--- Below this line is a copy of the message.\n\n"
    )
    return words.encode() + letter.as_bytes()
