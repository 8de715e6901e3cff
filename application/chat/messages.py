"""Messages that are picked in a chat become events of a timeline, each at its own time, and once."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from application.audit.audit_log import audit
from application.chat.channels import ChannelSubject
from application.chat.people import ChatPerson
from application.incidents import opening
from application.timeline import ChatMessage, add_timeline_events, event_of_message
from domain.timeline.duplicates import find_duplicates
from models.queries import timeline
from models.queries.chat import picks
from models.queries.chat.postmortems import find_id_of_incident
from models.queries.incidents import incidents
from models.queries.postmortems.postmortems import get_visible
from models.queries.timeline import NewTimelineEvent
from models.session import Session, Sessions


class MessageResult(StrEnum):
    """``KEPT``: for the postmortem of an incident, once it is opened. The others were added or kept before."""

    ADDED = "added"
    ADDED_BEFORE = "there already"
    KEPT = "kept"
    KEPT_BEFORE = "kept already"


@dataclass(frozen=True, slots=True)
class PickedMessage:
    """``title`` is that of the postmortem, or of the incident that has none. ``started``: the draft began with this."""

    result: MessageResult
    title: str
    postmortem_id: str | None = None
    started: bool = False


async def add_message(
    sessions: Sessions,
    person: ChatPerson,
    subject: ChannelSubject,
    message: ChatMessage,
    link: str | None,
    now: datetime,
) -> PickedMessage:
    """Add the message to the postmortem's timeline, or keep it for the postmortem that an incident will have.

    ``link`` is Markdown that goes below its text. Raises NotFound, NotAllowed, EditingClosed.
    """
    event = event_of_message(message, link)
    postmortem_id = subject.postmortem_id
    if subject.incident_id is not None:
        async with sessions.begin() as session:
            kept = await _keep(session, person, subject.incident_id, event, now)
        if isinstance(kept, PickedMessage):
            return kept
        postmortem_id = kept
    async with sessions.begin() as session:
        return await _add(session, person, postmortem_id or "", event, now)


async def _keep(
    session: Session, person: ChatPerson, incident_id: str, event: NewTimelineEvent, now: datetime
) -> PickedMessage | str:
    """The postmortem's id if it was opened by now."""
    incident = await incidents.get_incident(session, incident_id, lock=True)
    if postmortem_id := await find_id_of_incident(session, incident_id):
        return postmortem_id
    await opening.check_involved(session, person.viewer, incident, "add to the timeline of this incident")
    columns = {"at": event.at, "event": event.event, "type": event.type, "actor": event.actor}
    key = event.external_id or ""
    is_new = await picks.insert_pick(session, incident_id, key, person.viewer.person_id, columns, now)
    if is_new:
        after = {"at": event.at.isoformat()}
        audit(session, person.viewer, "message.kept", "incident", incident_id, after=after)
    return PickedMessage(MessageResult.KEPT if is_new else MessageResult.KEPT_BEFORE, incident.title)


async def _add(
    session: Session, person: ChatPerson, postmortem_id: str, event: NewTimelineEvent, now: datetime
) -> PickedMessage:
    visible = await get_visible(session, person.viewer, postmortem_id, lock=True)
    new = find_duplicates([event], await timeline.list_event_keys(session, visible)).new
    _, started = await add_timeline_events(session, person.viewer, visible, new, now)
    result = MessageResult.ADDED if new else MessageResult.ADDED_BEFORE
    return PickedMessage(result, visible.postmortem.title, postmortem_id, started)
