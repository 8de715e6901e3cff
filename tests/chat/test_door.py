"""Slack's endpoint: what is refused, duplicated, or ignored. Each answer comes within three seconds."""

import json
import time
from typing import Any
from urllib.parse import urlencode
from uuid import uuid4

import httpx
import pytest
from slack_sdk.signature import SignatureVerifier

from tests.api.writing import ok
from tests.chat.workspace import FORM, TEAM, Workspace, acknowledged
from tests.stack import eventually

JSON = "application/json"
CHALLENGE = json.dumps({"type": "url_verification", "challenge": "3eZbrw1aB", "token": "outdated"}).encode()


@pytest.fixture(autouse=True)
def rested(workspace: Workspace) -> None:
    """These look at the log, and the test before has written there."""
    workspace.rest()


def problem(answer: httpx.Response, status: int, code: str) -> None:
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json"), answer.text
    assert answer.json()["code"] == code


def recorded(workspace: Workspace) -> int:
    """How many requests were taken so far."""
    return len(workspace.results())


def test_what_slack_did_not_sign_is_refused(workspace: Workspace) -> None:
    raw, address = workspace.command_form("jane", "help")
    problem(workspace.send(raw, FORM, secret="another secret"), 401, "BadSignature")
    stamp = str(int(time.time()))
    for headers in (
        {},
        {"X-Slack-Request-Timestamp": stamp},
        {"X-Slack-Signature": "v0=" + "0" * 64},
        {"X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": "v0=" + "0" * 64},
        {"X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": ""},
        {"X-Slack-Request-Timestamp": "soon", "X-Slack-Signature": "v0=" + "0" * 64},
        {"X-Slack-Request-Timestamp": "9" * 400, "X-Slack-Signature": "v0=zz"},
    ):
        answer = httpx.post(workspace.url, content=raw, headers={"Content-Type": FORM, **headers}, timeout=30)
        problem(answer, 401, "BadSignature")
    assert not workspace.peer.answered(address)
    acknowledged(workspace.send(raw, FORM))
    workspace.answer(address)


def test_a_signature_is_of_this_body_and_this_time(workspace: Workspace) -> None:
    raw, _ = workspace.command_form("jane", "help")
    stamp = str(int(time.time()))
    signature = str(SignatureVerifier(workspace.secret).generate_signature(timestamp=stamp, body=raw))
    headers = {"Content-Type": FORM, "X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": signature}
    problem(httpx.post(workspace.url, content=raw + b"&text=x", headers=headers), 401, "BadSignature")
    later = {**headers, "X-Slack-Request-Timestamp": str(int(stamp) + 1)}
    problem(httpx.post(workspace.url, content=raw, headers=later), 401, "BadSignature")
    acknowledged(httpx.post(workspace.url, content=raw, headers=headers))


@pytest.mark.parametrize("seconds", [-86_400, -310, 310])
def test_an_old_signature_is_refused(workspace: Workspace, seconds: int) -> None:
    raw, _ = workspace.command_form("jane", "help")
    problem(workspace.send(raw, FORM, at=time.time() + seconds), 401, "BadSignature")
    acknowledged(workspace.send(raw, FORM, at=time.time() + seconds * 290 / abs(seconds)))


def test_a_replay_is_answered_once(workspace: Workspace) -> None:
    raw, address = workspace.command_form("jane", "help")
    for _ in range(3):
        acknowledged(workspace.send(raw, FORM))
    workspace.answer(address)
    after, second = workspace.command_form("jane", "help")
    acknowledged(workspace.send(after, FORM))
    workspace.answer(second)
    assert len(workspace.peer.answered(address)) == 1


def test_an_event_that_slack_sends_again_is_taken_once(workspace: Workspace) -> None:
    event_id = f"Ev{uuid4().hex[:10]}"
    event = {
        "type": "reaction_added",
        "user": workspace.accounts["jane"],
        "reaction": "eyes",
        "item": {"type": "message", "channel": workspace.general, "ts": "1360782400.498405"},
        "event_ts": "1360782804.083113",
    }
    before = recorded(workspace)
    acknowledged(workspace.event(event, event_id))
    acknowledged(workspace.event(event, event_id, X_Slack_Retry_Num="1", X_Slack_Retry_Reason="http_timeout"))
    eventually(lambda: recorded(workspace) == before + 1)
    assert workspace.results()[0] == "ignored"


