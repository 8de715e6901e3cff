"""Incidents as a list shows them."""

from datetime import datetime
from functools import cache
from typing import NamedTuple

from sqlalchemy import func, literal_column, select
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.ext.asyncio import AsyncSession

from domain.access import Viewer
from domain.incidents.incident import Span
from models.incident import Incident, IncidentService
from models.queries.incidents.incidents import IncidentFilters, fetch_incidents, narrowed, postmortem_ids
from models.queries.pagination import Ask, Page
from models.queries.prebuilt import Prebuilt
from models.team import Service, Team


class ListedIncident(NamedTuple):
    """``services`` are names, ``decision`` is its word, and ``postmortem_ids`` those that the viewer may see, oldest
    first."""

    id: str
    title: str
    status: str
    urgency: str
    started_at: datetime | None
    resolved_at: datetime | None
    team: str | None
    decision: str | None
    source: str
    services: list[str]
    postmortem_ids: list[str]
    created_at: datetime
    updated_at: datetime

    @property
    def duration_minutes(self) -> int | None:
        return Span(self.started_at, self.resolved_at).minutes


async def list_incidents(
    session: AsyncSession, viewer: Viewer, filters: IncidentFilters, ask: Ask
) -> Page[ListedIncident]:
    """One prebuilt statement. Incidents belong to the organization: everyone who can read sees all of them."""
    page = await fetch_incidents(session, _listed, viewer, filters, ask)
    return Page([ListedIncident(*one[: len(ListedIncident._fields)]) for one in page.items], page.next_cursor)


@cache
def _listed(is_admin: bool, shape: frozenset[str], sort: str) -> Prebuilt:
    names = func.array_agg(aggregate_order_by(Service.name, func.lower(Service.name), Service.id))
    services = (
        select(func.coalesce(names, literal_column("'{}'::text[]")))
        .join(IncidentService, IncidentService.service_id == Service.id)
        .where(IncidentService.incident_id == Incident.id)
        .correlate(Incident)
        .scalar_subquery()
    )
    statement = select(
        Incident.id,
        Incident.title,
        Incident.status,
        Incident.urgency,
        Incident.started_at,
        Incident.resolved_at,
        Team.name,
        Incident.decision["decision"].astext,
        Incident.source,
        services,
        postmortem_ids(is_admin),
        Incident.created_at,
        Incident.updated_at,
    ).outerjoin(Team, Team.id == Incident.team_id)
    return Prebuilt(narrowed(statement, shape, sort))
