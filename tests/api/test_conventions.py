"""What holds for every door of the API: keys, versions, cursors, tokens, problem documents, request ids, values."""

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.api import writing
from tests.api.writing import ok
from tests.stack import Person, Stack, eventually


@pytest.fixture(scope="module")
def author(stack: Stack) -> Person:
    return stack.person()


@pytest.fixture(scope="module")
def stranger(stack: Stack) -> Person:
    return stack.person()


def problem(response: httpx.Response, status: int, code: str | None = None) -> dict[str, Any]:
    """The problem document, which is whole."""
    assert response.status_code == status, f"{response.status_code}: {response.text[:500]}"
    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers["x-request-id"]
    body: dict[str, Any] = response.json()
    assert body["status"] == status
    assert body["instance"] == response.request.url.path
    assert body["type"] == f"urn:afterword:problem:{body['code']}"
    assert body["title"]
    assert body["detail"]
    if code is not None:
        assert body["code"] == code
    if status == 401:
        assert response.headers["www-authenticate"] == "Bearer"
    return body


def key() -> dict[str, str]:
    return {"Idempotency-Key": uuid4().hex}


def title() -> str:
    return f"Conventions {uuid4().hex[:8]}"


def titled(author: Person, name: str) -> list[Any]:
    return list(ok(author.get("/api/postmortems", params={"q": name}))["items"])


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
    yield author, f"/api/postmortems/{made['id']}", "title"
    yield author, f"/api/action-items/{item['id']}", "description"
    yield author, f"/api/incidents/{incident['id']}", "title"
    yield admin, f"/api/teams/{team['id']}", "name"
    yield admin, f"/api/services/{service['id']}", "name"
    yield admin, f"/api/users/{stack.person().id}", "name"
    yield author, "/api/me", "name"


def test_a_stale_version_is_refused_and_nothing_saved(stack: Stack, author: Person) -> None:
    for who, path, field in versioned(stack, author):
        seen = who.get(path)
        tag = seen.headers["etag"]
        assert tag == f'"{seen.json()["version"]}"', path
        mine = title()
        changed = who.patch(path, json={field: mine}, headers={"If-Match": tag})
        assert ok(changed)[field] == mine, path
        assert changed.headers["etag"] != tag, path
        stale = problem(who.patch(path, json={field: "Too late"}, headers={"If-Match": tag}), 412, "StaleVersion")
        assert f'"{stale["current"]}"' == changed.headers["etag"], path
        after = who.get(path)
        assert after.json()[field] == mine, path
        assert after.headers["etag"] == changed.headers["etag"], path
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


# Problem documents and request ids


def test_every_kind_of_error_is_a_problem_document(author: Person) -> None:
    problem(author.get("/api/nowhere"), 404, "RouteNotFound")
    problem(author.get("/nowhere"), 404)
    wrong = author.put("/api/postmortems", json={})
    problem(wrong, 405, "MethodNotAllowed")
    assert wrong.headers["allow"]
    problem(author.get("/api/postmortems/pm_nothing"), 404, "NotFound")
    problem(author.post("/api/webhooks/nobody", json={}), 404, "NotFound")
    reasons = problem(author.post("/api/postmortems", json={"title": 7, "tags": 7}), 422, "Malformed")["reasons"]
    assert {one["where"] for one in reasons} == {"body.title", "body.tags"}


def test_a_request_id_goes_in_and_out(author: Person, stack: Stack) -> None:
    given = f"mine-{uuid4().hex}"
    assert author.get("/api/me", headers={"X-Request-Id": given}).headers["x-request-id"] == given
    assert author.get("/api/nowhere", headers={"X-Request-Id": given}).headers["x-request-id"] == given
    assert stack.client(None).get("/healthz", headers={"X-Request-Id": given}).headers["x-request-id"] == given
    made = {author.get("/api/me").headers["x-request-id"] for _ in range(3)}
    assert len(made) == 3
    for bad in ("two words", "x" * 129, ""):
        assert author.get("/api/me", headers={"X-Request-Id": bad}).headers["x-request-id"] not in {bad, given}
    lines = [json.loads(line) for line in stack.log("api").splitlines() if given in line]
    assert {line["request_id"] for line in lines} == {given}


# Values that JSON can say and a database cannot hold

DRAFT = {"title": "Values"}
BAD_WORDS = ['"a\\u0000b"', '"a\\ud800b"', '"\\udfff"']
BAD_NUMBERS = ["9" * 30, "-" + "9" * 30, "1e400", "9" * 5000, "NaN", "-Infinity"]


