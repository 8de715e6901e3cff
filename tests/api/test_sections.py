"""Sections: saved one by one, merged where that is clean, never lost."""

from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from tests.api import writing
from tests.api.writing import ok
from tests.stack import Person, Stack


@pytest.fixture(scope="module")
def author(stack: Stack) -> Person:
    return stack.person()


@pytest.fixture
def path(author: Person) -> str:
    return f"/api/postmortems/{ok(author.post('/api/postmortems', json={'title': 'Sections'}), 201)['id']}"


def save(who: Person, path: str, body: str, base: int, name: str = "impact") -> Any:
    return who.put(f"{path}/sections/{name}", json={"body": body, "baseRevision": base})


@pytest.mark.parametrize(
    "body", ["    code\n", "a\r\nb\r\n", " \n", "\ufeffx\u2028y\t", "😀" * 1000, "x" * 200_000, ""]
)
def test_what_is_saved_is_what_is_read(author: Person, path: str, body: str) -> None:
    assert ok(save(author, path, body, 0))["body"] == body
    answer = author.get(f"{path}/sections/impact", params={"render": "html"})
    assert ok(answer)["body"] == body
    assert answer.headers["etag"] == f'"{1 if body else 0}"'
    assert ok(author.get(path))["impact"] == (body or None)


def test_two_in_different_sections_never_meet(author: Person, path: str) -> None:
    ok(save(author, path, "one", 0, "impact"))
    assert ok(save(author, path, "two", 0, "detection"))["merged"] is False
    told = {one["name"]: one["revision"] for one in ok(author.get(path))["sections"]}
    assert (told["impact"], told["detection"], told["summary"]) == (1, 1, 0)


def test_two_in_the_same_are_merged_or_both_told(author: Person, path: str) -> None:
    ok(save(author, path, "a\nb\nc", 0))
    ok(save(author, path, "A\nb\nc", 1))
    merged = ok(save(author, path, "a\nb\nC", 1))
    assert (merged["merged"], merged["body"], merged["revision"]) == (True, "A\nb\nC", 3)
    refused = save(author, path, "mine\nb\nc", 1)
    assert refused.status_code == 412
    told = refused.json()
    assert told["code"] == "SectionConflict"
    assert (told["yours"], told["current"], told["base"]) == ("mine\nb\nc", "A\nb\nC", "a\nb\nc")
    assert told["currentRevision"] == 3
    stale = author.put(f"{path}/sections/impact", json={"body": "x"}, headers={"If-Match": '"1"'})
    assert stale.status_code == 412
    assert author.put(f"{path}/sections/impact", json={"body": "x"}).status_code == 412
    assert ok(author.put(f"{path}/sections/impact", json={"body": "x"}, headers={"If-Match": "*"}))["revision"] == 4


def test_history_diff_and_restore(author: Person, path: str) -> None:
    ok(save(author, path, "the old words\nb", 0))
    ok(save(author, path, "the new words\nb", 1))
    assert ok(save(author, path, "the new words\nb", 2))["revision"] == 2
    diff = ok(author.get(f"{path}/sections/impact/diff", params={"from": 1, "to": 2}))
    lines = diff["hunks"][0]["lines"]
    assert [one["kind"] for one in lines] == ["delete", "insert", "equal"]
    assert [one["text"] for one in lines[1]["pieces"] if one["changed"]] == ["new"]
    back = ok(author.post(f"{path}/sections/impact/restore", json={"revision": 1}))
    assert (back["body"], back["revision"]) == ("the old words\nb", 3)
    history = ok(author.get(f"{path}/sections/impact/revisions", params={"limit": 2}))
    assert [one["revision"] for one in history["items"]] == [3, 2]
    assert (history["items"][0]["origin"], history["items"][0]["restoredFrom"]) == ("restore", 1)
    assert (history["items"][1]["addedLines"], history["items"][1]["removedLines"]) == (1, 1)
    assert history["nextCursor"]
    assert ok(author.get(f"{path}/sections/impact/revisions/2"))["body"] == "the new words\nb"
    for missing in ("impact/revisions/9", "impact/diff?from=1&to=9", "customQuotes", "customQuotes/revisions"):
        assert author.get(f"{path}/sections/{missing}").status_code == 404


def test_a_stale_patch_is_told_both_texts(author: Person, path: str) -> None:
    ok(author.patch(path, json={"impact": "theirs"}))
    refused = author.patch(path, json={"impact": "mine"}, headers={"If-Match": '"1"'})
    assert refused.status_code == 412
    both = {"name": "impact", "yours": "mine", "current": "theirs", "currentRevision": 1}
    assert refused.json()["sections"] == [both]


def test_who_may(stack: Stack, author: Person) -> None:
    reviewer = stack.person()
    made = writing.approved(author, [reviewer])
    path = f"/api/postmortems/{made['id']}"
    ok(save(author, path, "Changed after the approval.", 1))
    assert ok(author.get(path))["reviewers"][0]["state"] == "STALE"
    stranger = stack.person()
    for suffix in ("", "/impact", "/impact/revisions", "/impact/revisions/1", "/impact/diff?from=0&to=1"):
        ok(reviewer.get(f"{path}/sections{suffix}"))
        assert stranger.get(f"{path}/sections{suffix}").status_code == 404
    assert save(stranger, path, "x", 1).status_code == 404


STEP = st.tuples(st.integers(0, 1), st.sampled_from(["read", "save"]), st.integers(0, 5), st.booleans())


def test_random_interleavings_lose_nothing(stack: Stack, author: Person) -> None:
    """Every line that anybody sent is in the text, in its history, or in the refusal's answer."""
    people = [author, stack.person("ADMIN")]

    @settings(
        max_examples=200,
        deadline=None,
        database=None,
        derandomize=True,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(steps=st.lists(STEP, min_size=2, max_size=6))
    def interleave(steps: list[tuple[int, str, int, bool]]) -> None:
        made = ok(author.post("/api/postmortems", json={"title": "Race", "impact": "1\n2\n3\n4\n5"}), 201)
        path = f"/api/postmortems/{made['id']}"
        mine = [(1, "1\n2\n3\n4\n5")] * 2
        sent: set[str] = set()
        for number, (who, action, place, insert) in enumerate(steps):
            revision, text = mine[who]
            if action == "read":
                seen = ok(people[who].get(f"{path}/sections/impact"))
                mine[who] = (seen["revision"], seen["body"])
                continue
            lines = text.split("\n")
            line = f"line {number} of {who}"
            lines[place : place if insert else place + 1] = [line]
            answer = save(people[who], path, "\n".join(lines), revision)
            if answer.status_code == 412:
                assert line in answer.json()["yours"]
                mine[who] = (answer.json()["currentRevision"], answer.json()["current"])
            else:
                mine[who] = (ok(answer)["revision"], answer.json()["body"])
                assert line in answer.json()["body"].split("\n")
                sent.add(line)
        history = ok(author.get(f"{path}/sections/impact/revisions"))["items"]
        kept = set(ok(author.get(f"{path}/sections/impact"))["body"].split("\n"))
        for one in history:
            if sent | set("12345") <= kept:
                break
            kept |= set(ok(author.get(f"{path}/sections/impact/revisions/{one['revision']}"))["body"].split("\n"))
        assert sent | set("12345") <= kept
        assert [one["revision"] for one in history] == list(range(len(history), 0, -1))

    interleave()
