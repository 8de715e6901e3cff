"""Signing in without passwords, sessions that end, and forms that only our own pages can send."""

import subprocess
import sys

import httpx
import pytest

from tests.api.writing import draft, ok
from tests.cli.running import ROOT, free_port
from tests.pages.visiting import HTML, Visitor, sign_in_link, stranger, visitor
from tests.stack import ADMIN_TOKEN, Stack, eventually


def test_who_is_not_signed_in_is_led_to_the_sign_in_and_back(stack: Stack) -> None:
    visit = stranger(stack)
    answer = visit.http.get("/postmortems?status=DRAFT")
    assert (answer.status_code, answer.headers["location"]) == (303, "/sign-in?next=%2Fpostmortems%3Fstatus%3DDRAFT")
    back = visit.done("/sign-in", answer.headers["location"], token=ADMIN_TOKEN, next="/postmortems?status=DRAFT")
    assert back == "/postmortems?status=DRAFT"
    assert "Postmortems" in visit.get(back)


def test_two_pages_that_were_opened_at_once_both_sign_in(stack: Stack) -> None:
    first, second = stranger(stack), stranger(stack)
    sent = first.hidden("/sign-in") | {"token": ADMIN_TOKEN}
    second.get("/sign-in")
    first.http.cookies.update(second.http.cookies)  # neither had a cookie to send yet
    first.http.cookies.set("afterword_visit@", "no cookie of ours")
    answer = first.http.post("/sign-in", data=sent)
    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    assert [one for one in first.http.cookies if one.startswith("afterword_visit")] == ["afterword_visit@"]


@pytest.mark.parametrize(
    "elsewhere",
    ["https://evil.example", "//evil.example", "/\\evil.example", "\\\\evil.example", "javascript:alert(1)", "/a\\b"],
)
def test_the_sign_in_leads_nowhere_else(stack: Stack, elsewhere: str) -> None:
    assert stranger(stack).done("/sign-in", "/sign-in", token=ADMIN_TOKEN, next=elsewhere) == "/"


def test_a_link_signs_in_once_and_not_by_being_opened(stack: Stack) -> None:
    person = stack.person()
    link = sign_in_link(stack, person.id)
    assert link.startswith(f"{stack.url}/sign-in?code=")
    path, code = link.removeprefix(stack.url), link.split("code=")[1]
    for _ in range(3):
        stranger(stack).get(path)  # as mail programs do
    visit = stranger(stack)
    assert visit.done("/sign-in", path, code=code) == "/"
    assert "For your attention" in visit.get("/")
    again = stranger(stack).send("/sign-in", path, code=code)
    assert again.status_code == 403
    assert "no longer works" in again.text


def test_a_links_code_opens_no_other_door(stack: Stack) -> None:
    code = sign_in_link(stack, stack.person().id).split("code=")[1]
    assert stack.client(code).get("/api/me").status_code == 403
    assert stranger(stack).send("/sign-in", "/sign-in", token=code).status_code == 403


def test_an_administrator_makes_links_for_others(stack: Stack) -> None:
    person = stack.person()
    made = ok(stack.client().post(f"/api/users/{person.id}/sign-in-links"), 201)
    visit = stranger(stack)
    path = made["url"].removeprefix(stack.url)
    visit.done("/sign-in", path, code=path.split("code=")[1])
    assert ok(person.get("/api/me"))["name"] in visit.get("/")
    assert person.post(f"/api/users/{person.id}/sign-in-links").status_code == 403
    assert stack.client().post("/api/users/user_nobody/sign-in-links").status_code == 404


def test_the_demo_is_open_on_this_machine_alone(stack: Stack) -> None:
    assert "This demo runs on this machine with sample data" not in stranger(stack).get("/sign-in")
    port = free_port()
    env = {"AFTERWORD_DEMO": "1", "AFTERWORD_DEMO_SIGN_IN": "1", "AFTERWORD_PORT": str(port)}
    words = [sys.executable, "-m", "cli.main", "api"]
    with (
        subprocess.Popen(words, cwd=ROOT, env={**stack.environment(), **env}, stdout=subprocess.DEVNULL) as process,
        httpx.Client(base_url=f"http://127.0.0.1:{port}", headers=HTML, timeout=30) as http,
    ):
        try:
            eventually(lambda: http.get("/healthz").status_code == 200)
            visit = Visitor(http)
            assert "Jane Doe, responder" in visit.get("/sign-in")
            assert visit.send("/sign-in", "/sign-in", person="user_admin").status_code == 403
            assert (
                visit.send("/sign-in", "/sign-in", person="user_jane").status_code == 403
            )  # who is not in this database
            elsewhere = http.get("/sign-in", headers={"Host": f"rebound.example:{port}"})
            assert "This demo runs on this machine with sample data" not in elsewhere.text
        finally:
            process.terminate()


