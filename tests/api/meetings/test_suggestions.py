"""Suggestions for a review meeting, through the API."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.api.writing import draft, in_review, ok, with_item
from tests.stack import Person, Stack


def door(made: Any, query: str = "") -> str:
    return f"/api/postmortems/{made['id']}/meetings/suggestion{query}"


def test_people_with_reasons_times_that_suit_them_and_an_agenda(stack: Stack) -> None:
    author, reviewer, owner = stack.person(), stack.person(), stack.person()
    ok(author.patch("/api/me", json={"timeZone": "Europe/Berlin"}))
    made = in_review(author, [reviewer], visibility="ORGANIZATION")
    with_item(author, made["id"], owner.id, description="Watch the pool")
    found = ok(author.get(door(made)))
    assert found["attendees"] == [
        {"userId": author.id, "why": ["author", "owner"], "required": True},
        {"userId": reviewer.id, "why": ["reviewer"], "required": True},
        {"userId": owner.id, "why": ["owner"], "required": False},
    ]
    first = found["slots"][0]
    start, end = (datetime.fromisoformat(first[key]) for key in ("startsAt", "endsAt"))
    assert end - start == timedelta(minutes=45)
    assert (first["available"], first["unknown"], first["of"], first["notes"]) == (0, 3, 3, [])
    assert start > datetime.now(UTC) + timedelta(hours=3, minutes=50)
    for person in found["people"]:
        assert person["busy"] is None
        assert any(
            datetime.fromisoformat(one["from"]) <= start < datetime.fromisoformat(one["to"]) for one in person["hours"]
        )
    zones = {one["userId"]: one["timeZone"] for one in found["people"]}
    assert zones[author.id] == "Europe/Berlin"
    assert found["agenda"].startswith(
        f"# Agenda: Postmortem review: {made['title']}\n\n1. **Incident summary review** ("
    )
    assert ok(reviewer.get(door(made, "?durationMinutes=30")))["slots"]


def test_who_may_not_see_it_is_not_suggested_and_no_title_leaves_a_private_one(stack: Stack) -> None:
    author, owner = stack.person(), stack.person()
    made = draft(author, visibility="PRIVATE")
    with_item(author, made["id"], owner.id)
    found = ok(author.get(door(made)))
    assert [one["userId"] for one in found["attendees"]] == [author.id]
    assert made["title"] not in found["agenda"]
    assert owner.get(door(made)).status_code == 404


def test_the_target_of_the_review_is_kept_where_it_can_be(stack: Stack) -> None:
    author = stack.person()
    made = draft(author)
    targets = {one["name"]: one for one in ok(author.get(f"/api/postmortems/{made['id']}/targets"))["items"]}
    due = targets["review_completed"]["dueAt"] if "review_completed" in targets else None
    for slot in ok(author.get(door(made)))["slots"]:
        is_late = due is not None and datetime.fromisoformat(slot["endsAt"]) > datetime.fromisoformat(due)
        assert ("after the review target" in slot["notes"]) == is_late


def test_someone_needed_who_is_away_all_the_time_is_not_waited_for(stack: Stack) -> None:
    author, reviewer = stack.person(), stack.person()
    made = in_review(author, [reviewer])
    now = datetime.now(UTC)
    away = {"awayFrom": now.isoformat(), "awayUntil": (now + timedelta(days=90)).isoformat()}
    ok(reviewer.patch("/api/me", json=away))
    (slot, *_) = ok(author.get(door(made)))["slots"]
    name = ok(reviewer.get("/api/me"))["name"]
    assert f"{name} is away" in slot["notes"]
    hours = {one["userId"]: one["hours"] for one in ok(author.get(door(made)))["people"]}
    assert hours[reviewer.id] == []


@pytest.mark.parametrize("minutes", ["44", "x", "-5", "0", "245", "9" * 30])
def test_what_is_refused(stack: Stack, minutes: str) -> None:
    author: Person = stack.person()
    answer = author.get(door(draft(author), f"?durationMinutes={minutes}"))
    assert answer.status_code == 422
    assert answer.json()["reasons"][0]["where"] == "query.durationMinutes"
