"""Services: their names and aliases, and merging two that are one."""

from typing import Annotated

from fastapi import Depends, Response

from api.pages.routing import Visit, Visiting, read_form, router, to
from api.pages.showing import attempted, show
from api.shapes.base import PathId, ask
from api.shapes.people import MergeIn
from application.people import services
from domain.errors import DomainError
from models.queries.pagination import Ask
from models.queries.people import services as service_queries
from models.queries.people import teams

routes = router()

ALL = Ask(200)


@routes.get("/settings/services")
async def list_services(visit: Visiting, page: Annotated[Ask, Depends(ask)]) -> Response:
    return await _shown(visit, page)


async def _shown(visit: Visit, page: Ask, refusal: DomainError | None = None) -> Response:
    context = visit.context
    context.require_admin("manage services")
    found = await service_queries.list_services(context.session, page)
    owners = [one.team_id for one in found.items if one.team_id]
    return await show(
        visit,
        "people/services.html",
        refusal,
        services=found.items,
        next_cursor=found.next_cursor,
        aliases=await service_queries.list_aliases(context.session, [one.id for one in found.items]),
        teams=await teams.teams_by_id(context.session, owners),
        targets=(await service_queries.list_services(context.session, ALL)).items,
    )


@routes.post("/settings/services/{service_id}/merge")
async def merge(visit: Visiting, service_id: PathId) -> Response:
    context = visit.context
    context.require_admin("merge services")

    async def work() -> None:
        given = read_form(MergeIn, {"into": visit.form.get("into")})
        await services.merge_service(context.session, context.viewer, service_id, given.into)

    if refusal := await attempted(visit, work()):
        return await _shown(visit, ALL, refusal)
    return to("/settings/services")
