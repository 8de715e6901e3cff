"""Incidents: what happened, whether it needs a postmortem, and opening one."""

from typing import Annotated

from fastapi import Depends, Response

from api.pages.postmortems.form_answers import answered
from api.pages.routing import Visit, Visiting, router, to
from api.pages.showing import attempted, show
from api.shapes.base import PathId, ask
from api.shapes.incidents import incident_out
from application.incidents import news, opening
from application.incidents.troubleshooting import creation_checks
from domain.comments.formatting import Passage
from domain.errors import DomainError
from domain.incidents.incident import IncidentStatus
from models.queries import home
from models.queries.incidents import incidents
from models.queries.incidents.incidents import IncidentFilters
from models.queries.pagination import Ask

routes = router()


@routes.get("/incidents")
async def list_incidents(
    visit: Visiting, page: Annotated[Ask, Depends(ask)], status: IncidentStatus | None = None
) -> Response:
    context = visit.context
    found = await incidents.list_incidents(context.session, IncidentFilters(status=status), page)
    linked = await incidents.list_postmortem_ids(context.session, context.viewer, [one.id for one in found.items])
    shown = [incident_out(one, linked.get(one.id, [])) for one in found.items]
    return await show(visit, "incidents/incidents.html", incidents=shown, next_cursor=found.next_cursor, status=status)


@routes.get("/incidents/{incident_id}")
async def read(visit: Visiting, incident_id: PathId) -> Response:
    return await _shown(visit, incident_id)


async def _shown(visit: Visit, incident_id: str, refusal: DomainError | None = None) -> Response:
    context = visit.context
    incident = await incidents.get_incident(context.session, incident_id)
    linked = (await incidents.list_postmortem_ids(context.session, context.viewer, [incident_id])).get(incident_id, [])
    covered = bool(linked) or await incidents.find_oldest_postmortem_unscoped(context.session, incident_id) is not None
    shown = incident_out(incident, linked)
    return await show(
        visit,
        "incidents/incident.html",
        refusal,
        texts_to_format={"read_as": {"description": Passage(shown.description)} if shown.description else {}},
        incident=shown,
        titles=await home.titles_of(context.session, context.viewer, linked),
        checks=await creation_checks(context.session, context.viewer, incident),
        covered=covered,
    )


@routes.post("/incidents/{incident_id}/postmortem")
async def open_postmortem(visit: Visiting, incident_id: PathId) -> Response:
    opened: list[str] = []

    async def work() -> None:
        context = visit.context
        postmortem_id = await opening.open_from_incident(context.session, context.viewer, incident_id, context.now)
        context.start_workflow_after_commit(postmortem_id)
        opened.append(postmortem_id)

    if refusal := await attempted(visit, work()):
        return await _shown(visit, incident_id, refusal)
    return to(f"/postmortems/{opened[0]}")


@routes.post("/postmortems/{postmortem_id}/duration")
async def take_times(visit: Visiting, postmortem_id: PathId) -> Response:
    context = visit.context

    async def work() -> None:
        if await news.take_times(context.session, context.viewer, postmortem_id, context.now):
            context.start_workflow_after_commit(postmortem_id)

    return await answered(visit, postmortem_id, work(), "")
