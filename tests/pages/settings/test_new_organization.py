"""A new organization sets up Afterword with browsers alone, and then writes its first postmortem."""

import re
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Browser, Page, expect

from tests.api.writing import ok
from tests.chat.workspace import TEAM
from tests.pages.settings.newcomer import Empty, heading, look, new_installation, open_settings
from tests.peers.github.repository import HERE, SECRET, TOKEN
from tests.peers.slack import BOT_TOKEN, SlackPeer
from tests.stack import NO_TLS, eventually

TITLE = "Payments were refused"
CATEGORY = "Capacity limit"
REFUSED = "the server responded with a status of 403"
"""What Chromium says of the sign-in that an administrator has to confirm first; not a fault."""


@pytest.fixture(scope="module")
def slack_people() -> list[str]:
    return ["ada", "lena", "olga"]


@pytest.fixture(scope="module")
def slack_domain() -> str:
    return "acme.example"


@pytest.fixture
def empty(tmp_path: Path, browser: Browser, slack_peer: SlackPeer) -> Iterator[Empty]:
    with new_installation(tmp_path, browser, slack_peer) as one:
        yield one


def test_from_the_first_page_to_the_first_published_postmortem(empty: Empty) -> None:
    for name in ("Ada Lovelace", "Lena Lead", "Olga Okta"):
        subject = name.split()[0].lower()
        empty.provider.has(subject, email=f"{subject}@acme.example", email_verified=True, name=name)
    with ExitStack() as browsers:
        ada, olga, lena = (browsers.enter_context(empty.someone()) for _ in range(3))
        set_up(empty, ada)
        join_as_member(empty, olga)
        link_own_account(empty, ada)
        add_people_team_and_service(ada)
        connect_github(empty, ada)
        connect_slack(empty, ada)
        choose_channel(empty, ada)
        make_policy(ada)
        make_template(ada)
        add_category(ada)
        report_incident(empty, create_token(ada))
        ada.goto(empty.stack.url)
        expect(ada.get_by_role("heading", name="Get started")).to_be_hidden()
        lena.goto(empty.stack.url)
        empty.through_the_provider(lena, "lena")
        write_up(lena)
        review(olga)
        publish(lena)
        create_ticket(empty, lena)
        see_what_happened(ada)
    assert [one for one in empty.wrong if REFUSED not in one] == []


def set_up(empty: Empty, page: Page) -> None:
    look(page, heading(page, "Set up Afterword"))
    page.get_by_label("Setup code").fill(empty.stack.run("setup-code").strip())
    page.get_by_label("Your name").fill("Ada Lovelace")
    page.get_by_label("Your e-mail").fill("ada@acme.example")
    page.get_by_label("Your handle").fill("ada")
    page.get_by_role("button", name="Create administrator").click()
    look(page, heading(page, "For your attention"))
    expect(page.locator("section", has_text="Get started").get_by_text("To do")).to_have_count(6)


def join_as_member(empty: Empty, page: Page) -> None:
    page.goto(empty.stack.url)
    look(page, heading(page, "Sign in"))
    empty.through_the_provider(page, "olga")
    page.locator(".menu summary").click()
    expect(page.locator(".menu")).to_contain_text("Member")


def link_own_account(empty: Empty, page: Page) -> None:
    """Even a verified address of the provider makes no administrator: one has to confirm it."""
    with empty.someone() as elsewhere:
        empty.through_the_provider(elsewhere, "ada")
        look(elsewhere, elsewhere.get_by_role("alert").filter(has_text="administrator"))
        page.goto(empty.stack.url)
        expect(page.locator(".note")).to_contain_text("1 account waits for your confirmation")
        open_settings(page, "Sign-in")
        expect(page.get_by_role("navigation", name="Settings")).to_contain_text("Sign-in 1 waiting for you")
        page.locator("summary", has_text="Confirm").click()
        page.get_by_role("button", name="Confirm ada@acme.example").click()
        expect(page.locator("section", has_text="Linked accounts")).to_contain_text("Ada Lovelace")
        elsewhere.goto(f"{empty.stack.url}/sign-in")
        elsewhere.get_by_role("link", name="Sign in with Keycloak").click()
        expect(elsewhere.get_by_role("heading", level=1)).to_have_text("For your attention")


