"""Comments by section: threads, the words that they hold on to, and whom they speak to."""

from collections.abc import Collection, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import ScalarSelect, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from domain import access
from domain.access import Relation, Verb, Viewer
from domain.comments import comment as comments
from domain.comments.anchors import Anchor, Selection, Span, anchor_for, locate
from domain.comments.comment import CommentKind
from domain.errors import Malformed, NotAThread, NotFound, StaleVersion, UnknownReference, reason
from domain.postmortems.lifecycle import Status
from models.base import new_id
from models.postmortem import Comment, CommentMention
from models.queries.comments.mentions import Unnotified, speak_to, tell
from models.queries.content.kept_templates import get_kept
from models.queries.content.section_texts import read_bodies
from models.queries.pagination import Ask, Order, Page, fetch_page
from models.queries.postmortems.postmortems import VisiblePostmortem, audit_seen

# Sections


async def _texts(session: AsyncSession, seen: VisiblePostmortem, sections: Collection[str]) -> dict[str, str]:
    """The current texts of those sections; nothing for one that has none."""
    if not sections:
        return {}
    bodies = await read_bodies(session, seen.postmortem.id, sections)
    return {name: body.text for name, body in bodies.items()}


async def _check_section(session: AsyncSession, seen: VisiblePostmortem, section: str) -> None:
    """Those of the postmortem's template, also the ones that are tables, not text."""
    if (await get_kept(session, seen.postmortem)).section(section) is None:
        raise UnknownReference(field="section", kind="section", id=section)


async def _anchored(
    session: AsyncSession, seen: VisiblePostmortem, section: str, selection: Selection
) -> dict[str, Any]:
    """What is kept of the marked words. Raises :class:`WordsNotFound`, :class:`AnchorTooLong`."""
    text = (await _texts(session, seen, [section])).get(section, "")
    return asdict(anchor_for(text, selection))


