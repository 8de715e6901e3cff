"""Writes comments: adds, rewords, anchors, resolves and removes them."""

from collections.abc import Set as AbstractSet
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any

from application.audit.audit_log import audit_postmortem
from application.comments.notifying import notify_mentioned, notify_thread
from application.comments.reading import CommentView, get_comment, section_texts
from domain import access
from domain.access import Relation, Verb, Viewer
from domain.comments import comment as rules
from domain.comments.anchors import Selection, anchor_for
from domain.comments.comment import CommentKind
from domain.comments.mentions import Unnotified
from domain.errors import Malformed, NotAThread, StaleVersion, UnknownReference, reason
from domain.postmortems.lifecycle import Status
from models.action_item import ActionItem
from models.base import new_id
from models.postmortem import Comment
from models.queries import action_items, comments
from models.queries.content.templates import get_postmortem_template
from models.queries.postmortems.postmortems import VisiblePostmortem
from models.session import Session


async def _check_section(session: Session, visible: VisiblePostmortem, section: str) -> None:
    """Raises UnknownReference unless the postmortem's template has the section, as text or as a table."""
    if (await get_postmortem_template(session, visible.postmortem)).section(section) is None:
        raise UnknownReference(field="section", kind="section", id=section)


async def _check_item(session: Session, visible: VisiblePostmortem, item_id: str) -> ActionItem:
    """Raises UnknownReference unless it is an action item of the postmortem."""
    item = await action_items.find_item_of(session, visible.postmortem.id, item_id)
    if item is None:
        raise UnknownReference(field="actionItemId", kind="action item", id=item_id)
    return item


async def _anchored(session: Session, visible: VisiblePostmortem, section: str, selection: Selection) -> dict[str, Any]:
    """The columns of an anchor on the selected text. Raises WordsNotFound, AnchorTooLong."""
    text = (await section_texts(session, visible, [section])).get(section, "")
    return asdict(anchor_for(text, selection))


@dataclass(frozen=True, slots=True)
class NewComment:
    """``parent_id`` makes it an answer. ``selection`` is the text of the section that it is about; ``action_item_id``
    is one of the postmortem's, which it is about instead."""

    body: str
    section: str | None = None
    parent_id: str | None = None
    selection: Selection | None = None
    action_item_id: str | None = None
    kind: CommentKind = CommentKind.COMMENT


async def add_comment(
    session: Session, viewer: Viewer, visible: VisiblePostmortem, new: NewComment, now: datetime
) -> CommentView:
    """Everyone who may see the postmortem may comment. An answer is about what its thread is about.

    Raises NotFound, UnknownReference, WordsNotFound, AnchorTooLong.
    """
    access.check(Verb.COMMENT, Status(visible.postmortem.status), visible.relations)
    thread, section, item_id, owner_id = None, new.section, new.action_item_id, None
    if new.parent_id is not None:
        parent = await comments.get_comment(session, visible, new.parent_id)
        thread = await comments.get_comment(session, visible, parent.parent_id) if parent.parent_id else parent
        section, item_id = thread.section, thread.action_item_id
    elif item_id is not None:
        owner_id = (await _check_item(session, visible, item_id)).owner_id
    elif section is not None:
        await _check_section(session, visible, section)
    anchor = await _anchored(session, visible, section, new.selection) if section and new.selection else None
    comment = Comment(
        id=new_id("cmt"),
        postmortem_id=visible.postmortem.id,
        parent_id=thread.id if thread else None,
        author_id=viewer.person_id,
        section=section,
        action_item_id=item_id,
        kind=new.kind.value,
        anchor=anchor,
        body=new.body,
        created_at=now,
        updated_at=now,
    )
    after = {"commentId": comment.id, "section": section}
    if item_id is not None:
        after["actionItemId"] = item_id
    if new.kind is not CommentKind.COMMENT:
        after["kind"] = new.kind.value
    audit_postmortem(session, viewer, visible, "comment.added", None, after)
    await comments.insert_comment(session, comment)
    unnotified = await notify_mentioned(session, viewer, visible, comment, now)
    if new.kind is CommentKind.COMMENT:
        first = [one for one in (visible.postmortem.author_id, owner_id) if one is not None]
        await notify_thread(session, viewer, first, comment, thread, now)
    return replace(await get_comment(session, viewer, visible.postmortem.id, comment.id), unnotified=unnotified)


@dataclass(frozen=True, slots=True)
class CommentChanges:
    """None leaves a field as it is. ``re_anchor`` anchors the comment to ``selection``; None anchors it to no text."""

    body: str | None = None
    resolved: bool | None = None
    re_anchor: bool = False
    selection: Selection | None = None


