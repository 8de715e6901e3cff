"""The first draft of a postmortem, taken from its incidents."""

from collections.abc import Iterable, Mapping, Sequence

from application.incidents.naming import services_and_people
from application.postmortems.opening import NewPostmortem
from domain.incidents.incident import Incident as MergedIncident
from domain.incidents.state import IncidentState
from domain.postmortems import first_draft
from domain.postmortems.first_draft import Candidate, DraftEntry
from models.incident import Incident
from models.queries.incidents.incidents import list_service_ids
from models.queries.incidents.reported import Named, NamedPerson, NamedService
from models.queries.people.people import find_team_leads, list_administrators
from models.queries.timeline import NewTimelineEvent
from models.session import Session


async def draft_from(
    session: Session, incidents: Sequence[Incident], postmortem_id: str, author_id: str | None
) -> NewPostmortem:
    """What a postmortem about these incidents begins with. Without an author, one is chosen among their people."""
    services: list[NamedService] = []
    people: list[NamedPerson] = []
    named = Named()
    for incident in incidents:
        merged = IncidentState.from_json(incident.registers).incident()
        own_services, own_people = await services_and_people(session, merged, named)
        services += own_services
        people += own_people
    return await draft_with(session, incidents, postmortem_id, author_id, services, people)


async def draft_with(
    session: Session,
    incidents: Sequence[Incident],
    postmortem_id: str,
    author_id: str | None,
    services: Sequence[NamedService],
    people: Sequence[NamedPerson],
) -> NewPostmortem:
    """As :func:`draft_from`, where the services and people of the incidents are known already."""
    merged = [IncidentState.from_json(one.registers).incident() for one in incidents]
    service_ids = {incidents[0].id: [one.id for one in services]}
    if len(incidents) > 1:
        service_ids = await list_service_ids(session, [one.id for one in incidents])
    draft = first_draft.prefill(merged)
    owners = (*(one.team_id for one in incidents), *(one.team_id for one in services))
    team_ids = [one for one in owners if one]
    urgencies = {one.urgency.value for one in merged}
    duration = draft.duration_minutes
    metrics = {} if duration is None else {"impact_metrics": {"durationMinutes": duration}}
    return NewPostmortem(
        id=postmortem_id,
        title=draft.title,
        author_id=author_id or await _choose_author(session, merged, people, team_ids),
        columns={"summary": draft.summary, "duration_minutes": duration, **metrics},
        incident_ids=[one.id for one in incidents],
        team_ids=team_ids,
        service_ids=[one.id for one in services],
        participant_ids=[one.id for one in people],
        contributors=_contributors(incidents, merged, services, people, service_ids),
        timeline=timeline_events(incidents, draft.timeline),
        urgency="HIGH" if "HIGH" in urgencies else "LOW",
        resolved_at=draft.resolved_at,
        started_by_person=author_id is not None,
    )


def timeline_events(incidents: Sequence[Incident], entries: Iterable[DraftEntry]) -> list[NewTimelineEvent]:
    """The entries of a draft about these incidents, each with the incident that reported it."""
    ids = {(one.source, one.external_id): one.id for one in incidents}
    return [
        NewTimelineEvent(
            one.at, one.event, one.type.value, one.actor, one.source.value, ids[one.incident] if one.incident else None
        )
        for one in entries
    ]


def _contributors(
    incidents: Sequence[Incident],
    merged: Sequence[MergedIncident],
    services: Sequence[NamedService],
    people: Sequence[NamedPerson],
    service_ids: Mapping[str, Sequence[str]],
) -> dict[str, str]:
    """The first incident that contributed each team, service and participant."""
    by_id, by_email = {one.id: one for one in services}, {one.email: one for one in people}
    contributors: dict[str, str] = {}
    for incident, reported in zip(incidents, merged, strict=True):
        own = [by_id[one] for one in service_ids.get(incident.id, ()) if one in by_id]
        ids = [incident.team_id, *(one.id for one in own), *(one.team_id for one in own)]
        ids += [by_email[one.email].id for one in reported.responders if one.email in by_email]
        for one in ids:
            if one:
                contributors.setdefault(one, incident.id)
    return contributors


async def _choose_author(
    session: Session, merged: Sequence[MergedIncident], people: Sequence[NamedPerson], team_ids: Sequence[str]
) -> str | None:
    first = {one.acknowledged_by for one in merged if one.acknowledged_by}
    responders = [Candidate(one.id, one.is_active, place, one.email in first) for place, one in enumerate(people)]
    if any(one.active for one in responders):
        return first_draft.choose_author(responders)
    leads = [Candidate(one, True, place) for place, one in enumerate(await find_team_leads(session, team_ids))]
    admins = [Candidate(one, True, place) for place, one in enumerate(await list_administrators(session))]
    return first_draft.choose_author(responders, leads, admins)
