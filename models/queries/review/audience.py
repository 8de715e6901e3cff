"""Who will see a postmortem once it is published, and which channels hear of it."""

from dataclasses import dataclass
from functools import cache

from sqlalchemy import func, select, union_all
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from domain.access import Role, Visibility
from models.integration import Integration
from models.person import Person
from models.postmortem import (
    Postmortem,
    PostmortemEditor,
    PostmortemParticipant,
    PostmortemReviewer,
    PostmortemTeam,
)
from models.queries.postmortems.postmortems import VisiblePostmortem
from models.queries.prebuilt import Prebuilt, text_of
from models.team import Team, TeamMember


@dataclass(frozen=True, slots=True)
class Audience:
    """``people`` counts active ones. ``teams`` and ``channels`` are names, the latter of the connection of each team
    that has a channel and may see the postmortem."""

    people: int
    teams: tuple[str, ...]
    channels: tuple[tuple[str, str], ...]


async def read_audience(session: AsyncSession, visible: VisiblePostmortem, visibility: Visibility) -> Audience:
    """With that visibility: one statement. The caller has checked that the viewer may see the postmortem."""
    row = await _statement(visibility).row(session, id=visible.postmortem.id)
    if row is None:
        raise LookupError("a count without a row")
    teams = tuple(row["teams"])
    heard = zip(teams, row["channels"], strict=True) if visibility is not Visibility.PRIVATE else ()
    return Audience(row["people"], teams, tuple((team, channel) for team, channel in heard if channel))


@cache
def _statement(visibility: Visibility) -> Prebuilt:
    key = text_of("id")
    linked = [
        select(table.person_id).where(table.postmortem_id == key)
        for table in (PostmortemEditor, PostmortemReviewer, PostmortemParticipant)
    ]
    someone = aliased(Person)
    seers = [
        select(someone.id).where(someone.role == Role.ADMIN.value),
        select(Postmortem.author_id).where(Postmortem.id == key),
        *linked,
    ]
    if visibility is Visibility.TEAM:
        members = select(TeamMember.person_id).join(PostmortemTeam, PostmortemTeam.team_id == TeamMember.team_id)
        seers.append(members.where(PostmortemTeam.postmortem_id == key))
    counted = select(func.count()).select_from(Person).where(Person.is_active)
    if visibility is not Visibility.ORGANIZATION:
        counted = counted.where(Person.id.in_(union_all(*seers)))
    people = counted.scalar_subquery()
    of_postmortem = (
        select(Team.name)
        .join(PostmortemTeam, PostmortemTeam.team_id == Team.id)
        .where(PostmortemTeam.postmortem_id == key)
        .order_by(Team.name, Team.id)
    )
    channel = select(Integration.name).where(Integration.id == Team.channel_id, Integration.is_enabled)
    channels = of_postmortem.with_only_columns(channel.correlate(Team).scalar_subquery())
    return Prebuilt(
        select(
            people.label("people"),
            func.array(of_postmortem.scalar_subquery()).label("teams"),
            func.array(channels.scalar_subquery()).label("channels"),
        )
    )


for _visibility in Visibility:
    _statement(_visibility)
