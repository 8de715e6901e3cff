"""Filters of lists of incidents."""

from typing import Annotated

from fastapi import Query

from api.shapes.base import RefQuery
from domain.incidents.incident import IncidentStatus
from models.queries.incidents.incidents import IncidentFilters


async def incident_filters(
    status: IncidentStatus | None = None,
    source: Annotated[str | None, Query(max_length=50, pattern=r"^[^\x00]*$")] = None,
    team_id: Annotated[RefQuery, Query(alias="teamId")] = None,
) -> IncidentFilters:
    return IncidentFilters(status=status, source=source, team_id=team_id)
