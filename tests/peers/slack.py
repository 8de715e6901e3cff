"""Slack as a process: the npm package ``emulate`` (https://github.com/vercel-labs/emulate), behind a gate of our own.

emulate 0.12.2 takes malformed blocks, knows no ``chat.unfurl``, sends no events, and has no answering addresses. So the
gate judges every block and view by ``slack_sdk``'s own models before it passes a call on, plays what is missing, and
gives answers that a test asks for (limits, revoked tokens).
"""

import itertools
import json
import os
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import httpx
import pytest
from slack_sdk.models.blocks import Block
from slack_sdk.models.views import View

from integrations.slack.settings import SCOPES
from runtime.processes import spawn
from tests.cli.running import free_port
from tests.peers.emulate import PACKAGE, VERSION, _answers
from tests.peers.npm import NODE, installed

Json = dict[str, Any]
BOT_TOKEN = "xoxb-emulated-token-of-afterword"
USER_TOKEN = "xoxp-emulated-token-of-somebody"
MESSAGE_LIMIT, MODAL_LIMIT = 50, 100


class Misshapen(Exception):
    """What Slack itself would refuse."""


def judged(blocks: list[Json], limit: int = MESSAGE_LIMIT) -> None:
    """Raises :class:`Misshapen` unless ``slack_sdk`` reads each block, finds it within Slack's limits, and writes it
    again as it was: it drops silently what it does not know."""
    if len(blocks) > limit:
        raise Misshapen(f"{len(blocks)} blocks")
    ids = [one["block_id"] for one in blocks if one.get("block_id")]
    if len(ids) != len(set(ids)):
        raise Misshapen("two blocks of one id")
    for one in blocks:
        parsed = Block.parse(json.loads(json.dumps(one)))
        if parsed is None:
            raise Misshapen(f"no such block: {one.get('type')}")
        try:
            again = parsed.to_dict()
        except Exception as error:
            raise Misshapen(f"{one.get('type')}: {error}") from error
        if again != one:
            raise Misshapen(f"slack_sdk reads {one} as {again}")


def judged_view(view: Json) -> None:
    try:
        again = View(**json.loads(json.dumps(view))).to_dict()
    except Exception as error:
        raise Misshapen(f"view: {error}") from error
    judged(view["blocks"], MODAL_LIMIT)
    if again != view:
        raise Misshapen(f"slack_sdk reads {view} as {again}")


@dataclass(frozen=True, slots=True)
class Call:
    """A call of the Web API, or a post to an answering address (``method`` is its path)."""

    method: str
    fields: Json

    def json(self, name: str) -> Any:
        value = self.fields.get(name)
        return json.loads(value) if isinstance(value, str) else value

    @property
    def words(self) -> str:
        """Everything that people would read of it."""
        return json.dumps({name: self.json(name) for name in ("blocks", "unfurls", "view") if name in self.fields}) + (
            str(self.fields.get("text", ""))
        )


@dataclass(frozen=True, slots=True)
class Scripted:
    """An answer for the next call of a method."""

    status: int
    body: Json
    headers: dict[str, str] = field(default_factory=dict)
    delay: float = 0.0


@dataclass(slots=True)
class SlackPeer:
    """``url`` is what ``config.baseUrl`` takes."""

    url: str
    behind: str
    calls: list[Call] = field(default_factory=list)
    misshapen: list[str] = field(default_factory=list)
    scripted: dict[str, list[Scripted]] = field(default_factory=dict)
    files: dict[str, tuple[str, bytes]] = field(default_factory=dict)
    """By their paths: type and content, for whoever has the bot's token; others get a page to sign in."""
    over: threading.Event = field(default_factory=threading.Event)
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    # What tests do, as people in Slack

    def api(self, method: str, token: str = USER_TOKEN, **fields: Any) -> Json:
        """A call past the gate; raises for an answer that is not ok."""
        with httpx.Client(base_url=self.behind, trust_env=False, verify=False) as client:
            headers = {"Authorization": f"Bearer {token}"}
            told: Json = client.post(f"/api/{method}", data=fields, headers=headers).json()
        assert told.get("ok"), f"{method}: {told}"
        return told

    def users(self) -> dict[str, Json]:
        return {one["name"]: one for one in self.api("users.list")["members"]}

    def channels(self) -> dict[str, str]:
        listed = self.api("conversations.list", types="public_channel,private_channel", limit=100)["channels"]
        return {one["name"]: one["id"] for one in listed}

    def new_channel(self, name: str, *, private: bool = False) -> str:
        """With everybody in it, the app too."""
        made = self.api("conversations.create", name=name, is_private=str(private).lower())["channel"]["id"]
        others = ",".join(one["id"] for one in self.users().values() if one["id"] != self.api("auth.test")["user_id"])
        self.api("conversations.invite", channel=made, users=others)
        return str(made)

    def say(self, channel: str, text: str, token: str = USER_TOKEN) -> str:
        return str(self.api("chat.postMessage", token, channel=channel, text=text)["ts"])

    def trigger(self, user: str) -> str:
        return str(self.api("views.generateTriggerId", BOT_TOKEN, user_id=user)["trigger_id"])

    def answering_address(self) -> str:
        return f"{self.url}/response/{next(self.numbers)}"

    # What came

    def called(self, method: str) -> list[Call]:
        return [one for one in self.calls if one.method == method]

    def answered(self, address: str) -> list[Call]:
        return self.called(address.removeprefix(self.url))

    # The gate

    def take(self, path: str, headers: dict[str, str], body: bytes) -> Scripted:
        if path.startswith("/response/"):
            call = Call(path, json.loads(body))
        else:
            call = Call(path.removeprefix("/api/"), dict(parse_qsl(body.decode(), keep_blank_values=True)))
        self.calls.append(call)
        if waiting := self.scripted.get(call.method):
            return waiting.pop(0)
        try:
            self.judge(call)
        except Misshapen as problem:
            self.misshapen.append(f"{call.method}: {problem}")
            return Scripted(200, {"ok": False, "error": "invalid_blocks", "response_metadata": {}})
        if path.startswith("/response/"):
            return Scripted(200, {"ok": True})
        if call.method == "chat.unfurl":
            return Scripted(200, {"ok": True})
        with httpx.Client(base_url=self.behind, trust_env=False, verify=False) as client:
            kept = {name: headers[name] for name in headers if name.lower() in {"authorization", "content-type"}}
            answer = client.post(path, content=body, headers=kept)
        return Scripted(answer.status_code, answer.json())

    def judge(self, call: Call) -> None:
        if blocks := call.json("blocks"):
            judged(blocks)
        for one in (call.json("unfurls") or {}).values():
            judged(one["blocks"])
        if view := call.json("view"):
            judged_view(view)


