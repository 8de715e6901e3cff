"""The history of a section: who changed it, the difference between two revisions, and restoring one."""

from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from tests.api import writing
from tests.api.content.sections import history, put, refused
from tests.api.writing import SECTIONS, ok
from tests.domain.content.test_merging import HOSTILE
from tests.stack import Person, Stack


@pytest.fixture(scope="module")
def author(stack: Stack) -> Person:
    return stack.person()


@pytest.fixture(scope="module")
def editor(stack: Stack) -> Person:
    return stack.person()


@pytest.fixture
def path(author: Person, editor: Person) -> str:
    """A draft of the author and an editor, in which only the required sections are written."""
    made = writing.draft(author)
    ok(author.post(f"/api/postmortems/{made['id']}/editors", json={"userId": editor.id, "level": "EDIT"}), 201)
    return f"/api/postmortems/{made['id']}"


# The history


def test_the_history_tells_who_when_and_how(author: Person, editor: Person, path: str) -> None:
    ok(put(editor, path, "summary", "A\nB\nC", base=1))
    ok(author.patch(path, json={"summary": "A\nC\nD\nE"}))
    ok(editor.post(f"{path}/sections/summary/restore", json={"revision": 1}))
    entries = history(author, path, "summary")
    assert [one["revision"] for one in entries] == [4, 3, 2, 1]
    assert [one["origin"] for one in entries] == ["restore", "edit", "edit", "prefill"]
    assert [one["authorId"] for one in entries] == [editor.id, author.id, editor.id, author.id]
    assert [one["restoredFrom"] for one in entries] == [1, None, None, None]
    assert [one["characters"] for one in entries] == [len(SECTIONS["summary"]), 7, 5, len(SECTIONS["summary"])]
    assert [(one["addedLines"], one["removedLines"]) for one in entries] == [(1, 4), (2, 1), (3, 1), (1, 0)]
    assert sorted((one["at"] for one in entries), reverse=True) == [one["at"] for one in entries]
    one = ok(author.get(f"{path}/sections/summary/revisions/2"))
    assert one == entries[2] | {"body": "A\nB\nC"}


def test_the_history_is_paged(author: Person, path: str) -> None:
    for number in range(7):
        ok(put(author, path, "summary", f"{number}"))
    pages, cursor = [], ""
    while cursor is not None:
        params = {"limit": 3} | ({"cursor": cursor} if cursor else {})
        page = ok(author.get(f"{path}/sections/summary/revisions", params=params))
        pages += [one["revision"] for one in page["items"]]
        cursor = page["nextCursor"]
    assert pages == list(range(8, 0, -1))
    other = ok(author.get(f"{path}/timeline", params={"limit": 1}))
    refused(author.get(f"{path}/sections/summary/revisions", params={"cursor": "x"}), 422, "BadCursor")
    assert other["nextCursor"] is None


@pytest.mark.parametrize("number", ["0", "99", "-1", "x", "9" * 30])
def test_a_revision_that_never_was_is_not_found(author: Person, path: str, number: str) -> None:
    assert author.get(f"{path}/sections/summary/revisions/{number}").status_code in {404, 422}
    assert author.post(f"{path}/sections/summary/restore", json={"revision": number}).status_code in {404, 422}
    assert author.get(f"{path}/sections/summary/diff", params={"to": number}).status_code in {200, 404, 422}


def test_the_difference_shows_lines_and_words(author: Person, path: str) -> None:
    ok(put(author, path, "rootCause", "A pool limit from three years ago.\nNobody looked.", base=1))
    told = ok(author.get(f"{path}/sections/rootCause/diff"))
    assert (told["from"], told["to"], told["addedLines"], told["removedLines"]) == (1, 2, 2, 1)
    (hunk,) = told["hunks"]
    assert (hunk["fromLine"], hunk["toLine"]) == (1, 1)
    assert [one["op"] for one in hunk["lines"]] == ["delete", "insert", "insert"]
    gone, come, new = hunk["lines"]
    assert [one["text"] for one in gone["parts"] if one["changed"]] == ["two"]
    assert [one["text"] for one in come["parts"] if one["changed"]] == ["three"]
    assert new == {"op": "insert", "text": "Nobody looked."}
    back = ok(author.get(f"{path}/sections/rootCause/diff", params={"from": 2, "to": 1}))
    assert (back["addedLines"], back["removedLines"]) == (1, 2)
    first = ok(author.get(f"{path}/sections/rootCause/diff", params={"from": 0}))
    assert [one["op"] for one in first["hunks"][0]["lines"]] == ["insert", "insert"]
    assert ok(author.get(f"{path}/sections/rootCause/diff", params={"from": 2, "to": 2}))["hunks"] == []
    assert ok(author.get(f"{path}/sections/detection/diff"))["hunks"] == []
    refused(author.get(f"{path}/sections/rootCause/diff", params={"to": 3}), 404, "NotFound")


@pytest.mark.parametrize("kind", ["two letters", "every second", "one line of words"])
def test_hostile_texts_hold_nobody_up(author: Person, path: str, stack: Stack, kind: str) -> None:
    older, newer = (text[:200_000] for text in HOSTILE[kind])
    ok(put(author, path, "detection", older))
    ok(put(author, path, "detection", newer))
    with ThreadPoolExecutor(2) as pool, httpx.Client(base_url=stack.url, timeout=30) as other:
        asked = pool.submit(author.get, f"{path}/sections/detection/diff", timeout=60)
        tried = pool.submit(put, author, path, "detection", older + " ", 1, timeout=60)
        while not (asked.done() and tried.done()):
            assert other.get("/healthz").status_code == 200
    shown = asked.result()
    if shown.status_code == 200:
        assert shown.json()["to"] == 2
    else:
        refused(shown, 422, "TextTooComplex")
    assert tried.result().status_code in {200, 412, 422}


def test_an_earlier_text_is_restored(author: Person, editor: Person, path: str) -> None:
    ok(put(author, path, "summary", "Worse.", base=1))
    seen = author.get(path).headers["etag"]
    restored = editor.post(f"{path}/sections/summary/restore", json={"revision": 1}, headers={"If-Match": '"2"'})
    assert ok(restored)["body"] == SECTIONS["summary"]
    assert (ok(restored)["revision"], restored.headers["etag"]) == (3, '"3"')
    assert author.get(path).headers["etag"] != seen
    assert ok(author.get(f"{path}/audit"))["items"][0]["action"] == "postmortem.section_restored"
    stale = editor.post(f"{path}/sections/summary/restore", json={"revision": 2}, headers={"If-Match": '"2"'})
    assert refused(stale, 412, "SectionConflict")["currentRevision"] == 3
    refused(editor.post(f"{path}/sections/summary/restore", json={"revision": 9}), 404, "NotFound")
    refused(editor.post(f"{path}/sections/detection/restore", json={"revision": 1}), 404, "NotFound")
