"""Why a person can't start the postmortem of an incident."""

from application.postmortems.switch import find_disabled
from domain import access
from domain.access import OrganizationVerb, Viewer
from domain.incidents.incident import IncidentStatus
from domain.troubleshooting import Check, Mend, check
from models.incident import Incident
from models.queries.incidents import incidents
from models.session import Session

SETTINGS = "/settings/postmortems"


async def creation_checks(session: Session, viewer: Viewer, incident: Incident) -> list[Check]:
    """The product document's checks, with their states: resolved, permission, feature enabled."""
    participates = await incidents.is_responder(session, incident.id, viewer.person_id)
    held = access.organization_relations(viewer, incident.team_id, participates=participates)
    return [
        check(
            "The incident is resolved",
            incident.status == IncidentStatus.RESOLVED,
            Mend(f"It is {incident.status.lower()}. Resolve it where it is managed; Afterword follows."),
        ),
        check(
            "You are a participant, a member of its team, a responder, or an administrator",
            access.may_in_organization(OrganizationVerb.OPEN, held),
            Mend("Ask one of them to start it and to add you as an editor, or ask an administrator for access."),
        ),
        await feature_check(session, viewer, [incident.team_id] if incident.team_id else []),
    ]


async def feature_check(session: Session, viewer: Viewer, team_ids: list[str]) -> Check:
    """Whether postmortems are switched on."""
    refusal = await find_disabled(session, team_ids)
    path = SETTINGS if viewer.is_admin else None
    return check("Postmortems are switched on", refusal is None, Mend(str(refusal), path))
