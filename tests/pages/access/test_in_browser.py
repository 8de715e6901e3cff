"""Signing in through a provider's own pages, in a real browser: nothing is blocked, and nothing typed is lost."""

from urllib.parse import urlsplit

from playwright.sync_api import Browser, Page, expect

from tests.api.writing import draft, ok
from tests.pages.access.installation import Installation
from tests.pages.pictures.accessibility import violations
from tests.pages.readable import faults
from tests.pages.visiting import sign_in_link

WRITTEN = "Typed for an hour.\n\nAnd <not> saved."


def through_the_provider(page: Page, at: Installation, subject: str) -> None:
    """Fills in whatever it shows, until we are back."""
    page.wait_for_url(f"{at.keycloak.issuer}/**")
    page.locator("input[name=login]").fill(subject)
    page.locator("input[name=password]").fill("any")
    page.locator("button[type=submit]").click()
    page.locator("input[name=prompt][value=consent]").wait_for(state="attached")
    page.locator("button[type=submit]").click()
    page.wait_for_url(f"{at.stack.url}/**")


def test_first_sign_in_and_out(browser: Browser, at: Installation) -> None:
    email = at.fresh()
    at.keycloak.has(email, email=email, email_verified=True, name="Bea Browser")
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{at.stack.url}/sign-in?next=/action-items")
    assert faults(page) == []
    page.get_by_role("link", name="Sign in with Keycloak").click()
    through_the_provider(page, at, email)
    assert urlsplit(page.url).path == "/action-items"
    page.locator(".menu summary").click()
    page.get_by_role("link", name="Settings", exact=True).click()
    page.locator("main .card").get_by_role("link", name="Sessions").click()
    expect(page.get_by_text("This session")).to_be_visible()
    assert faults(page) == []
    page.locator(".menu summary").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("You're signed out of Afterword")
    assert faults(page) == violations(page) == []
    page.get_by_role("link", name="Sign out of Keycloak").click()
    page.wait_for_url(f"{at.keycloak.issuer}/session/end**")
    page.get_by_role("button", name="Yes").click()
    page.wait_for_url(f"{at.stack.url}/sign-in*")
    context.close()


def test_text_outlives_the_way_there_and_back(browser: Browser, at: Installation) -> None:
    email = at.fresh()
    author = at.stack.person(email=email)
    at.keycloak.has(email, email=email, email_verified=True)
    made = draft(author)
    context = browser.new_context()
    page = context.new_page()
    page.goto(sign_in_link(at.stack, author.id))
    page.get_by_role("button", name="Sign in with this link").click()
    page.wait_for_url(f"{at.stack.url}/")
    page.goto(f"{at.stack.url}/postmortems/{made['id']}/edit")
    page.get_by_label("Detection").fill(WRITTEN)
    context.clear_cookies()
    page.get_by_role("button", name="Save and close").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in again")
    page.get_by_role("link", name="Sign in with Keycloak").click()
    through_the_provider(page, at, email)
    expect(page.get_by_label("Detection")).to_have_value(WRITTEN)
    page.get_by_role("button", name="Save and close").click()
    expect(page.locator("#detection .prose")).to_contain_text("And <not> saved.")
    assert ok(author.get(f"/api/postmortems/{made['id']}"))["detection"] == WRITTEN
    context.close()


def test_page_of_administrators(browser: Browser, at: Installation) -> None:
    """An account that asks is confirmed with the keyboard's and the mouse's own means."""
    email = at.fresh()
    at.stack.person(email=email, name="Wanda Waiting")
    at.partner.claims = {"sub": email, "email": email}
    at.sign_in("partner")
    admin = at.stack.person("ADMIN")
    context = browser.new_context()
    page = context.new_page()
    page.goto(sign_in_link(at.stack, admin.id))
    page.get_by_role("button", name="Sign in with this link").click()
    page.locator(".menu summary").click()
    page.get_by_role("link", name="Settings", exact=True).click()
    page.locator("main .card").get_by_role("link", name="Sign-in").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign-in")
    assert faults(page) == []
    row = page.locator("li", has_text="Wanda Waiting")
    row.locator("summary", has_text="Confirm").click()
    row.get_by_role("button", name=f"Confirm {email}").click()
    expect(page.locator("section", has_text="Linked accounts")).to_contain_text("Wanda Waiting")
    context.close()
