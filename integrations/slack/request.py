"""What Slack sends us: slash commands, interactions, events; each signed.

Slack's pages: https://docs.slack.dev/authentication/verifying-requests-from-slack (``v0`` signatures, five minutes),
https://docs.slack.dev/interactivity/implementing-slash-commands, https://docs.slack.dev/reference/interaction-payloads,
https://docs.slack.dev/apis/events-api (retries carry ``X-Slack-Retry-Num`` and the same ``event_id``).

Commands and interactions are forms, events are JSON. What we do not know is :class:`Unused`, never an error: Slack
would switch our address off. What is not of Slack's shape raises ``MalformedWebhook``.
"""

import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any
from urllib.parse import parse_qsl

from pydantic import BaseModel, ConfigDict, Field

from domain.errors import BadSignature, MalformedWebhook
from integrations.slack.actions import (
    OPEN,
    Asker,
    Captured,
    Challenge,
    Command,
    LinksShared,
    Origin,
    Pressed,
    Reacted,
    Read,
    Submitted,
    Unused,
)
from integrations.webhook import header, payload

WINDOW = 300
"""Seconds for which a signature holds, into either direction."""
FIELDS_LIMIT = 50

AddressedTo = Annotated[str, Field(max_length=2000)]
SlackId = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[A-Za-z0-9._-]+$")]
Stamp = Annotated[str, Field(pattern=r"^\d{1,10}\.\d{1,6}$")]
"""A message's own time and name in its channel: seconds since 1970."""


# Signatures


def verify(headers: Mapping[str, str], body: bytes, secrets: Sequence[str], now: datetime) -> None:
    """Raises ``BadSignature`` unless Slack signed ``body`` with one of ``secrets`` within the last five minutes.

    The time taken does not tell how near a guess came. Fails closed without a secret.
    """
    stamp, given = header(headers, "X-Slack-Request-Timestamp"), header(headers, "X-Slack-Signature")
    if not stamp or not given:
        raise BadSignature(detail="the request has no signature.")
    keys = [one.strip() for one in secrets if one.strip()]
    if not keys:
        raise BadSignature(detail="this connection has no signing secret.")
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) <= 12):
        raise BadSignature(detail="its timestamp isn't a number.")
    if abs(now.timestamp() - int(stamp)) > WINDOW:
        raise BadSignature(detail="it is more than five minutes old, or its clock is wrong.")
    signature = given.strip().encode(errors="replace")
    matches = [hmac.compare_digest(_signature(key, stamp, body), signature) for key in keys]
    if not any(matches):
        raise BadSignature(detail="no secret of this connection matches it.")


def _signature(secret: str, stamp: str, body: bytes) -> bytes:
    digest = hmac.new(secret.encode(), f"v0:{stamp}:".encode() + body, hashlib.sha256).hexdigest()
    return f"v0={digest}".encode()


def read(headers: Mapping[str, str], body: bytes) -> Read:
    """What a verified request says; raises ``MalformedWebhook``."""
    kind = (header(headers, "Content-Type") or "").partition(";")[0].strip().lower()
    if kind == "application/x-www-form-urlencoded":
        return _form(body)
    return _event(body)


def _form(body: bytes) -> Read:
    try:
        fields = dict(parse_qsl(body.decode(), keep_blank_values=True, max_num_fields=FIELDS_LIMIT))
    except ValueError:
        raise MalformedWebhook(where="body", what="the body isn't a form") from None
    if any("\0" in value for value in fields.values()):
        raise MalformedWebhook(where="body", what="it contains a NUL character")
    if "payload" in fields:
        return _interaction(fields["payload"].encode())
    if fields.get("ssl_check") == "1":
        return Unused("ssl_check", "ssl_check")
    return _command(fields)


# Slash commands


class _Wire(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True)


class _CommandForm(_Wire):
    command: Annotated[str, Field(min_length=2, max_length=100)]
    text: Annotated[str, Field(max_length=10_000)] = ""
    user_id: SlackId
    team_id: SlackId
    channel_id: SlackId
    trigger_id: SlackId
    response_url: AddressedTo


def _command(fields: Mapping[str, str]) -> Command:
    told = payload(_CommandForm, json.dumps(dict(fields)).encode())
    return Command(
        told.trigger_id,
        Asker(told.user_id, told.team_id),
        _unescaped(told.text),
        told.trigger_id,
        Origin(told.channel_id, told.response_url),
    )


def _unescaped(text: str) -> str:
    """As it was typed: Slack escapes these three."""
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


# Interactions


class _Named(_Wire):
    id: SlackId


class _User(_Named):
    team_id: SlackId | None = None


class _Message(_Wire):
    ts: Stamp
    blocks: Annotated[list[dict[str, Any]], Field(max_length=100)] = []


class _Container(_Wire):
    is_ephemeral: bool = False


class _Action(_Wire):
    action_id: Annotated[str, Field(max_length=255)]
    block_id: Annotated[str, Field(max_length=255)] = ""
    value: Annotated[str, Field(max_length=2000)] = ""


