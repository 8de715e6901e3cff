"""Use cases of archives: ask for one, follow it, fetch it; and what its activity does, postmortem by postmortem.

An archive holds what the person who asked for it could see when it was made: a folder for each postmortem, with the
files that it refers to. An interrupted attempt starts over, because no one has seen anything of it yet.
"""

import json
import zipfile
from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any

import anyio

from application.audit.audit_log import audit
from application.documents import exports
from application.documents.jobs import begin, finish, move
from domain import access
from domain.access import Verb, Viewer, Visibility
from domain.documents.attachments import clean_filename, object_key
from domain.documents.document import Document
from domain.documents.formats import Format, file_name
from domain.documents.jobs import KEPT_FOR, JobKind, JobState, archive_key
from domain.errors import (
    ArchiveExpired,
    DomainError,
    NotAllowed,
    NotFinished,
    NotFound,
    TooLargeForOneAnswer,
    UnknownReference,
)
from domain.postmortems.lifecycle import Status
from integrations.object_store import ObjectStore
from models.documents import Job
from models.queries.access.viewers import get_viewer_unscoped
from models.queries.documents import jobs
from models.queries.people.people import find_person
from models.queries.postmortems.postmortems import get_visible
from models.session import Session, Sessions

ORGANIZATION = "ORGANIZATION"
CHOSEN = "POSTMORTEMS"
WRITTEN_TOGETHER = 20
"""Postmortems that one process writes: their texts, and their images, are in memory."""
SCHEMA_VERSION = 1


@dataclass(frozen=True, slots=True)
class Wanted:
    """``postmortem_ids`` None is the whole organization."""

    postmortem_ids: Sequence[str] | None
    formats: Sequence[Format]
    with_comments: bool = False


async def request_archive(session: Session, viewer: Viewer, job_id: str, wanted: Wanted, now: datetime) -> Job:
    """Raises NotAllowed, ScopeMissing, UnknownReference."""
    ids = wanted.postmortem_ids
    if ids is None:
        access.check_administers(viewer, "export the whole organization")
    else:
        await _check_chosen(session, viewer, ids, with_comments=wanted.with_comments)
    scope: dict[str, Any] = {"scope": ORGANIZATION if ids is None else CHOSEN, "comments": wanted.with_comments}
    job = Job(
        id=job_id,
        kind=JobKind.EXPORT.value,
        scope=scope | ({} if ids is None else {"postmortemIds": list(dict.fromkeys(ids))}),
        formats=[one.value for one in wanted.formats],
        created_by=viewer.person_id,
        created_at=now,
        expires_at=now + KEPT_FOR,
    )
    await jobs.insert_job(session, job)
    audit(session, viewer, "archive.requested", "export", job_id, after={**job.scope, "formats": job.formats}, at=now)
    return job


async def _check_chosen(session: Session, viewer: Viewer, ids: Sequence[str], *, with_comments: bool) -> None:
    for one in dict.fromkeys(ids):
        try:
            seen = await get_visible(session, viewer, one)
        except NotFound:
            raise UnknownReference(field="postmortemIds", kind="postmortem", id=one) from None
        if with_comments:
            access.check(Verb.EXPORT_COMMENTS, Status(seen.postmortem.status), seen.relations)


async def get_archive(session: Session, viewer: Viewer, job_id: str, now: datetime) -> Job:
    """The job of an archive that the viewer asked for and can download now.

    What they can see is checked again. Raises NotFound, NotFinished or ArchiveExpired.
    """
    job = await jobs.get_job(session, viewer, JobKind.EXPORT, job_id)
    if job.state != JobState.DONE.value:
        raise NotFinished(state=job.state)
    if job.removed_at is not None or job.expires_at < now:
        raise ArchiveExpired()
    if job.scope["scope"] == ORGANIZATION:
        access.check_administers(viewer, "export the whole organization")
        return job
    ids = job.scope["postmortemIds"]
    if await jobs.count_visible(session, viewer, ids) < len(ids):
        raise ArchiveExpired()
    return job


# In the background


@dataclass(slots=True)
class _Made:
    """What the archive's own index says."""

    postmortems: list[dict[str, Any]] = field(default_factory=list)
    problems: list[dict[str, Any]] = field(default_factory=list)
    private: int = 0


