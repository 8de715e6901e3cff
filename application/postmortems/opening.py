"""Opening a postmortem: its row, first texts, links, timeline and targets."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from application.audit.audit_log import audit
from application.content.custom_fields import accept_custom_fields
from application.content.sections import write_sections
from application.content.templates import pick_default_template
from domain.access import Viewer
from domain.content.sections import Origin, split_sections
from domain.content.templates import opening_texts
from domain.escalation.policy import due_instants
from domain.escalation.targets import TargetName
from domain.postmortems.first_draft import EntrySource
from domain.timeline.moments import Precision
from models.queries.chat.picks import take_picks
from models.queries.content.templates import VersionedTemplate
from models.queries.escalation.policies import content_of, pick_policy
from models.queries.escalation.targets import insert_targets
from models.queries.postmortems import links
from models.queries.postmortems.drafts import insert_postmortem
from models.queries.timeline import NewTimelineEvent, insert_events
from models.session import Session


@dataclass(frozen=True, slots=True)
class NewPostmortem:
    """What a postmortem begins with.

    ``columns`` also holds the standard sections, by the names of their fields, and custom ones in a map
    ``custom_sections``. ``template`` None is the default one of its teams. ``contributors`` names the linked incident
    that contributed a team, service or participant, by its id; a person chose those that are not in it.
    ``started_by_person`` meets the first target at once.
    """

    id: str
    title: str
    author_id: str | None
    columns: Mapping[str, Any] = field(default_factory=dict)
    incident_ids: Sequence[str] = ()
    team_ids: Sequence[str] = ()
    service_ids: Sequence[str] = ()
    participant_ids: Sequence[str] = ()
    contributors: Mapping[str, str] = field(default_factory=dict)
    timeline: Sequence[NewTimelineEvent] = ()
    urgency: str | None = None
    resolved_at: datetime | None = None
    started_by_person: bool = True
    template: VersionedTemplate | None = None


async def open_postmortem(
    session: Session, viewer: Viewer | None, new: NewPostmortem, now: datetime, *, reporter: Viewer | None = None
) -> bool:
    """Inserts the postmortem with its links, timeline and targets; False if its id exists already.

    Without a viewer it opened by itself; ``reporter`` is whose report required it, if a person's.

    Raises SectionNotInTemplate, InvalidCustomFields.
    """
    policy = await pick_policy(session, urgency=new.urgency, service_ids=new.service_ids, team_ids=new.team_ids)
    template = new.template or await pick_default_template(session, new.team_ids)
    texts, columns = split_sections(new.columns)
    texts = opening_texts(template.content, texts)
    values = {
        **columns,
        "custom_fields": await accept_custom_fields(session, template.content, columns.get("custom_fields", {})),
        "template_id": template.template.id,
        "template_version": template.row.version,
        "id": new.id,
        "title": new.title,
        "author_id": new.author_id,
        "policy_id": policy.id,
        "policy_version": policy.version,
        "incident_resolved_at": new.resolved_at,
        "draft_started_at": now if new.started_by_person else None,
        "created_at": now,
        "updated_at": now,
    }
    if not await insert_postmortem(session, values):
        return False
    author_id = viewer.person_id if viewer else None
    await write_sections(session, new.id, texts, {}, author_id=author_id, origin=Origin.PREFILL, now=now)
    await links.insert_incidents(session, new.id, new.incident_ids)
    await insert_links(session, new, added_by_id=author_id)
    await insert_events(session, new.id, [*new.timeline, *await take_picked_messages(session, new.incident_ids)])
    met = [TargetName.DRAFT_STARTED] if new.started_by_person else []
    await insert_targets(session, new.id, due_instants(new.resolved_at or now, content_of(policy)), met, now)
    after = {"title": new.title, "participants": list(new.participant_ids), "teamIds": list(new.team_ids)}
    after = {name: value for name, value in after.items() if value} | (
        {"reportedBy": reporter.person_id} if reporter else {}
    )
    audit(session, viewer, "postmortem.created", "postmortem", new.id, postmortem_id=new.id, after=after)
    return True


async def insert_links(session: Session, new: NewPostmortem, *, added_by_id: str | None) -> None:
    """Teams, services and participants that the postmortem does not have yet. Teams and participants get access."""
    await links.insert_teams(session, new.id, new.team_ids, new.contributors, added_by_id)
    await links.insert_services(session, new.id, new.service_ids, new.contributors)
    await links.insert_participants(session, new.id, new.participant_ids, new.contributors, added_by_id)


async def take_picked_messages(session: Session, incident_ids: Sequence[str]) -> list[NewTimelineEvent]:
    """Chat messages that were picked for these incidents, which must be linked already, before there was a postmortem.

    They are removed where they were kept.
    """
    return [
        NewTimelineEvent(
            one.at,
            one.event,
            one.type,
            one.actor,
            EntrySource.CHAT.value,
            precision=Precision.SECOND.value,
            external_id=one.key,
        )
        for one in await take_picks(session, incident_ids)
    ]
