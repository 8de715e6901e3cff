"""The list of incidents, and postmortems for several of them at once."""

from dataclasses import replace
from functools import partial
from typing import Annotated

from fastapi import Depends, Response

from api import bulk
from api.pages.incidents.forms import may_report
from api.pages.lists import change_selected, read_list, some_selected
from api.pages.routing import Visiting, router
from api.pages.showing import show
from api.request_context import RequestContext
from api.shapes.base import ask
from api.shapes.filters.incidents import incident_filters
from application.incidents import opening
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
    context = visit.context

    async def work() -> list[bulk.Result]:
        return await bulk.change_each(context, some_selected(visit.form, "incident"), _open)

    titles = partial(incidents.titles_of, context.session)
    return await change_selected(visit, "incidents/bulk.html", "/incidents", work, titles)


async def _open(context: RequestContext, incident_id: str) -> None:
    postmortem_id = await opening.open_from_incident(context.session, context.viewer, incident_id, context.now)
    context.start_workflow_after_commit(postmortem_id)
