"""The page of the full-text search, and what fields and the command palette find by name.

Excerpts are pieces of plain text: the page highlights them, never their HTML.
"""

from typing import Annotated, Literal

from fastapi import Query, Response
from fastapi.responses import JSONResponse

from api.pages.routing import Visiting, router
from api.pages.showing import show
from api.rendering import words
from application.search.names import find_by_name
from application.search.search import Hit, search
from domain.content.templates import TITLES
from domain.search.names import NameKind, link_to
from domain.search.query import Place
from models.queries.pagination import Ask
from models.queries.search.names import FoundName
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


Kinds = Literal["people", "postmortems", "action_items", "incidents", "services", "all"]
KINDS: dict[Kinds, tuple[NameKind, ...]] = {
    "people": (NameKind.PERSON,),
    "postmortems": (NameKind.POSTMORTEM,),
    "action_items": (NameKind.ACTION_ITEM,),
    "incidents": (NameKind.INCIDENT,),
    "services": (NameKind.SERVICE,),
    "all": tuple(NameKind),
}


@routes.get("/find")
async def find_names(
    visit: Visiting, kind: Kinds, q: Annotated[str, Query(max_length=100, pattern=r"^[^\x00]*$")] = ""
) -> Response:
    """For our own scripts. ``insert`` is what an editor of Markdown writes for it."""
    context = visit.context
    found = await find_by_name(context.session, context.viewer, KINDS[kind], q)
    base = context.parts.settings.base_url
    return JSONResponse({"items": [_item(one, base) for one in found]}, headers={"Cache-Control": "no-store"})


def _item(one: FoundName, base: str) -> dict[str, str]:
    label, status = one.name, words(one.status) if one.status else None
    match one.kind:
        case NameKind.PERSON:
            hint, address, insert = f"@{one.detail}", f"/settings/people/{one.id}", f"@{one.detail}"
        case NameKind.SERVICE:
            hint, address, insert = one.detail or "", f"/settings/services/{one.id}", one.name
        case _:
            label = f"#{one.number} {one.name}" if one.number else one.name
            hint = " · ".join(part for part in (status, one.detail) if part)
            address = f"/{_FOLDERS[one.kind]}/{one.id}"
            insert = link_to(label, base + address)
    return {"kind": one.kind.value, "id": one.id, "label": label, "hint": hint, "address": address, "insert": insert}


_FOLDERS = {NameKind.POSTMORTEM: "postmortems", NameKind.ACTION_ITEM: "action-items", NameKind.INCIDENT: "incidents"}
