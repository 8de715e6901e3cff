"""The sync log of a connection: every attempt in either direction, and making one again."""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Path, Query

from api.request_context import Context
from api.shapes.base import Listing, PathId, Shape, ask
from api.v1.postmortems.postmortems import RefQuery
from api.v1.routing import router
from domain.errors import NothingToReplay
from integrations import registry
from integrations.fields import Instant, Words
from models.integration import SyncAttempt
from models.queries.connections import connections, sync_log
from models.queries.connections.sync_log import LogFilters
from models.queries.pagination import Ask
from runtime.deliveries import find_item_of

routes: APIRouter = router("integrations", prefix="/integrations")

Word = Annotated[str, Words(200, one_line=True)]


class AttemptOut(Shape):
    """``requestId`` is the vendor's own id of the request, for its support. ``replayable``: POST to ``/replay``."""

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
    known = {name: getattr(row, name) for name in AttemptOut.model_fields if name != "replayable"}
    return AttemptOut.model_validate(known | {"replayable": is_replayable(row)})


def is_replayable(row: SyncAttempt) -> bool:
    if row.operation == "replay":
        return False
    return row.delivery_id is not None if row.direction == "IN" else row.action_item_id is not None


def filters(
    direction: Literal["IN", "OUT"] | None = None,
    operation: Annotated[Word | None, Query()] = None,
    result: Annotated[Word | None, Query()] = None,
    errors: bool | None = None,
    action_item_id: Annotated[RefQuery, Query(alias="actionItemId")] = None,
    delivery_id: Annotated[Word | None, Query(alias="deliveryId")] = None,
    since: Instant | None = None,
    until: Instant | None = None,
) -> LogFilters:
    return LogFilters(direction, operation, result, errors, action_item_id, delivery_id, since, until)


@routes.get("/{integration_id}/deliveries")
async def list_deliveries(
    context: Context,
    integration_id: PathId,
    wanted: Annotated[LogFilters, Depends(filters)],
    page: Annotated[Ask, Depends(ask)],
) -> Listing[AttemptOut]:
    """The sync log: every attempt in either direction, newest first. ``errors`` asks for what went wrong."""
    context.require_admin("see the sync log of")
    await connections.get_integration(context.session, integration_id)
    found = await sync_log.list_attempts(context.session, integration_id, wanted, page)
    return Listing(items=[attempt_out(one) for one in found.items], next_cursor=found.next_cursor)


class ReplayOut(Shape):
    """What is done again, in the background: ``handling`` a delivery, or ``writing`` a ticket."""

    status: Literal["handling", "writing"]


@routes.post("/{integration_id}/deliveries/{number}/replay", status_code=202)
async def replay(
    context: Context, integration_id: PathId, number: Annotated[int, Path(ge=1, le=2**63 - 1)]
) -> ReplayOut:
    """Handles a recorded delivery once more, or writes an item's ticket once more. The log tells how that went."""
    context.require_admin("replay what was sent by")
    await connections.get_connected(context.session, integration_id)
    attempt = await sync_log.get_attempt(context.session, integration_id, number)
    if not is_replayable(attempt):
        raise NothingToReplay(number=number, why="it was about no single delivery or ticket.")
    if attempt.direction == "OUT":
        item_id = await sync_log.replay_out(context.session, context.viewer, attempt, context.now)
        context.after_commit.append(lambda: context.parts.dispatch.start_action_item(item_id))
        return ReplayOut(status="writing")
    delivery = await sync_log.replay_in(context.session, context.viewer, attempt, context.now)
    if delivery.kind in registry.tracker_kinds():  # what is not signalled here, the worker's drain takes up
        about = await find_item_of(context.session, context.parts.keyring, delivery)
        if about is not None:
            told, opened = about, delivery.id
            context.after_commit.append(lambda: context.parts.dispatch.tell_of_ticket(told, opened))
    return ReplayOut(status="handling")