def slack_seed(names: list[str], domain: str) -> Json:
    """A workspace with these people (``<name>@<domain>``), our bot, and the channel ``general``."""
    bot = {
        "token": BOT_TOKEN,
        "type": "bot",
        "user": "afterword",
        "scopes": list(SCOPES),
        "app_id": "A1",
        "bot_id": "B1",
    }
    person = {"token": USER_TOKEN, "type": "user", "user": names[0], "app_id": "A2"}
    users = [{"name": one, "real_name": one.capitalize(), "email": f"{one}@{domain}"} for one in [*names, "afterword"]]
    channels = [{"name": "general"}]
    slack = {"users": users, "channels": channels, "tokens": [bot, person], "strict_scopes": True}
    return {"slack": slack}


@pytest.fixture(scope="module")
def slack_people() -> list[str]:
    """Whose accounts the workspace has; a module may say others."""
    return ["jane", "bob", "alice", "mallory"]


@pytest.fixture(scope="module")
def slack_domain() -> str:
    return f"w{os.urandom(4).hex()}.example"


@pytest.fixture(scope="module")
def slack_peer(
    tmp_path_factory: pytest.TempPathFactory, slack_people: list[str], slack_domain: str
) -> Iterator[SlackPeer]:
    home = tmp_path_factory.mktemp("slack")
    (home / "seed.json").write_text(json.dumps(slack_seed(slack_people, slack_domain)))
    process, behind = _started(home)
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Gate)
    peer = SlackPeer(f"http://localhost:{server.server_port}", behind)
    server.peer = peer  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield peer
        assert not peer.misshapen, peer.misshapen
    finally:
        peer.over.set()
        server.shutdown()
        thread.join()
        server.server_close()
        process.terminate()
        process.wait(10)


class _Gate(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        peer: SlackPeer = self.server.peer  # type: ignore[attr-defined]
        sent = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        answer = peer.take(self.path, dict(self.headers.items()), sent)
        peer.over.wait(answer.delay)
        body = json.dumps(answer.body).encode()
        try:
            self.send_response(answer.status)
            for name, value in {"Content-Type": "application/json", **answer.headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
        except OSError:
            return  # whoever asked did not wait

    def do_GET(self) -> None:
        peer: SlackPeer = self.server.peer  # type: ignore[attr-defined]
        known = self.headers.get("Authorization") == f"Bearer {BOT_TOKEN}"
        kind, content = peer.files.get(self.path, ("", b"")) if known else ("", b"")
        kind, content = (kind, content) if kind else ("text/html", b"<html>Sign in</html>")
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *what: object) -> None:
        pass


def _started(home: Path) -> tuple[Any, str]:
    command = installed(PACKAGE, VERSION) / "dist" / "index.js"
    for _ in range(3):  # somebody else may take the port first
        port = free_port()
        arguments = ["start", "--service", "slack", "--port", str(port), "--seed", "seed.json"]
        environment = {"PATH": os.environ.get("PATH", ""), "HOME": str(home), "NO_COLOR": "1"}
        process = spawn([NODE, command, *arguments], log=home / "log", env=environment, cwd=home)
        url = f"http://localhost:{port}"
        if _answers(process, url):
            return process, url
        process.kill()
        process.wait()
    pytest.fail(f"emulate {VERSION} did not start:\n{(home / 'log').read_text()[-2000:]}", pytrace=False)
