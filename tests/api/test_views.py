"""Saved views: who sees each, who may change it, and what its query can hold."""

from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text

from tests.api.writing import ok
from tests.stack import Person, Stack


def a_team(stack: Stack) -> str:
    return str(ok(stack.client().post("/api/teams", json={"name": f"Team {uuid4().hex[:8]}"}), 201)["id"])


def saved(owner: Person, **fields: Any) -> Any:
    body = {"name": f"View {uuid4().hex[:8]}", "list": "postmortems", "query": "status=DRAFT", **fields}
    return ok(owner.post("/api/views", json=body), 201)


def seen_by(person: Person) -> set[str]:
    return {one["id"] for one in ok(person.get("/api/views?limit=200"))["items"]}


def test_a_view_is_saved_read_changed_and_deleted(stack: Stack) -> None:
    owner = stack.person()
    query = "status=DRAFT&status=IN_REVIEW&sort=-updatedAt&q=pool+limit"
    made = saved(owner, name="  My drafts ", query=f"?{query}&teamId=", columns=["status", "due", "status"])
    assert made["id"].startswith("view_")
    shared = {"sharedWith": "ME", "teamId": None, "ownerId": owner.id, "version": 1}
    assert made | shared == made
    assert (made["name"], made["query"], made["columns"]) == ("My drafts", query, ["status", "due"])
    path = f"/api/views/{made['id']}"
    assert ok(owner.get(path)) == made
    assert ok(owner.get("/api/views?list=incidents"))["items"] == []
    assert ok(owner.get("/api/views?list=postmortems"))["items"] == [made]
    changed = owner.patch(path, json={"name": "Drafts", "columns": []}, headers={"If-Match": '"1"'})
    assert ok(changed) == made | {"name": "Drafts", "columns": [], "version": 2}
    assert changed.headers["ETag"] == '"2"'
    assert ok(owner.patch(path, json={"name": "Late"}, headers={"If-Match": '"1"'}), 412)["code"] == "StaleVersion"
    assert ok(owner.patch(path, json={"list": "incidents"}), 422)["reasons"][0]["code"] == "read_only"
    ok(owner.delete(path), 204)
    assert ok(owner.get(path), 404)["code"] == "NotFound"


def test_who_sees_and_who_changes_a_view(stack: Stack) -> None:
    team = a_team(stack)
    owner, mate = stack.person(teamIds=[team]), stack.person(teamIds=[team])
    stranger, admin = stack.person(), stack.person("ADMIN")
    own = saved(owner)["id"]
    theirs = saved(owner, sharedWith="TEAM", teamId=team)["id"]
    everyone = saved(owner, sharedWith="ORGANIZATION")["id"]
    views = {own, theirs, everyone}
    assert seen_by(owner) >= views
    assert seen_by(mate) & views == {theirs, everyone}
    assert seen_by(stranger) & views == {everyone}
    assert seen_by(admin) & views == {theirs, everyone}
    for person, view, status in [
        (mate, own, 404),
        (mate, theirs, 403),
        (stranger, theirs, 404),
        (stranger, everyone, 403),
        (admin, own, 404),
        (admin, theirs, 200),
        (admin, everyone, 200),
    ]:
        assert person.patch(f"/api/views/{view}", json={"query": "status=PUBLISHED"}).status_code == status
    ok(mate.delete(f"/api/views/{theirs}"), 403)
    ok(admin.delete(f"/api/views/{everyone}"), 204)


def test_a_view_is_shared_only_with_a_team_of_ones_own(stack: Stack) -> None:
    team, owner = a_team(stack), stack.person()
    body = {"name": "Ours", "list": "action-items", "sharedWith": "TEAM"}
    assert ok(owner.post("/api/views", json=body), 422)["code"] == "ViewNeedsTeam"
    assert ok(owner.post("/api/views", json=body | {"teamId": "team_none"}), 422)["code"] == "UnknownReference"
    assert ok(owner.post("/api/views", json=body | {"teamId": team}), 403)["code"] == "NotAllowed"
    made = saved(owner, sharedWith="ORGANIZATION", teamId=team)
    assert made["teamId"] is None, "a team means nothing where it is shared with everyone"
    ok(owner.patch(f"/api/views/{made['id']}", json={"sharedWith": "TEAM", "teamId": team}), 403)


def test_a_view_of_a_team_that_is_gone_is_its_owners(stack: Stack) -> None:
    team = a_team(stack)
    owner, mate = stack.person(teamIds=[team]), stack.person(teamIds=[team])
    view = saved(owner, sharedWith="TEAM", teamId=team)["id"]
    assert view in seen_by(mate)
    assert stack.direct is not None
    stack.direct.write(text("delete from team where id = :id"), id=team)
    assert view not in seen_by(mate)
    left = ok(owner.get(f"/api/views/{view}"))
    assert (left["sharedWith"], left["teamId"]) == ("ME", None)
    ok(owner.patch(f"/api/views/{view}", json={"name": "Still mine"}))


@pytest.mark.parametrize(
    ("name", "query"),
    [
        ("postmortems", "colour=red"),
        ("postmortems", "status=DONE"),
        ("postmortems", "createdFrom=yesterday"),
        ("postmortems", "sort=title%27--"),
        ("postmortems", "whose=mine"),
        ("action-items", "dueFrom=2026-13-01"),
        ("action-items", "ownerId=%00"),
        ("incidents", "overdue=true"),
    ],
)
def test_a_query_that_the_list_would_refuse_is_refused(stack: Stack, name: str, query: str) -> None:
    refused = stack.person().post("/api/views", json={"name": "Odd", "list": name, "query": query})
    assert ok(refused, 422)["reasons"][0]["where"] == "body.query"


def test_every_filter_of_a_list_can_be_saved(stack: Stack) -> None:
    owner = stack.person()
    queries = {
        "postmortems": "overdue=true&tag=db&slippedTarget=published&imported=false&layout=cards&rootCauseCategory=data",
        "action-items": "status=overdue&priority=HIGH&type=DETECT&dueTo=2026-12-01&whose=teams&show=all&hasTicket=true",
        "incidents": "status=RESOLVED&source=pagerduty",
    }
    for name, query in queries.items():
        assert saved(owner, list=name, query=query)["query"] == query


def test_names_are_unique_for_each_list_of_an_owner(stack: Stack) -> None:
    owner, other = stack.person(), stack.person()
    first = saved(owner, name="Mine")
    second = saved(owner, name="Second")
    body = {"name": "MINE", "list": "postmortems"}
    assert ok(owner.post("/api/views", json=body), 409)["code"] == "AlreadyExists"
    assert ok(owner.patch(f"/api/views/{second['id']}", json={"name": "mine"}), 409)["code"] == "AlreadyExists"
    ok(owner.patch(f"/api/views/{first['id']}", json={"name": "MINE"}))
    saved(owner, name="Mine", list="incidents", query="")
    saved(other, name="Mine")


def test_unknown_columns_are_refused(stack: Stack) -> None:
    body = {"name": "Odd", "list": "incidents", "columns": ["status", "<script>"]}
    assert ok(stack.person().post("/api/views", json=body), 422)["reasons"][0]["where"] == "body.columns"
