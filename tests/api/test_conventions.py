"""Conventions of every endpoint: idempotency keys, versions, cursors, and limits."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import pytest

from tests.api import writing
from tests.api.conventions import key, problem, title, titled
from tests.api.writing import ok
from tests.stack import Person, Stack


@pytest.fixture(scope="module")
def author(stack: Stack) -> Person:
    return stack.person()


@pytest.fixture(scope="module")
def stranger(stack: Stack) -> Person:
    return stack.person()


# Idempotency-Key


def test_the_same_key_and_body_get_the_same_answer(author: Person) -> None:
    headers, body = key(), {"title": title()}
    first = author.post("/api/postmortems", json=body, headers=headers)
    again = author.post("/api/postmortems", json=body, headers=headers)
    assert first.status_code == again.status_code == 201
    assert first.content == again.content
    for name in ("etag", "location", "content-type"):
        assert first.headers[name] == again.headers[name]
    assert first.headers["x-request-id"] != again.headers["x-request-id"]
    assert len(titled(author, body["title"])) == 1


def test_without_a_key_a_repeat_is_another_request(author: Person) -> None:
    body = {"title": title()}
    ids = {ok(author.post("/api/postmortems", json=body), 201)["id"] for _ in range(2)}
    assert len(ids) == 2


def test_the_same_key_with_another_body_is_refused(author: Person) -> None:
    headers = key()
    first = ok(author.post("/api/postmortems", json={"title": title()}, headers=headers), 201)
    other = title()
    problem(author.post("/api/postmortems", json={"title": other}, headers=headers), 422, "IdempotencyKeyReused")
    path = f"/api/postmortems/{first['id']}"
    problem(author.patch(path, json={"title": first["title"]}, headers=headers), 422, "IdempotencyKeyReused")
    assert titled(author, other) == []


def test_a_key_belongs_to_a_person(author: Person, stranger: Person) -> None:
    headers, body = key(), {"title": title()}
    mine = ok(author.post("/api/postmortems", json=body, headers=headers), 201)
    theirs = ok(stranger.post("/api/postmortems", json=body, headers=headers), 201)
    assert mine["id"] != theirs["id"]


def test_a_refusal_does_not_use_the_key_up(author: Person) -> None:
    headers = key()
    problem(author.post("/api/postmortems", json={"title": ""}, headers=headers), 422)
    ok(author.post("/api/postmortems", json={"title": title()}, headers=headers), 201)


def test_a_command_with_a_key_is_carried_out_once(author: Person, stack: Stack) -> None:
    made = writing.ready(author, [stack.person()])
    path, headers = f"/api/postmortems/{made['id']}", key()
    first = author.post(f"{path}/submit", json={}, headers=headers)
    again = author.post(f"{path}/submit", json={}, headers=headers)
    assert ok(first)["status"] == "IN_REVIEW"
    assert again.status_code == 200
    assert again.content == first.content
    problem(author.post(f"{path}/submit", json={"publishOnApproval": True}, headers=headers), 422)
    problem(author.post(f"{path}/submit", json={}, headers=key()), 409, "IllegalTransition")
    audit = ok(author.get(f"{path}/audit"))["items"]
    assert len([one for one in audit if "submit" in one["action"]]) == 1


def test_concurrent_duplicates_write_once(author: Person) -> None:
    headers, body = key(), {"title": title()}
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: author.post("/api/postmortems", json=body, headers=headers), range(8)))
    made = [one for one in answers if one.status_code == 201]
    assert made
    assert len({one.content for one in made}) == 1
    for one in answers:
        if one.status_code != 201:
            problem(one, 409, "IdempotencyKeyInUse")
    assert len(titled(author, body["title"])) == 1


@pytest.mark.parametrize("bad", ["", "k" * 256, "two\ttabs"])
def test_an_unusable_key_is_refused(author: Person, bad: str) -> None:
    answer = author.post("/api/postmortems", json={"title": title()}, headers={"Idempotency-Key": bad})
    assert problem(answer, 422, "Malformed")["reasons"][0]["where"] == "header.Idempotency-Key"


# ETag and If-Match


def versioned(stack: Stack, author: Person) -> Iterator[tuple[Any, str, str]]:
    """Who may change it, its path, and the field to change."""
    admin = stack.person("ADMIN")
    made = writing.draft(author)
    item = writing.with_item(author, made["id"], author.id)
    report = {"externalId": uuid4().hex, "title": "Down", "startedAt": "2026-01-01T10:00:00Z", "status": "OPEN"}
    incident = ok(author.post("/api/incidents", json=report), 201)
    team = ok(admin.post("/api/teams", json={"name": title()}), 201)
    service = ok(admin.post("/api/services", json={"name": title()}), 201)
    category = ok(admin.post("/api/root-cause-categories", json={"name": title()}), 201)
    yield author, f"/api/postmortems/{made['id']}", "title"
    yield admin, f"/api/root-cause-categories/{category['id']}", "name"
    yield author, f"/api/action-items/{item['id']}", "description"
    yield author, f"/api/incidents/{incident['id']}", "title"
    yield admin, f"/api/teams/{team['id']}", "name"
    yield admin, f"/api/services/{service['id']}", "name"
    yield admin, f"/api/users/{stack.person().id}", "name"
    yield author, "/api/me", "name"


def version_of(tag: str) -> int:
    """What follows the dot counts what belongs to the entity."""
    return int(tag.strip('"').partition(".")[0])


def test_a_stale_version_is_refused_and_nothing_saved(stack: Stack, author: Person) -> None:
    for who, path, field in versioned(stack, author):
        seen = who.get(path)
        tag = seen.headers["etag"]
        assert version_of(tag) == seen.json()["version"], path
        mine = title()
        changed = who.patch(path, json={field: mine}, headers={"If-Match": tag})
        assert ok(changed)[field] == mine, path
        assert changed.headers["etag"] != tag, path
        stale = problem(who.patch(path, json={field: "Too late"}, headers={"If-Match": tag}), 412, "StaleVersion")
        assert stale["current"] == version_of(changed.headers["etag"]), path
        after = who.get(path)
        assert after.json()[field] == mine, path
        assert version_of(after.headers["etag"]) == version_of(changed.headers["etag"]), path
        ok(who.patch(path, json={field: title()}, headers={"If-Match": "*"}))
        ok(who.patch(path, json={field: title()}))


def test_of_two_editors_with_the_same_version_one_wins(author: Person) -> None:
    made = writing.draft(author)
    path, headers = f"/api/postmortems/{made['id']}", {"If-Match": f'"{made["version"]}"'}
    names = [title() for _ in range(6)]
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda one: author.patch(path, json={"title": one}, headers=headers), names))
    assert sorted(one.status_code for one in answers) == [200] + [412] * 5
    winner = next(one for one in answers if one.status_code == 200)
    assert ok(author.get(path))["title"] == winner.json()["title"]


@pytest.mark.parametrize("bad", ["", "three", '"-1"', '"' + "9" * 40 + '"', '"1", "2"'])
def test_an_unreadable_if_match_is_refused(author: Person, bad: str) -> None:
    made = writing.draft(author)
    problem(author.patch(f"/api/postmortems/{made['id']}", json={"title": "x"}, headers={"If-Match": bad}), 422)


# Cursors


def walk(who: Any, path: str, between: Callable[[], Any] = lambda: None, **params: Any) -> list[str]:
    """The ids of all pages; ``between`` happens after each."""
    ids: list[str] = []
    cursor: str | None = None
    for _ in range(100):
        page = ok(who.get(path, params=params | ({"cursor": cursor} if cursor else {})))
        assert len(page["items"]) <= params["limit"]
        ids += [str(one["id"]) for one in page["items"]]
        cursor = page["nextCursor"]
        if cursor is None:
            return ids
        between()
    raise AssertionError("the pages do not end")


@pytest.mark.parametrize("sort", ["-createdAt", "createdAt", "-number", "number"])
def test_pages_stay_whole_while_others_insert(stack: Stack, sort: str) -> None:
    author = stack.person()
    before = [ok(author.post("/api/postmortems", json={"title": title()}), 201)["id"] for _ in range(7)]
    inserted: list[str] = []

    def insert() -> None:
        if len(inserted) < 5:
            inserted.append(ok(author.post("/api/postmortems", json={"title": title()}), 201)["id"])

    ids = walk(author, "/api/postmortems", insert, limit=2, sort=sort, authorId=author.id)
    assert len(ids) == len(set(ids))
    assert inserted
    if sort.startswith("-"):
        assert ids == before[::-1]
    else:
        assert ids == before + inserted


def test_comments_and_items_are_paged_whole(author: Person) -> None:
    path = f"/api/postmortems/{writing.draft(author)['id']}"
    comments = {ok(author.post(f"{path}/comments", json={"body": f"{n}"}), 201)["id"] for n in range(5)}
    found = walk(author, f"{path}/comments", limit=2)
    assert len(found) == 5
    assert set(found) == comments
    assert len(walk(author, f"{path}/audit", limit=1)) >= 1


@pytest.mark.parametrize(
    "cursor", ["garbage", "%00", "e30", "W10", "bnVsbA", "ü", "WyJwb3N0bW9ydGVtcyIsMSwyXQ", "=" * 50, "W1tbW1tb" * 200]
)
def test_a_garbage_cursor_is_refused(stack: Stack, author: Person, cursor: str) -> None:
    made = writing.draft(author)["id"]
    lists = ["postmortems", "action-items", "incidents", "users", "teams", "services", "tokens", "me/notifications"]
    lists.append("root-cause-categories")
    lists += [f"postmortems/{made}/{one}" for one in ("timeline", "comments", "audit", "action-items")]
    for name in lists:
        problem(author.get(f"/api/{name}", params={"cursor": cursor}), 422, "BadCursor")
    problem(stack.client().get("/api/integrations", params={"cursor": cursor}), 422, "BadCursor")


def test_a_cursor_of_another_order_is_refused(stack: Stack) -> None:
    author = stack.person()
    for _ in range(2):
        ok(author.post("/api/postmortems", json={"title": title()}), 201)
    params = {"limit": 1, "authorId": author.id}
    cursor = ok(author.get("/api/postmortems", params={**params, "sort": "number"}))["nextCursor"]
    assert cursor
    bad = author.get("/api/postmortems", params={**params, "sort": "createdAt", "cursor": cursor})
    problem(bad, 422, "BadCursor")
    problem(author.get("/api/users", params={"cursor": cursor}), 422, "BadCursor")


@pytest.mark.parametrize("limit", ["0", "-1", "201", "many", "9" * 30])
def test_a_limit_out_of_bounds_is_refused(author: Person, limit: str) -> None:
    problem(author.get("/api/postmortems", params={"limit": limit}), 422, "Malformed")
