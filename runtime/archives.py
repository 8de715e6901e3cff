"""Exports and imports from the command line, without a worker: the same jobs, carried out here."""

import asyncio
import logging
import shutil
import tempfile
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from application.documents import archives, imports
from application.documents.archive_files import pack
from application.documents.archives import Wanted
from application.documents.jobs import fail
from domain.access import Viewer
from domain.documents.formats import Format
from domain.documents.jobs import archive_key
from domain.errors import DomainError
from models.base import new_id
from models.queries.access.viewers import get_viewer_unscoped
from models.queries.documents import jobs
from models.queries.people import people
from models.session import Session, Sessions
from runtime.connections import open_database, open_keyring, open_object_store
from runtime.processes import CannotStart
from runtime.settings import Settings

LOOK_EVERY = 1.0
"""Seconds between two words about the progress."""
Tell = Callable[[str], None]


async def export_archive(settings: Settings, name: str, target: Path, formats: Sequence[Format], tell: Tell) -> None:
    """Writes an archive of the whole organization, as that administrator sees it. Raises CannotStart."""
    store, database = open_object_store(settings), open_database(settings)
    job_id = new_id("exp")
    try:
        async with database.sessions.begin() as session:
            viewer = await _administrator(session, name)
            job = await archives.request_archive(session, viewer, job_id, Wanted(None, formats), _now())
            job.workflow_started = True
        with tempfile.TemporaryDirectory(prefix="afterword-export-") as folder:
            work = archives.carry_out(database.sessions, store, Path(folder), job_id, _now(), settings.base_url)
            await _followed(database.sessions, job_id, work, tell)
            await asyncio.to_thread(shutil.copyfile, Path(folder) / "archive.zip", target)
    except DomainError as refusal:
        await fail(database.sessions, job_id, refusal.code, str(refusal), _now())
        raise CannotStart(str(refusal)) from None
    finally:
        await database.close()


async def import_files(
    settings: Settings, name: str, sources: Sequence[Path], tell: Tell, *, dry_run: bool, keep: bool
) -> None:
    """Imports an archive or documents on behalf of that administrator, and tells what to look at. Raises
    CannotStart."""
    store, database = open_object_store(settings), open_database(settings)
    job_id = new_id("imp")
    try:
        with tempfile.TemporaryDirectory(prefix="afterword-import-") as folder:
            called = await asyncio.to_thread(_packed, sources, Path(folder))
            await store.put(archive_key(job_id), Path(folder) / "packed")
            async with database.sessions.begin() as session:
                viewer = await _administrator(session, name)
                job = await imports.request_import(
                    session, viewer, job_id, called, dry_run=dry_run, keep=keep, now=_now()
                )
                job.workflow_started = True
            keyring = open_keyring(settings)
            work = imports.carry_out(database.sessions, store, keyring, Path(folder), job_id, _now())
            await _followed(database.sessions, job_id, work, tell)
        async with database.sessions.begin() as session:
            counts = await jobs.count_lines(session, job_id)
        told = ", ".join(f"{count} {kind.lower().replace('_', ' ')}" for kind, count in sorted(counts.items()))
        tell(f"lines: {told or 'none'}")
        tell(f"report: {settings.base_url}/settings/imports/{job_id}")
    except DomainError as refusal:
        await fail(database.sessions, job_id, refusal.code, str(refusal), _now())
        raise CannotStart(str(refusal)) from None
    finally:
        await database.close()


def _packed(sources: Sequence[Path], folder: Path) -> str:
    """Copies, because a single archive is moved."""
    files = []
    for place, one in enumerate(sources):
        copy = folder / f"file-{place}"
        shutil.copyfile(one, copy)
        files.append((copy, one.name))
    return pack(files, folder / "packed")


async def _administrator(session: Session, name: str) -> Viewer:
    person = await people.find_by_name(session, name)
    if person is None or not person.is_active:
        raise CannotStart(f"there is no active person called '{name}'")
    viewer = await get_viewer_unscoped(session, person.id, "cli")
    if not viewer.is_admin:
        raise CannotStart(f"'{name}' isn't an administrator")
    return viewer


async def _followed(sessions: Sessions, job_id: str, work: Coroutine[Any, Any, None], tell: Tell) -> None:
    logging.getLogger("asyncio").setLevel(logging.ERROR)  # it says where it saw a child end too late, which is no news
    running = asyncio.create_task(work)
    last = ""
    while not running.done():
        with suppress(TimeoutError):
            await asyncio.wait_for(asyncio.shield(running), LOOK_EVERY)
        async with sessions.begin() as session:
            job = await jobs.lock_job_unscoped(session, job_id)
        if job is not None and job.total and (said := f"{job.done} of {job.total}") != last:
            tell(said)
            last = said
    running.result()


def _now() -> datetime:
    return datetime.now(UTC)
