"""Deciding whether a resolved incident needs a postmortem."""

from collections.abc import Sequence
from typing import Any

from domain.incidents import triggers
from domain.incidents.incident import Incident as MergedIncident
from domain.incidents.state import IncidentState
from domain.incidents.triggers import Decision, IncidentFacts
from models.incident import Incident
from models.queries.incidents import incidents
from models.queries.incidents.reported import NamedService, read_links
from models.session import Session


async def decide(session: Session, incident: Incident) -> Decision:
    """By the services and people that the incident is linked to. Raises :class:`IncidentNotResolved`."""
    merged = IncidentState.from_json(incident.registers).incident()
    services, person_ids = await read_links(session, incident.id)
    return await decide_with(session, incident.id, merged, services, person_ids)


async def decide_with(
    session: Session,
    incident_id: str,
    merged: MergedIncident,
    services: Sequence[NamedService],
    person_ids: Sequence[str],
) -> Decision:
    """As :func:`decide`, where the services and people of the incident are known already. One statement."""
    around = await incidents.read_surroundings(
        session, incident_id, merged.started_at, [one.id for one in services], person_ids
    )
    facts = IncidentFacts(
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
        similar_earlier=around.similar_earlier,
        team_ids=triggers.teams_involved([one.team_id for one in services if one.team_id], around.memberships),
    )
    return triggers.decide(facts)


def decision_json(decision: Decision) -> dict[str, Any]:
    """The decision as it is stored with the incident, and as the API shows it."""
    return {
        "decision": decision.outcome.value.lower(),
        "decidedBy": decision.decided_by.name.value,
        "triggers": [
            {"name": one.name.value, "kind": one.kind.value, "message": one.words} for one in decision.triggers
        ],
    }
