"""The sync log of a connection, and replaying an attempt."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Path, Query

from api.request_context import Context
from api.shapes.base import Listing, PathId, RefQuery, Shape, ask
from api.shapes.connections.sync_log import AttemptOut, attempt_out
from api.v1.routing import router
from application.tickets.replays import replay_attempt
from integrations.fields import Instant, Words
from models.queries.connections import connections, sync_log
from models.queries.connections.sync_log import LogFilters
from models.queries.pagination import Ask

routes: APIRouter = router("integrations", prefix="/integrations")

Word = Annotated[str, Words(200, one_line=True)]


async def filters(
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
    """Lists the sync log: every attempt in either direction, newest first. ``errors`` keeps failed attempts."""
    context.require_admin("see the sync log")
    await connections.get_integration(context.session, integration_id)
    found = await sync_log.list_attempts(context.session, integration_id, wanted, page)
    return Listing(items=[attempt_out(one) for one in found.items], next_cursor=found.next_cursor)


class ReplayOut(Shape):
    """What is repeated in the background: ``handling`` a webhook, or ``writing`` a ticket."""

    status: Literal["handling", "writing"]


@routes.post("/{integration_id}/deliveries/{number}/replay", status_code=202)
async def replay_delivery(
    context: Context, integration_id: PathId, number: Annotated[int, Path(ge=1, le=2**63 - 1)]
) -> ReplayOut:
    """Processes a stored webhook again, or updates an action item's ticket again. The sync log shows the result."""
    context.require_admin("replay a delivery")
    parts = context.parts
    found = await replay_attempt(context.session, context.viewer, parts.keyring, integration_id, number, context.now)
    context.after_commit.append(lambda: found.signal(parts.dispatch))
    return ReplayOut(status="writing" if found.delivery is None else "handling")
