"""Public summaries: started from the postmortem, written, checked, approved, taken back."""

from typing import Any
from uuid import uuid4

import pytest

from tests.api import writing
from tests.api.conventions import key, problem
from tests.api.sharing.sharing import TEXT, approve, path_of, save
from tests.api.writing import ok
from tests.stack import Person, Stack


@pytest.fixture(scope="module")
def author(stack: Stack) -> Person:
    return stack.person(name="Theodora Birdwhistle")


@pytest.fixture
def made(author: Person) -> Any:
    return writing.draft(author, visibility="ORGANIZATION")


def test_it_starts_from_the_postmortem(author: Person) -> None:
    made = writing.draft(author, impactMetrics={"durationMinutes": 95}, summary="Nobody could pay.")
    writing.with_item(author, made["id"], author.id, description="Hush: rewrite the ledger")
    answer = author.get(path_of(made))
    started = ok(answer)
    assert (started["state"], started["version"], started["saved"], started["stale"]) == ("DRAFT", 0, False, False)
    assert answer.headers["etag"] == '"0"'
    text = started["text"]
    assert text.startswith(f"# {made['title']}\n")
    for part in ("Nobody could pay.", "lasted 1 hour and 35 minutes", "resolved", "1 improvement"):
        assert part in text
    assert "ledger" not in text
    assert ok(author.get(path_of(made))) == started
    body = {"version": 0}
    problem(author.post(path_of(made, "public-summary/approve"), json=body), 409, "SummaryEmpty")


def test_saving_and_approving(author: Person, made: Any) -> None:
    saved = save(author, made)
    assert (saved["text"], saved["state"], saved["version"], saved["publishedAt"]) == (TEXT, "DRAFT", 1, None)
    again = save(author, made)
    assert again["version"] == 1
    approved = approve(author, made)
    assert (approved["state"], approved["approvedBy"], approved["stale"]) == ("APPROVED", author.id, False)
    assert approved["approvedAt"] == approved["publishedAt"]
    ok(author.put(f"/api/postmortems/{made['id']}/sections/impact", json={"body": "Other."}))
    assert ok(author.get(path_of(made)))["stale"]
    edited = save(author, made, TEXT + "\n\nSorry.")
    assert (edited["state"], edited["approvedBy"], edited["stale"]) == ("DRAFT", None, False)
    assert edited["publishedAt"] == approved["publishedAt"]
    assert ok(author.put(path_of(made), json={"listed": True}))["listed"]
    second = approve(author, made)
    assert second["publishedAt"] == approved["publishedAt"] < second["approvedAt"]
    ok(author.delete(path_of(made, "public-summary/approve")), 204)
    ok(author.delete(path_of(made, "public-summary/approve")), 204)
    back = ok(author.get(path_of(made)))
    assert (back["state"], back["text"], back["listed"]) == ("DRAFT", TEXT + "\n\nSorry.", True)


def test_listing_takes_no_approval_back(author: Person, made: Any) -> None:
    save(author, made)
    approve(author, made)
    listed = ok(author.put(path_of(made), json={"listed": True}))
    assert (listed["state"], listed["listed"]) == ("APPROVED", True)
    private = writing.draft(author, visibility="PRIVATE")
    refused = problem(author.put(path_of(private), json={"text": "x", "listed": True}), 409, "NotShareable")
    assert [one["code"] for one in refused["reasons"]] == ["Private"]
    assert ok(author.get(path_of(private)))["saved"] is False


def test_deleting_starts_anew_and_versions_go_on(author: Person, made: Any) -> None:
    save(author, made, listed=True)
    version = approve(author, made)["version"]
    problem(author.delete(path_of(made), headers={"If-Match": '"1"'}), 412, "StaleVersion")
    ok(author.delete(path_of(made)), 204)
    ok(author.delete(path_of(made)), 204)
    gone = ok(author.get(path_of(made)))
    assert (gone["saved"], gone["listed"], gone["publishedAt"], gone["version"]) == (False, False, None, version + 1)
    assert TEXT not in gone["text"]
    assert save(author, made)["version"] == version + 2


def test_two_people_never_overwrite_each_other(stack: Stack, author: Person, made: Any) -> None:
    editor = stack.person()
    ok(author.post(f"/api/postmortems/{made['id']}/editors", json={"userId": editor.id, "level": "EDIT"}), 201)
    first = author.put(path_of(made), json={"text": "Mine."}, headers={"If-Match": '"0"'})
    assert ok(first)["version"] == 1
    problem(editor.put(path_of(made), json={"text": "Theirs."}, headers={"If-Match": '"0"'}), 412, "StaleVersion")
    changed = editor.put(path_of(made), json={"text": "Both."}, headers={"If-Match": first.headers["etag"]})
    assert ok(changed)["version"] == 2
    stale = author.post(path_of(made, "public-summary/approve"), json={"version": 1})
    assert problem(stale, 412, "StaleVersion")["current"] == 2
    named = author.post(path_of(made, "public-summary/approve"), json={}, headers={"If-Match": '"2"'})
    assert ok(named)["state"] == "APPROVED"
    nameless = author.post(path_of(made, "public-summary/approve"), json={})
    assert problem(nameless, 422, "Malformed")["reasons"][0]["where"] == "body.version"


