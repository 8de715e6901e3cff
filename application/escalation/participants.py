"""The people of one postmortem who may get reminders, of what was read about it."""

from collections.abc import Iterable
from dataclasses import replace

from domain.access import Role
from domain.escalation.participants import Participants
from models.queries.escalation.pending import PendingFacts
from models.queries.people.calendars import calendar_of


def participants_of(
    facts: PendingFacts, others: Iterable[str | None] = (), owner_id: str | None = None
) -> Participants:
    """``others`` are people besides the author who may have something to do: reviewers, writers of comments.

    ``owner_id`` owns an action item, and so may know of it whether or not they may see the postmortem.
    """
    teams, office = facts.teams, facts.policy.office
    named = {facts.postmortem.author_id, owner_id, *others, *(one.lead_id for one in teams)}
    involved = [one for one in facts.involved if one.role == Role.ADMIN.value or one.id in named]
    active = {one.id for one in involved}
    present = {one.id: one for one in involved if one.may_see or one.id == owner_id}
    calendars = {one.id: calendar_of(one, office, facts.holidays) for one in present.values()}
    delegating = {one.id: calendars[one.id] for one in present.values() if one.delegate_id}
    by_channel = {one.id: calendars.get(one.lead_id or "", office.calendar) for one in teams if one.channel_id}
    return Participants(
        present=frozenset(present),
        author=facts.postmortem.author_id,
        leads=tuple(dict.fromkeys(one.lead_id for one in teams if one.lead_id in present)),
        administrators=tuple(one.id for one in present.values() if one.role == Role.ADMIN.value),
        teams_without_lead={one.id: one.lead_id for one in teams if one.lead_id not in active},
        calendars=calendars | {key: replace(one, away=()) for key, one in (*delegating.items(), *by_channel.items())},
        channels=tuple(one.id for one in teams if one.channel_id),
    )