async def carry_out(
    sessions: Sessions, store: ObjectStore, folder: Path, job_id: str, now: datetime, base_url: str
) -> None:
    """Makes the archive and stores it. Raises StorageUnavailable."""
    if await begin(sessions, job_id) is None:
        return
    async with sessions.begin() as session:
        job = await jobs.lock_job_unscoped(session, job_id)
        person = await find_person(session, job.created_by) if job and job.created_by else None
        if job is None or person is None or not person.is_active:
            raise NotAllowed(action="export postmortems", who="an active person")
        viewer = await get_viewer_unscoped(session, person.id, "system")
        if job.scope["scope"] == ORGANIZATION:
            viewer = replace(viewer, notes_reads=False)  # it is said once, with the count
        ids = job.scope.get("postmortemIds") or await jobs.list_visible_ids(session, viewer)
        job.total, job.done = len(ids), 0
        formats, with_comments = [Format(one) for one in job.formats], bool(job.scope["comments"])
    path, made = folder / "archive.zip", _Made()
    archive = zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED)
    try:
        for start in range(0, len(ids), WRITTEN_TOGETHER):
            some = ids[start : start + WRITTEN_TOGETHER]
            documents = await _read(sessions, viewer, some, now, base_url, made, with_comments=with_comments)
            await _add(store, archive, documents, formats, made)
            await move(sessions, job_id, done=start + len(some), problems=len(made.problems))
        await anyio.to_thread.run_sync(_append, archive, [("index.json", _index(made, viewer, now))])
    finally:
        await anyio.to_thread.run_sync(archive.close)
    await store.put(archive_key(job_id), path)
    async with sessions.begin() as session:
        after = {"count": len(made.postmortems), "private": made.private}
        audit(session, viewer, "archive.made", "export", job_id, origin="system", after=after, at=now)
    await finish(sessions, job_id)


def _index(made: _Made, viewer: Viewer, now: datetime) -> bytes:
    index = {
        "schemaVersion": SCHEMA_VERSION,
        "exportedAt": now.isoformat(),
        "exportedBy": viewer.person_id,
        "postmortems": made.postmortems,
        "problems": made.problems,
    }
    return json.dumps(index, indent=2, ensure_ascii=False).encode()


async def _read(
    sessions: Sessions,
    viewer: Viewer,
    ids: Sequence[str],
    now: datetime,
    base_url: str,
    made: _Made,
    *,
    with_comments: bool,
) -> list[Document]:
    """Reads what the viewer can still see. What is gone or hidden by now becomes a problem in the index."""
    found = []
    async with sessions.begin() as session:
        for one in ids:
            try:
                document = await exports.read_document(session, viewer, one, now, base_url, with_comments=with_comments)
            except DomainError as refusal:
                made.problems.append({"id": one, "code": refusal.code, "detail": str(refusal)})
            else:
                found.append(document)
    return found


async def _add(
    store: ObjectStore,
    archive: zipfile.ZipFile,
    documents: Sequence[Document],
    formats: Sequence[Format],
    made: _Made,
) -> None:
    folders = {one.id: f"postmortems/{_folder_name(one)}" for one in documents}
    wanted = []
    for document in documents:
        for kind in formats:
            try:
                wanted.append((kind, document, await exports.read_images(store, document, kind)))
            except TooLargeForOneAnswer as refusal:
                made.problems.append(_problem(kind, document, refusal))
    entries: list[tuple[str, bytes]] = []
    for (kind, document, _), written in zip(wanted, await exports.write_many(wanted), strict=True):
        if isinstance(written, DomainError):
            made.problems.append(_problem(kind, document, written))
        else:
            entries.append((f"{folders[document.id]}/postmortem.{kind.value}", written))
    await anyio.to_thread.run_sync(_append, archive, entries)
    for document in documents:
        if {Format.JSON, Format.MARKDOWN} & set(formats):
            async for entry in _files(store, document, folders[document.id]):
                await anyio.to_thread.run_sync(_append, archive, [entry])
        made.private += document.visibility is Visibility.PRIVATE
        named = {"id": document.id, "number": document.number, "title": document.title}
        made.postmortems.append({**named, "folder": folders[document.id]})


def _problem(kind: Format, document: Document, refusal: DomainError) -> dict[str, Any]:
    return {"id": document.id, "format": kind.value, "code": refusal.code, "detail": str(refusal)}


def _folder_name(document: Document) -> str:
    return file_name(document.number, document.title, Format.JSON).removesuffix(".json")


async def _files(store: ObjectStore, document: Document, folder: str) -> AsyncIterator[tuple[str, bytes]]:
    """The attachments, one at a time."""
    for one in document.attachments:
        content = await store.read(object_key(one.id))
        if content is not None:
            yield f"{folder}/attachments/{one.id}-{clean_filename(one.filename)}", content


def _append(archive: zipfile.ZipFile, entries: Iterable[tuple[str, bytes]]) -> None:
    for name, content in entries:
        archive.writestr(name, content)
