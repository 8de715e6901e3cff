"""Comments as they are shown: with their mentions, and where the text that they are about is now."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from application import text_work
from domain.access import Viewer
from domain.comments.anchors import Anchor, Span, locate_each, where_it_was
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
    return Page(await _views(page.items, texts), page.next_cursor)


async def get_comment(session: Session, viewer: Viewer, postmortem_id: str, comment_id: str) -> CommentView:
    """Raises NotFound."""
    found = await comments.get_shown_comment(session, viewer, postmortem_id, comment_id)
    return (await _views([found], found.texts or {}))[0]


async def _views(found: Sequence[ShownComment], texts: Mapping[str, str]) -> list[CommentView]:
    """Most of the words are where they were; the others are searched for."""
    anchors = {one.id: Anchor(**one.anchor) for one in found if one.anchor}
    sections = {one.id: one.section or "" for one in found}
    spans = {id_: where_it_was(one, texts.get(sections[id_], "")) for id_, one in anchors.items()}
    moved = [id_ for id_, span in spans.items() if span is None]
    if moved:
        wanted = [(anchors[id_], sections[id_]) for id_ in moved]
        length = sum(len(texts.get(name, "")) for _, name in wanted)
        spans |= zip(moved, await text_work.run(locate_each, wanted, dict(texts), length=length), strict=True)
    return [CommentView(one, tuple(one.mentions or ()), anchors.get(one.id), spans.get(one.id)) for one in found]


async def section_texts(session: Session, visible: VisiblePostmortem, sections: Collection[str]) -> dict[str, str]:
    """The current texts of those sections; a section without text is left out."""
    if not sections:
        return {}
    texts = await find_section_texts(session, visible.postmortem.id, sections)
    return {name: one.body for name, one in texts.items()}
