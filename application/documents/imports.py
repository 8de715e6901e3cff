"""Use cases of imports: ask for one, look at it, run it for real, undo it; and what its activity does, file by file."""

import re
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import anyio
from pydantic import SecretStr

from application import text_work
from application.audit.audit_log import audit
from application.documents.imported_images import Illustrated, take_images
from application.documents.imported_postmortems import write_postmortem
from application.documents.jobs import begin, finish
from domain.access import Viewer
from domain.documents.importing.document import LineKind, ReadDocument, ReportLine, line_of
from domain.documents.importing.markdown import read_markdown
from domain.documents.jobs import DOCUMENT_LIMIT, KEPT_FOR, JobKind, JobState, archive_key
from domain.errors import DomainError, NotFinished, NothingToRun, NothingToUndo, StorageUnavailable
from integrations.documents import opsgenie
from integrations.documents.readers import read_export
from integrations.object_store import ObjectStore
from models.base import derived_id
from models.documents import Job, JobLine
from models.keyring import Keyring
from models.queries.documents import jobs
from models.queries.pagination import Ask, Page
from models.session import Session, Sessions, StoreError, is_bad_value, is_conflict

_OWN_ID = re.compile(r"pm_[a-z0-9]{26}")
OPSGENIE = "opsgenie"
SECONDS_TO_READ = 20.0
"""Of a processor, for one document."""
UNDONE_TOGETHER = 50


async def request_import(
    session: Session, viewer: Viewer, job_id: str, filename: str, *, dry_run: bool, keep: bool, now: datetime
) -> Job:
    """What is imported lies in the object store already. With ``keep``, postmortems of our own archives keep their
    status, visibility, author and owners. The caller has checked that an administrator asks."""
    job = Job(
        id=job_id,
        kind=JobKind.IMPORT.value,
        scope={"source": "file", "filename": filename, "keep": keep},
        dry_run=dry_run,
        created_by=viewer.person_id,
        created_at=now,
        expires_at=now + KEPT_FOR,
    )
    await jobs.insert_job(session, job)
    after = {"filename": filename, "dryRun": dry_run, "keep": keep}
    audit(session, viewer, "import.requested", "import", job_id, after=after, at=now)
    return job


async def request_opsgenie_import(
    session: Session,
    viewer: Viewer,
    keyring: Keyring,
    job_id: str,
    *,
    address: str,
    key: str,
    ids: Sequence[str],
    dry_run: bool,
    now: datetime,
) -> Job:
    """What is imported is fetched by the workflow; the key is sealed until that is done. The caller has checked that an
    administrator asks."""
    job = Job(
        id=job_id,
        kind=JobKind.IMPORT.value,
        scope={"source": OPSGENIE, "filename": opsgenie.LABEL, "baseUrl": address, "ids": list(ids), "keep": False},
        dry_run=dry_run,
        secrets=keyring.seal({"apiKey": key}),
        created_by=viewer.person_id,
        created_at=now,
        expires_at=now + KEPT_FOR,
    )
    await jobs.insert_job(session, job)
    after = {"source": OPSGENIE, "baseUrl": address, "postmortems": len(ids), "dryRun": dry_run}
    audit(session, viewer, "import.requested", "import", job_id, after=after, at=now)
    return job


async def get_import(session: Session, viewer: Viewer, job_id: str) -> Job:
    return await jobs.get_job(session, viewer, JobKind.IMPORT, job_id)


async def list_report(session: Session, viewer: Viewer, job_id: str, ask: Ask) -> Page[JobLine]:
    """Raises NotFound."""
    job = await jobs.get_job(session, viewer, JobKind.IMPORT, job_id)
    return await jobs.list_report(session, job.id, ask)


async def run_for_real(session: Session, viewer: Viewer, job_id: str, now: datetime) -> Job:
    """Imports what a dry run has read. Raises NotFound, NotFinished or NothingToRun."""
    job = await _finished(session, viewer, job_id)
    if not job.dry_run or job.removed_at is not None or job.expires_at < now:
        raise NothingToRun()
    await jobs.delete_lines(session, job.id)
    job.dry_run = False
    _queue(job)
    audit(session, viewer, "import.run", "import", job.id, at=now)
    return job


async def undo(session: Session, viewer: Viewer, job_id: str, now: datetime) -> Job:
    """Deletes what the import made and nobody has touched since. Raises NotFound, NotFinished or NothingToUndo."""
    job = await _finished(session, viewer, job_id)
    if job.dry_run or job.undone_at is not None:
        raise NothingToUndo()
    job.wants_undo = True
    _queue(job)
    audit(session, viewer, "import.undone", "import", job.id, at=now)
    return job