# Reading


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which comments: an answer counts as resolved where its thread is. ``threads`` leaves the answers out."""

    section: str | None = None
    resolved: bool | None = None
    threads: bool = False
    parent_id: str | None = None
    kind: CommentKind | None = None


@dataclass(frozen=True, slots=True)
class Shown:
    """A comment with what is shown beside it. ``span`` is where its words are now, None where they are gone."""

    comment: Comment
    replies: int
    mentions: tuple[str, ...]
    anchor: Anchor | None
    span: Span | None
    unnotified: tuple[Unnotified, ...] = ()


async def list_comments(session: AsyncSession, seen: VisiblePostmortem, wanted: Wanted, ask: Ask) -> Page[Shown]:
    """Oldest first."""
    statement = select(Comment, _replies()).where(Comment.postmortem_id == seen.postmortem.id)
    if wanted.section is not None:
        statement = statement.where(Comment.section == wanted.section)
    if wanted.threads:
        statement = statement.where(Comment.parent_id.is_(None))
    if wanted.parent_id is not None:
        statement = statement.where(Comment.parent_id == wanted.parent_id)
    if wanted.kind is not None:
        statement = statement.where(Comment.kind == wanted.kind.value)
    if wanted.resolved is not None:
        thread = aliased(Comment)
        is_resolved = thread.resolved_at.is_not(None) if wanted.resolved else thread.resolved_at.is_(None)
        its_thread = thread.id == func.coalesce(Comment.parent_id, Comment.id)
        statement = statement.where(select(thread.id).where(its_thread, is_resolved).exists())
    rows, cursor = await fetch_page(session, statement, Order("comments", Comment.created_at, Comment.id, False), ask)
    return Page(await _shown(session, seen, {row[0]: row[1] for row in rows}), cursor)


async def get_shown(session: AsyncSession, seen: VisiblePostmortem, comment_id: str) -> Shown:
    comment = await get_comment(session, seen, comment_id)
    replies = (await session.execute(select(_replies()).where(Comment.id == comment_id))).scalar_one()
    return (await _shown(session, seen, {comment: replies}))[0]


def _replies() -> ScalarSelect[int]:
    answer = aliased(Comment)
    counted = select(func.count()).select_from(answer).where(answer.parent_id == Comment.id)
    return counted.correlate(Comment).scalar_subquery()


async def get_comment(
    session: AsyncSession, seen: VisiblePostmortem, comment_id: str, *, lock: bool = False
) -> Comment:
    comment = await session.get(Comment, comment_id, with_for_update=lock, populate_existing=True)
    if comment is None or comment.postmortem_id != seen.postmortem.id:
        raise NotFound(kind="comment", id=comment_id)
    return comment


async def _shown(session: AsyncSession, seen: VisiblePostmortem, found: Mapping[Comment, int]) -> list[Shown]:
    """``found`` are comments with the number of their answers; mentions and texts in one statement each."""
    ids = [one.id for one in found]
    spoken_to: dict[str, list[str]] = {}
    told = select(CommentMention.comment_id, CommentMention.person_id).where(CommentMention.comment_id.in_(ids))
    for comment_id, person_id in (await session.execute(told.order_by(CommentMention.person_id))).all():
        spoken_to.setdefault(comment_id, []).append(person_id)
    anchors = {one.id: Anchor(**one.anchor) for one in found if one.anchor}
    sections = {one.section for one in found if one.id in anchors and one.section}
    texts = await _texts(session, seen, sorted(sections))
    return [
        Shown(
            comment=one,
            replies=replies,
            mentions=tuple(spoken_to.get(one.id, ())),
            anchor=anchors.get(one.id),
            span=locate(anchors[one.id], texts.get(one.section or "", "")) if one.id in anchors else None,
        )
        for one, replies in found.items()
    ]


# Writing


async def add_comment(
    session: AsyncSession,
    viewer: Viewer,
    seen: VisiblePostmortem,
    *,
    body: str,
    now: datetime,
    section: str | None = None,
    parent_id: str | None = None,
    selection: Selection | None = None,
    kind: CommentKind = CommentKind.COMMENT,
) -> Shown:
    """Whoever may see may comment. An answer belongs to its thread, and to its thread's section.

    Raises NotFound, UnknownReference, WordsNotFound, AnchorTooLong.
    """
    access.check(Verb.COMMENT, Status(seen.postmortem.status), seen.relations)
    thread = None
    if parent_id is not None:
        parent = await get_comment(session, seen, parent_id)
        thread = await get_comment(session, seen, parent.parent_id) if parent.parent_id else parent
        section = thread.section
    elif section is not None:
        await _check_section(session, seen, section)
    anchor = await _anchored(session, seen, section, selection) if section and selection else None
    comment = Comment(
        id=new_id("cmt"),
        postmortem_id=seen.postmortem.id,
        parent_id=thread.id if thread else None,
        author_id=viewer.person_id,
        section=section,
        kind=kind.value,
        anchor=anchor,
        body=body,
        created_at=now,
        updated_at=now,
    )
    session.add(comment)
    said = {"commentId": comment.id, "section": section}
    if kind is not CommentKind.COMMENT:
        said["kind"] = kind.value
    audit_seen(session, viewer, seen, "comment.added", None, said)
    await session.flush()
    unnotified = await speak_to(session, viewer, seen, comment, now)
    if kind is CommentKind.COMMENT:
        await tell(session, viewer, seen, comment, thread, now)
    return replace(await get_shown(session, seen, comment.id), unnotified=unnotified)


@dataclass(frozen=True, slots=True)
class Changes:
    """What is to change of a comment: None leaves it. ``re_anchor`` puts ``selection``, or nothing, for the words."""

    body: str | None = None
    resolved: bool | None = None
    re_anchor: bool = False
    selection: Selection | None = None


async def change_comment(
    session: AsyncSession,
    viewer: Viewer,
    seen: VisiblePostmortem,
    comment_id: str,
    changes: Changes,
    expected: int | None,
    now: datetime,
) -> Shown:
    """Its author rewords it; its author, and those who write or review, resolve and reopen the thread.

    The postmortem must be locked where a thread is resolved or reopened: publishing looks at them.
    Raises NotFound, NotAllowed, StaleVersion, NotAThread, WordsNotFound, AnchorTooLong.
    """
    comment = await get_comment(session, seen, comment_id, lock=True)
    if expected is not None and expected != comment.version:
        raise StaleVersion(expected=str(expected), current=comment.version)
    unnotified: tuple[Unnotified, ...] = ()
    status, held = Status(seen.postmortem.status), _held(viewer, seen, comment)
    if changes.body is not None and changes.body != comment.body:
        comments.check_reword(status, held)
        after = {"commentId": comment.id, "body": changes.body}
        audit_seen(session, viewer, seen, "comment.edited", {"body": comment.body}, after)
        comment.body = changes.body
        _touch(comment, now)
        unnotified = await speak_to(session, viewer, seen, comment, now)
    if changes.re_anchor:
        comments.check_reword(status, held)
        await _re_anchor(session, viewer, seen, comment, changes.selection, now)
    if changes.resolved is not None:
        _resolve(session, viewer, seen, comment, changes.resolved, now)
    await session.flush()
    return replace(await get_shown(session, seen, comment.id), unnotified=unnotified)


async def _re_anchor(
    session: AsyncSession,
    viewer: Viewer,
    seen: VisiblePostmortem,
    comment: Comment,
    selection: Selection | None,
    now: datetime,
) -> None:
    if comment.parent_id is not None:
        raise NotAThread(comment_id=comment.id, thread_id=comment.parent_id)
    if selection is not None and comment.section is None:
        words = "This comment isn't about a section, so it can't refer to text in one."
        raise Malformed(reasons=[reason("anchor", words, where="body.anchor")])
    anchor = await _anchored(session, seen, comment.section, selection) if comment.section and selection else None
    if anchor != comment.anchor:
        before = {"quote": comment.anchor["quote"]} if comment.anchor else None
        after = {"commentId": comment.id, "quote": anchor["quote"] if anchor else None}
        audit_seen(session, viewer, seen, "comment.anchored", before, after)
        comment.anchor = anchor
        _touch(comment, now)


def _resolve(
    session: AsyncSession, viewer: Viewer, seen: VisiblePostmortem, comment: Comment, resolved: bool, now: datetime
) -> None:
    if comment.parent_id is not None:
        raise NotAThread(comment_id=comment.id, thread_id=comment.parent_id)
    if resolved == (comment.resolved_at is not None):
        return
    comments.check_resolve(Status(seen.postmortem.status), _held(viewer, seen, comment))
    comment.resolved_at = now if resolved else None
    comment.resolved_by_id = viewer.person_id if resolved else None
    _touch(comment, now)
    action = "comment.resolved" if resolved else "comment.reopened"
    audit_seen(session, viewer, seen, action, None, {"commentId": comment.id})


async def remove_comment(session: AsyncSession, viewer: Viewer, seen: VisiblePostmortem, comment_id: str) -> None:
    """Its author or an administrator. The answers go with the thread, so others' answers keep its author from it."""
    comment = await get_comment(session, seen, comment_id, lock=True)
    statement = select(Comment).where(Comment.parent_id == comment.id).order_by(Comment.created_at, Comment.id)
    answers = list((await session.execute(statement)).scalars())
    others = any(one.author_id != comment.author_id for one in answers)
    status, held = Status(seen.postmortem.status), _held(viewer, seen, comment)
    comments.check_remove(status, held, answered_by_others=others)
    before: dict[str, Any] = {"body": comment.body, "authorId": comment.author_id}
    if answers:
        before["answers"] = [{"id": one.id, "body": one.body, "authorId": one.author_id} for one in answers]
    audit_seen(session, viewer, seen, "comment.removed", before, {"commentId": comment.id})
    await session.delete(comment)


def _held(viewer: Viewer, seen: VisiblePostmortem, comment: Comment) -> AbstractSet[Relation]:
    return comments.relations_to(comment.author_id == viewer.person_id, seen.relations)


def _touch(comment: Comment, now: datetime) -> None:
    comment.version += 1
    comment.updated_at = now
