"""Outstanding reviews: reminded once a day, waived with a reason, and taken back into a draft."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import text

from tests.api import writing
from tests.api.review.test_reviewers import inbox, leave, listed, refused
from tests.api.writing import ok
from tests.stack import Person, Stack


@pytest.fixture(scope="module")
def author(stack: Stack) -> Person:
    return stack.person()


@pytest.fixture(scope="module")
def admin(stack: Stack) -> Person:
    return stack.person("ADMIN")


def in_review(author: Person, *reviewers: Person, **fields: Any) -> str:
    return f"/api/postmortems/{writing.in_review(author, list(reviewers), **fields)['id']}"


def a_day_passes(stack: Stack, path: str) -> None:
    assert stack.direct is not None
    earlier = text("update postmortem_reviewer set reminded_at = :at where postmortem_id = :pm")
    stack.direct.write(earlier, at=datetime.now(UTC) - timedelta(days=1, minutes=1), pm=path.rsplit("/", 1)[1])


def states(who: Person, path: str) -> dict[str, str]:
    return {one["userId"]: one["state"] for one in ok(who.get(path))["reviewers"]}


def audited(who: Person, path: str) -> list[str]:
    return [one["action"] for one in ok(who.get(f"{path}/audit"))["items"]]


# Reminders


def test_a_reviewer_is_reminded_once_a_day(stack: Stack, author: Person) -> None:
    bob, alice = stack.person(), stack.person()
    path = in_review(author, bob, alice)
    ok(author.post(f"{path}/reviewers/{bob.id}/remind"))
    assert inbox(bob, path) == ["review_requested", "review_pending"]
    assert inbox(alice, path) == ["review_requested"]
    assert listed(author, path)[bob.id]["remindedAt"] is not None
    assert "reviewers.reminded" in audited(author, path)
    problem = refused(author.post(f"{path}/reviewers/{bob.id}/remind"), 409, "RemindedRecently")
    assert problem["at"] > datetime.now(UTC).isoformat()
    a_day_passes(stack, path)
    ok(author.post(f"{path}/reviewers/{bob.id}/remind"))
    assert inbox(bob, path).count("review_pending") == 2


def test_only_an_outstanding_review_is_reminded_of(stack: Stack, author: Person, admin: Person) -> None:
    bob, alice, gone, stranger = (stack.person() for _ in range(4))
    path = in_review(author, bob, alice, gone)
    ok(bob.post(f"{path}/reviews", json={"decision": "APPROVE"}), 201)
    refused(author.post(f"{path}/reviewers/{bob.id}/remind"), 409, "NoReviewDue")
    refused(author.post(f"{path}/reviewers/{stranger.id}/remind"), 404, "NotFound")
    refused(alice.post(f"{path}/reviewers/{alice.id}/remind"), 403, "NotAllowed")
    leave(admin, gone)
    refused(author.post(f"{path}/reviewers/{gone.id}/remind"), 422, "PersonNotActive")
    ok(author.patch(path, json={"summary": "Other words"}))
    assert states(author, path)[bob.id] == "STALE"
    ok(author.post(f"{path}/reviewers/{bob.id}/remind"))
    draft = f"/api/postmortems/{writing.ready(author, [bob])['id']}"
    refused(author.post(f"{draft}/reviewers/{bob.id}/remind"), 409, "IllegalTransition")


# Waivers


def test_publishing_does_not_wait_for_a_waived_review(stack: Stack, author: Person) -> None:
    bob, alice = stack.person(), stack.person()
    path = in_review(author, bob, alice)
    ok(alice.post(f"{path}/reviews", json={"decision": "APPROVE"}), 201)
    reasons = refused(author.post(f"{path}/publish"), 409, "NotReadyToPublish")["reasons"]
    assert [one["code"] for one in reasons] == ["ReviewOutstanding"]
    refused(author.post(f"{path}/reviewers/{bob.id}/waive", json={"reason": " "}), 422, "ReasonRequired")
    refused(bob.post(f"{path}/reviewers/{bob.id}/waive", json={"reason": "No time"}), 403, "NotAllowed")
    ok(author.post(f"{path}/reviewers/{bob.id}/waive", json={"reason": "On vacation; Alice covers"}))
    shown = listed(author, path)[bob.id]
    assert (shown["state"], shown["waivedBy"], shown["waivedReason"]) == (
        "WAIVED",
        author.id,
        "On vacation; Alice covers",
    )
    assert inbox(author, path) == ["review_completed"]
    refused(author.post(f"{path}/reviewers/{bob.id}/waive", json={"reason": "Again"}), 409, "NoReviewDue")
    assert "reviewers.waived" in audited(author, path)
    ok(author.post(f"{path}/publish"))


def test_only_an_administrator_waives_the_last_review(stack: Stack, author: Person, admin: Person) -> None:
    bob, alice = stack.person(), stack.person()
    path = in_review(author, bob, alice)
    ok(author.post(f"{path}/reviewers/{bob.id}/waive", json={"reason": "Away"}))
    refused(author.post(f"{path}/reviewers/{alice.id}/waive", json={"reason": "Away, too"}), 409, "LastReview")
    ok(admin.post(f"{path}/reviewers/{alice.id}/waive", json={"reason": "The auditor read it"}))
    ok(author.post(f"{path}/publish"))


def test_waiving_the_last_outstanding_review_publishes_if_it_was_asked_for(stack: Stack, author: Person) -> None:
    bob, alice = stack.person(), stack.person()
    made = writing.ready(author, [bob, alice])
    path = f"/api/postmortems/{made['id']}"
    ok(author.post(f"{path}/submit", json={"publishOnApproval": True}))
    ok(alice.post(f"{path}/reviews", json={"decision": "APPROVE"}), 201)
    ok(author.post(f"{path}/reviewers/{bob.id}/waive", json={"reason": "Away"}))
    assert ok(author.get(path))["status"] == "PUBLISHED"


def test_a_waiver_ends_with_a_decision_or_the_next_submission(stack: Stack, author: Person) -> None:
    bob, alice = stack.person(), stack.person()
    path = in_review(author, bob, alice)
    ok(author.post(f"{path}/reviewers/{bob.id}/waive", json={"reason": "Away"}))
    ok(bob.post(f"{path}/reviews", json={"decision": "APPROVE"}), 201)
    assert states(author, path) == {bob.id: "APPROVED", alice.id: "PENDING"}
    ok(author.post(f"{path}/reviewers/{alice.id}/waive", json={"reason": "Away"}))
    ok(author.post(f"{path}/withdraw"))
    ok(author.patch(path, json={"summary": "Other words"}))
    assert states(author, path) == {bob.id: "STALE", alice.id: "WAIVED"}
    ok(author.post(f"{path}/submit", json={}))
    assert states(author, path) == {bob.id: "STALE", alice.id: "PENDING"}
    assert inbox(alice, path).count("review_requested") == 2


# Withdrawing


def test_an_author_takes_it_back_and_approvals_of_the_same_text_still_count(stack: Stack, author: Person) -> None:
    bob, editor = stack.person(), stack.person()
    path = in_review(author, bob)
    ok(author.post(f"{path}/editors", json={"userId": editor.id, "level": "EDIT"}), 201)
    ok(bob.post(f"{path}/reviews", json={"decision": "APPROVE"}), 201)
    for who in (bob, editor):
        refused(who.post(f"{path}/withdraw"), 403, "NotAllowed")
    assert ok(author.post(f"{path}/withdraw"))["status"] == "DRAFT"
    assert states(author, path) == {bob.id: "APPROVED"}
    refused(author.post(f"{path}/withdraw"), 409, "IllegalTransition")
    assert "postmortem.withdrawn" in audited(author, path)
    ok(author.post(f"{path}/submit", json={}))
    ok(author.post(f"{path}/publish"))
    refused(author.post(f"{path}/withdraw"), 409, "IllegalTransition")


def test_a_patch_of_the_status_still_requests_changes(stack: Stack, author: Person) -> None:
    bob = stack.person()
    path = in_review(author, bob)
    refused(author.patch(path, json={"status": "DRAFT"}), 403, "NotAllowed")
    ok(bob.patch(path, json={"status": "DRAFT", "comment": "Say how many customers"}))
    assert states(author, path) == {bob.id: "CHANGES_REQUESTED"}
