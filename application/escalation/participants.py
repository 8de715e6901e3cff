"""Reads the people of one postmortem who may get reminders."""

from collections.abc import Iterable
from dataclasses import replace

from domain.access import Role
from domain.escalation.participants import Participants
from domain.escalation.policy import Office
from models.postmortem import Postmortem
from models.queries.escalation.participants import list_involved, list_team_leads
from models.queries.people.calendars import read_calendars
from models.session import Session


async def read_participants(
    session: Session,
    postmortem: Postmortem,
    office: Office,
    others: Iterable[str | None] = (),
    owner_id: str | None = None,
) -> Participants:
    """``others`` are people besides the author who may have something to do: reviewers, writers of comments.

    ``owner_id`` owns an action item, and so may know of it whether or not they may see the postmortem.
    """
    teams = [(team_id, lead_id, channel) for team_id, lead_id, channel in await list_team_leads(session, postmortem.id)]
    named = {one for one in (postmortem.author_id, owner_id, *others, *(lead for _, lead, _ in teams)) if one}
    involved = await list_involved(session, postmortem.id, named)
    active = {person.id for person, _ in involved}
    present = {person.id: person for person, may_see in involved if may_see or person.id == owner_id}
    calendars = await read_calendars(session, list(present.values()), office)
    delegating = {one.id: calendars[one.id] for one in present.values() if one.delegate_id}
    by_channel = {team: calendars.get(lead or "", office.calendar) for team, lead, channel in teams if channel}
    return Participants(
        present=frozenset(present),
        author=postmortem.author_id,
        leads=tuple(dict.fromkeys(lead for _, lead, _ in teams if lead in present)),
        administrators=tuple(one.id for one in present.values() if one.role == Role.ADMIN.value),
        teams_without_lead={team: lead for team, lead, _ in teams if lead not in active},
        calendars=calendars | {key: replace(one, away=()) for key, one in (*delegating.items(), *by_channel.items())},
        channels=tuple(team for team, _, channel in teams if channel),
    )
