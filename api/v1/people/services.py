"""Services, and the team that owns each."""

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response

from api.request_context import Context, RequestContext
from api.shapes.base import IfMatch, Listing, PathId, RefQuery, ask, expected_version, tag
from api.shapes.people import MergeIn, ServiceFull, ServiceNew, ServicePatch, service_out
from api.v1.routing import router
from application.people import services
from models.queries.pagination import Ask
from models.queries.people import services as service_queries
from models.team import Service

routes: APIRouter = router("people", prefix="")

Paging = Annotated[Ask, Depends(ask)]


@routes.get("/services")
async def list_services(
    context: Context, page: Paging, team_id: Annotated[RefQuery, Query(alias="teamId")] = None
) -> Listing[ServiceFull]:
    """Lists services. ``active`` is false for services that a webhook mentioned but no one has confirmed."""
    found = await service_queries.list_services(context.session, page, team_id=team_id)
    aliases = await service_queries.list_aliases(context.session, [one.id for one in found.items])
    items = [service_out(one, aliases.get(one.id, [])) for one in found.items]
    return Listing(items=items, next_cursor=found.next_cursor)


async def _answer(context: RequestContext, service: Service, response: Response) -> ServiceFull:
    tag(response, service.version)
    aliases = await service_queries.list_aliases(context.session, [service.id])
    return service_out(service, aliases.get(service.id, []))


@routes.post("/services", status_code=201)
async def create_service(context: Context, given: ServiceNew, response: Response) -> ServiceFull:
    """Creates a service, or confirms the one that a webhook created under this name. Administrators only."""
    context.require_admin("add a service")
    service = await services.create_service(context.session, context.viewer, name=given.name, team_id=given.team_id)
    response.headers["Location"] = f"/api/services/{service.id}"
    return await _answer(context, service, response)


@routes.get("/services/{service_id}")
async def get_service(context: Context, service_id: PathId, response: Response) -> ServiceFull:
    """Returns a service, with the other names that reports use for it."""
    service = await service_queries.get_service(context.session, service_id)
    return await _answer(context, service, response)


@routes.patch("/services/{service_id}")
async def update_service(
    context: Context, service_id: PathId, given: ServicePatch, response: Response, if_match: IfMatch = None
) -> ServiceFull:
    """Changes a service: its name, team, or aliases."""
    context.require_admin("change a service")
    await given.check_unchanged(lambda: get_service(context, service_id, response))
    service = await services.change_service(
        context.session, context.viewer, service_id, given.given(), expected_version(if_match)
    )
    return await _answer(context, service, response)


@routes.post("/services/{service_id}/merge")
async def merge_service(context: Context, service_id: PathId, given: MergeIn, response: Response) -> ServiceFull:
    """Makes this service an alias of another one, which takes over its incidents and postmortems.

    Administrators only.
    """
    context.require_admin("merge services")
    kept = await services.merge_service(context.session, context.viewer, service_id, given.into)
    return await _answer(context, kept, response)
