"""Who takes part in a postmortem: proposed by incident reports, confirmed or dismissed by people who manage it.

A row that grants access is never written for somebody who lacks access himself: whoever reports an incident only
proposes, once a person has chosen anything about the postmortem. Teams feed the visibility TEAM, so the same holds for
them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from application.audit.audit_log import audit, audit_postmortem
from application.content.changes import record_change
from application.people.references import check_people
from application.postmortems.editing import check_may_manage
from application.postmortems.opening import NewPostmortem
from domain import access
from domain.access import Verb, Viewer
from domain.errors import NotFound
from domain.postmortems.lifecycle import Status
from models.postmortem import PostmortemParticipant, PostmortemTeam
from models.queries.incidents.links import hold_incidents_unscoped
from models.queries.postmortems import links, proposals
from models.queries.postmortems.postmortems import VisiblePostmortem, get_visible
from models.queries.postmortems.proposals import Proposal
from models.session import Session

PEOPLE = "change the participants of this postmortem"
TEAMS = "change the teams of this postmortem"


@dataclass(frozen=True, slots=True)
class Attendance:
    """A person or a team that takes part, or is proposed to. ``added_by_id`` is null where a webhook or a draft that
    opened by itself brought it."""

    id: str
    from_incident: bool
    is_confirmed: bool
    added_by_id: str | None


# Proposing


async def propose(
    session: Session, viewer: Viewer | None, new: NewPostmortem, *, origin: str | None = None
) -> Sequence[Proposal]:
    """Proposes the people and teams of ``new`` that the postmortem does not have; ``viewer`` reported them."""
    people = set(await proposals.list_person_ids(session, new.id))
    teams = set(await links.list_team_ids(session, new.id))
    reporter = viewer.person_id if viewer else None
    wanted = [
        Proposal(one, None, new.contributors.get(one), reporter)
        for one in dict.fromkeys(new.participant_ids)
        if one not in people
    ]
    wanted += [
        Proposal(None, one, new.contributors.get(one), reporter)
        for one in dict.fromkeys(new.team_ids)
        if one not in teams
    ]
    found = await proposals.insert_proposals(session, new.id, wanted)
    if found:
        after = _named(found)
        audit(
            session,
            viewer,
            "participants.proposed",
            "postmortem",
            new.id,
            origin=origin,
            postmortem_id=new.id,
            after=after,
        )
    return found


def _named(found: Sequence[Proposal]) -> dict[str, Any]:
    incidents = sorted({one.incident_id for one in found if one.incident_id})
    return named_people(
        [one.person_id for one in found if one.person_id], [one.team_id for one in found if one.team_id], incidents
    )


def named_people(
    person_ids: Sequence[str], team_ids: Sequence[str], incident_ids: Sequence[str] = ()
) -> dict[str, list[str]]:
    """What the audit log says of them; empty lists are left out."""
    told: Mapping[str, Sequence[str]] = {"userIds": person_ids, "teamIds": team_ids, "incidentIds": incident_ids}
    return {name: list(ids) for name, ids in told.items() if ids}


# Reading


async def list_participants(session: Session, visible: VisiblePostmortem) -> list[Attendance]:
    """Confirmed ones first."""
    confirmed = [_attendance(one.person_id, one) for one in await proposals.list_participants(session, visible)]
    return confirmed + (await list_proposed(session, visible))[0]


async def list_teams(session: Session, visible: VisiblePostmortem) -> list[Attendance]:
    """As :func:`list_participants`."""
    confirmed = [_attendance(one.team_id, one) for one in await proposals.list_teams(session, visible)]
    return confirmed + (await list_proposed(session, visible))[1]


async def list_proposed(session: Session, visible: VisiblePostmortem) -> tuple[list[Attendance], list[Attendance]]:
    """The people and the teams that nobody has decided about yet, in one statement."""
    found = await proposals.list_proposals(session, visible)
    proposed_people = [_attendance(one.person_id, one, is_confirmed=False) for one in found if one.person_id]
    return proposed_people, [_attendance(one.team_id, one, is_confirmed=False) for one in found if one.team_id]


def _attendance(
    subject_id: str, row: Proposal | PostmortemParticipant | PostmortemTeam, *, is_confirmed: bool = True
) -> Attendance:
    return Attendance(subject_id, row.incident_id is not None, is_confirmed, row.added_by_id)


# Deciding


async def add_participant(
    session: Session, viewer: Viewer, postmortem_id: str, person_id: str, now: datetime
) -> Attendance:
    """Raises NotFound, NotAllowed, UnknownReference."""
    await hold_incidents_unscoped(session, postmortem_id)
    visible = await get_visible(session, viewer, postmortem_id, lock=True)
    check_may_manage(visible, PEOPLE)
    await check_people(session, "userId", [person_id])
    proposal = await proposals.take_proposal(session, postmortem_id, person_id=person_id)
    incident_id = proposal.incident_id if proposal else None
    if await proposals.insert_participant(session, postmortem_id, person_id, incident_id, viewer.person_id):
        audit_postmortem(session, viewer, visible, "participants.added", after=named_people([person_id], []))
        await record_change(session, viewer, visible, now, is_content=False)
    return next(one for one in await list_participants(session, visible) if one.id == person_id)


async def confirm_participant(
    session: Session, viewer: Viewer, postmortem_id: str, person_id: str, now: datetime
) -> Attendance:
    """Gives the proposed person access. Confirming twice changes nothing. Raises NotFound, NotAllowed."""
    await hold_incidents_unscoped(session, postmortem_id)
    visible = await get_visible(session, viewer, postmortem_id, lock=True)
    check_may_manage(visible, PEOPLE)
    proposal = await proposals.take_proposal(session, postmortem_id, person_id=person_id)
    if proposal is not None:
        await proposals.insert_participant(session, postmortem_id, person_id, proposal.incident_id, viewer.person_id)
        await _audit_confirmed(session, viewer, visible, proposal, now)
    found = [one for one in await list_participants(session, visible) if one.id == person_id]
    if not found:
        raise NotFound(kind="proposed participant", id=person_id)
    return found[0]


async def remove_participant(
    session: Session, viewer: Viewer, postmortem_id: str, person_id: str, now: datetime
) -> None:
    """Removes a participant, or dismisses a proposed one; no report proposes them again. People may always remove
    themselves. Raises NotFound, NotAllowed."""
    visible = await get_visible(session, viewer, postmortem_id, lock=True)
    steps_back = person_id == viewer.person_id
    if not (steps_back and access.may(Verb.STEP_BACK, Status(visible.postmortem.status), visible.relations)):
        check_may_manage(visible, PEOPLE)
    removed = await proposals.delete_participant(session, postmortem_id, person_id)
    proposed = [one.person_id for one in await proposals.list_proposals(session, visible)]
    if not removed and person_id not in proposed:
        raise NotFound(kind="participant", id=person_id)
    await proposals.dismiss(session, postmortem_id, now, person_id=person_id)
    action = "participants.removed" if removed else "participants.dismissed"
    audit_postmortem(session, viewer, visible, action, before=named_people([person_id], []))
    await record_change(session, viewer, visible, now, is_content=False)


async def confirm_team(session: Session, viewer: Viewer, postmortem_id: str, team_id: str, now: datetime) -> Attendance:
    """As :func:`confirm_participant`."""
    await hold_incidents_unscoped(session, postmortem_id)
    visible = await get_visible(session, viewer, postmortem_id, lock=True)
    check_may_manage(visible, TEAMS)
    proposal = await proposals.take_proposal(session, postmortem_id, team_id=team_id)
    if proposal is not None:
        await proposals.insert_team(session, postmortem_id, team_id, proposal.incident_id, viewer.person_id)
        await _audit_confirmed(session, viewer, visible, proposal, now)
    found = [one for one in await list_teams(session, visible) if one.id == team_id]
    if not found:
        raise NotFound(kind="proposed team", id=team_id)
    return found[0]


async def dismiss_team(session: Session, viewer: Viewer, postmortem_id: str, team_id: str, now: datetime) -> None:
    """Only a proposed one: teams that a postmortem has are changed with the postmortem. Raises NotFound, NotAllowed."""
    visible = await get_visible(session, viewer, postmortem_id, lock=True)
    check_may_manage(visible, TEAMS)
    if team_id not in {one.team_id for one in await proposals.list_proposals(session, visible)}:
        raise NotFound(kind="proposed team", id=team_id)
    await proposals.dismiss(session, postmortem_id, now, team_id=team_id)
    audit_postmortem(session, viewer, visible, "participants.dismissed", before=named_people([], [team_id]))
    await record_change(session, viewer, visible, now, is_content=False)


async def _audit_confirmed(
    session: Session, viewer: Viewer, visible: VisiblePostmortem, proposal: Proposal, now: datetime
) -> None:
    after = _named([proposal]) | ({"proposedBy": proposal.added_by_id} if proposal.added_by_id else {})
    audit_postmortem(session, viewer, visible, "participants.confirmed", after=after)
    await record_change(session, viewer, visible, now, is_content=False)
