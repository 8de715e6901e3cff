"""Policies: which one applies, and the default one."""

from collections.abc import Sequence

from sqlalchemy import or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from domain.targets import DEFAULT_HOURS
from models.policy import DEFAULT_POLICY_ID, Policy


async def ensure_default_policy(session: AsyncSession) -> None:
    values = {
        "id": DEFAULT_POLICY_ID,
        "version": 1,
        "is_current": True,
        "name": "Default",
        "hours": {str(name): hours for name, hours in DEFAULT_HOURS.items()},
        "min_reviewers": 1,
    }
    await session.execute(insert(Policy).values(**values).on_conflict_do_nothing())


async def get_policy(session: AsyncSession, policy_id: str, version: int) -> Policy:
    return await session.get_one(Policy, (policy_id, version))


async def pick_policy(
    session: AsyncSession, *, urgency: str | None, service_ids: Sequence[str], team_ids: Sequence[str]
) -> Policy:
    """The narrowest current policy that fits: by service, then team, then urgency, then the default."""
    statement = select(Policy).where(
        Policy.is_current,
        or_(Policy.urgency.is_(None), Policy.urgency == urgency),
        or_(Policy.service_id.is_(None), Policy.service_id.in_(service_ids)),
        or_(Policy.team_id.is_(None), Policy.team_id.in_(team_ids)),
    )
    fitting = list((await session.execute(statement)).scalars())
    if not fitting:
        await ensure_default_policy(session)
        return await get_policy(session, DEFAULT_POLICY_ID, 1)
    return max(fitting, key=lambda one: (bool(one.service_id), bool(one.team_id), bool(one.urgency), one.id))
