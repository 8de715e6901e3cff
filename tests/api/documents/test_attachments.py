"""Attachments through the API: what comes in, what comes out, who may, and what is swept away."""

import asyncio
import hashlib
import zlib
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import httpx
import pytest
from sqlalchemy import select, text, update

from application.documents import attachments
from integrations.object_store import ObjectStore
from models.documents import Attachment
from models.session import make_engine, make_sessions
from tests.api.documents.pictures import animation, photo_with_place, picture, read
from tests.api.writing import draft, ok, published, ready
from tests.stack import Person, Stack

HTML = b"<!doctype html><script>alert(document.domain)</script>"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'


def attach(person: Person, path: str, content: bytes, name: str = "pool.png", status: int = 201, **params: str) -> Any:
    return ok(person.post(f"{path}/attachments", files={"file": (name, content)}, params=params), status)


def fetched(person: Person, made: Any) -> httpx.Response:
    answer: httpx.Response = person.get(f"/api/postmortems/{made['postmortemId']}/attachments/{made['id']}")
    return answer


@pytest.fixture
def author(stack: Stack) -> Person:
    return stack.person()


@pytest.fixture
def path(author: Person) -> str:
    return f"/api/postmortems/{draft(author, visibility='ORGANIZATION')['id']}"


def test_an_image_by_form_and_by_body(author: Person, path: str) -> None:
    made = attach(author, path, picture(size=(600, 400)))
    assert (made["filename"], made["mediaType"], made["width"], made["height"]) == ("pool.png", "image/png", 600, 400)
    assert (made["state"], made["uploadedBy"], made["references"]) == ("READY", author.id, 0)
    assert made["markdown"] == f"![pool.png](attachment:{made['id']})"
    answer = fetched(author, made)
    assert (answer.status_code, len(answer.content)) == (200, made["size"])
    assert hashlib.sha256(answer.content).hexdigest() == made["sha256"]
    assert answer.headers["content-type"] == "image/png"
    assert answer.headers["content-disposition"].startswith("inline;")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "sandbox" in answer.headers["content-security-policy"]
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    thumbnail = author.get(made["thumbnailUrl"])
    assert (thumbnail.headers["content-type"], read(thumbnail.content).size) == ("image/webp", (480, 320))
    again = author.get(made["url"], headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    body = author.post(
        f"{path}/attachments",
        content=b"a,b\n1,2\n",
        params={"filename": "Größe: 1/2.csv"},
        headers={"Content-Type": "text/csv"},
    )
    other = ok(body, 201)
    assert (other["filename"], other["mediaType"], other["thumbnailUrl"]) == ("2.csv", "text/plain", None)
    assert body.headers["location"] == f"{path}/attachments/{other['id']}"
    assert fetched(author, other).content == b"a,b\n1,2\n"
    assert fetched(author, other).headers["content-disposition"].startswith("attachment;")
    listed = ok(author.get(f"{path}/attachments", params={"limit": 1}))
    rest = ok(author.get(f"{path}/attachments", params={"limit": 1, "cursor": listed["nextCursor"]}))
    assert [one["id"] for one in (*listed["items"], *rest["items"])] == [made["id"], other["id"]]
    assert rest["nextCursor"] is None


def test_an_image_is_made_anew(author: Person, path: str) -> None:
    """Neither place nor camera are left; it stands upright; what hid behind the picture is gone."""
    hidden = photo_with_place() + b"PK\x03\x04" + HTML
    made = attach(author, path, hidden, "photo.jpg")
    content = fetched(author, made).content
    assert (made["width"], made["height"], read(content).size) == (20, 80, (20, 80))
    assert not read(content).getexif()
    for secret in (b"SecretCamera", b"SecretComment", b"<script", b"PK\x03\x04"):
        assert secret in hidden
        assert secret not in content
    moving = attach(author, path, animation(), "wait.gif")
    assert read(fetched(author, moving).content).n_frames == 3
    bitmap = attach(author, path, picture("BMP"), "old.bmp")
    assert bitmap["mediaType"] == "image/png"


@pytest.mark.parametrize("kind", ["JPEG", "WEBP"])
def test_an_image_that_is_nothing_else_keeps_its_bytes(author: Person, path: str, kind: str) -> None:
    """It would lose quality each time; with anything beside the picture it is made anew."""
    bare = picture(kind, size=(50, 30))
    assert fetched(author, attach(author, path, bare)).content == bare
    for more in (bare + HTML, picture(kind, size=(50, 30), exif=b"Exif\0\0MM\0*" + HTML)):
        assert HTML in more
        content = fetched(author, attach(author, path, more)).content
        assert HTML not in content
        assert read(content).size == (50, 30)


@pytest.mark.parametrize(
    ("name", "content", "media_type"),
    [
        ("page.png", HTML, "text/plain"),
        ("drawing.png", SVG, "application/octet-stream"),
        ("report.pdf", b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n", "application/pdf"),
        ("none.bin", bytes(range(256)), "application/octet-stream"),
    ],
)
def test_what_could_run_is_only_a_download(
    author: Person, path: str, name: str, content: bytes, media_type: str
) -> None:
    made = attach(author, path, content, name)
    answer = fetched(author, made)
    assert answer.headers["content-type"].partition(";")[0] == media_type
    assert answer.headers["content-disposition"].startswith("attachment;")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.content == content
    assert made["width"] is None
    assert author.get(f"{path}/attachments/{made['id']}/thumbnail").status_code == 404


def bomb() -> bytes:
    """A PNG of 60,000 by 60,000 pixels in a few kilobytes."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return len(content).to_bytes(4, "big") + kind + content + zlib.crc32(kind + content).to_bytes(4, "big")

    head = (60_000).to_bytes(4, "big") * 2 + bytes([8, 2, 0, 0, 0])
    pixels = zlib.compress(bytes(1_000_000), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    "content", [bomb(), picture()[:60], animation(301, (2, 2)), b"\x89PNG\r\n\x1a\n" + bytes(100)], ids=range(4)
)
def test_an_image_that_cannot_be_read(author: Person, path: str, content: bytes) -> None:
    told = attach(author, path, content, status=422)
    assert told["code"] == "ImageUnreadable"
    assert ok(author.get(f"{path}/attachments"))["items"] == []


def test_bad_uploads_are_refused_and_leave_nothing(stack: Stack, author: Person, path: str) -> None:
    there = f"{path}/attachments"
    assert attach(author, path, b"", status=422)["code"] == "FileEmpty"
    assert ok(author.post(there), 422)["code"] == "FileEmpty"
    assert ok(author.post(there, data={"file": "text"}), 422)["code"] == "FileMissing"
    assert ok(author.post(there, files={"other": ("a", b"b")}), 422)["code"] == "FileMissing"
    broken = {"Content-Type": "multipart/form-data; boundary=x"}
    assert ok(author.post(there, content=b"--y\r\nnothing", headers=broken), 422)["code"] == "FileMissing"
    assert ok(author.post(there, content=bytes(25 * 1024 * 1024 + 1)), 413)["code"] == "FileTooLarge"
    assert ok(author.post(there, content=bytes(27 * 1024 * 1024)), 413)["code"] == "BodyTooLarge"
    assert ok(author.post(there, files={"file": ("a", b"b")}, params={"for": "fun"}), 422)["code"] == "Malformed"
    assert stack.client(None).post(there, files={"file": ("a", b"b")}).status_code == 401
    assert ok(author.get(there))["items"] == []
    whole = attach(author, path, bytes(25 * 1024 * 1024), "a" * 2000 + ".bin")
    assert len(whole["filename"]) == 200
    assert whole["size"] == 25 * 1024 * 1024


def test_the_whole_of_a_postmortem_is_limited(stack: Stack, author: Person, path: str) -> None:
    made = attach(author, path, b"one")
    assert stack.direct is not None
    stack.direct.write(update(Attachment).where(Attachment.id == made["id"]).values(size=500 * 1024 * 1024 - 3))
    attach(author, path, b"two")
    told = attach(author, path, b"three", status=409)
    assert (told["code"], told["size"]) == ("TooManyAttachments", 500 * 1024 * 1024 + 5)
    ok(author.delete(f"{path}/attachments/{made['id']}"), 204)
    attach(author, path, b"three")


def test_repeats_with_a_key_attach_once(author: Person, path: str) -> None:
    key = {"Idempotency-Key": uuid4().hex}
    answers = [author.post(f"{path}/attachments", files={"file": ("a.txt", b"one")}, headers=key) for _ in range(2)]
    assert [one.status_code for one in answers] == [201, 201]
    assert answers[0].json() == answers[1].json()
    other = author.post(f"{path}/attachments", files={"file": ("a.txt", b"two")}, headers=key)
    assert (other.status_code, other.json()["code"]) == (422, "IdempotencyKeyReused")
    assert len(ok(author.get(f"{path}/attachments"))["items"]) == 1


def test_who_may(stack: Stack) -> None:
    author, reviewer, reader = stack.person(), stack.person(), stack.person()
    pm = published(author, [reviewer], visibility="ORGANIZATION")
    path = f"/api/postmortems/{pm['id']}"
    assert attach(author, path, b"late", status=403)["code"] == "EditingClosed"
    mine = attach(reader, path, b"mine", **{"for": "comment"})
    theirs = attach(author, path, b"theirs", **{"for": "comment"})
    assert fetched(author, mine).status_code == 200
    assert reader.delete(f"{path}/attachments/{theirs['id']}").status_code == 403
    ok(reader.delete(f"{path}/attachments/{mine['id']}"), 204)
    assert fetched(author, mine).status_code == 404
    hidden = draft(author, visibility="PRIVATE")
    secret = attach(author, f"/api/postmortems/{hidden['id']}", picture())
    for there in (secret["url"], secret["thumbnailUrl"], f"/api/postmortems/{hidden['id']}/attachments"):
        assert reader.get(there).status_code == 404
    elsewhere = f"{path}/attachments/{secret['id']}"
    assert (author.get(elsewhere).status_code, author.delete(elsewhere).status_code) == (404, 403)
    assert attach(reader, f"/api/postmortems/{hidden['id']}", b"x", status=404)["code"] == "NotFound"


def test_uploading_leaves_approvals_and_referring_does_not(stack: Stack) -> None:
    author, reviewer, second = stack.person(), stack.person(), stack.person()
    pm = ready(author, [reviewer, second])
    path = f"/api/postmortems/{pm['id']}"
    ok(author.post(f"{path}/submit"))
    ok(reviewer.post(f"{path}/reviews", json={"decision": "APPROVE"}), 201)
    made = attach(author, path, picture())

    def state() -> str:
        (found,) = [one for one in ok(author.get(f"{path}/reviewers"))["items"] if one["userId"] == reviewer.id]
        return str(found["state"])

    assert state() == "APPROVED"
    ok(author.put(f"{path}/sections/summary", json={"body": f"See {made['markdown']}"}))
    assert state() == "STALE"


def test_deletion_names_the_places(author: Person, path: str) -> None:
    made = attach(author, path, picture())
    ok(author.put(f"{path}/sections/summary", json={"body": f"One {made['markdown']} and two {made['markdown']}"}))
    comment = ok(author.post(f"{path}/comments", json={"body": f"See {made['markdown']}"}), 201)
    (shown,) = ok(author.get(f"{path}/attachments"))["items"]
    assert shown["references"] == 2
    told = ok(author.delete(f"{path}/attachments/{made['id']}"), 409)
    assert told["code"] == "AttachmentInUse"
    places = {(one["kind"], one["id"]) for one in told["reasons"]}
    assert places == {("section", "summary"), ("comment", comment["id"])}
    ok(author.delete(f"{path}/attachments/{made['id']}", params={"force": True}), 204)
    assert fetched(author, made).status_code == 404
    trail = [one["action"] for one in ok(author.get(f"{path}/audit"))["items"]]
    assert [one for one in trail if one.startswith("attachment")] == ["attachment.removed", "attachment.added"]


def swept(stack: Stack) -> list[str]:
    """As the worker's job does."""

    async def run() -> list[str]:
        engine = make_engine(stack.database_url)
        store = ObjectStore(stack.objects.as_uri())
        try:
            return list(await attachments.sweep(make_sessions(engine), store, datetime.now(UTC)))
        finally:
            await engine.dispose()

    return asyncio.run(run())


def test_the_sweep_takes_what_nothing_refers_to(stack: Stack, author: Person, path: str) -> None:
    names = ("unused", "young", "in a revision", "in a comment", "interrupted", "deleted", "of a deleted draft")
    gone = draft(author)
    made = {one: attach(author, path, picture(), f"{one}.png") for one in names[:-1]}
    made[names[-1]] = attach(author, f"/api/postmortems/{gone['id']}", picture())
    ids = {name: one["id"] for name, one in made.items()}
    for body in (made["in a revision"]["markdown"], "Nothing refers to it now"):
        ok(author.put(f"{path}/sections/summary", json={"body": body}))
    ok(author.post(f"{path}/comments", json={"body": made["in a comment"]["markdown"]}), 201)
    ok(author.delete(f"{path}/attachments/{ids['deleted']}"), 204)
    ok(stack.client().delete(f"/api/postmortems/{gone['id']}"), 204)
    assert stack.direct is not None
    old = [id_ for name, id_ in ids.items() if name != "young"]
    past = text("now() - interval '8 days'")
    stack.direct.write(update(Attachment).where(Attachment.id.in_(old)).values(checked_at=past, created_at=past))
    stack.direct.write(update(Attachment).where(Attachment.id == ids["interrupted"]).values(ready_at=None))
    files = stack.objects / "attachments"
    assert all((files / one).exists() for one in ids.values())
    swept(stack)
    swept(stack)
    kept = {"young", "in a revision", "in a comment"}
    assert {name for name, one in ids.items() if (files / one).exists()} == kept
    assert {name for name, one in ids.items() if (stack.objects / "thumbnails" / one).exists()} == kept
    rows = set(stack.direct.rows(select(Attachment.id).where(Attachment.id.in_(ids.values()))))
    assert rows == {ids[one] for one in kept}


def test_bytes_that_are_gone(stack: Stack, author: Person, path: str) -> None:
    made = attach(author, path, picture())
    (stack.objects / "attachments" / made["id"]).unlink()
    answer = fetched(author, made)
    assert (answer.status_code, answer.json()["code"]) == (404, "NotFound")


def test_a_link_that_somebody_put_into_the_folder(stack: Stack, author: Person, path: str) -> None:
    """Keys are ours alone: no name that a caller gives reaches the store."""
    made = attach(author, path, b"x", "../../../../etc/passwd")
    assert made["filename"] == "passwd"
    assert {one.name for one in (stack.objects / "attachments").iterdir()} >= {made["id"]}
