"""Response shape of the sync log."""

from datetime import datetime
from typing import Literal

from api.shapes.base import Shape
from domain.connections.sync_log import is_replayable
from models.integration import SyncAttempt


class AttemptOut(Shape):
    """``requestId`` is the vendor's request id, for its support. If ``replayable``, POST to ``/replay``."""

    id: int
    at: datetime
    direction: Literal["IN", "OUT"]
    operation: str
    result: str
    detail: str | None
    action_item_id: str | None
    delivery_id: str | None
    request_id: str | None
    replayable: bool


def attempt_out(row: SyncAttempt) -> AttemptOut:
    replayable = is_replayable(row.direction, row.operation, row.delivery_id, row.action_item_id)
    columns = {name: getattr(row, name) for name in AttemptOut.model_fields if name != "replayable"}
    return AttemptOut.model_validate(columns | {"replayable": replayable})
