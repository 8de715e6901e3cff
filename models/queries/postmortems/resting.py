"""Drafts whose targets rest: nobody has begun to write, and one of the incidents is open again."""

from collections.abc import Collection

from sqlalchemy import ColumnElement, and_, exists, select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.incidents.incident import IncidentStatus
from domain.postmortems.lifecycle import Status
from models.incident import Incident
from models.postmortem import Postmortem, PostmortemIncident


def rests() -> ColumnElement[bool]:
    """A condition on :class:`Postmortem`."""
    is_open = exists().where(
        PostmortemIncident.postmortem_id == Postmortem.id,
        Incident.id == PostmortemIncident.incident_id,
        Incident.status != IncidentStatus.RESOLVED.value,
    )
    return and_(Postmortem.status == Status.DRAFT.value, Postmortem.draft_started_at.is_(None), is_open)


async def list_resting(session: AsyncSession, postmortem_ids: Collection[str]) -> set[str]:
    """Those of the ids whose targets rest."""
    statement = select(Postmortem.id).where(Postmortem.id.in_(postmortem_ids), rests())
    return set((await session.execute(statement)).scalars())
