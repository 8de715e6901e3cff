"""Every cell of the lifecycle table, for every role: allowed, refused, and refused with every reason at once."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from tests.api import writing
from tests.api.writing import ok
from tests.stack import Person, Stack

ROLES = ("author", "editor", "commenter", "reviewer", "participant", "team member", "administrator", "stranger")


@dataclass(frozen=True)
class Cast:
    stack: Stack
    people: dict[str, Person]
    team_id: str

    def __getitem__(self, role: str) -> Person:
        return self.people[role]


@pytest.fixture(scope="module")
def cast(stack: Stack) -> Cast:
    team = ok(stack.client().post("/api/teams", json={"name": f"Lifecycle {id(stack)}"}), 201)
    people = {role: stack.person() for role in ROLES if role not in {"administrator", "team member"}}
    people["administrator"] = stack.person("ADMIN")
    people["team member"] = stack.person(teamIds=[team["id"]])
    people["second reviewer"] = stack.person()
    return Cast(stack, people, team["id"])


def staged(cast: Cast, status: str) -> str:
    """A postmortem in that status, with somebody in each role; approved where it is in review."""
    author, reviewer = cast["author"], cast["reviewer"]
    make: dict[str, Callable[[], Any]] = {
        "DRAFT": lambda: writing.ready(author, [reviewer], teamIds=[cast.team_id]),
        "IN_REVIEW": lambda: writing.approved(author, [reviewer], teamIds=[cast.team_id]),
        "PUBLISHED": lambda: writing.published(author, [reviewer], teamIds=[cast.team_id]),
        "ARCHIVED": lambda: writing.archived(author, [reviewer], cast.stack, teamIds=[cast.team_id]),
    }
    made = make[status]()
    admin = cast.stack.client()
    for role, level in (("editor", "EDIT"), ("commenter", "COMMENT")):
        body = {"userId": cast[role].id, "level": level}
        ok(admin.post(f"/api/postmortems/{made['id']}/editors", json=body), 201)
    return str(made["id"])


MOVES: dict[str, Callable[[Person, str], Any]] = {
    "submit": lambda who, pm: who.post(f"/api/postmortems/{pm}/submit", json={}),
    "approve": lambda who, pm: who.post(f"/api/postmortems/{pm}/reviews", json={"decision": "APPROVE"}),
    "request changes": lambda who, pm: who.post(f"/api/postmortems/{pm}/request-changes", json={"comment": "Say more"}),
    "publish": lambda who, pm: who.post(f"/api/postmortems/{pm}/publish"),
    "archive": lambda who, pm: who.post(f"/api/postmortems/{pm}/archive"),
}
ALLOWED: dict[tuple[str, str], tuple[set[str], str]] = {
    ("DRAFT", "submit"): ({"author", "editor", "administrator"}, "IN_REVIEW"),
    ("IN_REVIEW", "approve"): ({"reviewer"}, "IN_REVIEW"),
    ("IN_REVIEW", "request changes"): ({"reviewer"}, "DRAFT"),
    ("IN_REVIEW", "publish"): ({"author", "administrator"}, "PUBLISHED"),
    ("PUBLISHED", "request changes"): ({"administrator"}, "IN_REVIEW"),
    ("PUBLISHED", "archive"): ({"administrator"}, "ARCHIVED"),
}
SOMETIMES: dict[str, set[str]] = {
    move: {role for (_, other), (roles, _) in ALLOWED.items() if other == move for role in roles} for move in MOVES
}


@pytest.mark.parametrize("status", ["DRAFT", "IN_REVIEW", "PUBLISHED", "ARCHIVED"])
def test_every_cell(cast: Cast, status: str) -> None:
    postmortem_id = staged(cast, status)
    everybody = set(ROLES) - {"participant"}
    for move, make in MOVES.items():
        allowed, after = ALLOWED.get((status, move), (set(), ""))
        for role in sorted(everybody - allowed):
            response = make(cast[role], postmortem_id)
            hidden = role == "stranger" and status in {"DRAFT", "IN_REVIEW"}
            expected = 404 if hidden else 409 if role in SOMETIMES[move] and not allowed else 403
            assert response.status_code == expected, f"{role} {move} {status}: {response.status_code} {response.text}"
            if expected == 409:
                assert response.json()["code"] == "IllegalTransition"
        for role in sorted(allowed):
            postmortem_id = postmortem_id or staged(cast, status)
            response = make(cast[role], postmortem_id)
            assert response.status_code in {200, 201}, f"{role} {move} {status}: {response.text}"
            assert response.json()["status"] == after
            postmortem_id = staged(cast, status) if after != status else postmortem_id


def test_participants_see_and_do_not_move(cast: Cast) -> None:
    participant = cast["participant"]
    admin = cast.stack.client()
    email = ok(admin.get(f"/api/users/{participant.id}"))["email"]
    report = {
        "externalId": f"participants-{participant.id}",
        "title": "Disk full",
        "status": "RESOLVED",
        "urgency": "LOW",
        "startedAt": "2026-11-20T07:00:00Z",
        "resolvedAt": "2026-11-20T07:20:00Z",
        "responders": [email],
    }
    incident = ok(admin.post("/api/incidents", json=report), 201)
    made = ok(cast["author"].post(f"/api/incidents/{incident['id']}/postmortem"), 201)
    assert made["participants"] == [participant.id]
    assert participant.get(f"/api/postmortems/{made['id']}").status_code == 200
    for move, make in MOVES.items():
        assert make(participant, made["id"]).status_code == 403, move
    assert cast["stranger"].get(f"/api/postmortems/{made['id']}").status_code == 404


def test_submit_names_every_reason_at_once(cast: Cast) -> None:
    author = cast["author"]
    made = ok(author.post("/api/postmortems", json={"title": "Nothing written yet"}), 201)
    assert made["missingSections"] == ["summary", "timeline", "impact", "rootCause", "resolution", "actionItems"]
    refused = author.post(f"/api/postmortems/{made['id']}/submit", json={})
    assert refused.status_code == 409
    assert refused.headers["content-type"] == "application/problem+json"
    problem = refused.json()
    assert problem["code"] == "NotReadyToSubmit"
    assert [one["code"] for one in problem["reasons"]] == ["SectionMissing"] * 6 + ["ReviewersMissing"]


def test_publish_names_every_reason_at_once(cast: Cast) -> None:
    author, reviewer, second = cast["author"], cast["reviewer"], cast["second reviewer"]
    made = writing.in_review(author, [reviewer, second])
    path = f"/api/postmortems/{made['id']}"
    ok(reviewer.post(f"{path}/reviews", json={"decision": "APPROVE"}), 201)
    ok(author.patch(path, json={"summary": "Another summary", "impact": None}))
    ok(author.post(f"{path}/action-items", json={"description": "Nobody's yet"}), 201)
    ok(second.post(f"{path}/comments", json={"body": "Which alert?", "section": "timeline"}), 201)
    problem = ok(author.post(f"{path}/publish"), 409)
    assert problem["code"] == "NotReadyToPublish"
    assert sorted(one["code"] for one in problem["reasons"]) == [
        "ActionItemIncomplete",
        "ReviewOutstanding",
        "ReviewOutstanding",
        "SectionMissing",
        "UnresolvedComments",
    ]
    states = {one["personId"]: one["state"] for one in problem["reasons"] if one["code"] == "ReviewOutstanding"}
    assert states == {reviewer.id: "STALE", second.id: "PENDING"}


def test_an_edit_makes_an_approval_stale_and_asks_again(cast: Cast) -> None:
    author, reviewer = cast["author"], cast["reviewer"]
    made = writing.approved(author, [reviewer])
    path = f"/api/postmortems/{made['id']}"
    ok(author.patch(path, json={"tags": ["pool"]}))
    assert ok(author.get(path))["reviewers"][0]["state"] == "APPROVED"
    ok(author.patch(path, json={"rootCause": "Something else"}))
    assert ok(author.get(path))["reviewers"][0]["state"] == "STALE"
    asked = [one for one in ok(reviewer.get("/api/me/notifications"))["items"] if one["postmortemId"] == made["id"]]
    assert [one["kind"] for one in asked] == ["review_stale", "review_requested"]
    assert author.post(f"{path}/publish").status_code == 409
    ok(reviewer.post(f"{path}/reviews", json={"decision": "APPROVE"}), 201)
    assert ok(author.post(f"{path}/publish"))["status"] == "PUBLISHED"
    assert [one["isCurrent"] for one in ok(author.get(f"{path}/reviews"))["items"]] == [False, True]


def test_requested_changes_go_back_and_ask_again(cast: Cast) -> None:
    author, reviewer = cast["author"], cast["reviewer"]
    made = writing.in_review(author, [reviewer])
    path = f"/api/postmortems/{made['id']}"
    assert reviewer.post(f"{path}/request-changes", json={}).json()["code"] == "CommentRequired"
    answer = ok(reviewer.post(f"{path}/reviews", json={"decision": "REQUEST_CHANGES", "comment": "Which pool?"}), 201)
    assert answer["status"] == "DRAFT"
    assert answer["reviewers"][0]["state"] == "CHANGES_REQUESTED"
    again = ok(author.post(f"{path}/submit", json={}))
    assert again["reviewers"][0]["state"] == "PENDING"
    assert ok(author.get(f"{path}/reviews"))["items"][0]["comment"] == "Which pool?"


def test_published_on_the_last_approval_if_asked_for(cast: Cast) -> None:
    author, first, second = cast["author"], cast["reviewer"], cast["second reviewer"]
    made = writing.ready(author, [first, second])
    path = f"/api/postmortems/{made['id']}"
    ok(author.post(f"{path}/submit", json={"publishOnApproval": True}))
    assert ok(first.post(f"{path}/reviews", json={"decision": "APPROVE"}), 201)["status"] == "IN_REVIEW"
    assert ok(second.post(f"{path}/reviews", json={"decision": "APPROVE"}), 201)["status"] == "PUBLISHED"


def test_the_author_never_reviews(cast: Cast) -> None:
    author = cast["author"]
    made = writing.draft(author)
    refused = author.post(f"/api/postmortems/{made['id']}/reviewers", json={"userId": author.id})
    assert (refused.status_code, refused.json()["code"]) == (409, "AuthorCannotReview")


def test_a_status_in_a_patch_is_a_transition(cast: Cast) -> None:
    author, reviewer = cast["author"], cast["reviewer"]
    made = writing.ready(author, [reviewer])
    path = f"/api/postmortems/{made['id']}"
    refused = author.patch(path, json={"summary": None, "status": "IN_REVIEW"})
    assert refused.json()["code"] == "NotReadyToSubmit"
    assert ok(author.get(path))["summary"] == writing.SECTIONS["summary"], "a refused transition saves nothing"
    assert author.patch(path, json={"status": "PUBLISHED"}).json()["code"] == "IllegalTransition"
    moved = ok(author.patch(path, json={"summary": "Shorter.", "status": "IN_REVIEW"}))
    assert (moved["status"], moved["summary"]) == ("IN_REVIEW", "Shorter.")


def test_only_drafts_are_deleted_and_only_by_administrators(cast: Cast) -> None:
    author, admin = cast["author"], cast["administrator"]
    made = writing.draft(author)
    path = f"/api/postmortems/{made['id']}"
    assert author.delete(path).status_code == 403
    assert admin.delete(path).status_code == 204
    assert admin.get(path).status_code == 404
    review = writing.in_review(author, [cast["reviewer"]])
    assert admin.delete(f"/api/postmortems/{review['id']}").json()["code"] == "IllegalTransition"
