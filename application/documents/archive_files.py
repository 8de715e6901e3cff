"""The zip that an import reads: the one that was sent, or a new one made of single documents."""

import zipfile
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from domain.documents.attachments import clean_filename
from domain.documents.jobs import ENTRIES_LIMIT, UNPACKED_LIMIT
from domain.errors import ArchiveUnreadable


def pack(files: Sequence[tuple[Path, str]], target: Path) -> str:
    """Makes ``target`` of files with their names; what to call it. A single zip is moved there. In a thread.

    Raises ArchiveUnreadable.
    """
    if len(files) == 1 and zipfile.is_zipfile(files[0][0]):
        files[0][0].rename(target)
        _check(target)
        return files[0][1]
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for place, (each, name) in enumerate(files):
            if zipfile.is_zipfile(each):
                raise ArchiveUnreadable(problem="one of several files is a zip")
            archive.write(each, _inner_name(name, place))
    _check(target)
    return files[0][1] if len(files) == 1 else f"{len(files)} files"


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
