"""The comments on a postmortem as a page shows them: threads by section, highlighted text, and names."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from api.pages.routing import Visit
from application.comments.reading import CommentView, list_comments
from domain.comments.anchors import Anchor, AnchorState, state_of
from domain.comments.comment import CommentKind
from domain.comments.formatting import Passage
from domain.comments.highlighting import Marked
from models.person import Person
from models.queries.comments import CommentFilters, ShownComment
from models.queries.pagination import Ask

PAGES = 10
"""At most this many times 200 comments are shown."""


@dataclass(frozen=True, slots=True)
class Thread:
    """``state`` is None if the thread is about no text; ``now`` is how the text reads now, if it was changed."""

    opening: ShownComment
    answers: Sequence[ShownComment]
    anchor: Anchor | None = None
    state: AnchorState | None = None
    now: str | None = None

    @property
    def asks_for_changes(self) -> bool:
        return self.opening.kind == CommentKind.CHANGE_REQUEST

    @property
    def is_marked(self) -> bool:
        return self.state not in {None, AnchorState.DETACHED} and self.opening.resolved_at is None


async def list_all(visit: Visit, postmortem_id: str, which: CommentFilters | None = None) -> list[CommentView]:
    """Every such comment of the postmortem, oldest first."""
    views: list[CommentView] = []
    ask = Ask(200)
    for _ in range(PAGES):
        page = await list_comments(
            visit.context.session, visit.context.viewer, postmortem_id, which or CommentFilters(), ask
        )
        views += page.items
        if page.next_cursor is None:
            break
        ask = Ask(200, page.next_cursor)
    return views


def people_in(views: Sequence[CommentView]) -> list[str | None]:
    return [id_ for one in views for id_ in (one.comment.author_id, one.comment.resolved_by_id, *one.mentions)]


def threads_of(
    views: Sequence[CommentView], titles: Mapping[str, str], texts: Mapping[str, str]
) -> dict[str | None, list[Thread]]:
    """By section, in their order; None holds those about the whole postmortem."""
    answers: dict[str, list[ShownComment]] = {}
    for one in views:
        if one.comment.parent_id:
            answers.setdefault(one.comment.parent_id, []).append(one.comment)
    threads: dict[str | None, list[Thread]] = {}
    for one in views:
        if one.comment.parent_id is None:
            section = one.comment.section if one.comment.section in titles else None
            threads.setdefault(section, []).append(_thread(one, answers.get(one.comment.id, []), texts))
    return threads


def _thread(one: CommentView, answers: Sequence[ShownComment], texts: Mapping[str, str]) -> Thread:
    if one.anchor is None:
        return Thread(one.comment, answers)
    state = state_of(one.anchor, one.span)
    text = texts.get(one.comment.section or "", "")
    now = text[one.span.start : one.span.end] if one.span and state is AnchorState.CHANGED else None
    return Thread(one.comment, answers, one.anchor, state, now)


def section_passages(texts: Mapping[str, str], views: Sequence[CommentView]) -> dict[str, Passage]:
    """The sections, with the text of their open threads highlighted."""
    marks: dict[str, list[Marked]] = {}
    for one in views:
        section = one.comment.section or ""
        if one.span is not None and one.comment.resolved_at is None and section in texts:
            marks.setdefault(section, []).append(Marked(one.span.start, one.span.end, one.comment.id))
    return {name: Passage(text, tuple(marks.get(name, ()))) for name, text in texts.items() if text}


def comment_passages(views: Sequence[CommentView], people: Mapping[str, Person]) -> dict[str, Passage]:
    """The text of each comment, by its id, with the names of people whom it mentions."""
    return {
        one.comment.id: Passage(
            one.comment.body,
            names=tuple((people[id_].handle, people[id_].name) for id_ in one.mentions if id_ in people),
        )
        for one in views
    }
