"""Reviewers, reviews and targets, for those who may see the postmortem."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.escalation.targets import Target, TargetState
from domain.people.calendar import working_time_between
from models.postmortem import PostmortemReviewer, PostmortemTarget, Review
from models.queries.escalation.policies import content_of, get_policy
from models.queries.escalation.reminders import Escalation, list_escalations
from models.queries.postmortems.postmortems import VisiblePostmortem
from models.queries.review.commands import as_target


@dataclass(frozen=True, slots=True)
class TargetStanding:
    """A target as it stands at one instant. ``remaining`` is by the clock on the wall, ``remaining_working`` in working
    time of the policy's office; both are negative once it is past due."""

    target: Target
    state: TargetState
    remaining: timedelta
    remaining_working: timedelta
    reason: str | None
    slips: int
    escalations: Sequence[Escalation]


async def list_reviews(session: AsyncSession, seen: VisiblePostmortem) -> list[Review]:
    statement = select(Review).where(Review.postmortem_id == seen.postmortem.id).order_by(Review.id)
    return list((await session.execute(statement)).scalars())


async def list_reviewers(session: AsyncSession, seen: VisiblePostmortem) -> list[PostmortemReviewer]:
    statement = select(PostmortemReviewer).where(PostmortemReviewer.postmortem_id == seen.postmortem.id)
    statement = statement.order_by(PostmortemReviewer.added_at, PostmortemReviewer.person_id)
    return list((await session.execute(statement.execution_options(populate_existing=True))).scalars())


async def list_targets(session: AsyncSession, seen: VisiblePostmortem, now: datetime) -> list[TargetStanding]:
    statement = select(PostmortemTarget).where(PostmortemTarget.postmortem_id == seen.postmortem.id)
    rows = (await session.execute(statement.execution_options(populate_existing=True))).scalars()
    kept = await get_policy(session, seen.postmortem.policy_id, seen.postmortem.policy_version)
    office = content_of(kept).office.calendar
    told = await list_escalations(session, seen.postmortem.id)
    standings = [
        TargetStanding(
            target=(target := as_target(row)),
            state=target.state(now),
            remaining=target.effective_due_at - now,
            remaining_working=working_time_between(now, target.effective_due_at, office),
            reason=row.reason,
            slips=row.slips,
            escalations=[one for one in told if one.target == row.name],
        )
        for row in rows
    ]
    return sorted(standings, key=lambda one: (one.target.due_at, one.target.name))
