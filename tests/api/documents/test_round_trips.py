"""Export, import, and export again: nothing of a postmortem is lost, and nobody gains anything by it."""

import io
import json
import zipfile
from typing import Any
from uuid import uuid4

from sqlalchemy import delete

from models.postmortem import Postmortem
from tests.api.documents.pictures import picture
from tests.api.documents.test_imports import done, made, report, start, zipped
from tests.api.writing import ok, published, ready, with_item
from tests.stack import Person, Stack, eventually

SAME = (
    *("title", "tags", "rootCauseCategory", "durationMinutes", "impactMetrics", "incidentResolvedAt", "createdAt"),
    *("services",),
)
PLACES = {"imported"}


def archive_of(person: Person, postmortem_id: str) -> bytes:
    job = ok(person.post("/api/exports", json={"postmortemIds": [postmortem_id], "formats": ["json", "md"]}), 202)
    eventually(lambda: ok(person.get(f"/api/exports/{job['id']}"))["state"] == "DONE")
    return bytes(person.get(f"/api/exports/{job['id']}/archive").content)


def exported(archive: bytes) -> Any:
    with zipfile.ZipFile(io.BytesIO(archive)) as files:
        (name,) = [one for one in files.namelist() if one.endswith("postmortem.json")]
        return json.loads(files.read(name))


def content(given: Any) -> Any:
    """What an import takes over, without the ids that it can't keep."""
    texts = {one["key"]: (one["title"], one["required"], one["text"]) for one in given["sections"]}
    return {
        **{name: given[name] for name in SAME},
        "sections": {key: text for key, text in texts.items() if key not in PLACES},
        "fields": [(one["key"], one["label"], one["type"], one["value"]) for one in given["customFields"]],
        "timeline": [
            tuple(one[name] for name in ("at", "precision", "event", "type", "actor", "source"))
            for one in given["timeline"]
        ],
        "items": [
            tuple(one[name] for name in ("description", "dueDate", "priority", "status", "justification"))
            for one in given["actionItems"]
        ],
        "files": [(one["filename"], one["mediaType"], one["sha256"]) for one in given["attachments"]],
    }


def unlinked(given: Any, text: str) -> str:
    """The text with the name of each attachment instead of its id."""
    for one in given["attachments"]:
        text = text.replace(one["id"], one["filename"])
    return text


def written(author: Person, reviewer: Person) -> Any:
    made_ = ready(
        author,
        [reviewer],
        title=f"Round trip {uuid4().hex[:8]}",
        visibility="ORGANIZATION",
        tags=["pool", "eu"],
        rootCauseCategory="capacity",
        impactMetrics={"affectedUsers": 12, "slaBreach": "99.9%"},
    )
    path = f"/api/postmortems/{made_['id']}"
    files = {"pool.png": picture(), "notes.txt": b"plain words", "photo.jpg": picture("JPEG")}
    marks = [ok(author.post(f"{path}/attachments", files={"file": one}), 201)["markdown"] for one in files.items()]
    ok(
        author.put(
            f"{path}/sections/summary", json={"body": f"# Look\n\n{marks[0]}\n\n- [x] {marks[1]}\n- {marks[2]}\n"}
        )
    )
    event = {"at": "2026-03-02T09:10:00Z", "precision": "HOUR", "event": "Somebody **saw** it", "actor": "Jo"}
    ok(author.post(f"{path}/timeline", json=event), 201)
    with_item(author, made_["id"], reviewer.id, description="Watch it", priority="LOW", details="With `care`")
    return made_


