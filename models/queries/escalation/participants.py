"""Whom the ladder asks about one postmortem: its people by their parts, with their working hours."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from sqlalchemy import Text, bindparam, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.access import Role
from domain.escalation.plan import Channel, Receiver
from domain.escalation.policy import Asked, Office
from domain.people.calendar import Calendar
from models.person import Person
from models.postmortem import Postmortem, PostmortemTeam
from models.queries.access.visibility import visible_to_person
from models.queries.people.calendars import read_calendars
from models.team import Team


@dataclass(frozen=True, slots=True)
class Cast:
    """``present`` are active people who may know of the postmortem; ``leads`` and ``administrators`` are among them.
    Whoever is away and has a delegate is asked as if they were there: their voice hands it over.

    ``leaderless`` are its teams in which nobody leads, with the id of whoever led last; ``channels`` those of its teams
    that have a channel of their own.
    """

    present: frozenset[str]
    author: str | None
    leads: tuple[str, ...]
    administrators: tuple[str, ...]
    leaderless: Mapping[str, str | None]
    calendars: Mapping[str, Calendar]
    channels: tuple[str, ...] = ()

    def standing_in(self) -> tuple[str, ...]:
        """Who is asked where whoever owes it is nobody, or left: the team's lead, else one administrator."""
        return self.leads or self.administrators[:1]

    def owners(self, person_ids: Iterable[str | None]) -> tuple[Receiver, ...]:
        """Those of them who are there, else who stands in for them."""
        there = [one for one in dict.fromkeys(person_ids) if one in self.present]
        return tuple(Receiver(one) for one in (there or self.standing_in()) if one)

    @property
    def asked(self) -> dict[Asked, tuple[Receiver, ...]]:
        """Where no team has a channel of its own, its lead is asked in its stead, who is asked anyway."""
        leads = tuple(Receiver(one) for one in self.leads or self.administrators)
        return {
            Asked.AUTHOR: self.owners([self.author]),
            Asked.TEAM_CHANNEL: tuple(Receiver(one, Channel.SLACK) for one in self.channels) or leads,
            Asked.TEAM_LEAD: leads,
            Asked.ADMINISTRATORS: tuple(Receiver(one) for one in self.administrators),
        }


_PEOPLE = (
    select(Person, visible_to_person(bindparam("postmortem_id", type_=Text)))
    .where(
        Person.is_active,
        or_(Person.role == Role.ADMIN.value, Person.id.in_(bindparam("named", expanding=True))),
    )
    .order_by(Person.created_at, Person.id)
)
"""Built once: it is asked at each look. Active people of those ids, and administrators; whether each may know of it."""


async def read_cast(
    session: AsyncSession,
    postmortem: Postmortem,
    office: Office,
    others: Iterable[str | None] = (),
    owner_id: str | None = None,
) -> Cast:
    """``others`` are people who may owe something, besides the author: reviewers, who wrote comments. ``owner_id`` owns
    an item, and so knows of it whoever may see the postmortem."""
    teams = select(PostmortemTeam.team_id).where(PostmortemTeam.postmortem_id == postmortem.id)
    its_teams = select(Team.id, Team.lead_id, Team.channel_id).where(Team.id.in_(teams)).order_by(Team.id)
    led = [(one.id, one.lead_id, one.channel_id) for one in (await session.execute(its_teams)).all()]
    named = {one for one in (postmortem.author_id, owner_id, *others, *(lead for _, lead, _ in led)) if one}
    rows = (await session.execute(_PEOPLE, {"postmortem_id": postmortem.id, "named": sorted(named)})).all()
    active = {person.id for person, _ in rows}
    seeing = {person.id: person for person, sees in rows if sees or person.id == owner_id}
    hours = await read_calendars(session, list(seeing.values()), office)
    stood_in_for = {one.id: hours[one.id] for one in seeing.values() if one.delegate_id}
    channels = tuple(team for team, _, channel in led if channel)
    theirs = {team: hours.get(lead or "", office.calendar) for team, lead, channel in led if channel}
    return Cast(
        present=frozenset(seeing),
        author=postmortem.author_id,
        leads=tuple(dict.fromkeys(lead for _, lead, _ in led if lead in seeing)),
        administrators=tuple(one.id for one in seeing.values() if one.role == Role.ADMIN.value),
        leaderless={team: lead for team, lead, _ in led if lead not in active},
        calendars=hours | {place: replace(one, away=()) for place, one in (*stood_in_for.items(), *theirs.items())},
        channels=channels,
    )
