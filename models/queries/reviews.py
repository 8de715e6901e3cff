"""Reviewers, reviews and targets, for those who may see the postmortem."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from domain.targets import Target, TargetState
from models.postmortem import PostmortemReviewer, PostmortemTarget, Review
from models.queries.moves import as_target
from models.queries.notices import list_escalations
from models.queries.postmortems import Seen


@dataclass(frozen=True, slots=True)
class Escalation:
    rung: str
    at: datetime
    to: tuple[str, ...]
    channel: str


@dataclass(frozen=True, slots=True)
class TargetStanding:
    """A target as it stands at one instant. ``remaining`` is negative once it is past due."""

    target: Target
    state: TargetState
    remaining: timedelta
    reason: str | None
    slips: int
    escalations: Sequence[Escalation]


async def list_reviews(session: AsyncSession, seen: Seen) -> list[Review]:
    statement = select(Review).where(Review.postmortem_id == seen.postmortem.id).order_by(Review.id)
    return list((await session.execute(statement)).scalars())


async def list_reviewers(session: AsyncSession, seen: Seen) -> list[PostmortemReviewer]:
    statement = select(PostmortemReviewer).where(PostmortemReviewer.postmortem_id == seen.postmortem.id)
    statement = statement.order_by(PostmortemReviewer.added_at, PostmortemReviewer.person_id)
    return list((await session.execute(statement.execution_options(populate_existing=True))).scalars())


async def list_targets(session: AsyncSession, seen: Seen, now: datetime) -> list[TargetStanding]:
    statement = select(PostmortemTarget).where(PostmortemTarget.postmortem_id == seen.postmortem.id)
    rows = (await session.execute(statement.execution_options(populate_existing=True))).scalars()
    told: dict[str, dict[tuple[str, datetime, str], list[str]]] = {}
    for notice in await list_escalations(session, seen.postmortem.id):
        occasion = (notice.rung or "", notice.created_at, notice.channel)
        told.setdefault(notice.target or "", {}).setdefault(occasion, []).append(
            notice.person_id or notice.team_id or ""
        )
    standings = [
        TargetStanding(
            target=(target := as_target(row)),
            state=target.state(now),
            remaining=target.effective_due_at - now,
            reason=row.reason,
            slips=row.slips,
            escalations=[
                Escalation(rung, at, tuple(to), channel) for (rung, at, channel), to in told.get(row.name, {}).items()
            ],
        )
        for row in rows
    ]
    return sorted(standings, key=lambda one: (one.target.due_at, one.target.name))
