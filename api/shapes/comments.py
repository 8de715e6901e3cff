"""Requests about comments."""

from typing import Annotated, Self

from pydantic import Field, model_validator

from api.shapes.base import Given, Patch, Ref, StrictlyGiven
from application.comments.writing import CommentChanges, NewComment
from domain.comments.anchors import QUOTE_LIMIT, Selection
from integrations.fields import Words

Body = Annotated[str, Words(20_000)]
SectionName = Annotated[str, Words(100, one_line=True)]
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
    """``parentId`` makes it a reply in a thread, about the same section or action item. ``actionItemId`` makes it a
    thread about an action item."""

    body: Body
    section: SectionName | None = None
    action_item_id: Ref | None = None
    parent_id: Ref | None = None
    anchor: AnchorIn | None = None

    @model_validator(mode="after")
    def _is_about_words_of_a_section(self) -> Self:
        if self.anchor is not None and self.parent_id is not None:
            raise ValueError("a reply refers to the text of its thread: leave out the anchor")
        if self.anchor is not None and self.section is None:
            raise ValueError("an anchor needs the section that contains its text")
        if self.action_item_id is not None and self.parent_id is not None:
            raise ValueError("a reply is about the action item of its thread: leave out actionItemId")
        if self.action_item_id is not None and self.section is not None:
            raise ValueError("send a section or an action item, not both")
        return self

    def new(self) -> NewComment:
        selection = self.anchor.selection() if self.anchor else None
        return NewComment(self.body, self.section, self.parent_id, selection, self.action_item_id)


class CommentPatch(Patch):
    """``anchor`` moves a thread to other text; null moves it to the whole section."""

    body: Body | None = None
    resolved: bool | None = None
    anchor: AnchorIn | None = None

    def changes(self) -> CommentChanges:
        return CommentChanges(
            body=self.body,
            resolved=self.resolved,
            re_anchor="anchor" in self.model_fields_set,
            selection=self.anchor.selection() if self.anchor else None,
        )
