"""A section is written where it is shown, in real browsers: what is typed is saved by itself, and nothing is lost."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.api.content.sections import put
from tests.api.writing import SECTIONS, approved, draft, ok
from tests.pages.pictures.views import Scene
from tests.pages.test_browser import visiting
from tests.pages.test_kept_text import token_of
from tests.stack import Person, Stack, eventually, shared_stack

BASE = "one\n\ntwo\n\nthree"
SAVED = re.compile("^Saved")
CONFLICT = re.compile("the server responded with a status of 412")


def address(stack: Stack, made: Any) -> str:
    return f"{stack.url}/postmortems/{made['id']}"


def text_of(person: Person, made: Any, name: str = "summary") -> str:
    return str(ok(person.get(f"/api/postmortems/{made['id']}"))[name])


def begin(page: Page, name: str = "summary") -> Any:
    page.locator(f"#{name} [data-edits]").first.click()
    area = page.locator(f"#w-{name}")
    expect(area).to_be_focused()
    return area


def state(page: Page, name: str = "summary") -> Any:
    return page.locator(f"#{name} .section-editor__state")


def test_what_is_typed_is_saved_by_itself(browser: Browser, stack: Stack) -> None:
    author = stack.person()
    made = draft(author)
    with visiting(browser, stack, author) as page:
        page.goto(address(stack, made))
        area = begin(page)
        area.press("ControlOrMeta+End")
        page.keyboard.type(" And it was **late**.")
        expect(state(page)).to_have_text(SAVED)
        assert text_of(author, made) == SECTIONS["summary"] + " And it was **late**."
        area.press("Escape")
        expect(page.locator("#summary .prose strong")).to_have_text("late")
        expect(page.locator("#summary [data-edits]")).to_be_focused()
        assert page.evaluate("Object.keys(localStorage).filter((one) => one.startsWith('afterword.draft'))") == []


def test_an_empty_section_opens_too(browser: Browser, stack: Stack) -> None:
    author = stack.person()
    made = draft(author)
    with visiting(browser, stack, author) as page:
        page.goto(address(stack, made))
        page.locator("#optional-sections").get_by_role("link", name="Detection").click()
        expect(page.locator("#w-detection")).to_be_focused()
        page.keyboard.type("By alarm")
        page.keyboard.press("ControlOrMeta+Enter")
        expect(page.locator("#detection .prose")).to_have_text("By alarm")
        expect(page.locator("#optional-sections")).not_to_contain_text("Detection")
    assert text_of(author, made, "detection") == "By alarm"


def test_two_people_in_one_section(browser: Browser, stack: Stack) -> None:
    author, editor = stack.person(), stack.person()
    made = draft(author, summary=BASE)
    ok(author.post(f"/api/postmortems/{made['id']}/editors", json={"userId": editor.id, "level": "EDIT"}), 201)
    name = ok(editor.get("/api/me"))["name"]
    how = {"expected": CONFLICT}
    with visiting(browser, stack, author, **how) as page, visiting(browser, stack, editor, **how) as theirs:
        page.goto(address(stack, made))
        theirs.goto(address(stack, made))
        mine, other = begin(page), begin(theirs)
        other.fill(BASE.replace("three", "THREE"))
        theirs.keyboard.press("ControlOrMeta+s")
        expect(state(theirs)).to_have_text(SAVED)
        mine.press("ControlOrMeta+Home")
        page.keyboard.type("Number ")
        page.keyboard.press("ControlOrMeta+s")
        expect(mine).to_have_value("Number one\n\ntwo\n\nTHREE")
        assert page.evaluate("document.activeElement.selectionStart") == len("Number ")
        page.keyboard.type("and ")
        page.keyboard.press("ControlOrMeta+s")
        expect(state(page)).to_have_text(SAVED)
        assert text_of(author, made) == "Number and one\n\ntwo\n\nTHREE"

        other.fill("Number 1\n\ntwo\n\nTHREE")
        theirs.keyboard.press("ControlOrMeta+s")
        expect(theirs.locator(".section-editor__conflict")).to_be_visible()
        mine.fill("Number one, changed\n\ntwo\n\nTHREE")
        page.keyboard.press("ControlOrMeta+s")
        expect(state(page)).to_have_text(SAVED)
        conflict = theirs.locator(".section-editor__conflict")
        author_name = ok(author.get("/api/me"))["name"]
        expect(conflict).to_contain_text(f"{author_name} edited the same lines")
        expect(conflict.locator("pre").nth(0)).to_have_text("Number 1\n\ntwo\n\nTHREE")
        expect(conflict.locator("pre").nth(1)).to_contain_text("Number and one")
        conflict.get_by_role("button", name="Use my version").click()
        expect(conflict.locator("pre").nth(1)).to_contain_text("Number one, changed")  # the author saved again
        conflict.get_by_role("button", name="Edit my version").click()
        other.fill("Number 1, changed\n\ntwo\n\nTHREE")
        conflict.get_by_role("button", name="Save my version").click()
        expect(conflict).to_be_hidden()
        expect(state(theirs)).to_have_text(SAVED)
        assert text_of(author, made) == "Number 1, changed\n\ntwo\n\nTHREE"

        mine.fill("Mine")
        page.keyboard.press("ControlOrMeta+s")
        page.get_by_role("button", name=f"Use {name}'s version").click()
        expect(mine).to_have_value("Number 1, changed\n\ntwo\n\nTHREE")
        mine.press("ControlOrMeta+z")
        expect(mine).to_have_value("Mine")
        mine.press("Escape")
        expect(page.locator("#summary .prose")).to_have_text("Mine")


def test_offline_and_back(browser: Browser, stack: Stack) -> None:
    author = stack.person()
    made = draft(author)
    with Scene(stack, {"author": author}).signed_in(browser, "author") as page:
        page.goto(address(stack, made))
        area = begin(page)
        page.context.set_offline(True)
        area.fill("Typed on a train.")
        expect(state(page)).to_have_text("Not saved: you're offline. Kept in this browser.")
        area.press("ControlOrMeta+End")
        page.keyboard.type(" And more.")
        page.context.set_offline(False)
        eventually(lambda: text_of(author, made) == "Typed on a train. And more.")
        expect(state(page)).to_have_text(SAVED)
        page.context.set_offline(True)
        page.keyboard.type(" The browser crashed.")
        expect(state(page)).to_have_text("Not saved: you're offline. Kept in this browser.")
        again = page.context.new_page()
        page.close(run_before_unload=False)
        again.context.set_offline(False)
        again.goto(address(stack, made))
        expect(again.locator(".kept-note")).to_contain_text("that wasn't saved")
        again.get_by_role("button", name="Restore").click()
        expect(again.locator("#w-summary")).to_have_value("Typed on a train. And more. The browser crashed.")
        expect(state(again)).to_have_text(SAVED)
        eventually(lambda: text_of(author, made) == "Typed on a train. And more. The browser crashed.")


def test_a_sign_out_in_another_tab_loses_nothing(browser: Browser, stack: Stack) -> None:
    author = stack.person()
    made = draft(author)
    with Scene(stack, {"author": author}).signed_in(browser, "author") as page:
        page.goto(address(stack, made))
        area = begin(page)
        other = page.context.new_page()
        other.goto(f"{stack.url}/")
        other.locator(".menu summary").click()
        other.get_by_role("button", name="Sign out").click()
        expect(other.get_by_role("heading", level=1)).to_have_text("Sign in")
        area.fill("Typed after it.")
        expect(state(page)).to_have_text("Not saved: you were signed out. Kept in this browser.")
        expect(page.locator(".toast")).to_contain_text("You were signed out. Your text is still here")
        other.get_by_label("API token").fill(token_of(author))
        other.get_by_role("button", name="Sign in").click()
        other.wait_for_url(f"{stack.url}/")
        page.bring_to_front()
        page.evaluate("window.dispatchEvent(new Event('focus'))")
        expect(state(page)).to_have_text(SAVED)
    assert text_of(author, made) == "Typed after it."


def test_someone_else_who_signs_in_saves_nothing_of_it(browser: Browser, stack: Stack) -> None:
    author, other = stack.person(), stack.person("ADMIN")
    made = draft(author)
    with Scene(stack, {"author": author}).signed_in(browser, "author") as page:
        page.goto(address(stack, made))
        area = begin(page)
        page.context.clear_cookies()
        tab = page.context.new_page()
        tab.goto(f"{stack.url}/sign-in")
        tab.get_by_label("API token").fill(token_of(other))
        tab.get_by_role("button", name="Sign in").click()
        tab.wait_for_url(f"{stack.url}/")
        area.fill("A private thought")
        expect(state(page)).to_contain_text("someone else is signed in")
        tab.goto(address(stack, made))
        expect(tab.locator(".kept-note")).to_have_count(0)
    assert text_of(author, made) == SECTIONS["summary"]


def test_in_review_the_text_waits_until_it_is_saved(browser: Browser, stack: Stack) -> None:
    author, reviewer = stack.person(), stack.person()
    made = approved(author, [reviewer])
    with visiting(browser, stack, author) as page:
        page.goto(address(stack, made))
        area = begin(page)
        area.fill("Corrected.")
        expect(state(page)).to_have_text("Saved for you alone until you save it to the section")
        area.press("Escape")
        note = page.locator("#summary .draft-note")
        expect(note).to_contain_text("isn't part of this section yet")
        assert text_of(author, made) == SECTIONS["summary"]
        assert ok(author.get(f"/api/postmortems/{made['id']}"))["reviewers"][0]["state"] == "APPROVED"
        note.get_by_role("link", name="Continue editing").click()
        expect(area).to_have_value("Corrected.")
        page.get_by_role("button", name="Save and close").click()
        expect(page.locator("#summary .prose")).to_have_text("Corrected.")
        expect(note).to_have_count(0)
        begin(page).fill("No.")
        expect(state(page)).to_have_text("Saved for you alone until you save it to the section")
        page.get_by_role("button", name="Discard changes").click()
        expect(page.locator("#summary .prose")).to_have_text("Corrected.")
        expect(note).to_have_count(0)
    assert text_of(author, made) == "Corrected."


@pytest.fixture
def own() -> Iterator[Stack]:
    """An installation whose API the test kills."""
    with shared_stack() as one:
        yield one


def test_no_character_is_lost_when_the_api_is_killed(browser: Browser, own: Stack) -> None:
    author = own.person()
    made = draft(author)
    with Scene(own, {"author": author}).signed_in(browser, "author") as page:
        page.goto(address(own, made))
        area = begin(page)
        area.fill("")
        words = [f"word{count} " for count in range(60)]
        for count, word in enumerate(words):
            page.keyboard.type(word)
            if count == 20:
                expect(state(page)).to_have_text(SAVED)
            if count == 30:
                own.kill("api")
            if count == 45:
                own.revive("api")
        expect(area).to_have_value("".join(words))
        eventually(lambda: text_of(author, made) == "".join(words))


def test_another_save_meanwhile_is_not_lost(browser: Browser, stack: Stack) -> None:
    """Somebody types for long, and another person's save is taken in while they do."""
    author = stack.person()
    made = draft(author, summary=BASE)
    with visiting(browser, stack, author) as page:
        page.goto(address(stack, made))
        area = begin(page)
        area.press("ControlOrMeta+Home")
        for place, letter in enumerate("abcdefghijklmnopqrstuvwxyz"):
            page.keyboard.type(letter, delay=60)
            if place == 12:
                ok(put(author, f"/api/postmortems/{made['id']}", "summary", f"{BASE}\n\nfour", base=1))
        expect(area).to_have_value(f"abcdefghijklmnopqrstuvwxyz{BASE}\n\nfour")
        expect(state(page)).to_have_text(SAVED)
    assert text_of(author, made) == f"abcdefghijklmnopqrstuvwxyz{BASE}\n\nfour"
