"""Adding and changing services."""

from collections.abc import Mapping, Sequence
from typing import Any

from application.audit.audit_log import audit, change_row
from application.people.references import check_teams
from domain.access import Viewer
from domain.errors import AlreadyExists, MergedIntoItself
from domain.people.service_names import service_key
from models.base import new_id
from models.queries.people import services
from models.session import Session
from models.team import Service


async def create_service(session: Session, viewer: Viewer, *, name: str, team_id: str | None) -> Service:
    """Raises AlreadyExists or UnknownReference."""
    service = await add_service(session, service_id=new_id("svc"), name=name, team_id=team_id)
    audit(session, viewer, "service.created", "service", service.id, after={"name": name})
    return service


async def add_service(session: Session, *, service_id: str, name: str, team_id: str | None) -> Service:
    """Adds a service, or claims the inactive one that a webhook made under this name. Raises AlreadyExists."""
    if team_id:
        await check_teams(session, "teamId", [team_id])
    claimed = await services.find_by_key(session, service_key(name), lock=True)
    if claimed is not None and not claimed.is_active and claimed.merged_into is None:
        claimed.name, claimed.team_id, claimed.is_active, claimed.version = name, team_id, True, claimed.version + 1
        await session.flush()
        return claimed
    service = await services.insert_service(session, service_id=service_id, name=name, team_id=team_id)
    if service is None:
        raise AlreadyExists(kind="service", field="name", value=name)
    return service


async def change_service(
    session: Session, viewer: Viewer, service_id: str, changes: Mapping[str, Any], expected: int | None
) -> Service:
    """Any change claims the service. One that is renamed keeps its former name as an alias.

    Raises NotFound, StaleVersion, UnknownReference or AlreadyExists.
    """
    service = (await services.lock_services(session, [service_id]))[service_id]
    columns = {name: value for name, value in changes.items() if name != "aliases"}
    if columns.get("team_id"):
        await check_teams(session, "teamId", [columns["team_id"]])
    former = service.name
    if name := columns.get("name"):
        await _take_name(session, service, name)
    change_row(session, viewer, "service", service, {**columns, "is_active": True}, expected)
    await session.flush()
    if service_key(former) != service.key:
        await services.insert_alias(session, service_id=new_id("svc"), name=former, of=service.id)
    if "aliases" in changes:
        await _set_aliases(session, viewer, service, changes["aliases"])
    return service


async def _take_name(session: Session, service: Service, name: str) -> None:
    """A name that was its alias becomes its own."""
    key = service_key(name)
    holder = await services.find_by_key(session, key)
    if holder is not None and service.id not in {holder.id, holder.merged_into}:
        raise AlreadyExists(kind="service", field="name", value=name)
    if holder is not None and holder.id != service.id:
        await services.delete_aliases(session, service.id, [holder.name])
    service.key = key


async def _set_aliases(session: Session, viewer: Viewer, service: Service, wanted: Sequence[str]) -> None:
    known = (await services.list_aliases(session, [service.id])).get(service.id, [])
    keys = {service_key(name): name for name in wanted if service_key(name) != service.key}
    kept = [name for name in known if service_key(name) in keys]
    await services.delete_aliases(session, service.id, [name for name in known if name not in kept])
    for key, name in keys.items():
        if key in {service_key(one) for one in kept}:
            continue
        if not await services.insert_alias(session, service_id=new_id("svc"), name=name, of=service.id):
            raise AlreadyExists(kind="service", field="aliases", value=name)
    after = sorted((await services.list_aliases(session, [service.id])).get(service.id, []))
    if after != sorted(known):
        service.version += 1
        audit(
            session,
            viewer,
            "service.updated",
            "service",
            service.id,
            before={"aliases": sorted(known)},
            after={"aliases": after},
        )


async def merge_service(session: Session, viewer: Viewer, service_id: str, into: str) -> Service:
    """Makes a service an alias of another, which takes over its incidents, postmortems, policies and aliases.

    Raises NotFound, or MergedIntoItself.
    """
    if service_id == into:
        raise MergedIntoItself(kind="service")
    await services.lock_linked(session, service_id)
    found = await services.lock_services(session, [service_id, into])
    merged, kept = found[service_id], found[into]
    counts = await services.move_links(session, service_id, into)
    merged.merged_into, merged.is_active = into, False
    merged.version += 1
    kept.version += 1
    if kept.team_id is None:
        kept.team_id = merged.team_id
    kept.is_active = True
    before = {"name": merged.name, "teamId": merged.team_id}
    for one, other in ((merged, "into"), (kept, "merged")):
        after = {other: kept.id if one is merged else merged.id, **counts}
        audit(session, viewer, "service.merged", "service", one.id, before=before, after=after)
    await session.flush()
    return kept
