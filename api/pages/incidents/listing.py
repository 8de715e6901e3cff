"""The list of incidents, and postmortems for several of them at once."""

from dataclasses import replace
from typing import Annotated, cast

from fastapi import Depends, Response

from api import bulk
from api.pages.incidents.forms import may_report
from api.pages.lists import read_list, selected, some_selected
from api.pages.routing import Visiting, local_path, router, to
from api.pages.showing import attempted, show
from api.request_context import RequestContext
from api.shapes.base import ask
from api.shapes.filters.incidents import incident_filters
from application.incidents import opening
from domain.errors import DomainError
from domain.incidents.incident import IncidentStatus, Urgency
from domain.views import ListName
from models.queries.incidents import incidents, listed
from models.queries.incidents.incidents import IncidentFilters
from models.queries.pagination import Ask

routes = router()

SORTS = {"startedAt": "startedAt", "createdAt": "createdAt", "updatedAt": "updatedAt"}
"""Columns that the list can be sorted by, and the order's name."""


@routes.get("/incidents")
async def list_incidents(
    visit: Visiting,
    page: Annotated[Ask, Depends(ask)],
    filters: Annotated[IncidentFilters, Depends(incident_filters)],
) -> Response:
    """The latest start first, unless another order is asked for."""
    context = visit.context
    shown = await read_list(visit, ListName.INCIDENTS, "-startedAt", {"teamId", "status"})
    found = await listed.list_incidents(context.session, context.viewer, replace(filters, sort=shown.sort), page)
    return await show(
        visit,
        "incidents/incidents.html",
        list=shown,
        found=found.items,
        next_cursor=found.next_cursor,
        sorts=SORTS,
        statuses=[one.value for one in IncidentStatus],
        urgencies=[one.value for one in Urgency],
        may_report=may_report(visit),
        opens_some=any(one.status == IncidentStatus.RESOLVED and not one.postmortem_ids for one in found.items),
    )


@routes.post("/incidents/bulk")
async def open_several(visit: Visiting) -> Response:
    """A postmortem for each resolved incident that was selected. Shows those that got none, and why."""
    context, form = visit.context, visit.form
    back = local_path(form.get("back", "/incidents"))
    results: list[bulk.Result] = []

    async def work() -> None:
        results.extend(await bulk.change_each(context, some_selected(form, "incident"), _open))

    refusal = await attempted(visit, work())
    refused = [one for one in results if one.refusal]
    if refusal is None and not refused:
        return to(back)
    titles = await incidents.titles_of(context.session, [one.id for one in refused])
    return await show(
        visit,
        "incidents/bulk.html",
        refusal,
        back=back,
        count=len(results) - len(refused),
        refused=[(one.id, titles.get(one.id), cast("DomainError", one.refusal)) for one in refused],
        selected=selected(form),
    )


async def _open(context: RequestContext, incident_id: str) -> None:
    postmortem_id = await opening.open_from_incident(context.session, context.viewer, incident_id, context.now)
    context.start_workflow_after_commit(postmortem_id)
