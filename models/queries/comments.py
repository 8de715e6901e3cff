"""SQL about comments, their threads and whom they mention."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import ColumnElement, ScalarSelect, Select, case, delete, func, or_, select, true
from sqlalchemy.dialects.postgresql import aggregate_order_by, insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from domain.access import Viewer
from domain.comments.comment import CommentKind
from domain.comments.mentions import MentionedPerson
from domain.errors import NotFound
from models.content import Section
from models.notification import Notice
from models.person import Person
from models.postmortem import Comment, CommentMention, Postmortem
from models.queries.access.visibility import BoundViewer, viewer_values, visible_to, visible_to_person
from models.queries.audit.audit_log import rows_with_audit, with_audit_of
from models.queries.locking import lock_to_delete
from models.queries.pagination import Ask, Order, Page, page_of, page_values
from models.queries.postmortems.postmortems import VisiblePostmortem
from models.queries.prebuilt import Prebuilt, number_of, text_of


@dataclass(frozen=True, slots=True)
class CommentFilters:
    """An answer counts as resolved if its thread is. ``threads`` leaves the answers out."""

    section: str | None = None
    resolved: bool | None = None
    threads: bool = False
    parent_id: str | None = None
    kind: CommentKind | None = None
    action_item_id: str | None = None


@dataclass(frozen=True, slots=True)
class ShownComment:
    """A comment with what is shown beside it. ``texts`` are the sections that comments of its page quote, and are only
    with the first of them. All but ``postmortem_id`` are null for the only row of a page without comments."""

    postmortem_id: str
    id: str
    version: int
    parent_id: str | None
    author_id: str
    section: str | None
    action_item_id: str | None
    kind: str
    anchor: dict[str, Any] | None
    body: str
    resolved_at: datetime | None
    resolved_by_id: str | None
    created_at: datetime
    updated_at: datetime
    replies: int
    mentions: list[str] | None
    texts: dict[str, str] | None


_ORDER = Order("comments", Comment.created_at, Comment.id, False)


async def list_shown_comments(
    session: AsyncSession, viewer: Viewer, postmortem_id: str, filters: CommentFilters, ask: Ask
) -> Page[ShownComment]:
    """Oldest first. One prebuilt statement, which also audits an administrator's read. Raises NotFound."""
    given: dict[str, Any] = {
        "section": filters.section,
        "threads": filters.threads or None,
        "parent_id": filters.parent_id,
        "kind": filters.kind.value if filters.kind else None,
        "action_item_id": filters.action_item_id,
        "resolved": filters.resolved or None,
        "unresolved": True if filters.resolved is False else None,
    }
    values = {name: value for name, value in given.items() if value is not None} | page_values(_ORDER, ask)
    page = page_of(await _run(session, viewer, postmortem_id, values), _ORDER, ask)
    return Page([ShownComment(*row) for row in page.items], page.next_cursor)


async def get_shown_comment(session: AsyncSession, viewer: Viewer, postmortem_id: str, comment_id: str) -> ShownComment:
    """As :func:`list_shown_comments`, for one. Raises NotFound."""
    found = await _run(session, viewer, postmortem_id, {"comment_id": comment_id, "limit": 1})
    if not found:
        raise NotFound(kind="comment", id=comment_id)
    return ShownComment(*found[0])


async def _run(session: AsyncSession, viewer: Viewer, postmortem_id: str, values: dict[str, Any]) -> list[Any]:
    shape = frozenset(values)
    plain = _shown(shape, is_admin=viewer.is_admin, is_audited=False)
    audited = _shown(shape, is_admin=True, is_audited=True) if viewer.is_admin else plain
    given = {**viewer_values(viewer), **values, "postmortem_id": postmortem_id}
    rows = await rows_with_audit(session, viewer, audited, plain, given)
    if not rows:
        raise NotFound(kind="postmortem", id=postmortem_id)
    return [row for row in rows if row["id"] is not None]