def test_our_own_archive_comes_back_as_a_private_draft(stack: Stack) -> None:
    admin, author, reviewer = stack.person("ADMIN"), stack.person(), stack.person()
    before = written(author, reviewer)
    first = archive_of(author, before["id"])
    assert stack.direct is not None
    stack.direct.write(delete(Postmortem).where(Postmortem.id == before["id"]))
    job = start(admin, [("file", ("own.zip", first))])
    finished = done(admin, job)
    assert (finished["total"], finished["done"]) == (1, 1), "the JSON of a postmortem, not its Markdown, too"
    (postmortem_id,) = made(report(admin, job))
    assert postmortem_id == before["id"], "its id was free"
    shown = ok(admin.get(f"/api/postmortems/{postmortem_id}"))
    assert (shown["status"], shown["visibility"], shown["authorId"]) == ("DRAFT", "PRIVATE", None)
    assert author.get(f"/api/postmortems/{postmortem_id}").status_code == 404, "an import grants nothing"
    given, again = exported(first), exported(archive_of(admin, postmortem_id))
    same, other = content(given), content(again)
    for one, of in ((same, given), (other, again)):
        parts = one["sections"].items()
        one["sections"] = {key: (title, needed, unlinked(of, text or "")) for key, (title, needed, text) in parts}
    assert other == same
    (left,) = [one["text"] for one in again["sections"] if one["key"] == "imported"]
    email = ok(reviewer.get("/api/me"))["email"]
    assert f"- Reviewer: {ok(reviewer.get('/api/me'))['name']} ({email})" in left
    items = {one["description"]: one["details"] for one in again["actionItems"]}
    assert items["Watch it"] == f"Owner: {ok(reviewer.get('/api/me'))['name']} ({email})\n\nWith `care`"


def test_an_administrator_may_keep_state_and_owners(stack: Stack) -> None:
    admin, author, reviewer = stack.person("ADMIN"), stack.person(), stack.person()
    before = published(author, [reviewer], title=f"Kept {uuid4().hex[:8]}", visibility="ORGANIZATION")
    archive = archive_of(author, before["id"])
    copy = start(admin, [("file", ("own.zip", archive))], keep="true")
    done(admin, copy)
    (second,) = made(report(admin, copy))
    assert second != before["id"], "its id was taken"
    assert [one["postmortemId"] for one in report(admin, copy) if one["kind"] == "DUPLICATE"] == [before["id"]]
    shown = ok(stack.person().get(f"/api/postmortems/{second}"))
    assert (shown["status"], shown["visibility"], shown["authorId"]) == ("PUBLISHED", "ORGANIZATION", author.id)
    assert shown["publishedAt"] == before["publishedAt"]
    (item,) = ok(admin.get(f"/api/postmortems/{second}/action-items"))["items"]
    assert item["ownerId"] == author.id


def test_a_changed_export_is_refused_and_harms_nothing(stack: Stack) -> None:
    admin, author = stack.person("ADMIN"), stack.person()
    whole = exported(archive_of(author, written(author, stack.person())["id"]))
    item = whole["actionItems"][0]
    changes: dict[str, dict[str, Any]] = {
        "metrics": {"impactMetrics": {"affectedUsers": "many"}},
        "duration": {"durationMinutes": 10**12},
        "sections": {"sections": [{**whole["sections"][0], "key": "Not a key"}]},
        "status": {"status": "FUN"},
        "justified": {"actionItems": [{**item, "status": "WONT_DO", "justification": None}]},
        "moves": {"actionItems": [{**item, "dueDateMoves": 10**12}]},
        "surrogate": {"title": "\ud800"},
    }
    files = {f"{name}.json": json.dumps(whole | change) for name, change in changes.items()}
    files["nul.json"] = json.dumps(whole | {"title": "A\0B", "id": "pm_' or 1=1"})
    job = start(admin, [("file", ("a.zip", zipped(files)))], keep="1")
    finished = done(admin, job)
    assert finished["done"] == len(files)
    kinds = {one["source"]: one["kind"] for one in report(admin, job) if one["kind"] == "REFUSED"}
    assert kinds.keys() == {f"{name}.json" for name in changes}
    (postmortem_id,) = made(report(admin, job))
    assert ok(admin.get(f"/api/postmortems/{postmortem_id}"))["title"] == "A\ufffdB"


def test_what_is_no_export_is_refused_with_its_reason(admin: Any, stack: Stack) -> None:
    person = stack.person("ADMIN")
    whole = {"schemaVersion": 1, "title": "Half of one"}
    job = start(person, [("file", ("a.zip", zipped({"x.json": json.dumps(whole), "y.json": "{"})))])
    done(person, job)
    told = {one["source"]: (one["kind"], one["text"]) for one in report(person, job)}
    assert told["x.json"][0] == told["y.json"][0] == "REFUSED"
    assert told["x.json"][1].startswith("It isn't a JSON export of a postmortem: exportedAt: Field required")
