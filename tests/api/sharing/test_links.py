"""Links for outsiders: who gets which, what suspends and revokes them, passwords, and what every answer says."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import text as sql

from tests.api import writing
from tests.api.conventions import key, problem
from tests.api.sharing.sharing import approve, local, outsider, page_of, path_of, save, share
from tests.api.writing import ok
from tests.stack import Person, Stack, eventually

HOUR = timedelta(hours=1)


@pytest.fixture(scope="module")
def author(stack: Stack) -> Person:
    return stack.person()


@pytest.fixture(scope="module")
def reviewer(stack: Stack) -> Person:
    return stack.person()


@pytest.fixture
def made(author: Person) -> Any:
    """A draft whose public summary is approved."""
    made = writing.draft(author, visibility="ORGANIZATION")
    save(author, made)
    approve(author, made)
    return made


@pytest.fixture
def published(author: Person, reviewer: Person) -> Any:
    """A published postmortem whose public summary is approved."""
    made = writing.published(author, [reviewer], visibility="ORGANIZATION")
    save(author, made)
    approve(author, made)
    return made


def state_of(person: Person, made: Any, link: Any) -> str:
    listed = ok(person.get(path_of(made, "share-links")))["items"]
    return str(next(one["state"] for one in listed if one["id"] == link["id"]))


# Creating


def test_a_link_shows_the_approved_summary_and_its_date(stack: Stack, author: Person, made: Any) -> None:
    link = share(author, made)
    assert (link["scope"], link["state"], link["hasPassword"], link["views"]) == ("SUMMARY", "ACTIVE", False, 0)
    assert re.fullmatch(r".*/p/[A-Za-z0-9_-]{22}", link["url"])
    page = page_of(stack, link)
    assert "<h1>Checkout was down</h1>" in page
    assert "customers could not pay" in page
    assert datetime.now(UTC).strftime("%Y") in page
    assert made["title"] not in page
    assert made["id"] not in page
    listed = ok(author.get(path_of(made, "share-links")))
    assert [one["url"] for one in listed["items"]] == [link["url"]]


def test_what_is_not_ready_can_not_be_shared(author: Person) -> None:
    draft = writing.draft(author, visibility="ORGANIZATION")
    refused = author.post(path_of(draft, "share-links"), json={})
    assert [one["code"] for one in problem(refused, 409, "NotShareable")["reasons"]] == ["NotApproved"]
    refused = author.post(path_of(draft, "share-links"), json={"scope": "POSTMORTEM"})
    assert [one["code"] for one in problem(refused, 409, "NotShareable")["reasons"]] == ["NotPublished"]
    private = writing.draft(author, visibility="PRIVATE")
    save(author, private)
    approve(author, private)
    refused = author.post(path_of(private, "share-links"), json={})
    assert [one["code"] for one in problem(refused, 409, "NotShareable")["reasons"]] == ["Private"]


@pytest.mark.parametrize(
    "body",
    [
        {"scope": "ALL"},
        {"expiresAt": "2020-01-01T00:00:00Z"},
        {"expiresAt": 99},
        {"password": "sh0rt"},
        {"password": "x" * 201},
        {"password": "a\0bcdefgh"},
        {"pasword": "long enough"},
    ],
)
def test_bad_values(author: Person, made: Any, body: Any) -> None:
    refused = problem(author.post(path_of(made, "share-links"), json=body), 422, "Malformed")
    assert "sh0rt" not in str(refused)


def test_a_repeat_gets_the_link_that_was_made(stack: Stack, author: Person, made: Any) -> None:
    headers, body = key(), {"password": f"open {uuid4().hex}"}
    first = ok(author.post(path_of(made, "share-links"), json=body, headers=headers), 201)
    again = ok(author.post(path_of(made, "share-links"), json=body, headers=headers), 201)
    assert again == first
    other = author.post(path_of(made, "share-links"), json={}, headers=headers)
    problem(other, 422, "IdempotencyKeyReused")
    assert len(ok(author.get(path_of(made, "share-links")))["items"]) == 1
    assert stack.direct is not None
    kept = "select coalesce(string_agg(encode(body, 'escape'), ''), '') from idempotency_record"
    token = first["url"].rpartition("/")[2]
    assert token not in str(stack.direct.rows(sql(kept)))


def test_no_token_is_stored_or_logged(stack: Stack, author: Person, made: Any) -> None:
    link = share(author, made)
    token = link["url"].rpartition("/")[2]
    page_of(stack, link)
    assert stack.direct is not None
    row = "select row_to_json(share_link)::text from share_link where id = :id"
    assert token not in str(stack.direct.rows(sql(row).bindparams(id=link["id"])))
    assert token not in stack.log("api")
    audited = ok(author.get(f"/api/postmortems/{made['id']}/audit"))["items"]
    assert token not in str(audited)
    assert "share_link.created" in {one["action"] for one in audited}


# Ending


def test_a_revoked_link_is_gone_at_once(stack: Stack, author: Person, made: Any) -> None:
    link, other = share(author, made), share(author, made)
    page_of(stack, link)
    ok(author.delete(path_of(made, f"share-links/{link['id']}")), 204)
    ok(author.delete(path_of(made, f"share-links/{link['id']}")), 204)
    page_of(stack, link, 404)
    page_of(stack, other)
    listed = {one["id"]: one for one in ok(author.get(path_of(made, "share-links")))["items"]}
    assert (listed[link["id"]]["state"], listed[link["id"]]["url"]) == ("REVOKED", None)
    problem(author.delete(path_of(made, "share-links/shr_nothing")), 404, "NotFound")
    elsewhere = writing.draft(author)
    problem(author.delete(path_of(elsewhere, f"share-links/{other['id']}")), 404, "NotFound")


def test_every_link_that_shows_nothing_gets_the_same_answer(stack: Stack, author: Person, made: Any) -> None:
    revoked, expired, suspended = (share(author, made, expiresAt=in_an_hour()) for _ in range(3))
    ok(author.delete(path_of(made, f"share-links/{revoked['id']}")), 204)
    expire(stack, expired)
    ok(author.delete(path_of(made, "public-summary/approve")), 204)
    assert state_of(author, made, expired) == "EXPIRED"
    assert state_of(author, made, suspended) == "SUSPENDED"
    urls = [one["url"] for one in (revoked, expired, suspended)]
    urls += [f"{stack.url}/p/{'A' * 22}", f"{stack.url}/p/x", f"{stack.url}/p/pm_nothing", f"{stack.url}/p/feed.rss"]
    answers = [outsider(stack).get(stack.url + httpx.URL(one).path) for one in urls]
    assert {one.status_code for one in answers} == {404}
    assert len({one.text for one in answers}) == 1
    headers = [{name: value for name, value in one.headers.items() if name not in VARYING} for one in answers]
    assert all(one == headers[0] for one in headers)


VARYING = {"x-request-id", "date"}


def in_an_hour() -> str:
    return (datetime.now(UTC) + HOUR).isoformat()


def expire(stack: Stack, link: Any) -> None:
    assert stack.direct is not None
    stack.direct.write(sql("update share_link set expires_at = now() where id = :id"), id=link["id"])


def test_taking_the_approval_back_suspends_and_approving_resumes(stack: Stack, author: Person, made: Any) -> None:
    link = share(author, made)
    ok(author.delete(path_of(made, "public-summary/approve")), 204)
    page_of(stack, link, 404)
    approve(author, made)
    page_of(stack, link)
    save(author, made, "# Another text\n\nThat nobody approved.")
    page_of(stack, link, 404)
    approve(author, made)
    assert "Another text" in page_of(stack, link)
    ok(author.delete(path_of(made)), 204)
    page_of(stack, link, 404)


def test_a_review_that_is_reopened_suspends_and_publishing_resumes(
    stack: Stack, author: Person, reviewer: Person, published: Any
) -> None:
    links = [share(author, published), share(author, published, scope="POSTMORTEM")]
    for link in links:
        page_of(stack, link)
    admin = stack.person("ADMIN")
    path = f"/api/postmortems/{published['id']}"
    ok(admin.post(f"{path}/request-changes", json={"comment": "A number is wrong."}))
    for link in links:
        page_of(stack, link, 404)
        assert state_of(author, published, link) == "SUSPENDED"
    codes = [one["code"] for one in problem(author.post(f"{path}/share-links", json={}), 409)["reasons"]]
    assert codes == ["Reopened"]
    refused = author.post(f"{path}/share-links", json={"scope": "POSTMORTEM"})
    assert problem(refused, 409, "NotShareable")["reasons"][0]["code"] == "NotPublished"
    asked = ok(admin.get(f"{path}/comments", params={"resolved": False}))["items"]
    for one in asked:
        ok(admin.patch(f"{path}/comments/{one['id']}", json={"resolved": True}))
    ok(admin.post(f"{path}/publish"))
    for link in links:
        page_of(stack, link)
    ok(admin.post(f"{path}/archive"))
    for link in links:
        page_of(stack, link)


def test_private_revokes_for_good(stack: Stack, author: Person, made: Any) -> None:
    link = share(author, made)
    ok(author.put(path_of(made), json={"listed": True}))
    ok(author.patch(f"/api/postmortems/{made['id']}", json={"visibility": "PRIVATE"}))
    page_of(stack, link, 404)
    ok(author.patch(f"/api/postmortems/{made['id']}", json={"visibility": "ORGANIZATION"}))
    page_of(stack, link, 404)
    assert state_of(author, made, link) == "REVOKED"
    summary = ok(author.get(path_of(made)))
    assert (summary["state"], summary["listed"]) == ("APPROVED", False)
    page_of(stack, share(author, made))
    revoked = [
        one["after"]
        for one in ok(author.get(f"/api/postmortems/{made['id']}/audit"))["items"]
        if one["action"] == "share_link.revoked"
    ]
    assert revoked == [{"because": "PRIVATE"}]


def test_private_by_default_suspends_only(stack: Stack, author: Person) -> None:
    team = ok(stack.client().post("/api/teams", json={"name": f"T{uuid4().hex}"}), 201)["id"]
    made = writing.draft(author, teamIds=[team])
    save(author, made)
    approve(author, made)
    link = share(author, made)
    page_of(stack, link)
    ok(author.patch(f"/api/postmortems/{made['id']}", json={"teamIds": []}))
    page_of(stack, link, 404)
    ok(author.patch(f"/api/postmortems/{made['id']}", json={"teamIds": [team]}))
    page_of(stack, link)


def test_deleting_a_postmortem_ends_its_links(stack: Stack, author: Person, made: Any) -> None:
    link = share(author, made)
    ok(stack.client().delete(f"/api/postmortems/{made['id']}"), 204)
    page_of(stack, link, 404)


# Passwords


def entered(client: httpx.Client, url: str, password: str) -> httpx.Response:
    return client.post(url, data={"password": password})


def test_a_password_opens_one_link_for_an_hour(stack: Stack, author: Person, made: Any) -> None:
    password = f"Pä ss {uuid4().hex}"
    link, other = share(author, made, password=password), share(author, made, password=password)
    url, visitor = local(stack, link["url"]), outsider(stack)
    assert link["hasPassword"]
    asked = visitor.get(url)
    assert asked.status_code == 401
    assert "Password required" in asked.text
    assert "customers" not in asked.text
    wrong = entered(visitor, url, "something else")
    assert (wrong.status_code, wrong.cookies) == (401, httpx.Cookies())
    assert "password of this link" in wrong.text
    assert entered(visitor, url, "").status_code == 401
    right = entered(visitor, url, password)
    assert (right.status_code, right.headers["location"]) == (303, httpx.URL(url).path)
    cookie = right.headers["set-cookie"]
    assert f"Path={httpx.URL(url).path};" in f"{cookie};"
    assert "Max-Age=3600" in cookie
    assert "HttpOnly" in cookie
    value = cookie.split("=", 1)[1].split(";")[0]
    sent = {"Cookie": f"afterword_share={value}"}
    assert "customers" in outsider(stack).get(url, headers=sent).text
    assert outsider(stack).get(local(stack, other["url"]), headers=sent).status_code == 401
    assert outsider(stack).get(url, headers={"Cookie": f"afterword_share={value}x"}).status_code == 401
    ok(author.delete(path_of(made, f"share-links/{link['id']}")), 204)
    assert outsider(stack).get(url, headers=sent).status_code == 404
    assert entered(outsider(stack), url, password).status_code == 404


def test_ten_tries_and_no_more_even_at_once(stack: Stack, author: Person, made: Any) -> None:
    password = uuid4().hex
    link, other = share(author, made, password=password), share(author, made, password=password)
    url, visitor = local(stack, link["url"]), outsider(stack)
    with ThreadPoolExecutor(4) as pool:
        tried = list(pool.map(lambda n: entered(visitor, url, f"wrong {n}").status_code, range(12)))
    assert sorted(tried) == [401] * 10 + [429] * 2
    refused = entered(visitor, url, password)
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "900")
    assert entered(visitor, local(stack, other["url"]), password).status_code == 303
    assert entered(outsider(stack), url, password).status_code == 303
    assert stack.direct is not None
    aged = "update wrong_attempts set began_at = began_at - interval '15 minutes' where address like :link"
    stack.direct.write(sql(aged), link=f"password {link['id']} %")
    assert entered(visitor, url, password).status_code == 303


@pytest.mark.parametrize("body", [b"\xff\xfe", b"password", b"&" * 100, b"password=" + b"x" * 100_000, b"{}"])
def test_nothing_that_is_sent_as_a_password_is_an_error(stack: Stack, author: Person, body: bytes) -> None:
    made = writing.draft(author, visibility="ORGANIZATION")
    save(author, made)
    approve(author, made)
    link = share(author, made, password=uuid4().hex)
    answer = outsider(stack).post(local(stack, link["url"]), content=body)
    assert answer.status_code == 401, answer.text


# Headers, and views


def test_headers_of_every_public_answer(stack: Stack, author: Person, made: Any) -> None:
    link = share(author, made)
    locked = share(author, made, password=uuid4().hex)
    visitor = outsider(stack)
    answers = {
        "page": visitor.get(local(stack, link["url"])),
        "password": visitor.get(local(stack, locked["url"])),
        "nothing": visitor.get(f"/p/{'B' * 22}"),
        "elsewhere": visitor.get(f"/p/{'B' * 22}/attachments/att_1"),
        "method": visitor.put(local(stack, link["url"])),
    }
    assert {name: one.status_code for name, one in answers.items()} == {
        "page": 200,
        "password": 401,
        "nothing": 404,
        "elsewhere": 404,
        "method": 405,
    }
    for name, one in answers.items():
        assert one.headers["x-robots-tag"] == "noindex, nofollow", name
        assert one.headers["referrer-policy"] == "no-referrer", name
        assert one.headers["cache-control"] == "no-store", name
        assert one.headers["x-frame-options"] == "DENY", name
        policy = one.headers["content-security-policy"]
        assert "default-src 'none'" in policy, name
        assert "script" not in policy, name
        assert "set-cookie" not in one.headers, name
    for name in ("page", "password", "nothing"):
        assert '<meta name="robots" content="noindex, nofollow">' in answers[name].text
        assert "<script" not in answers[name].text


def test_views_are_counted(stack: Stack, author: Person, made: Any) -> None:
    link = share(author, made)
    for _ in range(3):
        page_of(stack, link)

    def counted() -> Any:
        listed = ok(author.get(path_of(made, "share-links")))["items"][0]
        return listed if listed["views"] == 3 else None

    assert eventually(counted)["lastViewedAt"]
    ok(author.delete(path_of(made, f"share-links/{link['id']}")), 204)


def test_only_those_who_may_share_see_addresses(stack: Stack, author: Person, reviewer: Person) -> None:
    made = writing.in_review(author, [reviewer], visibility="ORGANIZATION")
    save(author, made)
    approve(author, made)
    link = share(author, made)
    seen = ok(reviewer.get(path_of(made, "share-links")))["items"]
    assert [(one["id"], one["url"]) for one in seen] == [(link["id"], None)]
    problem(stack.person().get(path_of(made, "share-links")), 403, "NotAllowed")
    problem(reviewer.delete(path_of(made, f"share-links/{link['id']}")), 403, "NotAllowed")
