"""Reading postmortems: one that the viewer may see, one with everything its page shows, and lists of them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, select
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
)
from models.queries.access.visibility import effective_visibility, relation_columns, relations, visible_to
from models.queries.audit.audit_log import note_reads
from models.queries.postmortems.counts import PostmortemCounts, count_contents


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
