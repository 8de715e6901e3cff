"""A real SMTP server in this process (aiosmtpd), which keeps what it took and says no where it is told to."""

import datetime
import ipaddress
import ssl
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult, Envelope, LoginPassword, Session
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.cli.running import free_port


@dataclass(slots=True)
class Mailbox:
    """What came, in order. ``replies`` are answers to RCPT by address, ``on_data`` the one to each message; ``on_rcpt``
    sees each address first."""

    letters: list[EmailMessage] = field(default_factory=list)
    raw: list[bytes] = field(default_factory=list)
    """The letters' bytes."""
    recipients: list[list[str]] = field(default_factory=list)
    senders: list[str | None] = field(default_factory=list)
    """Of the envelopes: where a letter comes back to."""
    replies: dict[str, list[str]] = field(default_factory=dict)
    on_data: Callable[[EmailMessage], str | None] = lambda _: None
    on_rcpt: Callable[[str], None] = lambda _: None
    host: str = "127.0.0.1"
    port: int = 0

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's name
        self, server: SMTP, session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        self.on_rcpt(address)
        answers = self.replies.get(address)
        if answers:
            return answers.pop(0) if len(answers) > 1 else answers[0]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        content = envelope.content
        assert isinstance(content, bytes)
        letter = message_from_bytes(content, policy=policy.default)
        assert isinstance(letter, EmailMessage)
        if refusal := self.on_data(letter):
            return refusal
        self.letters.append(letter)
        self.raw.append(content)
        self.recipients.append(list(envelope.rcpt_tos))
        self.senders.append(envelope.mail_from)
        return "250 OK"

    def sender_of(self, letter: EmailMessage) -> str | None:
        return self.senders[self.letters.index(letter)]

    def ids(self) -> list[str]:
        return [str(one["Message-ID"]) for one in self.letters]

    def at(self, domain: str) -> list[list[str]]:
        """The recipients of each letter that went to that domain alone."""
        return [to for to in self.recipients if all(one.endswith(f"@{domain}") for one in to)]

    def to(self, address: str) -> list[EmailMessage]:
        return [one for one, to in zip(self.letters, self.recipients, strict=True) if address in to]


@contextmanager
def running_smtp(**options: Any) -> Iterator[Mailbox]:
    """``options`` are aiosmtpd's own."""
    box = Mailbox(port=free_port())
    controller = Controller(box, hostname=box.host, port=box.port, enable_SMTPUTF8=True, **options)
    controller.start()
    try:
        yield box
    finally:
        controller.stop()


def only(user: str, password: str) -> dict[str, Any]:
    """Lets in nobody else."""

    def check(server: Any, session: Any, envelope: Any, mechanism: str, given: Any) -> AuthResult:
        fits = isinstance(given, LoginPassword) and (given.login, given.password) == (user.encode(), password.encode())
        return AuthResult(success=fits, handled=False)

    return {"authenticator": check, "auth_required": True, "auth_require_tls": False}


@dataclass(frozen=True, slots=True)
class Certificate:
    """A self-signed one for 127.0.0.1."""

    pem: str
    server: ssl.SSLContext


def make_certificate(folder: Path) -> Certificate:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.datetime.now(datetime.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=30))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = certificate.public_bytes(serialization.Encoding.PEM).decode()
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    (folder / "chain.pem").write_text(pem + secret)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "chain.pem")
    return Certificate(pem, context)
