"""Who is involved in a postmortem: the leads of its teams, and the people who may see it."""

from collections.abc import Iterable

from sqlalchemy import Row, Text, bindparam, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.access import Role
from models.person import Person
from models.postmortem import PostmortemTeam
from models.queries.access.visibility import visible_to_person
from models.team import Team


async def list_team_leads(session: AsyncSession, postmortem_id: str) -> list[Row[str, str | None, str | None]]:
    """Each team of the postmortem: its id, the id of its lead, and its channel."""
    teams = select(PostmortemTeam.team_id).where(PostmortemTeam.postmortem_id == postmortem_id)
    statement = select(Team.id, Team.lead_id, Team.channel_id).where(Team.id.in_(teams)).order_by(Team.id)
    return list((await session.execute(statement)).all())


_PEOPLE = (
    select(Person, visible_to_person(bindparam("postmortem_id", type_=Text)))
    .where(
        Person.is_active,
        or_(Person.role == Role.ADMIN.value, Person.id.in_(bindparam("named", expanding=True))),
    )
    .order_by(Person.created_at, Person.id)
)
"""Built once, since it runs for each plan of reminders."""


async def list_involved(
    session: AsyncSession, postmortem_id: str, person_ids: Iterable[str]
) -> list[Row[Person, bool]]:
    """Active people of those ids, and all active administrators; whether each may see the postmortem."""
    return list((await session.execute(_PEOPLE, {"postmortem_id": postmortem_id, "named": sorted(person_ids)})).all())
