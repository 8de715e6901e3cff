"""Rows of editors: people who may edit or comment beside the author."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.access import EditorLevel
from models.postmortem import PostmortemEditor
from models.queries.postmortems.postmortems import VisiblePostmortem


async def list_editors(session: AsyncSession, visible: VisiblePostmortem) -> list[PostmortemEditor]:
    """In the order in which they were added."""
    statement = select(PostmortemEditor).where(PostmortemEditor.postmortem_id == visible.postmortem.id)
    statement = statement.order_by(PostmortemEditor.added_at, PostmortemEditor.person_id)
    return list((await session.execute(statement.execution_options(populate_existing=True))).scalars())


async def find_editor(session: AsyncSession, postmortem_id: str, person_id: str) -> PostmortemEditor | None:
    return await session.get(PostmortemEditor, (postmortem_id, person_id), populate_existing=True)


async def upsert_editors(
    session: AsyncSession, postmortem_id: str, person_ids: Sequence[str], level: EditorLevel, now: datetime
) -> None:
    """Adds editors; those who are editors already get that level."""
    rows = [
        {"postmortem_id": postmortem_id, "person_id": one, "level": level.value, "added_at": now} for one in person_ids
    ]
    statement = insert(PostmortemEditor).values(rows)
    await session.execute(
        statement.on_conflict_do_update(index_elements=["postmortem_id", "person_id"], set_={"level": level.value})
    )


async def insert_editor(session: AsyncSession, postmortem_id: str, person_id: str, now: datetime) -> None:
    """Someone who may edit; one who is an editor already keeps their level."""
    row = {"postmortem_id": postmortem_id, "person_id": person_id, "added_at": now}
    statement = insert(PostmortemEditor).values(**row, level=EditorLevel.EDIT.value)
    await session.execute(statement.on_conflict_do_nothing())


async def delete_editor(session: AsyncSession, postmortem_id: str, person_id: str) -> str | None:
    """The level of the one who was removed; None if that person was no editor."""
    statement = delete(PostmortemEditor).where(
        PostmortemEditor.postmortem_id == postmortem_id, PostmortemEditor.person_id == person_id
    )
    return (await session.execute(statement.returning(PostmortemEditor.level))).scalar_one_or_none()
