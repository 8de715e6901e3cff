"""OpenID Connect as a process: the npm package ``oidc-provider``, which is certified for its profiles."""

import html
import json
import re
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import httpx
import pytest

from runtime.processes import spawn
from tests.cli.running import free_port
from tests.peers.npm import NODE, installed

PACKAGE, VERSION = "oidc-provider", "9.5.2"
CLIENT_ID, CLIENT_SECRET = "afterword", "a-secret+of/the client%"


@dataclass(slots=True)
class OidcProvider:
    """A running provider; ``people`` are claims by subject."""

    issuer: str
    seed_file: Path
    clients: list[dict[str, Any]]
    people: dict[str, dict[str, Any]] = field(default_factory=dict)

    def has(self, subject: str, **claims: Any) -> None:
        """From now on, that is what it says about that person."""
        self.people[subject] = claims
        write(self.seed_file, self.clients, self.people)

    def answer(self, start: str, subject: str, browser: httpx.Client | None = None) -> str:
        """Signs in there from the address where Afterword sends people; the address where it sends them back."""
        with (
            httpx.Client(trust_env=False, verify=False, timeout=30) if browser is None else nullcontext(browser) as one
        ):
            at = one.get(start)
            for _ in range(12):
                if at.is_redirect:
                    target = urljoin(str(at.request.url), at.headers["Location"])
                    if not target.startswith(self.issuer):
                        return target
                    at = one.get(target)
                else:
                    assert at.status_code == 200, at.text
                    action, filled = _form(at, subject)
                    at = one.post(action, data=filled)
        raise AssertionError(f"the provider did not send anyone back: {at.text[:500]}")

    def end_session(self, browser: httpx.Client) -> None:
        """Signs out there, and not at Afterword."""
        asked = browser.get(f"{self.issuer}/session/end")
        found = re.search(r'name="xsrf" value="([^"]+)"', asked.text)
        assert found, asked.text
        sent = browser.post(f"{self.issuer}/session/end/confirm", data={"xsrf": found[1], "logout": "yes"})
        assert sent.is_redirect, sent.text


def _form(page: httpx.Response, subject: str) -> tuple[str, Any]:
    action = re.search(r'<form[^>]*action="([^"]+)"', page.text)
    assert action, page.text
    hidden = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page.text))
    filled = hidden | ({"login": subject, "password": "any"} if hidden["prompt"] == "login" else {})
    return urljoin(str(page.request.url), html.unescape(action[1])), filled


def write(file: Path, clients: list[dict[str, Any]], people: Mapping[str, Mapping[str, Any]]) -> None:
    draft = file.with_suffix(".new")
    draft.write_text(json.dumps({"clients": clients, "people": people}))
    draft.rename(file)


@contextmanager
def running_provider(home: Path, *redirect_uris: str, signed_out: str) -> Iterator[OidcProvider]:
    """``redirect_uris`` are those of its one client, and ``signed_out`` where it sends people afterwards."""
    home.mkdir(parents=True, exist_ok=True)
    client = {
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        "redirect_uris": list(redirect_uris),
        "post_logout_redirect_uris": [signed_out],
        "token_endpoint_auth_method": "client_secret_post",
        "backchannel_logout_uri": redirect_uris[0].replace("/callback", "/back-channel-logout"),
        "backchannel_logout_session_required": True,
    }
    process, issuer = _started(home, [client])
    try:
        yield OidcProvider(issuer, home / "seed.json", [client])
    finally:
        process.terminate()
        process.wait(10)


def _started(home: Path, clients: list[dict[str, Any]]) -> tuple["subprocess.Popen[bytes]", str]:
    folder, script = installed(PACKAGE, VERSION), Path(__file__).with_name("provider.mjs")
    write(home / "seed.json", clients, {})
    for _ in range(3):  # somebody else may take the port first
        port = free_port()
        command = [NODE, script, folder, home / "seed.json", str(port)]
        process = spawn(command, log=home / "log", env={"HOME": str(home), "NO_COLOR": "1"}, cwd=home)
        if _answers(process, f"http://localhost:{port}"):
            return process, f"http://localhost:{port}"
        process.kill()
        process.wait()
    pytest.fail(f"{PACKAGE} {VERSION} did not start:\n{(home / 'log').read_text()[-2000:]}", pytrace=False)


def _answers(process: "subprocess.Popen[bytes]", issuer: str) -> bool:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and process.poll() is None:
        try:
            httpx.get(f"{issuer}/.well-known/openid-configuration", trust_env=False, verify=False)
        except httpx.TransportError:
            time.sleep(0.05)
        else:
            return True
    return False
