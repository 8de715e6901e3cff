"""The home page: what the signed-in person has to do next."""

from fastapi import Response

from api.pages.action_items.rows import listed
from api.pages.routing import Visiting, router
from api.pages.showing import show
from application.home import read_home
from models.queries.action_items_filtered import ItemFilters
from models.queries.pagination import Ask

routes = router()


@routes.get("/")
async def show_home(visit: Visiting) -> Response:
    context = visit.context
    home = await read_home(context.session, context.viewer, context.now)
    own = ItemFilters(owner_id=context.viewer.person_id, status=["OPEN", "IN_PROGRESS"])
    items = await listed(visit, own, Ask(20))
    return await show(
        visit,
        "home/home.html",
        drafts=home.drafts,
        reviews=home.reviews,
        targets=home.targets,
        recent=home.recent,
        own_overdue=home.own_overdue,
        team_overdue=home.team_overdue,
        waiting_accounts=home.waiting_accounts,
        set_up=home.set_up,
        **items,
    )
