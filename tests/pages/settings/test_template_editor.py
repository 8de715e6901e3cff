"""The template editor in a browser: rows are added, moved, and removed in place, by pointer and by keyboard, and with
JavaScript off by sending the form."""

from typing import Any
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.api.writing import ok
from tests.pages.test_browser import visiting
from tests.pages.test_keyboard import STOPS, walk
from tests.stack import Person, Stack

NEW = "/settings/templates/new"


def titles(page: Page) -> list[str]:
    found: list[str] = page.locator("[data-rows=s] [data-names-row]").evaluate_all("(all) => all.map((a) => a.value)")
    return found


def legends(page: Page) -> list[str]:
    return page.locator("[data-row] legend").all_text_contents()


def said(page: Page) -> Locator:
    return page.locator("[data-announces]")


def press(page: Page, name: str) -> None:
    page.get_by_role("button", name=name, exact=True).click()


def content_of(stack: Stack, page: Page) -> dict[str, Any]:
    """The template whose page is open, as the API shows it."""
    page.wait_for_url("**/settings/templates/tpl_*")
    found: dict[str, Any] = ok(stack.client().get(f"/api/templates/{page.url.rsplit('/', 1)[1].partition('?')[0]}"))
    return found


def made(stack: Stack) -> dict[str, Any]:
    core = ("summary", "timeline", "impact", "rootCause", "resolution", "actionItems")
    body = {
        "name": f"Edited {uuid4().hex[:6]}",
        "sections": [{"key": key, "title": f"The {key}"} for key in core]
        + [{"key": "luck", "title": "Luck", "defaultText": "- "}],
        "customFields": [{"key": "region", "label": "Region", "type": "TEXT"}],
    }
    found: dict[str, Any] = ok(stack.client().post("/api/templates", json=body), 201)
    return found


@pytest.fixture
def admin(stack: Stack) -> Person:
    return stack.person("ADMIN")


@pytest.mark.parametrize("scripted", [True, False], ids=["with JavaScript", "without JavaScript"])
def test_a_template_is_edited(browser: Browser, stack: Stack, admin: Person, scripted: bool) -> None:
    """The same presses lead to the same template."""
    template = made(stack)
    with visiting(browser, stack, admin, java_script_enabled=scripted) as page:
        page.goto(f"{stack.url}/settings/templates/{template['id']}/edit")
        sent: list[str] = []
        page.on(
            "request", lambda asked: None if asked.url.split("?")[0].endswith("/events") else sent.append(asked.method)
        )
        page.get_by_label("Title of section 7").fill("Where we got lucky")
        press(page, f"Move {'Where we got lucky' if scripted else 'Luck'} up")
        expect(page.get_by_label("Title of section 6")).to_have_value("Where we got lucky")
        page.get_by_label("Add section").select_option("Detection")
        press(page, "Add section")
        expect(page.get_by_label("Title of section 8")).to_have_value("Detection")
        assert page.get_by_label("Add section").locator("option", has_text="Detection").count() == 0
        press(page, "Add section")
        page.get_by_label("Title of section 9").fill("What <b>else</b>?")
        page.get_by_label("Default text").last.fill("Nothing")
        page.get_by_label("required").nth(8).check()
        press(page, "Remove Region")
        expect(page.get_by_text("No custom fields yet")).to_be_visible()
        press(page, "Add field")
        expect(page.get_by_text("No custom fields yet")).to_be_hidden()
        page.get_by_label("Name of field 1").fill("Cost")
        press(page, "Remove Detection")
        assert sent == [] if scripted else len(sent) >= 6
        press(page, "Save as new version")
        after = content_of(stack, page)
    assert [one["key"] for one in after["sections"]] == [
        *("summary", "timeline", "impact", "rootCause", "resolution", "luck", "actionItems", "whatBElseB")
    ]
    luck, last = after["sections"][5], after["sections"][7]
    assert (luck["title"], luck["defaultText"]) == ("Where we got lucky", "- ")
    assert (last["title"], last["defaultText"], last["required"]) == ("What <b>else</b>?", "Nothing", True)
    assert [(one["key"], one["label"]) for one in after["customFields"]] == [("cost", "Cost")]
    assert after["version"] == 2


