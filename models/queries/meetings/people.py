"""Who can come to a meeting, and what is still being discussed."""

from collections.abc import Collection

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from models.person import Person
from models.postmortem import Comment
from models.queries.access.visibility import visible_to_person
from models.queries.postmortems.counts import unresolved_threads


async def list_invitable(session: AsyncSession, postmortem_id: str, person_ids: Collection[str]) -> dict[str, Person]:
    """Of these people, those who are active and may see the postmortem, by id."""
    statement = select(Person).where(Person.id.in_(sorted(person_ids)), Person.is_active)
    found = await session.execute(statement.where(visible_to_person(postmortem_id)))
    return {one.id: one for one in found.scalars()}


async def count_open_threads(session: AsyncSession, postmortem_id: str) -> dict[str | None, int]:
    """By the keys of their sections; None is the postmortem as a whole."""
    statement = select(Comment.section, func.count()).where(
        Comment.postmortem_id == postmortem_id, *unresolved_threads()
    )
    rows = await session.execute(statement.group_by(Comment.section))
    return {row[0]: row[1] for row in rows}
