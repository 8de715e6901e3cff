"""Sections through HTTP: saved byte for byte, and merged, or refused with all texts."""

from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.api import writing
from tests.api.content.sections import history, put, refused
from tests.api.writing import SECTIONS, ok
from tests.stack import Person, Stack

BASE = "one\ntwo\nthree\nfour\nfive"


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


@pytest.fixture
def template(stack: Stack) -> str:
    """One with two custom sections and without the standard ones that may be left out."""
    core = ["summary", "timeline", "impact", "rootCause", "resolution", "actionItems"]
    sections = [{"key": one, "required": False} for one in core]
    custom = [{"key": "customers", "title": "Customers", "defaultText": "Who?\n"}, {"key": "legal", "title": "Legal"}]
    body = {"name": f"Sections {uuid4().hex[:8]}", "sections": [*sections, *custom]}
    return str(ok(stack.client().post("/api/templates", json=body), 201)["id"])


# Reading


def test_every_section_of_the_template_is_listed(author: Person, path: str, template: str) -> None:
    listed = ok(author.get(f"{path}/sections"))["items"]
    kept = [one["name"] for one in ok(author.get(path))["sections"]]
    assert [one["name"] for one in listed] == kept
    assert {one["name"]: one["body"] for one in listed if one["revision"]} == SECTIONS
    for one in listed:
        alone = author.get(f"{path}/sections/{one['name']}")
        assert ok(alone) == one
        assert alone.headers["etag"] == f'"{one["revision"]}"'
        assert bool(one["revision"]) == bool(one["updatedAt"]) == bool(one["updatedBy"])
    other = ok(author.post("/api/postmortems", json={"title": "Custom", "templateId": template}), 201)
    names = {one["name"]: one["body"] for one in ok(author.get(f"/api/postmortems/{other['id']}/sections"))["items"]}
    assert names == dict.fromkeys(["summary", "impact", "rootCause", "resolution", "legal"], "") | {
        "customers": "Who?\n"
    }


@pytest.mark.parametrize("name", ["timeline", "actionItems", "title", "constructor"])
def test_what_is_no_text_is_no_section(author: Person, path: str, name: str) -> None:
    for answer in (
        author.get(f"{path}/sections/{name}"),
        author.get(f"{path}/sections/{name}/revisions"),
        author.get(f"{path}/sections/{name}/revisions/1"),
        author.get(f"{path}/sections/{name}/diff"),
    ):
        refused(answer, 404, "NotFound")
    told = refused(put(author, path, name, "x"), 422, "SectionNotInTemplate")
    assert "rootCause" in told["known"]
    refused(put(author, path, name, ""), 422, "SectionNotInTemplate")
    refused(author.post(f"{path}/sections/{name}/restore", json={"revision": 1}), 422, "SectionNotInTemplate")


def test_custom_sections_are_sections(author: Person, template: str) -> None:
    made = ok(author.post("/api/postmortems", json={"title": "Custom", "templateId": template}), 201)
    path = f"/api/postmortems/{made['id']}"
    refused(put(author, path, "detection", "x"), 422, "SectionNotInTemplate")
    assert ok(put(author, path, "customers", "Who?\nAll of them.", base=1))["revision"] == 2
    assert ok(author.get(path))["customSections"]["customers"] == "Who?\nAll of them."
    first, second = history(author, path, "customers")[::-1]
    assert (first["origin"], second["origin"]) == ("prefill", "edit")


# Saving


TEXTS = [
    "",
    " ",
    "\n",
    "\r\n",
    "  \n\n two blanks at the end  \n",
    "one\r\ntwo\rthree\n",
    "tab\t\x0b\x0c\x85\u2028\u2029end",
    "\ufeffbyte order mark",
    "caf\u00e9 cafe\u0301 \U0001f692\u200d\U0001f469 \u202eright to left\u202c",
    "| a | b |\n|---|---|\n| 1 | `x|y` |\n\n- [ ] todo\n- [x] done\n\n```py\nprint('\\n')\n```\n<b>raw</b> &amp; \\* ",
    "\x01\x02\x7f\uffff",
    "x" * 200_000,
    "\U0001f692" * 200_000,
]


