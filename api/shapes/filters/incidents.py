"""Filters of lists of incidents."""

from typing import Annotated, Literal

from fastapi import Query

from api.shapes.base import InstantQuery, RefQuery, SearchQuery
from domain.incidents.incident import IncidentStatus, Urgency
from models.queries.incidents.incidents import IncidentFilters

Sort = Literal["-createdAt", "createdAt", "-updatedAt", "updatedAt", "-startedAt", "startedAt"]


async def incident_filters(
    status: IncidentStatus | None = None,
    urgency: Urgency | None = None,
    source: Annotated[str | None, Query(max_length=50, pattern=r"^[^\x00]*$")] = None,
    team_id: Annotated[RefQuery, Query(alias="teamId")] = None,
    service_id: Annotated[RefQuery, Query(alias="serviceId")] = None,
    started_from: Annotated[InstantQuery | None, Query(alias="startedFrom")] = None,
    started_to: Annotated[InstantQuery | None, Query(alias="startedTo")] = None,
    has_postmortem: Annotated[bool | None, Query(alias="hasPostmortem")] = None,
    q: SearchQuery = None,
    sort: Sort = "-createdAt",
) -> IncidentFilters:
    return IncidentFilters(
        status=status,
        urgency=urgency,
        source=source,
        team_id=team_id,
        service_id=service_id,
        started_from=started_from,
        started_to=started_to,
        has_postmortem=has_postmortem,
        q=q,
        sort=sort,
    )
