"""What needs a person, and whom they wait for: one statement each, soonest due first."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cache
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Select,
    String,
    and_,
    case,
    cast,
    exists,
    func,
    literal_column,
    not_,
    or_,
    select,
    union_all,
)
from sqlalchemy.dialects.postgresql import TIMESTAMP
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from domain.access import Viewer
from domain.comments.comment import CommentKind
from domain.postmortems.lifecycle import Status
from domain.review.reviewers import Decision
from models.action_item import ActionItem
from models.person import Person
from models.postmortem import Comment, CommentMention, Postmortem, PostmortemReviewer, PostmortemTarget
from models.queries.access.visibility import BoundViewer, viewer_parameters, visible_to
from models.queries.action_items_filtered import OPEN
from models.queries.postmortems.resting import rests
from models.queries.prebuilt import Prebuilt, instant_of

REVIEWER = aliased(PostmortemReviewer)  # the condition of visibility reads the table, too
MAX_NEEDS = 40
MAX_AWAITED = 20
DUE = func.coalesce(PostmortemTarget.extended_to, PostmortemTarget.due_at)
NOTHING: Any = cast(literal_column("null"), String)
NEVER: Any = cast(literal_column("null"), TIMESTAMP(timezone=True))


@dataclass(frozen=True, slots=True)
class Need:
    """Something to do. ``kind`` is REVIEW, DRAFT, PUBLISH, ITEM or REPLY, and ``id`` that of the postmortem, the action
    item or the thread. ``due_at`` is when it is due, for an item the end of its day in UTC.

    ``number`` and ``title`` are the postmortem's, null if the person may not see it. ``words`` are an item's
    description or the thread's last comment, by ``author_id``; ``status`` is a postmortem's or an item's.
    """

    kind: str
    id: str
    postmortem_id: str
    number: int | None
    title: str | None
    words: str | None
    author_id: str | None
    status: str
    due_at: datetime | None

    @property
    def due_on(self) -> date | None:
        return self.due_at.astimezone(UTC).date() if self.due_at and self.kind == "ITEM" else None


@dataclass(frozen=True, slots=True)
class Awaited:
    """A reviewer whose review an author waits for."""

    postmortem_id: str
    number: int
    title: str
    submitted_at: datetime | None
    person_id: str
    name: str
    is_active: bool
    reminded_at: datetime | None
    has_approved_before: bool


async def list_needs(session: AsyncSession, viewer: Viewer, now: datetime) -> Sequence[Need]:
    """Soonest due first, then what has no due time."""
    rows = await _needs().rows(session, now=now, **viewer_parameters(viewer))
    return [Need(*row) for row in rows]


@cache
def _needs() -> Prebuilt:
    """An administrator's role gives no access here, since reading by it is audited."""
    viewer = BoundViewer(is_admin=False)
    kinds = (_reviews(viewer), _own(viewer), _items(viewer), _threads(viewer))
    found = kinds[0].union_all(*kinds[1:]).subquery("needs")
    order = (found.c.due_at.asc().nulls_last(), found.c.kind, found.c.id)
    return Prebuilt(select(found).order_by(*order).limit(MAX_NEEDS))


def _columns(
    kind: ColumnElement[Any], key: Any, *, title: Any, number: Any, words: Any, author: Any, status: Any, due_at: Any
) -> list[Any]:
    named = {
        "kind": kind,
        "id": key,
        "postmortem_id": Postmortem.id,
        "number": number,
        "title": title,
        "words": words,
        "author_id": author,
        "status": status,
        "due_at": due_at,
    }
    return [column.label(name) for name, column in named.items()]


def _text(value: str) -> ColumnElement[Any]:
    return cast(literal_column(f"'{value}'"), String)


def _next_due() -> ColumnElement[Any]:
    """The unmet target of the postmortem that is due first."""
    unmet = (
        PostmortemTarget.postmortem_id == Postmortem.id,
        PostmortemTarget.met_at.is_(None),
        PostmortemTarget.waived_at.is_(None),
    )
    due = select(func.min(DUE)).where(*unmet).correlate(Postmortem).scalar_subquery()
    return case((rests(), NEVER), else_=due)


def is_outstanding(reviewer: Any) -> ColumnElement[bool]:
    """Publishing waits for this reviewer of :class:`Postmortem`. As ``domain.review.reviewers`` has it."""
    counts = (reviewer.decision == Decision.APPROVE.value) & (reviewer.decided_revision == Postmortem.content_revision)
    return and_(reviewer.waived_at.is_(None), or_(reviewer.decision.is_(None), not_(counts)))


def _of_postmortem(kind: ColumnElement[Any]) -> Select[Any]:
    return select(
        *_columns(
            kind,
            Postmortem.id,
            title=Postmortem.title,
            number=Postmortem.number,
            words=NOTHING,
            author=Postmortem.author_id,
            status=Postmortem.status,
            due_at=_next_due(),
        )
    )