def test_cookies_are_guarded_and_never_open_the_api(stack: Stack) -> None:
    visit = stranger(stack)
    answer = visit.send("/sign-in", "/sign-in", token=ADMIN_TOKEN)
    cookie = next(one for one in answer.headers.get_list("set-cookie") if one.startswith("afterword_session="))
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert visit.http.get("/api/me").status_code == 401
    assert visit.http.get("/api/me").headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("cookie", ["", "x", "WyJ0b2tfMSIsImEiXQ.aaaa.bbbb", "\xff"])
def test_a_made_up_cookie_is_nobody(stack: Stack, cookie: str) -> None:
    headers = {**HTML, "Cookie": f"afterword_session={cookie}".encode("latin-1").decode("latin-1")}
    with httpx.Client(base_url=stack.url, timeout=30) as http:
        request = http.build_request(
            "GET", "/", headers={name: value.encode("latin-1") for name, value in headers.items()}
        )
        assert http.send(request).status_code == 303


def test_signing_out_ends_the_session_on_the_server(stack: Stack) -> None:
    person = stack.person()
    visit = stranger(stack)
    path = sign_in_link(stack, person.id).removeprefix(stack.url)
    visit.done("/sign-in", path, code=path.split("code=")[1])
    kept = dict(visit.http.cookies)
    assert visit.done("/sign-out", "/") == "/sign-in"
    assert httpx.get(f"{stack.url}/", cookies=kept, headers=HTML).status_code == 303


def test_revoking_the_token_ends_its_session(stack: Stack) -> None:
    person = stack.person()
    visit = visitor(stack, person)
    visit.get("/")
    (token,) = ok(person.get("/api/tokens"))["items"]
    ok(person.delete(f"/api/tokens/{token['id']}"), 204)
    assert visit.http.get("/").status_code == 303


def test_deactivating_a_person_ends_their_session(stack: Stack) -> None:
    person = stack.person()
    visit = visitor(stack, person)
    ok(stack.client().patch(f"/api/users/{person.id}", json={"active": False}))
    assert visit.http.get("/").status_code == 303


def test_a_forged_form_is_refused_with_a_page(stack: Stack) -> None:
    author = stack.person()
    made = draft(author)
    mine, other = visitor(stack, author), visitor(stack, stack.person())
    path, page = f"/postmortems/{made['id']}/comments", f"/postmortems/{made['id']}"
    for headers, fields in (
        ({}, {"csrf": ""}),
        ({}, {"csrf": "a" * 64}),
        ({}, {"csrf": "\u00e9"}),
        ({}, other.hidden("/")),
        ({"Origin": "https://evil.example"}, mine.hidden(page)),
        ({"Origin": "null"}, mine.hidden(page)),
        ({"Sec-Fetch-Site": "cross-site"}, mine.hidden(page)),
        ({"Sec-Fetch-Site": "same-site"}, mine.hidden(page)),
    ):
        answer = mine.http.post(path, data=fields | {"body": "forged"}, headers=headers)
        assert answer.status_code == 403, (headers, fields)
        assert "come from Afterword" in answer.text
    assert ok(author.get(f"/api{page}/comments"))["items"] == []
    fine = mine.http.post(
        path, data=mine.hidden(page) | {"body": "mine"}, headers={"Origin": stack.url, "Sec-Fetch-Site": "same-origin"}
    )
    assert fine.status_code == 303


def test_a_double_click_is_one_request(stack: Stack) -> None:
    author = stack.person()
    made = draft(author)
    visit = visitor(stack, author)
    sent = visit.hidden(f"/postmortems/{made['id']}") | {"body": "Once"}
    for _ in range(2):
        assert visit.http.post(f"/postmortems/{made['id']}/comments", data=sent).status_code == 303
    assert len(ok(author.get(f"/api/postmortems/{made['id']}/comments"))["items"]) == 1


def test_every_page_is_guarded(stack: Stack) -> None:
    visit = visitor(stack)
    for path in ("/", "/sign-in", "/postmortems", "/postmortems/pm_nothing", "/static/afterword.css"):
        headers = visit.http.get(path).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "same-origin"
    assert visit.http.get("/").headers["cache-control"] == "no-store"