async def _finished(session: Session, viewer: Viewer, job_id: str) -> Job:
    job = await jobs.get_job(session, viewer, JobKind.IMPORT, job_id, lock=True)
    if not JobState(job.state).is_over:
        raise NotFinished(state=job.state)
    return job


def _queue(job: Job) -> None:
    job.state, job.error, job.finished_at = JobState.QUEUED.value, None, None
    job.done = job.total = job.problems = 0
    job.workflow_started = False


# In the background


async def carry_out(
    sessions: Sessions, store: ObjectStore, keyring: Keyring, folder: Path, job_id: str, now: datetime
) -> None:
    """The whole import, or its undoing; begins where an interrupted one ended.

    Raises StorageUnavailable, and what the system that it is fetched from refuses."""
    begun = await begin(sessions, job_id)
    if begun is None:
        return
    if begun.is_undo:
        await _undo(sessions, job_id, now)
        return
    await _collect(sessions, store, keyring, folder, job_id)
    path = folder / "archive"
    await _fetch(store, job_id, path)
    with await anyio.to_thread.run_sync(zipfile.ZipFile, path) as archive:
        names = documents_in(archive)
        async with sessions.begin() as session:
            job = await jobs.lock_job_unscoped(session, job_id)
            if job is not None:
                job.total = len(names)
        importing = _Importing(sessions, store, archive, folder, job_id, begun.dry_run, now)
        for place, name in enumerate(names):
            if place >= begun.done:
                await importing.document(place, name)
    await finish(sessions, job_id)


async def _collect(sessions: Sessions, store: ObjectStore, keyring: Keyring, folder: Path, job_id: str) -> None:
    """Makes the archive of what has to be fetched first; an interrupted attempt is made again."""
    async with sessions.begin() as session:
        job = await jobs.lock_job_unscoped(session, job_id)
        if job is None or job.secrets is None:
            return
        key, scope = SecretStr(str(keyring.open(job.secrets).get("apiKey", ""))), job.scope
    path = folder / "collected"
    await anyio.to_thread.run_sync(_collected, scope["baseUrl"], key, scope["ids"], path)
    await store.put(archive_key(job_id), path)
    async with sessions.begin() as session:
        job = await jobs.lock_job_unscoped(session, job_id)
        if job is not None:
            job.secrets = None


def _collected(address: str, key: SecretStr, ids: Sequence[str], path: Path) -> None:
    source = opsgenie.Opsgenie(address, key)
    try:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for one in ids:
                archive.writestr(f"{one}.json", source.fetch(one))
    finally:
        source.close()


async def _fetch(store: ObjectStore, job_id: str, path: Path) -> None:
    found = await store.open(archive_key(job_id))
    if found is None:
        raise NothingToRun()
    async with await anyio.open_file(path, "wb") as file:
        async for piece in found.pieces:
            await file.write(piece)


def documents_in(archive: zipfile.ZipFile) -> list[str]:
    """The documents of an archive, by their names: of our own archives the JSON of each postmortem, where it is there,
    and of others the Markdown files."""
    names = [one for one in archive.namelist() if is_document(one)]
    exported = {one.rpartition("/")[0] for one in names if one.lower().endswith(".json")}
    return sorted(one for one in names if one.lower().endswith(".json") or one.rpartition("/")[0] not in exported)


def is_document(name: str) -> bool:
    """Files whose name begins with a dot belong to some program, and ``index.json`` tells of an archive of ours."""
    last = name.rpartition("/")[2].lower()
    if last.startswith(".") or "__MACOSX/" in name or name == "index.json":
        return False
    return last.endswith((".md", ".markdown", ".json"))


def _content(archive: zipfile.ZipFile, name: str) -> bytes:
    """Raises ValueError where it is larger than one document may be."""
    with archive.open(name) as file:
        content = file.read(DOCUMENT_LIMIT + 1)
    if len(content) > DOCUMENT_LIMIT:
        raise ValueError(f"It is larger than {DOCUMENT_LIMIT // 1024**2} MB")
    return content