@pytest.mark.parametrize("word", BAD_WORDS)
def test_text_that_no_database_holds_is_refused(author: Person, word: str) -> None:
    made = writing.draft(author)["id"]
    at = "2026-01-01T10:00:00Z"
    bodies = [
        ("POST", "postmortems", '{"title": %s}'),
        ("POST", "postmortems", '{"title": "x", "summary": %s}'),
        ("POST", "postmortems", '{"title": "x", "tags": [%s]}'),
        ("POST", "postmortems", '{"title": "x", "teamIds": [%s]}'),
        ("POST", "postmortems", '{"title": "x", "customFields": {"a": [{"b": %s}]}}'),
        ("POST", "postmortems", '{"title": "x", "customFields": {%s: 1}}'),
        ("POST", "postmortems", '{"title": "x", "rootCauseCategory": %s}'),
        ("POST", "postmortems", '{"title": "x", %s: 1}'),
        ("POST", "postmortems", '{"title": "x", "impactMetrics": {"slaBreach": %s}}'),
        ("PATCH", f"postmortems/{made}", '{"impact": %s}'),
        ("POST", f"postmortems/{made}/comments", '{"body": %s}'),
        ("POST", f"postmortems/{made}/timeline", '{"at": "' + at + '", "type": "DETECTION", "event": %s}'),
        ("POST", f"postmortems/{made}/action-items", '{"description": %s}'),
        ("POST", f"postmortems/{made}/action-items", '{"description": "x", "ownerId": %s}'),
        ("POST", "incidents", '{"externalId": %s, "title": "x"}'),
        ("POST", "incidents", '{"externalId": "x", "title": "x", "services": [%s]}'),
        ("PATCH", "me", '{"name": %s}'),
        ("PATCH", "me", '{"timeZone": %s}'),
        ("PATCH", "me", '{"notificationPreferences": {"a": %s}}'),
        ("PATCH", "me", '{"notificationPreferences": {%s: true}}'),
        ("POST", "tokens", '{"name": %s}'),
    ]
    headers = {"Content-Type": "application/json"}
    for method, path, body in bodies:
        answer = author.request(method, f"/api/{path}", content=body.replace("%s", word), headers=headers)
        assert answer.status_code == 422, (method, path, body, answer.status_code, answer.text[:300])
        problem(answer, 422)


def test_a_nul_in_a_query_or_path_is_refused(author: Person) -> None:
    for query in ("q=%00", "teamId=%00", "authorId=a%00b", "createdFrom=%00", "sort=%00", "status=%00"):
        problem(author.get(f"/api/postmortems?{query}"), 422)
    problem(author.get("/api/postmortems/pm%00x"), 422)
    problem(author.get("/api/incidents?source=%00"), 422)
    problem(author.get("/api/users?q=%00"), 422)
    for raw in ("/api/postmortems?q=%ff%fe", "/api/postmortems/%ff", "/api/users?q=%ed%a0%80"):
        assert author.get(raw).status_code in {200, 404, 422}


@pytest.mark.parametrize("number", BAD_NUMBERS)
def test_numbers_that_no_column_holds_are_refused(author: Person, number: str) -> None:
    bodies = [
        '{"title": "x", "impactMetrics": {"affectedUsers": %s}}',
        '{"title": "x", "impactMetrics": {"revenueImpact": {"amount": %s, "currency": "EUR"}}}',
        '{"title": %s}',
    ]
    for body in bodies:
        answer = author.post(
            "/api/postmortems", content=body.replace("%s", number), headers={"Content-Type": "application/json"}
        )
        assert answer.status_code == 422, (body[:80], answer.status_code, answer.text[:300])
        problem(answer, 422)


@pytest.mark.parametrize("number", BAD_NUMBERS)
def test_free_form_numbers_are_kept_or_refused(author: Person, number: str) -> None:
    """JSON has no bound for numbers; what cannot be kept is refused, never broken."""
    body = f'{{"title": "x", "customFields": {{"n": {number}}}}}'
    answer = author.post("/api/postmortems", content=body, headers={"Content-Type": "application/json"})
    if answer.status_code == 201:
        ok(author.get(f"/api/postmortems/{answer.json()['id']}"))
    else:
        problem(answer, 422)


@pytest.mark.parametrize("depth", [50, 150, 240, 400, 800, 950, 3000])
def test_deep_values_are_kept_or_refused(author: Person, depth: int) -> None:
    body = f'{{"title": "x", "customFields": {{"n": {"[" * depth}{"]" * depth}}}}}'
    answer = author.post("/api/postmortems", content=body, headers={"Content-Type": "application/json"})
    if answer.status_code == 201:
        ok(author.get(f"/api/postmortems/{answer.json()['id']}"))
    else:
        problem(answer, answer.status_code)
        assert answer.status_code in {400, 422}


@pytest.mark.parametrize(
    "at", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "2026-13-01T00:00:00Z", "2026-01-01T00:00:00", "1e9", "now"]
)
def test_instants_out_of_reach_are_refused(author: Person, at: str) -> None:
    event = {"at": at, "event": "x", "type": "DETECTION"}
    problem(author.post("/api/postmortems", json={"title": "x", "timeline": [event]}), 422, "Malformed")
    problem(author.get("/api/postmortems", params={"createdFrom": at}), 422, "Malformed")


# Bodies of the wrong kind


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"", "application/json"),
        (b"{", "application/json"),
        (b"null", "application/json"),
        (b"[]", "application/json"),
        (b'"text"', "application/json"),
        (b"\xff\xfe\x00", "application/json"),
        (b"title=x", "application/x-www-form-urlencoded"),
        (b"<title/>", "application/xml"),
        (b'{"title": "x"}', "text/plain"),
        (b"[" * 100_000, "application/json"),
        (b'{"title": "x", "sumary": "mistyped"}', "application/json"),
    ],
)
def test_a_body_of_the_wrong_kind_is_refused(author: Person, content: bytes, kind: str) -> None:
    answer = author.post("/api/postmortems", content=content, headers={"Content-Type": kind})
    assert answer.status_code in {400, 415, 422}, (answer.status_code, answer.text[:300])
    problem(answer, answer.status_code)


def test_a_body_that_is_too_long_is_refused(author: Person) -> None:
    body = b'{"title": "' + b"x" * (4 * 1024 * 1024) + b'"}'
    headers = {"Content-Type": "application/json"}
    problem(author.post("/api/postmortems", content=body, headers=headers), 413, "BodyTooLarge")
    pieces = (body[at : at + 65536] for at in range(0, len(body), 65536))
    problem(author.post("/api/postmortems", content=pieces, headers=headers), 413, "BodyTooLarge")
