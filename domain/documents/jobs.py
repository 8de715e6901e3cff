"""Archives and imports, which are made in the background."""

from datetime import timedelta
from enum import StrEnum

KEPT_FOR = timedelta(days=7)
"""How long an archive can be downloaded, and what an import has read is kept."""
ARCHIVE_LIMIT = 500 * 1024 * 1024
"""Bytes of a file that is imported."""
UNPACKED_LIMIT = 4 * 1024**3
ENTRIES_LIMIT = 20_000
DOCUMENT_LIMIT = 4 * 1024 * 1024
"""Bytes of one document in it."""


class JobKind(StrEnum):
    EXPORT = "EXPORT"
    IMPORT = "IMPORT"


class JobState(StrEnum):
    QUEUED = "QUEUED"
    RUNNING = "RUNNING"
    DONE = "DONE"
    FAILED = "FAILED"

    @property
    def is_over(self) -> bool:
        return self in {JobState.DONE, JobState.FAILED}


def archive_key(job_id: str) -> str:
    """Where the object store keeps what a job has made, or reads."""
    return f"archives/{job_id}"
