"""Incidents: taking a report in, deciding about a postmortem, and opening the required one."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain import access
from domain.access import Deed, Viewer
from domain.errors import IncidentNotResolved, NotAllowed, NotFound, PostmortemExists
from domain.incidents import incident as incidents
from domain.incidents import triggers
from domain.incidents.incident import IncidentReport, IncidentState, IncidentStatus
from domain.incidents.triggers import Decision, Facts, Outcome
from domain.postmortems import first_draft
from domain.postmortems.first_draft import Candidate, DraftEntry
from models.base import derived_id, new_id
from models.incident import Incident, IncidentResponder, IncidentService
from models.person import Person
from models.postmortem import (
    Postmortem,
    PostmortemIncident,
)
from models.queries.access.visibility import visible_to
from models.queries.audit.records import audit
from models.queries.pagination import Ask, Order, Page, fetch_page
from models.queries.people.people import ensure_people, find_team_leads, list_administrators
from models.queries.people.teams import ensure_services
from models.queries.postmortems.first_drafts import lock_untouched, refresh
from models.queries.postmortems.postmortems import NewPostmortem, NewTimelineEvent, open_postmortem
from models.team import Service, Team, TeamMember


@dataclass(frozen=True, slots=True)
class Received:
    """What a report led to. ``postmortem_id`` is one that was opened, or refreshed before anybody wrote in it."""

    incident: Incident
    is_new: bool
    postmortem_id: str | None = None
    opened: bool = False


async def lock_all(session: AsyncSession, reports: Sequence[IncidentReport], now: datetime) -> None:
    """Takes every lock that receiving these will take, in the order in which everybody does: incidents, services,
    people, each sorted. Reports that are received together would else wait for each other's."""
    for report in sorted(reports, key=lambda one: (one.source, one.external_id)):
        await _lock_or_add(session, report, None, now)
    await ensure_services(session, [name for one in reports for name in one.services])
    await ensure_people(session, [(it.email, it.name) for one in reports for it in one.responders])


async def receive(
    session: AsyncSession,
    viewer: Viewer | None,
    report: IncidentReport,
    now: datetime,
    *,
    incident_id: str | None = None,
    postmortem_id: str | None = None,
    origin: str | None = None,
) -> Received:
    """Merges a report into its incident, under the incident's lock; opens the postmortem that it requires.

    The same report again changes nothing, in whatever order reports come. The ids are made where none are given.
    """
    incident, is_new = await _lock_or_add(session, report, incident_id, now)
    before = IncidentState.from_json(incident.registers) if incident.registers else None
    state = incidents.merge(before, report)
    incident.registers = state.to_json()
    if before is not None and before.incident() == state.incident():
        return Received(incident, is_new=False)
    incident.updated_at = now
    if not is_new:
        incident.version += 1
    services, people = await _project(session, incident, state)
    action = "incident.reported" if is_new else "incident.updated"
    told = {"status": incident.status, "title": incident.title}
    audit(session, viewer, action, "incident", incident.id, origin=origin, after=told)
    if incident.status != IncidentStatus.RESOLVED:
        incident.decision = None
        return Received(incident, is_new)
    decision = await decide(session, incident)
    incident.decision = decision_json(decision)
    await session.flush()
    postmortem_id = postmortem_id or derived_id("pm", incident.id)
    untouched = await lock_untouched(session, postmortem_id)
    if untouched is None and decision.outcome is not Outcome.REQUIRED:
        return Received(incident, is_new)
    new = await _prefilled(session, [incident], postmortem_id, None, services, people)
    if untouched is not None:
        await refresh(session, untouched, new, now, origin=origin)
        return Received(incident, is_new, postmortem_id)
    if not await open_postmortem(session, None, new, now):  # a person has begun to write
        return Received(incident, is_new)
    return Received(incident, is_new, postmortem_id, opened=True)


