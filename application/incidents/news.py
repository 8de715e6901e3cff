"""What happens when an incident changes after its postmortem was started: who is notified, who may apply new times."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from application.audit.audit_log import audit, audit_postmortem, json_values
from application.content.changes import record_change
from application.escalation.leads import list_leads
from application.incidents.links import update_durations
from application.notifications.notices import notify
from domain import access
from domain.access import Verb, Viewer
from domain.errors import IncidentNotResolved
from domain.incidents.incident import IncidentStatus, Span
from domain.notifications.notices import NoticeKind
from domain.postmortems.lifecycle import Status
from models.incident import Incident
from models.postmortem import Postmortem
from models.queries.incidents import links
from models.queries.notifications.notices import find_active_author
from models.queries.postmortems.postmortems import get_visible
from models.session import Session


async def tell_of_change(
    session: Session,
    viewer: Viewer | None,
    incident: Incident,
    postmortems: Sequence[Postmortem],
    before: Span,
    now: datetime,
    origin: str | None,
) -> tuple[str, ...]:
    """Audits on each postmortem that its incident's times changed, and tells its author if somebody has begun it.

    Lock the postmortems first. ``before`` are the times from before the change. Returns the drafts that nobody has
    begun: their targets rest while the incident is open.
    """
    untouched = []
    for postmortem in postmortems:
        is_untouched = is_not_begun(postmortem)
        if is_untouched:
            untouched.append(postmortem.id)
        audit(
            session,
            viewer,
            "postmortem.incident_changed",
            "postmortem",
            postmortem.id,
            origin=origin,
            postmortem_id=postmortem.id,
            before={"incidentId": incident.id, **_times(before)},
            after={"status": incident.status, **_times(Span(incident.started_at, incident.resolved_at))},
        )
        if not is_untouched and postmortem.status != Status.ARCHIVED and await links.read_news(session, [postmortem]):
            await _tell_author(session, viewer, postmortem, incident, now)
    return tuple(untouched)


def is_not_begun(postmortem: Postmortem) -> bool:
    """Whether it is a draft that nobody has edited yet. Such a draft follows its incident."""
    return postmortem.status == Status.DRAFT and postmortem.draft_started_at is None


def _times(span: Span) -> dict[str, Any]:
    return json_values({"startedAt": span.started_at, "resolvedAt": span.resolved_at, "durationMinutes": span.minutes})


async def _tell_author(
    session: Session, viewer: Viewer | None, postmortem: Postmortem, incident: Incident, now: datetime
) -> None:
    """Or its leaders, if there is no active author. Whoever changed the incident knows."""
    author_id = await find_active_author(session, postmortem.id)
    people = [author_id] if author_id else await list_leads(session, postmortem.id)
    others = [one for one in people if viewer is None or one != viewer.person_id]
    occasion = f"{postmortem.id}:incident_changed:{incident.id}:{incident.version}"
    await notify(
        session,
        others,
        NoticeKind.INCIDENT_CHANGED,
        occasion,
        at=now,
        postmortem_id=postmortem.id,
        actor_id=viewer.person_id if viewer else None,
    )


async def take_times(session: Session, viewer: Viewer, postmortem_id: str, now: datetime) -> bool:
    """Gives the postmortem the duration and end that its incidents report; False if it has them already.

    Raises NotFound, NotAllowed, IncidentNotResolved.
    """
    visible = await get_visible(session, viewer, postmortem_id, lock=True)
    postmortem = visible.postmortem
    access.check(Verb.TAKE_INCIDENT_TIMES, Status(postmortem.status), visible.relations)
    linked = await links.list_linked(session, visible)
    news = (await links.read_news(session, [postmortem])).get(postmortem.id)
    if news is None:
        return False
    for one in linked:
        if one.status != IncidentStatus.RESOLVED:
            raise IncidentNotResolved(status=one.status, incident_id=one.id)
    before = {"durationMinutes": news.stated_minutes, "incidentResolvedAt": news.stated_end}
    await update_durations(session, visible)
    after = {"durationMinutes": news.reported_minutes, "incidentResolvedAt": news.reported_end}
    audit_postmortem(
        session, viewer, visible, "postmortem.incident_times_taken", json_values(before), json_values(after)
    )
    await record_change(session, viewer, visible, now, is_content=postmortem.status in {Status.DRAFT, Status.IN_REVIEW})
    await session.flush()
    return True
