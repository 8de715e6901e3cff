"""Tokens, scopes, and what a stranger learns: nothing."""

from datetime import UTC, datetime, timedelta

import httpx
import pytest

from tests.api import writing
from tests.api.conventions import key, problem, title, titled
from tests.api.writing import ok
from tests.stack import Person, Stack, eventually


@pytest.fixture(scope="module")
def author(stack: Stack) -> Person:
    return stack.person()


@pytest.fixture(scope="module")
def stranger(stack: Stack) -> Person:
    return stack.person()


# Tokens and scopes


@pytest.mark.parametrize("header", [None, "", "Bearer", "Basic dTpw", "Bearer nonsense", "nonsense", "Bearer \xff\xfe"])
def test_without_a_good_token_nothing_is_told(stack: Stack, header: str | None) -> None:
    headers = {} if header is None else {b"Authorization": header.encode("latin-1")}
    nobody = stack.client(None)
    for path in ("/api/me", "/api/postmortems", "/api/postmortems/pm_nothing", "/api/integrations", "/api/users"):
        problem(nobody.get(path, headers=headers), 401, "NotSignedIn")
    problem(nobody.post("/api/postmortems", json={"title": 7}, headers=headers), 401, "NotSignedIn")
    problem(nobody.post("/api/postmortems", content=b"{", headers=headers), 401, "NotSignedIn")


def test_a_revoked_token_stops_at_once(stack: Stack, author: Person) -> None:
    made = ok(author.post("/api/tokens", json={"name": "short"}), 201)
    client = stack.client(made["token"])
    ok(client.get("/api/me"))
    ok(author.delete(f"/api/tokens/{made['id']}"), 204)
    problem(client.get("/api/me"), 401, "NotSignedIn")
    assert made["token"] not in author.get("/api/tokens").text


def test_an_expired_token_is_refused(stack: Stack, author: Person) -> None:
    soon = (datetime.now(UTC) + timedelta(seconds=1)).isoformat()
    client = stack.client(ok(author.post("/api/tokens", json={"name": "brief", "expiresAt": soon}), 201)["token"])
    eventually(lambda: client.get("/api/me").status_code == 401, 5)
    problem(client.get("/api/me"), 401, "NotSignedIn")
    past = (datetime.now(UTC) - timedelta(seconds=1)).isoformat()
    problem(author.post("/api/tokens", json={"name": "late", "expiresAt": past}), 422, "Malformed")


def test_the_tokens_of_a_deactivated_person_stop(stack: Stack) -> None:
    person = stack.person()
    ok(person.get("/api/me"))
    ok(stack.client().patch(f"/api/users/{person.id}", json={"active": False}))
    problem(person.get("/api/me"), 401, "NotSignedIn")


def test_scopes(stack: Stack) -> None:
    boss = stack.person("ADMIN")
    body = {"title": title()}

    def scoped(*scopes: str) -> httpx.Client:
        made = boss.post("/api/tokens", json={"name": "scoped", "scopes": scopes, "userId": boss.id})
        return stack.client(ok(made, 201)["token"])

    reader, writer, everything = scoped("read"), scoped("read", "write"), scoped("admin")
    ok(reader.get("/api/postmortems"))
    assert problem(reader.post("/api/postmortems", json=body), 403, "ScopeMissing")["scope"] == "write"
    problem(scoped("write").get("/api/postmortems"), 403, "ScopeMissing")
    ok(writer.post("/api/postmortems", json=body), 201)
    assert problem(writer.post("/api/teams", json={"name": title()}), 403, "ScopeMissing")["scope"] == "admin"
    ok(everything.post("/api/teams", json={"name": title()}), 201)
    ok(everything.get("/api/me"))


def test_only_administrators_give_what_is_theirs(author: Person, stranger: Person) -> None:
    problem(author.post("/api/tokens", json={"name": "x", "scopes": ["admin"]}), 403, "NotAllowed")
    problem(author.post("/api/tokens", json={"name": "x", "userId": stranger.id}), 403, "NotAllowed")
    problem(author.post("/api/teams", json={"name": title()}), 403, "NotAllowed")
    problem(author.patch(f"/api/users/{author.id}", json={"role": "ADMIN"}), 403, "NotAllowed")
    problem(author.get("/api/integrations"), 403)


def test_a_token_is_shown_once_also_with_a_key(author: Person) -> None:
    headers, body = key(), {"name": "once"}
    first = author.post("/api/tokens", json=body, headers=headers)
    again = author.post("/api/tokens", json=body, headers=headers)
    assert ok(first, 201)["token"] != ok(again, 201)["token"]
    assert first.headers["cache-control"] == "no-store"


# What a stranger may not see


def test_what_a_stranger_may_not_see_is_not_there(author: Person, stranger: Person) -> None:
    made = writing.draft(author, visibility="PRIVATE")
    item = writing.with_item(author, made["id"], author.id)
    path = f"/api/postmortems/{made['id']}"
    comment = ok(author.post(f"{path}/comments", json={"body": "Why?"}), 201)
    secret = [("GET", path, None), ("PATCH", path, {"title": "Mine"}), ("POST", f"{path}/submit", {})]
    secret += [("GET", f"{path}/{one}", None) for one in ("timeline", "comments", "audit", "action-items", "editors")]
    secret += [("GET", f"{path}/{one}", None) for one in ("incidents", "reviews", "reviewers", "targets")]
    secret += [("POST", f"{path}/comments", {"body": "Hm"}), ("POST", f"{path}/publish", None)]
    secret += [("PATCH", f"{path}/comments/{comment['id']}", {"body": "Hm"})]
    secret += [("POST", f"{path}/reviews", {"decision": "APPROVE"})]
    secret += [("POST", f"{path}/editors", {"userId": stranger.id, "level": "EDIT"})]
    secret += [("GET", f"/api/action-items/{item['id']}", None)]
    secret += [("PATCH", f"/api/action-items/{item['id']}", {"status": "COMPLETED"})]
    secret += [("DELETE", f"/api/action-items/{item['id']}", None)]
    for method, where, body in secret:
        told = problem(stranger.request(method, where, json=body), 404, "NotFound")
        nowhere = where.replace(made["id"], "pm_nothing").replace(item["id"], "ai_nothing")
        blank = problem(stranger.request(method, nowhere, json=body), 404, "NotFound")
        assert told["title"] == blank["title"], where
    assert titled(stranger, made["title"]) == []
    items = ok(stranger.get("/api/action-items", params={"ownerId": author.id, "limit": 200}))["items"]
    assert item["id"] not in {one["id"] for one in items}
    assert ok(author.get(path))["title"] == made["title"]


def test_anothers_token_and_notice_are_not_there(author: Person, stranger: Person) -> None:
    token = ok(author.post("/api/tokens", json={"name": "mine"}), 201)
    problem(stranger.delete(f"/api/tokens/{token['id']}"), 404, "NotFound")
    problem(stranger.post("/api/me/notifications/ntc_nothing/read"), 404, "NotFound")
