"""Files for an import: one zip, or several documents that become one, received into a folder of their own."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from anyio import to_thread
from fastapi import Request
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException

from api.files.uploads import Upload, UploadRoute, checked, write_body, write_file
from application.documents.archive_files import pack
from domain import access
from domain.access import OrganizationVerb, Viewer
from domain.documents.jobs import ARCHIVE_LIMIT
from domain.errors import FileMissing, NotAllowed

MOST_FILES = 1000
ASKED_LIMIT = 256 * 1024
"""Bytes of a request that names what to fetch."""


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
    """The fields ``file`` of a form, or the body itself; of a JSON body, which asks for something from elsewhere, its
    bytes are in ``request.state.asked``. Raises FileMissing, FileEmpty, FileTooLarge or ArchiveUnreadable."""
    path = folder / "archive"
    kind = request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if kind == "application/x-www-form-urlencoded":
        raise FileMissing()
    if kind == "application/json":
        asked = folder / "asked"
        await write_body(request, asked, ASKED_LIMIT)
        request.state.asked = asked.read_bytes()
        yield await to_thread.run_sync(checked, asked, "asked.json", ASKED_LIMIT)
        return
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
    for each, name in files:
        checked(each, name, ARCHIVE_LIMIT)
    name = pack(files, path)
    return checked(path, name, ARCHIVE_LIMIT)
