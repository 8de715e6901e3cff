"""The button that has tickets made for all items of a postmortem, on its page."""

from fastapi import Response

from api import commands
from api.pages.postmortems.form_answers import answered
from api.pages.routing import Visiting, read_form, router
from api.shapes.base import PathId
from api.shapes.tickets import TicketsIn

routes = router()


@routes.post("/postmortems/{postmortem_id}/tickets")
async def open_tickets(visit: Visiting, postmortem_id: PathId) -> Response:
    async def work() -> None:
        given = read_form(TicketsIn, {"integrationId": visit.form.get("integration") or None})
        await commands.open_tickets(visit.context, postmortem_id, given.integration_id, given.item_ids)

    return await answered(visit, postmortem_id, work(), "#actionItems")
