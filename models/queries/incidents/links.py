"""Rows that link a postmortem to its incidents, and what each incident contributed to it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.incidents.incident import Span
from domain.incidents.news import IncidentNews, find_news
from domain.postmortems.first_draft import EntrySource
from models.incident import Incident, IncidentResponder, IncidentService
from models.postmortem import (
    Postmortem,
    PostmortemIncident,
    PostmortemParticipant,
    PostmortemService,
    PostmortemTeam,
    TimelineEvent,
)
from models.queries.postmortems.postmortems import VisiblePostmortem
from models.queries.prebuilt import Prebuilt, text_of
from models.queries.rows import columns_of, read_rows
from models.team import Service


async def list_linked(session: AsyncSession, visible: VisiblePostmortem) -> list[Incident]:
    """In the order in which they were linked."""
    statement = (
        select(Incident)
        .join(PostmortemIncident, PostmortemIncident.incident_id == Incident.id)
        .where(PostmortemIncident.postmortem_id == visible.postmortem.id)
        .order_by(PostmortemIncident.ordinal, Incident.id)
    )
    return list((await session.execute(statement)).scalars())


async def read_news(session: AsyncSession, postmortems: Sequence[Postmortem]) -> dict[str, IncidentNews]:
    """By postmortem: what its incidents report otherwise than it says."""
    if not postmortems:
        return {}
    spans: dict[str, list[Span]] = {one.id: [] for one in postmortems}
    statement = select(PostmortemIncident.postmortem_id, Incident.started_at, Incident.resolved_at)
    statement = statement.join(Incident, Incident.id == PostmortemIncident.incident_id)
    for key, start, end in (await session.execute(statement.where(PostmortemIncident.postmortem_id.in_(spans)))).all():
        spans[key].append(Span(start, end))
    found = {one.id: find_news(one.duration_minutes, one.incident_resolved_at, spans[one.id]) for one in postmortems}
    return {key: news for key, news in found.items() if news}


async def lock_postmortems_unscoped(session: AsyncSession, incident_id: str) -> list[Postmortem]:
    """The postmortems about an incident, locked in the order of their ids."""
    return await read_rows(session, Postmortem, _LOCKED, incident_id=incident_id)


_LOCKED = Prebuilt(
    select(*columns_of(Postmortem))
    .join(PostmortemIncident, PostmortemIncident.postmortem_id == Postmortem.id)
    .where(PostmortemIncident.incident_id == text_of("incident_id"))
    .order_by(Postmortem.id)
    .with_for_update(of=Postmortem, key_share=True)
)


async def hold_incidents_unscoped(session: AsyncSession, postmortem_id: str, incident_id: str | None = None) -> None:
    """Keeps reports of the postmortem's incidents, and of that one, waiting, so that rows may refer to these.

    Call it before the postmortem is locked: reports lock their incident first, then its postmortems.
    """
    linked = select(PostmortemIncident.incident_id).where(PostmortemIncident.postmortem_id == postmortem_id)
    wanted = select(Incident.id).where(or_(Incident.id == incident_id, Incident.id.in_(linked)))
    ordered = wanted.order_by(Incident.source, Incident.external_id)
    await session.execute(ordered.with_for_update(read=True, key_share=True))


async def insert_link(session: AsyncSession, postmortem_id: str, incident_id: str) -> None:
    """Links the incident after all others."""
    ordinal = select(func.coalesce(func.max(PostmortemIncident.ordinal), -1) + 1)
    ordinal = ordinal.where(PostmortemIncident.postmortem_id == postmortem_id)
    row = {"postmortem_id": postmortem_id, "incident_id": incident_id, "ordinal": ordinal.scalar_subquery()}
    await session.execute(insert(PostmortemIncident).values(row))


async def delete_link(session: AsyncSession, postmortem_id: str, incident_id: str) -> bool:
    """False if the incident was not linked."""
    statement = delete(PostmortemIncident).where(
        PostmortemIncident.postmortem_id == postmortem_id, PostmortemIncident.incident_id == incident_id
    )
    removed = await session.execute(statement.returning(PostmortemIncident.incident_id))
    return removed.scalar_one_or_none() is not None


# Timeline events that incidents contributed


@dataclass(frozen=True, slots=True)
class EventText:
    """What tells one timeline event from another."""

    id: str
    at: datetime
    event: str
    actor: str | None


async def list_event_texts(
    session: AsyncSession, postmortem_id: str, incident_id: str | None = None
) -> list[EventText]:
    """The postmortem's timeline, or only what that incident contributed to it."""
    statement = select(TimelineEvent.id, TimelineEvent.at, TimelineEvent.event, TimelineEvent.actor)
    statement = statement.where(TimelineEvent.postmortem_id == postmortem_id)
    if incident_id is not None:
        statement = statement.where(TimelineEvent.incident_id == incident_id)
    return [EventText(*row) for row in (await session.execute(statement)).all()]


