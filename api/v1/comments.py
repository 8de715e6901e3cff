"""The JSON API of comments: threads by section, anchored to text."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Response

from api.answers import NOT_MODIFIED, hashed_answer, json_answer, matches, not_modified, state_tag
from api.request_context import Context, RequestContext
from api.shapes.base import IfMatch, IfNoneMatch, Listing, PathId, RefQuery, Shape, ask, expected_version
from api.shapes.comments import CommentNew, CommentPatch
from api.v1.routing import router
from application.comments import reading, writing
from application.comments.reading import CommentView
from domain.comments.anchors import Anchor, AnchorState, Span, state_of
from domain.comments.comment import CommentKind
from domain.comments.mentions import WhyNot
from models.queries.comments import CommentFilters
from models.queries.pagination import Ask
from models.queries.postmortems.postmortems import VisiblePostmortem, get_visible

routes: APIRouter = router("comments", prefix="/postmortems/{postmortem_id}/comments")

SectionQuery = Annotated[str | None, Query(max_length=100, pattern=r"^[^\x00]*$")]


class AnchorOut(Shape):
    """A text quote selector, and its position in the section's current text; null if DETACHED."""

    quote: str
    prefix: str
    suffix: str
    state: AnchorState
    start: int | None
    end: int | None


class CommentOut(Shape):
    id: str
    version: int
    kind: CommentKind
    section: str | None
    action_item_id: str | None
    anchor: AnchorOut | None
    parent_id: str | None
    replies: int
    author_id: str
    body: str
    mentions: list[str]
    resolved: bool
    resolved_at: datetime | None
    resolved_by: str | None
    created_at: datetime
    updated_at: datetime


class UnnotifiedOut(Shape):
    handle: str
    why: WhyNot


CommentPatch.answer = CommentOut


class CommentWritten(CommentOut):
    """``unnotified`` lists people mentioned in it who weren't notified, and why."""

    unnotified: list[UnnotifiedOut]


def comment_json(view: CommentView) -> dict[str, Any]:
    """The JSON of a comment; its shape is :class:`CommentOut`."""
    comment = view.comment
    return {
        "id": comment.id,
        "version": comment.version,
        "kind": comment.kind,
        "section": comment.section,
        "actionItemId": comment.action_item_id,
        "anchor": _anchor_json(view.anchor, view.span) if view.anchor else None,
        "parentId": comment.parent_id,
        "replies": comment.replies,
        "authorId": comment.author_id,
        "body": comment.body,
        "mentions": view.mentions,
        "resolved": comment.resolved_at is not None,
        "resolvedAt": comment.resolved_at,
        "resolvedBy": comment.resolved_by_id,
        "createdAt": comment.created_at,
        "updatedAt": comment.updated_at,
    }


def _anchor_json(anchor: Anchor, span: Span | None) -> dict[str, Any]:
    return {
        "quote": anchor.quote,
        "prefix": anchor.prefix,
        "suffix": anchor.suffix,
        "state": state_of(anchor, span),
        "start": span.start if span else None,
        "end": span.end if span else None,
    }


def _written(view: CommentView, *, status: int = 200, location: str | None = None) -> Response:
    shown = comment_json(view)
    unnotified = [{"handle": one.handle, "why": one.why} for one in view.unnotified]
    tag = state_tag(view.comment.version, shown)
    return json_answer({**shown, "unnotified": unnotified}, tag, status=status, location=location)


async def _visible(context: RequestContext, postmortem_id: str, *, lock: bool = False) -> VisiblePostmortem:
    return await get_visible(context.session, context.viewer, postmortem_id, lock=lock)


async def filters(
    section: SectionQuery = None,
    resolved: bool | None = None,
    threads: bool = False,
    parent_id: Annotated[RefQuery, Query(alias="parentId")] = None,
    kind: CommentKind | None = None,
    action_item_id: Annotated[RefQuery, Query(alias="actionItemId")] = None,
) -> CommentFilters:
    return CommentFilters(section, resolved, threads, parent_id, kind, action_item_id)


@routes.get("", response_model=Listing[CommentOut], responses=NOT_MODIFIED)
async def list_comments(
    context: Context,
    postmortem_id: PathId,
    which: Annotated[CommentFilters, Depends(filters)],
    page: Annotated[Ask, Depends(ask)],
    if_none_match: IfNoneMatch = None,
) -> Response:
    """Lists comments, oldest first. ``threads`` leaves out replies; ``parentId`` lists the replies of one thread. A
    reply counts as ``resolved`` if its thread is."""
    found = await reading.list_comments(context.session, context.viewer, postmortem_id, which, page)
    items = [comment_json(one) for one in found.items]
    return hashed_answer({"items": items, "nextCursor": found.next_cursor}, if_none_match)


@routes.post("", status_code=201, response_model=CommentWritten)
async def add_comment(context: Context, postmortem_id: PathId, given: CommentNew) -> Response:
    """Adds a comment. Anyone who can see the postmortem can comment. Open threads block publishing.

    ``@handle`` notifies that person if they can see the postmortem.
    """
    visible = await _visible(context, postmortem_id)
    view = await writing.add_comment(context.session, context.viewer, visible, given.new(), context.now)
    return _written(view, status=201, location=f"/api/postmortems/{postmortem_id}/comments/{view.comment.id}")


@routes.get("/{comment_id}", response_model=CommentOut, responses=NOT_MODIFIED)
async def get_comment(
    context: Context, postmortem_id: PathId, comment_id: PathId, if_none_match: IfNoneMatch = None
) -> Response:
    """Returns a comment."""
    view = await reading.get_comment(context.session, context.viewer, postmortem_id, comment_id)
    shown = comment_json(view)
    tag = state_tag(view.comment.version, shown)
    if if_none_match is not None and matches(if_none_match, tag):
        return not_modified(tag)
    return json_answer(shown, tag)


@routes.patch("/{comment_id}", response_model=CommentWritten)
async def update_comment(
    context: Context,
    postmortem_id: PathId,
    comment_id: PathId,
    given: CommentPatch,
    if_match: IfMatch = None,
) -> Response:
    """Edits your own comment or moves it to other text, or resolves or reopens a thread."""
    await given.check_unchanged(lambda: get_comment(context, postmortem_id, comment_id))
    visible = await _visible(context, postmortem_id, lock=given.resolved is not None)
    view = await writing.change_comment(
        context.session, context.viewer, visible, comment_id, given.changes(), expected_version(if_match), context.now
    )
    return _written(view)


@routes.delete("/{comment_id}", status_code=204)
async def delete_comment(context: Context, postmortem_id: PathId, comment_id: PathId) -> None:
    """Deletes your own comment, unless others have replied in its thread. Administrators can delete any comment."""
    await writing.remove_comment(context.session, context.viewer, await _visible(context, postmortem_id), comment_id)