def test_the_keyboard_alone_edits_a_template(browser: Browser, stack: Stack, admin: Person) -> None:
    template = made(stack)
    with visiting(browser, stack, admin, reduced_motion="reduce") as page:
        page.goto(f"{stack.url}/settings/templates/{template['id']}/edit")
        up = page.get_by_role("button", name="Move The timeline up", exact=True)
        up.focus()
        page.keyboard.press("Enter")
        assert titles(page)[:2] == ["The timeline", "The summary"]
        expect(up).to_be_disabled()
        expect(page.get_by_role("button", name="Move The timeline down", exact=True)).to_be_focused()
        expect(said(page)).to_have_text("Moved The timeline up, to place 1 of 7.")
        page.keyboard.press("Space")
        page.keyboard.press("Enter")
        assert titles(page)[:3] == ["The summary", "The impact", "The timeline"]
        expect(page.get_by_role("button", name="Move The timeline down", exact=True)).to_be_focused()
        expect(said(page)).to_have_text("Moved The timeline down, to place 3 of 7.")
        page.get_by_role("button", name="Remove Luck").focus()
        page.keyboard.press("Enter")
        expect(page.get_by_label("Title of section 6")).to_be_focused()
        expect(said(page)).to_have_text("Removed Luck.")
        page.get_by_role("button", name="Remove Region").focus()
        page.keyboard.press("Enter")
        expect(page.get_by_role("button", name="Add field")).to_be_focused()
        page.keyboard.press("Enter")
        expect(page.get_by_label("Name of field 1")).to_be_focused()
        expect(said(page)).to_have_text("Added the new field.")
        page.keyboard.type("Cost")
        assert "Field 1: Cost" in legends(page)


def test_tab_reaches_every_row(browser: Browser, stack: Stack, admin: Person) -> None:
    with visiting(browser, stack, admin, viewport={"width": 1280, "height": 720}, reduced_motion="reduce") as page:
        page.goto(f"{stack.url}{NEW}")
        press(page, "Add section")
        press(page, "Add field")
        page.locator(".skip-link").focus()
        names, wrong = walk(page)
        assert wrong == []
        assert len(names) == page.evaluate(STOPS) - 1, "all but the link that has the focus already"


def test_no_more_rows_than_the_server_reads(browser: Browser, stack: Stack, admin: Person) -> None:
    with visiting(browser, stack, admin) as page:
        page.goto(f"{stack.url}{NEW}")
        add = page.get_by_role("button", name="Add field")
        most = int(page.locator("[data-rows=f]").get_attribute("data-most") or 0)
        for _ in range(most):
            add.click()
        expect(add).to_be_disabled()
        assert page.locator("[data-rows=f] > fieldset").count() == most
        page.get_by_role("button", name="Remove the new field").first.click()
        expect(add).to_be_enabled()


def test_unsaved_rows_come_back_with_their_text(browser: Browser, stack: Stack, admin: Person) -> None:
    """A draft that this browser kept belongs to rows that aren't on the page yet, and to another order."""
    template = made(stack)
    path = f"{stack.url}/settings/templates/{template['id']}/edit"
    with visiting(browser, stack, admin) as page:
        page.on("dialog", lambda asked: asked.accept())
        page.goto(path)
        press(page, "Move The timeline up")
        press(page, "Add section")
        page.get_by_label("Title of section 8").fill("Typed before the crash")
        press(page, "Remove Luck")
        wanted = titles(page)
        page.goto(path)
        expect(page.get_by_text("We restored text that you hadn't saved.")).to_be_visible()
        assert titles(page) == wanted
        press(page, "Save as new version")
        sections = content_of(stack, page)["sections"]
        assert [(one["key"], one["title"]) for one in sections] == [
            ("timeline", "The timeline"),
            ("summary", "The summary"),
            *((key, f"The {key}") for key in ("impact", "rootCause", "resolution", "actionItems")),
            ("typedBeforeTheCrash", "Typed before the crash"),
        ]
        page.goto(path)
        expect(page.get_by_text("We restored text that you hadn't saved.")).to_be_hidden()
        press(page, "Move The timeline down")
        page.goto(path)
        press(page, "Discard it")
        assert titles(page) == [one["title"] for one in sections]


def test_a_refused_template_can_be_edited_on(browser: Browser, stack: Stack, admin: Person) -> None:
    name = f"Refused {uuid4().hex[:6]}"
    with visiting(browser, stack, admin) as page:
        page.goto(f"{stack.url}{NEW}")
        page.get_by_label("Name", exact=True).fill(name)
        press(page, "Add field")
        page.get_by_label("Name of field 1").fill("Region")
        page.get_by_label("Type of Region").select_option("CHOICE")
        press(page, "Create template")
        expect(page.get_by_role("alert")).to_contain_text("needs choices")
        press(page, "Add field")
        page.get_by_label("Name of field 2").fill("Cost")
        press(page, "Move Cost up")
        page.get_by_label("Choices").nth(1).fill("north\nsouth")
        press(page, "Create template")
        fields = content_of(stack, page)["customFields"]
    assert [(one["label"], one["choices"]) for one in fields] == [("Cost", []), ("Region", ["north", "south"])]
