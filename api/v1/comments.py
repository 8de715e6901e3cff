"""Comments on a postmortem: threads by section, anchored to words."""

from datetime import datetime
from typing import Annotated, Self

from fastapi import APIRouter, Depends, Query, Response
from pydantic import Field, model_validator

from api.request_context import Context, RequestContext
from api.shapes.base import Given, IfMatch, Listing, PathId, Ref, Shape, StrictlyGiven, ask, expected_version, tag
from api.v1.postmortems.postmortems import RefQuery
from api.v1.routing import router
from domain.comments.anchors import QUOTE_LIMIT, AnchorState, Selection, state_of
from domain.comments.comment import CommentKind
from domain.comments.mentions import WhyNot
from integrations.fields import Words
from models.queries.comments import comments
from models.queries.comments.comments import Changes, Shown, Wanted
from models.queries.pagination import Ask
from models.queries.postmortems.postmortems import VisiblePostmortem, get_visible

routes: APIRouter = router("comments", prefix="/postmortems/{postmortem_id}/comments")

Body = Annotated[str, Words(20_000)]
SectionName = Annotated[str, Words(100, one_line=True)]
SectionQuery = Annotated[str | None, Query(max_length=100, pattern=r"^[^\x00]*$")]
Offset = Annotated[int, Field(ge=0, le=2**31 - 1)]


class AnchorIn(StrictlyGiven):
    """The text that a comment refers to, in the section's current version.

    Either ``start`` and ``end`` (offsets in code points), or ``quote`` with ``occurrence`` (1 is the first). ``quote``
    with ``start`` selects the nearest occurrence, because the text may have moved. Other properties of an anchor in a
    response are ignored.
    """

    read_only = frozenset({"prefix", "suffix", "state"})

    start: Offset | None = None
    end: Offset | None = None
    quote: Annotated[str, Words(QUOTE_LIMIT)] | None = None
    occurrence: Annotated[int, Field(ge=1, le=10_000)] | None = None

    @model_validator(mode="after")
    def _marks_words(self) -> Self:
        if self.quote is None and (self.start is None or self.end is None):
            raise ValueError("send start and end, or a quote")
        if self.quote is None and self.occurrence is not None:
            raise ValueError("occurrence needs a quote")
        if self.start is not None and self.occurrence is not None:
            raise ValueError("send start or occurrence, not both")
        return self

    def selection(self) -> Selection:
        return Selection(self.start, self.end, self.quote, self.occurrence or 1)


class CommentNew(Given):
    """``parentId`` makes it a reply in a thread, in that thread's section."""

    body: Body
    section: SectionName | None = None
    parent_id: Ref | None = None
    anchor: AnchorIn | None = None

    @model_validator(mode="after")
    def _is_about_words_of_a_section(self) -> Self:
        if self.anchor is not None and self.parent_id is not None:
            raise ValueError("a reply refers to the text of its thread: leave out the anchor")
        if self.anchor is not None and self.section is None:
            raise ValueError("an anchor needs the section that contains its text")
        return self


class CommentPatch(Given):
    """``anchor`` moves a thread to other text; null moves it to the whole section."""

    body: Body | None = None
    resolved: bool | None = None
    anchor: AnchorIn | None = None


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


class CommentWritten(CommentOut):
    """``unnotified`` lists people mentioned in it who weren't notified, and why."""

    unnotified: list[UnnotifiedOut]


def comment_out(shown: Shown) -> CommentOut:
    comment, anchor, span = shown.comment, shown.anchor, shown.span
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
        replies=shown.replies,
        author_id=comment.author_id,
        body=comment.body,
        mentions=list(shown.mentions),
        resolved=comment.resolved_at is not None,
        resolved_at=comment.resolved_at,
        resolved_by=comment.resolved_by_id,
        created_at=comment.created_at,
        updated_at=comment.updated_at,
    )


def _written(shown: Shown, response: Response) -> CommentWritten:
    tag(response, shown.comment.version)
    unnotified = [UnnotifiedOut(handle=one.handle, why=one.why) for one in shown.unnotified]
    return CommentWritten(**comment_out(shown).model_dump(), unnotified=unnotified)


async def _seen(context: RequestContext, postmortem_id: str, *, lock: bool = False) -> VisiblePostmortem:
    return await get_visible(context.session, context.viewer, postmortem_id, lock=lock)


def wanted(
    section: SectionQuery = None,
    resolved: bool | None = None,
    threads: bool = False,
    parent_id: Annotated[RefQuery, Query(alias="parentId")] = None,
    kind: CommentKind | None = None,
) -> Wanted:
    return Wanted(section, resolved, threads, parent_id, kind)


@routes.get("")
async def list_comments(
    context: Context,
    postmortem_id: PathId,
    which: Annotated[Wanted, Depends(wanted)],
    page: Annotated[Ask, Depends(ask)],
) -> Listing[CommentOut]:
    """Lists comments, oldest first. ``threads`` leaves out replies; ``parentId`` lists the replies of one thread. A
    reply counts as ``resolved`` if its thread is."""
    found = await comments.list_comments(context.session, await _seen(context, postmortem_id), which, page)
    return Listing(items=[comment_out(one) for one in found.items], next_cursor=found.next_cursor)


@routes.post("", status_code=201)
async def add_comment(context: Context, postmortem_id: PathId, given: CommentNew, response: Response) -> CommentWritten:
    """Adds a comment. Anyone who can see the postmortem can comment. Open threads block publishing.

    ``@handle`` notifies that person if they can see the postmortem.
    """
    shown = await comments.add_comment(
        context.session,
        context.viewer,
        await _seen(context, postmortem_id),
        body=given.body,
        section=given.section,
        parent_id=given.parent_id,
        selection=given.anchor.selection() if given.anchor else None,
        now=context.now,
    )
    response.headers["Location"] = f"/api/postmortems/{postmortem_id}/comments/{shown.comment.id}"
    return _written(shown, response)


@routes.get("/{comment_id}")
async def get_comment(context: Context, postmortem_id: PathId, comment_id: PathId, response: Response) -> CommentOut:
    shown = await comments.get_shown(context.session, await _seen(context, postmortem_id), comment_id)
    tag(response, shown.comment.version)
    return comment_out(shown)


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
    changes = Changes(
        body=given.body,
        resolved=given.resolved,
        re_anchor="anchor" in given.model_fields_set,
        selection=given.anchor.selection() if given.anchor else None,
    )
    seen = await _seen(context, postmortem_id, lock=given.resolved is not None)
    shown = await comments.change_comment(
        context.session, context.viewer, seen, comment_id, changes, expected_version(if_match), context.now
    )
    return _written(shown, response)


@routes.delete("/{comment_id}", status_code=204)
async def remove_comment(context: Context, postmortem_id: PathId, comment_id: PathId) -> None:
    """Deletes your own comment, unless others have replied in its thread. Administrators can delete any comment."""
    await comments.remove_comment(context.session, context.viewer, await _seen(context, postmortem_id), comment_id)
