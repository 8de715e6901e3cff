"""A Slack workspace connected to an Afterword, and what its people do, signed as Slack signs it."""

import asyncio
import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import httpx
import pytest
from slack_sdk.signature import SignatureVerifier
from sqlalchemy import func, select

from models.integration import WebhookDelivery
from tests.api.rows import sessions_of
from tests.api.writing import ok
from tests.peers.slack import BOT_TOKEN, Call, SlackPeer
from tests.stack import Person, Stack, eventually

Json = dict[str, Any]
FORM = "application/x-www-form-urlencoded"
TEAM = "T000000001"


@dataclass
class Workspace:
    """``people`` are Afterword's by their names in Slack, ``accounts`` their Slack ids. Mallory is in Slack alone."""

    stack: Stack
    peer: SlackPeer
    integration: Json
    secret: str
    people: dict[str, Person]
    accounts: dict[str, str]
    general: str
    stamps: Iterator[int] = field(default_factory=lambda: iter(range(1, 10**6)))

    @property
    def url(self) -> str:
        return str(self.integration["webhookUrl"])

    # Requests

    def send(self, raw: bytes, kind: str, *, secret: str | None = None, at: float | None = None, **more: str) -> Any:
        stamp = str(int(time.time() if at is None else at))
        signature = SignatureVerifier(secret or self.secret).generate_signature(timestamp=stamp, body=raw)
        headers = {
            "Content-Type": kind,
            "X-Slack-Request-Timestamp": stamp,
            "X-Slack-Signature": str(signature),
            **{name.replace("_", "-"): value for name, value in more.items()},
        }
        with httpx.Client(verify=False, trust_env=False, timeout=30) as slack:  # reading certificates takes 30 ms
            return slack.post(self.url, content=raw, headers=headers)

    def interact(self, payload: Json, **more: Any) -> Any:
        return self.send(urlencode({"payload": json.dumps(payload)}).encode(), FORM, **more)

    def event(self, event: Json, event_id: str | None = None, **more: Any) -> Any:
        body = {
            "token": "outdated",
            "team_id": TEAM,
            "api_app_id": "A1",
            "type": "event_callback",
            "event_id": event_id or f"Ev{uuid4().hex[:12]}",
            "event_time": int(time.time()),
            "event": event,
        }
        return self.send(json.dumps(body).encode(), "application/json", **more)

    def command_form(self, who: str, text: str, channel: str | None = None) -> tuple[bytes, str]:
        """The form of a slash command, and the address where its answer is expected."""
        address = self.peer.answering_address()
        form = {
            "token": "outdated",
            "team_id": TEAM,
            "channel_id": channel or self.general,
            "user_id": self.accounts[who],
            "user_name": who,
            "command": "/afterword",
            "text": text,
            "response_url": address,
            "trigger_id": f"{uuid4().int}.1",
            "api_app_id": "A1",
        }
        return urlencode(form).encode(), address

    # What people do, and what they read

    def says(self, who: str, text: str, channel: str | None = None) -> Call:
        """``/afterword <text>``: the answer that they get."""
        raw, address = self.command_form(who, text, channel)
        acknowledged(self.send(raw, FORM))
        return self.answer(address)

    def answer(self, address: str) -> Call:
        (found,) = eventually(lambda: self.peer.answered(address), seconds=90)
        return found  # type: ignore[no-any-return]

    def pressing(self, who: str, act: str, entity: str, message: Json | None = None, **more: Any) -> tuple[Json, str]:
        """The payload of a pressed button, and the address where the answer is expected."""
        address = self.peer.answering_address()
        payload: Json = {
            "type": "block_actions",
            "user": {"id": self.accounts[who], "username": who, "team_id": TEAM},
            "team": {"id": TEAM, "domain": "acme"},
            "api_app_id": "A1",
            "token": "outdated",
            "trigger_id": f"{uuid4().int}.2",
            "response_url": address,
            "channel": {"id": self.general, "name": "general"},
            "container": {"type": "message", "channel_id": self.general, "is_ephemeral": message is None},
            "actions": [
                {
                    "type": "button",
                    "action_id": act,
                    "block_id": f"{entity}.1",
                    "value": entity,
                    "action_ts": "1548426417.840180",
                }
            ],
        }
        return payload | ({"message": message} if message else {}) | more, address

    def presses(self, who: str, act: str, entity: str, message: Json | None = None) -> Call:
        payload, address = self.pressing(who, act, entity, message)
        acknowledged(self.interact(payload))
        return self.answer(address)

    def opens(self, who: str, act: str, entity: str, message: Json | None = None) -> tuple[Json, str]:
        """Presses a button that asks for more: the dialog, and where its outcome is expected."""
        before = len(self.peer.called("views.open"))
        trigger = self.peer.trigger(self.accounts[who])
        payload, address = self.pressing(who, act, entity, message, trigger_id=trigger)
        acknowledged(self.interact(payload))
        opened = self.peer.called("views.open")[before:]
        assert [one.fields["trigger_id"] for one in opened] == [trigger]
        return dict(opened[0].json("view")), address

    def submitting(self, who: str, view: Json, **entered: Json) -> Json:
        return {
            "type": "view_submission",
            "team": {"id": TEAM, "domain": "acme"},
            "user": {"id": self.accounts[who], "username": who, "team_id": TEAM},
            "api_app_id": "A1",
            "token": "outdated",
            "trigger_id": f"{uuid4().int}.3",
            "view": {
                "id": "V1",
                "type": "modal",
                "callback_id": view["callback_id"],
                "private_metadata": view["private_metadata"],
                "state": {"values": {block: {block: told} for block, told in entered.items()}},
            },
            "response_urls": [],
        }

    def submits(self, who: str, view: Json, **entered: Json) -> Any:
        return self.interact(self.submitting(who, view, **entered))

    # Afterword's side

    def rest(self) -> None:
        """Until everything that was asked is in the log, which comes after its answer."""

        async def waiting() -> int:
            pending = WebhookDelivery.integration_id == self.integration["id"], WebhookDelivery.handled_at.is_(None)
            async with sessions_of(self.stack) as sessions, sessions.begin() as session:
                return (await session.execute(select(func.count()).where(*pending))).scalar_one()

        eventually(lambda: not asyncio.run(waiting()))

    def results(self, **filters: str) -> list[str]:
        """Of the requests, as the sync log tells, newest first."""
        path = f"/api/integrations/{self.integration['id']}/deliveries"
        listed = ok(self.stack.client().get(path, params={"limit": 100, **filters}))["items"]
        return [one["result"] for one in listed if one["direction"] == "IN"]


