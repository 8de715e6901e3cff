"""The JSON API of comments: threads by section, anchored to text."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Query, Response

from api.request_context import Context, RequestContext
from api.shapes.base import IfMatch, Listing, PathId, RefQuery, Shape, ask, expected_version, tag
from api.shapes.comments import CommentNew, CommentPatch
from api.v1.routing import router
from application.comments import reading, writing
from application.comments.reading import CommentView
from domain.comments.anchors import AnchorState, state_of
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


def comment_out(view: CommentView) -> CommentOut:
    comment, anchor, span = view.comment, view.anchor, view.span
    return CommentOut(
        id=comment.id,
        version=comment.version,
        kind=CommentKind(comment.kind),
        section=comment.section,
        anchor=AnchorOut(
            quote=anchor.quote,
            prefix=anchor.prefix,
            suffix=anchor.suffix,
            state=state_of(anchor, span),
            start=span.start if span else None,
            end=span.end if span else None,
        )
        if anchor
        else None,
        parent_id=comment.parent_id,
        replies=view.replies,
        author_id=comment.author_id,
        body=comment.body,
        mentions=list(view.mentions),
        resolved=comment.resolved_at is not None,
        resolved_at=comment.resolved_at,
        resolved_by=comment.resolved_by_id,
        created_at=comment.created_at,
        updated_at=comment.updated_at,
    )


def _written(view: CommentView, response: Response) -> CommentWritten:
    tag(response, view.comment.version)
    unnotified = [UnnotifiedOut(handle=one.handle, why=one.why) for one in view.unnotified]
    return CommentWritten(**comment_out(view).model_dump(), unnotified=unnotified)


async def _visible(context: RequestContext, postmortem_id: str, *, lock: bool = False) -> VisiblePostmortem:
    return await get_visible(context.session, context.viewer, postmortem_id, lock=lock)


def filters(
    section: SectionQuery = None,
    resolved: bool | None = None,
    threads: bool = False,
    parent_id: Annotated[RefQuery, Query(alias="parentId")] = None,
    kind: CommentKind | None = None,
) -> CommentFilters:
    return CommentFilters(section, resolved, threads, parent_id, kind)


@routes.get("")
async def list_comments(
    context: Context,
    postmortem_id: PathId,
    which: Annotated[CommentFilters, Depends(filters)],
    page: Annotated[Ask, Depends(ask)],
) -> Listing[CommentOut]:
    """Lists comments, oldest first. ``threads`` leaves out replies; ``parentId`` lists the replies of one thread. A
    reply counts as ``resolved`` if its thread is."""
    found = await reading.list_comments(context.session, await _visible(context, postmortem_id), which, page)
    return Listing(items=[comment_out(one) for one in found.items], next_cursor=found.next_cursor)


@routes.post("", status_code=201)
async def add_comment(context: Context, postmortem_id: PathId, given: CommentNew, response: Response) -> CommentWritten:
    """Adds a comment. Anyone who can see the postmortem can comment. Open threads block publishing.

    ``@handle`` notifies that person if they can see the postmortem.
    """
    visible = await _visible(context, postmortem_id)
    view = await writing.add_comment(context.session, context.viewer, visible, given.new(), context.now)
    response.headers["Location"] = f"/api/postmortems/{postmortem_id}/comments/{view.comment.id}"
    return _written(view, response)


@routes.get("/{comment_id}")
async def get_comment(context: Context, postmortem_id: PathId, comment_id: PathId, response: Response) -> CommentOut:
    view = await reading.get_comment(context.session, await _visible(context, postmortem_id), comment_id)
    tag(response, view.comment.version)
    return comment_out(view)


@routes.patch("/{comment_id}")
async def change_comment(
    context: Context,
    postmortem_id: PathId,
    comment_id: PathId,
    given: CommentPatch,
    response: Response,
    if_match: IfMatch = None,
) -> CommentWritten:
    """Edits your own comment or moves it to other text, or resolves or reopens a thread."""
    await given.check_unchanged(lambda: get_comment(context, postmortem_id, comment_id, response))
    visible = await _visible(context, postmortem_id, lock=given.resolved is not None)
    view = await writing.change_comment(
        context.session, context.viewer, visible, comment_id, given.changes(), expected_version(if_match), context.now
    )
    return _written(view, response)


@routes.delete("/{comment_id}", status_code=204)
async def remove_comment(context: Context, postmortem_id: PathId, comment_id: PathId) -> None:
    """Deletes your own comment, unless others have replied in its thread. Administrators can delete any comment."""
    await writing.remove_comment(context.session, context.viewer, await _visible(context, postmortem_id), comment_id)
