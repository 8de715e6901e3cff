"""Slack's Web API through our eyes: a channel of notices, and what each of its refusals means."""

import asyncio
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from pydantic import SecretStr

from domain.errors import (
    AddressGone,
    ChannelArchived,
    CredentialsRejected,
    InvalidIntegrationConfig,
    NotifierRefused,
)
from integrations import registry
from integrations.notifier import (
    Act,
    Entry,
    Fact,
    Group,
    Message,
    MessageKind,
    Notifier,
    NotifierUnavailable,
    Receipt,
    Recipient,
)
from integrations.slack.client import Slack
from integrations.slack.errors import SlackRefused
from integrations.slack.settings import SCOPES, SlackConfig, SlackSecrets
from tests.peers.slack import BOT_TOKEN, Scripted, SlackPeer

Json = dict[str, Any]


def notifier(peer: SlackPeer, token: str = BOT_TOKEN, **config: str) -> Notifier:
    return registry.connect_notifier("slack", {"baseUrl": peer.url, **config}, {"token": token, "webhookSecret": "s"})


def message(**fields: Any) -> Message:
    entry = Entry(
        "ntc_1",
        "overdue",
        Group.OVERDUE,
        "Two days late",
        "Alert at 80 %",
        "https://afterword.example/action-items/ai_1",
        action_item_id="ai_1",
        facts=(Fact("Due", "Sat, Nov 21, 2026 (2 days late)"),),
        acts=(Act.START, Act.MARK_DONE, Act.SNOOZE, Act.WONT_DO),
    )
    told: Json = {
        "id": f"msg_{uuid4().hex}",
        "kind": MessageKind.DIGEST,
        "subject": "One thing is overdue",
        "entries": (entry,),
        "zone": "Europe/Berlin",
        "created_at": datetime.now(UTC),
    }
    return Message(**{**told, **fields})


def send(channel: Notifier, told: Message, recipient: Recipient) -> str:
    return asyncio.run(channel.send(told, recipient)).external_id


def jane(peer: SlackPeer) -> Recipient:
    return Recipient(peer.users()["jane"]["id"], "Jane", person_id="user_jane")


def team(address: str) -> Recipient:
    return Recipient(address, "Payments", team_id="team_1")


def posted(peer: SlackPeer, external_id: str) -> list[Json]:
    """What stands in the conversation of a sent message, with that time."""
    channel, _, ts = external_id.partition(":")
    found = peer.api("conversations.history", BOT_TOKEN, channel=channel)["messages"]
    return [one for one in found if one["ts"] == ts]


def test_a_direct_message_with_buttons(slack_peer: SlackPeer) -> None:
    told = message()
    (sent,) = posted(slack_peer, send(notifier(slack_peer), told, jane(slack_peer)))
    assert "Due: Sat, Nov 21, 2026 (2 days late)" in sent["text"]
    rows = [one for one in sent["blocks"] if one["type"] == "actions"]
    assert [one["action_id"] for one in rows[0]["elements"]] == ["START", "MARK_DONE", "SNOOZE", "WONT_DO"]
    assert {one["value"] for one in rows[0]["elements"]} == {"ai_1"}
    assert "Europe/Berlin" in json.dumps(sent["blocks"])


def test_a_publication_in_a_team_s_channel(slack_peer: SlackPeer) -> None:
    channel = slack_peer.new_channel(f"team-{uuid4().hex[:6]}")
    published = message(kind=MessageKind.PUBLISHED)
    told = replace(published, entries=(replace(published.entries[0], quote="The checkout failed."),))
    (sent,) = posted(slack_peer, send(notifier(slack_peer), told, team(channel)))
    assert "\n> The checkout failed." in sent["blocks"][0]["text"]["text"]
    assert "“The checkout failed.”" in sent["text"]


def test_nothing_is_told_where_others_read_along(slack_peer: SlackPeer) -> None:
    channel = slack_peer.channels()["general"]
    before = len(slack_peer.called("chat.postMessage"))
    info = {"ok": True, "channel": {"id": channel, "is_ext_shared": True}}
    slack_peer.scripted["conversations.info"] = [Scripted(200, info)]
    with pytest.raises(ChannelArchived, match="people from other organizations can read it"):
        send(notifier(slack_peer), message(), team(channel))
    assert len(slack_peer.called("chat.postMessage")) == before


def test_a_message_is_sent_once_also_when_nobody_heard_that_it_was(slack_peer: SlackPeer) -> None:
    told = message(created_at=datetime.now(UTC) - timedelta(seconds=5))
    first = send(notifier(slack_peer), told, jane(slack_peer))
    assert send(notifier(slack_peer), told, jane(slack_peer)) == first
    other = message(created_at=told.created_at)
    assert send(notifier(slack_peer), other, jane(slack_peer)) != first, "another message is another one"


def test_without_the_permission_to_look_it_is_sent(slack_peer: SlackPeer) -> None:
    refusal = {"ok": False, "error": "missing_scope", "needed": "im:history"}
    slack_peer.scripted["conversations.history"] = [Scripted(200, refusal)]
    told = message(created_at=datetime.now(UTC) - timedelta(seconds=5))
    assert posted(slack_peer, send(notifier(slack_peer), told, jane(slack_peer)))


