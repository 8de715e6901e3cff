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
    context = visit.context
    mine = Filters(author_id=context.viewer.person_id, status=["DRAFT", "IN_REVIEW"], sort="-updatedAt")
    drafts = await postmortems.list_postmortems(context.session, context.viewer, mine, Ask(10), context.now)
    recent = await postmortems.list_postmortems(
        context.session, context.viewer, Filters(sort="-updatedAt"), Ask(6), context.now
    )
    reviews = await home.list_waiting_reviews(context.session, context.viewer, 20)
    targets = await home.next_targets(context.session, [*(one.postmortem for one in drafts.items), *reviews])
    owned = ItemFilters(owner_id=context.viewer.person_id, status=["OPEN", "IN_PROGRESS"])
    items = await listed(visit, owned, Ask(20))
    return await show(
        visit, "home/home.html", drafts=drafts.items, reviews=reviews, targets=targets, recent=recent.items, **items
    )
