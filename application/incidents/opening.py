"""Opening a postmortem about incidents, by a person."""

from collections.abc import Sequence
from datetime import datetime

from application.incidents.drafts import draft_from
from domain import access
from domain.access import Deed, Relation, Viewer
from domain.errors import IncidentNotResolved, NotAllowed, PostmortemExists
from domain.incidents.incident import IncidentStatus
from models.base import derived_id
from models.incident import Incident
from models.queries.incidents import incidents
from models.queries.postmortems.postmortems import open_postmortem
from models.session import Session


async def open_from_incident(session: Session, viewer: Viewer, incident_id: str, now: datetime) -> str:
    """A person opens the postmortem of a resolved incident, and becomes its author. Returns its id.

    Raises NotFound, NotAllowed, IncidentNotResolved, PostmortemExists.
    """
    incident = await incidents.get_incident(session, incident_id)
    await check_may_open(session, viewer, [incident])
    if await incidents.find_oldest_postmortem_unscoped(session, incident_id):
        raise await _covered(session, viewer, incident_id)
    postmortem_id = derived_id("pm", incident.id)
    new = await draft_from(session, [incident], postmortem_id, viewer.person_id)
    if not await open_postmortem(session, viewer, new, now):
        raise await _covered(session, viewer, incident_id)
    return postmortem_id


async def _covered(session: Session, viewer: Viewer, incident_id: str) -> PostmortemExists:
    """Names the postmortem only to those who may see it."""
    visible = (await incidents.list_postmortem_ids(session, viewer, [incident_id])).get(incident_id)
    return PostmortemExists(incident_id=incident_id, postmortem_id=visible[0] if visible else None)


async def check_may_open(session: Session, viewer: Viewer, found: Sequence[Incident]) -> None:
    """Resolved only; by participants, members of its team, responders of the organization, administrators."""
    for incident in found:
        if incident.status != IncidentStatus.RESOLVED:
            raise IncidentNotResolved(status=incident.status, incident_id=incident.id)
        await check_involved(session, viewer, incident, "open a postmortem for")


async def check_involved(session: Session, viewer: Viewer, incident: Incident, action: str) -> None:
    """Raises NotAllowed for those who may not open its postmortem, now or once it is resolved."""
    participates = await incidents.is_responder(session, incident.id, viewer.person_id)
    if not access.may_do(Deed.OPEN, access.standings(viewer, incident.team_id, participates=participates)):
        who = f"{Relation.PARTICIPANT}, {Relation.TEAM}, responder or {Relation.ADMIN}"
        raise NotAllowed(action=action, who=who)
