"""A person opens a postmortem, about incidents or from scratch."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from application.content.templates import choose_template
from application.incidents.drafts import draft_from
from application.people.references import check_services, check_teams
from application.postmortems.opening import NewPostmortem, open_postmortem
from domain import access
from domain.access import OrganizationVerb, Viewer
from domain.errors import IncidentNotResolved, NotAllowed, PostmortemExists
from domain.incidents.incident import IncidentStatus
from models.base import derived_id, new_id
from models.incident import Incident
from models.queries.incidents import incidents
from models.queries.timeline import NewTimelineEvent
from models.session import Session


@dataclass(frozen=True, slots=True)
class PostmortemRequest:
    """What a new postmortem is to begin with; None is taken from its incidents.

    ``columns`` are as in :class:`NewPostmortem`. Without a template, it is the default one of its teams.
    """

    title: str | None = None
    columns: Mapping[str, Any] = field(default_factory=dict)
    incident_ids: Sequence[str] = ()
    team_ids: Sequence[str] | None = None
    service_ids: Sequence[str] | None = None
    template_id: str | None = None
    timeline: Sequence[NewTimelineEvent] = ()


async def create_postmortem(session: Session, viewer: Viewer, request: PostmortemRequest, now: datetime) -> str:
    """Opens a draft, whose author is the viewer; returns its id. What is not given is taken from the incidents.

    Raises NotFound, NotAllowed, IncidentNotResolved, UnknownReference, TemplateArchived, SectionNotInTemplate,
    InvalidCustomFields.
    """
    postmortem_id = new_id("pm")
    template = (
        await choose_template(session, viewer, "templateId", request.template_id) if request.template_id else None
    )
    await check_teams(session, "teamIds", request.team_ids or ())
    await check_services(session, "serviceIds", request.service_ids or ())
    found = [await incidents.get_incident(session, one) for one in request.incident_ids]
    await check_may_open(session, viewer, found)
    draft = NewPostmortem(postmortem_id, request.title or "", viewer.person_id)
    if found:
        draft = await draft_from(session, found, postmortem_id, viewer.person_id)
    chosen = {*(request.team_ids or ()), *(request.service_ids or ())}
    new = replace(
        draft,
        title=request.title or draft.title,
        columns={**draft.columns, **request.columns},
        team_ids=draft.team_ids if request.team_ids is None else request.team_ids,
        service_ids=draft.service_ids if request.service_ids is None else request.service_ids,
        contributors={one: incident for one, incident in draft.contributors.items() if one not in chosen},
        timeline=[*draft.timeline, *request.timeline],
        template=template,
    )
    await open_postmortem(session, viewer, new, now)
    return postmortem_id


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
        await check_involved(session, viewer, incident, "start a postmortem for this incident")


async def check_involved(session: Session, viewer: Viewer, incident: Incident, action: str) -> None:
    """Raises NotAllowed for those who may not open its postmortem, now or once it is resolved."""
    participates = await incidents.is_responder(session, incident.id, viewer.person_id)
    if not access.may_in_organization(
        OrganizationVerb.OPEN, access.organization_relations(viewer, incident.team_id, participates=participates)
    ):
        who = "a participant, a member of its team, a responder, or an administrator"
        raise NotAllowed(action=action, who=who)
