"""What people add beside the text: comments, editors."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain import access
from domain.access import EditorLevel, Relation, Viewer
from domain.errors import NotAllowed, NotFound
from models.base import new_id
from models.postmortem import Comment, PostmortemEditor
from models.queries.pages import Ask, Order, Page, fetch_page
from models.queries.people import check_people
from models.queries.postmortems import Seen, check_managing, content_changed
from models.queries.records import audit

# Comments


async def list_comments(session: AsyncSession, seen: Seen, ask: Ask) -> Page[Comment]:
    """Threads and answers alike, oldest first."""
    statement = select(Comment).where(Comment.postmortem_id == seen.postmortem.id)
    rows, cursor = await fetch_page(session, statement, Order("comments", Comment.created_at, Comment.id, False), ask)
    return Page([row[0] for row in rows], cursor)


async def add_comment(
    session: AsyncSession,
    viewer: Viewer,
    seen: Seen,
    *,
    body: str,
    section: str | None,
    parent_id: str | None,
    now: datetime,
) -> Comment:
    """Whoever may see may comment. An answer belongs to its thread's section."""
    if parent_id is not None:
        parent = await get_comment(session, seen, parent_id)
        parent_id, section = parent.parent_id or parent.id, parent.section
    comment = Comment(
        id=new_id("cmt"),
        postmortem_id=seen.postmortem.id,
        parent_id=parent_id,
        author_id=viewer.person_id,
        section=section,
        body=body,
        created_at=now,
        updated_at=now,
    )
    session.add(comment)
    _audit(session, viewer, seen, "comment.added", None, {"commentId": comment.id, "section": section})
    await session.flush()
    return comment


async def get_comment(session: AsyncSession, seen: Seen, comment_id: str, *, lock: bool = False) -> Comment:
    comment = await session.get(Comment, comment_id, with_for_update=lock, populate_existing=True)
    if comment is None or comment.postmortem_id != seen.postmortem.id:
        raise NotFound(kind="comment", id=comment_id)
    return comment


async def change_comment(
    session: AsyncSession,
    viewer: Viewer,
    seen: Seen,
    comment_id: str,
    *,
    body: str | None,
    resolved: bool | None,
    now: datetime,
) -> Comment:
    """Its author rewords it; its author, and those who may edit or review, resolve and reopen the thread."""
    comment = await get_comment(session, seen, comment_id, lock=True)
    mine = comment.author_id == viewer.person_id
    if body is not None and body != comment.body:
        if not mine:
            raise NotAllowed(action="reword", who="its author")
        _audit(session, viewer, seen, "comment.edited", {"body": comment.body}, {"commentId": comment.id, "body": body})
        comment.body, comment.version, comment.updated_at = body, comment.version + 1, now
    if resolved is not None and comment.parent_id is None and resolved != (comment.resolved_at is not None):
        allowed = access.MANAGING | {Relation.REVIEWER}
        if not (mine or seen.relations & allowed):
            raise NotAllowed(action="resolve", who=f"its author, {access.in_words(allowed)}")
        comment.resolved_at = now if resolved else None
        comment.resolved_by_id = viewer.person_id if resolved else None
        comment.version, comment.updated_at = comment.version + 1, now
        action = "comment.resolved" if resolved else "comment.reopened"
        _audit(session, viewer, seen, action, None, {"commentId": comment.id})
    return comment


async def remove_comment(session: AsyncSession, viewer: Viewer, seen: Seen, comment_id: str) -> None:
    """Its author or an administrator; the answers go with the thread."""
    comment = await get_comment(session, seen, comment_id, lock=True)
    if comment.author_id != viewer.person_id and not viewer.is_admin:
        raise NotAllowed(action="delete", who="its author or an administrator")
    _audit(session, viewer, seen, "comment.removed", {"body": comment.body}, {"commentId": comment.id})
    await session.delete(comment)


# Editors


async def list_editors(session: AsyncSession, seen: Seen) -> list[PostmortemEditor]:
    statement = select(PostmortemEditor).where(PostmortemEditor.postmortem_id == seen.postmortem.id)
    return list((await session.execute(statement.order_by(PostmortemEditor.added_at))).scalars())


async def set_editor(
    session: AsyncSession, viewer: Viewer, seen: Seen, person_id: str, level: EditorLevel, now: datetime
) -> None:
    check_managing(seen, "name editors of")
    await check_people(session, "userId", [person_id])
    row = {"postmortem_id": seen.postmortem.id, "person_id": person_id, "level": level.value, "added_at": now}
    statement = insert(PostmortemEditor).values(row)
    await session.execute(
        statement.on_conflict_do_update(index_elements=["postmortem_id", "person_id"], set_={"level": level.value})
    )
    await content_changed(session, seen, now, counts=False)
    _audit(session, viewer, seen, "editor.set", None, {"userId": person_id, "level": level.value})


async def remove_editor(session: AsyncSession, viewer: Viewer, seen: Seen, person_id: str, now: datetime) -> None:
    """Editors may also leave by themselves."""
    if person_id != viewer.person_id:
        check_managing(seen, "name editors of")
    removed = await session.execute(
        delete(PostmortemEditor)
        .where(PostmortemEditor.postmortem_id == seen.postmortem.id, PostmortemEditor.person_id == person_id)
        .returning(PostmortemEditor.level)
    )
    level = removed.scalar_one_or_none()
    if level is None:
        raise NotFound(kind="editor", id=person_id)
    await content_changed(session, seen, now, counts=False)
    _audit(session, viewer, seen, "editor.removed", {"userId": person_id, "level": level}, None)


def _audit(
    session: AsyncSession,
    viewer: Viewer,
    seen: Seen,
    action: str,
    before: Mapping[str, Any] | None,
    after: Mapping[str, Any] | None,
) -> None:
    audit(
        session,
        viewer,
        action,
        "postmortem",
        seen.postmortem.id,
        postmortem_id=seen.postmortem.id,
        before=before,
        after=after,
    )
