"""People with a browser, without a browser: httpx with cookies, filling in the forms it was shown."""

import re
from dataclasses import dataclass
from html import unescape
from typing import Any

import httpx

from tests.stack import ADMIN_TOKEN, NO_TLS, Person, Stack

HTML = {"Accept": "text/html,application/xhtml+xml"}
HEADING = re.compile(r"<h1>.*?</p>", re.DOTALL)
"""Of an error page, with the sentence below it."""


@dataclass(slots=True)
class Visitor:
    http: httpx.Client

    def get(self, path: str, status: int = 200) -> str:
        answer = self.http.get(path)
        assert answer.status_code == status, f"{path}: {answer.status_code} {answer.text[:500]}"
        return answer.text

    def hidden(self, path: str) -> dict[str, str]:
        """The tokens of the forms on that page."""
        page = self.get(path)
        found = {name: re.search(rf'name="{name}" value="([^"]*)"', page) for name in ("csrf", "key")}
        return {name: match[1] for name, match in found.items() if match}

    def send(self, path: str, on: str, **fields: str) -> httpx.Response:
        """Sends a form that stands on the page ``on``."""
        return self.http.post(path, data=self.hidden(on) | fields)

    def done(self, path: str, on: str, **fields: str) -> str:
        """As :meth:`send`, and it worked: where it leads to."""
        answer = self.send(path, on, **fields)
        assert answer.status_code == 303, f"{answer.status_code}: {told(answer.text) or HEADING.findall(answer.text)}"
        return str(answer.headers["location"])


def stranger(stack: Stack) -> Visitor:
    client = httpx.Client(base_url=stack.url, headers=HTML, timeout=30, verify=NO_TLS)
    stack.clients.append(client)
    return Visitor(client)


def visitor(stack: Stack, person: Person | None = None) -> Visitor:
    """Signed in with the person's API token, or as the administrator."""
    token = person.http.headers["Authorization"].removeprefix("Bearer ") if person else ADMIN_TOKEN
    visit = stranger(stack)
    assert visit.done("/sign-in", "/sign-in", token=token) == "/"
    return visit


def sign_in_link(stack: Stack, name: str) -> str:
    return stack.run(f"sign-in-link {name}").strip()


def told(page: str) -> list[str]:
    """What a page says in its refusals and checklists, reason by reason."""
    boxes = re.findall(r'<div class="(?:refusal|checklist)".*?</div>', page, flags=re.DOTALL)
    return [unescape(re.sub(r"<[^>]+>", "", one)).strip() for box in boxes for one in re.findall(r"<li>.*?</li>", box)]


def buttons(page: str) -> set[str]:
    """What the page offers to do, without what opens the command palette, which every page has."""
    found = re.findall(r"<button(?![^>]* data-palette)[^>]*>(.*?)</button>", page, flags=re.DOTALL)
    return {unescape(one).strip() for one in found}


def fields_of(page: str) -> dict[str, Any]:
    """What the editor was shown, as a browser would send it back."""
    sent = {unescape(n): unescape(v) for n, v in re.findall(r'name="(base\.[^"]+)" value="([^"]*)"', page)}
    for name, text in re.findall(r'<textarea id="[^"]*" name="([^"]+)"[^>]*>\n?(.*?)</textarea>', page, re.DOTALL):
        sent[name] = unescape(text)
    return sent
