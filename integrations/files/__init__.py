"""What an uploaded file is. The process that looks at it loads Pillow, and no other one does."""

from dataclasses import dataclass
from importlib import import_module


@dataclass(frozen=True, slots=True)
class Examined:
    """``path`` holds what is to be kept: ``size`` bytes whose SHA-256 is ``sha256``. Only images have a width, a height
    and a thumbnail."""

    path: str
    media_type: str
    size: int
    sha256: str
    width: int | None = None
    height: int | None = None
    thumbnail: str | None = None


def examine(path: str) -> Examined:
    """Looks at the file, and writes an image anew beside it. Raises ImageUnreadable."""
    found: Examined = import_module("integrations.files.examining").examine(path)
    return found
