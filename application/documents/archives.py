"""Use cases of archives: ask for one, follow it, fetch it; and what its activity does, postmortem by postmortem.

An archive holds what whoever asked for it could see when it was made, each postmortem in a folder of its own with the
files that it refers to. An attempt that was interrupted begins again: nobody has seen anything of it.
"""

import json
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import anyio

from application.audit.audit_log import audit
from application.documents import exports
from application.documents.jobs import begin, finish, move
from domain import access
from domain.access import OrganizationVerb, Verb, Viewer, Visibility
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
    ScopeMissing,
    StorageUnavailable,
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
MOST_CHOSEN = 1000
READ_TOGETHER = 200
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
        _check_organization(viewer)
    else:
        await _check_chosen(session, viewer, ids, with_comments=wanted.with_comments)
    scope: dict[str, Any] = {"scope": ORGANIZATION if ids is None else CHOSEN, "comments": wanted.with_comments}
    job = Job(
        id=job_id,
        kind=JobKind.EXPORT.value,
        state=JobState.QUEUED.value,
        scope=scope | ({} if ids is None else {"postmortemIds": list(dict.fromkeys(ids))}),
        formats=[one.value for one in wanted.formats],
        dry_run=False,
        wants_undo=False,
        done=0,
        total=0,
        problems=0,
        created_by=viewer.person_id,
        created_at=now,
        expires_at=now + KEPT_FOR,
        workflow_started=False,
    )
    await jobs.insert_job(session, job)
    audit(session, viewer, "archive.requested", "export", job_id, after={**job.scope, "formats": job.formats}, at=now)
    return job


def _check_organization(viewer: Viewer) -> None:
    if not access.may_in_organization(OrganizationVerb.ADMINISTER, access.organization_relations(viewer)):
        raise NotAllowed(action="export the whole organization", who="an administrator")
    if "admin" not in viewer.scopes:
        raise ScopeMissing(scope="admin")


async def _check_chosen(session: Session, viewer: Viewer, ids: Sequence[str], *, with_comments: bool) -> None:
    for one in dict.fromkeys(ids):
        try:
            seen = await get_visible(session, viewer, one)
        except NotFound:
            raise UnknownReference(field="postmortemIds", kind="postmortem", id=one) from None
        if with_comments:
            access.check(Verb.EXPORT_COMMENTS, Status(seen.postmortem.status), seen.relations)


async def get_archive(session: Session, viewer: Viewer, job_id: str, now: datetime) -> Job:
    """One that can be fetched, by whoever asked for it.

    What they may see is checked again. Raises NotFound, NotFinished or ArchiveExpired.
    """
    job = await jobs.get_job(session, viewer, JobKind.EXPORT, job_id)
    if job.state != JobState.DONE.value:
        raise NotFinished(state=job.state)
    if job.removed_at is not None or job.expires_at < now:
        raise ArchiveExpired()
    if job.scope["scope"] == ORGANIZATION:
        _check_organization(viewer)
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
        ids = job.scope.get("postmortemIds") or await jobs.list_visible_ids(session, viewer)
        job.total, job.done = len(ids), 0
        formats, with_comments = [Format(one) for one in job.formats], bool(job.scope["comments"])
    path, made = folder / "archive.zip", _Made()
    for place, one in enumerate(ids, 1):
        try:
            await _add(sessions, store, viewer, path, one, formats, now, base_url, made, with_comments=with_comments)
        except StorageUnavailable:
            raise
        except DomainError as refusal:  # it was deleted meanwhile, or is too large for one of the formats
            made.problems.append({"id": one, "code": refusal.code, "detail": str(refusal)})
        await move(sessions, job_id, done=place, problems=len(made.problems))
    index = {
        "schemaVersion": SCHEMA_VERSION,
        "exportedAt": now.isoformat(),
        "exportedBy": viewer.person_id,
        "postmortems": made.postmortems,
        "problems": made.problems,
    }
    content = json.dumps(index, indent=2, ensure_ascii=False).encode()
    await anyio.to_thread.run_sync(_append, path, [("index.json", content)])
    await store.put(archive_key(job_id), path)
    async with sessions.begin() as session:
        after = {"count": len(made.postmortems), "private": made.private}
        audit(session, viewer, "archive.made", "export", job_id, origin="system", after=after, at=now)
    await finish(sessions, job_id, now)


async def _add(
    sessions: Sessions,
    store: ObjectStore,
    viewer: Viewer,
    path: Path,
    postmortem_id: str,
    formats: Sequence[Format],
    now: datetime,
    base_url: str,
    made: _Made,
    *,
    with_comments: bool,
) -> None:
    async with sessions.begin() as session:
        document = await exports.read_document(
            session, viewer, postmortem_id, now, base_url, with_comments=with_comments
        )
    name = file_name(document.number, document.title, Format.JSON).removesuffix(".json")
    folder = f"postmortems/{name}"
    entries: list[tuple[str, bytes]] = []
    for kind in formats:
        images = await exports.read_images(store, document, kind)
        entries.append((f"{folder}/postmortem.{kind.value}", await exports.write(document, kind, images)))
    if {Format.JSON, Format.MARKDOWN} & set(formats):
        entries += [one async for one in _files(store, document, folder)]
    await anyio.to_thread.run_sync(_append, path, entries)
    made.private += document.visibility is Visibility.PRIVATE
    told = {"id": document.id, "number": document.number, "title": document.title, "folder": folder}
    made.postmortems.append(told)


async def _files(store: ObjectStore, document: Document, folder: str) -> Any:
    """The attachments, one at a time."""
    for one in document.attachments:
        content = await store.read(object_key(one.id))
        if content is not None:
            yield f"{folder}/attachments/{one.id}-{clean_filename(one.filename)}", content


def _append(path: Path, entries: Iterable[tuple[str, bytes]]) -> None:
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries:
            archive.writestr(name, content)
