"""Similar postmortems: a page of their own, and a card that the postmortem's page reads from it once it is in sight."""

from fastapi import Response

from api.pages.routing import Visiting, router
from api.pages.showing import show
from api.shapes.base import PathId
from application.search import similar
from domain.action_items.action_item import ActionItemStatus, is_overdue
from models.queries.people import people
from models.queries.postmortems import postmortems

routes = router()

MOST = 5


@routes.get("/postmortems/{postmortem_id}/similar")
async def show_similar(visit: Visiting, postmortem_id: PathId) -> Response:
    context = visit.context
    visible = await postmortems.get_visible(context.session, context.viewer, postmortem_id)
    found = await similar.list_similar(context.session, context.viewer, visible, MOST)
    open_items = [item for one in found for item in one.open_items]
    return await show(
        visit,
        "postmortems/similar.html",
        postmortem=visible.postmortem,
        similar=found,
        people=await people.people_by_id(context.session, [item.owner_id for item in open_items]),
        overdue={one.id for one in open_items if is_overdue(ActionItemStatus(one.status), one.due_on, context.now)},
    )
