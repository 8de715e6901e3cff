"""What a field offers to choose from."""

from functools import cache
from typing import NamedTuple

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from models.queries.prebuilt import Prebuilt
from models.team import Service, Team

OFFERED = 200
"""Of each kind."""


class Choice(NamedTuple):
    id: str
    name: str


async def list_team_choices(session: AsyncSession) -> list[Choice]:
    """By name. One prebuilt statement."""
    return [Choice(*one) for one in await _teams().rows(session)]


async def list_service_choices(session: AsyncSession) -> list[Choice]:
    """Without aliases, by name. One prebuilt statement."""
    return [Choice(*one) for one in await _services().rows(session)]


@cache
def _teams() -> Prebuilt:
    return Prebuilt(select(Team.id, Team.name).order_by(func.lower(Team.name), Team.id).limit(OFFERED))


@cache
def _services() -> Prebuilt:
    statement = select(Service.id, Service.name).where(Service.merged_into.is_(None))
    return Prebuilt(statement.order_by(func.lower(Service.name), Service.id).limit(OFFERED))
