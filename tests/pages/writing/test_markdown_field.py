"""Fields of Markdown: a toolbar, keys, menus, pasted tables, and a preview, with the mouse and with the keyboard."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.api.writing import draft, ok
from tests.domain.content.test_markdown import NUL, VECTORS, check
from tests.nightly import spread
from tests.pages.settings.test_hostile_text import BATCHES, COUNT, Watch
from tests.pages.test_browser import visiting
from tests.pages.writing.test_section_editor import SAVED, address, begin, state
from tests.pages.writing.typist import JSON, typist
from tests.stack import Person, Stack

PASTE = """(area, [html, text]) => {
  const data = new DataTransfer();
  if (html) data.setData("text/html", html);
  data.setData("text/plain", text);
  area.dispatchEvent(new ClipboardEvent("paste", {clipboardData: data, bubbles: true, cancelable: true}));
}"""


@pytest.fixture(scope="module")
def author(stack: Stack) -> Person:
    return stack.person(name="Jane Doe")


@pytest.fixture
def page(browser: Browser, stack: Stack, author: Person) -> Iterator[Page]:
    """With the editor of an empty section open."""
    made = draft(author, summary="")
    with visiting(browser, stack, author) as one:
        one.goto(address(stack, made))
        begin(one)
        yield one


def area(page: Page) -> Any:
    return page.locator("#w-summary")


def test_the_toolbar_and_undo(page: Page) -> None:
    page.keyboard.type("It broke")
    page.keyboard.press("ControlOrMeta+a")
    page.get_by_role("button", name="Bold").click()
    expect(area(page)).to_have_value("**It broke**")
    page.keyboard.press("ControlOrMeta+z")
    expect(area(page)).to_have_value("It broke")
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.press("ControlOrMeta+i")
    expect(area(page)).to_have_value("*It broke*")
    page.keyboard.press("ControlOrMeta+i")
    expect(area(page)).to_have_value("It broke")
    page.keyboard.press("ControlOrMeta+k")
    expect(area(page)).to_have_value("[It broke](https://)")
    page.keyboard.type("example.com")
    expect(area(page)).to_have_value("[It broke](example.com)")
    area(page).fill("one\ntwo")
    page.keyboard.press("ControlOrMeta+a")
    for name, text in (
        ("List", "- one\n- two"),
        ("1. List (Numbered list)", "1. one\n2. two"),
        ("Task list", "- [ ] one\n- [ ] two"),
        ("Task list", "one\ntwo"),
        ("Quote", "> one\n> two"),
    ):
        page.get_by_role("button", name=name, exact=True).click()
        expect(area(page)).to_have_value(text)
    for _ in range(5):
        page.keyboard.press("ControlOrMeta+z")
    expect(area(page)).to_have_value("one\ntwo")


def test_the_toolbar_by_keyboard(page: Page) -> None:
    page.keyboard.press("Shift+Tab")
    expect(page.get_by_role("button", name="Bold")).to_be_focused()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("button", name="Heading")).to_be_focused()
    page.keyboard.press("Enter")
    expect(area(page)).to_have_value("## ")
    expect(area(page)).to_be_focused()
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("End")
    page.keyboard.press("Enter")
    expect(page.get_by_role("region", name="Preview of Summary")).to_be_visible()
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(page.get_by_role("region", name="Preview of Summary")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Save and close")).to_be_focused()


def test_lists_go_on_and_are_indented(page: Page) -> None:
    page.keyboard.type("- one\ntwo\n")
    page.keyboard.press("Tab")
    page.keyboard.type("inner\nmore")
    expect(area(page)).to_have_value("- one\n- two\n  - inner\n  - more")
    page.keyboard.press("Shift+Tab")
    expect(area(page)).to_have_value("- one\n- two\n  - inner\n- more")
    page.keyboard.type("\n\n3. three\nfour")
    expect(area(page)).to_have_value("- one\n- two\n  - inner\n- more\n3. three\n4. four")
    page.keyboard.type("\n\n- [x] done\nnext\n\nend")
    expect(area(page)).to_have_value("- one\n- two\n  - inner\n- more\n3. three\n4. four\n- [x] done\n- [ ] next\nend")
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Save and close")).to_be_focused()


def test_menus_of_people_things_and_blocks(page: Page, stack: Stack, author: Person) -> None:
    handle = ok(author.get("/api/me"))["handle"]
    other = draft(author, title="The pool of connections")
    menu = page.get_by_role("listbox")
    page.keyboard.type(f"Thanks @{handle[:-1]}")
    expect(menu.get_by_role("option").first).to_contain_text("Jane Doe")
    page.keyboard.press("Enter")
    assert area(page).input_value().strip() == f"Thanks @{handle}"
    page.keyboard.type(" and #pool")
    expect(menu.get_by_role("option", name="The pool of connections").first).to_be_visible()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Tab")
    assert other["id"] in area(page).input_value()
    area(page).fill("")
    page.keyboard.type("/step")
    expect(menu.get_by_role("option")).to_have_text(["Step, Action, Result"])
    page.keyboard.press("Enter")
    page.keyboard.type("Raised the limit")
    expect(area(page)).to_have_value(
        "| Step | Action | Result |\n| --- | --- | --- |\n| 1 | Raised the limit |  |\n| 2 |  |  |\n"
    )
    area(page).fill("")
    page.keyboard.type("/")
    expect(menu).to_be_visible()
    page.keyboard.press("Escape")
    expect(menu).to_have_count(0)
    page.keyboard.type("etc/hosts")
    expect(area(page)).to_have_value("/etc/hosts")
    expect(menu).to_have_count(0)
    page.keyboard.type(" and a/b, c@d.example, c# ")
    expect(menu).to_have_count(0)


@pytest.mark.parametrize(
    ("html", "text", "kept"),
    [
        ("", "Step\tResult\n1\ta|b\n2\t", "| Step | Result |\n| --- | --- |\n| 1 | a\\|b |\n| 2 |  |\n"),
        (
            "<meta><table><tr><th>Step<th>Result</tr><tr><td>1<td><b>Fixed</b>\n it<img src=x onerror=alert(1)>",
            "Step\tResult\n1\tFixed it",
            "| Step | Result |\n| --- | --- |\n| 1 | Fixed it |\n",
        ),
        ("<p>No table</p>", "No table", ""),
        ("", "one\ttab", ""),
    ],
)
def test_pasted_tables(page: Page, html: str, text: str, kept: str) -> None:
    area(page).evaluate(PASTE, [html, text])
    expect(area(page)).to_have_value(kept)


def test_the_section_by_keyboard_alone(browser: Browser, stack: Stack, author: Person) -> None:
    made = draft(author)
    with visiting(browser, stack, author) as page:
        page.goto(address(stack, made))
        page.keyboard.press("e")
        expect(area(page)).to_be_focused()
        page.keyboard.press("ControlOrMeta+End")
        page.keyboard.type(" By keyboard.")
        page.keyboard.press("ControlOrMeta+s")
        expect(state(page)).to_have_text(SAVED)
        page.keyboard.press("Escape")
        expect(page.locator("#summary .prose")).to_contain_text("By keyboard.")
        expect(page.locator("#summary [data-edits]")).to_be_focused()
        page.keyboard.press("Enter")
        expect(area(page)).to_be_focused()


def test_without_scripts_the_form_of_all_sections_opens(browser: Browser, stack: Stack, author: Person) -> None:
    made = draft(author)
    with visiting(browser, stack, author, java_script_enabled=False) as page:
        page.goto(address(stack, made))
        page.locator("#summary").get_by_role("link", name="Edit Summary").click()
        page.get_by_label("Summary").fill("Without scripts")
        page.get_by_role("button", name="Save and close").click()
        expect(page.locator("#summary .prose")).to_have_text("Without scripts")
        page.locator("#optional-sections").get_by_role("link", name="Detection").click()
        expect(page.get_by_label("Detection")).to_be_visible()


@pytest.mark.parametrize("batch", spread(range(COUNT), 3))
def test_hostile_text_stays_text(browser: Browser, stack: Stack, author: Person, batch: int) -> None:
    """In the field, the preview, the person's own copy, and a conflict."""
    made = draft(author)
    with visiting(browser, stack, author, bypass_csp=True) as page:
        watch = Watch(page, stack.url)
        watch.look(f"/postmortems/{made['id']}")
        field = begin(page)
        page.get_by_role("button", name="Preview", exact=True).click()
        text = "\n\n".join(BATCHES[batch])
        field.fill(text)
        expect(page.locator(".section-editor__preview .prose")).not_to_be_empty(timeout=15_000)
        expect(state(page)).to_have_text(SAVED)
        watch.look()
        fields = {"csrf": page.locator(".section-editor [name=csrf]").input_value(), "base": "0", "editing": "x" * 10}
        door = f"{address(stack, made)}/sections/summary/autosave"
        answer = page.request.post(door, form={**fields, "body": f"Mine {text}"}, headers=JSON)
        assert answer.status == 412
        watch.look(f"/postmortems/{made['id']}")
        expect(page.locator("#summary .draft-note pre")).to_contain_text("Mine")
        watch.look(f"/postmortems/{made['id']}/edit?drafts=1")
        assert watch.wrong == []


def test_the_whole_corpus_through_the_preview(stack: Stack, author: Person) -> None:
    types = typist(stack, author, draft(author))
    for text in VECTORS:
        if NUL in text:
            assert types.post("summary", "preview", text).status_code == 422
            continue
        answer = types.post("summary", "preview", text)
        assert answer.status_code == 200
        check(answer.text.strip().removeprefix('<div class="prose">').removesuffix("</div>"))
