"""A person as a viewer: whose rights a statement is limited to."""

from typing import Any

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.access import Role, Viewer
from domain.errors import NotFound
from models.person import Person
from models.team import TeamMember


def team_ids_of_person() -> Any:
    """A column beside those of :class:`Person`: the ids of their teams, null if there are none."""
    return (
        select(func.array_agg(TeamMember.team_id))
        .where(TeamMember.person_id == Person.id)
        .correlate(Person)
        .scalar_subquery()
    )


async def get_viewer_unscoped(session: AsyncSession, person_id: str, origin: str) -> Viewer:
    """A person as a viewer with every scope, for activities that act on a person's behalf."""
    statement = select(Person, team_ids_of_person()).where(Person.id == person_id)
    row = (await session.execute(statement)).one_or_none()
    if row is None:
        raise NotFound(kind="person", id=person_id)
    person, team_ids = row
    return Viewer(person.id, Role(person.role), frozenset(team_ids or ()), origin=origin)
