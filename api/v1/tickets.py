"""Tickets for all action items of a postmortem at once, and how far that is."""

from fastapi import APIRouter

from api import commands
from api.request_context import Context
from api.shapes.base import PathId
from api.shapes.tickets import ProgressOut, TicketsIn, progress_out
from api.v1.routing import router
from application.tickets import batches
from models.queries.postmortems import postmortems

routes: APIRouter = router("action items", prefix="/postmortems")


@routes.post("/{postmortem_id}/tickets", status_code=202)
async def add_postmortem_tickets(
    context: Context, postmortem_id: PathId, given: TicketsIn | None = None
) -> ProgressOut:
    """Creates tickets in the background, a few at a time. Calling it again creates missing tickets and retries
    refused ones; existing tickets stay."""
    given = given or TicketsIn()
    await commands.open_tickets(context, postmortem_id, given.integration_id, given.item_ids)
    return progress_out(await batches.list_progress(context.session, postmortem_id))


@routes.get("/{postmortem_id}/tickets")
async def get_postmortem_tickets(context: Context, postmortem_id: PathId) -> ProgressOut:
    """Shows the progress of tickets created together."""
    await postmortems.get_visible(context.session, context.viewer, postmortem_id)
    return progress_out(await batches.list_progress(context.session, postmortem_id))
