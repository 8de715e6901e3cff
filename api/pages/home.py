"""The first page: what needs the person now. And their inbox."""

from fastapi import Response

from api.pages.action_items import listed
from api.pages.routing import Visiting, router, to
from api.pages.showing import show
from api.v1.shapes import PathId
from models.queries import home, notices, postmortems
from models.queries.action_items import ItemFilters
from models.queries.pages import Ask
from models.queries.postmortems import Filters

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
        visit, "home.html", drafts=drafts.items, reviews=reviews, targets=targets, recent=recent.items, **items
    )


@routes.get("/inbox")
async def inbox(visit: Visiting, cursor: str | None = None) -> Response:
    unit = visit.unit
    found = await notices.list_notices(unit.session, unit.viewer, Ask(50, cursor))
    titles = await home.titles_of(unit.session, unit.viewer, [one.postmortem_id for one in found.items])
    return await show(visit, "inbox.html", notices=found, titles=titles)


@routes.post("/inbox/{notice_id}/read")
async def mark_read(visit: Visiting, notice_id: PathId) -> Response:
    await notices.mark_read(visit.unit.session, visit.unit.viewer, notice_id, visit.unit.now)
    return to("/inbox")
