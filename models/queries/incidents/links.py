"""The incidents that a postmortem is about: linking one more, and unlinking it again."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain import access
from domain.access import Viewer
from domain.errors import IncidentNotResolved, NotFound
from domain.incidents import incident as incidents
from domain.incidents.incident import IncidentState, IncidentStatus
from domain.postmortems import first_draft
from domain.postmortems.first_draft import EntrySource
from domain.postmortems.lifecycle import Status
from models.incident import Incident, IncidentResponder, IncidentService
from models.postmortem import (
    PostmortemIncident,
    PostmortemParticipant,
    PostmortemService,
    PostmortemTeam,
    TimelineEvent,
)
from models.queries.incidents.incidents import get_incident, new_events, prefilled
from models.queries.postmortems.postmortems import (
    VisiblePostmortem,
    add_events,
    add_links,
    audit_seen,
    content_changed,
    take_picked,
)
from models.queries.timeline import sort_out_doubles
from models.team import Service


async def list_linked(session: AsyncSession, seen: VisiblePostmortem) -> list[Incident]:
    """In the order in which they were linked."""
    statement = (
        select(Incident)
        .join(PostmortemIncident, PostmortemIncident.incident_id == Incident.id)
        .where(PostmortemIncident.postmortem_id == seen.postmortem.id)
        .order_by(PostmortemIncident.ordinal, Incident.id)
    )
    return list((await session.execute(statement)).scalars())


async def link_incident(
    session: AsyncSession, viewer: Viewer, seen: VisiblePostmortem, incident_id: str, now: datetime
) -> bool:
    """Adds a resolved incident's timeline, services, teams and people; the row must be locked.

    False if it was linked already. Raises EditingClosed, NotFound, IncidentNotResolved.
    """
    access.check_edit(Status(seen.postmortem.status), seen.relations)
    incident = await get_incident(session, incident_id)
    before = await list_linked(session, seen)
    if incident_id in {one.id for one in before}:
        return False
    if incident.status != IncidentStatus.RESOLVED:
        raise IncidentNotResolved(status=incident.status, incident_id=incident.id)
    ordinal = select(func.coalesce(func.max(PostmortemIncident.ordinal), -1) + 1)
    ordinal = ordinal.where(PostmortemIncident.postmortem_id == seen.postmortem.id)
    row = {"postmortem_id": seen.postmortem.id, "incident_id": incident_id, "ordinal": ordinal.scalar_subquery()}
    await session.execute(insert(PostmortemIncident).values(row))
    await add_links(session, await prefilled(session, [incident], seen.postmortem.id, seen.postmortem.author_id))
    events = await _add_timeline(session, seen, incident, named=bool(before))
    events += await _add_picked(session, seen, incident_id)
    await _recount(session, seen)
    audit_seen(session, viewer, seen, "incident.linked", after={"incidentId": incident_id, "events": events})
    await content_changed(session, seen, now)
    return True


async def _add_timeline(session: AsyncSession, seen: VisiblePostmortem, incident: Incident, *, named: bool) -> int:
    """What the timeline does not tell already."""
    columns = (TimelineEvent.at, TimelineEvent.event, TimelineEvent.actor)
    statement = select(*columns).where(TimelineEvent.postmortem_id == seen.postmortem.id)
    told = {(row[0], row[1], row[2]) for row in (await session.execute(statement)).all()}
    merged = IncidentState.from_json(incident.registers).incident()
    entries = sorted(first_draft.entries(merged, named=named), key=lambda one: one.at)
    new = [one for one in entries if (one.at, one.event, one.actor) not in told]
    return len(await add_events(session, seen.postmortem.id, new_events([incident], new)))


async def _add_picked(session: AsyncSession, seen: VisiblePostmortem, incident_id: str) -> int:
    picked = await take_picked(session, [incident_id])
    return len(await add_events(session, seen.postmortem.id, (await sort_out_doubles(session, seen, picked)).new))


async def unlink_incident(
    session: AsyncSession, viewer: Viewer, seen: VisiblePostmortem, incident_id: str, now: datetime
) -> None:
    """Takes the incident away, and what only it brought; the row must be locked.

    What another linked incident tells or brings too is that one's from now on; an event that somebody edited is a
    person's. Raises EditingClosed, NotFound.
    """
    access.check_edit(Status(seen.postmortem.status), seen.relations)
    removed = await session.execute(
        delete(PostmortemIncident)
        .where(PostmortemIncident.postmortem_id == seen.postmortem.id, PostmortemIncident.incident_id == incident_id)
        .returning(PostmortemIncident.incident_id)
    )
    if removed.scalar_one_or_none() is None:
        raise NotFound(kind="linked incident", id=incident_id)
    remaining = await list_linked(session, seen)
    gone: dict[str, Any] = {"incidentId": incident_id}
    gone["events"] = await _take_timeline(session, seen, incident_id, remaining)
    for brought in await _brought(session, [one.id for one in remaining]):
        gone[brought.name] = await _take_links(session, seen, incident_id, brought)
    await _recount(session, seen)
    audit_seen(session, viewer, seen, "incident.unlinked", before=gone)
    await content_changed(session, seen, now)


async def _take_timeline(
    session: AsyncSession, seen: VisiblePostmortem, incident_id: str, remaining: Sequence[Incident]
) -> int:
    """How many events went."""
    theirs = (TimelineEvent.postmortem_id == seen.postmortem.id, TimelineEvent.incident_id == incident_id)
    edited = or_(TimelineEvent.version > 1, TimelineEvent.source != EntrySource.INCIDENT.value)
    await session.execute(update(TimelineEvent).where(*theirs, edited).values(incident_id=None))
    columns = (TimelineEvent.id, TimelineEvent.at, TimelineEvent.event, TimelineEvent.actor)
    rows = (await session.execute(select(*columns).where(*theirs))).all()
    for incident in remaining:
        merged = IncidentState.from_json(incident.registers).incident()
        told = {(one.at, one.event, one.actor) for one in first_draft.entries(merged, named=len(remaining) > 1)}
        shared = [row[0] for row in rows if (row[1], row[2], row[3]) in told]
        if shared:
            moved = update(TimelineEvent).where(*theirs, TimelineEvent.id.in_(shared))
            await session.execute(moved.values(incident_id=incident.id))
    went = await session.execute(delete(TimelineEvent).where(*theirs).returning(TimelineEvent.id))
    return len(went.scalars().all())


@dataclass(frozen=True, slots=True)
class _Brought:
    """One kind of link, and which of the remaining incidents brings which of them."""

    name: str
    table: type[Any]
    column: str
    by: dict[str, str]


async def _brought(session: AsyncSession, incident_ids: Sequence[str]) -> list[_Brought]:
    services = select(IncidentService.service_id, IncidentService.incident_id)
    services = services.where(IncidentService.incident_id.in_(incident_ids))
    people = select(IncidentResponder.person_id, IncidentResponder.incident_id)
    people = people.where(IncidentResponder.incident_id.in_(incident_ids))
    named = select(Incident.team_id, Incident.id).where(Incident.id.in_(incident_ids), Incident.team_id.is_not(None))
    owning = (
        select(Service.team_id, IncidentService.incident_id)
        .join(IncidentService, IncidentService.service_id == Service.id)
        .where(IncidentService.incident_id.in_(incident_ids), Service.team_id.is_not(None))
    )

    async def found(*statements: Any) -> dict[str, str]:
        return {row[0]: row[1] for one in statements for row in (await session.execute(one)).all()}

    return [
        _Brought("services", PostmortemService, "service_id", await found(services)),
        _Brought("participants", PostmortemParticipant, "person_id", await found(people)),
        _Brought("teams", PostmortemTeam, "team_id", await found(named, owning)),
    ]


async def _take_links(session: AsyncSession, seen: VisiblePostmortem, incident_id: str, brought: _Brought) -> list[str]:
    """The ids that went."""
    table, column = brought.table, getattr(brought.table, brought.column)
    theirs = (table.postmortem_id == seen.postmortem.id, table.incident_id == incident_id)
    for other_id in set(brought.by.values()):
        shared = [one for one, it in brought.by.items() if it == other_id]
        await session.execute(update(table).where(*theirs, column.in_(shared)).values(incident_id=other_id))
    went = await session.execute(delete(table).where(*theirs).returning(column))
    return sorted(went.scalars())


async def _recount(session: AsyncSession, seen: VisiblePostmortem) -> None:
    """Duration and resolution follow from all linked incidents; the impact's duration where nobody wrote another."""
    postmortem, linked = seen.postmortem, await list_linked(session, seen)
    span = incidents.covering(incidents.Span(one.started_at, one.resolved_at) for one in linked)
    metrics = dict(postmortem.impact_metrics)
    if metrics.get("durationMinutes") == postmortem.duration_minutes:
        metrics.pop("durationMinutes", None)
        if span.minutes is not None:
            metrics["durationMinutes"] = span.minutes
        postmortem.impact_metrics = metrics
    postmortem.duration_minutes = span.minutes
    postmortem.incident_resolved_at = span.resolved_at
