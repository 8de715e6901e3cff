"""Tickets for all action items of a postmortem in one go, and how far that is."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter
from pydantic import Field

from api.request_context import Context, RequestContext
from api.shapes.base import Given, PathId, Ref, Shape
from api.v1.routing import router
from domain.action_items.action_item import LinkState
from integrations import registry
from models.queries.connections import connections
from models.queries.postmortems import postmortems
from models.queries.tickets import batches as ticket_batches
from models.queries.tickets.batches import Progress

routes: APIRouter = router("action items", prefix="/postmortems")


class TicketsIn(Given):
    """A ticket for each open action item, or for those in ``itemIds``. ``integrationId`` may be left out where there is
    only one tracker."""

    integration_id: Ref | None = None
    item_ids: Annotated[list[Ref], Field(max_length=500)] | None = None


class RefusedOut(Shape):
    action_item_id: str
    description: str
    link_state: LinkState
    detail: str | None


class BatchOut(Shape):
    """How far it is in one connection."""

    integration_id: str
    total: int
    done: int
    pending: int
    refused: list[RefusedOut]
    asked_at: datetime
    finished_at: datetime | None


class ProgressOut(Shape):
    """``total`` tickets were asked for: ``done`` are there, ``pending`` are on their way, the others were refused, each
    with the tracker's reason. ``batches`` says the same by connection."""

    total: int
    done: int
    pending: int
    refused: list[RefusedOut]
    batches: list[BatchOut]


def _batch_out(one: Progress) -> BatchOut:
    return BatchOut(
        integration_id=one.batch.integration_id,
        total=one.total,
        done=one.done,
        pending=one.pending,
        refused=[RefusedOut.model_validate(it) for it in one.refused],
        asked_at=one.batch.created_at,
        finished_at=one.batch.finished_at,
    )


async def _progress(context: RequestContext, postmortem_id: str) -> ProgressOut:
    batches = [_batch_out(one) for one in await ticket_batches.list_progress(context.session, postmortem_id)]
    return ProgressOut(
        total=sum(one.total for one in batches),
        done=sum(one.done for one in batches),
        pending=sum(one.pending for one in batches),
        refused=[it for one in batches for it in one.refused],
        batches=batches,
    )


@routes.post("/{postmortem_id}/tickets", status_code=202)
async def open_tickets(context: Context, postmortem_id: PathId, given: TicketsIn | None = None) -> ProgressOut:
    """They are made in the background, a few at a time. Asked for again, it makes what is missing and tries again what
    was refused; what is there stays."""
    given = given or TicketsIn()
    seen = await postmortems.get_visible(context.session, context.viewer, postmortem_id, lock=True)
    ticket_batches.check_may_ask(seen)
    integration = await connections.get_one_of(context.session, registry.tracker_kinds(), given.integration_id)
    batch = await ticket_batches.ask_for_tickets(
        context.session, context.viewer, seen, integration, given.item_ids, context.now
    )
    batch_id = batch.id
    context.after_commit.append(lambda: context.parts.dispatch.start_ticket_batch(batch_id))
    return await _progress(context, postmortem_id)


@routes.get("/{postmortem_id}/tickets")
async def get_tickets(context: Context, postmortem_id: PathId) -> ProgressOut:
    """How far the tickets are that were asked for in one go."""
    await postmortems.get_visible(context.session, context.viewer, postmortem_id)
    return await _progress(context, postmortem_id)