@pytest.mark.parametrize("text", TEXTS, ids=[repr(one[:12]) for one in TEXTS])
def test_what_is_saved_is_what_is_read(author: Person, path: str, text: str) -> None:
    saved = put(author, path, "lessonsLearned", text, base=0)
    assert ok(saved)["body"] == text
    assert ok(saved)["merged"] is False
    read = author.get(f"{path}/sections/lessonsLearned")
    assert ok(read)["body"] == text
    assert read.headers["etag"] == saved.headers["etag"] == f'"{int(bool(text))}"'
    assert (ok(author.get(path))["lessonsLearned"] or "") == text
    ok(author.patch(path, json={"detection": text}))
    assert ok(author.get(f"{path}/sections/detection"))["body"] == text
    if text:
        assert ok(author.get(f"{path}/sections/lessonsLearned/revisions/1"))["body"] == text
        entry = history(author, path, "lessonsLearned")[0]
        assert entry["characters"] == len(text)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"body": None},
        {"body": 1},
        {"body": "x" * 200_001},
        {"body": "a\0b"},
        {"body": "x", "baseRevision": -1},
        {"body": "x", "baseRevision": 1.5},
        {"body": "x", "baseRevision": 10**30},
        {"body": "x", "revision": 1},
        ["x"],
    ],
)
def test_what_cannot_be_saved_is_refused(author: Person, path: str, body: Any) -> None:
    refused(author.put(f"{path}/sections/summary", json=body), 422, "Malformed")
    lone = author.put(f"{path}/sections/summary", content=b'{"body": "\\ud800"}')
    refused(lone, 422, "Malformed")
    assert len(history(author, path, "summary")) == 1


def test_an_equal_text_is_no_revision(author: Person, editor: Person, path: str) -> None:
    before = ok(author.get(path))["version"]
    for base in (None, 1, 0):
        again = put(editor, path, "summary", SECTIONS["summary"], base)
        assert ok(again)["revision"] == 1
        assert ok(again)["updatedBy"] == author.id
    ok(editor.patch(path, json={"summary": SECTIONS["summary"]}))
    ok(editor.post(f"{path}/sections/summary/restore", json={"revision": 1}))
    assert ok(author.get(path))["version"] == before
    assert len(history(author, path, "summary")) == 1


def test_the_version_moves_with_the_text(author: Person, path: str) -> None:
    before = ok(author.get(path))["version"]
    ok(put(author, path, "summary", "New.", base=1))
    after = ok(author.get(path))
    assert after["version"] == before + 1
    entry = ok(author.get(f"{path}/audit"))["items"][0]
    assert entry["action"] == "postmortem.updated"
    assert entry["before"] == {"summary": SECTIONS["summary"]}
    assert entry["after"] == {"summary": "New."}


def test_a_repeated_save_is_saved_once(author: Person, path: str) -> None:
    headers = {"Idempotency-Key": uuid4().hex}
    first = put(author, path, "summary", "Once.", base=1, headers=headers)
    again = put(author, path, "summary", "Once.", base=1, headers=headers)
    assert ok(first) == ok(again)
    assert first.headers["etag"] == again.headers["etag"] == '"2"'
    assert len(history(author, path, "summary")) == 2


# Two people in the same section


def test_changes_of_different_lines_are_merged(author: Person, editor: Person, path: str) -> None:
    ok(put(author, path, "summary", BASE, base=1))
    ok(put(author, path, "summary", BASE.replace("one", "ONE"), base=2))
    saved = put(editor, path, "summary", BASE.replace("five", "FIVE"), base=2)
    assert ok(saved) == ok(saved) | {"body": "ONE\ntwo\nthree\nfour\nFIVE", "merged": True, "revision": 4}
    assert saved.headers["etag"] == '"4"'
    assert ok(author.get(path))["summary"] == "ONE\ntwo\nthree\nfour\nFIVE"
    entry = history(author, path, "summary")[0]
    assert (entry["origin"], entry["authorId"], entry["addedLines"], entry["removedLines"]) == (
        "merge",
        editor.id,
        1,
        1,
    )


def test_if_match_is_a_base_too(author: Person, editor: Person, path: str) -> None:
    ok(put(author, path, "summary", BASE, base=1))
    ok(put(author, path, "summary", BASE.replace("one", "ONE")))
    merged = put(editor, path, "summary", BASE + "\nsix", headers={"If-Match": '"2"'})
    assert ok(merged)["merged"] is True
    told = refused(put(editor, path, "summary", "else", headers={"If-Match": 'W/"2"'}), 412, "SectionConflict")
    assert told["base"] == BASE
    assert ok(put(editor, path, "summary", "mine", 4, headers={"If-Match": '"4"'}))["revision"] == 5
    refused(put(editor, path, "summary", "x", 4, headers={"If-Match": '"5"'}), 422, "Malformed")
    refused(put(editor, path, "summary", "x", headers={"If-Match": "five"}), 422, "Malformed")
    assert ok(put(editor, path, "summary", "whatever stands", headers={"If-Match": "*"}))["revision"] == 6


