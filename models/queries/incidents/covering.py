"""The postmortems of an incident, and those that it may be linked to, as its page shows them."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, exists, not_, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.access import Viewer
from models.postmortem import Postmortem, PostmortemIncident
from models.queries.access.visibility import visible_to

BIGGEST = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Covering:
    id: str
    number: int
    title: str
    status: str


_COLUMNS = (Postmortem.id, Postmortem.number, Postmortem.title, Postmortem.status)


async def list_covering(session: AsyncSession, viewer: Viewer, incident_id: str) -> list[Covering]:
    """The incident's postmortems that the viewer may see, oldest first."""
    statement = (
        select(*_COLUMNS)
        .join(PostmortemIncident, PostmortemIncident.postmortem_id == Postmortem.id)
        .where(PostmortemIncident.incident_id == incident_id, visible_to(viewer))
        .order_by(Postmortem.created_at, Postmortem.id)
    )
    return [Covering(*row) for row in (await session.execute(statement)).all()]


async def list_linkable(
    session: AsyncSession, viewer: Viewer, incident_id: str, words: str, statuses: Sequence[str], limit: int
) -> list[Covering]:
    """Postmortems that the viewer may see, with this number or with all of these words in their title.

    Latest changes first. Those that have the incident already are left out.
    """
    linked = exists().where(
        PostmortemIncident.postmortem_id == Postmortem.id, PostmortemIncident.incident_id == incident_id
    )
    titled: ColumnElement[bool] = and_(*(Postmortem.title.icontains(one, autoescape=True) for one in words.split()[:8]))
    number = words.strip().removeprefix("#")
    if number.isascii() and number.isdigit() and int(number) <= BIGGEST:
        titled = or_(titled, Postmortem.number == int(number))
    statement = select(*_COLUMNS).where(visible_to(viewer), Postmortem.status.in_(statuses), not_(linked), titled)
    statement = statement.order_by(Postmortem.updated_at.desc(), Postmortem.id).limit(limit)
    return [Covering(*row) for row in (await session.execute(statement)).all()]
