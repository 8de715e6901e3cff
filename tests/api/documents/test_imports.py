"""Imports through the API: a dry run, the real one, its report, and undoing it."""

import io
import zipfile
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import select

from models.notification import Notice
from models.postmortem import Postmortem, PostmortemTarget
from tests.api.documents.pictures import picture
from tests.api.writing import ok
from tests.stack import Person, Stack, eventually

BODY = """# {title}

Nobody could pay.

## Timeline

- 2026-03-02 09:12 Queue grew
- soon after, it shrank

## Follow-ups

- [x] Watch the queue
- Add an alert

## Attendees

- {name}
- Nobody Known
"""


def zipped(files: Mapping[str, str | bytes]) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return target.getvalue()


@pytest.fixture
def admin(stack: Stack) -> Person:
    return stack.person("ADMIN")


def start(admin: Person, files: Any, **fields: str) -> Any:
    return ok(admin.post("/api/imports", files=files, data=fields), 202)


def done(admin: Person, job: Any, state: str = "DONE") -> Any:
    def check() -> Any:
        found = ok(admin.get(f"/api/imports/{job['id']}"))
        assert found["state"] == state, found
        return found

    return eventually(check)


def report(admin: Person, job: Any) -> list[Any]:
    return list(ok(admin.get(f"/api/imports/{job['id']}/report", params={"limit": 200}))["items"])


def made(report_: list[Any]) -> list[str]:
    return list(dict.fromkeys(one["postmortemId"] for one in report_ if one["kind"] == "PLACED"))


def test_an_import_is_tried_run_and_undone(stack: Stack, admin: Person) -> None:
    mark = uuid4().hex[:8]
    name = ok(admin.get("/api/me"))["name"]
    titles = [f"Payments stopped {mark}", f"Search was slow {mark}"]
    files = {
        "2026/pay.md": BODY.format(title=titles[0], name=name),
        "2026/search.md": BODY.format(title=titles[1], name=name),
        "2026/.hidden.md": "# No",
        "2026/chart.png": b"x",
        "broken.md": b"\xff\xfe\x00",
    }
    job = start(admin, [("file", ("old.zip", zipped(files)))], dryRun="true")
    assert (job["kind"], job["dryRun"], job["createdBy"]) == ("IMPORT", True, admin.id)
    tried = done(admin, job)
    assert (tried["done"], tried["total"]) == (3, 3)
    assert made(report(admin, job)) == [None], "a dry run makes nothing"
    assert not ok(admin.get("/api/postmortems", params={"q": mark}))["items"]

    again = ok(admin.post(f"/api/imports/{job['id']}/run"), 202)
    assert (again["dryRun"], again["state"]) == (False, "QUEUED")
    real = done(admin, job)
    lines = report(admin, job)
    assert len(lines) == len({(one["source"], one["line"], one["kind"], one["text"]) for one in lines})
    ids = made(lines)
    assert len(ids) == 2
    first = ok(admin.get(f"/api/postmortems/{ids[0]}"))
    assert (first["title"], first["status"], first["visibility"], first["authorId"]) == (
        titles[0],
        "DRAFT",
        "PRIVATE",
        None,
    )
    assert first["summary"] == "Nobody could pay."
    assert "soon after, it shrank" in first["customSections"]["imported"]
    (event,) = ok(admin.get(f"/api/postmortems/{ids[0]}/timeline"))["items"]
    assert (event["at"], event["event"]) == ("2026-03-02T09:12:00Z", "Queue grew")
    items = ok(admin.get(f"/api/postmortems/{ids[0]}/action-items"))["items"]
    assert {(one["description"], one["status"], one["ownerId"]) for one in items} == {
        ("Watch the queue", "COMPLETED", None),
        ("Add an alert", "OPEN", None),
    }
    kinds = {(one["source"], one["kind"], one["text"]) for one in lines if one["kind"] != "PLACED"}
    assert kinds == {
        ("broken.md", "REFUSED", "It isn't UTF-8 text"),
        *((source, "PERSON_NOT_FOUND", "Nobody Known") for source in ("2026/pay.md", "2026/search.md")),
        *((source, "UNPLACED", "- soon after, it shrank") for source in ("2026/pay.md", "2026/search.md")),
    }
    assert real["problems"] == len(kinds)
    assert stack.direct is not None
    assert stack.direct.rows(select(PostmortemTarget.name).where(PostmortemTarget.postmortem_id.in_(ids))) == []
    assert stack.direct.rows(select(Notice.id).where(Notice.postmortem_id.in_(ids))) == []
    source = stack.direct.rows(select(Postmortem.imported_from).where(Postmortem.id == ids[0]))
    assert source == [{"importId": job["id"], "source": "2026/pay.md"}]

    reader = stack.person()
    assert reader.get(f"/api/postmortems/{ids[0]}").status_code == 404
    ok(admin.patch(f"/api/postmortems/{ids[1]}", json={"impact": "We know now."}))
    ok(admin.post(f"/api/imports/{job['id']}/undo"), 202)
    undone = done(admin, job)
    assert undone["undoneAt"] is not None
    assert admin.get(f"/api/postmortems/{ids[0]}").status_code == 404
    assert ok(admin.get(f"/api/postmortems/{ids[1]}"))["impact"] == "We know now."
    kept = [one for one in report(admin, job) if one["target"] == "undo"]
    assert [(one["source"], one["postmortemId"]) for one in kept] == [("2026/search.md", ids[1])]
    assert ok(admin.post(f"/api/imports/{job['id']}/undo"), 409)["code"] == "NothingToUndo"
    assert ok(admin.post(f"/api/imports/{job['id']}/run"), 409)["code"] == "NothingToRun"
    trail = ok(admin.get("/api/audit", params={"limit": 200}))["items"]
    told = [one["action"] for one in trail if one["entityId"] == job["id"]]
    assert told == ["import.undone", "import.run", "import.requested"]