async def _lock_or_add(
    session: AsyncSession, report: IncidentReport, incident_id: str | None, now: datetime
) -> tuple[Incident, bool]:
    values = {
        "id": incident_id or new_id("inc"),
        "source": report.source,
        "external_id": report.external_id,
        "registers": {},
        "title": report.title or report.external_id,
        "status": "OPEN",
        "urgency": "LOW",
        "created_at": now,
        "updated_at": now,
    }
    added = insert(Incident).values(**values)
    await session.execute(added.on_conflict_do_nothing(index_elements=["source", "external_id"]))
    statement = select(Incident).where(Incident.source == report.source, Incident.external_id == report.external_id)
    statement = statement.with_for_update().execution_options(populate_existing=True)
    incident = (await session.execute(statement)).scalar_one()
    return incident, not incident.registers


async def _project(
    session: AsyncSession, incident: Incident, state: IncidentState
) -> tuple[Sequence[Service], Sequence[Person]]:
    """Writes the columns and link tables that follow from the merged document."""
    merged = state.incident()
    services = await ensure_services(session, merged.services)
    people = await ensure_people(session, [(one.email, one.name) for one in merged.responders])
    incident.title, incident.status, incident.urgency = merged.title, merged.status.value, merged.urgency.value
    incident.started_at, incident.resolved_at = merged.started_at, merged.resolved_at
    incident.team_id = await _team(session, merged.team_id, services)
    await session.flush()
    if services:
        rows = [{"incident_id": incident.id, "service_id": one.id} for one in services]
        await session.execute(insert(IncidentService).values(rows).on_conflict_do_nothing())
    if people:
        responders = [
            {"incident_id": incident.id, "person_id": one.id, "ordinal": place} for place, one in enumerate(people)
        ]
        statement = insert(IncidentResponder).values(responders)
        await session.execute(
            statement.on_conflict_do_update(
                index_elements=["incident_id", "person_id"], set_={"ordinal": statement.excluded.ordinal}
            )
        )
    return services, people


async def _team(session: AsyncSession, told: str | None, services: Sequence[Service]) -> str | None:
    """The team that the source named, if there is one; else the team of the first service that has one."""
    if told and await session.get(Team, told) is not None:
        return told
    return next((one.team_id for one in services if one.team_id), None)


async def decide(session: AsyncSession, incident: Incident) -> Decision:
    """Raises :class:`IncidentNotResolved`."""
    merged = IncidentState.from_json(incident.registers).incident()
    facts = Facts(
        status=merged.status,
        urgency=merged.urgency,
        duration=merged.span.duration,
        customer_impact=merged.customer_impact,
        data_loss=merged.data_loss,
        security=merged.security,
        false_positive=merged.false_positive,
        merged=merged.merged,
        auto_resolved=merged.auto_resolved,
        near_miss=merged.near_miss,
        similar_earlier=await _similar_earlier(session, incident),
        team_ids=await _teams_involved(session, incident),
    )
    return triggers.decide(facts)


def decision_json(decision: Decision) -> dict[str, Any]:
    return {
        "decision": decision.outcome.value.lower(),
        "decidedBy": decision.decided_by.name.value,
        "triggers": [
            {"name": one.name.value, "kind": one.kind.value, "message": one.words} for one in decision.triggers
        ],
    }


async def _similar_earlier(session: AsyncSession, incident: Incident) -> int:
    """Incidents of the same services that started within the window before this one."""
    if incident.started_at is None:
        return 0
    mine = select(IncidentService.service_id).where(IncidentService.incident_id == incident.id)
    statement = (
        select(func.count(func.distinct(Incident.id)))
        .join(IncidentService, IncidentService.incident_id == Incident.id)
        .where(
            IncidentService.service_id.in_(mine),
            Incident.id != incident.id,
            Incident.started_at < incident.started_at,
            Incident.started_at >= incident.started_at - triggers.RECURRENCE_WINDOW,
        )
    )
    return (await session.execute(statement)).scalar_one()


