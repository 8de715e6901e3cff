"""SQL about the postmortems that people name, choose or link to in a chat."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload

from domain.access import Relation, Viewer, Visibility
from domain.errors import NotFound
from domain.postmortems.lifecycle import Status
from models.postmortem import Postmortem, PostmortemIncident
from models.queries.access.visibility import effective_visibility, relation_columns, relations, visible_to


async def get_id_by_number(session: AsyncSession, viewer: Viewer, number: int) -> str:
    """The id of the postmortem with that number, if the viewer may see it. Raises NotFound."""
    statement = select(Postmortem.id).where(Postmortem.number == number, visible_to(viewer))
    found = (await session.execute(statement)).scalar_one_or_none()
    if found is None:
        raise NotFound(kind="postmortem", id=f"#{number}")
    return found


async def list_open(session: AsyncSession, viewer: Viewer, limit: int) -> list[tuple[Postmortem, frozenset[Relation]]]:
    """Drafts and those in review, each with what the viewer is to it, the last changed first."""
    statement = (
        select(Postmortem, *relation_columns(viewer).columns())
        .where(Postmortem.status.in_((Status.DRAFT.value, Status.IN_REVIEW.value)), visible_to(viewer))
        .order_by(Postmortem.updated_at.desc(), Postmortem.id)
        .limit(limit)
    )
    return [(row[0], relations(viewer, *row)) for row in (await session.execute(statement)).all()]


async def list_written_by(session: AsyncSession, viewer: Viewer, limit: int) -> list[Postmortem]:
    """Unpublished ones whose author the viewer is, the newest first."""
    statement = select(Postmortem).where(
        Postmortem.author_id == viewer.person_id,
        Postmortem.status.in_((Status.DRAFT.value, Status.IN_REVIEW.value)),
    )
    return list((await session.execute(statement.order_by(Postmortem.created_at.desc()).limit(limit))).scalars())


async def find_id_of_incident(session: AsyncSession, incident_id: str) -> str | None:
    """The newest postmortem of an incident."""
    statement = (
        select(Postmortem.id)
        .join(PostmortemIncident, PostmortemIncident.postmortem_id == Postmortem.id)
        .where(PostmortemIncident.incident_id == incident_id)
        .order_by(Postmortem.created_at.desc(), Postmortem.id)
        .limit(1)
    )
    return (await session.execute(statement)).scalar_one_or_none()


@dataclass(frozen=True, slots=True)
class LinkedPostmortem:
    """A postmortem whose link was posted. It is not checked who may see it: ask ``domain.chat.may_preview``."""

    postmortem: Postmortem
    visibility: Visibility
    team_ids: frozenset[str]
    summary: str | None


async def list_linked_unscoped(session: AsyncSession, postmortem_ids: Sequence[str]) -> dict[str, LinkedPostmortem]:
    statement = (
        select(Postmortem, effective_visibility())
        .where(Postmortem.id.in_(list(postmortem_ids)))
        .options(selectinload(Postmortem.teams), selectinload(Postmortem.sections))
    )
    found: dict[str, LinkedPostmortem] = {}
    for postmortem, visibility in (await session.execute(statement)).all():
        teams = frozenset(one.team_id for one in postmortem.teams)
        summary = next((one.body for one in postmortem.sections if one.name == "summary"), None)
        found[postmortem.id] = LinkedPostmortem(postmortem, Visibility(visibility), teams, summary)
    return found
