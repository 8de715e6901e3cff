"""Everything else that takes messages: Teams, Discord, a webhook, and 100 more, by one address each.

The address says which and where: https://github.com/caronc/apprise/wiki. It holds credentials and is a secret. One
connection is one channel, so it serves a team and never a person. Apprise tells only whether a message was taken, not
why it was not: each failure is a stumble, but for an address that it cannot read.
"""

import asyncio
import logging
from typing import Annotated

import apprise
from pydantic import Field, SecretStr

from domain.errors import NotifierRefused
from integrations.connection import ConnectionModel
from integrations.message_text import as_html, as_text
from integrations.notifier import Message, Notifier, NotifierUnavailable, Receipt, Recipient
from integrations.tracker import PermissionCheck

logging.getLogger("apprise").setLevel(logging.CRITICAL)  # its warnings name addresses


class AppriseConfig(ConnectionModel):
    """Nothing: the address says it all."""


class AppriseSecrets(ConnectionModel):
    """Where to."""

    url: Annotated[
        SecretStr,
        Field(title="Address", description="An Apprise URL, such as discord://webhook_id/webhook_token."),
    ]


class AppriseNotifier(Notifier):
    """One channel behind one address."""

    label = "Apprise"
    Config = AppriseConfig
    Secrets = AppriseSecrets
    reaches_people = False

    def __init__(self, config: AppriseConfig, secrets: AppriseSecrets) -> None:
        del config
        self._secrets = secrets

    async def send(self, message: Message, recipient: Recipient) -> Receipt:
        del recipient
        target = await asyncio.to_thread(self._target)
        is_html = any(one.notify_format == apprise.NotifyFormat.HTML for one in target)
        body = as_html(message) if is_html else as_text(message)
        written = apprise.NotifyFormat.HTML if is_html else apprise.NotifyFormat.TEXT
        if not await target.async_notify(body=body, title=message.subject, body_format=written):
            raise NotifierUnavailable(self.label, "the channel didn't accept the message")
        return Receipt(message.id)

    async def find_address(self, email: str) -> str | None:
        del email
        return None

    async def check_permissions(self) -> list[PermissionCheck]:
        """Only whether the address can be read: there is no way of asking further without writing there."""
        try:
            await asyncio.to_thread(self._target)
        except NotifierRefused as refusal:
            return [PermissionCheck("Address", granted=False, detail=str(refusal))]
        return [PermissionCheck("Address", granted=True, detail="The address is valid. No message was sent.")]

    def _target(self) -> apprise.Apprise:
        """On a thread: the first one loads every plugin."""
        target = apprise.Apprise()
        if not target.add(self._secrets.url.get_secret_value()) or len(target) != 1:
            raise NotifierRefused(channel=self.label, detail="apprise can't read this address.")
        return target