async def _teams_involved(session: AsyncSession, incident: Incident) -> frozenset[str]:
    """The teams of the services; of the responders only where none of theirs is among those."""
    services = select(Service.team_id).join(IncidentService, IncidentService.service_id == Service.id)
    services = services.where(IncidentService.incident_id == incident.id, Service.team_id.is_not(None))
    owning = {one for one in (await session.execute(services)).scalars() if one}
    memberships = select(TeamMember.person_id, TeamMember.team_id).join(
        IncidentResponder, IncidentResponder.person_id == TeamMember.person_id
    )
    theirs: dict[str, set[str]] = {}
    for person_id, team_id in (
        await session.execute(memberships.where(IncidentResponder.incident_id == incident.id))
    ).all():
        theirs.setdefault(person_id, set()).add(team_id)
    strangers = [min(teams) for teams in theirs.values() if not teams & owning]
    return frozenset(owning | set(strangers))


# Opening


async def open_from_incident(session: AsyncSession, viewer: Viewer, incident_id: str, now: datetime) -> str:
    """A person opens the postmortem of a resolved incident, and writes it.

    Raises NotFound, NotAllowed, IncidentNotResolved, PostmortemExists.
    """
    incident = await get_incident(session, incident_id)
    await check_may_open(session, viewer, [incident])
    if await find_postmortem_of(session, incident_id):
        raise await _covered(session, viewer, incident_id)
    postmortem_id = derived_id("pm", incident.id)
    new = await prefilled(session, [incident], postmortem_id, viewer.person_id)
    if not await open_postmortem(session, viewer, new, now):
        raise await _covered(session, viewer, incident_id)
    return postmortem_id


async def _covered(session: AsyncSession, viewer: Viewer, incident_id: str) -> PostmortemExists:
    """Names the postmortem only to whom may see it."""
    seen = (await postmortems_of(session, viewer, [incident_id])).get(incident_id)
    return PostmortemExists(incident_id=incident_id, postmortem_id=seen[0] if seen else None)


async def check_may_open(session: AsyncSession, viewer: Viewer, found: Sequence[Incident]) -> None:
    """Resolved only; by participants, members of its team, responders of the organisation, administrators."""
    for incident in found:
        if incident.status != IncidentStatus.RESOLVED:
            raise IncidentNotResolved(status=incident.status, incident_id=incident.id)
        await check_part(session, viewer, incident, "start a postmortem for this incident")


async def check_part(session: AsyncSession, viewer: Viewer, incident: Incident, action: str) -> None:
    """Raises NotAllowed for whoever may not open its postmortem, now or once it is resolved."""
    participates = await session.get(IncidentResponder, (incident.id, viewer.person_id)) is not None
    if not access.may_do(Deed.OPEN, access.standings(viewer, incident.team_id, participates=participates)):
        who = "a participant, a member of its team, a responder, or an administrator"
        raise NotAllowed(action=action, who=who)


async def prefilled(
    session: AsyncSession, found: Sequence[Incident], postmortem_id: str, author_id: str | None
) -> NewPostmortem:
    """What a postmortem about these incidents begins with."""
    services: list[Service] = []
    people: list[Person] = []
    for incident in found:
        merged = IncidentState.from_json(incident.registers).incident()
        services += await ensure_services(session, merged.services)
        people += await ensure_people(session, [(one.email, one.name) for one in merged.responders])
    return await _prefilled(session, found, postmortem_id, author_id, services, people)


async def _prefilled(
    session: AsyncSession,
    found: Sequence[Incident],
    postmortem_id: str,
    author_id: str | None,
    services: Sequence[Service],
    people: Sequence[Person],
) -> NewPostmortem:
    merged = [IncidentState.from_json(one.registers).incident() for one in found]
    draft = first_draft.prefill(merged)
    team_ids = [one for one in (*(it.team_id for it in found), *(it.team_id for it in services)) if one]
    urgencies = {one.urgency.value for one in merged}
    return NewPostmortem(
        id=postmortem_id,
        title=draft.title,
        author_id=author_id or await _choose_author(session, merged, people, team_ids),
        columns={"summary": draft.summary, "duration_minutes": draft.duration_minutes}
        | (
            {"impact_metrics": {"durationMinutes": draft.duration_minutes}}
            if draft.duration_minutes is not None
            else {}
        ),
        incident_ids=[one.id for one in found],
        team_ids=team_ids,
        service_ids=[one.id for one in services],
        participant_ids=[one.id for one in people],
        brought_by=_brought_by(found, merged, services, people),
        timeline=new_events(found, draft.timeline),
        urgency="HIGH" if "HIGH" in urgencies else "LOW",
        resolved_at=draft.resolved_at,
        started_by_person=author_id is not None,
    )


