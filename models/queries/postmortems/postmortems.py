"""Reading postmortems: one that the viewer may see, one with everything its page shows, and lists of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVarTuple

from sqlalchemy import Select, exists, func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload

from domain import access
from domain.access import Relation, Viewer, Visibility
from domain.errors import NotFound
from domain.review.reviewers import Decision as ReviewDecision
from domain.review.reviewers import ReviewerState, reviewer_state
from models.postmortem import (
    Postmortem,
    PostmortemReviewer,
    PostmortemService,
    PostmortemTarget,
    PostmortemTeam,
)
from models.queries.access.visibility import effective_visibility, relation_columns, relations, visible_to
from models.queries.audit.audit_log import note_reads
from models.queries.pagination import Ask, Order, Page, fetch_page
from models.queries.postmortems.counts import PostmortemCounts, count_contents
from models.queries.search_conditions import matching, plan_for_words


@dataclass(frozen=True, slots=True)
class VisiblePostmortem:
    """A postmortem that the viewer may see, and what the viewer is to it."""

    postmortem: Postmortem
    relations: frozenset[Relation]
    visibility: Visibility


@dataclass(frozen=True, slots=True)
class FullPostmortem:
    """A postmortem with everything that its page shows, loaded in one statement per table."""

    postmortem: Postmortem
    visibility: Visibility
    counts: PostmortemCounts
    relations: frozenset[Relation] = frozenset()


async def get_visible(
    session: AsyncSession, viewer: Viewer, postmortem_id: str, *, lock: bool = False
) -> VisiblePostmortem:
    """The row, if the viewer may know of it: one statement. Raises :class:`NotFound` otherwise."""
    statement = _visible_row(viewer, postmortem_id)
    found = await _get(session, viewer, statement.with_for_update(of=Postmortem) if lock else statement, postmortem_id)
    if not lock:
        await _note_read(session, viewer, found)
    return found


def _visible_row(viewer: Viewer, postmortem_id: str) -> Select[Any]:
    statement = select(Postmortem, effective_visibility(), *relation_columns(viewer).columns())
    return statement.where(Postmortem.id == postmortem_id, visible_to(viewer))


async def _get(session: AsyncSession, viewer: Viewer, statement: Select[Any], postmortem_id: str) -> VisiblePostmortem:
    row = (await session.execute(statement.execution_options(populate_existing=True))).one_or_none()
    if row is None:
        raise NotFound(kind="postmortem", id=postmortem_id)
    postmortem, visibility, level, reviewer, participant, team = row
    held = relations(viewer, postmortem, level, reviewer, participant, team)
    return VisiblePostmortem(postmortem, held, Visibility(visibility))


async def _note_read(session: AsyncSession, viewer: Viewer, found: VisiblePostmortem) -> None:
    if access.sees_only_as_administrator(found.visibility, found.relations):
        await note_reads(session, viewer, [found.postmortem.id])


_EVERYTHING = (
    selectinload(Postmortem.template),
    selectinload(Postmortem.sections),
    selectinload(Postmortem.incidents),
    selectinload(Postmortem.services),
    selectinload(Postmortem.teams),
    selectinload(Postmortem.participants),
    selectinload(Postmortem.editors),
    selectinload(Postmortem.reviewers),
    selectinload(Postmortem.timeline),
)


async def get_full(session: AsyncSession, viewer: Viewer, postmortem_id: str, now: datetime) -> FullPostmortem:
    """Raises :class:`NotFound`."""
    found = await _get(session, viewer, _visible_row(viewer, postmortem_id).options(*_EVERYTHING), postmortem_id)
    counts = await count_contents(session, [found.postmortem], now)
    await _note_read(session, viewer, found)
    return FullPostmortem(found.postmortem, found.visibility, counts[postmortem_id], found.relations)


def state_of_reviewer(reviewer: PostmortemReviewer, postmortem: Postmortem) -> ReviewerState:
    decision = ReviewDecision(reviewer.decision) if reviewer.decision else None
    return reviewer_state(decision, reviewer.decided_revision, postmortem.content_revision)


# Listing

Rows = TypeVarTuple("Rows")


@dataclass(frozen=True, slots=True)
class PostmortemFilters:
    status: Sequence[str] = ()
    team_id: str | None = None
    service_id: str | None = None
    author_id: str | None = None
    visibility: str | None = None
    overdue: bool | None = None
    q: str | None = None
    created_from: datetime | None = None
    created_to: datetime | None = None
    sort: str = "-createdAt"


SORTS = {
    "-createdAt": (Postmortem.created_at, True),
    "createdAt": (Postmortem.created_at, False),
    "-updatedAt": (Postmortem.updated_at, True),
    "updatedAt": (Postmortem.updated_at, False),
    "-number": (Postmortem.number, True),
    "number": (Postmortem.number, False),
}


async def list_postmortems(
    session: AsyncSession, viewer: Viewer, filters: PostmortemFilters, ask: Ask, now: datetime
) -> Page[FullPostmortem]:
    if filters.q:
        await plan_for_words(session)
    column, descending = SORTS[filters.sort]
    by_number = column is Postmortem.number
    order = Order(filters.sort, column, Postmortem.number if by_number else Postmortem.id, descending)
    statement = _filtered(select(Postmortem, effective_visibility()).where(visible_to(viewer)), filters, now)
    rows, cursor = await fetch_page(
        session, statement.options(*_EVERYTHING), order, ask, tie_type=int if by_number else str
    )
    counts = await count_contents(session, [row[0] for row in rows], now)
    await note_reads(session, viewer, [row[0].id for row in rows if row[1] == Visibility.PRIVATE])
    return Page([FullPostmortem(row[0], Visibility(row[1]), counts[row[0].id]) for row in rows], cursor)


def _filtered(statement: Select[*Rows], filters: PostmortemFilters, now: datetime) -> Select[*Rows]:
    if filters.status:
        statement = statement.where(Postmortem.status.in_(filters.status))
    if filters.team_id:
        statement = statement.where(_has(PostmortemTeam, PostmortemTeam.team_id == filters.team_id))
    if filters.service_id:
        statement = statement.where(_has(PostmortemService, PostmortemService.service_id == filters.service_id))
    if filters.author_id:
        statement = statement.where(Postmortem.author_id == filters.author_id)
    if filters.visibility:
        statement = statement.where(effective_visibility() == filters.visibility)
    if filters.overdue is not None:
        late = _has(PostmortemTarget, *_missed(now))
        statement = statement.where(late if filters.overdue else ~late)
    if filters.q:
        statement = statement.where(matching(filters.q))
    if filters.created_from:
        statement = statement.where(Postmortem.created_at >= filters.created_from)
    if filters.created_to:
        statement = statement.where(Postmortem.created_at < filters.created_to)
    return statement


def _has(table: type[Any], *conditions: Any) -> Any:
    return exists().where(table.postmortem_id == Postmortem.id, *conditions)


def _missed(now: datetime) -> tuple[Any, ...]:
    due_at = func.coalesce(PostmortemTarget.extended_to, PostmortemTarget.due_at)
    return (PostmortemTarget.met_at.is_(None), PostmortemTarget.waived_at.is_(None), due_at < now)


async def list_approvers(session: AsyncSession, postmortem: Postmortem) -> list[str]:
    """Reviewers whose approval is of the current content."""
    statement = select(PostmortemReviewer.person_id).where(
        PostmortemReviewer.postmortem_id == postmortem.id,
        PostmortemReviewer.decision == ReviewDecision.APPROVE.value,
        PostmortemReviewer.decided_revision == postmortem.content_revision,
    )
    return list((await session.execute(statement)).scalars())


# The outbox


async def list_unstarted_unscoped(session: AsyncSession, limit: int) -> list[str]:
    statement = select(Postmortem.id).where(~Postmortem.workflow_started).order_by(Postmortem.created_at).limit(limit)
    return list((await session.execute(statement)).scalars())
