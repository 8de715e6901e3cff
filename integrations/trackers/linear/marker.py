"""The ids that Linear lets us choose, made of our marker."""

import hashlib
import uuid

IDS_OF_A_MARKER = 5


def id_for_marker(marker: str, place: int) -> str:
    """A UUID v4 that is always the same for this marker; ``place`` counts further ones."""
    seed = f"afterword:{marker}" if place == 0 else f"afterword:{marker}:{place}"
    return str(uuid.UUID(bytes=hashlib.sha256(seed.encode()).digest()[:16], version=4))
