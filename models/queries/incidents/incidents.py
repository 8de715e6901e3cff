"""Rows of incidents, their services and their responders."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, Select, all_, any_, exists, func, literal_column, not_, select
from sqlalchemy.dialects.postgresql import aggregate_order_by
from sqlalchemy.ext.asyncio import AsyncSession

from domain.access import Viewer
from domain.errors import NotFound
from domain.incidents import triggers
from models.incident import Incident, IncidentResponder, IncidentService
from models.postmortem import Postmortem, PostmortemIncident
from models.queries.access.visibility import BoundViewer, viewer_values, visible_to
from models.queries.pagination import Ask, Order, Page, both_ways, page_of, page_values
from models.queries.people.people import escape_like
from models.queries.prebuilt import Prebuilt, instant_of, json_list, number_of, text_of, texts_of
from models.team import Service, Team, TeamMember


@dataclass(frozen=True, slots=True)
class IncidentFilters:
    """``q`` is words, each of which the title, the external id or a service has. ``has_postmortem`` counts those that
    the viewer can't see as well."""

    status: str | None = None
    urgency: str | None = None
    source: str | None = None
    team_id: str | None = None
    service_id: str | None = None
    started_from: datetime | None = None
    started_to: datetime | None = None
    has_postmortem: bool | None = None
    q: str | None = None
    sort: str = "-createdAt"

    def values(self) -> dict[str, Any]:
        """The parameters of those that were given, by the names in :data:`CONDITIONS`."""
        given: dict[str, Any] = {
            "status": self.status,
            "urgency": self.urgency,
            "source": self.source,
            "team_id": self.team_id,
            "service_id": self.service_id,
            "started_from": self.started_from,
            "started_to": self.started_to,
            "has_postmortem": self.has_postmortem or None,
            "has_no_postmortem": True if self.has_postmortem is False else None,
            "patterns": [f"%{escape_like(one)}%" for one in (self.q or "").split()[:MOST_WORDS]] or None,
        }
        return {name: value for name, value in given.items() if value is not None}


MOST_WORDS = 8


async def get_incident(session: AsyncSession, incident_id: str, *, lock: bool = False) -> Incident:
    incident = await session.get(Incident, incident_id, with_for_update=lock, populate_existing=lock)
    if incident is None:
        raise NotFound(kind="incident", id=incident_id)
    return incident


async def titles_of(session: AsyncSession, incident_ids: Sequence[str]) -> dict[str, str]:
    """By id. Everyone may see every incident."""
    statement = select(Incident.id, Incident.title).where(Incident.id.in_(incident_ids))
    return {row[0]: row[1] for row in await session.execute(statement)} if incident_ids else {}


async def list_titles(session: AsyncSession, status: str, limit: int) -> list[tuple[str, str]]:
    """The ids and titles of the newest ones with that status."""
    statement = select(Incident.id, Incident.title).where(Incident.status == status)
    statement = statement.order_by(Incident.created_at.desc(), Incident.id.desc()).limit(limit)
    return [(key, title) for key, title in (await session.execute(statement)).all()]


@dataclass(frozen=True, slots=True)
class ShownIncident:
    """An incident, and the postmortems of it that the viewer may see, oldest first."""

    id: str
    version: int
    source: str
    external_id: str
    registers: dict[str, Any]
    team_id: str | None
    decision: dict[str, Any] | None
    created_at: datetime
    updated_at: datetime
    postmortem_ids: list[str]


ORDERS = {
    **both_ways("createdAt", Incident.created_at, Incident.id),
    **both_ways("updatedAt", Incident.updated_at, Incident.id),
    **both_ways("startedAt", Incident.started_at, Incident.id),
    "-createdAt": Order("incidents", Incident.created_at, Incident.id),
}
"""Every incident that was reported has a start."""


