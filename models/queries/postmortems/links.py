"""Rows that link a postmortem to incidents, teams, services and participants."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from models.postmortem import PostmortemIncident, PostmortemParticipant, PostmortemService, PostmortemTeam


async def insert_incidents(session: AsyncSession, postmortem_id: str, incident_ids: Iterable[str]) -> None:
    rows = [
        {"postmortem_id": postmortem_id, "incident_id": one, "ordinal": ordinal}
        for ordinal, one in enumerate(dict.fromkeys(incident_ids))
    ]
    await _insert(session, PostmortemIncident, rows)


async def insert_teams(
    session: AsyncSession,
    postmortem_id: str,
    team_ids: Iterable[str],
    contributors: Mapping[str, str],
    added_by_id: str | None,
) -> None:
    """Those that the postmortem does not have yet. ``contributors`` names the incident that contributed each one."""
    await _insert(session, PostmortemTeam, team_rows(postmortem_id, team_ids, contributors, added_by_id))


def team_rows(
    postmortem_id: str, team_ids: Iterable[str], contributors: Mapping[str, str], added_by_id: str | None
) -> list[dict[str, Any]]:
    return [
        {
            "postmortem_id": postmortem_id,
            "team_id": one,
            "incident_id": contributors.get(one),
            "added_by_id": added_by_id,
        }
        for one in dict.fromkeys(team_ids)
    ]


async def insert_services(
    session: AsyncSession, postmortem_id: str, service_ids: Iterable[str], contributors: Mapping[str, str]
) -> None:
    """As :func:`insert_teams`."""
    await _insert(session, PostmortemService, service_rows(postmortem_id, service_ids, contributors))


def service_rows(
    postmortem_id: str, service_ids: Iterable[str], contributors: Mapping[str, str]
) -> list[dict[str, Any]]:
    return [
        {"postmortem_id": postmortem_id, "service_id": one, "incident_id": contributors.get(one)}
        for one in dict.fromkeys(service_ids)
    ]


def participant_rows(
    postmortem_id: str,
    person_ids: Iterable[str],
    contributors: Mapping[str, str],
    added_by_id: str | None,
) -> list[dict[str, Any]]:
    """In this order."""
    return [
        {
            "postmortem_id": postmortem_id,
            "person_id": one,
            "ordinal": ordinal,
            "incident_id": contributors.get(one),
            "added_by_id": added_by_id,
        }
        for ordinal, one in enumerate(dict.fromkeys(person_ids))
    ]


async def _insert(session: AsyncSession, table: type[Any], rows: list[dict[str, Any]]) -> None:
    if rows:
        await session.execute(insert(table).values(rows).on_conflict_do_nothing())


async def list_team_ids(session: AsyncSession, postmortem_id: str) -> list[str]:
    statement = select(PostmortemTeam.team_id).where(PostmortemTeam.postmortem_id == postmortem_id)
    return list((await session.execute(statement)).scalars())


async def list_service_ids(session: AsyncSession, postmortem_id: str) -> list[str]:
    statement = select(PostmortemService.service_id).where(PostmortemService.postmortem_id == postmortem_id)
    return list((await session.execute(statement)).scalars())


async def delete_other_teams(session: AsyncSession, postmortem_id: str, kept: Sequence[str]) -> None:
    statement = delete(PostmortemTeam).where(PostmortemTeam.postmortem_id == postmortem_id)
    await session.execute(statement.where(PostmortemTeam.team_id.not_in(list(kept))))


async def delete_other_services(session: AsyncSession, postmortem_id: str, kept: Sequence[str]) -> None:
    statement = delete(PostmortemService).where(PostmortemService.postmortem_id == postmortem_id)
    await session.execute(statement.where(PostmortemService.service_id.not_in(list(kept))))


async def delete_participants(session: AsyncSession, postmortem_id: str) -> None:
    await session.execute(delete(PostmortemParticipant).where(PostmortemParticipant.postmortem_id == postmortem_id))
