"""Services: what incidents affect, and which team owns each."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.errors import NotFound
from models.queries.pagination import Ask, Order, Page, fetch_page
from models.team import Service


async def get_service(session: AsyncSession, service_id: str) -> Service:
    service = await session.get(Service, service_id)
    if service is None:
        raise NotFound(kind="service", id=service_id)
    return service


async def get_service_for_update(session: AsyncSession, service_id: str) -> Service:
    service = await session.get(Service, service_id, with_for_update=True, populate_existing=True)
    if service is None:
        raise NotFound(kind="service", id=service_id)
    return service


async def list_services(session: AsyncSession, ask: Ask, *, team_id: str | None = None) -> Page[Service]:
    statement = select(Service)
    if team_id:
        statement = statement.where(Service.team_id == team_id)
    rows, cursor = await fetch_page(session, statement, Order("services", Service.created_at, Service.id, False), ask)
    return Page([row[0] for row in rows], cursor)


async def find_inactive_by_name(session: AsyncSession, name: str) -> Service | None:
    statement = select(Service).where(Service.name == name, ~Service.is_active)
    return (await session.execute(statement)).scalar_one_or_none()


async def find_id_by_name(session: AsyncSession, name: str) -> str | None:
    return (await session.execute(select(Service.id).where(Service.name == name))).scalar_one_or_none()


async def services_by_name(session: AsyncSession, names: Sequence[str]) -> dict[str, Service]:
    return {one.name: one for one in (await session.execute(select(Service).where(Service.name.in_(names)))).scalars()}


async def insert_service(session: AsyncSession, *, service_id: str, name: str, team_id: str | None) -> Service | None:
    """None if another service has that name."""
    values = {"id": service_id, "name": name, "team_id": team_id, "is_active": True}
    statement = insert(Service).values(**values).on_conflict_do_nothing().returning(Service)
    return (await session.execute(statement)).scalar_one_or_none()


async def insert_inactive_services(session: AsyncSession, named: Sequence[tuple[str, str]]) -> None:
    """By id and name. Skips names that are taken."""
    rows = [{"id": service_id, "name": name, "is_active": False} for service_id, name in named]
    await session.execute(insert(Service).values(rows).on_conflict_do_nothing())


async def list_ids(session: AsyncSession, service_ids: Sequence[str]) -> set[str]:
    """Those of the ids that exist."""
    if not service_ids:
        return set()
    return set((await session.execute(select(Service.id).where(Service.id.in_(service_ids)))).scalars())
