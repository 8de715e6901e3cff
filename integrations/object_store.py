"""Where files lie: a folder, S3, or what else obstore speaks to. https://developmentseed.org/obstore/

Keys are ids of ours, never words of a caller: the store of a folder follows symbolic links, and keeps no content type.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import structlog
from obstore.exceptions import BaseError, NotFoundError
from obstore.store import LocalStore, from_url

from domain.errors import StorageUnavailable

log = structlog.get_logger()

PIECE = 256 * 1024
"""Bytes that are read at a time."""
TIMEOUT = timedelta(seconds=20)
RETRY_FOR = timedelta(seconds=10)


class StoreMisconfigured(Exception):
    """The address of the object store can't be used; the text says why, for whoever starts the process."""


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file that is being read: its bytes, and how many there are."""

    size: int
    pieces: AsyncIterator[bytes]


class ObjectStore:
    """One for each process."""

    def __init__(self, address: str) -> None:
        """``file:///var/lib/afterword/objects``, ``s3://bucket/folder``: credentials of S3 come from the AWS variables
        of the environment. Raises StoreMisconfigured."""
        self._store: Any = _opened(address)

    async def put(self, key: str, source: Path | bytes) -> None:
        """Writes the whole of it, or nothing. Raises StorageUnavailable."""
        try:
            await self._store.put_async(key, source)
        except (BaseError, OSError) as error:
            raise _unavailable(error) from error

    async def open(self, key: str) -> StoredFile | None:
        """None where there is no such file. Raises StorageUnavailable."""
        try:
            found = await self._store.get_async(key)
        except (NotFoundError, FileNotFoundError):
            return None
        except (BaseError, OSError) as error:
            raise _unavailable(error) from error
        return StoredFile(found.meta["size"], _pieces(found))

    async def read(self, key: str) -> bytes | None:
        """The whole file in memory. Raises StorageUnavailable."""
        found = await self.open(key)
        return None if found is None else b"".join([one async for one in found.pieces])

    async def delete(self, key: str) -> None:
        """One that is not there is deleted. Raises StorageUnavailable."""
        try:
            await self._store.delete_async(key)
        except (NotFoundError, FileNotFoundError):
            return
        except (BaseError, OSError) as error:
            raise _unavailable(error) from error


def _unavailable(error: Exception) -> StorageUnavailable:
    log.warning("object store unavailable", reason=str(error).strip().partition("\n")[0][:300])
    return StorageUnavailable()


async def _pieces(found: Any) -> AsyncIterator[bytes]:
    async for piece in found.stream(min_chunk_size=PIECE):
        yield bytes(piece)


def _opened(address: str) -> Any:
    parts = urlsplit(address)
    try:
        if parts.scheme == "file":
            return LocalStore(Path(unquote(parts.path)), mkdir=True)
        if not parts.scheme or parts.scheme == "memory":
            raise StoreMisconfigured(f"AFTERWORD_OBJECT_STORE can't be {address!r}: use file:///folder or s3://bucket")
        options: Any = {"timeout": TIMEOUT, "connect_timeout": timedelta(seconds=3), "allow_http": True}
        retries: Any = {"max_retries": 3, "retry_timeout": RETRY_FOR}
        return from_url(address, client_options=options, retry_config=retries)
    except (BaseError, ValueError, OSError) as error:
        said = str(error).strip().splitlines()
        raise StoreMisconfigured(f"AFTERWORD_OBJECT_STORE can't be used: {said[0] if said else error}") from None