@dataclass(frozen=True, slots=True)
class _Importing:
    """Imports one document after the other. ``archive`` stays open, because opening it reads the names of all its
    files."""

    sessions: Sessions
    store: ObjectStore
    archive: zipfile.ZipFile
    folder: Path
    job_id: str
    dry_run: bool
    now: datetime

    async def document(self, place: int, name: str) -> None:
        """One document and its part of the report, in one transaction; nothing where another attempt has done it."""
        try:
            postmortem_id, read = await self._read(name)
        except StorageUnavailable:
            raise
        except (DomainError, ValueError, zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
            said = "It isn't UTF-8 text" if isinstance(error, UnicodeDecodeError) else str(error)
            await self._refuse(place, name, said)
            return
        try:
            await self._write(place, name, postmortem_id, read)
        except StoreError as error:
            if not (is_bad_value(error) or is_conflict(error)):
                raise
            await self._refuse(place, name, "It holds a value that can't be stored")

    async def _read(self, name: str) -> tuple[str, Illustrated]:
        """The document, and the id that its postmortem gets."""
        content = await anyio.to_thread.run_sync(_content, self.archive, name)
        text = content.decode("utf-8-sig").replace("\0", "\ufffd")
        reader = read_export if name.lower().endswith(".json") else read_markdown
        found = await text_work.run(reader, text, name, length=len(text), seconds=SECONDS_TO_READ)
        postmortem_id = await self._id_for(name, found)
        read = await take_images(
            self.store, self.archive, self.folder, name, postmortem_id, found, dry_run=self.dry_run
        )
        return postmortem_id, read

    async def _id_for(self, name: str, read: ReadDocument) -> str:
        """Its own id where that is free, or was taken by this very import."""
        if read.restored is not None and _OWN_ID.fullmatch(read.restored.id):
            async with self.sessions.begin() as session:
                if await jobs.may_take_id(session, self.job_id, read.restored.id):
                    return read.restored.id
        return derived_id("pm", self.job_id, name)

    async def _write(self, place: int, name: str, postmortem_id: str, read: Illustrated) -> None:
        async with self.sessions.begin() as session:
            if job := await self._lock(session, place):
                report = await _placed(session, job, postmortem_id, name, read, self.now)
                await _write_report(session, job, name, report, None if self.dry_run else postmortem_id)
                job.done = place + 1

    async def _refuse(self, place: int, name: str, said: str) -> None:
        async with self.sessions.begin() as session:
            if job := await self._lock(session, place):
                await _write_report(session, job, name, [line_of(None, LineKind.REFUSED, None, said)], None)
                job.done = place + 1

    async def _lock(self, session: Session, place: int) -> Job | None:
        """The job, if that document is its next one."""
        job = await jobs.lock_job_unscoped(session, self.job_id)
        return job if job is not None and job.done == place and not JobState(job.state).is_over else None


async def _placed(
    session: Session, job: Job, postmortem_id: str, name: str, illustrated: Illustrated, now: datetime
) -> list[ReportLine]:
    read = illustrated.read
    report = [*read.report, *illustrated.report]
    known = await jobs.list_known_names(session, read.people) if read.people else set()
    report += [line_of(None, LineKind.PERSON_NOT_FOUND, None, one) for one in read.people if one.lower() not in known]
    if double := await jobs.find_by_title(session, read.title, besides=postmortem_id):
        report.append(ReportLine(None, LineKind.DUPLICATE, double, read.title))
    if not job.dry_run:
        await write_postmortem(session, job, postmortem_id, name, illustrated, now)
    return report


async def _write_report(
    session: Session, job: Job, source: str, report: Sequence[ReportLine], postmortem_id: str | None
) -> None:
    ordinal = await jobs.next_ordinal(session, job.id)
    for number, one in enumerate(report, ordinal):
        is_double = one.kind is LineKind.DUPLICATE
        session.add(
            JobLine(
                job_id=job.id,
                ordinal=number,
                source=source,
                line=one.line,
                kind=one.kind.value,
                target=None if is_double else one.target,
                postmortem_id=one.target if is_double else postmortem_id,
                text=one.text,
            )
        )
    job.problems += sum(one.kind is not LineKind.PLACED for one in report)


async def _undo(sessions: Sessions, job_id: str, now: datetime) -> None:
    """What somebody has worked with stays, and the report says so."""
    after, is_over = "", False
    while not is_over:
        async with sessions.begin() as session:
            job = await jobs.lock_job_unscoped(session, job_id)
            if job is None:
                return
            rows = await jobs.list_imported(session, job_id, after=after, limit=UNDONE_TOGETHER)
            kept = [one for one in rows if not await jobs.delete_untouched(session, one.postmortem_id)]
            for one in kept:
                said = line_of(None, LineKind.REFUSED, "undo", "Not undone, because someone has worked on it")
                await _write_report(session, job, one.source, [said], one.postmortem_id)
                await session.flush()
            job.done += len(rows)
            job.total = job.done
            is_over = len(rows) < UNDONE_TOGETHER
            after = rows[-1].postmortem_id if rows else after
    async with sessions.begin() as session:
        job = await jobs.lock_job_unscoped(session, job_id)
        if job is not None:
            job.undone_at = now
    await finish(sessions, job_id)