def test_single_files_and_doubles(admin: Person) -> None:
    mark = uuid4().hex[:8]
    title = f"Twice told {mark}"
    ok(admin.post("/api/postmortems", json={"title": title.upper()}), 201)
    job = start(admin, [("file", ("a.md", f"# {title}\n\nOne.")), ("file", ("a.md", f"# Other {mark}\n\nTwo."))])
    assert done(admin, job)["total"] == 2
    (double,) = [one for one in report(admin, job) if one["kind"] == "DUPLICATE"]
    assert (double["source"], double["text"]) == ("a.md", title)
    assert ok(admin.get(f"/api/postmortems/{double['postmortemId']}"))["title"] == title.upper()
    sent = {"Content-Type": "text/markdown"}
    body = admin.post("/api/imports?filename=note.md&dryRun=true", content=f"# By body {mark}\n\nWords", headers=sent)
    assert ok(body, 202)["scope"] == {"source": "file", "filename": "note.md", "keep": False}
    assert done(admin, body.json())["done"] == 1


def test_images_beside_a_document_become_attachments(admin: Person) -> None:
    mark = uuid4().hex[:8]
    text = (
        f"# Pictures {mark}\n\n![The pool](../img/pool%20size.png 'At noon') ![Gone](gone.png)"
        " ![Far](https://example.com/a.png)\n\n## Timeline\n\n- 2026-03-02 09:12 Saw ![it](../img/pool%20size.png)\n"
    )
    files = {"2026/a.md": text, "img/pool size.png": picture(), "2026/not.png": b"\x89PNG\r\n\x1a\n" + bytes(50)}
    job = start(admin, [("file", ("a.zip", zipped(files)))])
    done(admin, job)
    lines = report(admin, job)
    (postmortem,) = made(lines)
    (image,) = ok(admin.get(f"/api/postmortems/{postmortem}/attachments"))["items"]
    assert (image["filename"], image["mediaType"], image["references"]) == ("pool size.png", "image/png", 2)
    assert admin.get(image["url"]).headers["content-type"] == "image/png"
    summary = ok(admin.get(f"/api/postmortems/{postmortem}"))["summary"]
    assert f"![The pool](attachment:{image['id']} 'At noon')" in summary
    assert "![Gone](gone.png)" in summary
    assert "![Far](https://example.com/a.png)" in summary
    told = [(one["kind"], one["text"]) for one in lines if one["target"] == "attachment"]
    assert told == [("PLACED", "File ../img/pool%20size.png"), ("UNPLACED", "File gone.png: isn't in the archive")]


def test_what_can_not_be_imported(stack: Stack, admin: Person) -> None:
    def code(files: Any, status: int = 422, **fields: str) -> str:
        return str(ok(admin.post("/api/imports", files=files, data=fields), status)["code"])

    whole = zipped({"a.md": "# A"})
    assert code([("other", ("a.md", b"# A"))]) == "FileMissing"
    assert code([("file", ("a.md", b""))]) == "FileEmpty"
    assert code([("file", ("a.zip", whole)), ("file", ("b.md", b"# B"))]) == "ArchiveUnreadable"
    assert code([("file", ("a.md", b"# A"))], dryRun="perhaps") == "Malformed"
    assert ok(admin.post("/api/imports", json={"source": "nowhere"}), 422)["code"] == "Malformed"
    member = stack.person()
    refused = member.post("/api/imports", files=[("file", ("a.zip", whole))])
    assert (refused.status_code, refused.json()["code"]) == (403, "NotAllowed")
    job = start(admin, [("file", ("a.zip", whole))], dryRun="1")
    for method, path in (("GET", ""), ("GET", "/report"), ("POST", "/run"), ("POST", "/undo")):
        assert member.request(method, f"/api/imports/{job['id']}{path}").status_code == 403
        assert admin.request(method, f"/api/imports/imp_nope{path}").status_code == 404
    assert member.get("/api/imports").status_code == 403
    done(admin, job)
    assert ok(admin.post(f"/api/imports/{job['id']}/undo"), 409)["code"] == "NothingToUndo"
    assert job["id"] in {one["id"] for one in ok(admin.get("/api/imports"))["items"]}


def test_a_bomb_costs_one_line_of_the_report(admin: Person) -> None:
    mark = uuid4().hex[:8]
    files = {"bomb.md": b"x" * (64 * 1024 * 1024), "fine.md": f"# Fine {mark}\n\nWords"}
    job = start(admin, [("file", ("a.zip", zipped(files)))])
    done(admin, job)
    told = [(one["source"], one["kind"], one["text"]) for one in report(admin, job)]
    assert told == [("bomb.md", "REFUSED", "It is larger than 4 MB"), ("fine.md", "PLACED", "Words")]


def test_an_import_goes_on_after_its_worker_was_killed(stack: Stack, admin: Person) -> None:
    mark = uuid4().hex[:8]
    files = {f"{place:03}.md": f"# Number {place} {mark}\n\nWords" for place in range(120)}
    job = start(admin, [("file", ("many.zip", zipped(files)))])
    eventually(lambda: ok(admin.get(f"/api/imports/{job['id']}"))["done"] > 5)
    stack.kill("worker")
    stack.revive("worker")
    stack.wait_until_ready()
    assert done(admin, job)["done"] == 120
    lines = report(admin, job)
    assert [one["source"] for one in lines] == sorted(files)
    assert len(made(lines)) == 120
