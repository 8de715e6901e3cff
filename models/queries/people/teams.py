"""Teams and who is in them."""

from collections.abc import Iterable, Sequence

from sqlalchemy import any_, delete, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.errors import NotFound
from models.person import Person
from models.queries.pagination import Ask, Order, Page, fetch_page
from models.queries.prebuilt import Prebuilt, texts_of
from models.queries.rows import columns_of, read_rows
from models.team import Team, TeamMember


async def find_team(session: AsyncSession, team_id: str) -> Team | None:
    return await session.get(Team, team_id)


async def get_team(session: AsyncSession, team_id: str) -> Team:
    team = await session.get(Team, team_id)
    if team is None:
        raise NotFound(kind="team", id=team_id)
    return team


async def list_teams(session: AsyncSession, ask: Ask) -> Page[Team]:
    rows, cursor = await fetch_page(session, select(Team), Order("teams", Team.created_at, Team.id, False), ask)
    return Page([row[0] for row in rows], cursor)


async def teams_by_id(session: AsyncSession, team_ids: Sequence[str]) -> dict[str, Team]:
    if not team_ids:
        return {}
    return {one.id: one for one in await read_rows(session, Team, _BY_ID, ids=list(team_ids))}


_BY_ID = Prebuilt(select(*columns_of(Team)).where(Team.id == any_(texts_of("ids"))))


async def count_members(session: AsyncSession, team_ids: Sequence[str]) -> dict[str, int]:
    """Active members, by team. Teams without any are left out."""
    statement = select(TeamMember.team_id, func.count()).join(Person, Person.id == TeamMember.person_id)
    statement = statement.where(TeamMember.team_id.in_(team_ids), Person.is_active).group_by(TeamMember.team_id)
    return {row[0]: row[1] for row in (await session.execute(statement)).all()}


async def members_of(session: AsyncSession, team_ids: Sequence[str]) -> dict[str, list[str]]:
    statement = select(TeamMember.team_id, TeamMember.person_id).where(TeamMember.team_id.in_(team_ids))
    members: dict[str, list[str]] = {}
    for team_id, person_id in (await session.execute(statement.order_by(TeamMember.person_id))).all():
        members.setdefault(team_id, []).append(person_id)
    return members


async def list_active_members(session: AsyncSession, team_id: str) -> list[str]:
    statement = select(Person.id).join(TeamMember, TeamMember.person_id == Person.id)
    statement = statement.where(TeamMember.team_id == team_id, Person.is_active).order_by(Person.id)
    return list((await session.execute(statement)).scalars())


async def list_teams_of(session: AsyncSession, person_id: str) -> list[str]:
    """Ids of a person's teams, sorted."""
    statement = select(TeamMember.team_id).where(TeamMember.person_id == person_id).order_by(TeamMember.team_id)
    return list((await session.execute(statement)).scalars())


async def get_team_for_update(session: AsyncSession, team_id: str) -> Team:
    team = await session.get(Team, team_id, with_for_update=True, populate_existing=True)
    if team is None:
        raise NotFound(kind="team", id=team_id)
    return team


async def find_id_by_name(session: AsyncSession, name: str) -> str | None:
    return (await session.execute(select(Team.id).where(Team.name == name))).scalar_one_or_none()


async def ids_by_name(session: AsyncSession, names: Iterable[str]) -> dict[str, str]:
    """Of those names that a team has."""
    rows = await session.execute(select(Team.name, Team.id).where(Team.name.in_(sorted(names))))
    return {row.name: row.id for row in rows.all()}


async def insert_team(session: AsyncSession, *, team_id: str, name: str, lead_id: str | None) -> Team | None:
    """None if another team has that name."""
    statement = insert(Team).values(id=team_id, name=name, lead_id=lead_id).on_conflict_do_nothing().returning(Team)
    return (await session.execute(statement)).scalar_one_or_none()


async def replace_members(session: AsyncSession, team_id: str, person_ids: Sequence[str]) -> None:
    others = delete(TeamMember).where(TeamMember.team_id == team_id, TeamMember.person_id.not_in(person_ids))
    await session.execute(others)
    if person_ids:
        rows = [{"team_id": team_id, "person_id": person_id} for person_id in person_ids]
        await session.execute(insert(TeamMember).values(rows).on_conflict_do_nothing())


async def replace_teams_of(session: AsyncSession, person_id: str, team_ids: Sequence[str]) -> None:
    others = delete(TeamMember).where(TeamMember.person_id == person_id, TeamMember.team_id.not_in(team_ids))
    await session.execute(others)
    if team_ids:
        rows = [{"team_id": team_id, "person_id": person_id} for team_id in team_ids]
        await session.execute(insert(TeamMember).values(rows).on_conflict_do_nothing())