def new_events(found: Sequence[Incident], entries: Iterable[DraftEntry]) -> list[NewTimelineEvent]:
    """The lines of a draft about these incidents, each with the one that told it."""
    ids = {(one.source, one.external_id): one.id for one in found}
    return [
        NewTimelineEvent(
            one.at, one.event, one.type.value, one.actor, one.source.value, ids[one.incident] if one.incident else None
        )
        for one in entries
    ]


def _brought_by(
    found: Sequence[Incident],
    merged: Sequence[incidents.Incident],
    services: Sequence[Service],
    people: Sequence[Person],
) -> dict[str, str]:
    """The first incident that brought each team, service and participant."""
    by_name, by_email = {one.name: one for one in services}, {one.email: one for one in people}
    brought: dict[str, str] = {}
    for incident, told in zip(found, merged, strict=True):
        theirs = [by_name[name] for name in told.services if name in by_name]
        ids = [incident.team_id, *(one.id for one in theirs), *(one.team_id for one in theirs)]
        ids += [by_email[one.email].id for one in told.responders if one.email in by_email]
        for one in ids:
            if one:
                brought.setdefault(one, incident.id)
    return brought


async def _choose_author(
    session: AsyncSession, merged: Sequence[incidents.Incident], people: Sequence[Person], team_ids: Sequence[str]
) -> str | None:
    first = {one.acknowledged_by for one in merged if one.acknowledged_by}
    responders = [Candidate(one.id, one.is_active, place, one.email in first) for place, one in enumerate(people)]
    leads = [Candidate(one, True, place) for place, one in enumerate(await find_team_leads(session, team_ids))]
    admins = [Candidate(one, True, place) for place, one in enumerate(await list_administrators(session))]
    return first_draft.choose_author(responders, leads, admins)


# Reading


async def get_incident(session: AsyncSession, incident_id: str, *, lock: bool = False) -> Incident:
    incident = await session.get(Incident, incident_id, with_for_update=lock, populate_existing=lock)
    if incident is None:
        raise NotFound(kind="incident", id=incident_id)
    return incident


async def find_postmortem_of(session: AsyncSession, incident_id: str) -> str | None:
    """The oldest postmortem that covers the incident."""
    statement = (
        select(Postmortem.id)
        .join(PostmortemIncident, PostmortemIncident.postmortem_id == Postmortem.id)
        .where(PostmortemIncident.incident_id == incident_id)
        .order_by(Postmortem.created_at, Postmortem.id)
        .limit(1)
    )
    return (await session.execute(statement)).scalar_one_or_none()


@dataclass(frozen=True, slots=True)
class IncidentFilters:
    status: str | None = None
    source: str | None = None
    team_id: str | None = None


async def list_incidents(session: AsyncSession, filters: IncidentFilters, ask: Ask) -> Page[Incident]:
    """Incidents are the organisation's: whoever may read sees them all. Newest first."""
    statement = select(Incident)
    if filters.status:
        statement = statement.where(Incident.status == filters.status)
    if filters.source:
        statement = statement.where(Incident.source == filters.source)
    if filters.team_id:
        statement = statement.where(Incident.team_id == filters.team_id)
    rows, cursor = await fetch_page(session, statement, Order("incidents", Incident.created_at, Incident.id), ask)
    return Page([row[0] for row in rows], cursor)


async def postmortems_of(session: AsyncSession, viewer: Viewer, incident_ids: Sequence[str]) -> dict[str, list[str]]:
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
