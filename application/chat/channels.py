"""Binds a channel to the postmortem or incident that messages picked there belong to."""

from dataclasses import dataclass

from application.audit.audit_log import audit
from application.chat.people import ChatPerson
from domain import access
from domain.access import OrganizationVerb, Verb
from domain.errors import NotAllowed
from domain.postmortems.lifecycle import Status
from models.queries.chat import channels
from models.queries.chat.postmortems import find_id_of_incident
from models.queries.incidents import incidents
from models.queries.postmortems.postmortems import VisiblePostmortem, get_visible
from models.session import Session


@dataclass(frozen=True, slots=True)
class ChannelSubject:
    """What a channel is about: a postmortem, or an incident that has none yet. One of the two is set."""

    postmortem_id: str | None = None
    incident_id: str | None = None


async def find_channel_subject(session: Session, integration_id: str, channel: str) -> ChannelSubject | None:
    """None if the channel is not bound. Of an incident's postmortems it is the newest one."""
    bound = await channels.find_channel(session, integration_id, channel)
    if bound is None or bound.incident_id is None:
        return ChannelSubject(bound.postmortem_id) if bound else None
    postmortem_id = await find_id_of_incident(session, bound.incident_id)
    return ChannelSubject(postmortem_id) if postmortem_id else ChannelSubject(incident_id=bound.incident_id)


async def bind_to_postmortem(
    session: Session, person: ChatPerson, integration_id: str, channel: str, postmortem_id: str
) -> VisiblePostmortem:
    """Messages picked in the channel belong to that postmortem from now on. Raises NotFound, EditingClosed."""
    visible = await get_visible(session, person.viewer, postmortem_id)
    access.check_edit(Status(visible.postmortem.status), visible.relations)
    await channels.update_channel(
        session, integration_id, channel, person.viewer.person_id, postmortem_id=postmortem_id
    )
    after = {"channel": channel, "integrationId": integration_id}
    audit(
        session,
        person.viewer,
        "channel.bound",
        "postmortem",
        postmortem_id,
        postmortem_id=postmortem_id,
        after=after,
    )
    return visible


async def bind_to_incident(
    session: Session, person: ChatPerson, integration_id: str, channel: str, incident_id: str
) -> str:
    """Messages picked in the channel belong to the incident's postmortem. Returns the incident's title.

    Raises NotFound, NotAllowed.
    """
    incident = await incidents.get_incident(session, incident_id)
    _check_may_bind_to_incident(person)
    await channels.update_channel(session, integration_id, channel, person.viewer.person_id, incident_id=incident_id)
    after = {"channel": channel, "integrationId": integration_id}
    audit(session, person.viewer, "channel.bound", "incident", incident_id, after=after)
    return incident.title


async def unbind(session: Session, person: ChatPerson, integration_id: str, channel: str) -> bool:
    """False if the channel is not bound. Raises NotFound, NotAllowed."""
    bound = await channels.find_channel(session, integration_id, channel)
    if bound is None:
        return False
    if bound.postmortem_id is not None and not person.viewer.is_admin:
        visible = await get_visible(session, person.viewer, bound.postmortem_id)
        access.check(Verb.EDIT, Status.DRAFT, visible.relations, "unlink a channel from this postmortem")
    elif bound.incident_id is not None:
        _check_may_bind_to_incident(person)
    await channels.delete_channel(session, integration_id, channel)
    before = {"channel": channel, "integrationId": integration_id}
    kind, entity_id = ("postmortem", bound.postmortem_id) if bound.postmortem_id else ("incident", bound.incident_id)
    audit(
        session,
        person.viewer,
        "channel.unbound",
        kind,
        entity_id or "",
        postmortem_id=bound.postmortem_id,
        before=before,
    )
    return True


def _check_may_bind_to_incident(person: ChatPerson) -> None:
    if not access.may_in_organization(OrganizationVerb.REPORT, access.organization_relations(person.viewer)):
        raise NotAllowed(action="link a channel to this postmortem", who="a responder or an administrator")
