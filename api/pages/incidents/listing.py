"""The list of incidents."""

from dataclasses import replace
from typing import Annotated

from fastapi import Depends, Response

from api.pages.incidents.forms import may_report
from api.pages.lists import read_list
from api.pages.routing import Visiting, router
from api.pages.showing import show
from api.shapes.base import ask
from api.shapes.filters.incidents import incident_filters
from domain.incidents.incident import IncidentStatus, Urgency
from domain.views import ListName
from models.queries.incidents import listed
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
    )
