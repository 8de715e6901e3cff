"""The page of attachments, what texts show of them, and files that are pasted and dropped into a text."""

import base64
import re
from html import unescape

import httpx
from playwright.sync_api import Browser, expect

from tests.api.documents.pictures import picture
from tests.api.writing import draft, ok
from tests.pages.test_browser import visiting
from tests.pages.visiting import Visitor, told, visitor
from tests.stack import Person, Stack, eventually

PUT_FILE = """([selector, event, name, content]) => {
  const bytes = Uint8Array.from(atob(content), (one) => one.charCodeAt(0));
  const carried = new DataTransfer();
  carried.items.add(new File([bytes], name, { type: "image/png" }));
  const how = { bubbles: true, cancelable: true };
  const said = event === "paste"
    ? new ClipboardEvent("paste", { ...how, clipboardData: carried })
    : new DragEvent("drop", { ...how, dataTransfer: carried });
  document.querySelector(selector).dispatchEvent(said);
}"""


def send_file(visit: Visitor, address: str, content: bytes) -> httpx.Response:
    page, files = f"{address}/attachments", {"file": ("pool.png", content)}
    return visit.http.post(page, data={**visit.hidden(page), "form": "upload"}, files=files)


def attached(author: Person, path: str, content: bytes, name: str) -> dict[str, str]:
    made: dict[str, str] = ok(author.post(f"/api{path}/attachments", files={"file": (name, content)}), 201)
    return made


def test_a_file_comes_in_by_the_form_and_goes(stack: Stack) -> None:
    author = stack.person()
    address = f"/postmortems/{draft(author, visibility='ORGANIZATION')['id']}"
    mine, theirs = visitor(stack, author), visitor(stack, stack.person())
    assert "No attachments yet" in mine.get(f"{address}/attachments")
    answer = send_file(mine, address, picture(size=(300, 200)))
    assert answer.status_code == 303, told(answer.text)
    (made,) = ok(author.get(f"/api{address}/attachments"))["items"]
    assert answer.headers["location"] == f"{address}/attachments#{made['id']}"
    page = mine.get(f"{address}/attachments")
    for shown in (f'src="/attachments/{made["id"]}/thumbnail"', "300 by 200 pixels", "Not used in any text"):
        assert shown in page
    assert made["markdown"] in unescape(page)
    assert "Delete" in page
    assert "Delete" not in theirs.get(f"{address}/attachments")
    assert theirs.http.get(f"/attachments/{made['id']}").headers["content-type"] == "image/png"
    refused = send_file(mine, address, b"\x89PNG\r\n\x1a\n" + bytes(50))
    assert (refused.status_code, "The image can't be read" in unescape(refused.text)) == (422, True)
    ok(author.put(f"/api{address}/sections/summary", json={"body": f"Look: {made['markdown']}"}))
    asked = mine.send(f"{address}/attachments/{made['id']}/delete", f"{address}/attachments")
    assert asked.status_code == 409
    assert "pool.png is still in use" in asked.text
    mine.done(f"{address}/attachments/{made['id']}/delete", f"{address}/attachments", force="yes")
    assert '<span class="attachment--missing">pool.png</span>' in mine.get(address)
    assert mine.http.get(f"/attachments/{made['id']}").status_code == 404


def test_texts_show_images_and_link_files(stack: Stack) -> None:
    author = stack.person()
    made, hidden = draft(author, visibility="ORGANIZATION"), draft(author, visibility="PRIVATE")
    address, elsewhere = f"/postmortems/{made['id']}", f"/postmortems/{hidden['id']}"
    image, log = attached(author, address, picture(), "pool.png"), attached(author, address, b"x", "a & log.txt")
    secret = attached(author, elsewhere, picture(), "secret.png")
    body = f"![The pool]({image['markdown'].partition('(')[2]} {log['markdown']} {secret['markdown']}"
    ok(author.put(f"/api{address}/sections/summary", json={"body": body}))
    ok(author.post(f"/api{address}/comments", json={"body": f"See {image['markdown']}"}), 201)
    reader = visitor(stack, stack.person())
    page = reader.get(address)
    assert page.count(f'<img src="/attachments/{image["id"]}"') == 2
    assert 'alt="The pool" width="60" height="40" loading="lazy"' in page
    assert f'<a href="/attachments/{log["id"]}" class="attachment">a &amp; log.txt</a>' in page
    assert secret["id"] not in page, "an attachment of another postmortem is not shown"
    assert reader.http.get(f"/attachments/{secret['id']}").status_code == 404
    assert visitor(stack, author).http.get(f"/attachments/{secret['id']}").status_code == 200
    section = ok(author.get(f"/api{address}/sections/summary", params={"render": "html"}))
    assert f'src="{image["url"]}"' in section["html"]
    item = {"description": "Look", "details": image["markdown"]}
    done = ok(author.post(f"/api{address}/action-items", json=item), 201)
    assert f'<img src="/attachments/{image["id"]}"' in reader.get(f"/action-items/{done['id']}")


def test_an_unknown_visitor_reaches_no_file(stack: Stack) -> None:
    author = stack.person()
    address = f"/postmortems/{draft(author, visibility='ORGANIZATION')['id']}"
    made = attached(author, address, picture(), "pool.png")
    for path in (f"/attachments/{made['id']}", f"/attachments/{made['id']}/thumbnail"):
        answer = stack.client(None).get(path)
        assert (answer.status_code, answer.headers["location"][:8]) == (303, "/sign-in")
        assert author.get(path).status_code == 303, "a token opens no page"
    forged = visitor(stack, author).http.post(f"{address}/attachments", data={"csrf": "x"}, files={"file": ("a", b"b")})
    assert forged.status_code == 403
    assert len(ok(author.get(f"/api{address}/attachments"))["items"]) == 1


def test_pasting_and_dropping_into_a_text(stack: Stack, browser: Browser) -> None:
    author = stack.person()
    address = f"/postmortems/{draft(author)['id']}"
    image = base64.b64encode(picture(size=(90, 30))).decode()
    with visiting(browser, stack, author) as page:
        page.goto(f"{stack.url}{address}/edit")
        summary = page.locator("#f-summary")
        summary.fill("Before ")
        page.evaluate(PUT_FILE, ["#f-summary", "paste", "image.png", image])
        expect(summary).to_have_value(f"Before ![image.png](attachment:{_only(author, address)})")
        expect(page.get_by_text("1 file attached")).to_be_visible()
        page.evaluate(PUT_FILE, ["#f-impact", "drop", "chart.png", image])
        expect(page.locator("#f-impact")).to_have_value(re.compile(r"!\[chart\.png\]"))
        page.get_by_role("button", name="Save and close").click()
        shown = page.get_by_role("img", name="image.png")
        expect(shown).to_be_visible()
        assert shown.evaluate("one => one.decode().then(() => [one.naturalWidth, one.naturalHeight])") == [90, 30]


def _only(author: Person, address: str) -> str:
    def check() -> str:
        return str(ok(author.get(f"/api{address}/attachments"))["items"][0]["id"])

    return str(eventually(check))
