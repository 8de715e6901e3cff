"""Services: what incidents affect, and which team owns each."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Text, cast, delete, exists, func, select, update
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from domain.errors import NotFound
from domain.people.service_names import service_key
from models.escalation import Policy
from models.incident import Incident, IncidentService
from models.integration import Integration
from models.postmortem import Postmortem, PostmortemService
from models.queries.locking import change_in_order
from models.queries.pagination import Ask, Order, Page, fetch_page
from models.queries.people.people import escape_like
from models.team import Service


async def get_service(session: AsyncSession, service_id: str) -> Service:
    """For one that was merged, the service that it was merged into."""
    service = await session.get(Service, service_id)
    if service is not None and service.merged_into is not None:
        service = await session.get(Service, service.merged_into)
    if service is None:
        raise NotFound(kind="service", id=service_id)
    return service


async def names_of(session: AsyncSession, service_ids: Sequence[str]) -> dict[str, str]:
    statement = select(Service.id, Service.name).where(Service.id.in_(service_ids))
    return {row[0]: row[1] for row in (await session.execute(statement)).all()}


async def lock_services(session: AsyncSession, service_ids: Sequence[str]) -> dict[str, Service]:
    """By id, locked in that order; rows may still refer to them. Raises NotFound for one that does not exist or was
    merged."""
    statement = select(Service).where(Service.id.in_(service_ids), Service.merged_into.is_(None)).order_by(Service.id)
    statement = statement.with_for_update(key_share=True).execution_options(populate_existing=True)
    found = {one.id: one for one in (await session.execute(statement)).scalars()}
    for one in service_ids:
        if one not in found:
            raise NotFound(kind="service", id=one)
    return found


async def list_services(
    session: AsyncSession, ask: Ask, *, team_id: str | None = None, q: str | None = None, active: bool | None = None
) -> Page[Service]:
    """Without aliases; ``q`` is part of its name or of an alias."""
    statement = select(Service).where(Service.merged_into.is_(None))
    if q:
        pattern = f"%{escape_like(q.lower())}%"
        alias = aliased(Service)
        named = exists().where(alias.merged_into == Service.id, func.lower(alias.name).like(pattern, escape="\\"))
        statement = statement.where(func.lower(Service.name).like(pattern, escape="\\") | named)
    if active is not None:
        statement = statement.where(Service.is_active == active)
    if team_id:
        statement = statement.where(Service.team_id == team_id)
    rows, cursor = await fetch_page(session, statement, Order("services", Service.created_at, Service.id, False), ask)
    return Page([row[0] for row in rows], cursor)


async def list_aliases(session: AsyncSession, service_ids: Sequence[str]) -> dict[str, list[str]]:
    """The other names of each service."""
    statement = select(Service.merged_into, Service.name).where(Service.merged_into.in_(service_ids))
    found: dict[str, list[str]] = {}
    for service_id, name in (await session.execute(statement.order_by(Service.name))).all():
        found.setdefault(str(service_id), []).append(name)
    return found


async def find_by_key(session: AsyncSession, key: str, *, lock: bool = False) -> Service | None:
    """The service or alias with a name that is spelled like this."""
    statement = select(Service).where(Service.key == key)
    if lock:
        statement = statement.with_for_update(key_share=True).execution_options(populate_existing=True)
    return (await session.execute(statement)).scalar_one_or_none()


async def insert_service(session: AsyncSession, *, service_id: str, name: str, team_id: str | None) -> Service | None:
    """None if another service has that name."""
    values = {"id": service_id, "name": name, "key": service_key(name), "team_id": team_id, "is_active": True}
    statement = insert(Service).values(**values).on_conflict_do_nothing().returning(Service)
    return (await session.execute(statement)).scalar_one_or_none()


async def insert_alias(session: AsyncSession, *, service_id: str, name: str, of: str) -> bool:
    """False if a service or an alias has that name."""
    values = {"id": service_id, "name": name, "key": service_key(name), "is_active": False, "merged_into": of}
    statement = insert(Service).values(**values).on_conflict_do_nothing().returning(Service.id)
    return (await session.execute(statement)).scalar_one_or_none() is not None


async def delete_aliases(session: AsyncSession, service_id: str, names: Sequence[str]) -> None:
    """A report that named one of them while it was merged may have linked it: its links become the service's."""
    found = Service.merged_into == service_id, Service.name.in_(names)
    for alias_id in (await session.execute(select(Service.id).where(*found))).scalars().all():
        await move_links(session, alias_id, service_id)
    await session.execute(delete(Service).where(*found))


async def lock_linked(session: AsyncSession, service_id: str) -> None:
    """Locks the incidents and postmortems that have the service, in the order in which reports lock theirs.

    Increments the version of these incidents, so that a report which waits for one reads its services again.
    """
    having = select(IncidentService.incident_id).where(IncidentService.service_id == service_id)
    order = (Incident.source, Incident.external_id)
    newer = {"version": Incident.version + 1}
    await change_in_order(session, Incident, newer, Incident.id.in_(having), by=order)
    having = select(PostmortemService.postmortem_id).where(PostmortemService.service_id == service_id)
    written = select(Postmortem.id).where(Postmortem.id.in_(having)).order_by(Postmortem.id)
    await session.execute(written.with_for_update(key_share=True))


async def move_links(session: AsyncSession, service_id: str, into: str) -> dict[str, int]:
    """Gives what one service has to another: incidents, postmortems, policies, tickets' destinations and aliases.

    How many incidents and postmortems there were.
    """
    counts: dict[str, int] = {}
    tables = {"incidents": (IncidentService, "incident_id"), "postmortems": (PostmortemService, "postmortem_id")}
    for name, (table, owner) in tables.items():
        links: Any = table
        other = aliased(links)
        known = exists().where(getattr(other, owner) == getattr(links, owner), other.service_id == into)
        moved = await session.execute(
            update(links)
            .where(links.service_id == service_id, ~known)
            .values(service_id=into)
            .returning(links.service_id)
        )
        doubled = await session.execute(delete(links).where(links.service_id == service_id).returning(links.service_id))
        counts[name] = len(moved.all()) + len(doubled.all())
    await session.execute(update(Policy).where(Policy.service_id == service_id).values(service_id=into))
    await session.execute(update(Service).where(Service.merged_into == service_id).values(merged_into=into))
    theirs, ours = f'"{service_id}"', f'"{into}"'
    text = cast(Integration.projection, Text)
    changed = cast(func.replace(text, theirs, ours), JSONB)
    await session.execute(update(Integration).where(text.contains(theirs)).values(projection=changed))
    return counts


async def list_ids(session: AsyncSession, service_ids: Sequence[str]) -> set[str]:
    """Those of the ids that exist."""
    if not service_ids:
        return set()
    return set(
        (
            await session.execute(select(Service.id).where(Service.id.in_(service_ids), Service.merged_into.is_(None)))
        ).scalars()
    )
