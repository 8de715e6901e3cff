"""Comments as they are shown: with their mentions, and where the text that they are about is now."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from domain.comments.anchors import Anchor, Span, locate
from domain.comments.mentions import Unnotified
from models.postmortem import Comment
from models.queries import comments
from models.queries.comments import CommentFilters
from models.queries.content.sections import find_section_texts
from models.queries.pagination import Ask, Page
from models.queries.postmortems.postmortems import VisiblePostmortem
from models.session import Session


@dataclass(frozen=True, slots=True)
class CommentView:
    """``span`` is where the anchor's text is now; None if it is gone. ``unnotified`` is known right after writing."""

    comment: Comment
    replies: int
    mentions: tuple[str, ...]
    anchor: Anchor | None
    span: Span | None
    unnotified: tuple[Unnotified, ...] = ()


async def list_comments(
    session: Session, visible: VisiblePostmortem, filters: CommentFilters, ask: Ask
) -> Page[CommentView]:
    """Lists the postmortem's action items, oldest first."""
    page = await comments.list_comments(session, visible, filters, ask)
    return Page(await _views(session, visible, page.items), page.next_cursor)


async def get_comment(session: Session, visible: VisiblePostmortem, comment_id: str) -> CommentView:
    """Raises NotFound."""
    comment = await comments.get_comment(session, visible, comment_id)
    replies = await comments.count_answers(session, comment_id)
    return (await _views(session, visible, [(comment, replies)]))[0]


async def _views(
    session: Session, visible: VisiblePostmortem, found: Sequence[tuple[Comment, int]]
) -> list[CommentView]:
    """``found`` are comments with the number of their answers. Mentions and texts take one statement each."""
    mentions = await comments.list_mentions(session, [one.id for one, _ in found])
    anchors = {one.id: Anchor(**one.anchor) for one, _ in found if one.anchor}
    sections = {one.section for one, _ in found if one.id in anchors and one.section}
    texts = await section_texts(session, visible, sorted(sections))
    return [
        CommentView(
            comment=one,
            replies=replies,
            mentions=tuple(mentions.get(one.id, ())),
            anchor=anchors.get(one.id),
            span=locate(anchors[one.id], texts.get(one.section or "", "")) if one.id in anchors else None,
        )
        for one, replies in found
    ]


async def section_texts(session: Session, visible: VisiblePostmortem, sections: Collection[str]) -> dict[str, str]:
    """The current texts of those sections; a section without text is left out."""
    if not sections:
        return {}
    texts = await find_section_texts(session, visible.postmortem.id, sections)
    return {name: one.body for name, one in texts.items()}
