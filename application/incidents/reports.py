"""Taking in what incident sources and people report."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import chain

from application.audit.audit_log import audit
from application.incidents.decisions import decide_with, decision_json
from application.incidents.drafts import draft_with
from application.incidents.naming import name_reports, services_and_people
from application.incidents.news import is_not_begun, tell_of_change
from application.people.references import check_teams
from application.postmortems.first_drafts import refresh_draft
from application.postmortems.opening import NewPostmortem, open_postmortem
from application.postmortems.participants import propose
from domain import access
from domain.access import OrganizationVerb, Viewer
from domain.errors import NotAllowed, PostmortemsDisabled, StaleVersion
from domain.incidents.incident import Incident as Reported
from domain.incidents.incident import IncidentReport, IncidentStatus
from domain.incidents.state import IncidentState, merge
from domain.incidents.triggers import Decision, Outcome
from domain.incidents.warnings import warnings_about
from domain.postmortems.lifecycle import Status
from models.base import derived_id
from models.incident import Incident
from models.postmortem import Postmortem
from models.queries.incidents import incidents, links
from models.queries.incidents.reported import Named, NamedPerson, NamedService
from models.queries.postmortems.drafts import lock_unedited_draft
from models.queries.postmortems.proposals import has_choice
from models.queries.rows import write_rows
from models.queries.together import NewRows
from models.session import Session


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
    return await receive_report(session, viewer, report, now)


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


@dataclass(frozen=True, slots=True)
class NotedReports:
    """What reports of one incident made of it; ``before`` is None for a new one.

    ``is_used`` is False if they changed nothing, and each of them says something else than the incident.
    """

    incident: Incident
    before: Reported | None
    after: Reported
    warnings: tuple[str, ...]
    is_used: bool
    services: Sequence[NamedService] = ()
    people: Sequence[NamedPerson] = ()
    decision: Decision | None = None

    @property
    def is_changed(self) -> bool:
        return self.before != self.after

    def links(self, named: Named) -> list[NewRows]:
        return named.links(self.incident.id, [one.id for one in self.services], [one.id for one in self.people])


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
    named = await name_reports(session, [report], now, incident_id=incident_id)
    noted = await note_reports(session, viewer, named, [report], now, origin)
    await write_rows(session, noted.links(named))
    received = await follow_reports(session, viewer, noted, now, postmortem_id=postmortem_id, origin=origin)
    await write_rows(session)
    return received


async def note_reports(
    session: Session,
    viewer: Viewer | None,
    named: Named,
    reports: Sequence[IncidentReport],
    now: datetime,
    origin: str | None,
) -> NotedReports:
    """Merges reports of one incident that was locked with their names. What changed is still to be written, and its
    links with it."""
    incident = named.incidents[reports[0].source, reports[0].external_id]
    kept = IncidentState.from_json(incident.registers) if incident.registers else None
    states = [merge(kept, reports[0])]
    for report in reports[1:]:
        states.append(merge(states[-1], report))
    before, merged = kept.incident() if kept else None, [one.incident() for one in states]
    last = merged[-1]
    about = [warnings_about(report, after) for report, after in zip(reports, merged, strict=True)]
    warnings = tuple(dict.fromkeys(chain(*about)))
    steps = zip(about, [before, *merged], merged, strict=False)
    is_used = any(not sentences or earlier != later for sentences, earlier, later in steps)
    if before == last:
        incident.registers = states[-1].to_json()
        return NotedReports(incident, before, last, warnings, is_used)
    services, people = await services_and_people(session, last, named)
    team_id = await _find_team(session, last.team_id, incident, named, services)
    decision = None
    if last.status is IncidentStatus.RESOLVED:
        all_services = list(dict.fromkeys([*services, *named.linked_to(incident.id)]))
        person_ids = {*(one.id for one in people), *named.linked_people.get(incident.id, {})}
        decision = await decide_with(session, incident.id, last, all_services, sorted(person_ids))
    incident.registers = states[-1].to_json()
    incident.updated_at = now
    if before is not None:
        incident.version += 1
    incident.title, incident.status, incident.urgency = last.title, last.status.value, last.urgency.value
    incident.started_at, incident.resolved_at, incident.team_id = last.started_at, last.resolved_at, team_id
    incident.decision = decision_json(decision) if decision else None
    action = "incident.reported" if before is None else "incident.updated"
    told = {"status": incident.status, "title": incident.title}
    audit(session, viewer, action, "incident", incident.id, origin=origin, after=told)
    return NotedReports(incident, before, last, warnings, is_used, services, people, decision)


async def follow_reports(
    session: Session,
    viewer: Viewer | None,
    noted: NotedReports,
    now: datetime,
    *,
    postmortem_id: str | None = None,
    origin: str | None = None,
) -> ReceivedReport:
    """Once the change is written: proposes people and teams to postmortems, tells authors of new times, and opens or
    refreshes the postmortem that the incident requires."""
    incident, before, warnings = noted.incident, noted.before, noted.warnings
    is_new = before is None
    if not noted.is_changed:
        return ReceivedReport(incident, is_new=False, is_changed=False, warnings=warnings)
    resting: tuple[str, ...] = ()
    postmortem_id = postmortem_id or derived_id("pm", incident.id)
    postmortems: Sequence[Postmortem] = ()
    if before is not None:
        has_others, has_new_times = _names_others(before, noted.after), before.span != noted.after.span
        if has_others or has_new_times:
            postmortems = await links.lock_postmortems_unscoped(session, incident.id)
        elif noted.decision is not None:
            postmortems = await lock_unedited_draft(session, postmortem_id)
        if has_others:
            await _propose_to_open(session, viewer, noted, postmortems, origin)
        if has_new_times:
            resting = await tell_of_change(session, viewer, incident, postmortems, before.span, now, origin)
    if noted.decision is None:
        return ReceivedReport(incident, is_new, look_again=resting, warnings=warnings)
    untouched = next((one for one in postmortems if one.id == postmortem_id and is_not_begun(one)), None)
    if untouched is None and noted.decision.outcome is not Outcome.REQUIRED:
        return ReceivedReport(incident, is_new, warnings=warnings)
    new = await draft_with(session, [incident], postmortem_id, None, noted.services, noted.people)
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
    noted: NotedReports,
    postmortems: Sequence[Postmortem],
    origin: str | None,
) -> None:
    """Only to those that aren't published and that somebody works on; the others follow their incident."""
    incident = noted.incident
    for postmortem in postmortems:
        if postmortem.status not in {Status.DRAFT, Status.IN_REVIEW}:
            continue
        if postmortem.draft_started_at is None and not await has_choice(session, postmortem.id):
            continue
        new = await draft_with(session, [incident], postmortem.id, postmortem.author_id, noted.services, noted.people)
        await propose(session, viewer, new, origin=origin)


async def _find_team(
    session: Session, reported: str | None, incident: Incident, named: Named, services: Sequence[NamedService]
) -> str | None:
    """The team that the source named, if there is one; else the team of the first service that has one."""
    is_known = reported in {incident.team_id, *named.team_ids}
    if reported and (is_known or await incidents.team_exists(session, reported)):
        return reported
    return next((one.team_id for one in services if one.team_id), None)
