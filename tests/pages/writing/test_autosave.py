"""Text is saved while people type: through the same merge, in one revision and one entry of the audit log, and nobody
is notified."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from application.content.autosaving import autosave_section
from domain.access import Role, Viewer
from tests.api.content.sections import history, put
from tests.api.rows import sessions_of
from tests.api.writing import SECTIONS, approved, draft, ok, ready
from tests.pages.writing.typist import typist
from tests.stack import Person, Stack

BASE = "one\ntwo\nthree\nfour\nfive"


def path_of(made: Any) -> str:
    return f"/api/postmortems/{made['id']}"


def entries(stack: Stack, made: Any, action: str = "postmortem.updated") -> list[Any]:
    """Of the audit log, oldest first."""
    found = ok(stack.client().get(f"{path_of(made)}/audit", params={"action": action, "limit": 200}))["items"]
    return list(found[::-1])


def editors(stack: Stack, **fields: Any) -> tuple[Person, Person, Any]:
    """An author, an editor, and their draft."""
    author, editor = stack.person(), stack.person()
    made = draft(author, **fields)
    ok(author.post(f"{path_of(made)}/editors", json={"userId": editor.id, "level": "EDIT"}), 201)
    return author, editor, made


def test_one_editing_leaves_one_revision_and_one_entry(stack: Stack) -> None:
    author = stack.person()
    made = draft(author)
    types = typist(stack, author, made)
    before = len(entries(stack, made))
    for count in range(1, 6):
        assert types.types("summary", "It broke. " * count)["draft"] is False
    shown = history(author, path_of(made), "summary")
    assert [(one["revision"], one["origin"]) for one in shown] == [(6, "edit"), (1, "prefill")]
    assert (shown[0]["addedLines"], shown[0]["removedLines"]) == (1, 1)
    entry = entries(stack, made)[before:]
    assert [(one["before"], one["after"]) for one in entry] == [
        ({"summary": SECTIONS["summary"]}, {"summary": "It broke. " * 5})
    ]
    assert ok(author.get(path_of(made)))["summary"] == "It broke. " * 5
    typist(stack, author, made, types.base).types("summary", "Opened again.")
    assert [one["revision"] for one in history(author, path_of(made), "summary")] == [7, 1]
    assert len(entries(stack, made)) == before + 2


def test_what_was_reviewed_stays_in_the_history(stack: Stack) -> None:
    """Whoever asked for changes is shown what changed since, however soon its author types on."""
    author, reviewer = stack.person(), stack.person()
    made = ready(author, [reviewer])
    types = typist(stack, author, made)
    types.types("summary", "It broke.")
    ok(author.post(f"{path_of(made)}/submit", json={}))
    asked = {"decision": "REQUEST_CHANGES", "comment": "What broke?"}
    ok(reviewer.post(f"{path_of(made)}/reviews", json=asked), 201)
    types.types("summary", "The checkout broke.")
    types.types("summary", "The checkout broke at noon.")
    assert [one["revision"] for one in history(author, path_of(made), "summary")] == [4, 2, 1]


def test_the_same_text_twice_is_saved_once(stack: Stack) -> None:
    author = stack.person()
    made = draft(author)
    types = typist(stack, author, made)
    first = types.types("summary", "Typed.", base=1)
    version = ok(author.get(path_of(made)))["version"]
    again = types.types("summary", "Typed.", base=1)
    assert again == first == {"draft": False, "base": 2}
    assert ok(author.get(path_of(made)))["version"] == version
    assert types.types("summary", "Typed on.") == {"draft": False, "base": 3}


def test_what_others_saved_is_merged_while_somebody_types(stack: Stack) -> None:
    author, editor, made = editors(stack, summary=BASE)
    mine, theirs = typist(stack, author, made), typist(stack, editor, made)
    theirs.types("summary", BASE.replace("five", "FIVE"))
    said = mine.types("summary", BASE.replace("one", "ONE"))
    merged = "ONE\ntwo\nthree\nfour\nFIVE"
    assert (said["text"], said["textBase"]) == (merged, 4)
    assert said["base"] == 3, "who typed on meanwhile goes on from what they sent"
    again = mine.types("summary", BASE.replace("one", "ONE"), base=1)
    assert again == said, "an answer that was lost comes again"
    on = mine.types("summary", BASE.replace("one", "ONE AND A HALF"))
    assert on["text"] == merged.replace("ONE", "ONE AND A HALF")
    taken = mine.types("summary", on["text"] + "\nsix", base=on["textBase"])
    assert taken == {"draft": False, "base": on["textBase"] + 1}
    assert ok(author.get(path_of(made)))["summary"] == "ONE AND A HALF\ntwo\nthree\nfour\nFIVE\nsix"
    authors = [
        one["author"] if "author" in one else one["authorId"] for one in history(author, path_of(made), "summary")
    ]
    assert authors == [author.id, editor.id, author.id]


def test_whoever_began_with_a_replaced_text_is_merged_as_well(stack: Stack) -> None:
    author, editor, made = editors(stack, summary=BASE)
    types = typist(stack, author, made)
    types.types("summary", BASE.replace("one", "ON"))
    began = types.base
    types.types("summary", BASE.replace("one", "ONE"))
    saved = ok(put(editor, path_of(made), "summary", BASE.replace("one", "ON").replace("five", "FIVE"), base=began))
    assert saved["body"] == "ONE\ntwo\nthree\nfour\nFIVE"
    refused = author.get(f"{path_of(made)}/sections/summary/revisions/{began}")
    assert refused.status_code == 404, "the history doesn't show it"
    compared = ok(author.get(f"{path_of(made)}/sections/summary/diff", params={"to": 3}))
    assert compared["from"] == 1


def test_a_conflict_loses_nothing(stack: Stack) -> None:
    author, editor, made = editors(stack, summary=BASE)
    mine, theirs = typist(stack, author, made), typist(stack, editor, made)
    theirs.types("summary", "Theirs.")
    answer = mine.post("summary", "autosave", "Mine.")
    said = answer.json()
    name = ok(editor.get("/api/me"))["name"]
    assert (answer.status_code, said["code"], said["text"], said["base"], said["by"]) == (
        412,
        "SectionConflict",
        "Theirs.",
        2,
        name,
    )
    assert ok(author.get(path_of(made)))["summary"] == "Theirs."
    page = mine.visit.get(mine.path)
    assert "Mine." in page
    assert "isn't part of this section yet" in page
    assert "Mine." not in theirs.visit.get(theirs.path)
    mine.types("summary", "Mine.", base=2, draft="yes")
    assert ok(author.get(path_of(made)))["summary"] == "Mine."
    assert "isn't part of this section yet" not in mine.visit.get(mine.path)
    assert [one["revision"] for one in history(author, path_of(made), "summary")] == [3, 2, 1]


def test_nobody_else_is_notified_while_somebody_types(stack: Stack) -> None:
    author, editor, made = editors(stack)
    handle = ok(editor.get("/api/me"))["handle"]
    before = ok(editor.get("/api/me/notifications"))["items"]
    types = typist(stack, author, made)
    for text in ("@", f"@{handle[:3]}", f"@{handle} knows more"):
        types.types("summary", text)
    assert ok(editor.get("/api/me/notifications"))["items"] == before


def test_typing_makes_no_approval_stale(stack: Stack) -> None:
    author, reviewer = stack.person(), stack.person()
    made = approved(author, [reviewer])
    types = typist(stack, author, made)
    before = ok(author.get(path_of(made)))
    for count in range(1, 5):
        assert types.types("summary", "More. " * count) == {"draft": True, "base": 1}
    assert ok(author.get(path_of(made))) == before
    assert [one["state"] for one in before["reviewers"]] == ["APPROVED"]
    assert len(history(author, path_of(made), "summary")) == 1
    types.saves("summary", "More. " * 5)
    after = ok(author.get(path_of(made)))
    assert after["summary"] == "More. " * 5
    assert [one["state"] for one in after["reviewers"]] == ["STALE"]
    assert "isn't part of this section yet" not in types.visit.get(types.path)


@pytest.mark.parametrize(
    ("given", "status"),
    [
        ({"base": "x"}, 422),
        ({"base": "-1"}, 422),
        ({"base": "9" * 30}, 422),
        ({"editing": ""}, 422),
        ({"editing": "a b"}, 422),
        ({"body": "x" * 200_001}, 422),
        ({"body": "a\0b"}, 422),
        ({"csrf": "0" * 128}, 403),
        ({"base": "7"}, 412),
    ],
)
def test_what_makes_no_sense_is_refused(stack: Stack, given: dict[str, str], status: int) -> None:
    author = stack.person()
    made = draft(author)
    types = typist(stack, author, made)
    sent = {"csrf": types.csrf, "body": "x", "base": "1", "editing": types.editing} | given
    for door in ("autosave", "save"):
        answer = types.visit.http.post(
            f"{types.path}/sections/summary/{door}", data=sent, headers={"Accept": "application/json"}
        )
        assert answer.status_code == status, answer.text
    assert ok(author.get(path_of(made)))["summary"] == SECTIONS["summary"]


def test_only_those_who_may_edit_save(stack: Stack) -> None:
    author, reader = stack.person(), stack.person()
    made = draft(author, visibility="ORGANIZATION")
    types = typist(stack, reader, made)
    assert types.post("summary", "autosave", "x").status_code == 403
    assert types.post("summary", "save", "x").status_code == 403
    assert types.visit.http.get(f"{types.path}/sections/summary/editor").status_code == 403
    assert types.post("timeline", "autosave", "x").status_code == 403
    mine = typist(stack, author, made)
    assert mine.post("timeline", "autosave", "x").status_code == 422
    private = typist(stack, reader, made)
    ok(author.patch(path_of(made), json={"visibility": "PRIVATE"}))
    for door in ("autosave", "save", "preview", "discard"):
        assert private.post("summary", door, "x").status_code == 404


async def test_an_hour_of_typing_leaves_twelve_revisions(stack: Stack) -> None:
    """A save every ten seconds, by two people who take turns, at times that the test says."""
    author, editor, made = editors(stack, summary="0\n\n\n\n1")
    viewers = [Viewer(one.id, Role.MEMBER, origin="web") for one in (author, editor)]
    texts, bases = ["0\n\n\n\n1"] * 2, [1, 1]
    start = datetime(2026, 11, 1, 12, tzinfo=UTC)
    async with sessions_of(stack) as sessions:
        for count in range(360):
            who, line = count % 2, (0, 4)[count % 2]
            lines = texts[who].split("\n")
            lines[line] += "x"
            async with sessions.begin() as session:
                saved = await autosave_section(
                    session,
                    viewers[who],
                    str(made["id"]),
                    "summary",
                    "\n".join(lines),
                    base_revision=bases[who],
                    editing_id=f"editing-{who}",
                    now=start + timedelta(seconds=10 * count),
                )
            texts[who], bases[who] = saved.text, saved.text_revision
    text = ok(author.get(path_of(made)))["summary"]
    assert text == f"0{'x' * 180}\n\n\n\n1{'x' * 180}", "no character is lost"
    shown = list(history(author, path_of(made), "summary", limit=200))
    for one in (author, editor):
        assert 2 <= len([it for it in shown if one.id in (it.get("authorId"), it.get("author"))]) <= 13
    assert len(entries(stack, made)) == 2, "one for each editing"
