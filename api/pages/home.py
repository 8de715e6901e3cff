"""The first page: what needs the person now."""

from fastapi import Response

from api.pages.action_items import listed
from api.pages.routing import Visiting, router
from api.pages.showing import show
from models.queries import home
from models.queries.action_items import ItemFilters
from models.queries.pagination import Ask
from models.queries.postmortems import postmortems
from models.queries.postmortems.postmortems import Filters

routes = router()


@routes.get("/")
async def first_page(visit: Visiting) -> Response:
    unit = visit.unit
    mine = Filters(author_id=unit.viewer.person_id, status=["DRAFT", "IN_REVIEW"], sort="-updatedAt")
    drafts = await postmortems.list_postmortems(unit.session, unit.viewer, mine, Ask(10), unit.now)
    recent = await postmortems.list_postmortems(unit.session, unit.viewer, Filters(sort="-updatedAt"), Ask(6), unit.now)
    reviews = await home.list_waiting_reviews(unit.session, unit.viewer, 20)
    targets = await home.next_targets(unit.session, [*(one.postmortem for one in drafts.items), *reviews])
    owned = ItemFilters(owner_id=unit.viewer.person_id, status=["OPEN", "IN_PROGRESS"])
    items = await listed(visit, owned, Ask(20))
    return await show(
        visit, "home/home.html", drafts=drafts.items, reviews=reviews, targets=targets, recent=recent.items, **items
    )
