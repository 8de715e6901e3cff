"""Images and files beside an imported document become attachments of its postmortem.

May run twice: ids and keys are derived.
"""

import re
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import anyio

from application.documents.attachments import examine_file, store_file
from domain.documents.attachments import SIZE_LIMIT, clean_filename
from domain.documents.importing.document import LineKind, ReadDocument, ReportLine, line_of
from domain.documents.importing.images import files_beside, with_images
from domain.errors import DomainError
from integrations.files import Examined
from integrations.object_store import ObjectStore
from models.base import derived_id

_OWN_NAME = re.compile(r"^att_[a-z0-9]{26}-")
"""What our own archives put before the name of a file."""


@dataclass(frozen=True, slots=True)
class Illustrated:
    """The document with its texts referring to attachments, the rows of these, and what the report says of them."""

    read: ReadDocument
    attachments: tuple[Mapping[str, Any], ...] = ()
    report: tuple[ReportLine, ...] = ()


async def take_images(
    store: ObjectStore,
    archive: zipfile.ZipFile,
    folder: Path,
    name: str,
    postmortem_id: str,
    read: ReadDocument,
    *,
    dry_run: bool,
) -> Illustrated:
    """``folder`` holds each file while it is examined. Raises StorageUnavailable."""
    ids: dict[str, str] = {}
    rows: dict[str, Mapping[str, Any]] = {}
    report: list[ReportLine] = []
    for reference, beside in files_beside(read, name).items():
        path = beside.path
        attachment_id = derived_id("att", postmortem_id, path)
        target = folder / attachment_id
        try:
            size = await anyio.to_thread.run_sync(_extract, archive, path, target)
            examined = await examine_file(target, size)
        except (KeyError, ValueError, zipfile.BadZipFile, RuntimeError, NotImplementedError, DomainError) as problem:
            if isinstance(problem, KeyError) and not beside.is_image:
                continue  # a link to a file that is not in the archive stays unchanged
            said = "isn't in the archive" if isinstance(problem, KeyError) else str(problem)
            report.append(line_of(None, LineKind.UNPLACED, "attachment", f"File {reference}: {said}"))
            continue
        if not dry_run:
            await store_file(store, attachment_id, examined)
        ids[reference] = attachment_id
        rows[attachment_id] = _row(attachment_id, postmortem_id, path, examined)
        report.append(line_of(None, LineKind.PLACED, "attachment", f"File {reference}"))
        for one in (target, Path(examined.path), *([Path(examined.thumbnail)] if examined.thumbnail else [])):
            one.unlink(missing_ok=True)
    return Illustrated(with_images(read, ids), tuple(rows.values()), tuple(report))


def _extract(archive: zipfile.ZipFile, path: str, target: Path) -> int:
    """Its number of bytes. Raises KeyError where there is no such file, and ValueError where it is too large."""
    with archive.open(path) as source:
        content = source.read(SIZE_LIMIT + 1)
    if len(content) > SIZE_LIMIT:
        raise ValueError(f"It is larger than {SIZE_LIMIT // 1024**2} MB")
    return target.write_bytes(content)


def _row(attachment_id: str, postmortem_id: str, path: str, examined: Examined) -> Mapping[str, Any]:
    return {
        "id": attachment_id,
        "postmortem_id": postmortem_id,
        "filename": clean_filename(_OWN_NAME.sub("", path.rpartition("/")[2]), "file"),
        "media_type": examined.media_type,
        "size": examined.size,
        "sha256": examined.sha256,
        "width": examined.width,
        "height": examined.height,
        "is_for_comment": False,
        "is_kept": True,
    }


def attachment_rows(illustrated: Illustrated, person_id: str | None, now: datetime) -> list[dict[str, Any]]:
    """Visible at once, because their bytes are stored already."""
    when = {"ready_at": now, "checked_at": now, "uploaded_by": person_id}
    return [
        {**one, **when, "created_at": now + timedelta(microseconds=place)}  # which keeps their order
        for place, one in enumerate(illustrated.attachments)
    ]
