"""Postmortems: the list, a new one, and the page of one."""

from typing import Annotated, Any

from fastapi import Depends, Query, Response

from api.pages.lists import find_typed, read_list
from api.pages.postmortems.reading import show_postmortem
from api.pages.routing import Visit, Visiting, read_form, router, to
from api.pages.showing import attempted, show
from api.shapes.base import PathId, ask
from api.shapes.filters.postmortems import postmortem_filters
from api.shapes.postmortems import PostmortemNew
from application.incidents.opening import create_postmortem
from application.incidents.troubleshooting import feature_check
from domain.documents.formats import Format
from domain.errors import DomainError
from domain.incidents.incident import IncidentStatus
from domain.postmortems.lifecycle import Status
from domain.views import ListName
from models.queries import home
from models.queries.content import templates
from models.queries.incidents import incidents
from models.queries.pagination import Ask
from models.queries.people import teams
from models.queries.postmortems import shown_list
from models.queries.postmortems.shown_list import PostmortemFilters

routes = router()


SORTS = {"status": "status", "createdAt": "createdAt", "updatedAt": "updatedAt"}
"""Columns that the list can be sorted by, and the order's name."""


@routes.get("/postmortems")
async def list_postmortems(
    visit: Visiting,
    page: Annotated[Ask, Depends(ask)],
    filters: Annotated[PostmortemFilters, Depends(postmortem_filters)],
    author: Annotated[str, Query(max_length=300)] = "",
) -> Response:
    """``author`` is what somebody typed; the address that it leads to names the person's id."""
    context = visit.context
    shown = await read_list(visit, ListName.POSTMORTEMS, "-createdAt", {"teamId"})
    refusal = await find_typed(visit, shown, "author", author, "authorId")
    if isinstance(refusal, Response):
        return refusal
    found = await shown_list.list_postmortems(context.session, context.viewer, filters, page, context.now)
    return await show(
        visit,
        "postmortems/postmortems.html",
        refusal,
        list=shown,
        found=found.items,
        next_cursor=found.next_cursor,
        targets=await home.next_targets(context.session, [one.id for one in found.items]),
        sorts=SORTS,
        categories=[(one, one) for one in shown.frame.categories],
        statuses=[one.value for one in Status],
        formats=[(one.value, one.label) for one in Format],
    )


@routes.get("/postmortems/new")
async def new(visit: Visiting) -> Response:
    return await _new_form(visit)


async def _new_form(visit: Visit, refusal: DomainError | None = None) -> Response:
    context = visit.context
    resolved = await incidents.list_titles(context.session, IncidentStatus.RESOLVED.value, 100)
    known = (await teams.list_teams(context.session, Ask(200))).items
    check = await feature_check(context.session, context.viewer, [])
    return await show(
        visit,
        "postmortems/new.html",
        refusal,
        checks=[] if check.passed else [check],
        incidents=resolved,
        teams=known,
        owning={one.id: one for one in known},
        templates=(await templates.list_templates(context.session, context.viewer, Ask(200))).items,
    )


@routes.post("/postmortems")
async def create(visit: Visiting) -> Response:
    given: dict[str, Any] = {}
    if visit.form.get("title", "").strip():
        given["title"] = visit.form["title"]
    if visit.form.get("incident"):
        given["incident_id"] = visit.form["incident"]
    if visit.form.get("team"):
        given["team_ids"] = [visit.form["team"]]
    if visit.form.get("template"):
        given["template_id"] = visit.form["template"]
    made: list[str] = []

    async def work() -> None:
        context, request = visit.context, read_form(PostmortemNew, given).request()
        postmortem_id = await create_postmortem(context.session, context.viewer, request, context.now)
        context.start_workflow_after_commit(postmortem_id)
        made.append(postmortem_id)

    if refusal := await attempted(visit, work()):
        return await _new_form(visit, refusal)
    return to(f"/postmortems/{made[0]}/edit")


@routes.get("/postmortems/{postmortem_id}")
async def read(visit: Visiting, postmortem_id: PathId) -> Response:
    return await show_postmortem(visit, postmortem_id)