def add_people_team_and_service(page: Page) -> None:
    open_settings(page, "People")
    page.get_by_role("link", name="Add person").click()
    look(page, heading(page, "Add person"))
    page.get_by_label("E-mail").fill("lena@acme.example")
    page.get_by_label("Name", exact=True).fill("Lena Lead")
    page.get_by_label("Handle").fill("lena")
    page.get_by_label("Responder").check()
    page.get_by_role("button", name="Add person").click()
    look(page, heading(page, "Lena Lead"))
    expect(page.get_by_role("status")).to_have_text("Added. Lena Lead can sign in with Keycloak now.")
    open_settings(page, "Teams")
    page.get_by_role("link", name="Add team").first.click()
    page.get_by_label("Name", exact=True).fill("Payments")
    page.get_by_label("Lead").fill("@lena")
    page.get_by_role("button", name="Add team").click()
    page.get_by_label("Person to add").fill("olga@acme.example")
    page.get_by_role("button", name="Add member").click()
    look(page, page.locator("#members").filter(has_text="Olga Okta"))
    expect(page.locator("#members")).to_contain_text("Lena Lead")
    page.get_by_role("link", name="Add service").click()
    expect(page.get_by_label("Team")).to_have_value(re.compile("^team_"))
    page.get_by_label("Name", exact=True).fill("payments-api")
    page.get_by_role("button", name="Add service").click()
    look(page, heading(page, "payments-api"))


def connect_github(empty: Empty, page: Page) -> None:
    open_settings(page, "Integrations")
    page.get_by_label("Integration", exact=True).select_option("GitHub")
    page.get_by_role("button", name="Connect").click()
    look(page, heading(page, "Connect GitHub"))
    page.get_by_label("Repository").fill(HERE)
    page.get_by_label("API address").fill(empty.github.url)
    page.get_by_label("Seconds between writes").fill("0")
    page.get_by_label("Token").fill(TOKEN)
    page.get_by_label("Webhook secret").fill(SECRET)
    page.get_by_role("button", name="Connect GitHub").click()
    check_that_it_works(page)


def check_that_it_works(page: Page) -> None:
    page.get_by_role("button", name="Test connection").click()
    look(page, page.get_by_role("heading", name="All permissions granted"))
    expect(page.locator("#setup")).to_contain_text("Working.")


def connect_slack(empty: Empty, page: Page) -> None:
    open_settings(page, "Integrations")
    page.get_by_label("Integration", exact=True).select_option("Slack")
    page.get_by_role("button", name="Connect").click()
    page.get_by_label("Slack address").fill(empty.slack.url)
    page.get_by_label("Workspace").fill(TEAM)
    page.get_by_role("button", name="Connect Slack").click()
    expect(page.get_by_label("App manifest", exact=True)).to_have_value(re.compile("/api/webhooks/slack/"))
    look(page, page.get_by_text("not tested yet"))
    page.get_by_label("Bot token").fill(BOT_TOKEN)
    page.get_by_label("Signing secret").fill("a signing secret of the app")
    page.get_by_role("button", name="Save settings").click()
    check_that_it_works(page)


def choose_channel(empty: Empty, page: Page) -> None:
    open_settings(page, "Teams")
    page.get_by_role("link", name="Payments").click()
    page.get_by_label("Connection").select_option("Slack")
    page.get_by_label("Channel ID or e-mail address").fill(empty.slack.channels()["general"])
    page.get_by_role("button", name="Save team").click()
    expect(page.get_by_role("status")).to_have_text("Saved.")


def make_policy(page: Page) -> None:
    open_settings(page, "Policies")
    page.get_by_role("link", name="New policy").click()
    look(page, heading(page, "New policy"))
    page.get_by_label("Name", exact=True).fill("Payments incidents")
    page.get_by_label("Team", exact=True).select_option("Payments")
    page.get_by_label("Reviewers, at least").fill("1")
    page.get_by_role("button", name="Create policy").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Payments incidents")
    page.get_by_role("button", name="Simulate").click()
    look(page, page.locator(".simulation .simulation__due").first)


def make_template(page: Page) -> None:
    open_settings(page, "Templates")
    page.get_by_role("link", name="New template").click()
    page.get_by_label("Name", exact=True).fill("Payments postmortem")
    page.get_by_label("Available to").select_option("Payments")
    page.get_by_label("Default for new postmortems").check()
    page.get_by_role("button", name="Add section").click()
    page.get_by_placeholder("Title").last.fill("Money at risk")
    look(page, heading(page, "New template"))
    page.get_by_role("button", name="Create template").click()
    look(page, heading(page, "Payments postmortem"))


def add_category(page: Page) -> None:
    open_settings(page, "Root causes")
    page.get_by_label("Name", exact=True).last.fill(CATEGORY)
    page.get_by_role("button", name="Add category").click()
    look(page, page.get_by_role("main").filter(has_text=CATEGORY))


