"""The button that has tickets made for all items of a postmortem, on its page."""

from fastapi import Response

from api.pages.review.lifecycle import answered
from api.pages.routing import Visiting, read_form, router
from api.shapes.base import PathId
from api.v1.tickets import batches as api
from api.v1.tickets.batches import TicketsIn

routes = router()


@routes.post("/postmortems/{postmortem_id}/tickets")
async def open_tickets(visit: Visiting, postmortem_id: PathId) -> Response:
    async def work() -> None:
        given = {"integrationId": visit.form.get("integration") or None}
        await api.open_tickets(visit.context, postmortem_id, read_form(TicketsIn, given))

    return await answered(visit, postmortem_id, work(), "#actionItems")
