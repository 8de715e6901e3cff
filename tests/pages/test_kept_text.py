"""What somebody wrote is never lost: not when their session ends, and not when a form leads back to its page."""

from playwright.sync_api import Browser, Page, Route, expect

from tests.api.writing import draft, ok
from tests.pages.pictures.views import Scene
from tests.pages.test_browser import visiting
from tests.pages.visiting import stranger, visitor
from tests.stack import ADMIN_TOKEN, Person, Stack

WRITTEN = "Typed for an hour.\n\nAnd <not> saved."
UNAUTHORIZED = "401"


def token_of(person: Person) -> str:
    return str(person.http.headers["Authorization"].removeprefix("Bearer "))


def sign_in_again(page: Page, person: Person) -> None:
    expect(page.get_by_role("heading", level=1)).to_have_text("Sign in again")
    page.get_by_label("API token").fill(token_of(person))
    page.get_by_role("button", name="Sign in").click()


def test_a_session_that_ends_while_somebody_writes_keeps_the_text(browser: Browser, stack: Stack) -> None:
    author = stack.person()
    made = draft(author)
    scene = Scene(stack, {"author": author})
    with scene.signed_in(browser, "author") as page:
        page.goto(f"{stack.url}/postmortems/{made['id']}/edit")
        page.get_by_label("Detection").fill(WRITTEN)
        page.context.clear_cookies()
        page.get_by_role("button", name="Save and close").click()
        expect(page.get_by_label("detection")).to_have_value(WRITTEN)
        sign_in_again(page, author)
        expect(page.get_by_label("Detection")).to_have_value(WRITTEN)
        expect(page.get_by_role("note")).to_contain_text("We restored text that you hadn't saved.")
        page.get_by_role("button", name="Save and close").click()
        expect(page.locator("#detection .prose")).to_contain_text("And <not> saved.")
        assert page.evaluate("Object.keys(localStorage).filter((one) => one.startsWith('afterword.draft'))") == []
    assert ok(author.get(f"/api/postmortems/{made['id']}"))["detection"] == WRITTEN


def test_restored_text_does_not_overwrite_what_others_saved(browser: Browser, stack: Stack) -> None:
    author = stack.person()
    made = draft(author)
    with Scene(stack, {"author": author}).signed_in(browser, "author") as page:
        page.goto(f"{stack.url}/postmortems/{made['id']}/edit")
        page.get_by_label("Summary").fill("My own words.")
        page.context.clear_cookies()
        page.get_by_role("button", name="Save and close").click()
        ok(stack.client().patch(f"/api/postmortems/{made['id']}", json={"summary": "Somebody else's words."}))
        sign_in_again(page, author)
        expect(page.get_by_label("Summary")).to_have_value("My own words.")
        page.get_by_role("button", name="Save and close").click()
        expect(page.get_by_role("alert").first).to_contain_text("Some changes weren't saved")
    assert ok(author.get(f"/api/postmortems/{made['id']}"))["summary"] == "Somebody else's words."


def test_kept_text_is_its_writers_and_goes_with_them(browser: Browser, stack: Stack) -> None:
    author, colleague = stack.person(), stack.person()
    made = draft(author, visibility="ORGANIZATION")
    address = f"{stack.url}/postmortems/{made['id']}"
    with Scene(stack, {"author": author}).signed_in(browser, "author") as page:
        page.goto(address)
        page.locator("#summary .talk summary").click()
        page.get_by_label("New comment on Summary").fill("A private thought")
        page.goto(address)
        expect(page.get_by_label("New comment on Summary")).to_have_value("A private thought")
        page.context.clear_cookies()
        page.goto(f"{stack.url}/sign-in")
        page.get_by_label("API token").fill(token_of(colleague))
        page.get_by_role("button", name="Sign in").click()
        page.wait_for_url(f"{stack.url}/")
        page.goto(address)
        expect(page.get_by_label("New comment on Summary")).to_have_value("")
        page.locator(".menu summary").click()
        page.get_by_role("button", name="Sign out").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")
        assert page.evaluate("Object.keys(localStorage).filter((one) => one.startsWith('afterword.draft'))") == []


def test_who_types_before_the_scripts_run_keeps_what_they_type(browser: Browser, stack: Stack) -> None:
    author = stack.person()
    made = draft(author)
    address = f"{stack.url}/postmortems/{made['id']}"
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    with Scene(stack, {"author": author}).signed_in(browser, "author") as page:
        page.goto(address)
        page.locator("#summary .talk summary").click()
        page.get_by_label("New comment on Summary").fill("An old thought")
        page.route("**/afterword*.js", hold)
        page.goto(address, wait_until="commit")
        page.locator("#summary .talk summary").click()
        page.get_by_label("New comment on Summary").fill("A new one")
        held[0].continue_()
        page.wait_for_load_state()
        expect(page.get_by_label("New comment on Summary")).to_have_value("A new one")
        expect(page.get_by_role("note")).to_have_count(0)
        page.locator("#summary .talk").get_by_role("button", name="Add comment").click()
        expect(page.locator("#summary .comment")).to_contain_text("A new one")


def test_without_scripts_the_text_is_shown_again(stack: Stack) -> None:
    author = stack.person()
    made = draft(author)
    path = f"/postmortems/{made['id']}"
    page = visitor(stack, author)
    sent = page.hidden(path) | {"body": WRITTEN, "section": "summary", "s.token": "a secret one", "base.x": "1.2 3"}
    http = stranger(stack).http
    answer = http.post(f"{path}/comments", data=sent, headers={"Referer": f"{stack.url}{path}"})
    assert answer.status_code == 401
    assert "And &lt;not&gt; saved." in answer.text
    assert f'name="next" value="{path}"' in answer.text
    assert "a secret one" not in answer.text
    assert "1.2 3" not in answer.text
    forged = page.http.post(f"{path}/comments", data=sent | {"csrf": "0" * 128})
    assert forged.status_code == 403
    assert "And &lt;not&gt; saved." in forged.text
    assert http.post("/inbox/read", data={"csrf": ADMIN_TOKEN}).status_code == 303


def test_saving_keeps_the_place(browser: Browser, stack: Stack) -> None:
    author = stack.person()
    made = draft(author, resolution="line\n\n" * 60)
    with visiting(browser, stack, author, viewport={"width": 1024, "height": 700}) as page:
        page.goto(f"{stack.url}/postmortems/{made['id']}/edit")
        page.get_by_label("Detection").fill("By alarm")
        button = page.locator("button[name=at][value=detection]")
        button.scroll_into_view_if_needed()
        before = page.evaluate("scrollY")
        assert before > 500
        button.click()
        expect(page.get_by_role("status")).to_have_text("Saved.")
        page.wait_for_function("(place) => Math.abs(scrollY - place) < 60", arg=before)
        page.goto(f"{stack.url}/postmortems/{made['id']}")
        page.locator("#detection .talk summary").click()
        page.get_by_label("New comment on Detection").fill("How?")
        before = page.evaluate("scrollY")
        page.locator("#detection").get_by_role("button", name="Add comment").click()
        expect(page.locator("#detection .comment")).to_contain_text("How?")
        page.wait_for_function("(place) => Math.abs(scrollY - place) < 60", arg=before)


def test_without_scripts_saving_leads_back_to_the_section(stack: Stack) -> None:
    author = stack.person()
    made = draft(author)
    path = f"/postmortems/{made['id']}/edit"
    where = visitor(stack, author).done(path, path, detection="By alarm", at="detection", **{"base.detection": "0.x"})
    assert where == f"{path}?saved=1#f-detection"
