"""Mails as they are sent: a message, a letter to an outsider, an invitation."""

from collections.abc import Sequence
from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import format_datetime, localtime
from functools import cache
from pathlib import Path

from integrations.message_html import MARK, as_html
from integrations.message_text import as_text
from integrations.notifier import Invitation, Letter, Message, MessageKind, Recipient
from integrations.notifiers.email.headers import page_address, policy_for

SUBJECT_LIMIT = 250
BULK = frozenset({MessageKind.DIGEST, MessageKind.REPORT})


@cache
def mark() -> bytes:
    """The picture next to the name, 96 pixels wide, as PNG: few mail programs show SVG."""
    return (Path(__file__).parent / "mark.png").read_bytes()


@dataclass(frozen=True, slots=True)
class Sender:
    """From whom mails come. ``envelope`` is where undeliverable ones return to."""

    name: str
    address: str
    envelope: str

    def message(self, message: Message, recipient: Recipient) -> EmailMessage:
        """Raises ValueError if an address isn't valid."""
        subject = f"Re: {message.shared_subject}" if message.is_reply else message.subject
        made = self._begin(recipient, subject, message.id)
        made["Date"] = format_datetime(localtime(message.created_at))
        if len(message.threads) == 1:
            self._continue(made, [message.threads[0]])
        made["Auto-Submitted"] = "auto-generated"
        if message.kind in BULK:
            made["Precedence"] = "bulk"
        _unsubscribable(made, message.unsubscribe_url)
        made.set_content(as_text(message))
        made.add_alternative(as_html(message, MARK), subtype="html")
        self._add_mark(made)
        return made

    def outside(self, letter: Letter, address: str) -> EmailMessage:
        """Raises ValueError if an address isn't valid."""
        made = self._begin(Recipient(address, ""), letter.subject, letter.id)
        made["Date"] = format_datetime(localtime(letter.created_at))
        made["Auto-Submitted"] = "auto-generated"
        if letter.unsubscribe_url:
            made["Precedence"] = "bulk"
            _unsubscribable(made, letter.unsubscribe_url)
        made.set_content(letter.text)
        made.add_alternative(letter.html, subtype="html")
        return made

    def invitation(self, invitation: Invitation, recipient: Recipient, reply_to: str) -> EmailMessage:
        """The file stands beside both forms of the text, as mail programs expect it (RFC 6047, 2.4). Raises ValueError
        if an address isn't valid."""
        made = self._begin(recipient, invitation.subject, invitation.id, reply_to)
        made["Reply-To"] = _address("", reply_to)
        made["Date"] = format_datetime(localtime(invitation.created_at))
        self._continue(made, [invitation.thread])
        made["Auto-Submitted"] = "auto-generated"
        made.set_content(invitation.text)
        made.add_alternative(invitation.html, subtype="html")
        made.add_alternative(
            invitation.calendar.decode(),
            subtype="calendar",
            params={"method": invitation.method, "name": "invite.ics"},
            cte="base64",
        )
        return made

    def _begin(self, recipient: Recipient, subject: str, name: str, *others: str) -> EmailMessage:
        made = EmailMessage(policy=policy_for(recipient.address, self.address, self.envelope, *others))
        made["From"] = _address(self.name, self.address)
        made["To"] = _address(recipient.name, recipient.address)
        made["Subject"] = one_line(subject)[:SUBJECT_LIMIT]
        made["Message-ID"] = self._id(name)
        return made

    def _continue(self, made: EmailMessage, names: Sequence[str]) -> None:
        ids = [self._id(one) for one in names]
        made["In-Reply-To"] = ids[-1]
        made["References"] = " ".join(ids)

    def _id(self, name: str) -> str:
        return f"<{name}@{self.address.rpartition('@')[2]}>"

    def _add_mark(self, made: EmailMessage) -> None:
        """Beside the HTML, so that it is no attachment."""
        html = made.get_body(("html",))
        if isinstance(html, EmailMessage):
            name = f"<{MARK.removeprefix('cid:')}>"
            html.add_related(mark(), "image", "png", cid=name, filename="afterword.png", disposition="inline")


def _unsubscribable(made: EmailMessage, url: str | None) -> None:
    """With one click (RFC 8058)."""
    if url:
        made["List-Unsubscribe"] = page_address(url)
        made["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"


def _address(name: str, address: str) -> Address:
    """In any script. Raises ValueError."""
    local, _, domain = address.rpartition("@")
    if not local or not domain:
        raise ValueError("an address has two parts")
    return Address(one_line(name), local, domain)


def one_line(text: str) -> str:
    """A header holds no line break, whatever a title does."""
    return " ".join(text.split())
