"""The switch that turns postmortems on and off for the organization."""

from fastapi import Response

from api.pages.routing import Visit, Visiting, router, to
from api.pages.showing import attempted, show
from api.shapes.base import expected_version
from application.postmortems.switch import switch_postmortems
from domain.errors import DomainError
from models.queries.pagination import Ask
from models.queries.people import teams
from models.queries.people.organization import get_organization

routes = router()


@routes.get("/settings/postmortems")
async def show_switch(visit: Visiting) -> Response:
    return await _shown(visit)


async def _shown(visit: Visit, refusal: DomainError | None = None) -> Response:
    session = visit.context.session
    return await show(
        visit,
        "postmortems/settings.html",
        refusal,
        organization=await get_organization(session),
        disabled=[one for one in (await teams.list_teams(session, Ask(200))).items if not one.postmortems_enabled],
        saved=visit.request.query_params.get("saved") == "1",
    )


@routes.post("/settings/postmortems")
async def switch(visit: Visiting) -> Response:
    context, form = visit.context, visit.form
    context.require_admin("change the settings of postmortems")

    async def work() -> None:
        await switch_postmortems(
            context.session,
            context.viewer,
            enabled=form.get("enabled") == "yes",
            expected_version=expected_version(form.get("version", "")),
            now=context.now,
        )

    if refusal := await attempted(visit, work()):
        return await _shown(visit, refusal)
    return to("/settings/postmortems?saved=1")