# Threads


def begun(peer: SlackPeer) -> tuple[str, str]:
    """A channel, and the first message there."""
    channel = peer.new_channel(f"thread-{uuid4().hex[:6]}")
    return channel, send(notifier(peer), message(kind=MessageKind.PUBLISHED), team(channel))


def answer(peer: SlackPeer, channel: str, root: str, **fields: Any) -> Receipt:
    under = Recipient(channel, "Payments", team_id="team_1", thread=root)
    return asyncio.run(notifier(peer).send(message(**fields), under))


def thread(peer: SlackPeer, root: str) -> list[Json]:
    channel, _, ts = root.partition(":")
    return list(peer.api("conversations.replies", BOT_TOKEN, channel=channel, ts=ts)["messages"])


def test_an_answer_stands_under_its_message_and_an_escalation_in_the_channel_too(slack_peer: SlackPeer) -> None:
    channel, root = begun(slack_peer)
    for kind in (MessageKind.DIGEST, MessageKind.ESCALATION):
        sent = answer(slack_peer, channel, root, kind=kind)
        assert sent.thread == root
        call = slack_peer.called("chat.postMessage")[-1]
        assert call.fields["thread_ts"] == root.partition(":")[2]
        assert call.fields.get("reply_broadcast") == ("true" if kind is MessageKind.ESCALATION else None)
        assert f"{channel}:{thread(slack_peer, root)[-1]['ts']}" == sent.external_id
    assert len(thread(slack_peer, root)) == 3


def test_an_answer_is_sent_once_also_when_nobody_heard_that_it_was(slack_peer: SlackPeer) -> None:
    channel, root = begun(slack_peer)
    first = answer(slack_peer, channel, root, id="msg_one")
    assert answer(slack_peer, channel, root, id="msg_one") == first
    slack_peer.api("chat.delete", BOT_TOKEN, channel=channel, ts=root.partition(":")[2])
    assert answer(slack_peer, channel, root, id="msg_one") == first, "also where its thread lost its beginning"


TOMBSTONE = {"ok": True, "messages": [{"ts": "1548261231.000200", "subtype": "tombstone"}]}


@pytest.mark.parametrize(
    ("method", "told"),
    [
        ("conversations.replies", TOMBSTONE),
        ("conversations.replies", {"ok": False, "error": "thread_not_found"}),
        ("chat.postMessage", {"ok": False, "error": "thread_not_found"}),
        ("chat.postMessage", {"ok": False, "error": "message_not_found"}),
        ("chat.postMessage", {"ok": False, "error": "cannot_reply_to_message"}),
        (None, None),
    ],
    ids=str,
)
def test_an_answer_to_what_was_deleted_stands_by_itself(slack_peer: SlackPeer, method: str | None, told: Json) -> None:
    channel, root = begun(slack_peer)
    if method:
        slack_peer.scripted[method] = [Scripted(200, told)]
    else:
        slack_peer.api("chat.delete", BOT_TOKEN, channel=channel, ts=root.partition(":")[2])
    sent = answer(slack_peer, channel, root)
    assert sent.thread is None
    assert len(posted(slack_peer, sent.external_id)) == 1


def test_an_answer_that_slack_put_into_the_channel_stands_by_itself(slack_peer: SlackPeer) -> None:
    channel, root = begun(slack_peer)
    told = {"ok": True, "channel": channel, "ts": "1548261231.000300", "message": {"text": "x"}}
    slack_peer.scripted["chat.postMessage"] = [Scripted(200, told)]
    assert answer(slack_peer, channel, root) == Receipt(f"{channel}:1548261231.000300")


def test_without_the_permission_to_look_it_is_answered(slack_peer: SlackPeer) -> None:
    channel, root = begun(slack_peer)
    refusal = {"ok": False, "error": "missing_scope", "needed": "channels:history"}
    slack_peer.scripted["conversations.replies"] = [Scripted(200, refusal)]
    assert answer(slack_peer, channel, root).thread == root


def test_somebody_who_is_not_there(slack_peer: SlackPeer) -> None:
    with pytest.raises(AddressGone):
        send(notifier(slack_peer), message(), Recipient("U000000000", "Nobody", person_id="user_x"))


def test_channels_that_are_gone(slack_peer: SlackPeer) -> None:
    with pytest.raises(ChannelArchived, match="the channel doesn't exist"):
        send(notifier(slack_peer), message(), team("C000000999"))
    channel = slack_peer.new_channel(f"old-{uuid4().hex[:6]}")
    send(notifier(slack_peer), message(), team(channel))
    slack_peer.api("conversations.archive", channel=channel)
    with pytest.raises(ChannelArchived, match="archived"):
        send(notifier(slack_peer), message(), team(channel))


def answers(code: str, **more: str) -> list[Scripted]:
    return [Scripted(200, {"ok": False, "error": code, **more})]