def _contributed(postmortem_id: str, incident_id: str) -> tuple[Any, ...]:
    return TimelineEvent.postmortem_id == postmortem_id, TimelineEvent.incident_id == incident_id


async def release_edited_events(session: AsyncSession, postmortem_id: str, incident_id: str) -> None:
    """Events that someone edited or added no longer count as the incident's."""
    edited = or_(TimelineEvent.version > 1, TimelineEvent.source != EntrySource.INCIDENT.value)
    statement = update(TimelineEvent).where(*_contributed(postmortem_id, incident_id), edited)
    await session.execute(statement.values(incident_id=None))


async def reassign_events(
    session: AsyncSession, postmortem_id: str, incident_id: str, event_ids: Sequence[str], new_incident_id: str
) -> None:
    """Those of these events that are still the first incident's become the second one's."""
    statement = update(TimelineEvent).where(*_contributed(postmortem_id, incident_id), TimelineEvent.id.in_(event_ids))
    await session.execute(statement.values(incident_id=new_incident_id))


async def delete_events(session: AsyncSession, postmortem_id: str, incident_id: str) -> int:
    """How many events the incident still had."""
    statement = delete(TimelineEvent).where(*_contributed(postmortem_id, incident_id))
    return len((await session.execute(statement.returning(TimelineEvent.id))).scalars().all())


# Services, participants and teams that incidents contributed


@dataclass(frozen=True, slots=True)
class Contribution:
    """One kind of link of a postmortem, and for each linked id one of the incidents that contribute it."""

    name: str
    table: type[Any]
    column: str
    incident_ids: dict[str, str]


async def list_contributions(session: AsyncSession, incident_ids: Sequence[str]) -> list[Contribution]:
    """The services, participants and teams that these incidents contribute."""
    services = select(IncidentService.service_id, IncidentService.incident_id)
    services = services.where(IncidentService.incident_id.in_(incident_ids))
    people = select(IncidentResponder.person_id, IncidentResponder.incident_id)
    people = people.where(IncidentResponder.incident_id.in_(incident_ids))
    reported = select(Incident.team_id, Incident.id).where(Incident.id.in_(incident_ids), Incident.team_id.is_not(None))
    owning = (
        select(Service.team_id, IncidentService.incident_id)
        .join(IncidentService, IncidentService.service_id == Service.id)
        .where(IncidentService.incident_id.in_(incident_ids), Service.team_id.is_not(None))
    )

    async def found(*statements: Any) -> dict[str, str]:
        return {row[0]: row[1] for one in statements for row in (await session.execute(one)).all()}

    return [
        Contribution("services", PostmortemService, "service_id", await found(services)),
        Contribution("participants", PostmortemParticipant, "person_id", await found(people)),
        Contribution("teams", PostmortemTeam, "team_id", await found(reported, owning)),
    ]


async def delete_contribution(
    session: AsyncSession, postmortem_id: str, incident_id: str, remaining: Contribution
) -> list[str]:
    """Removes the links that only this incident contributed; returns their ids. Another one's become that one's."""
    table, column = remaining.table, getattr(remaining.table, remaining.column)
    contributed = (table.postmortem_id == postmortem_id, table.incident_id == incident_id)
    for other_id in set(remaining.incident_ids.values()):
        shared = [one for one, contributor in remaining.incident_ids.items() if contributor == other_id]
        await session.execute(update(table).where(*contributed, column.in_(shared)).values(incident_id=other_id))
    removed = await session.execute(delete(table).where(*contributed).returning(column))
    return sorted(removed.scalars())
