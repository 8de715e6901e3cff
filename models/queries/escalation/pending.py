"""What is pending about a postmortem: its last edit, its reviewers, and its comment threads."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Row, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from models.postmortem import Comment, Postmortem, PostmortemReviewer
from models.queries.postmortems.counts import unresolved_threads
from models.section import Section


async def get_postmortem_unscoped(session: AsyncSession, postmortem_id: str) -> Postmortem:
    return await session.get_one(Postmortem, postmortem_id)


async def find_last_edit(session: AsyncSession, postmortem_id: str) -> datetime | None:
    """When a person last edited a section."""
    statement = select(func.max(Section.updated_at)).where(
        Section.postmortem_id == postmortem_id, Section.updated_by.is_not(None)
    )
    return (await session.execute(statement)).scalar_one_or_none()


async def list_reviewers_unscoped(session: AsyncSession, postmortem_id: str) -> list[PostmortemReviewer]:
    statement = select(PostmortemReviewer).where(PostmortemReviewer.postmortem_id == postmortem_id)
    statement = statement.order_by(PostmortemReviewer.person_id).execution_options(populate_existing=True)
    return list((await session.execute(statement)).scalars())


async def list_unresolved_threads(
    session: AsyncSession, postmortem_id: str
) -> Sequence[Row[str, str, datetime, str | None, datetime | None]]:
    """Each thread: its id, who started it when, and who answered last when."""
    answer = aliased(Comment)
    last = (
        select(answer.author_id, answer.created_at)
        .where(answer.parent_id == Comment.id)
        .order_by(answer.created_at.desc(), answer.id.desc())
        .limit(1)
        .lateral("last")
    )
    statement = select(Comment.id, Comment.author_id, Comment.created_at, last.c.author_id, last.c.created_at)
    statement = statement.outerjoin(last, last.c.author_id.is_not(None))
    return (await session.execute(statement.where(Comment.postmortem_id == postmortem_id, *unresolved_threads()))).all()