class _Input(_Wire):
    value: str | None = None
    selected_date: str | None = None
    selected_option: dict[str, Any] | None = None
    selected_options: list[Any] | None = None

    @property
    def entered(self) -> str:
        """As text; what was ticked is "yes"."""
        chosen = self.selected_option.get("value") if self.selected_option else None
        return str(self.value or self.selected_date or chosen or ("yes" if self.selected_options else ""))


class _State(_Wire):
    values: dict[str, dict[str, _Input]] = {}


class _View(_Wire):
    callback_id: Annotated[str, Field(max_length=255)] = ""
    private_metadata: Annotated[str, Field(max_length=3000)] = ""
    state: _State = _State()


class _Interaction(_Wire):
    type: str
    user: _User
    team: _Named | None = None
    trigger_id: SlackId | None = None
    response_url: AddressedTo | None = None
    callback_id: Annotated[str, Field(max_length=255)] = ""
    channel: _Named | None = None
    container: _Container = _Container()
    message: dict[str, Any] | None = None
    actions: Annotated[list[_Action], Field(max_length=100)] = []
    view: _View | None = None

    @property
    def asker(self) -> Asker:
        workspace = self.team.id if self.team else self.user.team_id
        if workspace is None:
            raise MalformedWebhook(where="team", what="neither the team nor the user's team is given")
        return Asker(self.user.id, workspace)

    def origin(self) -> Origin:
        where = self.channel.id if self.channel else None
        if self.message is None or self.container.is_ephemeral:
            return Origin(where, self.response_url)
        ours = payload(_Message, json.dumps(self.message).encode())
        return Origin(where, self.response_url, ours.ts, tuple(ours.blocks))


def _interaction(raw: bytes) -> Read:
    told = payload(_Interaction, raw)
    named = told.trigger_id or hashlib.sha256(raw).hexdigest()
    if told.type == "view_submission":
        return _submitted(told, named)
    if told.type == "block_actions" and told.actions and told.view is None:
        pressed = told.actions[0]
        if pressed.action_id.startswith(OPEN):
            return Unused(named, "a link")
        return Pressed(
            named,
            told.asker,
            pressed.action_id,
            pressed.value,
            pressed.block_id,
            _needed(told.trigger_id, "trigger_id"),
            told.origin(),
        )
    if told.type == "message_action":
        return _captured(told, named)
    return Unused(named, told.type[:60])


def _submitted(told: _Interaction, named: str) -> Submitted:
    view = told.view
    if view is None:
        raise MalformedWebhook(where="view", what="Field required")
    entered = {block: next((one.entered for one in inputs.values()), "") for block, inputs in view.state.values.items()}
    return Submitted(named, told.asker, view.callback_id, view.private_metadata, entered)


def _captured(told: _Interaction, named: str) -> Captured:
    if told.channel is None or told.message is None:
        raise MalformedWebhook(where="message", what="the message or its channel is missing")
    payload(_Message, json.dumps(told.message).encode())
    return Captured(
        named,
        told.asker,
        told.callback_id,
        told.channel.id,
        told.message,
        _needed(told.trigger_id, "trigger_id"),
        Origin(told.channel.id, told.response_url),
    )


def _needed(value: str | None, where: str) -> str:
    if value is None:
        raise MalformedWebhook(where=where, what="Field required")
    return value


# Events


class _Envelope(_Wire):
    type: str
    challenge: Annotated[str, Field(max_length=500)] = ""
    team_id: SlackId | None = None
    event_id: SlackId | None = None
    event: dict[str, Any] | None = None


class _Item(_Wire):
    type: str
    channel: SlackId | None = None
    ts: Stamp | None = None


class _Reaction(_Wire):
    user: SlackId
    reaction: Annotated[str, Field(max_length=200)]
    item: _Item


class _Link(_Wire):
    url: Annotated[str, Field(max_length=4000)]


class _LinkShared(_Wire):
    channel: SlackId
    message_ts: Annotated[str, Field(max_length=100)]
    links: Annotated[list[_Link], Field(max_length=100)]
    unfurl_id: Annotated[str, Field(max_length=200)] | None = None
    source: Annotated[str, Field(max_length=60)] | None = None


def _event(body: bytes) -> Read:
    told = payload(_Envelope, body)
    if told.type == "url_verification":
        return Challenge(told.challenge)
    if told.type != "event_callback":
        return Unused(told.event_id or told.type[:60], told.type[:60])
    event, named = told.event, _needed(told.event_id, "event_id")
    if event is None or not isinstance(event.get("type"), str):
        raise MalformedWebhook(where="event.type", what="Field required")
    workspace = _needed(told.team_id, "team_id")
    raw = json.dumps(event).encode()
    if event["type"] == "reaction_added":
        reaction = payload(_Reaction, raw)
        if reaction.item.type != "message" or not reaction.item.channel or not reaction.item.ts:
            return Unused(named, "reaction_added")
        asker = Asker(reaction.user, workspace)
        return Reacted(named, asker, reaction.reaction, reaction.item.channel, reaction.item.ts)
    if event["type"] == "link_shared":
        shared = payload(_LinkShared, raw)
        urls = tuple(dict.fromkeys(one.url for one in shared.links))
        return LinksShared(named, workspace, shared.channel, shared.message_ts, urls, shared.unfurl_id, shared.source)
    return Unused(named, event["type"][:60])