async def get_shown_incident(session: AsyncSession, viewer: Viewer, incident_id: str) -> ShownIncident:
    """One prebuilt statement. Raises NotFound."""
    statement = _shown(viewer.is_admin, frozenset({"incident_id"}))
    row = await statement.row(session, **viewer_values(viewer), incident_id=incident_id)
    if row is None:
        raise NotFound(kind="incident", id=incident_id)
    return ShownIncident(*row[:-1])


async def list_shown_incidents(
    session: AsyncSession, viewer: Viewer, filters: IncidentFilters, ask: Ask
) -> Page[ShownIncident]:
    """One prebuilt statement. Incidents belong to the organization: everyone who can read sees all of them."""
    page = await fetch_incidents(session, _shown, viewer, filters, ask)
    return Page([ShownIncident(*row[:-1]) for row in page.items], page.next_cursor)


async def fetch_incidents(
    session: AsyncSession,
    built: Callable[[bool, frozenset[str], str], Prebuilt],
    viewer: Viewer,
    filters: IncidentFilters,
    ask: Ask,
) -> Page[Any]:
    """The records of one page; ``built`` gives the statement for a role, the filters' shape, and an order."""
    order = ORDERS[filters.sort]
    values = filters.values() | page_values(order, ask)
    statement = built(viewer.is_admin, frozenset(values), filters.sort)
    return page_of(await statement.rows(session, **viewer_values(viewer), **values), order, ask)


def postmortem_ids(is_admin: bool) -> ColumnElement[list[str]]:
    """The postmortems of an incident that the bound viewer may see, oldest first."""
    ids = func.array_agg(aggregate_order_by(Postmortem.id, Postmortem.created_at, Postmortem.id))
    return (
        select(func.coalesce(ids, literal_column("'{}'::text[]")))
        .join(PostmortemIncident, PostmortemIncident.postmortem_id == Postmortem.id)
        .where(PostmortemIncident.incident_id == Incident.id, visible_to(BoundViewer(is_admin)))
        .correlate(Incident)
        .scalar_subquery()
    )


@cache
def _shown(is_admin: bool, shape: frozenset[str], sort: str = "-createdAt") -> Prebuilt:
    statement: Select[Any] = select(
        Incident.id,
        Incident.version,
        Incident.source,
        Incident.external_id,
        Incident.registers,
        Incident.team_id,
        Incident.decision,
        Incident.created_at,
        Incident.updated_at,
        postmortem_ids(is_admin),
        Incident.started_at,
    )
    return Prebuilt(narrowed(statement, shape, sort))


def narrowed(statement: Select[Any], shape: frozenset[str], sort: str) -> Select[Any]:
    """The incidents that the filters of that shape leave, and one page of them."""
    order = ORDERS[sort]
    conditions = CONDITIONS | {"after": order.after_parameters()}
    statement = statement.where(*(conditions[one] for one in sorted(shape & conditions.keys())))
    if "limit" in shape:
        statement = statement.order_by(*order.clauses()).limit(number_of("limit"))
    return statement


_HAS_POSTMORTEM = exists().where(PostmortemIncident.incident_id == Incident.id)
_SERVICE_NAMES = (
    select(func.coalesce(func.string_agg(Service.name, literal_column("' '")), ""))
    .join(IncidentService, IncidentService.service_id == Service.id)
    .where(IncidentService.incident_id == Incident.id)
    .correlate(Incident)
    .scalar_subquery()
)
CONDITIONS: dict[str, ColumnElement[bool]] = {
    "incident_id": Incident.id == text_of("incident_id"),
    "status": Incident.status == text_of("status"),
    "urgency": Incident.urgency == text_of("urgency"),
    "source": Incident.source == text_of("source"),
    "team_id": Incident.team_id == text_of("team_id"),
    "service_id": exists().where(
        IncidentService.incident_id == Incident.id, IncidentService.service_id == text_of("service_id")
    ),
    "started_from": Incident.started_at >= instant_of("started_from"),
    "started_to": Incident.started_at < instant_of("started_to"),
    "has_postmortem": _HAS_POSTMORTEM,
    "has_no_postmortem": not_(_HAS_POSTMORTEM),
    "patterns": func.concat_ws(" ", Incident.title, Incident.external_id, _SERVICE_NAMES).ilike(
        all_(texts_of("patterns"))
    ),
}


