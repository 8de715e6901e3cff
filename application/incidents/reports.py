"""Taking in what incident sources and people report."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from application.audit.audit_log import audit
from application.incidents.decisions import decide, decision_json
from application.incidents.drafts import draft_with
from application.incidents.news import tell_of_change
from application.people.people import ensure_people
from application.people.references import check_teams
from application.people.services import ensure_services
from application.postmortems.first_drafts import refresh_draft
from application.postmortems.opening import NewPostmortem, open_postmortem
from application.postmortems.participants import propose
from domain import access
from domain.access import OrganizationVerb, Viewer
from domain.errors import NotAllowed, PostmortemsDisabled, StaleVersion
from domain.incidents.incident import Incident as Reported
from domain.incidents.incident import IncidentReport, IncidentStatus
from domain.incidents.state import IncidentState, merge
from domain.incidents.triggers import Outcome
from domain.incidents.warnings import warnings_about
from models.base import derived_id, new_id
from models.incident import Incident
from models.person import Person
from models.queries.incidents import incidents
from models.queries.postmortems.drafts import lock_unedited_draft
from models.queries.postmortems.proposals import has_choice, list_open_of_incident
from models.queries.rows import write_rows
from models.session import Session
from models.team import Service


@dataclass(frozen=True, slots=True)
class ReceivedReport:
    """What a report led to. ``postmortem_id`` is one that was opened, or updated before anyone edited it.

    The workflows of those in ``look_again`` have other reminders to wait for. ``warnings`` are sentences about what was
    not used, or is doubtful.
    """

    incident: Incident
    is_new: bool
    is_changed: bool = True
    postmortem_id: str | None = None
    opened: bool = False
    look_again: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()

    @property
    def touched(self) -> tuple[str, ...]:
        """The postmortems whose workflows have to hear of it."""
        return (*self.look_again, *((self.postmortem_id,) if self.postmortem_id else ()))


async def report_incident(session: Session, viewer: Viewer, report: IncidentReport, now: datetime) -> ReceivedReport:
    """What a person or their program reports. Raises NotAllowed, UnknownReference."""
    _check_may_report(viewer)
    if report.team_id:
        await check_teams(session, "teamId", [report.team_id])
    received = await receive_report(session, viewer, report, now)
    await session.flush()
    return received


async def correct_incident(
    session: Session, viewer: Viewer, incident_id: str, report: IncidentReport, expected: int | None, now: datetime
) -> ReceivedReport:
    """As :func:`report_incident`, about an incident that is known; the report's own source and id do not matter.

    Raises NotAllowed, NotFound, StaleVersion, UnknownReference.
    """
    _check_may_report(viewer)
    incident = await incidents.get_incident(session, incident_id, lock=True)
    if expected is not None and expected != incident.version:
        raise StaleVersion(expected=str(expected), current=incident.version)
    own = replace(report, source=incident.source, external_id=incident.external_id)
    return await report_incident(session, viewer, own, now)


def _check_may_report(viewer: Viewer) -> None:
    if not access.may_in_organization(OrganizationVerb.REPORT, access.organization_relations(viewer)):
        raise NotAllowed(action="report incidents", who="a responder or an administrator")


async def lock_reported(session: Session, reports: Sequence[IncidentReport], now: datetime) -> None:
    """Takes every lock that receiving these will take, in one order: incidents, services, people, each sorted.

    Otherwise two deliveries of several reports each could wait for each other.
    """
    for report in sorted(reports, key=lambda one: (one.source, one.external_id)):
        await _lock_or_insert(session, report, None, now)
    await ensure_services(session, [name for one in reports for name in one.services])
    await ensure_people(session, [(it.email, it.name) for one in reports for it in one.responders])


async def receive_report(
    session: Session,
    viewer: Viewer | None,
    report: IncidentReport,
    now: datetime,
    *,
    incident_id: str | None = None,
    postmortem_id: str | None = None,
    origin: str | None = None,
) -> ReceivedReport:
    """Merges a report into its incident, under the incident's lock; opens the postmortem that it requires.

    The same report again changes nothing, in whatever order reports arrive. Ids are made where none are given.
    """
    incident, is_new = await _lock_or_insert(session, report, incident_id, now)
    before = IncidentState.from_json(incident.registers) if incident.registers else None
    state = merge(before, report)
    incident.registers = state.to_json()
    warnings = warnings_about(report, state.incident())
    if before is not None and before.incident() == state.incident():
        return ReceivedReport(incident, is_new=False, is_changed=False, warnings=warnings)
    incident.updated_at = now
    if not is_new:
        incident.version += 1
    services, people = await _write_columns(session, incident, state)
    action = "incident.reported" if is_new else "incident.updated"
    after = {"status": incident.status, "title": incident.title}
    audit(session, viewer, action, "incident", incident.id, origin=origin, after=after)
    if before is not None and _names_others(before.incident(), state.incident()):
        await _propose_to_open(session, viewer, incident, services, people, origin)
    resting: tuple[str, ...] = ()
    if before is not None and before.incident().span != state.incident().span:
        resting = await tell_of_change(session, viewer, incident, before.incident().span, now, origin)
    if incident.status != IncidentStatus.RESOLVED:
        incident.decision = None
        return ReceivedReport(incident, is_new, look_again=resting, warnings=warnings)
    decision = await decide(session, incident)
    incident.decision = decision_json(decision)
    await session.flush()
    postmortem_id = postmortem_id or derived_id("pm", incident.id)
    untouched = await lock_unedited_draft(session, postmortem_id)
    if untouched is None and decision.outcome is not Outcome.REQUIRED:
        return ReceivedReport(incident, is_new, warnings=warnings)
    new = await draft_with(session, [incident], postmortem_id, None, services, people)
    if untouched is not None:
        await refresh_draft(session, untouched, new, now, reporter=viewer, origin=origin)
        return ReceivedReport(incident, is_new, postmortem_id=postmortem_id, warnings=warnings)
    if not await _opens(session, viewer, new, now):
        return ReceivedReport(incident, is_new, warnings=warnings)
    return ReceivedReport(incident, is_new, postmortem_id=postmortem_id, opened=True, warnings=warnings)


async def _opens(session: Session, viewer: Viewer | None, new: NewPostmortem, now: datetime) -> bool:
    """False if a person has begun to write, or if postmortems are switched off."""
    try:
        return await open_postmortem(session, None, new, now, reporter=viewer)
    except PostmortemsDisabled:
        return False


def _names_others(before: Reported, now: Reported) -> bool:
    """Whether the report changed who was there, or whose services these are."""
    return (before.responders, before.services, before.team_id) != (now.responders, now.services, now.team_id)


async def _propose_to_open(
    session: Session,
    viewer: Viewer | None,
    incident: Incident,
    services: Sequence[Service],
    people: Sequence[Person],
    origin: str | None,
) -> None:
    """To every unpublished postmortem about the incident that somebody works on; the rest follow their incident."""
    for postmortem in await list_open_of_incident(session, incident.id):
        if postmortem.draft_started_at is None and not await has_choice(session, postmortem.id):
            continue
        new = await draft_with(session, [incident], postmortem.id, postmortem.author_id, services, people)
        await propose(session, viewer, new, origin=origin)


async def _lock_or_insert(
    session: Session, report: IncidentReport, incident_id: str | None, now: datetime
) -> tuple[Incident, bool]:
    """The incident, locked, and whether nothing was reported of it before."""
    title = report.title or report.external_id
    await incidents.insert_incident(
        session, incident_id or new_id("inc"), report.source, report.external_id, title, now
    )
    incident = await incidents.lock_incident(session, report.source, report.external_id)
    return incident, not incident.registers


async def _write_columns(
    session: Session, incident: Incident, state: IncidentState
) -> tuple[Sequence[Service], Sequence[Person]]:
    """Writes the columns and links that follow from the merged reports."""
    merged = state.incident()
    services = await ensure_services(session, merged.services)
    people = await ensure_people(session, [(one.email, one.name) for one in merged.responders])
    incident.title, incident.status, incident.urgency = merged.title, merged.status.value, merged.urgency.value
    incident.started_at, incident.resolved_at = merged.started_at, merged.resolved_at
    incident.team_id = await _find_team(session, merged.team_id, services)
    await write_rows(session)
    await incidents.insert_services(session, incident.id, [one.id for one in services])
    await incidents.insert_responders(session, incident.id, [one.id for one in people])
    return services, people


async def _find_team(session: Session, reported: str | None, services: Sequence[Service]) -> str | None:
    """The team that the source named, if there is one; else the team of the first service that has one."""
    if reported and await incidents.team_exists(session, reported):
        return reported
    return next((one.team_id for one in services if one.team_id), None)
