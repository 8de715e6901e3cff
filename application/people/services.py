"""Adding and changing services."""

from collections.abc import Mapping, Sequence
from typing import Any

from application.audit.audit_log import audit, change_row
from application.people.references import check_teams
from domain.access import Viewer
from domain.errors import AlreadyExists
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
    claimed = await services.find_inactive_by_name(session, name)
    if claimed is not None:
        claimed.team_id, claimed.is_active, claimed.version = team_id, True, claimed.version + 1
        await session.flush()
        return claimed
    service = await services.insert_service(session, service_id=service_id, name=name, team_id=team_id)
    if service is None:
        raise AlreadyExists(kind="service", field="name", value=name)
    return service


async def change_service(
    session: Session, viewer: Viewer, service_id: str, changes: Mapping[str, Any], expected: int | None
) -> Service:
    """Any change claims the service. Raises NotFound, StaleVersion, UnknownReference or AlreadyExists."""
    service = await services.get_service_for_update(session, service_id)
    if changes.get("team_id"):
        await check_teams(session, "teamId", [changes["team_id"]])
    if name := changes.get("name"):
        holder = await services.find_id_by_name(session, name)
        if holder is not None and holder != service_id:
            raise AlreadyExists(kind="service", field="name", value=name)
    change_row(session, viewer, "service", service, {**changes, "is_active": True}, expected)
    await session.flush()
    return service


async def ensure_services(session: Session, names: Sequence[str]) -> list[Service]:
    """The services with these names, in order. Adds unknown ones as inactive, to be claimed by a team."""
    wanted = list(dict.fromkeys(names))
    if not wanted:
        return []
    found = await services.services_by_name(session, wanted)
    missing = sorted(name for name in wanted if name not in found)
    if missing:
        await services.insert_inactive_services(session, [(new_id("svc"), name) for name in missing])
        found = await services.services_by_name(session, wanted)
    return [found[name] for name in wanted if name in found]
