"""E-mail, by SMTP: https://aiosmtplib.readthedocs.io

Threads: every message about one postmortem refers to the same root, which no message carries itself, so that mail
programs show them together whoever got which (RFC 5322, 3.6.4). ``Message-ID`` is our own id of the message, the same
for each attempt: a server or a mailbox that knows it already may drop the second. One click unsubscribes (RFC 8058).
What comes back later, as a mail, is read by ``integrations.notifiers.email.bounces``.
"""

import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from email.errors import MessageError
from email.message import EmailMessage
from enum import StrEnum
from typing import Annotated, ClassVar

import aiosmtplib
from pydantic import Field, SecretStr

from domain.errors import AddressGone, CredentialsRejected, NotifierRefused
from integrations.bounce import BounceReader
from integrations.connection import ConnectionModel, Endpoint, PermissionCheck
from integrations.fields import Email
from integrations.notifier import (
    Claim,
    HandOverLost,
    Invitation,
    Letter,
    Message,
    Notifier,
    NotifierUnavailable,
    Post,
    PutOff,
    Receipt,
    Recipient,
)
from integrations.notifiers.email import bounces as returned_mail
from integrations.notifiers.email.headers import INTERNATIONAL
from integrations.notifiers.email.letters import Sender, one_line
from integrations.notifiers.email.setup import SETUP
from integrations.outbound.policy import AddressRefused, guarded, host_of

TIMEOUT = 20.0
"""Seconds for each step of the conversation."""
NO_MAILBOX = {550, 551, 553, 511, 513}
"""Replies to RCPT that say that nobody is there (RFC 5321, 4.2; 511 and 513 are Postfix's own)."""
NO_MAIL_SERVER = "it doesn't answer like a mail server. Check the server and the port of this connection."
NO_INTERNATIONAL = "the server can't send to an address with such letters."
BAD_CREDENTIALS = {530, 534, 535, 538}


class Security(StrEnum):
    """``TLS`` from the first byte (port 465); ``STARTTLS``, which must succeed (587); ``NONE`` is for a local relay."""

    TLS = "TLS"
    STARTTLS = "STARTTLS"
    NONE = "NONE"


class EmailConfig(ConnectionModel):
    """Which server, and as whom."""

    host: Annotated[str, Field(title="Server", description="Such as smtp.example.com.", min_length=1, max_length=253)]
    port: Annotated[int, Field(title="Port", description="587 for STARTTLS, 465 for TLS.", ge=1, le=65535)] = 587
    security: Annotated[
        Security, Field(title="Encryption", description="STARTTLS and TLS check the server's certificate.")
    ] = Security.STARTTLS
    from_address: Annotated[Email, Field(title="From", description="The sender's address.")]
    from_name: Annotated[
        str, Field(title="Sender's name", description="Shown next to the address.", max_length=200)
    ] = "Afterword"
    bounce_address: Annotated[
        Email | None,
        Field(
            title="Return address",
            description="Where undeliverable e-mail is returned. By default, the sender's address.",
        ),
    ] = None
    reply_address: Annotated[
        Email | None,
        Field(
            title="Address for replies to invitations",
            description="A mailbox whose mail is passed on to this connection's webhook. By default, replies go to the"
            " person who invites, and aren't read.",
        ),
    ] = None
    certificate: Annotated[
        str | None,
        Field(
            title="Certificate authority",
            description="In PEM format. Only needed if the server's certificate isn't from a public authority.",
        ),
    ] = None

    def endpoint(self) -> Endpoint:
        """Less encryption is another endpoint as well: the password would go there readable."""
        return Endpoint("host", host_of(self.host), f"{host_of(self.host)}:{self.port} {self.security}")


class EmailSecrets(ConnectionModel):
    """Empty for a relay that asks for none. With ``webhook_secret``, mail that comes back is read."""

    username: Annotated[SecretStr | None, Field(title="User name", description="For SMTP AUTH.")] = None
    password: Annotated[SecretStr | None, Field(title="Password", description="For SMTP AUTH.")] = None
    webhook_secret: Annotated[
        SecretStr | None,
        Field(
            title="Webhook secret",
            description="Required to accept returned e-mail. While you rotate it, enter both, separated by a comma.",
        ),
    ] = None