def test_two_secrets_while_one_is_replaced(workspace: Workspace) -> None:
    path, fresh = f"/api/integrations/{workspace.integration['id']}", uuid4().hex
    admin = workspace.stack.client()
    raw, _ = workspace.command_form("jane", "help")
    problem(workspace.send(raw, FORM, secret=fresh), 401, "BadSignature")
    ok(admin.patch(path, json={"secrets": {"webhookSecret": f"{fresh}, {workspace.secret}"}}))
    for secret in (fresh, workspace.secret):
        raw, _ = workspace.command_form("jane", "help")
        acknowledged(workspace.send(raw, FORM, secret=secret))
    ok(admin.patch(path, json={"secrets": {"webhookSecret": workspace.secret}}))
    problem(workspace.send(raw, FORM, secret=fresh), 401, "BadSignature")


def test_a_connection_without_a_secret_takes_nothing(workspace: Workspace) -> None:
    body = {"kind": "slack", "name": "Half made", "config": {"baseUrl": workspace.peer.url}}
    admin = workspace.stack.client()
    made = ok(admin.post("/api/integrations", json=body), 201)
    raw, _ = workspace.command_form("jane", "help")
    half = Workspace(workspace.stack, workspace.peer, made, "", workspace.people, workspace.accounts, workspace.general)
    problem(half.send(raw, FORM, secret="x"), 401, "BadSignature")
    both = httpx.post(f"{workspace.stack.url}/api/webhooks/slack", content=raw, headers={"Content-Type": FORM})
    problem(both, 409, "AmbiguousConnection")
    ok(admin.patch(f"/api/integrations/{made['id']}", json={"enabled": False}))
    problem(half.send(raw, FORM, secret="x"), 401, "BadSignature")


def test_a_paused_connection_does_nothing_until_it_goes_on(workspace: Workspace) -> None:
    """A command and a button; what came meanwhile is not done later."""
    path, admin = f"/api/integrations/{workspace.integration['id']}", workspace.stack.client()
    raw, address = workspace.command_form("jane", "help")
    payload, elsewhere = workspace.pressing("jane", "open", "pm_nothing")
    before = workspace.results().count("paused")
    ok(admin.patch(path, json={"enabled": False}))
    try:
        problem(workspace.send(raw, FORM, secret="another secret"), 401, "BadSignature")
        for _ in range(2):
            acknowledged(workspace.send(raw, FORM))
        acknowledged(workspace.interact(payload))
        assert workspace.results().count("paused") == before + 2
        assert ok(workspace.send(CHALLENGE, JSON)) == {"challenge": "3eZbrw1aB"}
    finally:
        ok(admin.patch(path, json={"enabled": True}))
    acknowledged(workspace.send(raw, FORM))
    workspace.says("jane", "help")
    assert workspace.results().count("paused") == before + 2
    assert not workspace.peer.answered(address)
    assert not workspace.peer.answered(elsewhere)


def test_a_connection_that_was_given_up_is_gone(workspace: Workspace) -> None:
    secret, admin = uuid4().hex, workspace.stack.client()
    body = {"kind": "slack", "name": "Left", "config": {"baseUrl": workspace.peer.url}}
    made = ok(admin.post("/api/integrations", json={**body, "secrets": {"webhookSecret": secret}}), 201)
    raw, address = workspace.command_form("jane", "help")
    left = Workspace(
        workspace.stack, workspace.peer, made, secret, workspace.people, workspace.accounts, workspace.general
    )
    ok(admin.delete(f"/api/integrations/{made['id']}"))
    problem(left.send(raw, FORM), 410, "WebhookNotWanted")
    assert not workspace.peer.answered(address)


def test_slack_asks_whether_the_address_is_ours(workspace: Workspace) -> None:
    problem(workspace.send(CHALLENGE, JSON, secret="another secret"), 401, "BadSignature")
    assert ok(workspace.send(CHALLENGE, JSON)) == {"challenge": "3eZbrw1aB"}


