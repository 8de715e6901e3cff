"""Services: their names, aliases and teams, confirming one that a report named, and merging two that are one."""

from typing import Annotated, Any, Literal

from fastapi import Depends, Query, Response

from api.pages.form_fields import sent_version
from api.pages.routing import Visit, Visiting, read_form, router, to
from api.pages.showing import attempted, show
from api.shapes.base import PathId, SearchQuery, ask
from api.shapes.people import MergeIn, ServiceNew, ServicePatch
from application.people import services
from domain.errors import DomainError
from models.queries.pagination import Ask
from models.queries.people import services as service_queries
from models.queries.people import teams
from models.team import Service

routes = router()

LIST = "/settings/services"
ALL = Ask(200)
Shown = Literal["all", "confirmed", "unconfirmed"]


@routes.get(LIST)
async def list_services(
    visit: Visiting,
    page: Annotated[Ask, Depends(ask)],
    q: SearchQuery = None,
    shown: Annotated[Shown, Query(alias="show")] = "all",
) -> Response:
    session = visit.context.session
    active = {"confirmed": True, "unconfirmed": False}.get(shown)
    found = await service_queries.list_services(session, page, q=q, active=active)
    return await show(
        visit,
        "people/services.html",
        services=found.items,
        next_cursor=found.next_cursor,
        aliases=await service_queries.list_aliases(session, [one.id for one in found.items]),
        teams=await teams.teams_by_id(session, [one.team_id for one in found.items if one.team_id]),
        q=q or "",
        shown=shown,
    )


@routes.get(f"{LIST}/new")
async def new(visit: Visiting, team: Annotated[str, Query(max_length=100)] = "") -> Response:
    return await _new_form(visit, team=team)


async def _new_form(visit: Visit, refusal: DomainError | None = None, team: str = "") -> Response:
    """``team`` is the one whose page led here."""
    visit.context.require_admin("add a service")
    return await show(visit, "people/new_service.html", refusal, teams=await _teams(visit), team=team)


async def _teams(visit: Visit, own: str | None = None) -> dict[str, str]:
    """Names of the teams that may own a service, among them the one that does."""
    session = visit.context.session
    found = {one.id: one.name for one in (await teams.list_teams(session, ALL)).items}
    return found | {one.id: one.name for one in (await teams.teams_by_id(session, [own] if own else [])).values()}


@routes.post(f"{LIST}/new")
async def create(visit: Visiting) -> Response:
    context = visit.context
    context.require_admin("add a service")
    made: list[str] = []

    async def work() -> None:
        given = read_form(ServiceNew, {"name": visit.form.get("name", ""), "teamId": visit.form.get("team") or None})
        service = await services.create_service(context.session, context.viewer, name=given.name, team_id=given.team_id)
        made.append(service.id)

    if refusal := await attempted(visit, work()):
        return await _new_form(visit, refusal)
    return to(f"{LIST}/{made[0]}?saved=1")


@routes.get(f"{LIST}/{{service_id}}")
async def show_service(
    visit: Visiting, service_id: PathId, saved: Annotated[str, Query(max_length=1)] = ""
) -> Response:
    service = await service_queries.get_service(visit.context.session, service_id)
    if service.id != service_id:  # it was merged
        return to(f"{LIST}/{service.id}")
    return await _shown(visit, service, saved=saved == "1")


async def _shown(
    visit: Visit, service: Service, refusal: DomainError | None = None, *, saved: bool = False
) -> Response:
    session, form = visit.context.session, visit.form
    aliases = (await service_queries.list_aliases(session, [service.id])).get(service.id, [])
    stored = {"name": service.name, "team": service.team_id or "", "aliases": "\n".join(aliases)}
    is_typed = refusal is not None and form.get("form") == "service"
    return await show(
        visit,
        "people/service.html",
        refusal,
        service=service,
        aliases=aliases,
        given={name: form.get(name, "") for name in stored} if is_typed else stored,
        teams=await _teams(visit, service.team_id),
        targets=[one for one in (await service_queries.list_services(session, ALL)).items if one.id != service.id],
        saved=saved,
    )


async def _answered(visit: Visit, service_id: str, work: Any, done: str) -> Response:
    if refusal := await attempted(visit, work):
        return await _shown(visit, await service_queries.get_service(visit.context.session, service_id), refusal)
    return to(done)


@routes.post(f"{LIST}/{{service_id}}")
async def save(visit: Visiting, service_id: PathId) -> Response:
    """Saves the form; a service that no one has confirmed is confirmed by that."""
    context, form = visit.context, visit.form
    context.require_admin("change a service")

    async def work() -> None:
        aliases = [line.strip() for line in form.get("aliases", "").split("\n") if line.strip()]
        sent = {"name": form.get("name", ""), "teamId": form.get("team") or None, "aliases": aliases}
        changes = read_form(ServicePatch, sent).given()
        await services.change_service(context.session, context.viewer, service_id, changes, sent_version(form))

    return await _answered(visit, service_id, work(), f"{LIST}/{service_id}?saved=1")


@routes.post(f"{LIST}/{{service_id}}/merge")
async def merge(visit: Visiting, service_id: PathId) -> Response:
    context = visit.context
    context.require_admin("merge services")

    async def work() -> None:
        given = read_form(MergeIn, {"into": visit.form.get("into")})
        await services.merge_service(context.session, context.viewer, service_id, given.into)

    return await _answered(visit, service_id, work(), f"{LIST}/{visit.form.get('into', '')[:100]}?saved=1")
