"""The discussion of a postmortem as a page shows it: threads by section, the words that each is about, names."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from api.pages.rendering import as_html
from api.pages.routing import Visit
from application.comments.reading import CommentView, list_comments
from domain.comments.anchors import Anchor, AnchorState, state_of
from domain.comments.comment import CommentKind
from domain.comments.highlighting import Marked, with_marks, with_names
from domain.content.visible_text import read
from models.person import Person
from models.postmortem import Comment
from models.queries.comments import CommentFilters
from models.queries.pagination import Ask
from models.queries.postmortems.postmortems import VisiblePostmortem

PAGES = 10
"""At most so many times two hundred comments are shown."""


@dataclass(frozen=True, slots=True)
class Thread:
    """``state`` is None where the thread is about no words; ``now`` is what they read now, where that is different."""

    opening: Comment
    answers: Sequence[Comment]
    anchor: Anchor | None = None
    state: AnchorState | None = None
    now: str | None = None

    @property
    def asks_for_changes(self) -> bool:
        return self.opening.kind == CommentKind.CHANGE_REQUEST

    @property
    def is_marked(self) -> bool:
        return self.state not in {None, AnchorState.DETACHED} and self.opening.resolved_at is None


async def list_shown(visit: Visit, visible: VisiblePostmortem) -> list[CommentView]:
    """Lists the postmortem's action items, oldest first."""
    shown: list[CommentView] = []
    ask = Ask(200)
    for _ in range(PAGES):
        page = await list_comments(visit.context.session, visible, CommentFilters(), ask)
        shown += page.items
        if page.next_cursor is None:
            break
        ask = Ask(200, page.next_cursor)
    return shown


def people_talking(shown: Sequence[CommentView]) -> list[str | None]:
    return [id_ for one in shown for id_ in (one.comment.author_id, one.comment.resolved_by_id, *one.mentions)]


def threads_of(
    shown: Sequence[CommentView], titles: Mapping[str, str], texts: Mapping[str, str]
) -> dict[str | None, list[Thread]]:
    """By section, as they came; None holds those about the whole."""
    answers: dict[str, list[Comment]] = {}
    for one in shown:
        if one.comment.parent_id:
            answers.setdefault(one.comment.parent_id, []).append(one.comment)
    threads: dict[str | None, list[Thread]] = {}
    for one in shown:
        if one.comment.parent_id is None:
            section = one.comment.section if one.comment.section in titles else None
            threads.setdefault(section, []).append(_thread(one, answers.get(one.comment.id, []), texts))
    return threads


def _thread(one: CommentView, answers: Sequence[Comment], texts: Mapping[str, str]) -> Thread:
    if one.anchor is None:
        return Thread(one.comment, answers)
    state = state_of(one.anchor, one.span)
    text = texts.get(one.comment.section or "", "")
    now = text[one.span.start : one.span.end] if one.span and state is AnchorState.CHANGED else None
    return Thread(one.comment, answers, one.anchor, state, now)


def as_read(texts: Mapping[str, str], shown: Sequence[CommentView]) -> dict[str, Markup]:
    """The sections as HTML, with the words of their open threads marked."""
    marks: dict[str, list[Marked]] = {}
    for one in shown:
        section = one.comment.section or ""
        if one.span is not None and one.comment.resolved_at is None and section in texts:
            marks.setdefault(section, []).append(Marked(one.span.start, one.span.end, one.comment.id))
    read_as = {name: as_html(text) for name, text in texts.items()}
    for name, found in marks.items():
        marked = with_marks(str(read_as[name]), read(texts[name]), found)
        read_as[name] = Markup(marked)  # noqa: S704 - escaped there, piece by piece
    return read_as


def said(shown: Sequence[CommentView], people: Mapping[str, Person]) -> dict[str, Markup]:
    """What each comment says as HTML, by its id; whoever was told of it by a mention is named."""
    found: dict[str, Markup] = {}
    for one in shown:
        html = as_html(one.comment.body)
        names = {people[id_].handle: people[id_].name for id_ in one.mentions if id_ in people}
        found[one.comment.id] = Markup(with_names(str(html), names))  # noqa: S704 - escaped there
    return found
