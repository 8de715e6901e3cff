"""Opening a postmortem: its row, first texts, links, timeline and targets."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from application.audit.audit_log import audit
from application.content.custom_fields import accept_custom_fields
from application.content.templates import pick_default_template
from application.postmortems.authorship import notify_of_authorship
from application.postmortems.switch import disabled_by
from domain.access import Viewer
from domain.content.sections import Origin, new_revisions, split_sections
from domain.content.templates import opening_texts
from domain.escalation.policy import due_instants
from domain.escalation.targets import TargetName
from domain.postmortems.first_draft import EntrySource
from domain.timeline.moments import Precision
from models.base import Base
from models.postmortem import PostmortemParticipant, PostmortemService, PostmortemTarget, PostmortemTeam, TimelineEvent
from models.queries.chat.picks import take_picks
from models.queries.content.sections import section_rows
from models.queries.content.templates import VersionedTemplate
from models.queries.escalation.policies import content_of, pick_policy_of_new
from models.queries.escalation.targets import target_rows
from models.queries.postmortems import links
from models.queries.postmortems.drafts import insert_postmortem
from models.queries.rows import write_rows
from models.queries.timeline import NewTimelineEvent, event_rows
from models.queries.together import NewRows, insert_together
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

    Raises SectionNotInTemplate, InvalidCustomFields, PostmortemsDisabled.
    """
    policy, switches = await pick_policy_of_new(
        session, urgency=new.urgency, service_ids=new.service_ids, team_ids=new.team_ids
    )
    if refusal := disabled_by(switches):
        raise refusal
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
    await links.insert_incidents(session, new.id, new.incident_ids)
    events = [*new.timeline, *await take_picked_messages(session, new.incident_ids)]
    met = [TargetName.DRAFT_STARTED] if new.started_by_person else []
    due = due_instants(new.resolved_at or now, content_of(policy))
    rows = section_rows(new.id, new_revisions(texts, {}), author_id=author_id, origin=Origin.PREFILL, now=now)
    rows |= link_rows(new, added_by_id=author_id)
    rows |= {TimelineEvent: event_rows(new.id, events), PostmortemTarget: target_rows(new.id, due, met, now)}
    after = {"title": new.title, "participants": list(new.participant_ids), "teamIds": list(new.team_ids)}
    after = {name: value for name, value in after.items() if value} | (
        {"reportedBy": reporter.person_id} if reporter else {}
    )
    audit(session, viewer, "postmortem.created", "postmortem", new.id, postmortem_id=new.id, after=after)
    await write_rows(session, [NewRows(table, found) for table, found in rows.items() if found])
    if viewer and new.author_id:
        await notify_of_authorship(session, viewer, new.id, new.author_id, now)
    return True


async def insert_links(session: Session, new: NewPostmortem, *, added_by_id: str | None) -> None:
    """Teams, services and participants that the postmortem does not have yet. Teams and participants get access."""
    await insert_together(session, link_rows(new, added_by_id=added_by_id), skips_existing=True)


def link_rows(new: NewPostmortem, *, added_by_id: str | None) -> dict[type[Base], list[dict[str, Any]]]:
    contributors = new.contributors
    return {
        PostmortemTeam: links.team_rows(new.id, new.team_ids, contributors, added_by_id),
        PostmortemService: links.service_rows(new.id, new.service_ids, contributors),
        PostmortemParticipant: links.participant_rows(new.id, new.participant_ids, contributors, added_by_id),
    }


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
