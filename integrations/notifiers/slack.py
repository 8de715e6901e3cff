"""Slack as a channel: direct messages by user id, teams' channels by channel id, with buttons that work.

The buttons' presses come back through ``api.chat.slack``. Slack has no idempotence of its own: a message carries our
id as metadata, and is looked for before it is sent again. In a channel it stands under the first one about the same
postmortem, where that is still there; an escalation is shown in the channel as well. Pages: see ``integrations.slack``.
"""

import asyncio
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

from domain.errors import AddressGone, ChannelArchived, CredentialsRejected, NotifierRefused
from integrations.connection import Copied, PermissionCheck, SetupStep
from integrations.notifier import Message, MessageKind, Notifier, NotifierUnavailable, Receipt, Recipient
from integrations.slack import manifest as app_manifest
from integrations.slack.blocks import fallback, message_blocks
from integrations.slack.client import Slack
from integrations.slack.errors import ChannelGone, PersonGone, ScopeMissing, SlackRefused, SlackUnavailable, ThreadGone
from integrations.slack.settings import SCOPES, SlackConfig, SlackSecrets

FRESH = timedelta(seconds=1.5)
"""Nobody can have tried to send a message before that is younger: a second attempt comes after two seconds."""
MENDED_BY = {
    "not_in_channel": "Afterword isn't in the channel: type /invite @Afterword there",
    "is_archived": "the channel is archived",
    "channel_not_found": "the channel doesn't exist, or it is private and Afterword wasn't invited",
}

SETUP = (
    SetupStep(
        "Open Slack in the browser. The ID in its address that starts with T is the workspace. Enter it,"
        " and save the connection without credentials for now.",
        link="https://app.slack.com",
    ),
    SetupStep(
        "Create an app at Slack from a manifest: choose the workspace, then JSON, and paste this"
        " manifest. If Slack can't verify the address yet, go on.",
        link="https://api.slack.com/apps?new_app=1",
        copies=Copied.MANIFEST,
    ),
    SetupStep(
        "Install the app to the workspace. Copy the Signing secret from Basic Information, and the Bot"
        " token from OAuth & Permissions, into the settings of this connection.",
    ),
    SetupStep(
        "If Slack couldn't verify the address before, press Retry under Event Subscriptions. The address is this one.",
        copies=Copied.WEBHOOK_URL,
    ),
    SetupStep(
        "Invite @Afterword to the channels where it posts, and choose a channel on the page of each team.",
    ),
)


class SlackNotifier(Notifier):
    """One Slack app in one workspace."""

    label = "Slack"
    Config = SlackConfig
    Secrets = SlackSecrets
    setup = SETUP
    rank = 10

    def __init__(self, config: SlackConfig, secrets: SlackSecrets) -> None:
        self._config = config
        self._secrets = secrets

    @staticmethod
    def manifest(webhook_url: str, base_url: str) -> dict[str, Any]:
        return app_manifest.manifest(webhook_url, base_url)

    @cached_property
    def _slack(self) -> Slack:
        return Slack(self._config, self._secrets, kept_host=self.kept_host)

    async def send(self, message: Message, recipient: Recipient) -> Receipt:
        try:
            return await asyncio.to_thread(self._send, message, recipient)
        except SlackUnavailable as stumble:
            raise NotifierUnavailable(self.label, stumble.detail, stumble.retry_after) from None
        except PersonGone as gone:
            raise AddressGone(channel=self.label, address=recipient.address, detail=gone.code) from None
        except ChannelGone as gone:
            raise self._gone(recipient, MENDED_BY.get(gone.code, gone.code)) from None
        except SlackRefused as refusal:
            raise NotifierRefused(channel=self.label, detail=_told(refusal)) from None

    def _gone(self, recipient: Recipient, why: str) -> AddressGone | ChannelArchived:
        kind = AddressGone if recipient.team_id is None else ChannelArchived
        return kind(channel=self.label, address=recipient.address, detail=why)

    def _send(self, message: Message, recipient: Recipient) -> Receipt:
        if recipient.team_id is None:
            place = self._slack.open_direct(recipient.address)
        else:
            place = recipient.address
            if self._slack.channel(place).is_outside:
                raise self._gone(recipient, "people from other organizations can read it")
        if recipient.thread and (answered := self._answer(place, recipient.thread, message)):
            return answered
        if datetime.now(UTC) - message.created_at > FRESH and (sent := self._sent_before(place, message.id)):
            return Receipt(sent)
        return Receipt(self._slack.post(place, fallback(message), message_blocks(message), key=message.id).id)

    def _answer(self, place: str, thread: str, message: Message) -> Receipt | None:
        """Under that message; None where it is gone. Without the permission to look, it is believed to be there."""
        ts = thread.rpartition(":")[2]
        try:
            if sent := self._sent_under(place, ts, message.id):
                return Receipt(sent, thread)
            words, blocks = fallback(message), message_blocks(message)
            is_urgent = message.kind is MessageKind.ESCALATION
            posted = self._slack.post(place, words, blocks, key=message.id, thread=ts, broadcast=is_urgent)
        except ThreadGone:
            return None
        return Receipt(posted.id, thread if posted.thread else None)

    def _sent_under(self, place: str, ts: str, key: str) -> str | None:
        try:
            return self._slack.find_answer(place, ts, key)
        except ThreadGone:
            raise
        except SlackRefused:
            return None

    def _sent_before(self, place: str, key: str) -> str | None:
        """Without the permission to read the channel, a message may come twice rather than not at all."""
        try:
            return self._slack.find_posted(place, key)
        except SlackRefused:
            return None

    async def find_address(self, email: str) -> str | None:
        try:
            user = await asyncio.to_thread(self._slack.find_user_by_email, email)
        except SlackUnavailable as stumble:
            raise NotifierUnavailable(self.label, stumble.detail, stumble.retry_after) from None
        except SlackRefused as refusal:
            raise NotifierRefused(channel=self.label, detail=_told(refusal)) from None
        return user.id if user and user.trusted_email == email.lower() else None

    async def check_permissions(self) -> list[PermissionCheck]:
        try:
            told, scopes = await asyncio.to_thread(self._slack.whoami)
        except CredentialsRejected as refusal:
            return [PermissionCheck("Bot token", granted=False, detail=str(refusal))]
        except (SlackUnavailable, SlackRefused) as problem:
            return [PermissionCheck("Reachable", granted=False, detail=str(problem))]
        checks = [PermissionCheck("Bot token", granted=True, detail=f"{told.get('user')} in {told.get('team')}")]
        if self._config.workspace_id:
            same = told.get("team_id") == self._config.workspace_id
            detail = f"the token is of {told.get('team_id')}"
            checks.append(PermissionCheck("Workspace", granted=same, detail=detail))
        if not scopes:
            return checks
        return [*checks, *(PermissionCheck(one, granted=one in scopes, detail=_why(one in scopes)) for one in SCOPES)]


def _told(refusal: SlackRefused) -> str:
    if isinstance(refusal, ScopeMissing):
        return f"the app lacks the permission {refusal.detail or 'for ' + refusal.method}: reinstall it"
    return f"{refusal.method}: {refusal.code}{f' ({refusal.detail})' if refusal.detail else ''}"


def _why(granted: bool) -> str:
    return "granted" if granted else "reinstall the app from the manifest"
