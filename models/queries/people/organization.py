"""The organization's own settings, and whether it uses postmortems."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import any_, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from models.queries.prebuilt import Prebuilt, texts_of
from models.team import Organization, Team


@dataclass(frozen=True, slots=True)
class Switches:
    """Whether postmortems are switched on: for the organization, and for how many of the teams that were asked for."""

    organization: bool
    teams: int
    disabled_teams: Sequence[str]


async def get_organization(session: AsyncSession, *, lock: bool = False) -> Organization:
    return await session.get_one(Organization, 1, with_for_update=lock, populate_existing=True)


def switch_columns() -> tuple[Any, ...]:
    """What :func:`switches_of` reads, in any statement with the parameter ``team_ids``."""
    teams = Team.id == any_(texts_of("team_ids"))
    return (
        select(Organization.postmortems_enabled).where(Organization.id == 1).scalar_subquery().label("organization"),
        select(func.count(Team.id)).where(teams).scalar_subquery().label("teams"),
        select(func.array_agg(Team.name))
        .where(teams, ~Team.postmortems_enabled)
        .scalar_subquery()
        .label("disabled_teams"),
    )


def switches_of(row: Any) -> Switches:
    return Switches(row["organization"], row["teams"], sorted(row["disabled_teams"] or ()))


_SWITCHES = Prebuilt(select(*switch_columns()))


async def read_switches(session: AsyncSession, team_ids: Sequence[str]) -> Switches:
    return switches_of(await _SWITCHES.row(session, team_ids=list(team_ids)))
