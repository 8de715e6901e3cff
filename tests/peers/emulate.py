"""GitHub as a process: the npm package ``emulate`` (https://github.com/vercel-labs/emulate), stateful, with webhooks.

Known to differ from GitHub (0.12.2): a token that it does not know acts as the first account; a webhook gets every
event whatever it subscribed to; delivery ids count from 1; ``state_reason`` ``duplicate`` is dropped; the list of
issues holds no pull requests; instants have milliseconds; a repository's ``permissions`` follow the account's role.
Deliveries are sent beside the answer, not before it, and never repeated.
"""

import itertools
import json
import os
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from runtime.processes import spawn
from tests.cli.running import free_port
from tests.peers.npm import NODE, installed

PACKAGE = "emulate"
VERSION = "0.12.2"
OWNER = "acme"
ACCOUNT, TOKEN = "afterword-bot", "emulated-token-of-afterword-bot"
OTHER_ACCOUNT, OTHER_TOKEN = "jane", "emulated-token-of-jane"
SEED = {
    "tokens": {
        TOKEN: {"login": ACCOUNT, "scopes": ["repo", "user"]},
        OTHER_TOKEN: {"login": OTHER_ACCOUNT, "scopes": ["repo", "user"]},
    },
    "github": {
        "users": [{"login": ACCOUNT, "name": "Afterword"}, {"login": OTHER_ACCOUNT, "name": "Jane"}],
        "orgs": [
            {
                "login": OWNER,
                "members": [{"login": ACCOUNT, "role": "admin"}, {"login": OTHER_ACCOUNT, "role": "admin"}],
            }
        ],
    },
}

Json = dict[str, object]
Issue = int | str
"""Its number, or its key such as ``acme/repo-1#1``."""


@dataclass(frozen=True, slots=True)
class EmulatedGithub:
    """One fresh repository of an emulated GitHub, our account and somebody else's (``jane``)."""

    url: str
    """API and web address: what ``config.baseUrl`` takes."""
    repository: str
    """``acme/...``: what ``config.repository`` takes."""
    token: str = TOKEN
    account: str = ACCOUNT
    other_token: str = OTHER_TOKEN
    other_account: str = OTHER_ACCOUNT

    def request(self, method: str, path: str, body: object = None, token: str = OTHER_TOKEN) -> httpx.Response:
        """Any call of the REST API; raises for an answer that is not 2xx."""
        headers = {"Authorization": f"Bearer {token}"}
        # no proxy, and no TLS, whose set-up takes 30 ms a request
        with httpx.Client(base_url=self.url, headers=headers, trust_env=False, verify=False) as client:
            return client.request(method, path, json=body).raise_for_status()

    def add_webhook(self, url: str, secret: str) -> int:
        """Sends this repository's events to ``url``, signed with ``secret``; the answer is the hook's id."""
        config = {"url": url, "content_type": "json", "secret": secret}
        body = {"name": "web", "active": True, "events": ["issues"], "config": config}
        return int(self.request("POST", f"/repos/{self.repository}/hooks", body).json()["id"])

    def remove_webhook(self, hook: int) -> None:
        self.request("DELETE", f"/repos/{self.repository}/hooks/{hook}")

    def ping_webhook(self, hook: int) -> None:
        self.request("POST", f"/repos/{self.repository}/hooks/{hook}/pings")

    def issues(self) -> list[Json]:
        """Every issue of the repository, open and closed, newest first."""
        found: list[Json] = self.request("GET", f"/repos/{self.repository}/issues?state=all&per_page=100").json()
        return found

    def issue(self, issue: Issue) -> Json:
        found: Json = self.request("GET", self._path(issue)).json()
        return found

    def _path(self, issue: Issue) -> str:
        return f"/repos/{self.repository}/issues/{str(issue).rpartition('#')[2]}"

    def open_issue(self, title: str, body: str = "", token: str = OTHER_TOKEN) -> Json:
        """An issue that jane opens."""
        made: Json = self.request(
            "POST", f"/repos/{self.repository}/issues", {"title": title, "body": body}, token
        ).json()
        return made

    def edit_issue(self, issue: Issue, **fields: object) -> None:
        """jane edits an issue: ``title``, ``body``, ``assignees``, ``labels``, ``state``, ``state_reason``."""
        self.request("PATCH", self._path(issue), fields)

    def close_issue(self, issue: Issue, reason: str = "completed") -> None:
        """jane closes an issue, as ``completed`` or ``not_planned``."""
        self.edit_issue(issue, state="closed", state_reason=reason)

    def reopen_issue(self, issue: Issue) -> None:
        """jane reopens an issue."""
        self.edit_issue(issue, state="open")


class EmulatedGithubServer:
    """A running emulate; :meth:`new_repository` gives each test its own corner."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._numbers = itertools.count(1)

    def new_repository(self) -> EmulatedGithub:
        github = EmulatedGithub(self.url, f"{OWNER}/repo-{next(self._numbers)}")
        github.request("POST", f"/orgs/{OWNER}/repos", {"name": github.repository.partition("/")[2]}, TOKEN)
        return github


@pytest.fixture(scope="session")
def emulate_github_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmulatedGithubServer]:
    """One process for the session (per xdist worker)."""
    command = installed(PACKAGE, VERSION) / "dist" / "index.js"
    home = tmp_path_factory.mktemp("emulate")
    (home / "seed.json").write_text(json.dumps(SEED))
    process, url = started(command, home)
    try:
        yield EmulatedGithubServer(url)
    finally:
        process.terminate()
        process.wait(10)


@pytest.fixture
def emulate_github(emulate_github_server: EmulatedGithubServer) -> EmulatedGithub:
    """A fresh repository for one test."""
    return emulate_github_server.new_repository()


def started(command: Path, home: Path, service: str = "github") -> tuple["subprocess.Popen[bytes]", str]:
    for _ in range(3):  # somebody else may take the port first
        port = free_port()
        arguments = ["start", "--service", service, "--port", str(port), "--seed", "seed.json"]
        environment = {"PATH": os.environ.get("PATH", ""), "HOME": str(home), "NO_COLOR": "1"}
        process = spawn([NODE, command, *arguments], log=home / "log", env=environment, cwd=home)
        url = f"http://localhost:{port}"
        if _answers(process, url):
            return process, url
        process.kill()
        process.wait()
    pytest.fail(f"emulate {VERSION} did not start:\n{(home / 'log').read_text()[-2000:]}", pytrace=False)


def _answers(process: "subprocess.Popen[bytes]", url: str) -> bool:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and process.poll() is None:
        try:
            httpx.get(f"{url}/rate_limit", trust_env=False, verify=False)
        except httpx.TransportError:
            time.sleep(0.05)
        else:
            return True
    return False