def test_findings_block_until_they_are_acknowledged(author: Person, made: Any) -> None:
    host = f"pay-db-{uuid4().int % 90 + 10}"
    token = "ghp_" + uuid4().hex + "Abcd"
    text = f"{host} at 10.1.2.3 failed for 1 hour. Theodora Birdwhistle wrote to help@example.com with {token}."
    saved = save(author, made, text)
    kinds = {one["kind"]: one for one in saved["findings"]}
    assert set(kinds) == {"HOST", "IP_ADDRESS", "PERSON", "EMAIL", "SECRET"}
    for one in saved["findings"]:
        assert text[one["start"] : one["end"]] == one["quote"]
        assert (one["blocking"], one["acknowledged"]) == (one["kind"] != "EMAIL", False)
    assert kinds["HOST"]["suggestion"] == "a database server"
    path = path_of(made, "public-summary/approve")
    refused = author.post(path, json={"version": 1, "acknowledgedFindingIds": [kinds["HOST"]["id"], "nope"]})
    reasons = problem(refused, 409, "FindingsNotAcknowledged")["reasons"]
    assert {one["kind"] for one in reasons} == {"IP_ADDRESS", "PERSON", "SECRET"}
    assert token not in refused.text
    approved = approve(author, made, *(one["id"] for one in saved["findings"] if one["blocking"]))
    assert {one["kind"]: one["acknowledged"] for one in approved["findings"]} == {one: one != "EMAIL" for one in kinds}
    again = save(author, made, f"More. {text}")
    assert {one["id"] for one in again["findings"]} == {one["id"] for one in saved["findings"]}
    assert not any(one["acknowledged"] for one in again["findings"])


def test_a_text_is_checked_without_saving_it(stack: Stack, author: Person, made: Any) -> None:
    path = path_of(made, "public-summary/check")
    found = ok(author.post(path, json={"text": "See 192.168.7.9 and 192.168.7.9."}))["findings"]
    assert [one["quote"] for one in found] == ["192.168.7.9"] * 2
    assert len({one["id"] for one in found}) == 2
    assert ok(author.get(path_of(made)))["saved"] is False
    save(author, made, "Host db-7.internal.")
    assert [one["kind"] for one in ok(author.post(path))["findings"]] == ["HOST"]
    body = {"name": "reads", "userId": author.id, "scopes": ["read"]}
    reading = stack.client(ok(stack.client().post("/api/tokens", json=body), 201)["token"])
    assert ok(reading.post(path, json={}))["findings"]
    problem(reading.put(path_of(made), json={"text": "x"}), 403, "ScopeMissing")


def test_a_repeat_gets_the_same_answer(author: Person, made: Any) -> None:
    headers = key()
    first = author.put(path_of(made), json={"text": "Once."}, headers=headers)
    assert ok(author.put(path_of(made), json={"text": "Once."}, headers=headers)) == ok(first)
    problem(author.put(path_of(made), json={"text": "Twice."}, headers=headers), 422, "IdempotencyKeyReused")
    headers = key()
    approved = author.post(path_of(made, "public-summary/approve"), json={"version": 1}, headers=headers)
    repeat = author.post(path_of(made, "public-summary/approve"), json={"version": 1}, headers=headers)
    assert ok(repeat) == ok(approved)


def test_the_audit_log_tells_what_was_done_and_not_the_text(author: Person, made: Any) -> None:
    word = f"zq{uuid4().hex}"
    save(author, made, f"# {word}\n\nDown.")
    approve(author, made)
    ok(author.delete(path_of(made, "public-summary/approve")), 204)
    ok(author.delete(path_of(made)), 204)
    entries = ok(author.get(f"/api/postmortems/{made['id']}/audit"))["items"]
    assert word not in str(entries)
    actions = [one["action"] for one in entries if one["entityKind"] == "public_summary"]
    assert sorted(actions) == [f"public_summary.{one}" for one in ("approved", "deleted", "taken_back", "updated")]
    approved = next(one for one in entries if one["action"] == "public_summary.approved")
    assert approved["after"]["state"] == "APPROVED"
    assert len(approved["after"]["sha256"]) == 64


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"text": None, "listed": None},
        {"text": 7},
        {"text": "x" * 20_001},
        {"text": "a\0b"},
        {"text": "x", "lsited": True},
        {"listed": "maybe"},
    ],
)
def test_bad_values(author: Person, made: Any, body: Any) -> None:
    problem(author.put(path_of(made), json=body), 422, "Malformed")


def test_bad_approvals(author: Person, made: Any) -> None:
    save(author, made, " \n")
    path = path_of(made, "public-summary/approve")
    problem(author.post(path, json={"version": 1}), 409, "SummaryEmpty")
    for body in ({"version": "x"}, {"version": -1}, {"version": 1, "acknowledgedFindingIds": "all"}, []):
        problem(author.post(path, json=body), 422, "Malformed")
    problem(author.post(path_of({"id": "pm_nothing"}, "public-summary/approve"), json={"version": 1}), 404, "NotFound")
