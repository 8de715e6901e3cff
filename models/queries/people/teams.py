"""Teams and services."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.access import Viewer
from domain.errors import AlreadyExists, NotFound, UnknownReference
from models.base import new_id
from models.person import Person
from models.queries.audit.records import audit, change_row
from models.queries.pagination import Ask, Order, Page, fetch_page
from models.queries.people.people import check_people
from models.team import Service, Team, TeamMember


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
    return {one.id: one for one in (await session.execute(select(Team).where(Team.id.in_(team_ids)))).scalars()}


async def members_of(session: AsyncSession, team_ids: Sequence[str]) -> dict[str, list[str]]:
    statement = select(TeamMember.team_id, TeamMember.person_id).where(TeamMember.team_id.in_(team_ids))
    members: dict[str, list[str]] = {}
    for team_id, person_id in (await session.execute(statement.order_by(TeamMember.person_id))).all():
        members.setdefault(team_id, []).append(person_id)
    return members


async def list_active_members(session: AsyncSession, team_id: str) -> list[str]:
    """Raises :class:`UnknownReference`."""
    await check_teams(session, "teamId", [team_id])
    statement = select(Person.id).join(TeamMember, TeamMember.person_id == Person.id)
    statement = statement.where(TeamMember.team_id == team_id, Person.is_active).order_by(Person.id)
    return list((await session.execute(statement)).scalars())


async def add_team(
    session: AsyncSession,
    viewer: Viewer | None = None,
    *,
    team_id: str,
    name: str,
    lead_id: str | None,
    member_ids: Iterable[str],
) -> Team:
    if lead_id:
        await check_people(session, "leadId", [lead_id])
    statement = insert(Team).values(id=team_id, name=name, lead_id=lead_id).on_conflict_do_nothing().returning(Team)
    team = (await session.execute(statement)).scalar_one_or_none()
    if team is None:
        raise AlreadyExists(kind="team", field="name", value=name)
    await set_members(session, viewer, team_id, [*member_ids, *([lead_id] if lead_id else [])])
    return team


async def change_team(
    session: AsyncSession, viewer: Viewer, team_id: str, changes: dict[str, Any], expected: int | None
) -> None:
    """Raises NotFound, StaleVersion, UnknownReference or AlreadyExists."""
    team = await session.get(Team, team_id, with_for_update=True, populate_existing=True)
    if team is None:
        raise NotFound(kind="team", id=team_id)
    member_ids = changes.pop("member_ids", None)
    if changes.get("lead_id"):
        await check_people(session, "leadId", [changes["lead_id"]])
    await _check_name(session, Team, "team", changes.get("name"), team_id)
    change_row(session, viewer, "team", team, changes, expected)
    await session.flush()
    if member_ids is not None:
        await set_members(session, viewer, team_id, member_ids)


async def _check_name(session: AsyncSession, table: type[Any], kind: str, name: str | None, own_id: str) -> None:
    if name is None:
        return
    holder = (await session.execute(select(table.id).where(table.name == name))).scalar_one_or_none()
    if holder is not None and holder != own_id:
        raise AlreadyExists(kind=kind, field="name", value=name)


async def change_service(
    session: AsyncSession, viewer: Viewer, service_id: str, changes: Mapping[str, Any], expected: int | None
) -> Service:
    """Naming its team claims it. Raises NotFound, StaleVersion, UnknownReference or AlreadyExists."""
    service = await session.get(Service, service_id, with_for_update=True, populate_existing=True)
    if service is None:
        raise NotFound(kind="service", id=service_id)
    if changes.get("team_id"):
        await check_teams(session, "teamId", [changes["team_id"]])
    await _check_name(session, Service, "service", changes.get("name"), service_id)
    change_row(session, viewer, "service", service, {**changes, "is_active": True}, expected)
    await session.flush()
    return service


async def set_members(session: AsyncSession, viewer: Viewer | None, team_id: str, person_ids: Iterable[str]) -> None:
    """Audited where it changes something: who is in a team may see what the team may see."""
    wanted = list(dict.fromkeys(person_ids))
    await check_people(session, "memberIds", wanted)
    before = (await members_of(session, [team_id])).get(team_id, [])
    await session.execute(delete(TeamMember).where(TeamMember.team_id == team_id, TeamMember.person_id.not_in(wanted)))
    if wanted:
        rows = [{"team_id": team_id, "person_id": person_id} for person_id in wanted]
        await session.execute(insert(TeamMember).values(rows).on_conflict_do_nothing())
    if set(wanted) != set(before):
        told = ({"memberIds": before}, {"memberIds": sorted(wanted)})
        audit(session, viewer, "team.members_changed", "team", team_id, before=told[0], after=told[1])


async def set_teams_of(session: AsyncSession, viewer: Viewer, person_id: str, team_ids: Iterable[str]) -> None:
    """Audited where it changes something."""
    wanted = list(dict.fromkeys(team_ids))
    await check_teams(session, "teamIds", wanted)
    current = select(TeamMember.team_id).where(TeamMember.person_id == person_id).order_by(TeamMember.team_id)
    before = list((await session.execute(current)).scalars())
    await session.execute(
        delete(TeamMember).where(TeamMember.person_id == person_id, TeamMember.team_id.not_in(wanted))
    )
    if wanted:
        rows = [{"team_id": team_id, "person_id": person_id} for team_id in wanted]
        await session.execute(insert(TeamMember).values(rows).on_conflict_do_nothing())
    if set(wanted) != set(before):
        told = ({"teamIds": before}, {"teamIds": sorted(wanted)})
        audit(session, viewer, "user.teams_changed", "user", person_id, before=told[0], after=told[1])


async def check_teams(session: AsyncSession, field: str, team_ids: Iterable[str]) -> None:
    wanted = list(dict.fromkeys(team_ids))
    found = set((await session.execute(select(Team.id).where(Team.id.in_(wanted)))).scalars()) if wanted else set()
    for team_id in wanted:
        if team_id not in found:
            raise UnknownReference(field=field, kind="team", id=team_id)


async def get_service(session: AsyncSession, service_id: str) -> Service:
    service = await session.get(Service, service_id)
    if service is None:
        raise NotFound(kind="service", id=service_id)
    return service


async def list_services(session: AsyncSession, ask: Ask, *, team_id: str | None = None) -> Page[Service]:
    statement = select(Service)
    if team_id:
        statement = statement.where(Service.team_id == team_id)
    rows, cursor = await fetch_page(session, statement, Order("services", Service.created_at, Service.id, False), ask)
    return Page([row[0] for row in rows], cursor)


async def add_service(session: AsyncSession, *, service_id: str, name: str, team_id: str | None) -> Service:
    """Claims the inactive service that a webhook made under this name, else makes it; raises AlreadyExists."""
    if team_id:
        await check_teams(session, "teamId", [team_id])
    claimed = (
        await session.execute(select(Service).where(Service.name == name, ~Service.is_active))
    ).scalar_one_or_none()
    if claimed is not None:
        claimed.team_id, claimed.is_active, claimed.version = team_id, True, claimed.version + 1
        await session.flush()
        return claimed
    values = {"id": service_id, "name": name, "team_id": team_id, "is_active": True}
    service = (
        await session.execute(insert(Service).values(**values).on_conflict_do_nothing().returning(Service))
    ).scalar_one_or_none()
    if service is None:
        raise AlreadyExists(kind="service", field="name", value=name)
    return service


async def ensure_services(session: AsyncSession, names: Sequence[str]) -> list[Service]:
    """The services of those names, in order; an unknown one is made, inactive, to be claimed."""
    wanted = list(dict.fromkeys(names))
    if not wanted:
        return []
    found = await _by_name(session, wanted)
    missing = sorted(name for name in wanted if name not in found)
    if missing:
        rows = [{"id": new_id("svc"), "name": name, "is_active": False} for name in missing]
        await session.execute(insert(Service).values(rows).on_conflict_do_nothing())
        found = await _by_name(session, wanted)
    return [found[name] for name in wanted if name in found]


async def _by_name(session: AsyncSession, names: Sequence[str]) -> dict[str, Service]:
    return {one.name: one for one in (await session.execute(select(Service).where(Service.name.in_(names)))).scalars()}
