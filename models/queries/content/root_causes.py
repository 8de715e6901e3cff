"""Root-cause categories, and the postmortems that have each."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import func, literal, select, update
from sqlalchemy.dialects.postgresql import JSONB, insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.access import Viewer
from domain.errors import NotFound
from models.audit import AuditEntry
from models.content import RootCauseCategory
from models.postmortem import Postmortem
from models.queries.access.visibility import visible_to
from models.queries.pagination import Ask, Order, Page, fetch_page

_OF_POSTMORTEM = func.lower(Postmortem.root_cause_category)
_COLUMNS = ["actor_id", "origin", "action", "entity_kind", "entity_id", "postmortem_id", "before", "after", "at"]


async def get_category(session: AsyncSession, category_id: str) -> RootCauseCategory:
    """For one that was merged, the category that it was merged into. Raises NotFound."""
    row = await session.get(RootCauseCategory, category_id)
    if row is not None and row.merged_into is not None:
        row = await session.get(RootCauseCategory, row.merged_into)
    if row is None:
        raise NotFound(kind="root-cause category", id=category_id)
    return row


async def lock_categories(session: AsyncSession, category_ids: Sequence[str]) -> dict[str, RootCauseCategory]:
    """By id, locked in that order. Raises NotFound for one that does not exist or was merged."""
    statement = select(RootCauseCategory).where(
        RootCauseCategory.id.in_(category_ids), RootCauseCategory.merged_into.is_(None)
    )
    statement = statement.order_by(RootCauseCategory.id).with_for_update().execution_options(populate_existing=True)
    found = {one.id: one for one in (await session.execute(statement)).scalars()}
    for one in category_ids:
        if one not in found:
            raise NotFound(kind="root-cause category", id=one)
    return found


async def list_categories(session: AsyncSession, ask: Ask, *, active: bool | None = None) -> Page[RootCauseCategory]:
    """Oldest first, without those that were merged."""
    statement = select(RootCauseCategory).where(RootCauseCategory.merged_into.is_(None))
    if active is not None:
        statement = statement.where(RootCauseCategory.is_active == active)
    order = Order("root-cause categories", RootCauseCategory.created_at, RootCauseCategory.id, False)
    rows, cursor = await fetch_page(session, statement, order, ask)
    return Page([row[0] for row in rows], cursor)


async def list_offered_names(session: AsyncSession) -> list[str]:
    """What authors may choose from, by name."""
    statement = select(RootCauseCategory.name).where(RootCauseCategory.is_active)
    statement = statement.where(RootCauseCategory.merged_into.is_(None)).order_by(RootCauseCategory.name)
    return list((await session.execute(statement)).scalars())


async def count_postmortems(session: AsyncSession, viewer: Viewer, category_ids: Sequence[str]) -> dict[str, int]:
    """How many postmortems that the viewer may see have each category. Those without any are left out."""
    statement = select(RootCauseCategory.id, func.count()).join(
        Postmortem, func.lower(RootCauseCategory.name) == _OF_POSTMORTEM
    )
    statement = statement.where(RootCauseCategory.id.in_(category_ids), visible_to(viewer))
    return {row[0]: row[1] for row in (await session.execute(statement.group_by(RootCauseCategory.id))).all()}


async def insert_category(
    session: AsyncSession, *, category_id: str, name: str, description: str
) -> RootCauseCategory | None:
    """None if another category has that name."""
    values = {"id": category_id, "name": name, "description": description, "is_active": True}
    statement = insert(RootCauseCategory).values(**values).on_conflict_do_nothing().returning(RootCauseCategory)
    return (await session.execute(statement)).scalar_one_or_none()


async def find_id_by_name(session: AsyncSession, name: str) -> str | None:
    statement = select(RootCauseCategory.id).where(
        func.lower(RootCauseCategory.name) == func.lower(name), RootCauseCategory.merged_into.is_(None)
    )
    return (await session.execute(statement)).scalar_one_or_none()


async def move_merged(session: AsyncSession, category_id: str, into: str) -> None:
    """What was merged into the first category stands for the second one from now on."""
    statement = update(RootCauseCategory).where(RootCauseCategory.merged_into == category_id)
    await session.execute(statement.values(merged_into=into))


async def rewrite_postmortems(session: AsyncSession, viewer: Viewer, name: str, new: str, now: datetime) -> int:
    """Gives all postmortems with this category the new name, also those that the viewer may not see, and audits each.

    How many there were. They are locked in their order, as by whoever else locks several.
    """
    having = func.lower(name) == _OF_POSTMORTEM
    await session.execute(select(Postmortem.id).where(having).order_by(Postmortem.id).with_for_update(key_share=True))
    values = {"root_cause_category": new, "version": Postmortem.version + 1, "updated_at": now}
    moved = update(Postmortem).where(having).values(values).returning(Postmortem.id).cte("moved")
    column = "root_cause_category"
    entries = select(
        literal(viewer.person_id),
        literal(viewer.origin),
        literal("postmortem.root_cause_renamed"),
        literal("postmortem"),
        moved.c.id,
        moved.c.id,
        literal({column: name}, JSONB),
        literal({column: new}, JSONB),
        literal(now),
    )
    audited = insert(AuditEntry).from_select(_COLUMNS, entries, include_defaults=False)
    audited_cte = audited.returning(AuditEntry.id).cte("audited")
    return (await session.execute(select(func.count()).select_from(audited_cte))).scalar_one()