class EmailNotifier(Notifier):
    """One SMTP account."""

    label = "E-mail"
    Config = EmailConfig
    Secrets = EmailSecrets
    setup = SETUP
    rank = 20
    bounces: ClassVar[BounceReader | None] = returned_mail

    def __init__(self, config: EmailConfig, secrets: EmailSecrets) -> None:
        self._config = config
        self._secrets = secrets

    async def send(self, message: Message, recipient: Recipient) -> Receipt:
        letter = await self._deliver(lambda: self._sender.message(message, recipient), recipient)
        return Receipt(str(letter["Message-ID"]))

    @property
    def reply_address(self) -> str | None:
        return self._config.reply_address

    async def invite(self, invitation: Invitation, recipient: Recipient) -> None:
        reply_to = self.reply_address or invitation.reply_to
        await self._deliver(lambda: self._sender.invitation(invitation, recipient, reply_to), recipient)

    async def _deliver(self, make: Callable[[], EmailMessage], recipient: Recipient) -> EmailMessage:
        try:
            letter = make()
        except (ValueError, MessageError):
            why = "the address isn't valid in an e-mail."
            raise AddressGone(channel=self.label, address=recipient.address, detail=why) from None
        client = await self._connected()
        try:
            await self._hand_over(client, letter, recipient.address)
        except aiosmtplib.SMTPRecipientsRefused as refused:
            self._raise_refused(refused.recipients[0], recipient.address)
        except aiosmtplib.SMTPNotSupported as error:
            raise AddressGone(
                channel=self.label, address=recipient.address, detail=f"the server can't send to it: {_words(error)}"
            ) from None
        except aiosmtplib.SMTPException as error:
            raise self._trouble(error) from None
        except Exception as error:
            raise self._away(error) from None
        finally:
            client.close()
        return letter

    @asynccontextmanager
    async def posting(self) -> AsyncIterator[Post]:
        client = await self._connected()
        try:
            yield lambda letter, address, claim: self._post(client, letter, address, claim)
        finally:
            client.close()

    async def _hand_over(self, client: aiosmtplib.SMTP, letter: EmailMessage, address: str) -> None:
        """The bytes as we fold them: aiosmtplib's own way of writing a message folds headers by other rules."""
        is_international = letter.policy is INTERNATIONAL
        if is_international and not await _takes_any_letters(client):
            raise aiosmtplib.SMTPNotSupported("it takes only addresses in ASCII")
        options = ["SMTPUTF8"] if is_international else None
        await client.sendmail(self._envelope_sender, [address], letter.as_bytes(), mail_options=options)

    async def _post(self, client: aiosmtplib.SMTP, letter: Letter, address: str, claim: Claim) -> None:
        try:
            content = self._sender.outside(letter, address)
        except (ValueError, MessageError):
            why = "the address isn't valid in an e-mail."
            raise AddressGone(channel=self.label, address=address, detail=why) from None
        utf8 = content.policy is INTERNATIONAL
        options = ["SMTPUTF8"] if utf8 else None
        try:
            if utf8 and not await _takes_any_letters(client):
                raise AddressGone(channel=self.label, address=address, detail=NO_INTERNATIONAL)
            await client.mail(self._envelope_sender, options=options)
        except aiosmtplib.SMTPException as error:
            raise self._trouble(error) from None
        except OSError as error:
            raise self._away(error) from None
        try:
            await client.rcpt(address)
        except aiosmtplib.SMTPResponseException as error:
            await self._raise_not_taken(client, error, address)
        except (aiosmtplib.SMTPException, OSError) as error:
            raise self._away(error) from None
        await claim()
        try:
            await client.data(content.as_bytes())
        except aiosmtplib.SMTPResponseException as error:
            await self._raise_not_taken(client, error, address)
        except (aiosmtplib.SMTPException, OSError) as error:
            raise HandOverLost(type(error).__name__) from None

    async def _raise_not_taken(
        self, client: aiosmtplib.SMTP, error: aiosmtplib.SMTPResponseException, address: str
    ) -> None:
        """The server said no to this letter, for now or for good; the conversation goes on."""
        with suppress(aiosmtplib.SMTPException, OSError):
            await client.rset()
        said = f"{error.code} {_words(error)}"
        if 400 <= error.code < 500:
            raise PutOff(said) from None
        raise AddressGone(channel=self.label, address=address, detail=said) from None

    async def find_address(self, email: str) -> str | None:
        return email

    async def check_permissions(self) -> list[PermissionCheck]:
        try:
            client = await self._connected()
        except (CredentialsRejected, NotifierRefused, NotifierUnavailable) as problem:
            return [PermissionCheck("Sending", granted=False, detail=str(problem))]
        client.close()
        secure = self._config.security.value
        return [PermissionCheck("Sending", granted=True, detail=f"Signed in to {self._config.host} ({secure}).")]

    # The conversation

    async def _connected(self) -> aiosmtplib.SMTP:
        """Let in and signed in."""
        config, secrets = self._config, self._secrets
        client = aiosmtplib.SMTP(
            hostname=config.host,
            port=config.port,
            use_tls=config.security is Security.TLS,
            start_tls=config.security is Security.STARTTLS,
            tls_context=None if config.security is Security.NONE else self._tls(),
            timeout=TIMEOUT,
        )
        try:
            with guarded(config.host, self.kept_host):
                await client.connect()
            if secrets.username is not None and secrets.password is not None:
                await client.login(secrets.username.get_secret_value(), secrets.password.get_secret_value())
        except AddressRefused as refused:
            client.close()
            raise NotifierRefused(channel=self.label, detail=str(refused)) from None
        except aiosmtplib.SMTPException as error:
            client.close()
            raise self._trouble(error) from None
        except Exception as error:
            client.close()
            raise self._away(error) from None
        return client

    def _tls(self) -> ssl.SSLContext:
        try:
            return ssl.create_default_context(cadata=self._config.certificate)
        except (ssl.SSLError, ValueError):
            raise NotifierRefused(channel=self.label, detail="the certificate authority isn't in PEM format.") from None

    def _away(self, error: BaseException) -> Exception:
        """A certificate that nobody vouches for is no matter of waiting."""
        cause: BaseException | None = error
        while cause is not None:
            if isinstance(cause, ssl.SSLCertVerificationError):
                return NotifierRefused(
                    channel=self.label, detail=f"its certificate isn't valid: {cause.verify_message}"
                )
            cause = cause.__cause__ or cause.__context__
        return NotifierUnavailable(self.label, type(error).__name__)

    def _trouble(self, error: aiosmtplib.SMTPException) -> Exception:
        """A reply of 4xx is a stumble, one of 5xx a refusal; no reply is a stumble."""
        if isinstance(error, aiosmtplib.SMTPAuthenticationError) and error.code >= 500:
            return CredentialsRejected(tracker=self.label)
        if isinstance(error, aiosmtplib.SMTPResponseException):
            return self._replied(error)
        if isinstance(
            error, aiosmtplib.SMTPConnectError | aiosmtplib.SMTPServerDisconnected | aiosmtplib.SMTPTimeoutError
        ):
            return self._away(error)
        return NotifierRefused(channel=self.label, detail=type(error).__name__)

    def _replied(self, error: aiosmtplib.SMTPResponseException) -> Exception:
        """Only words of a mail server are shown: what something else says at that port is nobody's business."""
        if error.code in BAD_CREDENTIALS:
            return CredentialsRejected(tracker=self.label)
        if not 400 <= error.code < 600:
            return NotifierUnavailable(self.label, NO_MAIL_SERVER)
        if error.code >= 500:
            return NotifierRefused(channel=self.label, detail=f"{error.code} {_words(error)}")
        return NotifierUnavailable(self.label, f"{error.code} {_words(error)}")

    def _raise_refused(self, error: aiosmtplib.SMTPRecipientRefused, address: str) -> None:
        if error.code in NO_MAILBOX:
            raise AddressGone(channel=self.label, address=address, detail=f"{error.code} {_words(error)}") from None
        raise self._trouble(error) from None

    # The letter

    @property
    def _envelope_sender(self) -> str:
        return self._config.bounce_address or self._config.from_address

    @property
    def _sender(self) -> Sender:
        return Sender(self._config.from_name, self._config.from_address, self._envelope_sender)


async def _takes_any_letters(client: aiosmtplib.SMTP) -> bool:
    """Whether the server takes addresses that aren't ASCII (RFC 6531). It says so when it is greeted."""
    if client.is_ehlo_or_helo_needed:
        with suppress(aiosmtplib.SMTPException):
            await client.ehlo()
    return client.supports_extension("smtputf8")


def _words(error: BaseException) -> str:
    """What the server said, without line breaks."""
    return one_line(getattr(error, "message", "") or str(error) or type(error).__name__)[:300]
