"""The JSON API of the full-text search."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Query

from api.request_context import Context
from api.shapes.base import Listing, Shape
from api.v1.routing import router
from application.search.search import Hit, search
from application.search.similar import Similar
from domain.postmortems.lifecycle import Status
from domain.search.query import Place
from models.queries.pagination import Ask

routes: APIRouter = router("search", prefix="/search")

Words = Annotated[str, Query(min_length=1, max_length=500, pattern=r"^[^\x00]*$")]


class Piece(Shape):
    """Plain text, never HTML. ``hit`` marks a match."""

    text: str
    hit: bool


class MatchOut(Shape):
    """Where the match is: ``section`` names the section, ``id`` is that of the event, comment, or action item."""

    kind: Place
    section: str | None
    id: str | None
    excerpt: list[Piece]


class FoundPostmortem(Shape):
    id: str
    number: int
    title: str
    status: Status
    url: str
    created_at: datetime


def found_postmortem(one: Hit | Similar, base_url: str) -> FoundPostmortem:
    return FoundPostmortem(
        id=one.id,
        number=one.number,
        title=one.title,
        status=Status(one.status),
        url=f"{base_url}/postmortems/{one.id}",
        created_at=one.created_at,
    )


class SearchHit(Shape):
    postmortem: FoundPostmortem
    matches: list[MatchOut]


class SearchResults(Listing[SearchHit]):
    """``complete`` is false if there are more matches than were ranked. The newest are ranked; refine your search to
    see others."""

    complete: bool


@routes.get("")
async def search_all(
    context: Context,
    q: Words,
    kind: Place | None = None,
    limit: Annotated[int, Query(ge=1, le=50)] = 20,
    cursor: Annotated[str | None, Query(max_length=2000)] = None,
) -> SearchResults:
    """Searches titles, tags, sections, timelines, comments, and action items of the postmortems that you can see, best
    matches first.

    Results contain all words: `"a phrase"` within one place, `or` between alternatives, `-` to exclude a word. `kind`
    searches places of that kind only. At most 200 matches are ranked.
    """
    found = await search(context.session, context.viewer, q, kind, Ask(limit, cursor), context.now)
    base_url = context.parts.settings.base_url
    items = [
        SearchHit(
            postmortem=found_postmortem(one, base_url),
            matches=[
                MatchOut(
                    kind=match.place,
                    section=match.section,
                    id=match.id,
                    excerpt=[Piece(text=piece.text, hit=piece.hit) for piece in match.excerpt],
                )
                for match in one.matches
            ],
        )
        for one in found.items
    ]
    return SearchResults(items=items, next_cursor=found.next_cursor, complete=found.is_complete)
