"""What a person's first page asks: which reviews wait for them, and what is due next."""

from collections.abc import Sequence

from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from domain.access import Viewer
from domain.escalation.targets import Target
from domain.postmortems.lifecycle import Decision, Status
from models.postmortem import Postmortem, PostmortemReviewer, PostmortemTarget
from models.queries.access.visibility import visible_to
from models.queries.review.commands import as_target


async def list_waiting_reviews(session: AsyncSession, viewer: Viewer, limit: int) -> list[Postmortem]:
    """Those in review that the viewer has not approved as they stand now; the longest waiting first."""
    asked = aliased(PostmortemReviewer)  # the rule of visibility asks the table, too
    decided = (asked.decision == Decision.APPROVE.value) & (asked.decided_revision == Postmortem.content_revision)
    statement = (
        select(Postmortem)
        .join(asked, asked.postmortem_id == Postmortem.id)
        .where(
            asked.person_id == viewer.person_id,
            Postmortem.status == Status.IN_REVIEW.value,
            or_(asked.decision.is_(None), ~decided),
            visible_to(viewer),
        )
        .order_by(Postmortem.submitted_at)
        .limit(limit)
    )
    return list((await session.execute(statement)).scalars())


async def next_targets(session: AsyncSession, postmortems: Sequence[Postmortem]) -> dict[str, Target]:
    """By postmortem, the unsettled target that is due first. The caller has seen the postmortems."""
    due_at = func.coalesce(PostmortemTarget.extended_to, PostmortemTarget.due_at)
    statement = (
        select(PostmortemTarget)
        .where(
            PostmortemTarget.postmortem_id.in_([one.id for one in postmortems]),
            PostmortemTarget.met_at.is_(None),
            PostmortemTarget.waived_at.is_(None),
        )
        .order_by(PostmortemTarget.postmortem_id, due_at)
        .distinct(PostmortemTarget.postmortem_id)
    )
    return {row.postmortem_id: as_target(row) for row in (await session.execute(statement)).scalars()}


async def titles_of(session: AsyncSession, viewer: Viewer, postmortem_ids: Sequence[str | None]) -> dict[str, str]:
    """Titles by id, of those that the viewer may see."""
    wanted = sorted({one for one in postmortem_ids if one})
    statement = select(Postmortem.id, Postmortem.title).where(Postmortem.id.in_(wanted), visible_to(viewer))
    return dict((await session.execute(statement)).tuples().all()) if wanted else {}
