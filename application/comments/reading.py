"""Comments as they are shown: with their mentions, and where the text that they are about is now."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from domain.access import Viewer
from domain.comments.anchors import Anchor, Span, locate
from domain.comments.mentions import Unnotified
from models.queries import comments
from models.queries.comments import CommentFilters, ShownComment
from models.queries.content.sections import find_section_texts
from models.queries.pagination import Ask, Page
from models.queries.postmortems.postmortems import VisiblePostmortem
from models.session import Session


@dataclass(frozen=True, slots=True)
class CommentView:
    """``span`` is where the anchor's text is now; None if it is gone. ``unnotified`` is known right after writing."""

    comment: ShownComment
    mentions: tuple[str, ...]
    anchor: Anchor | None
    span: Span | None
    unnotified: tuple[Unnotified, ...] = ()


async def list_comments(
    session: Session, viewer: Viewer, postmortem_id: str, filters: CommentFilters, ask: Ask
) -> Page[CommentView]:
    """Lists the postmortem's comments, oldest first. Raises NotFound."""
    page = await comments.list_shown_comments(session, viewer, postmortem_id, filters, ask)
    texts = (page.items[0].texts or {}) if page.items else {}
    return Page([_view(one, texts) for one in page.items], page.next_cursor)


async def get_comment(session: Session, viewer: Viewer, postmortem_id: str, comment_id: str) -> CommentView:
    """Raises NotFound."""
    found = await comments.get_shown_comment(session, viewer, postmortem_id, comment_id)
    return _view(found, found.texts or {})


def _view(comment: ShownComment, texts: Mapping[str, str]) -> CommentView:
    anchor = Anchor(**comment.anchor) if comment.anchor else None
    span = locate(anchor, texts.get(comment.section or "", "")) if anchor else None
    return CommentView(comment, tuple(comment.mentions or ()), anchor, span)


async def section_texts(session: Session, visible: VisiblePostmortem, sections: Collection[str]) -> dict[str, str]:
    """The current texts of those sections; a section without text is left out."""
    if not sections:
        return {}
    texts = await find_section_texts(session, visible.postmortem.id, sections)
    return {name: one.body for name, one in texts.items()}
