"""Deciding whether a resolved incident needs a postmortem."""

from typing import Any

from domain.incidents import triggers
from domain.incidents.state import IncidentState
from domain.incidents.triggers import Decision, IncidentFacts
from models.incident import Incident
from models.queries.incidents import incidents
from models.session import Session


async def decide(session: Session, incident: Incident) -> Decision:
    """Raises :class:`IncidentNotResolved`."""
    merged = IncidentState.from_json(incident.registers).incident()
    similar = await incidents.count_similar_earlier(session, incident)
    owning = await incidents.list_service_teams(session, incident.id)
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
        similar_earlier=similar,
        team_ids=triggers.teams_involved(owning, await incidents.list_responder_teams(session, incident.id)),
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