ODD_FORMS = [
    b"",
    b"payload=",
    b"payload=%7B",
    b"payload=[1]",
    b"payload=null",
    b"command=/afterword",
    b"a=%FF%00",
    b"a=1",
]
ODD_EVENTS: list[Any] = [
    b"{",
    b"",
    b"null",
    b"[]",
    {"type": "event_callback"},
    {"type": "event_callback", "event_id": "Ev1", "team_id": TEAM, "event": {"type": 4}},
    {"type": "event_callback", "event_id": "Ev1", "team_id": TEAM, "event": {"type": "reaction_added"}},
    {"type": "event_callback", "event_id": "Ev1", "team_id": TEAM, "event": {"type": "link_shared", "links": "x"}},
    {"type": "event_callback", "event_id": "../..", "team_id": TEAM, "event": {"type": "link_shared"}},
    b'{"a":' * 60_000 + b"1" + b"}" * 60_000,
    b'{"type": "event_callback", "event_id": "\\ud800"}',
]


@pytest.mark.parametrize("raw", ODD_FORMS, ids=range(len(ODD_FORMS)))
def test_a_form_of_another_shape_is_refused(workspace: Workspace, raw: bytes) -> None:
    problem(workspace.send(raw, FORM), 400, "MalformedWebhook")


@pytest.mark.parametrize("told", ODD_EVENTS, ids=range(len(ODD_EVENTS)))
def test_an_event_of_another_shape_is_refused(workspace: Workspace, told: Any) -> None:
    raw = told if isinstance(told, bytes) else json.dumps(told).encode()
    problem(workspace.send(raw, JSON), 400, "MalformedWebhook")


@pytest.mark.parametrize(
    "change",
    [
        {"trigger_id": None},
        {"user": {}},
        {"team": None, "user": {"id": "U1"}},
        {"actions": "x"},
        {"message": {"ts": "soon"}, "container": {}},
        {"type": "message_action"},
        {"type": "view_submission"},
        {"user": {"id": "U1\u0000", "team_id": TEAM}},
    ],
    ids=str,
)
def test_an_interaction_of_another_shape_is_refused(workspace: Workspace, change: Any) -> None:
    payload, _ = workspace.pressing("jane", "APPROVE", "pm_x")
    problem(workspace.interact({**payload, **change}), 400, "MalformedWebhook")


def test_what_we_do_not_know_is_taken_and_not_used(workspace: Workspace) -> None:
    before = recorded(workspace)
    acknowledged(workspace.event({"type": "app_home_opened", "user": "U1"}))
    for subtype in ("message_changed", "message_deleted"):
        acknowledged(workspace.event({"type": "message", "subtype": subtype, "channel": workspace.general}))
    acknowledged(workspace.send(json.dumps({"type": "app_rate_limited"}).encode(), JSON))
    acknowledged(workspace.send(b"ssl_check=1&token=x", FORM))
    payload, _ = workspace.pressing("jane", "open_link", "pm_x")
    acknowledged(workspace.interact({**payload, "type": "block_suggestion"}))
    acknowledged(workspace.interact({**payload, "actions": []}))
    assert recorded(workspace) == before


def test_another_workspace_is_not_heard(workspace: Workspace) -> None:
    raw, address = workspace.command_form("jane", "help")
    acknowledged(workspace.send(raw.replace(TEAM.encode(), b"T000000009"), FORM))
    acknowledged(workspace.send(raw, FORM))
    workspace.answer(address)
    assert len(workspace.peer.answered(address)) == 1


def test_answers_go_to_slack_alone(workspace: Workspace) -> None:
    raw, address = workspace.command_form("jane", "help")
    elsewhere = (
        urlencode({"response_url": address}).encode(),
        urlencode({"response_url": "http://127.0.0.2/x"}).encode(),
    )
    before = len(workspace.peer.called("chat.postEphemeral"))
    acknowledged(workspace.send(raw.replace(*elsewhere), FORM))
    eventually(lambda: len(workspace.peer.called("chat.postEphemeral")) == before + 1)
    assert not workspace.peer.answered(address)


def test_nothing_of_it_is_told_in_the_log(workspace: Workspace) -> None:
    raw, address = workspace.command_form("jane", "status 'the secret words'")
    acknowledged(workspace.send(raw, FORM))
    workspace.answer(address)
    for part in ("api", "worker"):
        log = workspace.stack.log(part)
        for word in (workspace.secret, "the secret words", address, "xoxb-"):
            assert word not in log
    assert '"slack request recorded"' in workspace.stack.log("api")
    assert '"slack request answered"' in workspace.stack.log("worker")
