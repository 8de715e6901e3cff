"""Rows of people's own copies of sections. Every statement names the person: nobody reads another one's."""

from collections.abc import Collection, Sequence
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.content.autosaves import Draft
from models.content import SectionDraft

_COLUMNS = (SectionDraft.name, SectionDraft.body, SectionDraft.base_revision, SectionDraft.saved_at)


async def list_drafts(
    session: AsyncSession, postmortem_id: str, person_id: str, names: Collection[str] | None = None
) -> Sequence[Draft]:
    """Oldest first."""
    statement = select(*_COLUMNS).where(
        SectionDraft.postmortem_id == postmortem_id, SectionDraft.person_id == person_id
    )
    if names is not None:
        statement = statement.where(SectionDraft.name.in_(sorted(names)))
    return [Draft(*row) for row in (await session.execute(statement.order_by(SectionDraft.saved_at))).all()]


async def upsert_draft(session: AsyncSession, postmortem_id: str, person_id: str, draft: Draft) -> None:
    changed = {"body": draft.body, "base_revision": draft.base_revision, "saved_at": draft.saved_at}
    key = {"postmortem_id": postmortem_id, "name": draft.name, "person_id": person_id}
    statement = insert(SectionDraft).values(**key, **changed)
    await session.execute(statement.on_conflict_do_update(index_elements=list(key), set_=changed))


async def delete_drafts(session: AsyncSession, postmortem_id: str, person_id: str, names: Collection[str]) -> None:
    statement = delete(SectionDraft).where(
        SectionDraft.postmortem_id == postmortem_id,
        SectionDraft.person_id == person_id,
        SectionDraft.name.in_(sorted(names)),
    )
    await session.execute(statement)


async def delete_old_drafts(session: AsyncSession, before: datetime, limit: int) -> int:
    """Deletes copies that nobody went on with since that instant; how many."""
    row = SectionDraft
    keys = select(row.postmortem_id, row.name, row.person_id).where(row.saved_at < before).limit(limit).subquery()
    those = (
        (row.postmortem_id == keys.c.postmortem_id) & (row.name == keys.c.name) & (row.person_id == keys.c.person_id)
    )
    done = await session.execute(delete(row).where(those).returning(row.name))
    return len(done.all())
