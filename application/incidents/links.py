"""Linking one more incident to a postmortem, and unlinking it again."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from application.audit.audit_log import audit_postmortem
from application.content.changes import record_change
from application.incidents.drafts import draft_from, timeline_events
from application.postmortems.opening import insert_links, take_picked_messages
from application.postmortems.participants import propose
from domain import access
from domain.access import Verb, Viewer, Visibility
from domain.errors import IncidentNotResolved, NotFound
from domain.incidents.incident import IncidentStatus, Span, covering
from domain.incidents.state import IncidentState
from domain.postmortems import first_draft
from domain.postmortems.lifecycle import Status
from domain.timeline.duplicates import find_duplicates
from models.incident import Incident
from models.queries.incidents import links
from models.queries.incidents.incidents import get_incident
from models.queries.postmortems.links import list_team_ids
from models.queries.postmortems.postmortems import VisiblePostmortem, get_visible
from models.queries.postmortems.proposals import list_person_ids, release_proposals
from models.queries.timeline import insert_events, list_event_keys
from models.session import Session


async def link_incident(session: Session, viewer: Viewer, postmortem_id: str, incident_id: str, now: datetime) -> bool:
    """Adds a resolved incident's timeline, services, teams and people; incidents and the postmortem are locked first.

    False if it was linked already. Raises EditingClosed, NotFound, IncidentNotResolved.
    """
    await links.hold_incidents_unscoped(session, postmortem_id, incident_id)
    visible = await get_visible(session, viewer, postmortem_id, lock=True)
    postmortem = visible.postmortem
    access.check_edit(Status(postmortem.status), visible.relations)
    incident = await get_incident(session, incident_id)
    linked = await links.list_linked(session, visible)
    if incident_id in {one.id for one in linked}:
        return False
    if incident.status != IncidentStatus.RESOLVED:
        raise IncidentNotResolved(status=incident.status, incident_id=incident.id)
    await links.insert_link(session, postmortem.id, incident_id)
    people = await _bring_people(session, viewer, visible, incident)
    events = await _add_timeline(session, visible, incident, several=bool(linked))
    events += await _add_picked_messages(session, visible, incident_id)
    await update_durations(session, visible)
    after = {"incidentId": incident_id, "events": events, **people}
    audit_postmortem(session, viewer, visible, "incident.linked", after=after)
    await record_change(session, viewer, visible, now)
    await session.flush()
    return True


async def _bring_people(
    session: Session, viewer: Viewer, visible: VisiblePostmortem, incident: Incident
) -> dict[str, list[str]]:
    """Adds the incident's services, people and teams; returns who got access, for the audit log.

    People and teams are only proposed if someone chose PRIVATE, or if the viewer is a reviewer: reviewers may link an
    incident, but they can't give anyone access.
    """
    postmortem = visible.postmortem
    new = await draft_from(session, [incident], postmortem.id, postmortem.author_id)
    manages = access.may(Verb.MANAGE, Status(postmortem.status), visible.relations)
    if manages and postmortem.visibility != Visibility.PRIVATE:
        known = {*await list_person_ids(session, postmortem.id), *await list_team_ids(session, postmortem.id)}
        await insert_links(session, new, added_by_id=viewer.person_id)
        people = [one for one in dict.fromkeys(new.participant_ids) if one not in known]
        teams = [one for one in dict.fromkeys(new.team_ids) if one not in known]
        return {name: ids for name, ids in (("participants", people), ("teams", teams)) if ids}
    await propose(session, viewer, new)
    await insert_links(session, replace(new, participant_ids=(), team_ids=()), added_by_id=None)
    return {}


async def _add_timeline(session: Session, visible: VisiblePostmortem, incident: Incident, *, several: bool) -> int:
    """Adds those of the incident's events that the timeline does not have yet; returns how many."""
    known = {(one.at, one.event, one.actor) for one in await links.list_event_texts(session, visible.postmortem.id)}
    merged = IncidentState.from_json(incident.registers).incident()
    entries = sorted(first_draft.entries(merged, named=several), key=lambda one: one.at)
    new = [one for one in entries if (one.at, one.event, one.actor) not in known]
    return len(await insert_events(session, visible.postmortem.id, timeline_events([incident], new)))


async def _add_picked_messages(session: Session, visible: VisiblePostmortem, incident_id: str) -> int:
    picked = await take_picked_messages(session, [incident_id])
    new = find_duplicates(picked, await list_event_keys(session, visible)).new
    return len(await insert_events(session, visible.postmortem.id, new))


async def unlink_incident(
    session: Session, viewer: Viewer, postmortem_id: str, incident_id: str, now: datetime
) -> None:
    """Removes the incident, and what only it contributed; incidents and the postmortem are locked first.

    What another linked incident contributes as well becomes that one's; an event that someone edited stays.
    Raises EditingClosed, NotFound.
    """
    await links.hold_incidents_unscoped(session, postmortem_id, incident_id)
    visible = await get_visible(session, viewer, postmortem_id, lock=True)
    access.check_edit(Status(visible.postmortem.status), visible.relations)
    if not await links.delete_link(session, postmortem_id, incident_id):
        raise NotFound(kind="linked incident", id=incident_id)
    remaining = await links.list_linked(session, visible)
    removed: dict[str, Any] = {"incidentId": incident_id}
    removed["events"] = await _remove_timeline(session, postmortem_id, incident_id, remaining)
    named = {}
    for kind in await links.list_contributions(session, [one.id for one in remaining]):
        removed[kind.name] = await links.delete_contribution(session, postmortem_id, incident_id, kind)
        named[kind.name] = kind.incident_ids
    await release_proposals(session, postmortem_id, incident_id, named["participants"], named["teams"])
    await update_durations(session, visible)
    audit_postmortem(session, viewer, visible, "incident.unlinked", before=removed)
    await record_change(session, viewer, visible, now)


async def _remove_timeline(
    session: Session, postmortem_id: str, incident_id: str, remaining: Sequence[Incident]
) -> int:
    """Removes the events that only this incident contributed; returns how many."""
    await links.release_edited_events(session, postmortem_id, incident_id)
    events = await links.list_event_texts(session, postmortem_id, incident_id)
    for incident in remaining:
        merged = IncidentState.from_json(incident.registers).incident()
        entries = {(one.at, one.event, one.actor) for one in first_draft.entries(merged, named=len(remaining) > 1)}
        shared = [one.id for one in events if (one.at, one.event, one.actor) in entries]
        if shared:
            await links.reassign_events(session, postmortem_id, incident_id, shared, incident.id)
    return await links.delete_events(session, postmortem_id, incident_id)


async def update_durations(session: Session, visible: VisiblePostmortem) -> None:
    """Duration and resolution follow from all linked incidents; the impact's duration unless someone changed it."""
    postmortem, linked = visible.postmortem, await links.list_linked(session, visible)
    span = covering(Span(one.started_at, one.resolved_at) for one in linked)
    metrics = dict(postmortem.impact_metrics)
    if metrics.get("durationMinutes") == postmortem.duration_minutes:
        metrics.pop("durationMinutes", None)
        if span.minutes is not None:
            metrics["durationMinutes"] = span.minutes
        postmortem.impact_metrics = metrics
    postmortem.duration_minutes = span.minutes
    postmortem.incident_resolved_at = span.resolved_at