def _reviews(viewer: BoundViewer) -> Select[Any]:
    waiting = (
        REVIEWER.person_id == viewer.person_id,
        Postmortem.status == Status.IN_REVIEW.value,
        Postmortem.author_id.is_distinct_from(viewer.person_id),
        is_outstanding(REVIEWER),
        visible_to(viewer),
    )
    return _of_postmortem(_text("REVIEW")).join(REVIEWER, REVIEWER.postmortem_id == Postmortem.id).where(*waiting)


def _own(viewer: BoundViewer) -> Select[Any]:
    """Drafts to write, and what everyone has approved."""
    asked = REVIEWER.postmortem_id == Postmortem.id
    is_approved = exists().where(asked) & ~exists().where(asked, is_outstanding(REVIEWER))
    is_draft = Postmortem.status == Status.DRAFT.value
    kind = case((is_draft, _text("DRAFT")), else_=_text("PUBLISH"))
    in_review = (Postmortem.status == Status.IN_REVIEW.value) & is_approved
    return _of_postmortem(kind).where(Postmortem.author_id == viewer.person_id, or_(is_draft, in_review))


def _items(viewer: BoundViewer) -> Select[Any]:
    """Their owner sees them even if not the postmortem."""
    sees = visible_to(viewer)
    due_at = func.timezone("UTC", cast(ActionItem.due_on + 1, TIMESTAMP)) - literal_column("interval '1 second'")
    columns = _columns(
        _text("ITEM"),
        ActionItem.id,
        title=case((sees, Postmortem.title)),
        number=case((sees, Postmortem.number)),
        words=ActionItem.description,
        author=ActionItem.owner_id,
        status=ActionItem.status,
        due_at=due_at,
    )
    is_awake = or_(ActionItem.snoozed_until.is_(None), ActionItem.snoozed_until <= instant_of("now"))
    found = select(*columns).join(Postmortem, Postmortem.id == ActionItem.postmortem_id)
    return found.where(ActionItem.owner_id == viewer.person_id, ActionItem.status.in_(OPEN), is_awake)


def _threads(viewer: BoundViewer) -> Select[Any]:
    """Open threads that someone else spoke in last: on the person's postmortems, their own, and those that mention
    them. What requests changes is part of the draft."""
    answer, said = aliased(Comment), aliased(Comment)
    in_thread = or_(answer.id == Comment.id, answer.parent_id == Comment.id)
    last = (
        select(answer.id, answer.author_id, answer.body)
        .where(in_thread)
        .order_by(answer.created_at.desc(), answer.id.desc())
        .limit(1)
        .lateral("last")
    )
    mentioned = (
        select(func.coalesce(said.parent_id, said.id))
        .join(CommentMention, CommentMention.comment_id == said.id)
        .where(CommentMention.person_id == viewer.person_id)
    )
    columns = _columns(
        _text("REPLY"),
        Comment.id,
        title=Postmortem.title,
        number=Postmortem.number,
        words=func.left(last.c.body, 240),
        author=last.c.author_id,
        status=Postmortem.status,
        due_at=NEVER,
    )
    owned, own = aliased(Postmortem), aliased(Comment)
    open_ones = (own.parent_id.is_(None), own.resolved_at.is_(None))
    mine = (
        select(own.id).join(owned, owned.id == own.postmortem_id).where(owned.author_id == viewer.person_id, *open_ones)
    )
    theirs = select(own.id).where(own.author_id == viewer.person_id, *open_ones)
    concerns = Comment.id.in_(union_all(mine, theirs, mentioned))
    found = select(*columns).select_from(Comment).join(Postmortem, Postmortem.id == Comment.postmortem_id)
    return found.join(last, last.c.author_id != viewer.person_id).where(
        Comment.parent_id.is_(None),
        Comment.resolved_at.is_(None),
        Comment.kind != CommentKind.CHANGE_REQUEST.value,
        Postmortem.status != Status.ARCHIVED.value,
        concerns,
        visible_to(viewer),
    )


async def list_awaited(session: AsyncSession, viewer: Viewer) -> Sequence[Awaited]:
    """Reviews that the viewer's postmortems wait for, longest in review first."""
    rows = await _awaited().rows(session, viewer_id=viewer.person_id)
    return [Awaited(*row) for row in rows]


@cache
def _awaited() -> Prebuilt:
    viewer = BoundViewer(is_admin=False)
    statement = (
        select(
            Postmortem.id,
            Postmortem.number,
            Postmortem.title,
            Postmortem.submitted_at,
            Person.id,
            Person.name,
            Person.is_active,
            REVIEWER.reminded_at,
            REVIEWER.decision.is_not_distinct_from(Decision.APPROVE.value),
        )
        .join(REVIEWER, REVIEWER.postmortem_id == Postmortem.id)
        .join(Person, Person.id == REVIEWER.person_id)
        .where(
            Postmortem.author_id == viewer.person_id,
            Postmortem.status == Status.IN_REVIEW.value,
            is_outstanding(REVIEWER),
        )
        .order_by(Postmortem.submitted_at, Postmortem.id, Person.name, Person.id)
    )
    return Prebuilt(statement.limit(MAX_AWAITED))


_needs()
_awaited()
