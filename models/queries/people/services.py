"""Rows of affected services."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.errors import UnknownReference
from models.team import Service


async def check_services(session: AsyncSession, field: str, service_ids: Sequence[str]) -> None:
    """Raises UnknownReference, naming that field."""
    if not service_ids:
        return
    statement = select(Service.id).where(Service.id.in_(list(service_ids)))
    found = set((await session.execute(statement)).scalars())
    for one in service_ids:
        if one not in found:
            raise UnknownReference(field=field, kind="service", id=one)