@cache
def _shown(shape: frozenset[str], *, is_admin: bool, is_audited: bool) -> Prebuilt:
    viewer = BoundViewer(is_admin)
    seen = select(Postmortem.id).where(visible_to(viewer), Postmortem.id == text_of("postmortem_id")).cte("seen")
    own = [one for one in Comment.__table__.c if one.key not in {"postmortem_id", "search"}]
    page = select(*own, _replies().label("replies")).join(seen, seen.c.id == Comment.postmortem_id)
    page = page.where(*(_SHOWN_IF[one] for one in sorted(shape & _SHOWN_IF.keys())))
    listed = page.order_by(*_ORDER.clauses()).limit(number_of("limit")).cte("page")
    in_order = _ORDER.of(listed.c).clauses()
    person = CommentMention.person_id
    mentions = select(func.array_agg(aggregate_order_by(person, person))).where(
        CommentMention.comment_id == listed.c.id
    )
    quoted = select(listed.c.section).where(listed.c.anchor.is_not(None))
    texts = select(func.json_object_agg(Section.name, Section.body)).where(
        Section.postmortem_id == seen.c.id, Section.name.in_(quoted)
    )
    first = func.row_number().over(order_by=in_order) == 1
    columns = [listed.c[name] for name in _SHOWN]
    statement: Select[Any] = select(
        seen.c.id.label("postmortem_id"),
        *columns,
        mentions.scalar_subquery(),
        case((first, texts.scalar_subquery())),
    ).select_from(seen.outerjoin(listed, true()))
    statement = statement.order_by(*in_order)
    return Prebuilt(with_audit_of(select(seen.c.id), statement, viewer) if is_audited else statement)


_SHOWN = (
    *("id", "version", "parent_id", "author_id", "section", "action_item_id", "kind", "anchor", "body"),
    *("resolved_at", "resolved_by_id", "created_at", "updated_at", "replies"),
)
_THREAD = aliased(Comment)
_ITS_THREAD = select(_THREAD.id).where(_THREAD.id == func.coalesce(Comment.parent_id, Comment.id))
_SHOWN_IF: dict[str, ColumnElement[bool]] = {
    "comment_id": Comment.id == text_of("comment_id"),
    "section": Comment.section == text_of("section"),
    "threads": Comment.parent_id.is_(None),
    "parent_id": Comment.parent_id == text_of("parent_id"),
    "kind": Comment.kind == text_of("kind"),
    "action_item_id": Comment.action_item_id == text_of("action_item_id"),
    "resolved": _ITS_THREAD.where(_THREAD.resolved_at.is_not(None)).exists(),
    "unresolved": _ITS_THREAD.where(_THREAD.resolved_at.is_(None)).exists(),
    "after": _ORDER.after_parameters(),
}


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


async def find_moment(session: AsyncSession, postmortem_id: str, comment_id: str) -> tuple[str, datetime] | None:
    """Who wrote the comment, and when. The caller has checked that the viewer may see the postmortem."""
    statement = select(Comment.author_id, Comment.created_at)
    row = (
        await session.execute(statement.where(Comment.postmortem_id == postmortem_id, Comment.id == comment_id))
    ).one_or_none()
    return (row[0], row[1]) if row else None


async def list_answers(session: AsyncSession, comment_id: str) -> list[Comment]:
    statement = select(Comment).where(Comment.parent_id == comment_id).order_by(Comment.created_at, Comment.id)
    return list((await session.execute(statement)).scalars())


async def insert_comment(session: AsyncSession, comment: Comment) -> None:
    session.add(comment)
    await session.flush()


async def delete_comment(session: AsyncSession, comment: Comment) -> None:
    """With its answers."""
    own = select(Comment.id).where(or_(Comment.id == comment.id, Comment.parent_id == comment.id))
    await lock_to_delete(session, Notice, Notice.comment_id.in_(own))
    await session.delete(comment)


# Mentions


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


async def list_unmentioned(session: AsyncSession, comment: Comment, person_ids: Collection[str]) -> Sequence[str]:
    """Those people who are active, may see the postmortem and are not mentioned in the comment."""
    return await _list_unmentioned(session, comment, Person.id.in_(person_ids))


async def _list_unmentioned(session: AsyncSession, comment: Comment, people: ColumnElement[bool]) -> Sequence[str]:
    mentioned = select(CommentMention.person_id).where(CommentMention.comment_id == comment.id)
    statement = select(Person.id).where(
        people, Person.is_active, Person.id.not_in(mentioned), visible_to_person(comment.postmortem_id)
    )
    return (await session.execute(statement.order_by(Person.id))).scalars().all()