@pytest.mark.parametrize(
    ("script", "expected", "words"),
    [
        (answers("token_revoked"), CredentialsRejected, "Slack"),
        (answers("invalid_auth"), CredentialsRejected, "Slack"),
        (answers("account_inactive"), CredentialsRejected, "Slack"),
        (answers("is_archived"), AddressGone, "archived"),
        (answers("user_not_found"), AddressGone, "user_not_found"),
        (answers("missing_scope", needed="chat:write"), NotifierRefused, "chat:write"),
        (answers("msg_too_long"), NotifierRefused, "msg_too_long"),
        (answers("internal_error"), NotifierUnavailable, "internal_error"),
        ([Scripted(502, {"oops": True})], NotifierUnavailable, "unavailable"),
        ([Scripted(429, {"ok": False, "error": "ratelimited"}, {"Retry-After": "17"})], NotifierUnavailable, "rate"),
    ],
    ids=str,
)
def test_refusals_are_told_apart(
    slack_peer: SlackPeer, script: list[Scripted], expected: type[Exception], words: str
) -> None:
    slack_peer.scripted["chat.postMessage"] = list(script)
    with pytest.raises(expected, match=words) as caught:
        send(notifier(slack_peer), message(), jane(slack_peer))
    assert BOT_TOKEN not in f"{caught.value!s} {caught.value!r}"
    if script[0].headers:
        assert getattr(caught.value, "retry_after", None) == 17
    assert posted(slack_peer, send(notifier(slack_peer), message(), jane(slack_peer))), "the next one is sent"


def test_slack_is_away() -> None:
    nowhere = SlackPeer("http://localhost:9", "http://localhost:9")
    with pytest.raises(NotifierUnavailable) as caught:
        send(notifier(nowhere), message(), Recipient("U1", "Jane", person_id="user_jane"))
    assert BOT_TOKEN not in repr(caught.value)


def test_addresses_by_email(slack_peer: SlackPeer, slack_domain: str) -> None:
    channel = notifier(slack_peer)
    assert asyncio.run(channel.find_address(f"bob@{slack_domain}")) == slack_peer.users()["bob"]["id"]
    assert asyncio.run(channel.find_address("nobody@example.com")) is None
    guest = {"id": "U7", "profile": {"email": "guest@example.com"}, "is_restricted": True}
    slack_peer.scripted["users.lookupByEmail"] = [Scripted(200, {"ok": True, "user": guest})]
    assert asyncio.run(channel.find_address("guest@example.com")) is None


def test_permissions_are_named(slack_peer: SlackPeer) -> None:
    def checks(channel: Notifier) -> dict[str, bool]:
        return {one.name: one.granted for one in asyncio.run(channel.check_permissions())}

    assert checks(notifier(slack_peer, workspaceId="T000000001")) == {"Bot token": True, "Workspace": True}
    assert checks(notifier(slack_peer, workspaceId="T9"))["Workspace"] is False
    told = {"ok": True, "user": "afterword", "team": "Acme", "team_id": "T000000001"}
    scopes = {"X-OAuth-Scopes": ",".join(one for one in SCOPES if one != "reactions:read")}
    slack_peer.scripted["auth.test"] = [Scripted(200, told, scopes)]
    found = checks(notifier(slack_peer))
    assert [name for name, granted in found.items() if not granted] == ["reactions:read"]
    slack_peer.scripted["auth.test"] = answers("token_revoked")
    assert checks(notifier(slack_peer)) == {"Bot token": False}


@pytest.mark.parametrize(
    ("config", "secrets"),
    [
        ({"baseUrl": "ftp://slack.com"}, {}),
        ({"baseUrl": "https://user:word@slack.com"}, {}),
        ({"workspaceId": "acme corp"}, {}),
        ({"channel": "#general"}, {}),
        ({}, {"token": "xoxb-1\nX-Evil: 1"}),
        ({}, {"signingSecret": "x"}),
    ],
    ids=str,
)
def test_wrong_settings_are_refused(config: Json, secrets: Json) -> None:
    with pytest.raises(InvalidIntegrationConfig):
        registry.check_connection("slack", config, secrets)
    registry.check_connection("slack", {}, {})


@pytest.mark.parametrize(
    ("address", "allowed"),
    [
        ("https://hooks.slack.com/commands/1/2/3", True),
        ("https://hooks.slack-gov.com/actions/1", True),
        ("http://hooks.slack.com/commands/1", False),
        ("https://hooks.slack.com.evil.example/1", False),
        ("https://evil.example/hooks.slack.com", False),
        ("https://hooks.slack.com@evil.example/1", False),
        ("https://127.0.0.1/latest/meta-data", False),
        ("file:///etc/passwd", False),
        ("", False),
    ],
)
def test_answers_go_to_slack_alone(address: str, allowed: bool) -> None:
    slack = Slack(SlackConfig(), SlackSecrets(token=SecretStr(BOT_TOKEN)))
    if allowed:
        slack._check_answering(address)
        return
    with pytest.raises(SlackRefused, match="not_slack"):
        slack._check_answering(address)


def test_no_credential_in_a_repr() -> None:
    secrets = SlackSecrets(token=SecretStr("xoxb-secret"), webhook_secret=SecretStr("signing"))
    assert "xoxb-secret" not in repr(secrets)
    assert "signing" not in repr(secrets)
