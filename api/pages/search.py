"""Search over everything, as a page. Excerpts come as pieces of plain text: the page marks them, nobody's HTML does."""

from typing import Annotated

from fastapi import Query, Response

from api.pages.routing import Visiting, router
from api.pages.showing import show
from domain.content.templates import TITLES
from domain.search.query import Place
from models.queries.pagination import Ask
from models.queries.search import search
from models.queries.search.search import Hit, Match

routes = router()

PLACES = {
    "": "Everything",
    Place.TITLE: "Titles",
    Place.SECTION: "Sections",
    Place.TIMELINE: "Timelines",
    Place.COMMENT: "Comments",
    Place.ACTION_ITEM: "Action items",
}


@routes.get("/search")
async def search_everything(
    visit: Visiting,
    q: Annotated[str, Query(max_length=500, pattern=r"^[^\x00]*$")] = "",
    kind: Place | None = None,
    cursor: Annotated[str | None, Query(max_length=2000)] = None,
) -> Response:
    context, asked = visit.context, q.strip()
    found = (
        await search.search(context.session, context.viewer, asked, kind, Ask(20, cursor), context.now)
        if asked
        else None
    )
    return await show(
        visit, "search/search.html", q=asked, kind=kind or "", found=found, places=PLACES, spot=spot, said=said
    )


def spot(hit: Hit, match: Match) -> str:
    """Where the words stand."""
    address = f"/postmortems/{hit.id}"
    match match.place:
        case Place.SECTION:
            return f"{address}#{match.section}"
        case Place.ACTION_ITEM:
            return f"/action-items/{match.id}"
        case Place.TIMELINE:
            return f"{address}#e-{match.id}"
        case Place.COMMENT:
            return f"{address}#c-{match.id}"
    return address


def said(match: Match) -> str:
    """What the place is called; a section of one's own template is named by its key."""
    section = TITLES.get(match.section or "", match.section or "")
    match match.place:
        case Place.SECTION:
            return section
        case Place.COMMENT:
            return f"Comment on {section}" if section else "Comment"
        case Place.TIMELINE:
            return "Timeline"
        case Place.ACTION_ITEM:
            return "Action item"
    return "Title"
