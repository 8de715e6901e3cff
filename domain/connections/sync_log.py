"""Rules of the sync log."""


def is_replayable(direction: str, operation: str, delivery_id: str | None, item_id: str | None) -> bool:
    """Whether an attempt of the sync log can be made again: it was about a single delivery, or a single ticket."""
    if operation == "replay":
        return False
    return delivery_id is not None if direction == "IN" else item_id is not None