def test_changes_of_the_same_line_are_refused_with_all_texts(author: Person, editor: Person, path: str) -> None:
    ok(put(author, path, "summary", BASE, base=1))
    theirs, mine = BASE.replace("two", "deux"), BASE.replace("two", "zwei")
    ok(put(author, path, "summary", theirs, base=2))
    before = author.get(path)
    told = refused(put(editor, path, "summary", mine, base=2), 412, "SectionConflict")
    assert (told["yours"], told["current"], told["base"]) == (mine, theirs, BASE)
    assert (told["section"], told["currentRevision"], told["baseRevision"]) == ("summary", 3, 2)
    after = author.get(path)
    assert after.content == before.content
    assert len(history(author, path, "summary")) == 3
    assert ok(put(editor, path, "summary", mine, base=told["currentRevision"]))["body"] == mine


def test_a_base_that_never_was_is_refused(author: Person, path: str) -> None:
    told = refused(put(author, path, "summary", "x", base=7), 412, "SectionConflict")
    assert "base" not in told
    assert (told["yours"], told["current"], told["currentRevision"]) == ("x", SECTIONS["summary"], 1)
    refused(put(author, path, "detection", "x", base=1), 412, "SectionConflict")


def test_two_first_texts_meet(author: Person, editor: Person, path: str) -> None:
    ok(put(author, path, "detection", "Mine.", base=0))
    told = refused(put(editor, path, "detection", "Theirs.", base=0), 412, "SectionConflict")
    assert (told["yours"], told["current"], told["base"]) == ("Theirs.", "Mine.", "")


def test_without_a_base_the_newest_stands_and_the_other_is_kept(author: Person, editor: Person, path: str) -> None:
    ok(put(author, path, "summary", "First."))
    ok(put(editor, path, "summary", "Second."))
    assert ok(author.get(path))["summary"] == "Second."
    bodies = [ok(author.get(f"{path}/sections/summary/revisions/{n}"))["body"] for n in (1, 2, 3)]
    assert bodies == [SECTIONS["summary"], "First.", "Second."]


def test_saving_what_one_only_read_takes_nothing_back(author: Person, editor: Person, path: str) -> None:
    ok(put(author, path, "summary", BASE, base=1))
    stale = put(editor, path, "summary", SECTIONS["summary"], base=1)
    assert ok(stale) == ok(stale) | {"body": BASE, "merged": True, "revision": 2, "updatedBy": author.id}
    assert len(history(author, path, "summary")) == 2


def test_a_stale_patch_tells_the_sections_that_differ(author: Person, editor: Person, path: str) -> None:
    seen = author.get(path).headers["etag"]
    ok(put(editor, path, "summary", "Theirs."))
    body = {"summary": "Mine.", "impact": SECTIONS["impact"], "title": "New title"}
    told = refused(author.patch(path, json=body, headers={"If-Match": seen}), 412, "StaleVersion")
    assert told["sections"] == [{"name": "summary", "yours": "Mine.", "current": "Theirs.", "currentRevision": 2}]
    assert ok(author.get(path))["summary"] == "Theirs."


def test_many_at_once_lose_nothing(author: Person, editor: Person, path: str) -> None:
    """In different sections nobody is refused; in the same one the lines of all who were answered 200 stand."""
    lines = [f"line {number}" for number in range(40)]
    ok(put(author, path, "summary", "\n".join(lines), base=1))
    names = ["impact", "rootCause", "resolution", "detection", "response", "lessonsLearned", "contributingFactors"]

    def save(number: int) -> httpx.Response:
        who = (author, editor)[number % 2]
        if number < len(names):
            return put(who, path, names[number], f"text {number}", base=1 if number < 3 else 0)
        mine = [*lines]
        mine[(number - len(names)) * 3] = f"changed by {number}"
        return put(who, path, "summary", "\n".join(mine), base=2)

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(save, range(len(names) + 12)))
    assert {one.status_code for one in answers} == {200}
    now = ok(author.get(path))
    for number, name in enumerate(names):
        assert now[name] == f"text {number}"
    changed = {f"changed by {number}" for number in range(len(names), len(names) + 12)}
    assert changed == {one for one in now["summary"].split("\n") if one.startswith("changed")}
    assert [one["revision"] for one in history(author, path, "summary")] == list(range(14, 0, -1))
