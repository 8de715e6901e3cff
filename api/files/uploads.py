"""Files that people send: received into a folder of their own, examined in another process, and stored.

Nothing of a file is in this process's memory for longer than it takes to write it down. The folder goes with the
request, whatever becomes of it.
"""

import hashlib
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from anyio import open_file, to_thread
from fastapi import Request
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException

from api.request_context import ContextRoute, Parts, RequestContext, bearer
from application.access.tokens import check_token
from application.documents import attachments
from application.documents.attachments import NewFile
from domain.access import Viewer
from domain.documents.attachments import SIZE_LIMIT
from domain.errors import FileEmpty, FileMissing, FileTooLarge, NotSignedIn
from models.base import derived_id, new_id
from models.queries.documents.attachments import ShownAttachment

LONGEST_NAME = 1000


@dataclass(frozen=True, slots=True)
class Upload:
    """A file that was received. ``sha256`` is of the bytes as they came."""

    path: Path
    filename: str
    size: int
    sha256: bytes


class UploadRoute(ContextRoute):
    """Receives a file before the transaction begins, from people who are signed in."""

    @asynccontextmanager
    async def received(self, request: Request) -> AsyncIterator[bytes]:
        if request.method != "POST":
            yield await request.body()
            return
        parts: Parts = request.app.state.parts
        async with parts.sessions() as session:
            token = bearer(request.headers.get("Authorization", ""))
            signed_in = await check_token(session, token, datetime.now(UTC), "api")
            if signed_in is None:
                raise NotSignedIn()
        self.check_sender(signed_in.viewer)
        with tempfile.TemporaryDirectory(prefix="afterword-upload-") as folder:
            async with self.receive(request, Path(folder)) as upload:
                request.state.upload = upload
                yield upload.filename.encode("utf-8", "surrogatepass") + b"\n" + upload.sha256

    def check_sender(self, viewer: Viewer) -> None:
        """Before anything is received."""

    @asynccontextmanager
    async def receive(self, request: Request, folder: Path) -> AsyncIterator[Upload]:
        """The field ``file`` of a form, or the body itself. Raises FileMissing, FileEmpty or FileTooLarge."""
        path = folder / "file"
        kind = request.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        if kind == "multipart/form-data":
            yield await received_in_form(request, path)
        elif kind == "application/x-www-form-urlencoded":
            raise FileMissing()
        else:
            await write_body(request, path, SIZE_LIMIT)
            yield await to_thread.run_sync(checked, path, request.query_params.get("filename", ""))


async def received_in_form(request: Request, path: Path) -> Upload:
    """Of the field ``file``. Raises FileMissing, FileEmpty or FileTooLarge."""
    try:
        form = await request.form(max_files=1, max_fields=20)
    except HTTPException:
        raise FileMissing() from None
    found = form.get("file")
    if not isinstance(found, UploadFile):
        raise FileMissing()
    await to_thread.run_sync(write_file, found, path)
    await form.close()
    return await to_thread.run_sync(checked, path, found.filename or "")


def checked(path: Path, name: str, limit: int = SIZE_LIMIT) -> Upload:
    """In a thread. Raises FileEmpty or FileTooLarge."""
    size = path.stat().st_size
    if size == 0:
        raise FileEmpty()
    if size > limit:
        raise FileTooLarge(limit=limit)
    with path.open("rb") as file:
        return Upload(path, name[:LONGEST_NAME], size, hashlib.file_digest(file, "sha256").digest())


async def write_body(request: Request, path: Path, limit: int) -> None:
    """Raises FileTooLarge."""
    size = 0
    async with await open_file(path, "wb") as file:
        async for piece in request.stream():
            size += len(piece)
            if size > limit:
                raise FileTooLarge(limit=limit)
            await file.write(piece)


def write_file(source: UploadFile, path: Path) -> None:
    """In a thread."""
    source.file.seek(0)
    with path.open("wb") as target:
        shutil.copyfileobj(source.file, target, 1024 * 1024)


async def attach(
    context: RequestContext, postmortem_id: str, upload: Upload, *, is_for_comment: bool
) -> ShownAttachment:
    """Examines the file, stores it and shows it; each transaction ends before what it waits for.

    Raises what the use case raises, and ImageUnreadable or StorageUnavailable."""
    session, viewer, now, store = context.session, context.viewer, context.now, context.parts.objects
    file = NewFile(upload.filename, upload.size, is_for_comment)
    attachment_id = derived_id("att", context.request_id) if context.key else new_id("att")
    await attachments.check_upload(session, viewer, postmortem_id, file)
    examined = await context.outside(lambda: attachments.examine_file(upload.path, upload.size))
    await attachments.begin_upload(session, viewer, postmortem_id, attachment_id, file, examined, now)
    await context.outside(lambda: attachments.store_file(store, attachment_id, examined))
    return await attachments.finish_upload(session, viewer, attachment_id, now)
