"""SQL about comments, their threads and whom they mention."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, ScalarSelect, delete, func, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from domain.comments.comment import CommentKind
from domain.comments.mentions import MentionedPerson
from domain.errors import NotFound
from models.person import Person
from models.postmortem import Comment, CommentMention
from models.queries.access.visibility import visible_to_person
from models.queries.pagination import Ask, Order, Page, fetch_page
from models.queries.postmortems.postmortems import VisiblePostmortem


@dataclass(frozen=True, slots=True)
class CommentFilters:
    """An answer counts as resolved if its thread is. ``threads`` leaves the answers out."""

    section: str | None = None
    resolved: bool | None = None
    threads: bool = False
    parent_id: str | None = None
    kind: CommentKind | None = None


async def list_comments(
    session: AsyncSession, visible: VisiblePostmortem, filters: CommentFilters, ask: Ask
) -> Page[tuple[Comment, int]]:
    """Comments with the number of their answers, oldest first."""
    statement = select(Comment, _replies()).where(Comment.postmortem_id == visible.postmortem.id)
    if filters.section is not None:
        statement = statement.where(Comment.section == filters.section)
    if filters.threads:
        statement = statement.where(Comment.parent_id.is_(None))
    if filters.parent_id is not None:
        statement = statement.where(Comment.parent_id == filters.parent_id)
    if filters.kind is not None:
        statement = statement.where(Comment.kind == filters.kind.value)
    if filters.resolved is not None:
        thread = aliased(Comment)
        is_resolved = thread.resolved_at.is_not(None) if filters.resolved else thread.resolved_at.is_(None)
        its_thread = thread.id == func.coalesce(Comment.parent_id, Comment.id)
        statement = statement.where(select(thread.id).where(its_thread, is_resolved).exists())
    rows, cursor = await fetch_page(session, statement, Order("comments", Comment.created_at, Comment.id, False), ask)
    return Page([(row[0], row[1]) for row in rows], cursor)


async def get_comment(
    session: AsyncSession, visible: VisiblePostmortem, comment_id: str, *, lock: bool = False
) -> Comment:
    comment = await session.get(Comment, comment_id, with_for_update=lock, populate_existing=True)
    if comment is None or comment.postmortem_id != visible.postmortem.id:
        raise NotFound(kind="comment", id=comment_id)
    return comment


def _replies() -> ScalarSelect[int]:
    answer = aliased(Comment)
    counted = select(func.count()).select_from(answer).where(answer.parent_id == Comment.id)
    return counted.correlate(Comment).scalar_subquery()


async def count_answers(session: AsyncSession, comment_id: str) -> int:
    return (await session.execute(select(_replies()).where(Comment.id == comment_id))).scalar_one()


async def list_answers(session: AsyncSession, comment_id: str) -> list[Comment]:
    statement = select(Comment).where(Comment.parent_id == comment_id).order_by(Comment.created_at, Comment.id)
    return list((await session.execute(statement)).scalars())


async def insert_comment(session: AsyncSession, comment: Comment) -> None:
    session.add(comment)
    await session.flush()


async def delete_comment(session: AsyncSession, comment: Comment) -> None:
    """With its answers."""
    await session.delete(comment)


# Mentions


async def list_mentions(session: AsyncSession, comment_ids: Sequence[str]) -> dict[str, list[str]]:
    """The ids of those whom each comment mentions."""
    statement = select(CommentMention.comment_id, CommentMention.person_id)
    statement = statement.where(CommentMention.comment_id.in_(comment_ids)).order_by(CommentMention.person_id)
    found: dict[str, list[str]] = {}
    for comment_id, person_id in (await session.execute(statement)).all():
        found.setdefault(comment_id, []).append(person_id)
    return found


async def find_mentioned(
    session: AsyncSession, postmortem_id: str, handles: Collection[str]
) -> Mapping[str, MentionedPerson]:
    """People by their handles, with whether they may see the postmortem."""
    if not handles:
        return {}
    may_see = visible_to_person(postmortem_id).label("may_see")
    statement = select(Person.id, Person.handle, Person.is_active, may_see).where(Person.handle.in_(handles))
    rows = (await session.execute(statement)).all()
    return {row.handle: MentionedPerson(row.id, row.is_active, row.may_see) for row in rows}


async def update_mentions(session: AsyncSession, comment_id: str, person_ids: Collection[str]) -> None:
    """Keep exactly these people as those whom the comment mentions."""
    gone = delete(CommentMention).where(
        CommentMention.comment_id == comment_id, CommentMention.person_id.not_in(person_ids)
    )
    await session.execute(gone)
    if person_ids:
        rows = [{"comment_id": comment_id, "person_id": one} for one in person_ids]
        await session.execute(insert(CommentMention).values(rows).on_conflict_do_nothing())


async def list_thread_members(session: AsyncSession, comment: Comment, thread_id: str) -> Sequence[str]:
    """Active people who wrote in the thread, may still see the postmortem and are not mentioned in the comment."""
    in_thread = or_(Comment.id == thread_id, Comment.parent_id == thread_id)
    return await _list_unmentioned(session, comment, Person.id.in_(select(Comment.author_id).where(in_thread)))


async def list_unmentioned(session: AsyncSession, comment: Comment, person_id: str | None) -> Sequence[str]:
    """That person, if active, able to see the postmortem and not mentioned in the comment."""
    return await _list_unmentioned(session, comment, Person.id == person_id)


async def _list_unmentioned(session: AsyncSession, comment: Comment, people: ColumnElement[bool]) -> Sequence[str]:
    mentioned = select(CommentMention.person_id).where(CommentMention.comment_id == comment.id)
    statement = select(Person.id).where(
        people, Person.is_active, Person.id.not_in(mentioned), visible_to_person(comment.postmortem_id)
    )
    return (await session.execute(statement.order_by(Person.id))).scalars().all()
