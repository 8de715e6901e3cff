"""The page of the full-text search. Excerpts are pieces of plain text: the page highlights them, never their HTML."""

from typing import Annotated

from fastapi import Query, Response

from api.pages.routing import Visiting, router
from api.pages.showing import show
from application.search.search import Hit, search
from domain.content.templates import TITLES
from domain.search.query import Place
from models.queries.pagination import Ask
from models.queries.search.search import Match

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
    context, typed = visit.context, q.strip()
    found = await search(context.session, context.viewer, typed, kind, Ask(20, cursor), context.now) if typed else None
    return await show(
        visit, "search/search.html", q=typed, kind=kind or "", found=found, places=PLACES, spot=address_of, said=name_of
    )


def address_of(hit: Hit, match: Match) -> str:
    """The address of the place."""
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


def name_of(match: Match) -> str:
    """The name of the place; a custom section is named by its key."""
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
