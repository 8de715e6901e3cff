"""Archives of many postmortems through the API: what they hold, for whom, and until when."""

import io
import json
import zipfile
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text, update

from models.documents import Job
from tests.api.documents.pictures import picture
from tests.api.writing import draft, ok
from tests.stack import Person, Stack, eventually


def done(person: Person, job: Any, state: str = "DONE") -> Any:
    def check() -> Any:
        found = ok(person.get(f"/api/exports/{job['id']}"))
        assert found["state"] == state, found
        return found

    return eventually(check, 240)


def fetched(person: Person, job: Any) -> zipfile.ZipFile:
    answer = person.get(job["archiveUrl"])
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/zip"), answer.text
    assert answer.headers["content-disposition"].startswith('attachment; filename="afterword-')
    return zipfile.ZipFile(io.BytesIO(answer.content))


def test_an_archive_of_chosen_postmortems(stack: Stack) -> None:
    author, other = stack.person(), stack.person()
    mark = uuid4().hex[:8]
    first, second = (draft(author, title=f"Archived {one} {mark}") for one in ("one", "two"))
    send = {"files": {"file": ("a/b.png", picture())}}
    image = ok(author.post(f"/api/postmortems/{first['id']}/attachments", **send), 201)
    ok(author.post(f"/api/postmortems/{first['id']}/comments", json={"body": f"Remark {mark}"}), 201)
    wanted = {"postmortemIds": [first["id"], second["id"], first["id"]], "formats": ["json", "md", "html"]}
    answer = author.post("/api/exports", json=wanted)
    job = ok(answer, 202)
    assert answer.headers["location"] == f"/api/exports/{job['id']}"
    assert (job["kind"], job["createdBy"], job["archiveUrl"]) == ("EXPORT", author.id, None)
    finished = done(author, job)
    assert (finished["done"], finished["total"], finished["problems"]) == (2, 2, 0)
    with fetched(author, finished) as archive:
        index = json.loads(archive.read("index.json"))
        assert [one["id"] for one in index["postmortems"]] == [first["id"], second["id"]]
        folder = index["postmortems"][0]["folder"]
        assert folder == f"postmortems/postmortem-{first['number']}-archived-one-{mark}"
        names = {one for one in archive.namelist() if one.startswith(folder)}
        kinds = {f"{folder}/postmortem.{one}" for one in ("json", "md", "html")}
        assert names == kinds | {f"{folder}/attachments/{image['id']}-b.png"}
        assert json.loads(archive.read(f"{folder}/postmortem.json"))["id"] == first["id"]
        assert mark in archive.read(f"{folder}/postmortem.md").decode()
        assert not [one for one in names if f"Remark {mark}" in archive.read(one).decode("utf-8", "replace")]
    for path in ("", "/archive"):
        assert other.get(f"/api/exports/{job['id']}{path}").status_code == 404
        assert stack.client().get(f"/api/exports/{job['id']}{path}").status_code == 404, "only whoever asked for it"
    assert [one["id"] for one in ok(author.get("/api/exports"))["items"]] == [job["id"]]
    assert ok(other.get("/api/exports"))["items"] == []


def test_what_can_not_be_asked_for(stack: Stack) -> None:
    author, other = stack.person(), stack.person()
    hidden, seen = draft(author, visibility="PRIVATE"), draft(author, visibility="ORGANIZATION")
    refusals: list[tuple[dict[str, Any], int, str]] = [
        ({"scope": "ORGANIZATION"}, 403, "NotAllowed"),
        ({"postmortemIds": [hidden["id"]]}, 422, "UnknownReference"),
        ({"postmortemIds": ["pm_nope"]}, 422, "UnknownReference"),
        ({"postmortemIds": []}, 422, "Malformed"),
        ({}, 422, "Malformed"),
        ({"scope": "ORGANIZATION", "postmortemIds": [seen["id"]]}, 422, "Malformed"),
        ({"postmortemIds": [seen["id"]], "formats": ["txt"]}, 422, "Malformed"),
        ({"postmortemIds": [seen["id"]], "comments": True}, 403, "NotAllowed"),
    ]
    for body, status, code in refusals:
        assert ok(other.post("/api/exports", json=body), status)["code"] == code, body
    assert ok(other.get("/api/exports"))["items"] == []
    assert other.get("/api/exports/exp_nope").status_code == 404


def test_an_archive_is_no_way_around_the_rules(stack: Stack) -> None:
    """Access is checked again when it is fetched, and after 7 days it is gone."""
    author, reader = stack.person(), stack.person()
    made = draft(author, visibility="ORGANIZATION")
    key = {"Idempotency-Key": uuid4().hex}
    body = {"postmortemIds": [made["id"]], "formats": ["json"]}
    jobs = [ok(reader.post("/api/exports", json=body, headers=key), 202) for _ in range(2)]
    assert jobs[0] == jobs[1]
    finished = done(reader, jobs[0])
    fetched(reader, finished).close()
    ok(author.patch(f"/api/postmortems/{made['id']}", json={"visibility": "PRIVATE"}))
    assert ok(reader.get(finished["archiveUrl"]), 409)["code"] == "ArchiveExpired"
    ok(author.patch(f"/api/postmortems/{made['id']}", json={"visibility": "ORGANIZATION"}))
    fetched(reader, finished).close()
    assert stack.direct is not None
    past = text("now() - interval '1 minute'")
    stack.direct.write(update(Job).where(Job.id == finished["id"]).values(expires_at=past))
    assert ok(reader.get(finished["archiveUrl"]), 409)["code"] == "ArchiveExpired"


@pytest.mark.parametrize("formats", [["json"]])
def test_the_whole_organization(stack: Stack, formats: list[str]) -> None:
    admin, author = stack.person("ADMIN"), stack.person()
    private = draft(author, visibility="PRIVATE", title=f"Private {uuid4().hex[:8]}")
    job = ok(admin.post("/api/exports", json={"scope": "ORGANIZATION", "formats": formats}), 202)
    assert ok(admin.get(f"/api/exports/{job['id']}/archive"), 409)["code"] == "NotFinished"
    finished = done(admin, job)
    with fetched(admin, finished) as archive:
        told = json.loads(archive.read("index.json"))["postmortems"]
        assert private["id"] in {one["id"] for one in told}
        assert len({one["folder"] for one in told}) == len(told) == finished["done"]
    trail = ok(admin.get("/api/audit", params={"limit": 100}))["items"]
    (entry,) = [one for one in trail if one["entityId"] == job["id"] and one["action"] == "archive.made"]
    assert (entry["actorId"], entry["after"]["count"]) == (admin.id, len(told))
    assert entry["after"]["private"] >= 1
    read = ok(author.get(f"/api/postmortems/{private['id']}/audit?limit=200"))["items"]
    by_the_archive = {one["action"] for one in read if one["origin"] == "system"}
    assert "postmortem.read" not in by_the_archive, "said once, in the entry with the count"


def test_a_killed_worker_begins_again(stack: Stack) -> None:
    author = stack.person()
    ids = [draft(author)["id"] for _ in range(8)]
    job = ok(author.post("/api/exports", json={"postmortemIds": ids, "formats": ["html"]}), 202)
    eventually(lambda: ok(author.get(f"/api/exports/{job['id']}"))["done"] > 1)
    stack.kill("worker")
    stack.revive("worker")
    stack.wait_until_ready()
    with fetched(author, done(author, job)) as archive:
        assert len(archive.namelist()) == len(set(archive.namelist())) == len(ids) + 1