# Their postmortems


async def find_oldest_postmortem_unscoped(session: AsyncSession, incident_id: str) -> str | None:
    """The id of the oldest postmortem that covers the incident."""
    statement = (
        select(Postmortem.id)
        .join(PostmortemIncident, PostmortemIncident.postmortem_id == Postmortem.id)
        .where(PostmortemIncident.incident_id == incident_id)
        .order_by(Postmortem.created_at, Postmortem.id)
        .limit(1)
    )
    return (await session.execute(statement)).scalar_one_or_none()


async def list_postmortem_ids(
    session: AsyncSession, viewer: Viewer, incident_ids: Sequence[str]
) -> dict[str, list[str]]:
    """The postmortems of each incident that the viewer may see, oldest first."""
    statement = (
        select(PostmortemIncident.incident_id, PostmortemIncident.postmortem_id)
        .join(Postmortem, Postmortem.id == PostmortemIncident.postmortem_id)
        .where(PostmortemIncident.incident_id.in_(incident_ids), visible_to(viewer))
        .order_by(Postmortem.created_at, Postmortem.id)
    )
    found: dict[str, list[str]] = {}
    for incident_id, postmortem_id in (await session.execute(statement)).all():
        found.setdefault(incident_id, []).append(postmortem_id)
    return found


# Services, responders and teams


async def is_responder(session: AsyncSession, incident_id: str, person_id: str) -> bool:
    return await session.get(IncidentResponder, (incident_id, person_id)) is not None


async def team_exists(session: AsyncSession, team_id: str) -> bool:
    return await session.get(Team, team_id) is not None


async def list_service_ids(session: AsyncSession, incident_ids: Sequence[str]) -> dict[str, list[str]]:
    """The services of each incident."""
    statement = select(IncidentService).where(IncidentService.incident_id.in_(incident_ids))
    found: dict[str, list[str]] = {}
    for one in (await session.execute(statement.order_by(IncidentService.service_id))).scalars():
        found.setdefault(one.incident_id, []).append(one.service_id)
    return found


@dataclass(frozen=True, slots=True)
class Surroundings:
    """``similar_earlier`` counts incidents of the same services that started within ``RECURRENCE_WINDOW`` before this
    one; ``memberships`` are the pairs of a responder and a team that they belong to."""

    similar_earlier: int
    memberships: list[tuple[str, str]]


async def read_surroundings(
    session: AsyncSession,
    incident_id: str,
    started_at: datetime,
    service_ids: Sequence[str],
    person_ids: Sequence[str],
) -> Surroundings:
    """Of an incident with these services and responders; one prebuilt statement."""
    record = await _SURROUNDINGS.row(
        session,
        incident_id=incident_id,
        since=started_at - triggers.RECURRENCE_WINDOW,
        until=started_at,
        service_ids=list(service_ids),
        person_ids=list(person_ids),
    )
    return Surroundings(record[0], [(person_id, team_id) for person_id, team_id in record[1]])


_SURROUNDINGS = Prebuilt(
    select(
        select(func.count(func.distinct(Incident.id)))
        .join(IncidentService, IncidentService.incident_id == Incident.id)
        .where(
            IncidentService.service_id == any_(texts_of("service_ids")),
            Incident.id != text_of("incident_id"),
            Incident.started_at < instant_of("until"),
            Incident.started_at >= instant_of("since"),
        )
        .scalar_subquery(),
        select(json_list(func.json_build_array(TeamMember.person_id, TeamMember.team_id), TeamMember.person_id))
        .where(TeamMember.person_id == any_(texts_of("person_ids")))
        .scalar_subquery(),
    )
)
