"""What may be attached to a postmortem, and how it is served."""

import re
import unicodedata

SIZE_LIMIT = 25 * 1024 * 1024
"""Bytes of one attachment."""
TOTAL_LIMIT = 500 * 1024 * 1024
"""Bytes of all attachments of one postmortem."""
PIXELS_LIMIT = 40_000_000
"""Of one image, all its frames together."""
NAME_LIMIT = 200
IMAGE_TYPES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
"""What a browser may draw on a page of ours. Everything else is a download."""
BINARY = "application/octet-stream"
_ACTIVE = re.compile(r"html|xml|svg|script|flash|x-java|wasm|hta", re.I)
_NOT_IN_NAMES = re.compile(r'[\x00-\x1f\x7f/\\:*?"<>|\u2028\u2029\u202a-\u202e\u2066-\u2069]+')


def markdown_for(attachment_id: str, filename: str, media_type: str) -> str:
    """What is written into a text to show an image, or to link another file."""
    said = re.sub(r"[\[\]\\]", "", filename)
    return f"{'!' if media_type in IMAGE_TYPES else ''}[{said}](attachment:{attachment_id})"


def clean_filename(given: str, fallback: str = "file") -> str:
    """The last part of a path, without what no file system or header can hold. Never empty."""
    name = unicodedata.normalize("NFC", given.replace("\\", "/").rsplit("/", 1)[-1])
    name = _NOT_IN_NAMES.sub("_", name).strip(" .")
    stem, dot, ending = name.rpartition(".")
    if dot and len(ending) <= 10:
        return f"{stem[: NAME_LIMIT - len(ending) - 1]}.{ending}" if stem else fallback
    return name[:NAME_LIMIT] or fallback


def served_type(media_type: str) -> str:
    """The Content-Type of a download: what a browser could run is sent as plain bytes."""
    return BINARY if _ACTIVE.search(media_type) else media_type


def object_key(attachment_id: str) -> str:
    """Where the object store keeps the file."""
    return f"attachments/{attachment_id}"


def thumbnail_key(attachment_id: str) -> str:
    return f"thumbnails/{attachment_id}"
