"""What fields and the command palette find by name: the right things first, and nothing that must stay hidden."""

from typing import Any
from uuid import uuid4

import pytest

from tests.api.writing import draft, ok, with_item
from tests.pages.visiting import Visitor, stranger, visitor
from tests.stack import Person, Stack

Found = list[dict[str, str]]


def found(visit: Visitor, kind: str, q: str) -> Found:
    answer = visit.http.get("/find", params={"kind": kind, "q": q})
    assert answer.status_code == 200, answer.text
    items: Found = answer.json()["items"]
    return items


@pytest.fixture
def word() -> str:
    return f"zq{uuid4().hex[:8]}"


def test_people_by_name_handle_and_email_however_they_are_written(stack: Stack, word: str) -> None:
    jose = stack.person(name=f"José {word} Núñez-Ångström")
    mine = visitor(stack, stack.person())
    handle = ok(jose.get("/api/me"))["handle"]
    for typed in (
        f"jose {word}",
        f"JOSÉ  {word.upper()}",
        f"angst {word}",
        f"{word} nun",
        f"@{handle}",
        handle,
        f"{word} %",
    ):
        assert [one["id"] for one in found(mine, "people", typed)] == [jose.id], typed
    assert found(mine, "people", word) == [
        {
            "kind": "person",
            "id": jose.id,
            "label": f"José {word} Núñez-Ångström",
            "hint": f"@{handle}",
            "address": f"/settings/people/{jose.id}",
            "insert": f"@{handle}",
        }
    ]
    for typed in (f"ose {word}", f"{word} nobody", f"{word[:3]}%{word[4:]}", word[1:]):
        assert jose.id not in {one["id"] for one in found(mine, "people", typed)}, typed


def test_who_left_is_not_offered_and_ones_own_team_comes_first(stack: Stack, admin: Any, word: str) -> None:
    team = ok(admin.post("/api/teams", json={"name": f"Team {word}"}), 201)["id"]
    stranger, mate = stack.person(name=f"{word} Aaron"), stack.person(name=f"{word} Zoe", teamIds=[team])
    gone = stack.person(name=f"{word} Gone")
    ok(admin.patch(f"/api/users/{gone.id}", json={"active": False}))
    mine = visitor(stack, stack.person(teamIds=[team]))
    assert [one["id"] for one in found(mine, "people", word)] == [mate.id, stranger.id]
    assert mate.id in [one["id"] for one in found(mine, "people", "")]


def test_postmortems_by_words_and_number(stack: Stack, word: str) -> None:
    author = stack.person()
    made = draft(author, title=f"Caching [of] *{word}* went down", visibility="ORGANIZATION")
    mine = visitor(stack, author)
    number = made["number"]
    for typed in (f"cachi {word}", f"{word} dow", f"down {word}", f"#{number}", str(number)):
        assert made["id"] == found(mine, "postmortems", typed)[0]["id"], typed
    one = found(mine, "all", word)[0]
    assert one["kind"] == "postmortem"
    assert one["label"] == f"#{number} Caching [of] *{word}* went down"
    assert one["hint"] == "Draft"
    address = f"{stack.url}/postmortems/{made['id']}"
    assert one["insert"] == rf"[#{number} Caching \[of\] \*{word}\* went down]({address})"


def test_a_link_that_is_inserted_reads_as_the_title(stack: Stack, word: str) -> None:
    author = stack.person()
    title = rf"<b>[{word}](http://evil.example) \ `x` | *y*"
    draft(author, title=title)
    mine = visitor(stack, author)
    link = found(mine, "postmortems", word)[0]["insert"]
    shown = mine.get(f"/postmortems/{draft(author, summary=f'As in {link}.')['id']}")
    assert "evil.example)" in shown
    assert 'href="http://evil.example' not in shown


def test_items_incidents_and_services(stack: Stack, admin: Any, word: str) -> None:
    author = stack.person(name=f"Owner {uuid4().hex[:6]}")
    made = draft(author)
    item = with_item(author, made["id"], author.id, description=f"Alert about {word}")
    team = ok(admin.post("/api/teams", json={"name": f"Team of {uuid4().hex[:6]}"}), 201)
    service = ok(admin.post("/api/services", json={"name": f"{word}-api", "teamId": team["id"]}), 201)
    report = {"externalId": word, "title": f"Failures in {word}", "startedAt": "2026-01-01T10:00:00Z", "status": "OPEN"}
    incident = ok(admin.post("/api/incidents", json=report), 201)
    mine = visitor(stack, author)
    everything = {one["kind"]: one for one in found(mine, "all", word)}
    assert set(everything) == {"action_item", "incident", "service"}
    assert everything["action_item"]["address"] == f"/action-items/{item['id']}"
    assert everything["action_item"]["hint"].startswith("Open · Owner ")
    assert everything["incident"]["address"] == f"/incidents/{incident['id']}"
    assert everything["service"]["address"] == f"/settings/services/{service['id']}"
    assert everything["service"]["hint"] == team["name"]
    for kind, one in (("action_items", "action_item"), ("incidents", "incident"), ("services", "service")):
        assert found(mine, kind, f"{word}") == [everything[one]]


def test_nothing_that_the_viewer_may_not_see(stack: Stack, word: str) -> None:
    author, reader = stack.person(), stack.person()
    made = draft(author, visibility="PRIVATE", title=f"Secret {word}")
    item = with_item(author, made["id"], author.id, description=f"Secret {word}")
    assert {one["id"] for one in found(visitor(stack, author), "all", word)} == {made["id"], item["id"]}
    theirs = visitor(stack, reader)
    for kind in ("all", "postmortems", "action_items"):
        assert found(theirs, kind, word) == [], kind
    assert made["id"] not in {one["id"] for one in found(theirs, "postmortems", f"#{made['number']}")}
    ok(author.patch(f"/api/action-items/{item['id']}", json={"ownerId": reader.id}))
    assert [one["id"] for one in found(theirs, "all", word)] == [item["id"]]


def test_an_administrators_look_at_private_ones_is_audited(stack: Stack, admin: Any, word: str) -> None:
    made = draft(stack.person(), visibility="PRIVATE", title=f"Secret {word}")
    other = draft(stack.person(), visibility="PRIVATE", title=f"Secret {word[:4]}x{word[4:]}")
    looking: Person = stack.person("ADMIN")
    assert [one["id"] for one in found(visitor(stack, looking), "all", word)] == [made["id"]]
    entries = ok(admin.get(f"/api/audit?actorId={looking.id}&action=postmortem.read"))["items"]
    assert [one["entityId"] for one in entries] == [made["id"]]
    assert other["id"] not in str(entries)


def test_at_most_eight_and_odd_questions(stack: Stack, word: str) -> None:
    author = stack.person()
    for _ in range(9):
        draft(author, title=f"Many {word}")
    mine = visitor(stack, author)
    for kind in ("all", "postmortems"):
        assert len(found(mine, kind, word)) == 8
    for typed in ("", " ", "'", "\\", "%", "&|!:*", "the", "日本", "#", "#99999999999", "🙂", "\u0301", "a" * 100):
        for kind in ("all", "people", "postmortems", "action_items", "incidents", "services"):
            assert len(found(mine, kind, typed)) <= 8, typed
    for path in ("/find?kind=nothing&q=x", "/find?q=x", f"/find?kind=all&q={'x' * 101}", "/find?kind=all&q=%00"):
        assert mine.http.get(path).status_code == 422, path
    assert mine.http.get("/find?kind=all&q=x").headers["Cache-Control"] == "no-store"
    assert stranger(stack).http.get("/find?kind=all&q=x").status_code == 303
