"""Rows of ``publication``. The callers check who may read or write, and lock the postmortem before they write."""

from collections.abc import Sequence

from sqlalchemy import any_, select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.access import Visibility
from domain.errors import NotFound
from models.integration import Integration
from models.postmortem import Postmortem
from models.queries.access.visibility import effective_visibility
from models.queries.pagination import Ask, Order, Page, fetch_page
from models.queries.postmortems.postmortems import VisiblePostmortem
from models.queries.prebuilt import Prebuilt, texts_of, without_workflow
from models.queries.rows import columns_of, read_rows
from models.sharing import Publication

_ORDER = Order("publications", Publication.created_at, Publication.id, descending=False)


async def list_publications(session: AsyncSession, postmortem_id: str, ask: Ask) -> Page[Publication]:
    """Oldest first."""
    statement = select(Publication).where(Publication.postmortem_id == postmortem_id)
    rows, cursor = await fetch_page(session, statement, _ORDER, ask)
    return Page([row[0] for row in rows], cursor)


async def list_all(session: AsyncSession, postmortem_id: str) -> Sequence[Publication]:
    statement = select(Publication).where(Publication.postmortem_id == postmortem_id).with_for_update()
    return list((await session.execute(statement.execution_options(populate_existing=True))).scalars())


async def get_publication(session: AsyncSession, postmortem_id: str, publication_id: str) -> Publication:
    """Raises NotFound."""
    statement = select(Publication).where(Publication.postmortem_id == postmortem_id, Publication.id == publication_id)
    found = (await session.execute(statement.execution_options(populate_existing=True))).scalar_one_or_none()
    if found is None:
        raise NotFound(kind="publication", id=publication_id)
    return found


async def lock_publication_unscoped(session: AsyncSession, publication_id: str) -> Publication | None:
    statement = select(Publication).where(Publication.id == publication_id).with_for_update()
    return (await session.execute(statement.execution_options(populate_existing=True))).scalar_one_or_none()


async def list_unstarted_unscoped(session: AsyncSession, limit: int) -> list[str]:
    return [one["id"] for one in await _UNSTARTED.rows(session, limit=limit)]


_UNSTARTED = without_workflow(Publication, Publication.requested_at)


async def get_postmortem_unscoped(session: AsyncSession, postmortem_id: str) -> VisiblePostmortem:
    """With its visibility, and nobody's relation to it."""
    statement = select(Postmortem, effective_visibility()).where(Postmortem.id == postmortem_id)
    postmortem, visibility = (await session.execute(statement)).one()
    return VisiblePostmortem(postmortem, frozenset(), Visibility(visibility))


async def list_automatic(session: AsyncSession, kinds: Sequence[str]) -> Sequence[Integration]:
    """Connections in use whose settings say that they publish by themselves."""
    return await read_rows(session, Integration, _AUTOMATIC, kinds=list(kinds))


_AUTOMATIC = Prebuilt(
    select(*columns_of(Integration))
    .where(
        Integration.kind == any_(texts_of("kinds")),
        Integration.is_enabled,
        Integration.disconnected_at.is_(None),
        Integration.config["automatic"].as_boolean(),
    )
    .order_by(Integration.id)
)


async def list_taking_back(session: AsyncSession, ids: Sequence[str]) -> set[str]:
    """Those of the connections whose settings say that they take copies back by themselves."""
    statement = select(Integration.id).where(Integration.id.in_(ids), Integration.config["takeBack"].as_boolean())
    return set((await session.execute(statement)).scalars())