def create_token(page: Page) -> str:
    open_settings(page, "Tokens")
    page.get_by_label("Name", exact=True).fill("Monitoring")
    page.get_by_label("Create and change what you may").check()
    page.get_by_role("button", name="Create token").click()
    token = page.get_by_label("Token “Monitoring”")
    look(page, token)
    return token.input_value()


def report_incident(empty: Empty, token: str) -> None:
    now = datetime.now(UTC)
    report = {
        "externalId": "acme-1",
        "title": TITLE,
        "urgency": "HIGH",
        "status": "RESOLVED",
        "startedAt": (now - timedelta(hours=2)).isoformat(),
        "resolvedAt": (now - timedelta(hours=1)).isoformat(),
        "services": ["payments-api"],
    }
    with httpx.Client(base_url=empty.stack.url, verify=NO_TLS, trust_env=False) as monitoring:
        headers = {"Authorization": f"Bearer {token}"}
        made = ok(monitoring.post("/api/incidents", json=report, headers=headers), 201)
        path = f"/api/incidents/{made['id']}"
        eventually(lambda: ok(monitoring.get(path, headers=headers))["postmortemId"])


def write_up(page: Page) -> None:
    look(page, heading(page, "For your attention"))
    page.get_by_role("link", name=TITLE).first.click()
    expect(page.locator(".from-targets")).to_contain_text("Publication")
    expect(page.get_by_text("Optional sections:")).to_contain_text("Money at risk")
    page.get_by_role("link", name="Policy of these targets").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Payments incidents")
    page.go_back()
    look(page, page.locator("#people").filter(has_text="Payments postmortem"))
    page.get_by_role("link", name="Edit", exact=True).click()
    look(page, heading(page, f"Edit {TITLE}"))
    for name in ("Summary", "Impact", "Root cause", "Resolution", "Money at risk"):
        page.get_by_label(name, exact=False).first.fill(f"What we know about it: {name.lower()}.")
    page.get_by_label("Root cause category").fill(CATEGORY)
    page.get_by_role("button", name="Save and close").click()
    page.locator("summary").get_by_text("Add action item").click()
    page.get_by_label("Description").fill("Alert before the limit is reached")
    page.get_by_label("Owner").fill("@lena")
    page.get_by_label("Due date").fill((datetime.now(UTC) + timedelta(days=10)).date().isoformat())
    page.get_by_role("button", name="Add action item").click()
    page.get_by_label("Request review", exact=True).fill("Olga Okta")
    page.get_by_role("button", name="Request review", exact=True).click()
    look(page, page.locator("#reviewers li", has_text="Olga Okta"))
    page.get_by_role("button", name="Submit for review").click()
    expect(page.locator(".stepper [aria-current]")).to_have_text("In review")


def review(page: Page) -> None:
    page.get_by_role("link", name="Inbox").click()
    look(page, page.get_by_role("main").get_by_role("link", name="Lena Lead asked for your review"))
    page.get_by_role("link", name="Home").click()
    page.locator("#needs-you").get_by_role("link", name=f"Open review of {TITLE}").click()
    page.get_by_role("button", name="Approve").click()
    look(page, page.get_by_text("You approved this version."))


def publish(page: Page) -> None:
    page.reload()
    page.get_by_role("button", name="Publish", exact=True).click()
    look(page, page.locator(".stepper [aria-current]", has_text="Published"))


def create_ticket(empty: Empty, page: Page) -> None:
    page.get_by_role("button", name="Create tickets for all open items").click()
    (ticket,) = eventually(empty.github.tickets)
    assert ticket.title == "Alert before the limit is reached"

    shown = page.locator("#actionItems").get_by_role("link", name=f"{HERE}#1")

    def linked() -> bool:
        page.reload()
        return shown.is_visible()

    eventually(linked)
    look(page, shown)


def see_what_happened(page: Page) -> None:
    page.get_by_role("navigation", name="Main").get_by_role("link", name="Analytics").click()
    tile = page.locator(".metric", has=page.get_by_text("Postmortems created", exact=True))
    expect(tile.locator(".metric__value")).to_have_text("1")
    teams = page.locator("section", has_text="Team completion rates")
    look(page, teams.get_by_role("row", name="Payments").filter(has_text="100%"))
    assert teams.get_by_role("row", name="Payments").locator("td").all_inner_texts()[:2] == ["1", "1"]
    open_settings(page, "Audit log")
    for who, what in (
        ("Lena Lead", "Postmortem published"),
        ("Olga Okta", "Postmortem approved"),
        ("Ada Lovelace", "Integration"),
    ):
        expect(page.locator(".trail li", has_text=who).filter(has_text=what).first).to_be_visible()