async def change_comment(
    session: Session,
    viewer: Viewer,
    visible: VisiblePostmortem,
    comment_id: str,
    changes: CommentChanges,
    expected: int | None,
    now: datetime,
) -> CommentView:
    """The author rewords a comment; the author, and those who write or review, resolve and reopen the thread.

    The postmortem's row must be locked to resolve or reopen a thread: publishing depends on open threads.
    Raises NotFound, NotAllowed, StaleVersion, NotAThread, WordsNotFound, AnchorTooLong.
    """
    comment = await comments.get_comment(session, visible, comment_id, lock=True)
    if expected is not None and expected != comment.version:
        raise StaleVersion(expected=str(expected), current=comment.version)
    unnotified: tuple[Unnotified, ...] = ()
    status, relations = Status(visible.postmortem.status), _relations(viewer, visible, comment)
    if changes.body is not None and changes.body != comment.body:
        rules.check_reword(status, relations)
        after = {"commentId": comment.id, "body": changes.body}
        audit_postmortem(session, viewer, visible, "comment.edited", {"body": comment.body}, after)
        comment.body = changes.body
        _touch(comment, now)
        unnotified = await notify_mentioned(session, viewer, visible, comment, now)
    if changes.re_anchor:
        rules.check_reword(status, relations)
        await _re_anchor(session, viewer, visible, comment, changes.selection, now)
    if changes.resolved is not None:
        _resolve(session, viewer, visible, comment, changes.resolved, now)
    await session.flush()
    return replace(await get_comment(session, viewer, visible.postmortem.id, comment.id), unnotified=unnotified)


async def _re_anchor(
    session: Session,
    viewer: Viewer,
    visible: VisiblePostmortem,
    comment: Comment,
    selection: Selection | None,
    now: datetime,
) -> None:
    if comment.parent_id is not None:
        raise NotAThread(comment_id=comment.id, thread_id=comment.parent_id)
    if selection is not None and comment.section is None:
        words = "This comment isn't about a section, so it can't refer to text in one."
        raise Malformed(reasons=[reason("anchor", words, where="body.anchor")])
    anchor = await _anchored(session, visible, comment.section, selection) if comment.section and selection else None
    if anchor != comment.anchor:
        before = {"quote": comment.anchor["quote"]} if comment.anchor else None
        after = {"commentId": comment.id, "quote": anchor["quote"] if anchor else None}
        audit_postmortem(session, viewer, visible, "comment.anchored", before, after)
        comment.anchor = anchor
        _touch(comment, now)


def _resolve(
    session: Session, viewer: Viewer, visible: VisiblePostmortem, comment: Comment, resolved: bool, now: datetime
) -> None:
    if comment.parent_id is not None:
        raise NotAThread(comment_id=comment.id, thread_id=comment.parent_id)
    if resolved == (comment.resolved_at is not None):
        return
    rules.check_resolve(Status(visible.postmortem.status), _relations(viewer, visible, comment))
    comment.resolved_at = now if resolved else None
    comment.resolved_by_id = viewer.person_id if resolved else None
    _touch(comment, now)
    action = "comment.resolved" if resolved else "comment.reopened"
    audit_postmortem(session, viewer, visible, action, None, {"commentId": comment.id})


async def remove_comment(session: Session, viewer: Viewer, visible: VisiblePostmortem, comment_id: str) -> None:
    """Remove the comment with its answers; once others answered, only an administrator may.

    Raises NotFound, NotAllowed, ThreadAnswered.
    """
    comment = await comments.get_comment(session, visible, comment_id, lock=True)
    answers = await comments.list_answers(session, comment.id)
    others = any(one.author_id != comment.author_id for one in answers)
    status, relations = Status(visible.postmortem.status), _relations(viewer, visible, comment)
    rules.check_remove(status, relations, answered_by_others=others)
    before: dict[str, Any] = {"body": comment.body, "authorId": comment.author_id}
    if answers:
        before["answers"] = [{"id": one.id, "body": one.body, "authorId": one.author_id} for one in answers]
    audit_postmortem(session, viewer, visible, "comment.removed", before, {"commentId": comment.id})
    await comments.delete_comment(session, comment)


def _relations(viewer: Viewer, visible: VisiblePostmortem, comment: Comment) -> AbstractSet[Relation]:
    return rules.relations_to(comment.author_id == viewer.person_id, visible.relations)


def _touch(comment: Comment, now: datetime) -> None:
    comment.version += 1
    comment.updated_at = now
