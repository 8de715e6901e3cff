"""Checks that ids in a request refer to people, teams and services that exist."""

from collections.abc import Iterable, Mapping, Sequence

from domain.errors import PersonNotActive, UnknownReference
from models.queries.people import people, services, teams
from models.session import Session


async def check_people(session: Session, field: str, person_ids: Iterable[str]) -> None:
    """Raises :class:`UnknownReference` for the first id that no person has."""
    wanted = list(dict.fromkeys(person_ids))
    _check_known(field, wanted, await people.list_activity(session, wanted))


async def check_active(session: Session, field: str, person_ids: Iterable[str]) -> None:
    """As :func:`check_people`; also raises :class:`PersonNotActive` for the first person who is not active."""
    wanted = list(dict.fromkeys(person_ids))
    check_found_active(field, wanted, await people.list_activity(session, wanted))


def check_found_active(field: str, person_ids: Iterable[str], found: Mapping[str, bool]) -> None:
    """As :func:`check_active`; ``found`` says of those who exist whether they are active."""
    wanted = list(dict.fromkeys(person_ids))
    _check_known(field, wanted, found)
    for person_id in wanted:
        if not found[person_id]:
            raise PersonNotActive(person_id=person_id, where=field)


def _check_known(field: str, wanted: Iterable[str], found: Iterable[str]) -> None:
    known = set(found)
    for person_id in wanted:
        if person_id not in known:
            raise UnknownReference(field=field, kind="user", id=person_id)


async def check_teams(session: Session, field: str, team_ids: Iterable[str]) -> None:
    """Raises :class:`UnknownReference` for the first id that no team has."""
    wanted = list(dict.fromkeys(team_ids))
    found = await teams.teams_by_id(session, wanted)
    for team_id in wanted:
        if team_id not in found:
            raise UnknownReference(field=field, kind="team", id=team_id)


async def list_active_members(session: Session, team_id: str) -> list[str]:
    """Ids of the active members of a team. Raises :class:`UnknownReference`."""
    await check_teams(session, "teamId", [team_id])
    return await teams.list_active_members(session, team_id)


async def check_services(session: Session, field: str, service_ids: Sequence[str]) -> None:
    """Raises :class:`UnknownReference` for the first id that no service has."""
    found = await services.list_ids(session, service_ids)
    for service_id in service_ids:
        if service_id not in found:
            raise UnknownReference(field=field, kind="service", id=service_id)
