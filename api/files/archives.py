"""Files for an import: one zip, or several documents that become one, received into a folder of their own."""

import zipfile
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path, PurePosixPath

from anyio import to_thread
from fastapi import Request
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException

from api.files.uploads import Upload, UploadRoute, checked, write_body, write_file
from domain import access
from domain.access import OrganizationVerb, Viewer
from domain.documents.attachments import clean_filename
from domain.documents.jobs import ARCHIVE_LIMIT, ENTRIES_LIMIT, UNPACKED_LIMIT
from domain.errors import ArchiveUnreadable, FileMissing, NotAllowed

MOST_FILES = 1000


class ArchiveRoute(UploadRoute):
    """Receives files that are imported, from administrators."""

    def check_sender(self, viewer: Viewer) -> None:
        if not access.may_in_organization(OrganizationVerb.ADMINISTER, access.organization_relations(viewer)):
            raise NotAllowed(action="import postmortems", who="an administrator")

    @asynccontextmanager
    async def receive(self, request: Request, folder: Path) -> AsyncIterator[Upload]:
        async with received_archive(request, folder) as upload:
            yield upload


@asynccontextmanager
async def received_archive(request: Request, folder: Path) -> AsyncIterator[Upload]:
    """The fields ``file`` of a form, or the body itself. Raises FileMissing, FileEmpty, FileTooLarge or
    ArchiveUnreadable."""
    path = folder / "archive"
    kind = request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if kind in {"application/json", "application/x-www-form-urlencoded"}:
        raise FileMissing()
    if kind != "multipart/form-data":
        single = folder / "single"
        await write_body(request, single, ARCHIVE_LIMIT)
        name = request.query_params.get("filename", "")
        yield await to_thread.run_sync(_archived, [(single, name)], path)
        return
    try:
        form = await request.form(max_files=MOST_FILES, max_fields=20)
    except HTTPException:
        raise FileMissing() from None
    found = [one for one in form.getlist("file") if isinstance(one, UploadFile)]
    if not found:
        raise FileMissing()
    files = []
    for place, one in enumerate(found):
        each = folder / f"file-{place}"
        await to_thread.run_sync(write_file, one, each)
        files.append((each, one.filename or ""))
    yield await to_thread.run_sync(_archived, files, path)


def _archived(files: Sequence[tuple[Path, str]], path: Path) -> Upload:
    """A zip as it is, and everything else in one."""
    for each, name in files:
        checked(each, name, ARCHIVE_LIMIT)
    if len(files) == 1 and zipfile.is_zipfile(files[0][0]):
        files[0][0].rename(path)
        _check(path)
        return checked(path, files[0][1], ARCHIVE_LIMIT)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for place, (each, name) in enumerate(files):
            if zipfile.is_zipfile(each):
                raise ArchiveUnreadable(problem="one of several files is a zip")
            archive.write(each, _inner_name(name, place))
    _check(path)
    names = files[0][1] if len(files) == 1 else f"{len(files)} files"
    return checked(path, names, ARCHIVE_LIMIT)


def _inner_name(name: str, place: int) -> str:
    """Unique, and with an ending of ours where it has none."""
    plain = clean_filename(name, "document.md")
    return plain if place == 0 and PurePosixPath(plain).suffix else f"{place + 1:04}-{plain}"


def _check(path: Path) -> None:
    """Raises ArchiveUnreadable for what is no zip, is too much when unpacked, or is protected by a password."""
    try:
        with zipfile.ZipFile(path) as archive:
            entries = archive.infolist()
    except (zipfile.BadZipFile, NotImplementedError, OSError, ValueError):
        raise ArchiveUnreadable(problem="it is damaged") from None
    if len(entries) > ENTRIES_LIMIT:
        raise ArchiveUnreadable(problem=f"it holds more than {ENTRIES_LIMIT} files")
    if sum(one.file_size for one in entries) > UNPACKED_LIMIT:
        raise ArchiveUnreadable(problem="it would take more than 4 GB unpacked")
    if any(one.flag_bits & 1 for one in entries):
        raise ArchiveUnreadable(problem="it is protected by a password")
