"""Root-cause categories: who keeps the list, and how renaming and merging reach the postmortems that have one."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.api.conventions import problem
from tests.api.writing import draft, ok
from tests.stack import Person, Stack

DOOR = "/api/root-cause-categories"


def category(admin: httpx.Client, **fields: Any) -> Any:
    return ok(admin.post(DOOR, json={"name": f"cause {uuid4().hex[:8]}", **fields}), 201)


def cause_of(who: Any, postmortem: Any) -> Any:
    return ok(who.get(f"/api/postmortems/{postmortem['id']}"))["rootCauseCategory"]


def test_there_is_a_list_to_begin_with(stack: Stack) -> None:
    listed = ok(stack.person("MEMBER").get(DOOR, params={"limit": 200}))["items"]
    names = [one["name"] for one in listed]
    assert {"capacity", "configuration", "deployment", "dependency", "unknown"} <= set(names)
    first = next(one for one in listed if one["name"] == "capacity")
    assert first["id"].startswith("rcc_")
    assert first["description"]
    assert (first["active"], first["version"]) == (True, 1)
    page = ok(stack.client().get(DOOR, params={"limit": 2}))
    more = ok(stack.client().get(DOOR, params={"limit": 2, "cursor": page["nextCursor"]}))
    assert [one["name"] for one in [*page["items"], *more["items"]]] == names[:4]


def test_administrators_keep_it(stack: Stack, admin: httpx.Client) -> None:
    made = category(admin, description="Something")
    path = f"{DOOR}/{made['id']}"
    changed = ok(admin.patch(path, json={"description": "Else", "active": False}, headers={"If-Match": '"1"'}))
    assert (changed["description"], changed["active"], changed["version"]) == ("Else", False, 2)
    problem(admin.patch(path, json={"active": True}, headers={"If-Match": '"1"'}), 412, "StaleVersion")
    assert made["id"] not in {one["id"] for one in ok(admin.get(DOOR, params={"active": True, "limit": 200}))["items"]}
    assert ok(admin.patch(path, json=ok(admin.get(path))))["version"] == 2, "what was read may be sent back"
    problem(admin.post(DOOR, json={"name": made["name"].upper()}), 409, "AlreadyExists")
    problem(admin.patch(path, json={"name": "CAPACITY"}), 409, "AlreadyExists")
    problem(admin.post(DOOR, json={"name": " "}), 422)
    for who in (stack.person("RESPONDER"), stack.person("MEMBER")):
        problem(who.post(DOOR, json={"name": "x"}), 403, "NotAllowed")
        problem(who.patch(path, json={"name": "x"}), 403, "NotAllowed")
        problem(who.post(f"{path}/merge", json={"into": made["id"]}), 403, "NotAllowed")
        assert ok(who.get(path))["name"] == made["name"]
    problem(admin.get(f"{DOOR}/rcc_nothing"), 404)
    key = {"Idempotency-Key": uuid4().hex}
    body = {"name": f"once {uuid4().hex[:8]}"}
    assert ok(admin.post(DOOR, json=body, headers=key), 201) == ok(admin.post(DOOR, json=body, headers=key), 201)


def test_renaming_rewrites_every_postmortem(stack: Stack, admin: httpx.Client) -> None:
    author, made = stack.person(), category(admin)
    path, name = f"{DOOR}/{made['id']}", made["name"]
    private = draft(author, visibility="PRIVATE", rootCauseCategory=name)
    shared = draft(author, visibility="ORGANIZATION", rootCauseCategory=name.upper())
    other = draft(author, visibility="ORGANIZATION", rootCauseCategory=f"{name} too")
    before = ok(author.get(f"/api/postmortems/{private['id']}"))
    tagged = author.get(f"/api/postmortems/{private['id']}").headers["ETag"]
    new = f"renamed {uuid4().hex[:8]}"
    assert ok(admin.patch(path, json={"name": new}))["count"] == 2
    assert [cause_of(author, one) for one in (private, shared, other)] == [new, new, f"{name} too"]
    after = author.get(f"/api/postmortems/{private['id']}", headers={"If-None-Match": tagged})
    assert ok(after)["version"] == before["version"] + 1
    problem(
        author.patch(f"/api/postmortems/{private['id']}", json={"title": "Late"}, headers={"If-Match": tagged}),
        412,
        "StaleVersion",
    )
    entries = ok(author.get(f"/api/postmortems/{private['id']}/audit"))["items"]
    renamed = next(one for one in entries if one["action"] == "postmortem.root_cause_renamed")
    assert (renamed["before"], renamed["after"]) == ({"root_cause_category": name}, {"root_cause_category": new})
    ok(admin.patch(path, json={"name": new.upper()}))
    assert cause_of(author, private) == new.upper(), "also where only the case changes"


def test_merging_gives_its_postmortems_to_another_one(stack: Stack, admin: httpx.Client) -> None:
    author, merged, kept = stack.person(), category(admin), category(admin)
    made = draft(author, visibility="ORGANIZATION", rootCauseCategory=merged["name"])
    path = f"{DOOR}/{merged['id']}"
    problem(admin.post(f"{path}/merge", json={"into": merged["id"]}), 409, "MergedIntoItself")
    problem(admin.post(f"{path}/merge", json={"into": "rcc_nothing"}), 404)
    answer = ok(admin.post(f"{path}/merge", json={"into": kept["id"]}))
    assert (answer["id"], answer["count"]) == (kept["id"], 1)
    assert cause_of(author, made) == kept["name"]
    assert ok(admin.get(path))["id"] == kept["id"]
    assert merged["id"] not in {one["id"] for one in ok(admin.get(DOOR, params={"limit": 200}))["items"]}
    problem(admin.patch(path, json={"name": "x"}), 404)
    again = category(admin, name=merged["name"])
    assert again["count"] == 0, "its name is free again"
    ok(admin.post(f"{DOOR}/{kept['id']}/merge", json={"into": again["id"]}))
    assert ok(admin.get(path))["id"] == again["id"], "and the first one follows"


def test_it_counts_what_the_reader_may_see(stack: Stack, admin: httpx.Client) -> None:
    author, made = stack.person(), category(admin)
    for visibility in ("PRIVATE", "PRIVATE", "ORGANIZATION"):
        draft(author, visibility=visibility, rootCauseCategory=made["name"])
    counts = {
        who: ok(person.get(f"{DOOR}/{made['id']}"))["count"]
        for who, person in {"author": author, "reader": stack.person(), "admin": admin}.items()
    }
    assert counts == {"author": 3, "reader": 1, "admin": 3}


@pytest.mark.parametrize("text", ["something else entirely", "capacity", "Capacity"])
def test_free_text_is_kept_as_it_was_written(stack: Stack, text: str) -> None:
    author = stack.person()
    made = draft(author, rootCauseCategory=text)
    assert cause_of(author, made) == text


def test_two_names_at_the_same_time(stack: Stack, admin: httpx.Client) -> None:
    author, made = stack.person(), category(admin)
    postmortems = [draft(author, rootCauseCategory=made["name"]) for _ in range(3)]
    other: Person = stack.person("ADMIN")
    names = [f"{uuid4().hex[:8]} {n}" for n in range(2)]

    def rename(case: tuple[Any, str]) -> int:
        who, name = case
        return int(who.patch(f"{DOOR}/{made['id']}", json={"name": name}).status_code)

    with ThreadPoolExecutor(2) as both:
        assert list(both.map(rename, zip((admin, other), names, strict=True))) == [200, 200]
    last = ok(admin.get(f"{DOOR}/{made['id']}"))
    assert last["name"] in names
    assert {cause_of(author, one) for one in postmortems} == {last["name"]}
