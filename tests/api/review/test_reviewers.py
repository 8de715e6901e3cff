"""Requesting edits and reviews: by person or team, never from the author, and replaced if someone is away."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from tests.api import writing
from tests.api.writing import ok
from tests.stack import Person, Stack


@pytest.fixture(scope="module")
def author(stack: Stack) -> Person:
    return stack.person()


@pytest.fixture(scope="module")
def admin(stack: Stack) -> Person:
    return stack.person("ADMIN")


def team_of(admin: Person, *members: Person) -> str:
    body = {"name": f"Reviewers {uuid4().hex[:8]}", "memberIds": [one.id for one in members]}
    return str(ok(admin.post("/api/teams", json=body), 201)["id"])


def leave(admin: Person, who: Person) -> None:
    ok(admin.patch(f"/api/users/{who.id}", json={"active": False}))


def refused(response: Any, status: int, code: str) -> Any:
    problem = ok(response, status)
    assert problem["code"] == code, problem
    return problem


def inbox(who: Person, path: str) -> list[str]:
    about = path.rsplit("/", maxsplit=1)[1]
    notices = ok(who.get("/api/me/notifications", params={"limit": 200}))["items"]
    return [one["kind"] for one in reversed(notices) if one["postmortemId"] == about]


def listed(who: Person, path: str) -> dict[str, Any]:
    return {one["userId"]: one for one in ok(who.get(f"{path}/reviewers"))["items"]}


# Reviewers


def test_a_team_is_asked_by_its_active_members(author: Person, admin: Person, stack: Stack) -> None:
    here, there, gone, before = (stack.person() for _ in range(4))
    team = team_of(admin, here, there, gone, before, author)
    leave(admin, gone)
    made = writing.in_review(author, [before])
    path = f"/api/postmortems/{made['id']}"
    answer = ok(author.post(f"{path}/reviewers", json={"teamId": team}), 201)
    assert sorted(answer["added"]) == sorted([here.id, there.id])
    assert {one["userId"] for one in answer["items"]} == {here.id, there.id, before.id}
    assert inbox(here, path) == ["review_requested"], "in review, whoever is added is asked at once"
    refused(author.post(f"{path}/reviewers", json={"teamId": team}), 409, "NobodyToAdd")
    refused(author.post(f"{path}/reviewers", json={"teamId": "team_nobody"}), 422, "UnknownReference")
    refused(author.post(f"{path}/reviewers", json={}), 422, "Malformed")
    refused(here.post(f"{path}/reviewers", json={"teamId": team}), 403, "NotAllowed")
    both = ok(author.post(f"{path}/reviewers", json={"userId": admin.id, "teamId": team}), 201)
    assert both["added"] == [admin.id]


def test_nobody_is_asked_who_left_and_never_the_author(author: Person, admin: Person, stack: Stack) -> None:
    gone, reviewer = stack.person(), stack.person()
    leave(admin, gone)
    made = writing.draft(author)
    writing.with_item(author, made["id"], author.id)
    path = f"/api/postmortems/{made['id']}"
    refused(author.post(f"{path}/reviewers", json={"userId": gone.id}), 422, "PersonNotActive")
    refused(author.post(f"{path}/reviewers", json={"userIds": [reviewer.id, author.id]}), 409, "AuthorCannotReview")
    refused(author.post(f"{path}/submit", json={"reviewerIds": [author.id]}), 409, "AuthorCannotReview")
    refused(author.post(f"{path}/submit", json={"reviewerIds": [gone.id]}), 422, "PersonNotActive")
    refused(author.post(f"{path}/submit", json={"reviewerIds": ["user_nobody"]}), 422, "UnknownReference")
    assert ok(author.get(path))["status"] == "DRAFT"
    assert listed(author, path) == {}
    ok(author.post(f"{path}/submit", json={"reviewerIds": [reviewer.id]}))
    refused(author.patch(path, json={"authorId": reviewer.id}), 409, "AuthorCannotReview")
    assert author.post(f"{path}/reviews", json={"decision": "APPROVE"}).status_code == 403
    handed_over = ok(author.patch(path, json={"authorId": admin.id}))
    assert handed_over["editors"] == [{"userId": author.id, "level": "EDIT"}], "who was the author may still edit"
    ok(reviewer.post(f"{path}/reviews", json={"decision": "APPROVE"}), 201)


def test_every_approval_is_needed_and_an_edit_asks_again(author: Person, stack: Stack) -> None:
    first, second = stack.person(), stack.person()
    made = writing.in_review(author, [first, second])
    path = f"/api/postmortems/{made['id']}"
    for who in (first, second):
        problem = refused(author.post(f"{path}/publish"), 409, "NotReadyToPublish")
        assert who.id in {one.get("personId") for one in problem["reasons"]}
        ok(who.post(f"{path}/reviews", json={"decision": "APPROVE"}), 201)
    ok(author.patch(path, json={"impact": "Fewer than thought."}))
    assert {one["state"] for one in listed(author, path).values()} == {"STALE"}
    ok(first.post(f"{path}/reviews", json={"decision": "APPROVE"}), 201)
    problem = refused(author.post(f"{path}/publish"), 409, "NotReadyToPublish")
    assert [(one["personId"], one["state"]) for one in problem["reasons"]] == [(second.id, "STALE")]


def test_who_left_is_named_and_replaced(author: Person, admin: Person, stack: Stack) -> None:
    first, gone, comes, stranger = (stack.person() for _ in range(4))
    made = writing.in_review(author, [first, gone])
    path = f"/api/postmortems/{made['id']}"
    leave(admin, gone)
    ok(first.post(f"{path}/reviews", json={"decision": "APPROVE"}), 201)
    assert (listed(author, path)[gone.id]["active"], listed(author, path)[first.id]["active"]) == (False, True)
    (reason,) = refused(author.post(f"{path}/publish"), 409, "NotReadyToPublish")["reasons"]
    assert (reason["personId"], reason["absent"], reason["action"]) == (gone.id, "LEFT", "replace")
    assert "replace them" in reason["message"]
    replace = f"{path}/reviewers/{gone.id}/replace"
    assert stranger.post(replace, json={"userId": comes.id}).status_code == 404
    refused(first.post(replace, json={"userId": comes.id}), 403, "NotAllowed")
    refused(author.post(replace, json={"userId": author.id}), 409, "AuthorCannotReview")
    refused(author.post(replace, json={"userId": first.id}), 409, "AlreadyReviewer")
    refused(author.post(replace, json={"userId": gone.id}), 422, "PersonNotActive")
    refused(author.post(replace, json={"userId": "user_nobody"}), 422, "UnknownReference")
    refused(author.post(replace, json={}), 422, "Malformed")
    elsewhere = f"{path}/reviewers/{stranger.id}/replace"
    refused(author.post(elsewhere, json={"userId": comes.id}), 404, "NotFound")
    headers = {"Idempotency-Key": uuid4().hex}
    answer = ok(author.post(replace, json={"userId": comes.id}, headers=headers))
    assert [one["userId"] for one in answer["items"]] == [first.id, comes.id]
    assert ok(author.post(replace, json={"userId": comes.id}, headers=headers)) == answer
    assert inbox(comes, path) == ["review_requested"]
    told = ok(author.get(f"{path}/audit"))["items"][0]
    assert (told["action"], told["before"], told["after"]) == (
        "reviewers.replaced",
        {"reviewer": gone.id},
        {"reviewer": comes.id},
    )
    ok(comes.post(f"{path}/reviews", json={"decision": "APPROVE"}), 201)
    assert ok(author.post(f"{path}/publish"))["status"] == "PUBLISHED"
    refused(admin.post(f"{path}/reviewers/{comes.id}/replace", json={"userId": stranger.id}), 409, "IllegalTransition")


def test_what_was_approved_counts_also_once_they_left(author: Person, admin: Person, stack: Stack) -> None:
    reviewer = stack.person()
    made = writing.approved(author, [reviewer])
    leave(admin, reviewer)
    assert ok(author.post(f"/api/postmortems/{made['id']}/publish"))["status"] == "PUBLISHED"


def test_who_is_away_is_named_with_the_day_of_return(author: Person, stack: Stack) -> None:
    away, back, open_ended = (stack.person() for _ in range(3))
    now = datetime.now(UTC)
    until = (now + timedelta(days=9)).replace(microsecond=0)
    ok(away.patch("/api/me", json={"awayFrom": (now - timedelta(days=1)).isoformat(), "awayUntil": until.isoformat()}))
    ok(back.patch("/api/me", json={"awayUntil": (now - timedelta(hours=1)).isoformat()}))
    ok(open_ended.patch("/api/me", json={"awayFrom": (now - timedelta(hours=1)).isoformat()}))
    made = writing.in_review(author, [away, back, open_ended])
    path = f"/api/postmortems/{made['id']}"
    found = listed(author, path)
    assert {who: (it["active"], it["away"]) for who, it in found.items()} == {
        away.id: (True, True),
        back.id: (True, False),
        open_ended.id: (True, True),
    }
    assert datetime.fromisoformat(found[away.id]["awayUntil"]) == until
    assert found[open_ended.id]["awayUntil"] is None
    reasons = refused(author.post(f"{path}/publish"), 409, "NotReadyToPublish")["reasons"]
    told = {one["personId"]: one for one in reasons}
    assert f"are away until {until.date()}: replace them" in told[away.id]["message"]
    assert "absent" not in told[back.id]
    assert told[open_ended.id]["awayUntil"] is None


# Editors


def test_a_team_becomes_editors(author: Person, admin: Person, stack: Stack) -> None:
    first, second, commenter, gone = (stack.person() for _ in range(4))
    team = team_of(admin, first, second, commenter, gone, author)
    leave(admin, gone)
    path = f"/api/postmortems/{writing.draft(author)['id']}"
    one = ok(author.post(f"{path}/editors", json={"userId": commenter.id, "level": "COMMENT"}), 201)
    assert one == {"userId": commenter.id, "level": "COMMENT"}
    assert inbox(commenter, path) == ["editor_added"]
    added = ok(author.post(f"{path}/editors", json={"teamId": team}), 201)["items"]
    assert {it["userId"]: it["level"] for it in added} == {first.id: "EDIT", second.id: "EDIT"}
    assert {it["userId"]: it["level"] for it in ok(author.get(f"{path}/editors"))["items"]} == {
        commenter.id: "COMMENT",
        first.id: "EDIT",
        second.id: "EDIT",
    }
    refused(author.post(f"{path}/editors", json={"teamId": team, "level": "COMMENT"}), 409, "NobodyToAdd")
    refused(author.post(f"{path}/editors", json={"teamId": team, "userId": first.id}), 422, "Malformed")
    refused(author.post(f"{path}/editors", json={"teamId": "team_nobody"}), 422, "UnknownReference")
    ok(first.patch(path, json={"summary": "By an editor."}))
    refused(commenter.patch(path, json={"summary": "By a commenter."}), 403, "EditingClosed")
    refused(commenter.post(f"{path}/editors", json={"teamId": team}), 403, "NotAllowed")


def test_a_level_is_changed_and_an_editor_leaves(author: Person, stack: Stack) -> None:
    editor, stranger = stack.person(), stack.person()
    path = f"/api/postmortems/{writing.draft(author)['id']}"
    ok(author.post(f"{path}/editors", json={"userId": editor.id}), 201)
    assert ok(author.patch(f"{path}/editors/{editor.id}", json={"level": "COMMENT"}))["level"] == "COMMENT"
    refused(editor.patch(path, json={"summary": "No more."}), 403, "EditingClosed")
    ok(author.post(f"{path}/editors", json={"userId": editor.id, "level": "EDIT"}), 201)
    ok(editor.patch(path, json={"summary": "Again."}))
    assert inbox(editor, path) == ["editor_added"], "told once"
    refused(author.patch(f"{path}/editors/{stranger.id}", json={"level": "EDIT"}), 404, "NotFound")
    assert editor.delete(f"{path}/editors/{editor.id}").status_code == 204
    assert editor.get(path).status_code == 404