def acknowledged(answer: httpx.Response) -> None:
    assert (answer.status_code, answer.content) == (200, b""), answer.text


def message_with_buttons(entity: str, *acts: str) -> Json:
    """One of our messages as Slack gives it back."""
    return {
        "type": "message",
        "user": "UAFTERWORD",
        "bot_id": "B1",
        "ts": "1548261231.000200",
        "text": "Something to do",
        "blocks": [
            {"type": "section", "block_id": "head", "text": {"type": "mrkdwn", "text": "*Something to do*"}},
            {
                "type": "actions",
                "block_id": f"{entity}.1",
                "elements": [
                    {
                        "type": "button",
                        "action_id": act,
                        "value": entity,
                        "text": {"type": "plain_text", "text": act.capitalize(), "emoji": True},
                    }
                    for act in acts
                ],
            },
        ],
    }


def connected(stack: Stack, peer: SlackPeer, domain: str) -> Workspace:
    admin, secret = stack.client(), uuid4().hex
    users = peer.users()
    names = [one for one in users if users[one]["profile"]["email"].endswith(domain)]
    accounts = {one: users[one]["id"] for one in names}
    people = {
        one: stack.person(email=f"{one}@{domain}", name=one.capitalize())
        for one in names
        if one not in {"mallory", "afterword"}
    }
    body = {
        "kind": "slack",
        "name": f"Slack {secret[:6]}",
        "config": {"baseUrl": peer.url, "workspaceId": TEAM},
        "secrets": {"token": BOT_TOKEN, "webhookSecret": secret},
    }
    made = ok(admin.post("/api/integrations", json=body), 201)
    assert secret not in json.dumps(made)
    assert BOT_TOKEN not in json.dumps(made)
    return Workspace(stack, peer, made, secret, people, accounts, peer.channels()["general"])


@pytest.fixture(scope="module")
def workspace(stack: Stack, slack_peer: SlackPeer, slack_domain: str) -> Iterator[Workspace]:
    """Paused at the end: its Slack goes away, and whoever is told something later would wait for it."""
    made = connected(stack, slack_peer, slack_domain)
    yield made
    ok(stack.client().patch(f"/api/integrations/{made.integration['id']}", json={"enabled": False}))
