"""A person's own copy of a section is theirs alone, on every way out, until they save or discard it."""

from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text

from tests.api.documents.pictures import picture
from tests.api.documents.test_archives import done, fetched
from tests.api.documents.test_attachments import swept
from tests.api.writing import approved, draft, in_review, ok, published
from tests.pages.visiting import visitor
from tests.pages.writing.typist import typist
from tests.stack import Person, Stack

NOTE = "isn't part of this section yet"


def test_nobody_else_reads_it(stack: Stack) -> None:
    author, reviewer, admin = stack.person(), stack.person(), stack.person("ADMIN")
    made = approved(author, [reviewer], visibility="ORGANIZATION")
    word = f"zq{uuid4().hex[:12]}"
    path, page = f"/api/postmortems/{made['id']}", f"/postmortems/{made['id']}"
    assert typist(stack, author, made).types("summary", f"Not yet {word}")["draft"] is True
    mine = visitor(stack, author)
    assert word in mine.get(page)
    assert word in mine.get(f"{page}/edit?drafts=1")
    assert word not in mine.get(f"{page}/edit")
    for who in (author, reviewer, admin):
        seen = [who.get(f"{path}{rest}").text for rest in (
            "", "/sections", "/sections/summary", "/sections/summary?render=html", "/sections/summary/revisions",
            "/export?format=json", "/export?format=md", "/export?format=html", "/comments", "/audit", "/timeline",
        )]  # fmt: skip
        seen += [who.get("/api/search", params={"q": word}).text.replace(f'"{word}"', "")]
        seen += [who.get("/api/postmortems", params={"format": "csv"}).text, who.get("/api/me/notifications").text]
        assert word not in " ".join(seen)
    for who in (reviewer, admin):
        theirs = visitor(stack, who)
        for rest in ("", "/edit", "/edit?drafts=1", "/history/summary", "/audit", "/sections/summary/editor"):
            answer = theirs.http.get(f"{page}{rest}")
            assert word not in answer.text, rest
    job = ok(admin.post("/api/exports", json={"postmortemIds": [made["id"]], "formats": ["json", "md"]}), 202)
    with fetched(admin, done(admin, job)) as archive:
        assert not [one for one in archive.namelist() if word.encode() in archive.read(one)]


@pytest.mark.parametrize("status", ["IN_REVIEW", "PUBLISHED"])
def test_it_waits_in_every_status_but_draft(stack: Stack, status: str) -> None:
    author, reviewer = stack.person("ADMIN"), stack.person()
    made = (in_review if status == "IN_REVIEW" else published)(author, [reviewer])
    types = typist(stack, author, made)
    before = ok(author.get(f"/api/postmortems/{made['id']}"))
    assert types.types("summary", "Corrected.") == {"draft": True, "base": 1}
    assert types.types("summary", "Corrected.") == {"draft": True, "base": 1}
    assert ok(author.get(f"/api/postmortems/{made['id']}")) == before
    assert "Corrected." in types.visit.get(f"{types.path}/sections/summary/editor")
    types.discards("summary")
    types.discards("summary")
    assert NOTE not in types.visit.get(types.path)
    types.types("summary", "Corrected again.")
    assert types.saves("summary", "Corrected again.")["draft"] is False
    assert ok(author.get(f"/api/postmortems/{made['id']}"))["summary"] == "Corrected again."
    assert NOTE not in types.visit.get(types.path)


def test_others_changes_are_merged_when_it_is_saved(stack: Stack) -> None:
    author, reviewer = stack.person(), stack.person()
    base = "one\ntwo\nthree\nfour\nfive"
    made = in_review(author, [reviewer], summary=base)
    mine, theirs = typist(stack, author, made), typist(stack, reviewer, made)
    mine.types("summary", base.replace("one", "ONE"))
    theirs.saves("summary", base.replace("five", "FIVE"))
    said = mine.saves("summary", base.replace("one", "ONE"))
    assert said["text"] == "ONE\ntwo\nthree\nfour\nFIVE"
    mine.types("summary", "Mine.", base=1)
    refused = mine.post("summary", "save", "Mine.", 1)
    assert (refused.status_code, refused.json()["text"]) == (412, said["text"])
    assert "Mine." in mine.visit.get(mine.path), "it is kept until they have chosen"


def test_without_scripts_it_is_saved_in_the_form_of_all_sections(stack: Stack) -> None:
    author, reviewer = stack.person(), stack.person()
    made = approved(author, [reviewer])
    types = typist(stack, author, made)
    types.types("summary", "Corrected.")
    address = f"{types.path}/edit?drafts=1"
    page = types.visit.get(address)
    assert 'name="base.summary" value="1.draft"' in page
    sent = {"summary": "Corrected.", "base.summary": "1.draft", "done": "yes"}
    assert types.visit.done(f"{types.path}/edit", address, **sent) == types.path
    assert ok(author.get(f"/api/postmortems/{made['id']}"))["summary"] == "Corrected."
    assert NOTE not in types.visit.get(types.path)


def test_a_copy_from_review_goes_on_in_the_draft(stack: Stack) -> None:
    author, reviewer = stack.person(), stack.person()
    made = in_review(author, [reviewer])
    types = typist(stack, author, made)
    types.types("summary", "Corrected.")
    refused = {"decision": "REQUEST_CHANGES", "comment": "Please correct the summary."}
    ok(reviewer.post(f"/api/postmortems/{made['id']}/reviews", json=refused), 201)
    assert ok(author.get(f"/api/postmortems/{made['id']}"))["status"] == "DRAFT"
    assert "data-continues" in types.visit.get(f"{types.path}/sections/summary/editor")
    assert types.types("summary", "Corrected now.", draft="yes")["draft"] is False
    assert NOTE not in types.visit.get(types.path)


def test_its_pictures_stay_and_old_ones_are_swept(stack: Stack) -> None:
    author, reviewer = stack.person(), stack.person()
    made = in_review(author, [reviewer])
    files = {"files": {"file": ("chart.png", picture())}}
    image, unused = (ok(author.post(f"/api/postmortems/{made['id']}/attachments", **files), 201) for _ in range(2))
    types = typist(stack, author, made)
    types.types("summary", f"![](attachment:{image['id']})")
    assert stack.direct is not None
    stack.direct.write(
        text("update attachment set checked_at = now() - interval '9 days' where postmortem_id = :id").bindparams(
            id=made["id"]
        )
    )
    stack.direct.write(
        text("update section_draft set saved_at = saved_at - interval '80 days' where postmortem_id = :id").bindparams(
            id=made["id"]
        )
    )
    assert unused["id"] in swept(stack)
    assert author.get(f"/api/postmortems/{made['id']}/attachments/{image['id']}").status_code == 200
    assert NOTE in types.visit.get(types.path), "it is kept for 90 days"


def test_a_postmortem_takes_its_copies_along(stack: Stack) -> None:
    author: Person = stack.person()
    made: Any = draft(author)
    types = typist(stack, author, made)
    types.types("summary", "Theirs.", base=1)
    assert types.post("summary", "autosave", "Mine.", 0).status_code == 412
    ok(stack.client().delete(f"/api/postmortems/{made['id']}"), 204)
    assert types.visit.http.get(types.path).status_code == 404
