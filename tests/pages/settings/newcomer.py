"""An Afterword that nobody has used yet, what it is connected with, and the browsers of those who set it up."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, expect

from tests.cli.running import free_port
from tests.pages.readable import faults
from tests.peers.github import GithubPeer
from tests.peers.oidc.npm_provider import CLIENT_ID, CLIENT_SECRET, OidcProvider, running_provider
from tests.peers.slack import SlackPeer
from tests.servers import servers
from tests.stack import Stack, shared_stack


@dataclass(slots=True)
class Empty:
    """Nothing but what ``afterword up`` makes: no demo data, no bootstrap token, no administrator."""

    stack: Stack
    provider: OidcProvider
    github: GithubPeer
    slack: SlackPeer
    browser: Browser
    wrong: list[str] = field(default_factory=list)
    """What the browsers complained about."""

    @contextmanager
    def someone(self) -> Iterator[Page]:
        """A browser of somebody's own, who isn't signed in."""
        context = self.browser.new_context(viewport={"width": 1280, "height": 900}, reduced_motion="reduce")
        page = context.new_page()
        page.on("console", lambda said: self._hear(page, said))
        page.on("pageerror", lambda error: self.wrong.append(str(error)))
        page.goto(self.stack.url)
        yield page
        context.close()

    def _hear(self, page: Page, said: ConsoleMessage) -> None:
        """Only of our pages: those of the provider want a font from the internet."""
        if said.type in {"error", "warning"} and page.url.startswith(self.stack.url):
            self.wrong.append(said.text)

    def through_the_provider(self, page: Page, subject: str) -> None:
        """Signs in at the provider, and agrees to what it asks."""
        page.get_by_role("link", name="Sign in with Keycloak").click()
        page.wait_for_url(f"{self.provider.issuer}/**")
        page.locator("input[name=login]").fill(subject)
        page.locator("input[name=password]").fill("any")
        page.locator("button[type=submit]").click()
        page.locator("input[name=prompt][value=consent]").wait_for(state="attached")
        page.locator("button[type=submit]").click()
        page.wait_for_url(f"{self.stack.url}/**")


@contextmanager
def new_installation(folder: Path, browser: Browser, slack: SlackPeer) -> Iterator[Empty]:
    port, github = free_port(), GithubPeer()
    url = f"http://127.0.0.1:{port}"
    back, signed_out = f"{url}/sign-in/keycloak/callback", f"{url}/sign-in"
    with github.running(), running_provider(folder / "keycloak", back, signed_out=signed_out) as provider:
        settings = {
            "AFTERWORD_BOOTSTRAP_TOKEN": "",
            "AFTERWORD_OIDC__KEYCLOAK__ISSUER": provider.issuer,
            "AFTERWORD_OIDC__KEYCLOAK__CLIENT_ID": CLIENT_ID,
            "AFTERWORD_OIDC__KEYCLOAK__CLIENT_SECRET": CLIENT_SECRET,
            "AFTERWORD_OIDC__KEYCLOAK__TRUSTED": "1",
        }
        database = servers().database()
        with shared_stack(api_port=port, settings=settings, shared_database=database) as stack:
            assert stack.api_port == port, "another process took the port in the moment before its use: run it again"
            yield Empty(stack, provider, github, slack, browser)


def heading(page: Page, title: str) -> Locator:
    return page.get_by_role("heading", level=1, name=title, exact=True)


def look(page: Page, shown: Locator) -> None:
    """The page that shows this, and the last one didn't, is labeled, readable, and no wider than its window."""
    expect(shown).to_be_visible()
    assert faults(page) == [], urlsplit(page.url).path


def open_settings(page: Page, entry: str) -> None:
    """From anywhere, as people find it."""
    page.locator(".menu summary").click()
    page.locator(".menu").get_by_role("link", name="Settings", exact=True).click()
    page.get_by_role("main").get_by_role("link", name=re.compile(f"^{entry}")).click()
    menu = page.get_by_role("navigation", name="Settings")
    look(page, menu.locator("[aria-current=page]", has_text=entry))
