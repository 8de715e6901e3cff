"""Values that no database or column can hold are refused; nothing a caller sends is a server error."""

import json
from uuid import uuid4

import pytest

from tests.api import writing
from tests.api.conventions import problem
from tests.api.writing import ok
from tests.stack import Person, Stack


@pytest.fixture(scope="module")
def author(stack: Stack) -> Person:
    return stack.person()


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
