"""What a person has to do next: reviews to give, and targets that are due."""

from collections.abc import Sequence

from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from domain.access import Viewer
from domain.escalation.targets import Target
from domain.postmortems.lifecycle import Status
from domain.review.reviewers import Decision
from models.postmortem import Postmortem, PostmortemReviewer, PostmortemTarget
from models.queries.access.visibility import visible_to
from models.queries.escalation.targets import target_of
from models.queries.postmortems.resting import rests


async def list_waiting_reviews(session: AsyncSession, viewer: Viewer, limit: int) -> list[Postmortem]:
    """Postmortems in review whose current text the viewer has not approved as a reviewer; longest in review first."""
    reviewer = aliased(PostmortemReviewer)  # the condition of visibility reads the table, too
    approved = (reviewer.decision == Decision.APPROVE.value) & (
        reviewer.decided_revision == Postmortem.content_revision
    )
    statement = (
        select(Postmortem)
        .join(reviewer, reviewer.postmortem_id == Postmortem.id)
        .where(
            reviewer.person_id == viewer.person_id,
            Postmortem.status == Status.IN_REVIEW.value,
            or_(reviewer.decision.is_(None), ~approved),
            visible_to(viewer),
        )
        .order_by(Postmortem.submitted_at)
        .limit(limit)
    )
    return list((await session.execute(statement)).scalars())


async def next_targets(session: AsyncSession, postmortem_ids: Sequence[str]) -> dict[str, Target]:
    """By postmortem, the unmet target that is due first. The caller has checked that the viewer may see them."""
    due_at = func.coalesce(PostmortemTarget.extended_to, PostmortemTarget.due_at)
    statement = (
        select(PostmortemTarget)
        .where(
            PostmortemTarget.postmortem_id.in_(postmortem_ids),
            PostmortemTarget.met_at.is_(None),
            PostmortemTarget.waived_at.is_(None),
            PostmortemTarget.postmortem_id.not_in(
                select(Postmortem.id).where(Postmortem.id.in_(postmortem_ids), rests())
            ),
        )
        .order_by(PostmortemTarget.postmortem_id, due_at)
        .distinct(PostmortemTarget.postmortem_id)
    )
    return {row.postmortem_id: target_of(row) for row in (await session.execute(statement)).scalars()}


async def titles_of(session: AsyncSession, viewer: Viewer, postmortem_ids: Sequence[str | None]) -> dict[str, str]:
    """Titles by id, of the postmortems that the viewer may see."""
    wanted = sorted({one for one in postmortem_ids if one})
    statement = select(Postmortem.id, Postmortem.title).where(Postmortem.id.in_(wanted), visible_to(viewer))
    return {one[0]: one[1] for one in await session.execute(statement)} if wanted else {}
