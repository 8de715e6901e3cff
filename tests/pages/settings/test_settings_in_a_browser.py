"""The settings in a real browser: labeled, readable, within a phone's window, and usable without JavaScript."""

import re
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, expect

from tests.api.writing import ok
from tests.nightly import spread
from tests.pages.readable import faults
from tests.pages.test_browser import visiting
from tests.pages.test_keyboard import STOPS, walk
from tests.stack import Stack


def addresses(stack: Stack) -> list[str]:
    admin = stack.client()
    team = ok(admin.post("/api/teams", json={"name": f"Browser {uuid4().hex[:6]}"}), 201)["id"]
    service = ok(admin.post("/api/services", json={"name": f"browser-{uuid4().hex[:6]}"}), 201)["id"]
    slack = {"kind": "slack", "name": "Slack", "config": {"workspaceId": "T01234567"}}
    connection = ok(admin.post("/api/integrations", json=slack), 201)["id"]
    return [
        *("/settings", "/settings/people", "/settings/people/new", f"/settings/people/{stack.person().id}"),
        *("/settings/teams", "/settings/teams/new", f"/settings/teams/{team}"),
        *("/settings/services?q=browser", "/settings/services/new", f"/settings/services/{service}"),
        *("/settings/tokens", "/settings/audit", "/settings/root-causes", "/settings/policies"),
        *("/settings/policies/pol_default?from=2026-12-14", "/settings/policies/pol_default/edit"),
        *("/settings/policies/new", f"/settings/integrations/{connection}", "/settings/integrations/new?kind=jira"),
    ]


@pytest.mark.parametrize(
    ("width", "scheme"), spread([(390, "dark"), (1440, "light"), (390, "light"), (1440, "dark")], 2)
)
def test_the_settings_are_readable_by_everybody(browser: Browser, stack: Stack, width: int, scheme: str) -> None:
    how = {"viewport": {"width": width, "height": 844}, "color_scheme": scheme}
    with visiting(browser, stack, stack.person("ADMIN"), **how) as page:
        for path in addresses(stack):
            page.goto(f"{stack.url}{path}")
            assert faults(page) == [], path


def test_the_settings_are_walked_through_with_tab(browser: Browser, stack: Stack) -> None:
    how = {"viewport": {"width": 1280, "height": 720}, "reduced_motion": "reduce"}
    with visiting(browser, stack, stack.person("ADMIN"), **how) as page:
        for path in ("/settings", "/settings/people/new", "/settings/tokens"):
            page.goto(f"{stack.url}{path}")
            names, wrong = walk(page)
            assert wrong == [], path
            assert len(names) >= page.evaluate(STOPS) - 3, "a group of radio buttons is one stop"


def test_a_token_is_copied_with_its_button(browser: Browser, stack: Stack) -> None:
    how = {"permissions": ["clipboard-read", "clipboard-write"]}
    with visiting(browser, stack, stack.person(), **how) as page:
        page.goto(f"{stack.url}/settings/tokens")
        page.get_by_label("Name", exact=True).fill("Copied")
        page.get_by_role("button", name="Create token").click()
        field = page.get_by_label("Token “Copied”")
        expect(field).to_have_value(re.compile("^aft_"))
        page.get_by_role("button", name="Copy", exact=True).click()
        expect(page.get_by_role("button", name="Copied")).to_be_visible()
        assert page.evaluate("navigator.clipboard.readText()") == field.input_value()


def test_a_person_and_a_policy_are_made_without_javascript(browser: Browser, stack: Stack) -> None:
    mark = uuid4().hex[:8]
    with visiting(browser, stack, stack.person("ADMIN"), java_script_enabled=False) as page:
        page.goto(f"{stack.url}/settings")
        page.get_by_role("link", name="People", exact=True).click()
        page.get_by_role("link", name="Add person").click()
        page.get_by_label("E-mail").fill(f"{mark}@example.com")
        page.get_by_label("Name", exact=True).fill("Grace Okafor")
        page.get_by_label("Handle").fill(f"grace-{mark}")
        page.get_by_label("Responder").check()
        page.get_by_role("button", name="Add person").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Grace Okafor")
        page.get_by_role("button", name="Create sign-in link").click()
        expect(page.get_by_label("Sign-in link for Grace Okafor")).to_have_value(re.compile("/sign-in[?]code="))
        page.get_by_role("link", name="Policies").click()
        page.get_by_role("link", name="Default").click()
        page.get_by_role("link", name="Edit policy").click()
        page.get_by_role("button", name="Add step").click()
        expect(page.get_by_label("Percentage or days, step 6")).to_have_value("7")
        page.get_by_role("button", name="Preview changes").click()
        expect(page.get_by_role("heading", name="Preview")).to_be_visible()


@pytest.mark.parametrize(
    ("path", "label", "text", "button"),
    [
        ("/settings/people/new", "Handle", "Not a handle", "Add person"),
        ("/settings/services/new", "Name", " ", "Add service"),
        ("/settings/tokens", "Name", " ", "Create token"),
        ("/settings/root-causes", "Name", " ", "Add category"),
        ("/settings/teams/new", "Name", " ", "Add team"),
    ],
)
def test_what_is_wrong_with_a_field_is_said_beside_it(
    browser: Browser, stack: Stack, path: str, label: str, text: str, button: str
) -> None:
    """And the list at the top leads there, which works without JavaScript, too."""
    with visiting(browser, stack, stack.person("ADMIN"), java_script_enabled=False) as page:
        page.goto(f"{stack.url}{path}")
        if path.endswith("people/new"):
            page.get_by_label("E-mail").fill(f"{uuid4().hex[:8]}@example.com")
            page.get_by_label("Name", exact=True).fill("Jane Doe")
        field = page.get_by_label(label, exact=True).last
        expect(field).not_to_have_attribute("aria-invalid", "true")
        field.fill(text)
        page.get_by_role("button", name=button).click()
        reason = page.get_by_role("alert").locator("li", has_text=f"{label}: ")
        message = (reason.text_content() or "").partition(": ")[2].strip()
        field = page.get_by_label(label, exact=True).last
        expect(field).to_have_attribute("aria-invalid", "true")
        expect(field).to_have_accessible_description(re.compile(re.escape(message)))
        expect(page.locator(".field-error")).to_have_text(message)
        reason.get_by_role("link", name=label).click()
        expect(field).to_be_focused()
